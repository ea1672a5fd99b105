"""Cells of CSV files that no spreadsheet runs, and the way back to what they held."""

# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defuse(value: object) -> object:
    """Return a cell of a CSV file that no spreadsheet runs as a formula: one with a leading '."""
    return f"'{value}" if _is_dangerous(value) else value


def restore(value: str) -> str:
    """Return what a cell of a CSV file held before `defuse`."""
    return value[1:] if value.startswith("'") and _is_dangerous(value) else value


def _is_dangerous(value: object) -> bool:
    # What was defused counts too, so that there is a way back.
    return isinstance(value, str) and value.lstrip("'").startswith(_FORMULA_STARTS)
