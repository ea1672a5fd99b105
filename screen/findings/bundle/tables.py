"""The members of a bundle: their names, and the fields of those that are rows."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from screen.findings.fields import (
    EVIDENCE,
    FAILURES,
    FINDINGS,
    HITS,
    MATCHES,
    NUMBER,
    PAPERS,
    QUOTES,
    TEXT,
    TRUTH,
    VERDICT_ROWS,
    WHOLE,
    WORDS,
    Field,
    tell_type,
)

# Raised when an older program could no longer verify what is written.
FORMAT = 1

CRATE, MANIFEST, README = "ro-crate-metadata.json", "manifest-sha256.txt", "README.md"
VERSIONS, SETTINGS, TARGETS = "versions.json", "study.toml", "targets.txt"
COUNTS, FLOW, KNOWN = "counts.json", "prisma.json", "completeness.json"
AGREEMENT, ORDER = "agreement.json", "order.json"
PACK, MODEL, SOURCES = "pack/", "model/", "sources/"
# scope.yml and its cases are not in every pack.
PACK_FILES = ("pack.yml", "terms.yml", "criteria.yml", "phrases.yml", "cases.yml")
SCOPE_FILES = ("scope.yml", "scope-cases.yml")
OBJECTS = (VERSIONS, COUNTS, FLOW, KNOWN, AGREEMENT)

_SOURCES = (
    Field("sha256", TEXT),
    Field("file", TEXT),
    Field("size", WHOLE),
    Field("media_type", TEXT),
    Field("status", TEXT),
    Field(
        "pages",
        pa.list_(
            pa.struct(
                [
                    ("number", WHOLE),
                    ("method", TEXT),
                    ("engine", TEXT),
                    ("route", TEXT),
                    ("quality", NUMBER),
                    ("characters", WHOLE),
                    ("text_sha256", TEXT),
                ]
            )
        ),
    ),
)
_RECORDS = (
    Field("number", WHOLE),
    Field("sha256", TEXT),
    Field("matched", TEXT),
    Field("file", TEXT),
    Field("title", TEXT),
    Field("authors", TEXT),
    Field("affiliations", TEXT),
    Field("journal", TEXT),
    Field("year", WHOLE),
    *(
        Field(name, TEXT)
        for name in ("volume", "issue", "pages", "doi", "abstract", "keywords", "database", "key")
    ),
)
_EXCLUSIONS = (
    Field("subject", TEXT),
    Field("paper", TEXT),
    Field("record", WHOLE),
    Field("rule", TEXT),
    Field("stage", TEXT),
    Field("reason", TEXT),
)
_COPIES = (
    Field("paper", TEXT),
    Field("original", TEXT),
    Field("similarity", NUMBER),
    Field("reason", TEXT),
    Field("read_itself", TRUTH),
)
_CORRECTIONS = (
    Field("papers", WORDS),
    Field("same", TRUTH),
    Field("by", TEXT),
    Field("at", TEXT),
)
_HIT = pa.struct(
    [
        ("id", TEXT),
        ("paper", TEXT),
        *((name, WHOLE) for name in ("page", "start", "end")),
        ("quote", TEXT),
        ("continued", QUOTES),
        *((name, TEXT) for name in ("passage", "context", "section")),
        ("events", EVIDENCE),
        ("criteria", WORDS),
        ("reason", TEXT),
        ("mitigating", EVIDENCE),
        ("matches", MATCHES),
        ("score", NUMBER),
        ("code", WHOLE),
        ("neighbour", TRUTH),
    ]
)
_SAMPLES = (
    Field("number", WHOLE),
    Field("drawn_at", TEXT),
    Field("seed", WHOLE),
    Field("population", WORDS),
    Field("papers", WORDS),
    Field("pack", TEXT),
    Field("passages", pa.list_(_HIT)),
)
TABLES: Mapping[str, tuple[Field, ...]] = {
    "findings.jsonl": FINDINGS,
    "verdicts.jsonl": (*VERDICT_ROWS, Field("chain", TEXT)),
    "hits.jsonl": HITS,
    "papers.jsonl": PAPERS,
    "records.jsonl": _RECORDS,
    "failures.jsonl": FAILURES,
    "exclusions.jsonl": _EXCLUSIONS,
    "copies.jsonl": _COPIES,
    "corrections.jsonl": _CORRECTIONS,
    "samples.jsonl": _SAMPLES,
    "sources.jsonl": _SOURCES,
}
# What may be unknown; all else must be there, also within lists.
_HITS_OPEN = {
    "title", "year", "journal", "affiliations", "model", "problematic", "possible", "judged_code",
    "excluded", "published_flagged", "published_distance", "published_target", "recall_at_least",
}  # fmt: skip
_VERDICTS_OPEN = {"hit_id", "reviewer", "code", "supersedes", "pack", "model", "order"}
_REFERENCE_OPEN = {
    "title", "authors", "year", "journal", "volume", "issue", "journal_pages", "doi",
    "affiliations", "abstract", "keywords", "database", "hospital", "city", "province",
    "recall_at_least",
}  # fmt: skip
_PASSAGES_OPEN = {
    "page", "start", "end", "quote", "passage", "section", "reason", "mitigating", "rule_code",
    "code",
}  # fmt: skip
# Of a verdict that stands with what it is on; a withdrawal has no code.
_GIVEN_OPEN = {"reviewer", "code", "supersedes", "pack", "model"}


def _within(name: str, parts: set[str]) -> set[str]:
    return {f"{name}.{part}" for part in parts}


_OPEN: Mapping[str, frozenset[str]] = {
    "findings.jsonl": frozenset(
        _REFERENCE_OPEN
        | _within("verdicts", _GIVEN_OPEN)
        | _within("passages", _PASSAGES_OPEN | _within("verdicts", _GIVEN_OPEN))
    ),
    "verdicts.jsonl": frozenset(_VERDICTS_OPEN),
    "hits.jsonl": frozenset(_HITS_OPEN | _within("verdicts", _GIVEN_OPEN)),
    "papers.jsonl": frozenset(
        _REFERENCE_OPEN
        | {"reason", "flagged", "code", "score", "problematic", "possible", "verdict", "copy_of"}
        | {"published_flagged", "published_distance", "published_target", "out_of_scope"}
    ),
    "records.jsonl": frozenset({"sha256", "matched", "year"}),
    "failures.jsonl": frozenset({"sha256", "page"}),
    "exclusions.jsonl": frozenset({"paper", "record"}),
    "sources.jsonl": frozenset(),
    "copies.jsonl": frozenset(),
    "corrections.jsonl": frozenset(),
    "samples.jsonl": frozenset(),
}
_LARGEST = 2**63
_INDEX = re.compile(r"\[\d+\]")


def find_faults(member: str, row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the fields of a row of a member: names, and types of values."""
    fields = TABLES[member]
    names = [field.name for field in fields]
    yield from (f"no field {name}" for name in names if name not in row)
    yield from (f"an unknown field {name!r:.60}" for name in row if name not in names)
    for field in fields:
        if field.name in row:
            yield from _find_fault(field.name, row[field.name], field.type, _OPEN[member])


def _find_fault(name: str, value: Any, type_: pa.DataType, open_: frozenset[str]) -> Iterator[str]:
    if value is None:
        if _INDEX.sub("", name) not in open_:
            yield f"{name} is null"
    elif pa.types.is_list(type_):
        if not isinstance(value, list):
            yield f"{name} is no list"
            return
        for index, item in enumerate(value):
            yield from _find_fault(f"{name}[{index}]", item, type_.value_type, open_)
    elif pa.types.is_struct(type_):
        wanted = [type_.field(index) for index in range(type_.num_fields)]
        if not isinstance(value, dict) or sorted(value) != sorted(part.name for part in wanted):
            yield f"{name} is no object of {', '.join(part.name for part in wanted)}"
            return
        for part in wanted:
            yield from _find_fault(f"{name}.{part.name}", value[part.name], part.type, open_)
    elif not _is_of(value, type_):
        yield f"{name} is no {tell_type(type_)}"


def _is_of(value: Any, type_: pa.DataType) -> bool:
    if type_ == TRUTH:
        return isinstance(value, bool)
    if type_ == TEXT:
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if type_ == WHOLE:
        return isinstance(value, int) and abs(value) < _LARGEST
    return abs(value) < _LARGEST and math.isfinite(value)
