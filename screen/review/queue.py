"""Hand out papers: in the order of reading, to as many reviewers as are wanted, with leases.

A paper is handed out as a whole, at the place of its first passage that is open, since its passages
are read best together. Who holds it judges its passages and then says what the paper comes to. A
lease that has run out no longer keeps others away; its holder goes on if nobody took the place.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any

import sqlalchemy as sa

from screen.review.paper import Paper, Task, Turn
from screen.study.database import make_upsert
from screen.study.reading_list import is_handed_out, is_in_scope
from screen.study.schema import drawn, hits, leases, orders, ranks, skips, tallies, verdicts
from screen.study.verdicts import STANDS, have_judged

# How many places of the queue are looked at in one go.
_BATCH = 20

# The statements are put together once: that takes longer than to execute them.
_me, _now = sa.bindparam("me", type_=sa.String), sa.bindparam("now", type_=sa.Float)
_wanted = sa.bindparam("wanted", type_=sa.Integer)
_round = sa.bindparam("round", type_=sa.Integer)
_HELD = (
    sa.select(leases.c.paper)
    .where(leases.c.reviewer == _me, leases.c.round == _round, is_handed_out(leases.c.paper))
    .order_by(leases.c.expires.desc(), leases.c.paper)
)
# In an update a name may not be that of a column.
_own_lease = sa.and_(
    leases.c.paper == sa.bindparam("on_paper", type_=sa.String),
    leases.c.reviewer == _me,
    leases.c.round == sa.bindparam("in_round", type_=sa.Integer),
)
_RELEASE = leases.delete().where(_own_lease)


def hand_out(turn: Turn, begun: Paper | None = None) -> Task | None:
    """Return what a reviewer is to judge next, and note that it is in the reviewer's hands.

    First what is left of the paper just `begun`, then what else the reviewer has begun, then the
    first paper of the order of reading that still wants reviewers, then what was put aside, then
    papers that want a verdict as a whole.
    """
    others = chain(_walk(turn), _walk_skipped(turn), _walk_unsettled(turn))
    return _find_next(turn, 1, Paper.find_first_open, begun, others)


def hand_out_dispute(turn: Turn, begun: Paper | None = None) -> Task | None:
    """Return what an adjudicator, who judged none of the paper, is to decide next.

    First what is left of the paper just `begun`, then what else the adjudicator has begun, then
    what is disputed, then papers that may no longer be what was decided on their passages.
    """
    return _find_next(turn, 2, Paper.find_first_disputed, begun, _walk_disputed(turn))


def _find_next(
    turn: Turn,
    round_: int,
    find: Callable[[Paper], Task | None],
    begun: Paper | None,
    others: Iterable[str],
) -> Task | None:
    """Hand out what there is to `find` first: in the paper `begun`, in those in hand, in others."""
    if begun is not None:
        task = find(begun)
        if task is not None:
            return hold(turn, task, begun)
        _release(turn, begun.sha256, round_)
    for sha256 in _list_held(turn, round_):
        paper = turn.read(sha256)
        task = find(paper)
        if task is not None:
            return hold(turn, task, paper)
        _release(turn, sha256, round_)
    for sha256 in others:
        paper = turn.read(sha256)
        task = find(paper)
        if task is not None:
            return hold(turn, task, paper)
    return None


def put_aside(turn: Turn, paper: str) -> None:
    """Let a paper come last for a reviewer, and others have it."""
    same = sa.and_(skips.c.paper == paper, skips.c.reviewer == turn.reviewer)
    turn.connection.execute(skips.delete().where(same))
    row = {"paper": paper, "reviewer": turn.reviewer, "at": turn.now}
    turn.connection.execute(skips.insert().values(row))
    _release(turn, paper, 1)


def renew(turn: Turn) -> None:
    """Let the leases that a reviewer holds begin anew."""
    mine = sa.and_(leases.c.reviewer == turn.reviewer, leases.c.expires > turn.now)
    turn.connection.execute(leases.update().where(mine).values(expires=turn.now + turn.lease))


def hold(turn: Turn, task: Task, paper: Paper | None = None) -> Task:
    """Note that a paper is in a reviewer's hands, and return the task.

    Of a `paper` whose lease has only begun nothing need be noted.
    """
    if paper is not None and paper.find_expiry(task.round) - turn.now > 0.9 * turn.lease:
        return task
    row = {"paper": task.paper, "reviewer": turn.reviewer, "round": task.round}
    upsert = make_upsert(turn.connection.dialect.name, leases)
    turn.connection.execute(upsert, {**row, "expires": turn.now + turn.lease})
    return task


def _release(turn: Turn, paper: str, round_: int) -> None:
    mine = {"on_paper": paper, "me": turn.reviewer, "in_round": round_}
    turn.connection.execute(_RELEASE, mine)


def _list_held(turn: Turn, round_: int) -> list[str]:
    """Return the papers that a reviewer has begun, also those whose lease has run out."""
    return list(turn.connection.scalars(_HELD, {"me": turn.reviewer, "round": round_}))


def _walk(turn: Turn) -> Iterator[str]:
    """Yield papers of the queue that may want a reviewer, in the order of reading.

    By what the tallies say, so that only few need a closer look; then those without a place.
    """
    placed, rest = _find_wanting()
    asked = {"me": turn.reviewer, "now": turn.now, "wanted": turn.wanted, "last": -1}
    while rows := turn.connection.execute(placed, asked).all():
        yield from dict.fromkeys(row.paper for row in rows if row.is_wanting)
        asked["last"] = rows[-1].place
    yield from dict.fromkeys(turn.connection.scalars(rest, asked))


@cache
def _find_wanting() -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Return the queries for passages that may want a reviewer: of those with a place, the others.

    The first gives some after the place `last`, and whether their papers too may want one: they are
    looked up for these few alone.
    """
    in_force = sa.select(sa.func.max(orders.c.number)).where(orders.c.ready.is_(True))
    current = ranks.c.order == in_force.scalar_subquery()
    some = (
        sa.select(ranks.c.place, ranks.c.hit)
        .where(current, ranks.c.place > sa.bindparam("last", type_=sa.Integer))
        .where(*_wanting_passages(ranks.c.hit))
        .order_by(ranks.c.place)
        .limit(_BATCH)
        .subquery()
    )
    stands_for = sa.select(sa.func.min(drawn.c.paper)).where(drawn.c.id == some.c.hit)
    paper = sa.func.coalesce(hits.c.paper, stands_for.correlate(some).scalar_subquery())
    home = (
        sa.select(some.c.place, paper.label("paper"))
        .select_from(some.outerjoin(hits, hits.c.id == some.c.hit))
        .subquery()
    )
    is_wanting = sa.and_(home.c.paper.is_not(None), *_wanting_papers(home.c.paper))
    placed = sa.select(home.c.place, home.c.paper, is_wanting.label("is_wanting"))
    rest = (
        sa.select(hits.c.paper)
        .where(hits.c.id.not_in(sa.select(ranks.c.hit).where(current)))
        .where(*_wanting_passages(hits.c.id), *_wanting_papers(hits.c.paper))
        .order_by(hits.c.score.desc(), hits.c.id)
    )
    return placed.order_by(home.c.place), rest


