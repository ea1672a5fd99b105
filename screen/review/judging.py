"""What a reviewer does: judge, take back, look at what was judged; all of it on the record."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from screen.errors import ReviewError
from screen.review.paper import Paper, Task, Turn
from screen.review.queue import hold
from screen.study.schema import drawn, hits, reveals, verdicts
from screen.study.verdicts import OUT_OF_SCOPE, STANDS, Row, record
from screen.types import Verdict

_LONGEST_NOTE = 4000
_LONGEST_KEY = 64
# In the key of a verdict that was restored by taking back the one after it: between the number of
# the one that it repeats, and the number of the one taken back.
_RESTORED = ":"


@dataclass(frozen=True, slots=True)
class Said:
    """What a reviewer said: `code`, or for a paper the `reason` for which it is out of scope.

    `shown` is the number of the reviewer's own verdict that was in force on the page, None for
    none; `key` names this act of judging.
    """

    code: int | None
    reason: str
    criteria: tuple[str, ...]
    mitigating: bool
    note: str
    key: str
    shown: int | None


def read_said(form: Mapping[str, list[str]], criteria: Collection[str], *, whole: bool) -> Said:
    """Read what a page sent. Raises ReviewError for what no page of ours sends."""
    said = form.get("judgement", [""])[0]
    code = {"2": 2, "1": 1, "0": 0}.get(said)
    if code is None and not (whole and said in OUT_OF_SCOPE):
        raise ReviewError("no_code")
    ticked = tuple(name for name in criteria if name in form.get("criteria", []))
    if set(form.get("criteria", [])) - set(ticked):
        raise ReviewError("no_code")
    shown = form.get("shown", [""])[0]
    if (shown and not shown.isdecimal()) or len(shown) > 18:
        raise ReviewError("no_code")
    key = form.get("key", [""])[0][:_LONGEST_KEY]
    if _RESTORED in key:
        raise ReviewError("no_code")
    note = form.get("note", [""])[0].replace("\r\n", "\n").replace("\x00", "").strip()
    return Said(
        code=code,
        reason=said if code is None else "",
        criteria=ticked,
        mitigating="mitigating" in form,
        note=note[:_LONGEST_NOTE],
        key=key,
        shown=int(shown) if shown else None,
    )


def judge(turn: Turn, task: Task, said: Said, *, hidden: bool, paper: Paper | None = None) -> int:
    """Append a verdict and return its number; sent twice, while it stands, it is one verdict.

    `paper`, if it was read in this turn, is told of it.

    `hidden` says that the study hides the program's reading until the verdict; the verdict is blind
    if it was not shown to the reviewer before.

    Raises ReviewError if the reviewer's own verdict is another one than the page showed (as after
    judging in a second window), if others have the passage, if it can no longer be changed, or if
    there is no such passage or paper.
    """
    paper = paper or Paper(turn, task.paper)
    if not paper.passages or task.hit not in (*paper.passages, None):
        raise ReviewError("no_such_passage")
    for row in paper.told.get((task.paper, task.hit), []):
        if said.key and (row["key"], row["reviewer"]) == (said.key, turn.reviewer):
            stands = paper.find_own(task.hit, row["round"])
            if not _is_same(row, said) or stands is None or stands["id"] != row["id"]:
                raise ReviewError("changed_elsewhere")
            return int(row["id"])
    check(paper, task, said.shown)
    pack, model = paper.find_origin(task.hit)
    verdict = Verdict(
        hit=task.hit,
        paper=task.paper,
        reviewer=turn.reviewer,
        code=said.code,
        round=task.round,
        criteria=said.criteria,
        mitigating=said.mitigating,
        reason=said.reason,
        note=said.note,
        pack=pack,
        model=model,
        blind=hidden and not paper.was_shown(task.hit),
        key=said.key or None,
    )
    try:
        [number] = record(turn.connection, [verdict], paper.told)
    except sa.exc.IntegrityError:
        # The key names another act of judging.
        raise ReviewError("no_code") from None
    paper.stand()
    return number


def _is_same(row: Mapping[str, Any], said: Said) -> bool:
    """Tell whether a verdict says just what was said."""
    same = ("code", "reason", "mitigating", "note")
    return tuple(row["criteria"]) == said.criteria and all(
        row[name] == getattr(said, name) for name in same
    )


def note_shown(turn: Turn, hit: str) -> None:
    """Note that a reviewer is being shown what the program makes of a passage."""
    same = sa.and_(reveals.c.hit == hit, reveals.c.reviewer == turn.reviewer)
    if not turn.connection.scalar(sa.select(sa.func.count()).where(same)):
        row = {"hit": hit, "reviewer": turn.reviewer, "at": turn.now}
        turn.connection.execute(reveals.insert().values(row))


def check(paper: Paper, task: Task, shown: int | None) -> None:
    """Raise ReviewError unless the asking reviewer may judge a task as it was shown."""
    own = paper.find_own(task.hit, task.round)
    if (own["id"] if own else None) != shown:
        raise ReviewError("changed_elsewhere")
    if own is not None:
        if not paper.may_change(task.hit, task.round):
            raise ReviewError("locked")
    elif task.round == 1:
        if not paper.is_open(task.hit):
            raise ReviewError("taken")
    elif paper.has_judged():
        raise ReviewError("own_dispute")
    elif not paper.may_decide(task.hit):
        raise ReviewError("decided")
    elif paper.is_with_another(2):
        raise ReviewError("taken")


def take_back(turn: Turn, since: float) -> Task:
    """Withdraw the last verdict of a reviewer since a time (seconds since 1970); hand it out again.

    What it had superseded stands again, and may be taken back in its turn. It is not handed out if
    others have taken the paper in hand since. Verdicts that came in files are left alone.

    Raises ReviewError if there is none, or if it can no longer be taken back.
    """
    earliest = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
    fresh = _list_standing(turn).where(verdicts.c.key.is_not(None), verdicts.c.at >= earliest)
    last = max(map(dict, turn.connection.execute(fresh).mappings()), key=_find_act, default=None)
    if last is None:
        raise ReviewError("nothing_to_undo")
    task = Task(last["paper"], last["hit"], last["round"])
    paper = Paper(turn, task.paper)
    told = {row["id"]: row for row in paper.told[task.paper, task.hit]}
    act = told[_find_act(last)]
    if act["at"] < earliest:
        raise ReviewError("nothing_to_undo")
    if not paper.may_change(task.hit, task.round):
        raise ReviewError("locked")
    before = told.get(act["supersedes"])
    record(turn.connection, [_make_undoing(last, before)], paper.told)
    paper.stand()
    left = paper.find_first_open() if task.round == 1 else paper.find_first_disputed()
    if left is not None:
        hold(turn, task)
    return task


def _find_act(row: Row) -> int:
    """Return the number of the verdict that a verdict given on a page repeats, or its own."""
    repeated, is_restored, _ = row["key"].partition(_RESTORED)
    return int(repeated if is_restored else row["id"])


def _make_undoing(last: Row, before: Row | None) -> Verdict:
    """Return the verdict that puts things as they were before the last one.

    That says again what it superseded, or withdraws it.
    """
    said = before if before and not before["withdrawn"] else None
    names = ("code", "criteria", "mitigating", "reason", "note", "pack", "model", "blind")
    values = {name: (said or last)[name] for name in names}
    values["criteria"] = tuple(values["criteria"])
    if said is not None and said["key"]:
        values["key"] = f"{_find_act(said)}{_RESTORED}{last['id']}"
    if said is None:
        values |= {"code": None, "criteria": (), "mitigating": False, "reason": "", "note": ""}
    whose = {name: last[name] for name in ("hit", "paper", "reviewer", "round")}
    return Verdict(**whose, **values, withdrawn=said is None)


def find_last_standing(
    turn: Turn, before: int | None = None, after: int | None = None
) -> Row | None:
    """Return a reviewer's last verdict that stands, or the one next to a verdict by its number.

    Those on what a later run took away cannot be shown, and are passed over.
    """
    there = (
        sa.exists().where(
            table.c.paper == verdicts.c.paper,
            sa.or_(verdicts.c.hit.is_(None), table.c.id == verdicts.c.hit),
        )
        for table in (hits, drawn)
    )
    query = _list_standing(turn).where(sa.or_(*there))
    if before is not None:
        query = query.where(verdicts.c.id < before)
    if after is not None:
        query = query.where(verdicts.c.id > after)
    order = verdicts.c.id if after is not None else verdicts.c.id.desc()
    row = turn.connection.execute(query.order_by(order).limit(1)).mappings().first()
    return dict(row) if row is not None else None


def _list_standing(turn: Turn) -> sa.Select[Any]:
    return sa.select(verdicts).where(verdicts.c.reviewer == turn.reviewer, STANDS)


def propose(turn: Turn, paper: Paper, round_: int) -> tuple[int | None, tuple[str, ...]]:
    """Return what a paper comes to by the verdicts on its passages: the highest code, the criteria.

    Those of the asking reviewer in the first round; of the other passages, and for an adjudicator
    of all, those in force that may be told. None if there is nothing to go by.
    """
    told = []
    for hit in paper.passages:
        standing = paper.standing.get(hit, {})
        own = standing.get((1, turn.reviewer)) if round_ == 1 else None
        if own is not None:
            told.append(own)
        elif standing and paper.is_told(hit, round_):
            last = max(round_ for round_, _ in standing)
            told += [row for (round_, _), row in standing.items() if round_ == last]
    codes = [row["code"] for row in told if row["code"] is not None]
    if not codes:
        return None, ()
    found = {name for row in told if row["code"] == max(codes) for name in row["criteria"]}
    return max(codes), tuple(sorted(found))
