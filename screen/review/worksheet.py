"""The passages to be judged, as rows to be filled in; or as one reviewer has filled them in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from screen.match.schema import Manifest
from screen.review.exchange.entries import FILLED, PASSAGE, READING, Sheet, is_plain
from screen.study.queries import list_papers, list_queue
from screen.study.verdicts import read_own
from screen.types import Verdict

_EMPTY = dict.fromkeys((*PASSAGE, *READING, *FILLED), "")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A sheet, and how many of the reviewer's verdicts are filled in."""

    sheet: Sheet
    verdicts: int


def make_worksheet(
    engine: sa.Engine, codebook: Manifest, wanting: int, *, blind: bool
) -> Worksheet:
    """Return what still wants verdicts of so many reviewers, in the order of reading."""
    rows = [_make_row(passage) for passage in _list_once(engine, wanting)]
    return Worksheet(_make_sheet(rows, codebook, blind), 0)


def make_filled(
    engine: sa.Engine, codebook: Manifest, reviewer: str, round_: int, *, blind: bool
) -> Worksheet:
    """Return every passage with the verdicts of a reviewer that stand.

    What was said of a whole paper stands with its first passage, or, if there is more than a code
    or none of its passages, in a row of its own at the end.
    """
    with engine.connect() as connection:
        own = read_own(connection, reviewer, round_)
    rows, filled = [], 0
    papers = {paper: verdict for (hit, paper), verdict in own.items() if hit is None}
    for passage in _list_once(engine, None):
        row = _make_row(passage)
        verdict = own.get((passage["id"], passage["paper"]))
        if verdict is not None:
            row.update(judgement=verdict.code, **_fill(verdict))
            filled += 1
        whole = papers.get(passage["paper"])
        if whole is not None and is_plain(whole):
            row.update(_fill_paper(whole))
            del papers[whole.paper]
            filled += 1
        rows.append(row)
    for paper in list_papers(engine):
        if paper["sha256"] in papers:
            whole = papers[paper["sha256"]]
            row = _make_row({**paper, "id": "", "paper": paper["sha256"]})
            rows.append(row | _fill_paper(whole) | _fill(whole))
            filled += 1
    return Worksheet(_make_sheet(rows, codebook, blind), filled)


def _make_sheet(rows: list[Row], codebook: Manifest, blind: bool) -> Sheet:
    shown = PASSAGE if blind else (*PASSAGE, *READING)
    hidden = dict.fromkeys(READING, "") if blind else {}
    return Sheet([row | hidden for row in rows], (*shown, *FILLED), codebook)


def _list_once(engine: sa.Engine, wanting: int | None) -> Iterator[Mapping[str, Any]]:
    """Yield passages of the queue; one that was drawn twice stands there twice."""
    passages = list_queue(engine, wanting=wanting, samples=True)
    yield from {passage["id"]: passage for passage in passages}.values()


def _make_row(passage: Mapping[str, Any]) -> Row:
    """Return the row of a passage, or of a paper, with nothing filled in."""
    row = _EMPTY | {
        "hit_id": passage["id"],
        "paper_id": passage["paper"],
        "file": passage["file"],
        "title": passage["record_title"] or "",
        "year": passage["record_year"] or "",
    }
    if not passage["id"]:
        return row
    signs = [
        f"{sign['kind']}: {sign['text']} (page {sign['page']})" for sign in passage["mitigating"]
    ]
    told = ("page", "section", "passage", "context", "code", "criteria", "score", "reason")
    return row | {name: passage[name] for name in told} | {"mitigating": "; ".join(signs)}


def _fill(verdict: Verdict) -> Row:
    return {
        "judged_criteria": list(verdict.criteria),
        "judged_mitigating": verdict.mitigating,
        "note": verdict.note,
    }


def _fill_paper(verdict: Verdict) -> Row:
    code = "" if verdict.code is None else verdict.code
    return {"paper_judgement": code, "out_of_scope": verdict.reason}
