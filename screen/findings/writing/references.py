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

from screen.findings.output import Row
from screen.review.exchange.cells import defuse

# ASReview's labels, https://asreview.readthedocs.io (data format): of RIS in the notes, of CSV in
# the column "included".
_TAGS = {1: "ASReview_relevant", 0: "ASReview_irrelevant", None: "ASReview_not_seen"}
_ASREVIEW = (
    "paper_id", "title", "authors", "abstract", "keywords", "journal", "year", "doi", "included",
)  # fmt: skip
_FIRST, _LAST = re.compile(r"^\s*([^-–—,+;]+)"), re.compile(r"[-–—]\s*([^-–—,+;]+?)\s*(?:[,+;]|$)")
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", **{sign: f"\\{sign}" for sign in "&%$#_"},
}  # fmt: skip
_SPACES = re.compile(r"\s+")


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
            "title": row["title"] or row["file"],
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
            "note": _tell(row),
        }
        fields = [Field(name, _latex(value)) for name, value in told.items() if value]
        # The whole hash: two of a hundred thousand papers may share its beginning.
        library.add(Entry("article", f"sha256-{row['sha256']}", fields))
    file.write(write_string(library))
    return len(library.entries)


def write_ris(rows: Iterable[Row], file: TextIO) -> int:
    """Write publications as RIS, with ASReview's labels in the notes, and return their number."""
    entries = []
    for row in rows:
        told: dict[str, Any] = {
            "type_of_reference": "JOUR",
            "id": row["sha256"],
            "title": row["title"] or row["file"],
            "authors": _list(row["authors"]),
            "author_address": row["affiliations"],
            "journal_name": row["journal"],
            "year": row["year"],
            "volume": row["volume"],
            "number": row["issue"],
            "start_page": _find(_FIRST, row["journal_pages"]),
            "end_page": _find(_LAST, row["journal_pages"]),
            "doi": row["doi"],
            "abstract": row["abstract"],
            "keywords": [*_list(row["keywords"]), *_tags(row)],
            "name_of_database": row["database"],
            "notes": [_TAGS[label(row)], _tell(row)],
        }
        entries.append({name: _one_line(value) for name, value in told.items() if value})
    file.write(rispy.dumps(entries))
    return len(entries)


def write_asreview(rows: Iterable[Row], file: TextIO) -> int:
    """Write publications as the CSV that ASReview reads, and return their number.

    `included` is 1 for what people settled at code 1 or 2, 0 for what they settled otherwise, and
    empty for what nobody judged.
    """
    writer = csv.writer(file)
    writer.writerow(_ASREVIEW)
    count = 0
    for row in rows:
        told = {**row, "title": row["title"] or row["file"], "included": label(row)}
        writer.writerow([defuse(told[name]) for name in _ASREVIEW])
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
    code = row.get("verdict", row["code"]) or 0
    yield f"ddr-screen: judged code {code}"
    criteria = row["judged_criteria"] if "judged_criteria" in row else row["criteria"]
    yield from (f"ddr-screen: criterion {name}" for name in criteria)


def _tell(row: Row) -> str:
    """Return where the paper is, and what the program says of it where nobody judged it."""
    told = f"File {row['file']}, SHA-256 {row['sha256']}."
    if label(row) is None and row.get("flagged"):
        told += f" Flagged by the rules with code {row['code']}; nobody has judged it yet."
    return told


def _list(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(";") if part.strip()]


def _find(pattern: re.Pattern[str], text: str | None) -> str:
    found = pattern.search(text or "")
    return found[1].strip() if found else ""


def _one_line(value: Any) -> Any:
    """Return a value without line breaks, which would begin a new tag."""
    if isinstance(value, list):
        return [_one_line(part) for part in value]
    return _SPACES.sub(" ", str(value)).strip()


def _latex(value: object) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in _one_line(value))
