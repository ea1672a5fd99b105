"""What stands in the shards of each stage: pages, signatures, hits, answers, as tables of Arrow."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from screen.study.copies.signatures import Signature
from screen.study.shards import Manifest, find_data, read_rows, read_table, write_rows
from screen.types import Answer, Evidence, Failure, Hit, Line, Mark, Match, Page, Quote, Window

_MARK = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string())])
_SHARES = ("confidence", "left", "top", "right", "bottom")
_LINE = pa.struct(
    [("start", pa.int32()), ("end", pa.int32()), *((name, pa.float32()) for name in _SHARES)]
)
_PAGES = pa.schema(
    [
        ("sha256", pa.string()),
        ("number", pa.int32()),
        ("text", pa.large_string()),
        ("method", pa.string()),
        ("quality", pa.float64()),
        ("engine", pa.string()),
        ("route", pa.string()),
        ("marks", pa.list_(_MARK)),
        ("lines", pa.list_(_LINE)),
    ]
)
# What is a list in a hit is kept as JSON, which is what the database holds too.
_LISTS = ("continued", "events", "criteria", "mitigating", "matches")
_HITS = pa.schema(
    [
        ("id", pa.string()),
        ("paper", pa.string()),
        ("page", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("quote", pa.string()),
        ("continued", pa.string()),
        ("passage", pa.string()),
        ("context", pa.string()),
        ("section", pa.string()),
        ("events", pa.string()),
        ("criteria", pa.string()),
        ("reason", pa.string()),
        ("mitigating", pa.string()),
        ("matches", pa.string()),
        ("score", pa.float64()),
        ("code", pa.int8()),
        ("neighbour", pa.bool_()),
    ]
)

_ANSWERS = pa.schema(
    [
        ("paper", pa.string()),
        ("hit", pa.string()),
        ("target", pa.string()),
        ("location", pa.int64()),
        ("distance", pa.float64()),
        ("match", pa.string()),
        ("page", pa.int32()),
        ("flagged", pa.bool_()),
    ]
)

_SIGNATURES = pa.schema(
    [
        ("sha256", pa.string()),
        ("letters", pa.large_string()),
        ("numbers", pa.string()),
        ("length", pa.int32()),
        ("quality", pa.float64()),
        ("values", pa.binary()),
    ]
)


# The columns of each stage: a shard of others is made anew.
FORMATS = {
    "text": str(_PAGES),
    "signatures": str(_SIGNATURES),
    "hits": str(_HITS),
    "published": str(_ANSWERS),
}


def write_pages(
    folder: Path,
    number: int,
    pages: Iterable[Page],
    failures: Sequence[Failure],
    source: str,
    recipe: str,
) -> Manifest:
    """Write a shard of pages."""
    rows = [as_page_row(page) for page in pages]
    return write_rows(folder, number, rows, _PAGES, failures, source, recipe, "")


def write_hits(
    folder: Path,
    number: int,
    hits: Iterable[Hit],
    failures: Sequence[Failure],
    source: str,
    recipe: str,
    label: str,
) -> Manifest:
    """Write a shard of hits; `label` names the pack that found them."""
    rows = []
    for hit in hits:
        row = as_row(hit)
        row.update((name, json.dumps(row[name], ensure_ascii=False)) for name in _LISTS)
        rows.append(row)
    return write_rows(folder, number, rows, _HITS, failures, source, recipe, label)


def write_answers(
    folder: Path,
    number: int,
    answers: Iterable[Answer],
    failures: Sequence[Failure],
    source: str,
    recipe: str,
) -> Manifest:
    """Write a shard of what the published search says."""
    rows = []
    for answer in answers:
        row = answer._asdict()
        rows.append({**row.pop("window")._asdict(), **row})
    return write_rows(folder, number, rows, _ANSWERS, failures, source, recipe, "")


def write_signatures(
    folder: Path,
    number: int,
    signatures: Iterable[Signature],
    failures: Sequence[Failure],
    source: str,
    recipe: str,
) -> Manifest:
    """Write a shard of signatures."""
    rows = [
        {
            "sha256": item.paper,
            "letters": item.letters,
            "numbers": " ".join(item.numbers),
            "length": len(item.letters),
            "quality": item.quality,
            "values": item.values.astype("<u4").tobytes(),
        }
        for item in signatures
    ]
    return write_rows(folder, number, rows, _SIGNATURES, failures, source, recipe, "")


def as_page_row(page: Page) -> dict[str, Any]:
    """Return a page as plain data."""
    row = _fields(page)
    for name in ("marks", "lines"):
        row[name] = [part._asdict() for part in row[name]]
    return row


def as_page(row: Mapping[str, Any]) -> Page:
    """Return the page that `as_page_row` made plain."""
    parts = {
        "marks": tuple(Mark(**mark) for mark in row["marks"]),
        "lines": tuple(Line(**line) for line in row["lines"]),
    }
    return Page(**{**row, **parts})


def as_row(hit: Hit) -> dict[str, Any]:
    """Return a hit as plain data; `asdict` does the same, but copies all that it finds."""
    row = _fields(hit)
    for name in ("continued", "events", "mitigating", "matches"):
        row[name] = [_fields(part) for part in row[name]]
    return row


def _fields(item: Hit | Page | Quote | Evidence | Match) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


def read_pages(study: Path, number: int, paper: str | None = None) -> dict[str, list[Page]]:
    """Return the pages of a shard, or of one paper in it, by paper, in the order of writing.

    A page that optical character recognition read stands in place of what was there before it.
    """
    seen = {(page.sha256, page.number): page for page in read_recognised(study, number, paper)}
    papers: dict[str, list[Page]] = {}
    for page in read_extracted(study, number, paper):
        papers.setdefault(page.sha256, []).append(seen.get((page.sha256, page.number), page))
    return papers


def read_extracted(study: Path, number: int, paper: str | None = None) -> list[Page]:
    """Return the pages of a shard as they were before optical character recognition."""
    return [as_page(row) for row in read_rows(study / "text", number, paper=paper)]


def read_recognised(study: Path, number: int, paper: str | None = None) -> list[Page]:
    """Return the pages of a shard that were given to optical character recognition."""
    if not find_data(study / "ocr", number).exists():
        return []
    return [as_page(row) for row in read_rows(study / "ocr", number, paper=paper)]


def count_methods(study: Path, number: int) -> dict[str, Counter[str]]:
    """Return for each paper of a shard how many pages each method read, without loading any text.

    Those that none could read are counted as "unreadable".
    """
    columns = ["sha256", "number", "method"]
    methods = {}
    for stage in ("text", "ocr"):
        if find_data(study / stage, number).exists():
            rows = read_rows(study / stage, number, columns)
            methods.update({(row["sha256"], row["number"]): row["method"] for row in rows})
    counts: dict[str, Counter[str]] = {}
    for (paper, _), method in methods.items():
        counts.setdefault(paper, Counter())[method] += 1
    return counts


def read_measures(study: Path, number: int) -> list[tuple[str, int, float]]:
    """Return each signed paper of a shard with its length in letters and its quality."""
    if not find_data(study / "signatures", number).exists():
        return []
    rows = read_rows(study / "signatures", number, ["sha256", "length", "quality"])
    return [(row["sha256"], row["length"], row["quality"]) for row in rows]


def read_values(study: Path, number: int) -> list[tuple[str, list[str], bytes]]:
    """Return each paper of a shard with its numbers and its signature, little-endian uint32."""
    rows = read_rows(study / "signatures", number, ["sha256", "numbers", "values"])
    return [(row["sha256"], row["numbers"].split(), row["values"]) for row in rows]


def read_letters(study: Path, number: int) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the letters and numbers by which each paper of a shard is compared."""
    rows = read_rows(study / "signatures", number, ["sha256", "letters", "numbers"])
    return {row["sha256"]: (row["letters"], tuple(row["numbers"].split())) for row in rows}


