"""Rows as files, one module a family of formats; `formats` knows them by name."""
