"""XLSX: a workbook with drop-downs for what is to be filled in, and a sheet with the codebook."""

import io
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from rich.cells import cell_len

from screen.errors import GoldError, ScreenError
from screen.match.schema import Manifest
from screen.review.exchange.cells import escape, unescape
from screen.review.exchange.entries import CODES, FILLED, KEPT, Entry, Sheet, Values
from screen.review.exchange.tables import CheckColumns, check_columns, to_text
from screen.study.verdicts import OUT_OF_SCOPE

_SHEET = "queue"
# In characters; the others are narrow.
_WIDTHS = {
    "file": 24, "title": 30, "section": 20, "passage": 60, "context": 60, "reason": 50,
    "mitigating": 40, "judged_criteria": 16, "judged_mitigating": 18, "out_of_scope": 16,
    "paper_judgement": 17, "note": 50,
}  # fmt: skip
_NARROW = 11
# In points; a spreadsheet takes no higher row.
_LINE, _TALLEST = 15, 409
_CHOICES = {
    "judgement": tuple(CODES),
    "judged_mitigating": ("yes", "no"),
    "out_of_scope": OUT_OF_SCOPE,
    "paper_judgement": tuple(CODES),
}
_HOW = (
    ("judgement", "of the passage, by the codes above"),
    ("judged_criteria", "letters of the criteria that the passage meets, as A, E"),
    ("judged_mitigating", "yes, if something speaks against a problematic reading"),
    ("out_of_scope", "why the whole paper is out of scope"),
    ("paper_judgement", "of the whole paper, by the codes above"),
    ("note", "anything; about the passage, or if it has no judgement about the paper"),
)
# What a cell can hold, in UTF-16 units; and a sheet.
_LONGEST = 32_767
_ROWS, _COLUMNS = 1_048_576, 100
# Unpacked. A passage takes 2 kB.
_LARGEST = 300 * 10**6
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
# Stands for what a formula comes to, where the file does not say.
_NO_VALUE = object()
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_TO_FILL = PatternFill("solid", fgColor="FFF7E0")
# What zipfile, expat and openpyxl raise where a file is none of theirs.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, InvalidFileException, SyntaxError, EOFError,
    OSError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError,
)  # fmt: skip


def write_workbook(sheet: Sheet, file: BinaryIO) -> None:
    """Write a sheet as a workbook. Raises ScreenError for a note that no cell can hold."""
    for row in sheet.rows:
        if not _fits(escape(row["note"])):
            number = len(row["note"])
            raise ScreenError(f"a note of {number} characters fits in no cell: take another format")
    workbook = Workbook(write_only=True)
    table = workbook.create_sheet(_SHEET)
    table.freeze_panes = "A2"
    for number, name in enumerate(sheet.columns, start=1):
        letter = get_column_letter(number)
        table.column_dimensions[letter].width = _WIDTHS.get(name, _NARROW)
        if name in _CHOICES:
            # A drop-down, which also refuses anything else.
            words = ",".join(_CHOICES[name])
            choice = DataValidation("list", formula1=f'"{words}"', allow_blank=True)
            choice.showErrorMessage = True
            choice.add(f"{letter}2:{letter}{max(len(sheet.rows), 1) + 1}")
            table.data_validations.append(choice)
    table.append([_make_head(table, name) for name in sheet.columns])
    for number, row in enumerate(sheet.rows, start=2):
        table.row_dimensions[number].height = _measure(row)
        table.append([_make_cell(table, name, row[name]) for name in sheet.columns])
    _write_codebook(workbook, sheet.codebook)
    # Where a disk is full openpyxl would say so in many words of its own.
    whole = io.BytesIO()
    workbook.save(whole)
    file.write(whole.getbuffer())


