"""XLSX: a sheet of rows, for people who work in a spreadsheet."""

import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from screen.errors import ExportError
from screen.findings.fields import TEXT, Field, tell_type
from screen.findings.output import Row
from screen.ingest.records.cells import defuse
from screen.review.exchange.cells import escape

# What a cell can hold, in UTF-16 units; and a sheet, in rows.
_LONGEST, _ROWS = 32_767, 1_048_576
_CUT = "… [cut]"
_TORN = re.compile("_(?:x[0-9A-F]{0,4})?$")
_WIDE, _NARROW = 40, 12
_TOP = Alignment(vertical="top")


def write_workbook(
    name: str, fields: Sequence[Field], rows: Iterable[Row], file: BinaryIO
) -> tuple[int, int]:
    """Write rows as a workbook; return their number, and that of cells that were cut.

    Lists are JSON. Text stands in cells of text, which nothing runs as a formula. Raises
    ExportError for more rows than a sheet holds.
    """
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(name)
    sheet.freeze_panes = "A2"
    for number, field in enumerate(fields, start=1):
        width = _WIDE if field.type == TEXT or tell_type(field.type).startswith("list") else _NARROW
        sheet.column_dimensions[get_column_letter(number)].width = width

    def make_text(value: str, *, bold: bool = False) -> Cell:
        cell: Cell = WriteOnlyCell(sheet, value)
        cell.data_type = "s"
        cell.alignment = _TOP
        if defuse(value) != value:
            # Also after somebody has been in the cell.
            cell.quotePrefix = True
        if bold:
            cell.font = Font(bold=True)
        return cell

    sheet.append([make_text(field.name, bold=True) for field in fields])
    count = cut = 0
    for row in rows:
        count += 1
        if count >= _ROWS:
            # Or else what writes the sheet complains when it is thrown away.
            sheet.close()
            raise ExportError(f"a sheet holds {_ROWS - 1:,} rows and no more: take another format")
        cells: list[object] = []
        for field in fields:
            value = row[field.name]
            if isinstance(value, list | dict):
                value = json.dumps(value, ensure_ascii=False)
            if isinstance(value, str):
                whole = escape(value)
                value = _fit(whole)
                cut += value != whole
                cells.append(make_text(value))
            else:
                cells.append(value)
        sheet.append(cells)
    # Where a disk is full openpyxl would say so in many words of its own.
    whole_file = io.BytesIO()
    workbook.save(whole_file)
    file.write(whole_file.getbuffer())
    return count, cut


def _fit(text: str) -> str:
    if len(text) * 2 <= _LONGEST or len(text.encode("utf-16-le")) // 2 <= _LONGEST:
        return text
    kept = text.encode("utf-16-le")[: (_LONGEST - len(_CUT)) * 2]
    # Nothing is left of a character that is written as _x000D_.
    return _TORN.sub("", kept.decode("utf-16-le", "ignore")) + _CUT