# The conditions under which a passage may want the asking reviewer name sets rather than ask of
# each passage: a database makes each set once.
_MINE = sa.and_(verdicts.c.reviewer == _me, verdicts.c.round == 1, STANDS)
_ENOUGH = have_judged(_wanted)


def _wanting_passages(hit: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[bool], ...]:
    done = sa.select(tallies.c.hit).where(tallies.c.hit != "", _ENOUGH)
    own = sa.select(verdicts.c.hit).where(verdicts.c.hit.is_not(None), _MINE)
    return hit.not_in(done), hit.not_in(own)


def _wanting_papers(paper: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[bool], ...]:
    done = sa.select(tallies.c.paper).where(tallies.c.hit == "", _ENOUGH)
    own = sa.select(verdicts.c.paper).where(verdicts.c.hit.is_(None), _MINE)
    full = (
        sa.select(leases.c.paper)
        .where(leases.c.reviewer != _me, leases.c.round == 1, leases.c.expires > _now)
        .group_by(leases.c.paper)
        .having(sa.func.count() >= _wanted)
    )
    aside = sa.select(skips.c.paper).where(skips.c.reviewer == _me)
    wanting = (paper.not_in(papers) for papers in (done, own, full, aside))
    return (*wanting, is_handed_out(paper))


def _walk_skipped(turn: Turn) -> Iterator[str]:
    """Yield what the reviewer put aside, the first first."""
    mine = sa.select(skips.c.paper).where(
        skips.c.reviewer == turn.reviewer, is_handed_out(skips.c.paper)
    )
    yield from turn.connection.scalars(mine.order_by(skips.c.at, skips.c.paper)).all()


def _walk_disputed(turn: Turn) -> Iterator[str]:
    """Yield papers of which something is in dispute, then those of which passages were decided."""
    disputed = sa.select(tallies.c.paper).where(
        tallies.c.disputed.is_(True), tallies.c.round == 1, tallies.c.judged >= turn.wanted
    )
    whole = sa.select(tallies.c.paper).where(tallies.c.hit == "", tallies.c.round > 1)
    decided = sa.select(tallies.c.paper).where(
        tallies.c.round > 1, tallies.c.hit != "", tallies.c.paper.not_in(whole)
    )
    for query in (disputed, decided):
        query = query.where(is_in_scope(tallies.c.paper))
        yield from turn.connection.scalars(query.distinct().order_by(tallies.c.paper)).all()


def _walk_unsettled(turn: Turn) -> Iterator[str]:
    """Yield papers without enough verdicts on the whole: drawn ones, and those begun by anybody.

    Their passages may have been judged in a file, or by somebody who left.
    """
    settled = sa.select(tallies.c.paper).where(tallies.c.hit == "", _ENOUGH)
    begun = sa.select(tallies.c.paper).where(tallies.c.judged > 0)
    found = sa.union(sa.select(drawn.c.paper), begun).subquery()
    query = sa.select(found.c.paper).where(
        found.c.paper.not_in(settled), is_handed_out(found.c.paper)
    )
    yield from turn.connection.scalars(query.order_by(found.c.paper), {"wanted": turn.wanted})
