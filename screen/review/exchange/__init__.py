"""The exchange with other people's tools: one module a format, which writes it and reads it."""
