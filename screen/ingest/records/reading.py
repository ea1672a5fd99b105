"""Read the records of a file, in whatever format its content shows it to be."""

import re
from collections.abc import Iterator
from pathlib import Path

from screen.errors import DocumentError, RecordsError
from screen.ingest.files import decode
from screen.ingest.jsonlines import read_lines
from screen.ingest.records.bibtex import read_bibtex
from screen.ingest.records.making import BadRecord, Row, make_record, take_record
from screen.ingest.records.names import find_field
from screen.ingest.records.ris import TAG, read_ris
from screen.ingest.records.tables import read_csv, read_html, read_xlsx
from screen.ingest.records.tagged import (
    read_tagged,
    tag_endnote,
    tag_labelled,
    tag_noteexpress,
    tag_refworks,
)
from screen.types import Record

_MEGABYTE = 1_000_000
_LARGEST_MB = 100
# So many lines tell the format.
_LOOKED_AT = 300
_MAX_DAMAGE = 0.01
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BIBTEX = re.compile(r"\s*@[A-Za-z]{3,20}\s*[{(]")
_JSON = re.compile(r'\s*\{\s*(?:"|\})')
_HTML = re.compile(r"\s*(?:<!doctype html|<\?xml|<html|<head|<body|<table|<style|<meta|<div)", re.I)


def read_records(path: Path) -> Iterator[Record | BadRecord]:
    """Yield the records of a file in order, unusable ones as BadRecord.

    JSON Lines; CSV, TSV, XLSX and HTML tables; RIS, BibTeX, RefWorks, EndNote, NoteExpress, and
    text with labels, as docs/formats.md has it. Encodings are those of text files. Raises
    RecordsError if the file cannot be read at all, or nothing in it is understood.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST_MB * _MEGABYTE:
            raise RecordsError(
                f"{path}: too large: {size / _MEGABYTE:.0f} MB, the limit is {_LARGEST_MB} MB"
            )
        data = path.read_bytes()
    except OSError as error:
        raise RecordsError(f"{path}: {error.strerror}") from None
    if data.startswith(_OLE):
        raise RecordsError(f"{path}: an old Excel file (.xls): save it as .xlsx or .csv")
    own, damaged = False, False
    if data.startswith(_ZIP):
        rows = read_xlsx(str(path), data)
    else:
        text, damaged = _decode(path, data)
        own, rows = _open(path, text)
    yield from _make(path, rows, own=own, damaged=damaged)


def _make(
    path: Path, rows: Iterator[Row], *, own: bool, damaged: bool
) -> Iterator[Record | BadRecord]:
    for line, values in rows:
        if isinstance(values, str):
            yield BadRecord(str(path), line, values)
            continue
        try:
            record = take_record(values) if own else make_record(values)
            if damaged and "\ufffd" in str(record):
                raise ValueError("holds bytes that are no characters of the file's encoding")
            yield record
        except ValueError as error:
            yield BadRecord(str(path), line, str(error))


def _open(path: Path, text: str) -> tuple[bool, Iterator[Row]]:
    """Return whether a text holds the fields of `Record` as they stand, and its rows."""
    name = _recognise(path, text)
    if name == "CSV":
        return read_csv(str(path), text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if name == "JSON Lines":
        return True, (Row(line, row) for line, row in read_lines(text))
    if name == "HTML":
        return False, read_html(str(path), text)
    if name == "RIS":
        return False, read_ris(text)
    if name == "BibTeX":
        return False, read_bibtex(text)
    return False, read_tagged(text, _TAGGED[name])


_TAGGED = {
    "NoteExpress": tag_noteexpress,
    "EndNote": tag_endnote,
    "RefWorks": tag_refworks,
    "labelled text": tag_labelled,
}


def _recognise(path: Path, text: str) -> str:
    """Return the format whose signs most of the first lines show; else what the suffix says."""
    if _HTML.match(text):
        return "HTML"
    lines = [line.strip().lstrip("\ufeff") for line in re.split("\r\n|\r|\n", text[:400_000])]
    lines = [line for line in lines if line][:_LOOKED_AT]
    suffix = path.suffix.lower()
    signs = {
        "JSON Lines": sum(bool(_JSON.match(line)) for line in lines),
        "RIS": sum(bool(TAG.match(line)) for line in lines),
        "BibTeX": 5 * sum(bool(_BIBTEX.match(line)) for line in lines),
        "NoteExpress": sum(_is_known(tag_noteexpress(line)) for line in lines),
        "EndNote": sum(_is_known(tag_endnote(line)) for line in lines),
        "RefWorks": sum(_is_known(tag_refworks(line)) for line in lines),
        "labelled text": sum(_is_known(tag_labelled(line)) for line in lines),
    }
    best = max(signs, key=lambda name: signs[name])
    if suffix in (".jsonl", ".ndjson", ".json") and (best == "JSON Lines" or signs[best] < 2):
        return "JSON Lines"
    if suffix in (".csv", ".tsv", ".xls", ".xlsx"):
        # A cell with line breaks may hold anything; a table has its names in the first line.
        first = re.split("[,;\t；]", lines[0]) if lines else []
        named = len(first) > 1 and {"file", "title"} & {find_field(name[:60]) for name in first}
        if named or signs[best] < 2 or (len(first) > 1 and signs[best] < len(lines) // 2):
            return "CSV"
    if signs[best]:
        return best
    return "CSV"


def _is_known(tag: tuple[str, str | None, str] | None) -> bool:
    return tag is not None and tag[1] is not None


def _decode(path: Path, data: bytes) -> tuple[str, bool]:
    """Return the text, and whether a few bytes of it are no characters: � stands for them."""
    try:
        return decode(data).removeprefix("\ufeff"), False
    except DocumentError as error:
        reason = error.reason
    readings = [data.decode(encoding, "replace") for encoding in ("utf-8", "gb18030")]
    best = min(readings, key=lambda text: text.count("\ufffd"))
    if best.count("\ufffd") > _MAX_DAMAGE * len(best) or "\x00" in best:
        raise RecordsError(f"{path}: {reason}")
    return best.removeprefix("\ufeff"), True
