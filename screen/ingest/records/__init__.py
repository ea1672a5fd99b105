"""Bibliographic records, from the exports of databases, from tables, and from JSON Lines.

A module a family of formats; each makes rows of fields by the names of `Record`, which `making`
turns into records. `reading` is the door.
"""

from screen.ingest.records.making import BadRecord
from screen.ingest.records.reading import read_records

__all__ = ["BadRecord", "read_records"]
