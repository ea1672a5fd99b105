"""JSON Lines: one object a line."""

import json
from collections.abc import Iterator
from typing import Any


def read_lines(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield the number and the object of each line that is not blank.

    In place of an object that cannot be read stands why.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"not JSON: {error}"
            continue
        yield number, row if isinstance(row, dict) else "not an object"
