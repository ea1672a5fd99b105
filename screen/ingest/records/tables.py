"""Tables: CSV and TSV, XLSX, and the HTML that databases save as .xls."""

import csv
import io
import itertools
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence

import lxml.html
from lxml import etree
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from screen.errors import RecordsError
from screen.ingest.records.cells import restore
from screen.ingest.records.making import FIELDS, Row
from screen.ingest.records.names import find_field

# Unpacked, in bytes; and the columns of a table of records.
_LARGEST, _COLUMNS = 400 * 10**6, 500
# The names of the columns may stand below a heading.
_HEADING = 10
_LARGEST_CELL = 1_000_000
# What zipfile, expat and openpyxl raise where a file is none of theirs.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError, EOFError, OSError,
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError,
)  # fmt: skip

# The columns of a record in an export of papers or findings, where `pages` counts a file's pages
# and `number` findings; and the columns of an export for ASReview.
_EXPORTED = {
    **{name: name for name in FIELDS - {"pages", "key"}}, "journal_pages": "pages",
}  # fmt: skip
ASREVIEW = (
    "paper_id", "title", "authors", "abstract", "keywords", "journal", "year", "doi", "included",
)  # fmt: skip

Cells = tuple[int, Sequence[str] | str]


def read_csv(path: str, text: str) -> tuple[bool, Iterator[Row]]:
    """Return the rows of a CSV or TSV file, and whether its columns are those of `Record`.

    Raises RecordsError if no column names a file or a title.
    """
    header = text.lstrip("\n").partition("\n")[0]
    delimiter = max(",;\t；", key=header.count)
    return _read_table(path, _csv_cells(text, delimiter), plain=True)


def _csv_cells(text: str, delimiter: str) -> Iterator[Cells]:
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"not CSV: {error}"


def read_html(path: str, text: str) -> Iterator[Row]:
    """Return the rows of the table in a page, as databases save it under .xls; as `read_csv`."""
    try:
        page = lxml.html.document_fromstring(text.encode(), lxml.html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise RecordsError(f"{path}: not a table in HTML: {error}") from None
    # lxml counts lines up to 65,535 only.
    rows = page.iter("tr")
    cells = ((number, _html_cells(row)) for number, row in enumerate(rows, start=1))
    return _read_table(path, cells)[1]


def _html_cells(row: etree._Element) -> list[str]:
    cells = (cell for cell in row if cell.tag in ("td", "th"))
    return ["".join(map(str, cell.itertext())).strip() for cell in cells]


def read_xlsx(path: str, data: bytes) -> Iterator[Row]:
    """Return the rows of the first sheet of a workbook; a line is a row. As `read_csv`.

    Raises RecordsError also for a file that is no workbook, or larger than any of records.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
            if size > _LARGEST:
                raise RecordsError(
                    f"{path}: too large unpacked: {size // 10**6} MB, the limit is "
                    f"{_LARGEST // 10**6} MB"
                )
            for part in packed.infolist():
                with packed.open(part) as file:
                    # No workbook declares entities; who does means to blow them up.
                    if b"<!DOCTYPE" in file.read(4096):
                        raise RecordsError(f"{path}: not a workbook: it declares a DOCTYPE")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
    except _BROKEN as error:
        raise RecordsError(f"{path}: not a workbook (.xlsx): {error}") from None
    rows = sheet.iter_rows(max_col=_COLUMNS, values_only=True)
    return _read_table(path, _sheet_cells(path, rows))[1]


def _sheet_cells(path: str, rows: Iterator[tuple[object, ...]]) -> Iterator[Cells]:
    for number in itertools.count(1):
        try:
            row = next(rows)
        except StopIteration:
            return
        except _BROKEN as error:
            raise RecordsError(f"{path}:{number}: the workbook is broken: {error}") from None
        yield number, [_as_words(cell) for cell in row]


def _as_words(cell: object) -> str:
    if cell is None:
        return ""
    # Spreadsheets make numbers of years and issues.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _read_table(
    path: str, cells: Iterable[Cells], *, plain: bool = False
) -> tuple[bool, Iterator[Row]]:
    """Return the rows below the names of the columns; `plain` ones may be a record as it stands."""
    rows = iter(cells)
    seen = list(itertools.islice(rows, _HEADING))
    known = [sum(map(bool, _fields(row))) if _names(row) else 0 for _, row in seen]
    if not any(known):
        raise RecordsError(f"{path}:1: no column named file or title (文件名, 题名)")
    place = known.index(max(known))
    header = [name.strip().removeprefix("\ufeff") for name in seen[place][1]]
    left = itertools.chain(seen[place + 1 :], rows)
    if plain and ({"paper_id", "sha256", *_EXPORTED} <= set(header) or header == [*ASREVIEW]):
        names = [_EXPORTED.get(name, "") for name in header]
        return True, map(_take_first, _rows(names, _restore(left)))
    own = plain and set(filter(None, header)) <= FIELDS
    names = header if own else [field or "" for field in _fields(header)]
    found = _rows(names, left)
    return own, (_take_first(row) for row in found) if own else found


def _restore(rows: Iterable[Cells]) -> Iterator[Cells]:
    """Yield rows of an export with what their cells held before they were defused."""
    for line, cells in rows:
        yield line, cells if isinstance(cells, str) else [restore(cell) for cell in cells]


def _take_first(row: Row) -> Row:
    if isinstance(row.values, str):
        return row
    return Row(row.line, {name: cells[0] for name, cells in row.values.items()})


def _fields(row: Sequence[str] | str) -> list[str | None]:
    return [] if isinstance(row, str) else [find_field(cell[:60]) for cell in row]


def _names(row: Sequence[str] | str) -> bool:
    return bool({"file", "title"} & set(_fields(row)))


def _rows(names: list[str], rows: Iterable[Cells]) -> Iterator[Row]:
    for line, cells in rows:
        if isinstance(cells, str):
            yield Row(line, cells)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(names) :]):
            yield Row(line, "more cells than columns")
            continue
        values: dict[str, list[str]] = {}
        for name, cell in zip(names, cells, strict=False):
            if name and cell:
                values.setdefault(name, []).append(cell)
        yield Row(line, values)
