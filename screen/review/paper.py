"""One paper under review: who judged what of it, who has it in hand, and what may be done with it.

All rules on that are here; `queue` finds the paper, `judging` writes the verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from screen.study.schema import drawn, hits, leases, orders, ranks, reveals, verdicts
from screen.study.verdicts import Told, find_in_force


@dataclass(frozen=True, slots=True)
class Task:
    """What a reviewer is to judge: a passage, or a whole paper (`hit` None)."""

    paper: str
    hit: str | None
    round: int = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """Who asks for something to judge, and when (seconds since 1970), by the study's rules.

    `wanted` reviewers judge each passage; a lease lasts `lease` seconds.
    """

    connection: sa.Connection
    reviewer: str
    wanted: int
    lease: float
    now: float
    seen: dict[str, "Paper"] = field(default_factory=dict, compare=False, repr=False)

    def read(self, sha256: str) -> "Paper":
        """Return what is known of a paper; it can be had again from what was `seen`."""
        paper = self.seen[sha256] = Paper(self, sha256)
        return paper


# The statements are put together once: that takes longer than to execute them.
_paper, _now = sa.bindparam("paper", type_=sa.String), sa.bindparam("now", type_=sa.Float)
_me = sa.bindparam("me", type_=sa.String)
_LEASE = 2
# Passages of a paper with their places, and leases with their rounds, asked for in one go. A drawn
# passage (source 1) may since have become a hit (source 0).
_PASSAGES_AND_LEASES = sa.union_all(
    *(
        sa.select(
            sa.literal_column(str(source), sa.Integer).label("source"),
            table.c.id.label("name"),
            table.c.page,
            table.c.start,
            table.c.pack,
            sa.select(sa.func.max(orders.c.model))
            .where(orders.c.ready.is_(True), orders.c.number == ranks.c.order)
            .where(ranks.c.hit == table.c.id)
            .scalar_subquery()
            .label("model"),
            sa.exists()
            .where(reveals.c.hit == table.c.id, reveals.c.reviewer == _me)
            .label("is_shown"),
            sa.cast(sa.null(), sa.Integer).label("round"),
            sa.cast(sa.null(), sa.Float).label("expires"),
        ).where(table.c.paper == _paper)
        for source, table in enumerate((hits, drawn))
    ),
    sa.select(
        sa.literal_column(str(_LEASE), sa.Integer),
        leases.c.reviewer,
        sa.cast(sa.null(), sa.Integer),
        sa.cast(sa.null(), sa.Integer),
        sa.null(),
        sa.null(),
        sa.false(),
        leases.c.round,
        leases.c.expires,
    ).where(leases.c.paper == _paper, leases.c.expires > _now),
).order_by("page", "start", "name", "source")
_VERDICTS = sa.select(verdicts).where(verdicts.c.paper == _paper).order_by(verdicts.c.id)


class Paper:
    """What is known of one paper: its passages, who judged them, and who has it in hand."""

    def __init__(self, turn: Turn, paper: str) -> None:
        self._turn = turn
        self.sha256 = paper
        asked = {"paper": paper, "now": turn.now, "me": turn.reviewer}
        self._passages: dict[str, sa.Row[Any]] = {}
        self._held: dict[tuple[int, str], float] = {}
        for row in turn.connection.execute(_PASSAGES_AND_LEASES, asked):
            if row.source == _LEASE:
                self._held[row.round, row.name] = row.expires
            else:
                self._passages.setdefault(row.name, row)
        self.passages = list(self._passages)
        self.told: Told = {}
        for verdict in turn.connection.execute(_VERDICTS, asked).mappings():
            self.told.setdefault((paper, verdict["hit"]), []).append(dict(verdict))
        self.stand()

    def stand(self) -> None:
        """Find anew which verdicts stand, after one was added to what was `told`."""
        self.standing = {hit: find_in_force(said) for (_, hit), said in self.told.items()}

    def find_origin(self, hit: str | None) -> tuple[str, str | None]:
        """Return the pack that found a passage, or the paper's first, and the model that placed it.

        The model is None where none did.
        """
        row = self._passages[self.passages[0] if hit is None else hit]
        return row.pack, row.model

    def was_shown(self, hit: str | None) -> bool:
        """Tell whether the asking reviewer was shown the program's reading of a passage.

        With `hit` None of any of the paper. That is noted when a page shows it in a study that
        hides it: `judging.note_shown`.
        """
        return any(
            row.is_shown for name, row in self._passages.items() if hit is None or name == hit
        )

    def find_expiry(self, round_: int) -> float:
        """Return when the asking reviewer's lease runs out, 0 if there is none."""
        return float(self._held.get((round_, self._turn.reviewer), 0.0))

    def find_own(self, hit: str | None, round_: int) -> Mapping[str, Any] | None:
        """Return the asking reviewer's verdict that stands on a passage or the paper."""
        return self.standing.get(hit, {}).get((round_, self._turn.reviewer))

    def is_open(self, hit: str | None) -> bool:
        """Tell whether the asking reviewer may give a first verdict on a passage, or the paper."""
        done = self._list_done(hit)
        if self._turn.reviewer in done or self._is_decided(hit) or self._has_decided():
            return False
        busy = self._list_holders(1) - done - {self._turn.reviewer}
        return len(done) + len(busy) < self._turn.wanted

    def may_change(self, hit: str | None, round_: int) -> bool:
        """Tell whether the asking reviewer may still change or take back a verdict.

        Where several judge, not once all have: from then on they may know of each other.
        """
        if round_ > 1:
            return True
        others = self._list_done(hit) - {self._turn.reviewer}
        alone = self._turn.wanted == 1 and not others
        return not self._is_decided(hit) and (alone or len(others) + 1 < self._turn.wanted)

    def is_complete(self, hit: str | None) -> bool:
        """Tell whether as many have judged a passage, or the paper, as are wanted."""
        return len(self._list_done(hit)) >= self._turn.wanted or self._is_decided(hit)

    def is_told(self, hit: str | None, round_: int) -> bool:
        """Tell whether what others said of a passage, or the paper, may be shown.

        Once all have judged the whole of it; before, to who decides, and to who judged of it and
        has nothing left but to say what the paper comes to.
        """
        if not self.is_complete(hit):
            return False
        finished = all(map(self.is_complete, (*self.passages, None)))
        left = hit is None or any(map(self._is_left, self.passages))
        return finished or round_ > 1 or (self.has_judged() and not left)

    def find_first_open(self) -> Task | None:
        """Return what the asking reviewer is to judge of this paper next, None for nothing.

        Who begins a paper needs a place at all that is left of it: otherwise those who have it in
        hand could lose theirs.
        """
        left = [hit for hit in self.passages if self._is_left(hit)]
        if left:
            return Task(self.sha256, left[0]) if all(map(self.is_open, left)) else None
        wanted = self.passages and (self.is_open(None) or self._has_drifted())
        return Task(self.sha256, None) if wanted else None

    def _has_drifted(self) -> bool:
        """Tell whether the asking reviewer changed a passage after saying what the paper comes to.

        And so that it no longer is the highest of them: then the paper is asked for again.
        """
        whole = self.find_own(None, 1)
        if whole is None or whole["code"] is None or not self.may_change(None, 1):
            return False
        own = [row for row in (self.find_own(hit, 1) for hit in self.passages) if row]
        later = [row for row in own if row["id"] > whole["id"]]
        return bool(later) and max(row["code"] for row in own) != whole["code"]

    def _is_left(self, hit: str) -> bool:
        return not self.is_complete(hit) and self._turn.reviewer not in self._list_done(hit)

    def find_first_disputed(self) -> Task | None:
        """Return what is disputed first, passages before the paper, for who judged none of it."""
        if self.has_judged() or self.is_with_another(2):
            return None
        for hit in self.passages:
            if self.is_disputed(hit):
                return Task(self.sha256, hit, 2)
        return Task(self.sha256, None, 2) if self.passages and self.may_decide(None) else None

    def is_with_another(self, round_: int) -> bool:
        """Tell whether somebody else has the paper in hand in a round."""
        return bool(self._list_holders(round_) - {self._turn.reviewer})

    def may_decide(self, hit: str | None) -> bool:
        """Tell whether a passage, or the paper, may be decided.

        The paper also while anything in it is disputed, as by calling it out of scope, and once a
        decision on its passages no longer agrees with what was said of it.
        """
        if self.is_disputed(hit):
            return True
        if hit is not None or self._is_decided(None):
            return False
        return any(map(self.is_disputed, self.passages)) or self._was_overtaken()

    def _was_overtaken(self) -> bool:
        """Tell whether passages were decided away from what all said of the paper."""
        whole = self.standing.get(None, {})
        codes = {row["code"] for row in whole.values()}
        if len(codes) != 1 or None in codes:
            return False
        in_force = [
            row
            for standing in map(self.standing.get, self.passages)
            if standing
            for (round_, _), row in standing.items()
            if round_ == max(number for number, _ in standing)
        ]
        decided = any(row["round"] > 1 for row in in_force)
        return decided and {max(row["code"] for row in in_force)} != codes

    def is_disputed(self, hit: str | None) -> bool:
        """Tell whether those who judged a passage, or the paper, differ, and nobody decided."""
        said = {_tell(row) for (r, _), row in self.standing.get(hit, {}).items() if r == 1}
        enough = sum(r == 1 for r, _ in self.standing.get(hit, {})) >= self._turn.wanted
        return enough and len(said) > 1 and not self._is_decided(hit)

    def _has_decided(self) -> bool:
        return any(self.find_own(hit, 2) for hit in (*self.passages, None))

    def has_judged(self) -> bool:
        """Tell whether the asking reviewer judged any of it in the first round."""
        me = (1, self._turn.reviewer)
        return any(me in standing for standing in self.standing.values())

    def _list_done(self, hit: str | None) -> set[str]:
        """Return who judged a passage in the first round, by itself or with its paper."""
        whole = self.standing.get(None, {})
        return {name for round_, name in (*self.standing.get(hit, {}), *whole) if round_ == 1}

    def _list_holders(self, round_: int) -> set[str]:
        return {name for held, name in self._held if held == round_}

    def _is_decided(self, hit: str | None) -> bool:
        return any(
            round_ > 1 for round_, _ in (*self.standing.get(hit, {}), *self.standing.get(None, {}))
        )


def _tell(row: Mapping[str, Any]) -> tuple[int | None, str]:
    return row["code"], row["reason"] if row["code"] is None else ""
