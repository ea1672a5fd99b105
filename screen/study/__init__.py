"""Where a study lives on disk and where its work runs."""
