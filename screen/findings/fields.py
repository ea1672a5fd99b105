"""The fields of all that leaves a study as rows: their names, order and types.

docs/formats.md describes each of them; a test holds that it describes these, and no others.
"""

from typing import NamedTuple

import pyarrow as pa

TEXT, WHOLE, NUMBER, TRUTH = pa.string(), pa.int64(), pa.float64(), pa.bool_()
WORDS = pa.list_(TEXT)


class Field(NamedTuple):
    """A column: its name, and its type as Arrow has it. Any value may be null."""

    name: str
    type: pa.DataType


def _struct(*fields: tuple[str, pa.DataType]) -> pa.DataType:
    return pa.struct(list(fields))


_PLACE = (("page", WHOLE), ("start", WHOLE), ("end", WHOLE))
QUOTES = pa.list_(_struct(*_PLACE, ("text", TEXT)))
EVIDENCE = pa.list_(
    _struct(("kind", TEXT), ("actor", TEXT), ("polarity", TEXT), ("text", TEXT), *_PLACE)
)
MATCHES = pa.list_(_struct(("rule", TEXT), ("distance", NUMBER)))

_VERDICT = (
    Field("id", WHOLE),
    Field("reviewer", TEXT),
    Field("round", WHOLE),
    Field("code", WHOLE),
    Field("criteria", WORDS),
    Field("mitigating", TRUTH),
    Field("reason", TEXT),
    Field("note", TEXT),
    Field("at", TEXT),
    Field("supersedes", WHOLE),
    Field("withdrawn", TRUTH),
    Field("blind", TRUTH),
    Field("pack", TEXT),
    Field("model", TEXT),
)
VERDICTS = pa.list_(_struct(*_VERDICT))
_RECALL = (Field("recall_at_least", NUMBER), Field("completeness", TEXT))
_PUBLISHED = (
    Field("published_flagged", TRUTH),
    Field("published_distance", NUMBER),
    Field("published_target", TEXT),
)
_WHERE = (
    Field("hospital", TEXT),
    Field("city", TEXT),
    Field("province", TEXT),
    Field("place_method", TEXT),
)
_REFERENCE = (
    Field("title", TEXT),
    Field("authors", TEXT),
    Field("year", WHOLE),
    Field("journal", TEXT),
    Field("volume", TEXT),
    Field("issue", TEXT),
    Field("journal_pages", TEXT),
    Field("doi", TEXT),
    Field("affiliations", TEXT),
)

