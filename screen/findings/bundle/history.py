"""The history of verdicts as a chain: none can be taken out, put in, moved or changed unnoticed.

Verdict n carries the SHA-256 of the chain of verdict n - 1 and of its own row. What is derived and
may change later (whether it is in force, how its file is called) is left out; so the chain of an
earlier bundle of a study is the beginning of that of a later one.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from screen.findings.bundle.report import Report
from screen.findings.output import Row

MEMBER = "verdicts.jsonl"
# The chain before the first verdict.
START = "0" * 64
_LEFT_OUT = frozenset({"chain", "in_force", "file"})


def link(before: str, row: Mapping[str, Any]) -> str:
    """Return the chain of a verdict, given that of the one before it."""
    told = {name: value for name, value in row.items() if name not in _LEFT_OUT}
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{before}{canonical}".encode("ascii", "backslashreplace")).hexdigest()


def chain(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows of verdicts, in the order in which they were given, with their `chain`."""
    last = START
    for row in rows:
        last = link(last, row)
        yield {**row, "chain": last}


def find_head(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the chain of the last verdict."""
    return str(rows[-1]["chain"]) if rows else START


def check_chain(rows: Sequence[Row], report: Report) -> None:
    """Note where numbers have a gap or are out of order, and where a chain does not follow."""
    before, wanted = START, 1
    numbers = {row["number"] for row in rows}
    for row in rows:
        number = row["number"]
        where = f"verdict {number}"
        if number != wanted:
            # Of a forged number far off no more need be named than there are rows.
            skipped = range(wanted, min(number, wanted + len(rows) + 1))
            lost = [other for other in skipped if other not in numbers]
            for other in lost:
                report.differ(MEMBER, f"verdict {other}", "missing from the history")
            if not lost:
                what = "out of its order"
                report.differ(MEMBER, where, what, f"verdict {wanted}", where)
        follows = link(before, row)
        if follows != row["chain"]:
            what = "its chain does not follow from the verdict before it and its own row"
            report.differ(MEMBER, where, what, follows, row["chain"])
        before, wanted = row["chain"], max(wanted, number + 1)


def check_changes(rows: Iterable[Row], report: Report) -> None:
    """Note each verdict that does not say truly which earlier one it supersedes.

    That is the last one of the same reviewer on the same thing in the same round. Where names are
    left out it need only be an earlier one on that thing in that round.
    """
    last: dict[tuple[Any, ...], int] = {}
    known: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        thing = (row["paper_id"], row["hit_id"], row["round"])
        key = (*thing, row["reviewer"])
        told, where = row["supersedes"], f"verdict {row['number']}"
        if row["reviewer"] is None:
            if told is not None and known.get(told) != thing:
                what = "supersedes no earlier verdict on the same thing in the same round"
                report.differ(MEMBER, where, what, "", f"id {told}")
        elif told != last.get(key):
            what = "supersedes: not the reviewer's last verdict on it in that round"
            report.differ(MEMBER, where, what, _tell(last.get(key)), _tell(told))
        if row["id"] in known:
            report.differ(MEMBER, where, "its id was there before", "", str(row["id"]))
        known[row["id"]] = thing
        last[key] = row["id"]


def _tell(number: int | None) -> str:
    return "none" if number is None else f"id {number}"
