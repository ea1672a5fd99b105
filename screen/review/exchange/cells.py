"""Cells of workbooks that hold what XML cannot, and the way back to what they held."""

import re

# What XML cannot hold, or changes, stands in a workbook as _x000D_. So must an x that would look
# like the beginning of such, and openpyxl drops every x005F_ that it reads.
_UNFIT = re.compile("x(?=[0-9A-Fa-f]{4})|[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def escape(text: str) -> str:
    """Return a text as a workbook can hold it; spreadsheets show it as it was."""
    return _UNFIT.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescape(text: str) -> str:
    """Return what a text was before `escape`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