HITS = (
    Field("hit_id", TEXT),
    Field("paper_id", TEXT),
    Field("file", TEXT),
    Field("sha256", TEXT),
    Field("title", TEXT),
    Field("year", WHOLE),
    Field("journal", TEXT),
    Field("affiliations", TEXT),
    Field("page", WHOLE),
    Field("start", WHOLE),
    Field("end", WHOLE),
    Field("quote", TEXT),
    Field("continued", QUOTES),
    Field("passage", TEXT),
    Field("context", TEXT),
    Field("section", TEXT),
    Field("criteria", WORDS),
    Field("code", WHOLE),
    Field("score", NUMBER),
    Field("reason", TEXT),
    Field("mitigating", EVIDENCE),
    Field("events", EVIDENCE),
    Field("matches", MATCHES),
    Field("pack", TEXT),
    Field("model", TEXT),
    Field("problematic", NUMBER),
    Field("possible", NUMBER),
    Field("judged_code", WHOLE),
    Field("judged_criteria", WORDS),
    Field("verdicts", VERDICTS),
    Field("neighbour", TRUTH),
    Field("excluded", TEXT),
    *_PUBLISHED,
    *_RECALL,
)
PAPERS = (
    Field("paper_id", TEXT),
    Field("file", TEXT),
    Field("sha256", TEXT),
    *_REFERENCE,
    Field("abstract", TEXT),
    Field("keywords", TEXT),
    Field("database", TEXT),
    *_WHERE,
    Field("status", TEXT),
    Field("reason", TEXT),
    Field("pages", WHOLE),
    Field("unread_pages", WHOLE),
    Field("flagged", TRUTH),
    Field("code", WHOLE),
    Field("criteria", WORDS),
    Field("score", NUMBER),
    Field("hits", WHOLE),
    Field("problematic", NUMBER),
    Field("possible", NUMBER),
    Field("verdict", WHOLE),
    Field("settled", TRUTH),
    Field("out_of_scope", TEXT),
    Field("judged_criteria", WORDS),
    Field("verdict_carried", TRUTH),
    Field("copy_of", TEXT),
    *_PUBLISHED,
    *_RECALL,
)
PASSAGES = pa.list_(
    _struct(
        ("hit_id", TEXT),
        *_PLACE,
        ("quote", TEXT),
        ("continued", QUOTES),
        ("passage", TEXT),
        ("section", TEXT),
        ("code", WHOLE),
        ("criteria", WORDS),
        ("mitigating", TRUTH),
        ("rule_code", WHOLE),
        ("rule_criteria", WORDS),
        ("reason", TEXT),
        ("verdicts", VERDICTS),
    )
)
FINDINGS = (
    Field("number", WHOLE),
    Field("paper_id", TEXT),
    Field("file", TEXT),
    Field("sha256", TEXT),
    *_REFERENCE,
    Field("abstract", TEXT),
    Field("keywords", TEXT),
    Field("database", TEXT),
    *_WHERE,
    Field("code", WHOLE),
    Field("criteria", WORDS),
    Field("mitigating", TRUTH),
    Field("signs", EVIDENCE),
    Field("reviewers", WHOLE),
    Field("adjudicated", TRUTH),
    Field("passages", PASSAGES),
    Field("verdicts", VERDICTS),
    Field("judged_as", TEXT),
    Field("copies", WORDS),
    *_RECALL,
)
VERDICT_ROWS = (
    Field("number", WHOLE),
    Field("hit_id", TEXT),
    Field("paper_id", TEXT),
    Field("file", TEXT),
    Field("sha256", TEXT),
    *_VERDICT,
    Field("order", WHOLE),
    Field("in_force", TRUTH),
)
FAILURES = (
    Field("file", TEXT),
    Field("sha256", TEXT),
    Field("page", WHOLE),
    Field("stage", TEXT),
    Field("error", TEXT),
)
QUEUE = (
    Field("hit_id", TEXT),
    Field("paper_id", TEXT),
    Field("file", TEXT),
    Field("title", TEXT),
    Field("year", WHOLE),
    Field("page", WHOLE),
    Field("section", TEXT),
    Field("passage", TEXT),
    Field("context", TEXT),
    Field("code", WHOLE),
    Field("criteria", WORDS),
    Field("score", NUMBER),
    Field("reason", TEXT),
    Field("mitigating", TEXT),
    Field("judgement", WHOLE),
    Field("judged_criteria", WORDS),
    Field("judged_mitigating", TRUTH),
    Field("out_of_scope", TEXT),
    Field("paper_judgement", WHOLE),
    Field("note", TEXT),
)
TABLES = {
    "hits": HITS,
    "papers": PAPERS,
    "findings": FINDINGS,
    "verdicts": VERDICT_ROWS,
    "queue": QUEUE,
    "failures": FAILURES,
}
VERDICT_FIELDS = tuple(field.name for field in _VERDICT)


def tell_type(type_: pa.DataType) -> str:
    """Return a type in the words of docs/formats.md."""
    if pa.types.is_list(type_):
        of = type_.value_type
        return "list of objects" if pa.types.is_struct(of) else f"list of {tell_type(of)}"
    words = {TEXT: "text", WHOLE: "whole number", NUMBER: "number", TRUTH: "true, false"}
    return words[type_]
