"""Prodigy: JSON Lines for its interface `choice`, with one option for each label."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from screen.errors import GoldError
from screen.review.exchange.entries import (
    KEPT,
    PASSAGE,
    Entry,
    Sheet,
    describe,
    from_labels,
    list_labels,
    name_task,
    to_labels,
)

_ANSWERS = ("accept", "reject", "ignore", None)


def write_tasks(sheet: Sheet, file: TextIO) -> None:
    """Write a sheet as tasks with `text`, `options` and `meta`; what is filled in is accepted."""
    options = [
        {"id": name, "text": f"{name}: {meaning}"}
        for name, meaning in list_labels(sheet.codebook).items()
    ]
    for row in sheet.rows:
        meta = {name: row[name] for name in PASSAGE if name != "passage"}
        accept = to_labels(row)
        task = {
            "text": name_task(row),
            "options": options,
            "meta": {**meta, "reading": describe(row)},
            **({"accept": accept, "answer": "accept", "note": row["note"]} if accept else {}),
        }
        file.write(json.dumps(task, ensure_ascii=False) + "\n")


def read_task(where: str, task: dict[str, Any]) -> Iterator[Entry]:
    """Yield what was accepted of a task; one that was rejected, ignored or not seen says nothing.

    Raises GoldError.
    """
    meta, answer = task.get("meta", {}), task.get("answer")
    if answer not in _ANSWERS:
        raise GoldError(f"{where}: the answer is {answer!r:.30}, not accept, reject or ignore")
    if not isinstance(meta, dict):
        raise GoldError(f"{where}: meta that is no object")
    if answer != "accept":
        return
    values = {name: meta.get(name) for name in KEPT}
    values["note"] = task.get("note") or task.get("user_input")
    names = (task.get("_annotator_id"), task.get("_session_id"))
    by = tuple(str(name) for name in names if isinstance(name, str | int))
    yield Entry(where, {**values, **from_labels(where, task.get("accept") or [])}, by)
