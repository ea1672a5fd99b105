"""The page on which a passage, or a paper, is judged: what is on it and for whom."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from screen.review.judging import Said, note_shown, propose
from screen.review.paper import Paper, Task
from screen.review.web import Call
from screen.study.copies.groups import list_like
from screen.study.queries import find_passage
from screen.study.verdicts import OUT_OF_SCOPE


@dataclass(frozen=True, slots=True)
class Stand:
    """How a reviewer stands to what is shown.

    `own` is the verdict of the reviewer that stands. `may_judge` says that a form is shown,
    `hidden` that what the program makes of it is not, `others` are the verdicts that may be seen,
    `named` whether with the names of those who gave them.
    """

    own: Mapping[str, Any] | None
    may_judge: bool
    hidden: bool
    others: list[Mapping[str, Any]]
    named: bool


def show_task(
    call: Call,
    task: Task | None,
    place: str,
    *,
    saved: str = "",
    problem: str = "",
    said: Said | None = None,
    paper: Paper | None = None,
) -> Response:
    """Show what is to be judged or was judged; without a task that there is nothing left.

    `saved` tells what was done, `problem` why a verdict was not taken, with what was `said`; a
    `paper` that was just read need not be read again.
    """
    common: dict[str, Any] = {
        "place": place,
        "saved": saved,
        "problem": problem,
        "counts": call.desk.count(),
    }
    if task is None:
        return call.show("done.html", **common)
    with call.desk.look(call.account.name) as turn:
        if paper is None or paper.sha256 != task.paper:
            paper = Paper(turn, task.paper)
        # A paper is shown with all its passages, and its first one's page.
        wanted = [task.hit] if task.hit is not None else paper.passages
        found = [find_passage(turn.connection, hit) for hit in wanted]
        passages = [passage for passage in found if passage is not None]
        if not passages:
            return call.tell(404, "no_such_passage")
        stand = _find_stand(call, paper, task)
        proposal = propose(turn, paper, task.round)
        copies = list_like(turn.connection, task.paper)
    values = {
        **common,
        "task": task,
        "paper": paper,
        "passage": passages[0],
        "stand": stand,
        "draft": _make_draft(stand, said, proposal if task.hit is None else (None, ())),
        "proposal": proposal,
        "copies": copies,
        "key": secrets.token_urlsafe(12),
        "criteria": call.desk.pack.manifest.criteria,
        "signs": call.desk.pack.manifest.signs,
        "reasons": OUT_OF_SCOPE,
    }
    status = 409 if problem else 200
    if task.hit is None:
        return call.show("paper.html", status, passages=passages, **values)
    # Also to who may not judge: roles change.
    if not stand.hidden and call.desk.rules.is_blind:
        with call.desk.turn(call.account.name) as turn:
            note_shown(turn, task.hit)
    reader = call.desk.reader
    number = paper.passages.index(task.hit) + 1
    blocks, events = reader.show_section(passages[0]), reader.list_events(passages[0])
    return call.show("passage.html", status, blocks=blocks, events=events, number=number, **values)


def _judges(call: Call) -> bool:
    return call.account.may("judge") or call.account.may("adjudicate")


def _find_stand(call: Call, paper: Paper, task: Task) -> Stand:
    own = paper.find_own(task.hit, task.round)
    if task.round > 1:
        decides = paper.may_decide(task.hit) and not paper.is_with_another(2)
        may = call.account.may("adjudicate") and (own is not None or decides)
    elif own is not None:
        may = call.account.may("judge") and paper.may_change(task.hit, 1)
    else:
        may = call.account.may("judge") and paper.is_open(task.hit)
    complete = paper.is_complete(task.hit)
    waits = may or (_judges(call) and not complete)
    hidden = call.desk.rules.is_blind and own is None and waits
    told = paper.standing.get(task.hit, {}) if paper.is_told(task.hit, task.round) else {}
    others = [row for row in told.values() if row is not own]
    others.sort(key=lambda row: (row["round"], hash_of(task, row["reviewer"])))
    named = not (call.account.may("adjudicate") and paper.may_decide(None))
    return Stand(own, may, hidden, others, named)


def hash_of(task: Task, reviewer: str) -> str:
    """Return what puts reviewers in an order that tells nothing of who they are."""
    return hashlib.sha256(f"{task.paper} {task.hit} {reviewer}".encode()).hexdigest()


def _make_draft(
    stand: Stand, said: Said | None, proposal: tuple[int | None, tuple[str, ...]]
) -> dict[str, Any]:
    """Return what the form begins with: what was said and not taken, or the verdict to change."""
    if said is not None:
        return {"criteria": said.criteria, "mitigating": said.mitigating, "note": said.note}
    if stand.own is not None:
        names = ("criteria", "mitigating", "note")
        return {name: stand.own[name] for name in names}
    return {"criteria": proposal[1], "mitigating": False, "note": ""}