def _measure(row: Values) -> float:
    """Return the height of a row that shows all of its text, in points."""
    lines = [
        sum(-(-cell_len(line) // (width - 1)) or 1 for line in str(row[name]).split("\n"))
        for name, width in _WIDTHS.items()
    ]
    return min(max(lines) * _LINE, _TALLEST)


def _write_codebook(workbook: Workbook, codebook: Manifest) -> None:
    table = workbook.create_sheet("codebook")
    for letter, width in zip("ABC", (20, 28, 90), strict=True):
        table.column_dimensions[letter].width = width
    table.append([_make_head(table, name) for name in ("what", "name", "meaning")])
    criteria = codebook.criteria.items()
    lines = (
        *(("code", code, gloss) for code, gloss in CODES.items()),
        *(("criterion", name, f"{c.name}: {c.gloss} (code {c.code})") for name, c in criteria),
        *(("mitigating", name, sign.gloss) for name, sign in codebook.signs.items()),
        *(("out of scope", reason, reason.replace("_", " ")) for reason in OUT_OF_SCOPE),
        *(("column", name, meaning) for name, meaning in _HOW),
    )
    for line in lines:
        table.append([_make_cell(table, "", cell) for cell in line])


def _make_head(table: Any, name: str) -> Cell:
    cell = _make_cell(table, name, name)
    cell.font = Font(bold=True)
    return cell


def _make_cell(table: Any, name: str, value: object) -> Cell:
    """Return a cell that is a number or text, whatever the text begins with."""
    cell = WriteOnlyCell(table)
    value = to_text(value)
    if isinstance(value, int | float) and name not in FILLED:
        cell.value = value
    elif value != "":
        text = escape(str(value))
        cell.value = text if _fits(text) else f"{text[: _LONGEST // 2 - 1]}…"
        cell.data_type = "s"
        cell.quotePrefix = True
    cell.alignment = _WRAPPED
    if name in FILLED:
        cell.fill = _TO_FILL
        cell.number_format = "@"  # what is typed here is text, also if it begins with =
    return cell


def _fits(text: str) -> bool:
    return len(text.encode("utf-16-le", "replace")) // 2 <= _LONGEST


def read_workbook(path: Path, data: bytes, check: CheckColumns = check_columns) -> Iterator[Entry]:
    """Yield the rows of the sheet "queue" of a workbook, or of its first one.

    `check` is asked about the names of its columns.

    Raises GoldError with file and row.
    """
    try:
        rows = _read_rows(path, data)
    except _BROKEN as error:
        why = " ".join(str(error).split())
        raise GoldError(f"{path}: no workbook (.xlsx) that can be read: {why:.80}") from None
    names: list[str] = []
    for number, row in rows:
        if names:
            pairs = zip(names, row, strict=False)
            values = {name: cell for name, cell in pairs if name and cell is not None}
            where = f"{path}: row {number}"
            for name in [name for name, cell in values.items() if cell is _NO_VALUE]:
                if name in (*FILLED, *KEPT):
                    raise GoldError(
                        f"{where}: {name} is a formula without its value: open the file in a "
                        "spreadsheet and save it"
                    )
                del values[name]
            yield Entry(where, values)
        else:
            names = ["" if cell is None else str(cell).strip() for cell in row]
            check(path, names)


def _read_rows(path: Path, data: bytes) -> list[tuple[int, list[Any]]]:
    """Return the rows that are not empty, with their numbers. May raise any of `_BROKEN`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > _LARGEST:
            raise GoldError(
                f"{path}: {size / 10**6:.0f} MB unpacked, the most is {_LARGEST / 10**6:.0f}"
            )
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        has_formulas = any(_FORMULA.search(archive.read(name)) for name in sheets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what openpyxl passes over, nothing is read here
        rows = _iterate(path, data, formulas=False)
        if has_formulas:
            # Programs that do not calculate leave out what a formula comes to.
            both = zip(rows, _iterate(path, data, formulas=True), strict=True)
            rows = (
                tuple(
                    _NO_VALUE if value is None and written is not None else value
                    for value, written in zip(values, formulas, strict=True)
                )
                for values, formulas in both
            )
        return [
            (number, [unescape(cell) if isinstance(cell, str) else cell for cell in row])
            for number, row in enumerate(rows, start=1)
            if row.count(None) < len(row)
        ]


def _iterate(path: Path, data: bytes, *, formulas: bool) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the sheet with the values of its cells, or with formulas as written."""
    workbook = load_workbook(
        io.BytesIO(data), read_only=True, data_only=not formulas, keep_links=False
    )
    tables = {table.title: table for table in workbook.worksheets}
    table = tables.get(_SHEET) or next(iter(tables.values()), None)
    if table is None:
        raise GoldError(f"{path}: a workbook without a sheet")
    yield from table.iter_rows(max_row=_ROWS, max_col=_COLUMNS, values_only=True)