def read_hits(folder: Path, number: int) -> list[Hit]:
    """Return the hits of a shard in the order they were written."""
    return [
        as_hit({**row, **{name: json.loads(row[name]) for name in _LISTS}})
        for row in read_rows(folder, number)
    ]


def read_hit_columns(folder: Path, number: int) -> dict[str, list[Any]]:
    """Return the hits of a shard column by column, what is a list in a hit as JSON."""
    table = read_table(folder, number)
    return {name: table[name].to_pylist() for name in _HITS.names}


def as_hit(row: Mapping[str, Any]) -> Hit:
    """Return the hit that `as_row` made plain; what else is in the row is passed over."""
    parts = {
        "continued": tuple(Quote(**part) for part in row["continued"]),
        "events": tuple(Evidence(**event) for event in row["events"]),
        "mitigating": tuple(Evidence(**event) for event in row["mitigating"]),
        "matches": tuple(Match(**match) for match in row["matches"]),
        "criteria": tuple(row["criteria"]),
    }
    # Samples that were drawn before there were neighbours do not tell of them.
    values = {"neighbour": False, **row, **parts}
    return Hit(**{name: values[name] for name in Hit.__slots__})


def read_answers(folder: Path, number: int) -> list[Answer]:
    """Return what the published search says of the papers of a shard, as it was written."""
    return [
        Answer(
            row["paper"],
            row["hit"],
            Window(row["target"], row["location"], row["distance"], row["match"]),
            row["page"],
            row["flagged"],
        )
        for row in read_rows(folder, number)
    ]
