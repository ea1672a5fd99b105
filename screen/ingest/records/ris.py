"""RIS, by rispy; record by record, so that one that is broken costs itself only."""

import re
from collections.abc import Iterator
from typing import Any

import rispy
from rispy.parser import ParseError

from screen.ingest.records.making import Row

# In the order in which they are asked: of two that say the same thing the first speaks.
_FIELDS = {
    "title": ("title", "primary_title"),
    "authors": ("authors", "first_authors"),
    "affiliations": ("author_address",),
    "journal": ("journal_name", "alternate_title3", "secondary_title", "alternate_title2"),
    "year": ("year", "publication_year"),
    "date": ("date",),
    "volume": ("volume",),
    "issue": ("number",),
    "start": ("start_page",),
    "end": ("end_page",),
    "doi": ("doi",),
    "abstract": ("abstract", "notes_abstract"),
    "keywords": ("keywords",),
    "database": ("name_of_database", "database_provider"),
    "key": ("accession_number", "id"),
    "file": ("file_attachments1",),
}
# Exports differ in the spaces about the dash.
TAG = re.compile(r"([A-Z][A-Z0-9])[ \t]{1,3}-(?:[ \t](.*)|)$")


def read_ris(text: str) -> Iterator[Row]:
    """Yield the records of a RIS file; one also ends where the next begins."""
    begun: int | None = None
    lines: list[str] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip().lstrip("\ufeff")
        if not line:
            continue
        found = TAG.match(line)
        tag = found[1] if found else ""
        if tag == "TY" and begun is not None:
            yield _parse(begun, lines)
            begun = None
        if begun is None:
            if tag == "ER":
                continue
            begun, lines = number, []
        if tag == "ER":
            yield _parse(begun, lines)
            begun = None
        elif found:
            lines.append(f"\n{tag}  - {(found[2] or '').strip()}")
        else:
            lines.append(f" {line}")
    if begun is not None:
        yield _parse(begun, lines)


def _parse(line: int, lines: list[str]) -> Row:
    first = TAG.match(lines[0].strip())
    if first is None:
        return Row(line, f"begins without a tag: {lines[0].strip()[:40]!r}")
    if first[1] != "TY":
        return Row(line, "no TY: the beginning of the record is missing")
    try:
        parsed = rispy.loads("".join([*lines, "\nER  - \n"]).lstrip("\n"), skip_unknown_tags=True)
    except (ParseError, OSError, ValueError) as error:
        return Row(line, f"not RIS: {error}")
    if len(parsed) != 1:
        return Row(line, "not RIS: no record")
    values: dict[str, list[str]] = {}
    for name, tags in _FIELDS.items():
        said: Any = next((parsed[0][tag] for tag in tags if parsed[0].get(tag)), [])
        values[name] = said if isinstance(said, list) else [said]
    return Row(line, values)
