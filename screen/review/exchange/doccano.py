"""doccano: text classification in JSON Lines, where everything is a label or metadata."""

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


def write_examples(sheet: Sheet, file: TextIO) -> None:
    """Write a sheet as JSON Lines with `text`, `label` and, as metadata, all the rest.

    Every line has the same keys and no nulls: doccano would make them numbers that are none.
    """
    for row in sheet.rows:
        shown = {name: row[name] for name in PASSAGE if name != "passage"}
        line = {
            "text": name_task(row),
            "label": to_labels(row),
            **shown,
            "reading": describe(row),
            "note": row["note"],
        }
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def write_labels(sheet: Sheet, file: TextIO) -> None:
    """Write all labels as the JSON list that doccano takes in on its page of labels."""
    labels = [{"text": name} for name in list_labels(sheet.codebook)]
    json.dump(labels, file, ensure_ascii=False, indent=1)


def read_example(where: str, row: dict[str, Any]) -> Iterator[Entry]:
    """Yield what the labels of an example say; comments on it are the note, or metadata is.

    Metadata stands beside the text, or in older versions under `meta`. Raises GoldError.
    """
    meta = row.get("meta")
    known = {**meta, **row} if isinstance(meta, dict) else row
    labels = row.get("label", row.get("labels"))
    comments = row.get("Comments") or row.get("comments") or []
    if not isinstance(comments, list) or not all(isinstance(part, str) for part in comments):
        raise GoldError(f"{where}: comments that are no list of texts")
    values = {name: known.get(name) for name in KEPT}
    values["note"] = "\n".join(comments) if comments else known.get("note")
    yield Entry(where, {**values, **from_labels(where, [] if labels is None else labels)})
