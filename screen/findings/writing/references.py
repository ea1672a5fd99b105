"""Publications for reference managers and screening tools: BibTeX, RIS, ASReview's CSV.

What people settled stands with each: as keywords, and in ASReview's way, so that a screening may go
on in its program with what was judged here.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO

import rispy
from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field

from screen.findings.output import Row, make_whole
from screen.ingest.records.cells import defuse
from screen.ingest.records.making import TAG
from screen.ingest.records.tables import ASREVIEW

# ASReview's labels, https://asreview.readthedocs.io (data format), in the notes of RIS.
_TAGS = {1: "ASReview_relevant", 0: "ASReview_irrelevant", None: "ASReview_not_seen"}
_SPAN = re.compile(r"\s*([^-–—,+;]+?)\s*[-–—]\s*([^-–—,+;]+?)\s*")
# BibTeX counts braces, also those behind a backslash: these words for them hold one of each.
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}  # fmt: skip
# What ends a line or can be in no line of a text.
_SPACES = re.compile(r"[\s\x00-\x1f\x7f]+")


def label(row: Mapping[str, Any]) -> int | None:
    """Return 1 for a paper settled at code 1 or 2, 0 for one settled otherwise, None if it is not.

    Papers that the scope leaves out were seen by nobody.
    """
    if not row.get("settled", True):
        return None
    return int(bool(row.get("verdict", row["code"])))


def write_bibtex(rows: Iterable[Row], file: TextIO) -> int:
    """Write publications as BibTeX in UTF-8 and return their number."""
    library = Library()
    for row in rows:
        told = {
            "title": _one_line(row["title"] or "") or row["file"],
            "author": " and ".join(_list(row["authors"])),
            "journal": row["journal"],
            "year": row["year"],
            "volume": row["volume"],
            "number": row["issue"],
            "pages": row["journal_pages"],
            "doi": row["doi"],
            "institution": row["affiliations"],
            "abstract": row["abstract"],
            "keywords": "; ".join([*_list(row["keywords"]), *_tags(row)]),
            "database": row["database"],
            "note": _tell(row),
        }
        fields = [Field(name, _latex(value)) for name, value in told.items() if value]
        # The whole hash: two of a hundred thousand papers may share its beginning.
        library.add(Entry("article", f"sha256-{row['sha256']}", fields))
    file.write(write_string(library))
    return len(library.entries)


class _Writer(rispy.RisWriter):  # type: ignore[misc]
    """A writer that does not number the records: a line without a tag is no RIS."""

    def set_header(self, count: int) -> str:
        """Return what stands before a record."""
        return ""


def write_ris(rows: Iterable[Row], file: TextIO) -> int:
    """Write publications as RIS, with ASReview's labels in the notes, and return their number."""
    entries = []
    for row in rows:
        first, last = _part_pages(row["journal_pages"])
        told: dict[str, Any] = {
            "type_of_reference": "JOUR",
            "id": row["sha256"],
            "title": _one_line(row["title"] or "") or row["file"],
            "authors": _list(row["authors"]),
            "author_address": row["affiliations"],
            "journal_name": row["journal"],
            "year": row["year"],
            "volume": row["volume"],
            "number": row["issue"],
            "start_page": first,
            "end_page": last,
            "doi": row["doi"],
            "abstract": row["abstract"],
            "keywords": [*_list(row["keywords"]), *_tags(row)],
            "name_of_database": row["database"],
            "notes": [_TAGS[label(row)], _tell(row)],
        }
        entries.append({name: _one_line(value) for name, value in told.items() if value})
    file.write(rispy.dumps(entries, implementation=_Writer))
    return len(entries)


def write_asreview(rows: Iterable[Row], file: TextIO) -> int:
    """Write publications as the CSV that ASReview reads, and return their number.

    `included` is 1 for what people settled at code 1 or 2, 0 for what they settled otherwise, and
    empty for what nobody judged.
    """
    writer = csv.writer(file)
    writer.writerow(ASREVIEW)
    count = 0
    for row in rows:
        told = {**row, "title": row["title"] or row["file"], "included": label(row)}
        writer.writerow([defuse(told[name]) for name in ASREVIEW])
        count += 1
    return count


WRITERS: Mapping[str, Callable[[Iterable[Row], TextIO], int]] = {
    "bibtex": write_bibtex,
    "ris": write_ris,
    "asreview": write_asreview,
}


def _tags(row: Row) -> Iterator[str]:
    """Yield what people settled as keywords, by which a reference manager finds it."""
    if label(row) is None:
        return
    if row.get("out_of_scope"):
        yield f"{TAG}out of scope: {row['out_of_scope']}"
        return
    code = row.get("verdict", row["code"]) or 0
    yield f"{TAG}judged code {code}"
    criteria = row["judged_criteria"] if "judged_criteria" in row else row["criteria"]
    yield from (f"{TAG}criterion {name}" for name in criteria)


def _tell(row: Row) -> str:
    """Return where the paper is, and what the program says of it where nobody judged it."""
    told = f"File {row['file']}, SHA-256 {row['sha256']}."
    if label(row) is None and row.get("flagged"):
        told += f" Flagged by the rules with code {row['code']}; nobody has judged it yet."
    return told


def _list(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(";") if part.strip()]


def _part_pages(pages: str | None) -> tuple[str, str]:
    """Return the first and the last page; all as the first, if there is more to it than these."""
    found = _SPAN.fullmatch(pages or "")
    return (found[1], found[2]) if found and found[1] != found[2] else (pages or "", "")


def _one_line(value: Any) -> Any:
    """Return a value without line breaks, which would begin a new tag."""
    if isinstance(value, list):
        return [_one_line(part) for part in value]
    return _SPACES.sub(" ", make_whole(str(value))).strip()


def _latex(value: object) -> str:
    text = "".join(_LATEX.get(sign, sign) for sign in _one_line(value))
    # Quotes about the whole of it would be taken for the value's own.
    return f"{{{text}}}" if text.startswith('"') and text.endswith('"') else text
