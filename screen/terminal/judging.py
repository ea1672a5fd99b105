"""What the commands on verdicts print."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from screen.review.imports import Change
from screen.terminal import open_console, printable
from screen.types import Verdict


def count_changes(changes: Sequence[Change]) -> dict[str, int]:
    """Return how many verdicts are new, changed and the same, and how many are on whole papers."""
    counts = Counter(change.status for change in changes)
    papers = sum(change.given.verdict.hit is None for change in changes)
    return {**{name: counts[name] for name in ("new", "changed", "same")}, "on_papers": papers}


def list_changes(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return what verdicts change, or would, as rows for JSON."""
    return [
        {
            "status": change.status,
            "hit_id": change.given.verdict.hit,
            "paper_id": change.given.verdict.paper,
            "file": change.given.file,
            "page": change.given.page,
            "where": change.given.where,
            "old": change.before and _list_said(change.before),
            "new": _list_said(change.given.verdict),
        }
        for change in changes
    ]


def _list_said(verdict: Verdict) -> dict[str, Any]:
    return {
        "code": verdict.code,
        "reason": verdict.reason,
        "criteria": list(verdict.criteria),
        "mitigating": verdict.mitigating,
        "note": verdict.note,
    }


def show_changes(changes: Sequence[Change]) -> None:
    """Print a table of what is new and what is changed."""
    table = Table("", "passage or paper", "file", "page", "old", "new", box=None)
    for change in changes:
        if change.status != "same":
            given = change.given
            table.add_row(
                change.status,
                given.verdict.hit or "whole paper",
                Text(printable(given.file)),
                str(given.page or ""),
                Text(_tell(change.before) if change.before else ""),
                Text(_tell(given.verdict)),
            )
    if table.row_count:
        open_console().print(table)


def _tell(verdict: Verdict) -> str:
    """Return a verdict in few words, on one line."""
    words = [verdict.reason if verdict.code is None else str(verdict.code), *verdict.criteria]
    words += ["mitigating"] if verdict.mitigating else []
    note = f" “{printable(verdict.note)}”" if verdict.note else ""
    return " ".join(words) + note


def tell_changes(changes: Sequence[Change]) -> str:
    """Return in words how many verdicts there are and what they change."""
    counts = count_changes(changes)
    return (
        f"{len(changes)} verdicts ({counts['on_papers']} on whole papers): {counts['new']} new, "
        f"{counts['changed']} changed, {counts['same']} as they stand already"
    )
