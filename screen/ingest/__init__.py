"""From files and records to pages: find, hash, decode, extract; what fails is kept as a Failure."""
