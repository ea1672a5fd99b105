"""What the workbench works with: the study, its database, its pack, its texts and pictures."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from screen.match.packs import find_pack, load_pack
from screen.review.access import Account, has_accounts
from screen.review.learning import Learner
from screen.review.pages import PagePictures, find_source
from screen.review.paper import Turn
from screen.review.passages import Glossary, Reader, Texts
from screen.settings import Review
from screen.study.database import write
from screen.study.folder import Study
from screen.study.queries import items
from screen.study.reading_list import is_handed_out
from screen.study.schema import tallies
from screen.study.verdicts import have_judged

# How long counts of the whole study are good for, in seconds.
_COUNTS_LAST = 0.5


class Desk:
    """One study on the desk. `alone` is who sits there if nobody has an account, else None."""

    def __init__(
        self,
        study: Study,
        engine: sa.Engine,
        reviewer: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.study = study
        self.engine = engine
        self.alone = None if has_accounts(engine) else Account(reviewer, "admin")
        self.clock = clock
        self.pack = load_pack(find_pack(study.settings.pack, study.folder))
        self.texts = Texts(study)
        self.reader = Reader(self.texts, Glossary(self.pack))
        self.pictures = PagePictures()
        self._learner = Learner(study, engine)
        self._given = 0
        self._counts: tuple[float, Mapping[str, int]] = (0.0, {})
        self._counting = threading.Lock()

    @property
    def rules(self) -> Review:
        """The settings of the study that concern its review."""
        return self.study.settings.review

    @contextmanager
    def turn(self, reviewer: str) -> Iterator[Turn]:
        """Give a reviewer a turn, in a transaction that writes."""
        with write(self.engine) as connection:
            yield self._make_turn(connection, reviewer)

    @contextmanager
    def look(self, reviewer: str) -> Iterator[Turn]:
        """Give a reviewer a look, in a transaction that only reads."""
        with self.engine.connect() as connection:
            yield self._make_turn(connection, reviewer)

    def _make_turn(self, connection: sa.Connection, reviewer: str) -> Turn:
        wanted, lease = self.rules.reviewers_per_passage, self.rules.lease_minutes * 60
        return Turn(connection, reviewer, wanted, lease, self.clock())

    def find_file(self, shard: int, paper: str) -> Path:
        """Return where the source of a paper is. Raises DocumentError if it is not there."""
        return find_source(self.study, shard, paper)

    def notice(self) -> None:
        """Notice that a verdict was given: now and then the queue learns, and nobody waits."""
        self._given += 1
        every = self.study.settings.learning.every
        if every and self._given % every == 0:
            threading.Thread(target=self._learner.notice, daemon=True).start()

    def count(self) -> Mapping[str, int]:
        """Return how many passages there are, and how many were judged by as many as are wanted."""
        with self._counting:
            at, counts = self._counts
            if self.clock() - at > _COUNTS_LAST:
                counts = self._count()
                self._counts = (self.clock(), counts)
            return counts

    def _count(self) -> dict[str, int]:
        number = sa.select(sa.func.count())
        enough = have_judged(self.rules.reviewers_per_passage)
        every = items()
        passages = sa.select(every).where(is_handed_out(every.c.paper)).subquery()
        done = sa.select(tallies.c.hit).where(enough, tallies.c.hit != "")
        closed = sa.select(tallies.c.paper).where(enough, tallies.c.hit == "")
        judged = number.select_from(passages).where(
            sa.or_(passages.c.id.in_(done), passages.c.paper.in_(closed))
        )
        # A run may have taken passages away that are in dispute.
        there = tallies.c.paper.in_(sa.select(passages.c.paper))
        disputed = number.select_from(tallies).where(enough, tallies.c.disputed.is_(True), there)
        with self.engine.connect() as connection:
            return {
                "passages": connection.scalar(number.select_from(passages)) or 0,
                "judged": connection.scalar(judged) or 0,
                "disputed": connection.scalar(disputed) or 0,
            }

    def close(self) -> None:
        """End what runs beside."""
        self.pictures.close()
        self.engine.dispose()
