"""Translations of passages: a table to be filled in, and what people filled in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from screen.errors import ExportError, GoldError
from screen.findings.fields import TEXT, WHOLE, Field
from screen.findings.finding import Finding, Passage
from screen.findings.output import Row
from screen.findings.writing.formats import Table
from screen.review.exchange.formats import read_table

# Of the table to be filled in.
FIELDS = (
    Field("hit_id", TEXT),
    Field("number", WHOLE),
    Field("file", TEXT),
    Field("page", WHOLE),
    Field("passage", TEXT),
    Field("translation", TEXT),
    Field("translator", TEXT),
)
FORMATS = {".csv": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl"}
_NAMING = ("hit_id", "passage", "quote")


class Translation(NamedTuple):
    """The translation of a passage, and who made it ("" if that is not said)."""

    text: str
    translator: str


@dataclass(slots=True)
class Translations:
    """Translations by hit id, and the rows that name no passage of a finding."""

    found: dict[str, Translation] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def read_translations(path: Path, findings: Iterable[Finding]) -> Translations:
    """Read translations from XLSX, CSV or JSON Lines, and find the passages that they are of.

    A row names its passage by `hit_id`, or without one by its text, as `passage` (clean) or `quote`
    (raw), spaces aside. Rows without a translation are passed over. Raises ExportError with file
    and row for a file that cannot be read, and for a passage that is translated twice.
    """
    passages = [passage for finding in findings for passage in finding.passages]
    known = {passage.id for passage in passages}
    by_text = _index(passages)
    read = Translations()
    places: dict[str, str] = {}
    try:
        entries = read_table(path, _check_columns)
    except GoldError as error:
        raise ExportError(str(error)) from None
    for entry in entries:
        text = _word(entry.where, entry.values, "translation")
        if not text:
            continue
        named = _name(entry.where, entry.values)
        hits = by_text.get(named[1], ()) if named[0] != "hit_id" else {named[1]} & known
        if not hits:
            read.unknown.append(f"{entry.where}: {named[0]} {named[1]:.40}")
        for hit in hits:
            if hit in places:
                raise ExportError(
                    f"{entry.where}: {hit} is translated twice, first at {places[hit]}"
                )
            places[hit] = entry.where
            translator = _word(entry.where, entry.values, "translator")
            read.found[hit] = Translation(text, translator)
    return read


def make_template(findings: Iterable[Finding], known: Mapping[str, Translation]) -> Table:
    """Return a table with a row for each passage shown of the findings, to be filled in."""
    return Table("translations", FIELDS, _list_rows(findings, known))


def find_template_format(path: Path) -> str:
    """Return the format of a table to be filled in. Raises ExportError for another suffix."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise ExportError(
            f"{path}: name it {', '.join(f'*{suffix}' for suffix in FORMATS)}"
        ) from None


def _list_rows(findings: Iterable[Finding], known: Mapping[str, Translation]) -> Iterator[Row]:
    for finding in findings:
        for passage in finding.confirmed:
            told = known.get(passage.id)
            yield {
                "hit_id": passage.id,
                "number": finding.number,
                "file": finding.paper.file,
                "page": passage.hit.page if passage.hit else None,
                "passage": passage.hit.passage if passage.hit else None,
                "translation": told.text if told else None,
                "translator": (told.translator or None) if told else None,
            }


def _check_columns(path: Path, names: list[str]) -> None:
    for name in names:
        if name and names.count(name) > 1:
            raise GoldError(f"{path}: two columns named {name!r:.40}")
    if any(names) and "translation" not in names:
        raise GoldError(f"{path}: no column translation in the first row")
    if any(names) and not set(names) & set(_NAMING):
        raise GoldError(f"{path}: no column hit_id, passage or quote in the first row")


def _index(passages: Iterable[Passage]) -> dict[str, set[str]]:
    """Return the ids of passages by their clean text, and by their raw text."""
    found: dict[str, set[str]] = {}
    for passage in passages:
        if passage.hit is not None:
            raw = "".join(quote.text for quote in passage.hit.quotes)
            for text in (passage.hit.passage, passage.hit.quote, raw):
                found.setdefault(_squeeze(text), set()).add(passage.id)
    return found


def _name(where: str, values: Mapping[str, Any]) -> tuple[str, str]:
    for name in _NAMING:
        if word := _word(where, values, name):
            return name, word if name == "hit_id" else _squeeze(word)
    raise ExportError(f"{where}: a translation of nothing: no hit_id, passage or quote")


def _word(where: str, values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    # A spreadsheet may have made a number of a hit id: it then names no passage, and is told.
    if value is not None and not isinstance(value, str | int | float):
        raise ExportError(f"{where}: {name} is no text")
    return "" if value is None else str(value).strip()


def _squeeze(text: str) -> str:
    return "".join(text.split())
