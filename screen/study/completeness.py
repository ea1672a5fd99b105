"""How far a screening has come: what was judged, whether to stop, what may have been missed."""

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from screen.rank.stopping import StoppingTest, check_stopping
from screen.settings import Stopping
from screen.study.folder import Study
from screen.study.orders import Order, read_last
from screen.study.queries import count_everything
from screen.study.reading_list import is_read_itself, list_excluded
from screen.study.samples import (
    SampleResult,
    count_open,
    find_works,
    judge_sample,
    read_samples,
)
from screen.study.schema import hits
from screen.study.verdicts import Judgements, read_judgements


@dataclass(frozen=True, slots=True)
class Completeness:
    """The state of a screening, as `status`, exports and reports tell it.

    `judged` and `disputed` count passages, `papers_found` the papers settled at `code` or above
    (with their copies as one),
    `papers_flagged_unjudged` those that are flagged and not settled. `sample` is the last sample,
    the only one whose bound is given.
    """

    code: int
    verdicts: int
    judged: int
    disputed: int
    papers_found: int
    papers_flagged_unjudged: int
    unscreened: int
    order: Order | None
    stopping: StoppingTest
    samples: int
    sample: SampleResult | None

    @property
    def recall_at_least(self) -> float | None:
        """The lower bound of the recall of the screening, if a sample gives one."""
        elusion = self.sample.elusion if self.sample else None
        return elusion.recall_at_least if elusion else None

    @property
    def statement(self) -> str:
        """Say in words what is known of recall, and what was not screened."""
        return " ".join(part for part in (self._tell_recall(), *self._tell_apart()) if part)

    def _tell_recall(self) -> str:
        sample = self.sample
        if sample is None:
            return "Recall is unknown: no sample of the unflagged papers was drawn."
        told = f"{sample.drawn} papers drawn from {sample.population} unflagged"
        if sample.elusion is None:
            return f"Recall is unknown: of {told}, {sample.judged} are judged."
        bound = sample.elusion
        wanted = "code 2" if self.code == 2 else "code 1 or 2"
        missed = f"{bound.relevant} of {told} {'is' if bound.relevant == 1 else 'are'} {wanted}"
        if bound.recall_at_least is None:
            return f"Nothing was found, and nothing can be missing: {missed}."
        left = f"; {bound.open} flagged papers that are not settled count as missed"
        return (
            f"Recall of the screening is at least {bound.recall_at_least:.3f} "
            f"({bound.confidence:.0%} confidence, one-sided, exact): {bound.found} papers of "
            f"{wanted} found; {missed}, so that at most {bound.missed_at_most} were missed"
            f"{left if bound.open else ''}."
        )

    def _tell_apart(self) -> list[str]:
        told = []
        bound = self.sample.elusion if self.sample else None
        if self.papers_flagged_unjudged and not bound:
            told.append(f"{self.papers_flagged_unjudged} flagged papers are not settled.")
        if self.sample and self.sample.uncovered:
            told.append(
                f"{self.sample.uncovered} unflagged papers were not there when the sample was "
                "drawn and are not covered."
            )
        if self.samples > 1:
            told.append(f"This is the last of {self.samples} samples.")
        told.append(f"Unscreened and in no figure: {self.unscreened} papers or files.")
        return told

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        row = asdict(self)
        row["stopping"]["may_stop"] = self.stopping.may_stop
        return {**row, "recall_at_least": self.recall_at_least, "statement": self.statement}


def measure_completeness(
    study: Study, engine: sa.Engine, judgements: Judgements | None = None
) -> Completeness:
    """Return how far a screening has come, by the study's settings.

    `judgements`, if they were read already, need not be read again.
    """
    rule = study.settings.stopping
    if judgements is None:
        judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    drawn = read_samples(study)
    found = judgements.find_papers(rule.code) - list_excluded(engine).keys()
    return Completeness(
        code=rule.code,
        verdicts=judgements.count,
        judged=len(judgements.hits),
        disputed=sum(x.disputed and not x.pending for x in judgements.hits.values()),
        papers_found=len(find_works(engine, found)),
        papers_flagged_unjudged=count_open(engine, judgements, rule.code),
        unscreened=count_everything(engine)["unscreened"],
        order=read_last(study),
        stopping=_check_queue(engine, judgements, rule),
        samples=len(drawn),
        sample=(
            judge_sample(engine, drawn[-1], judgements, rule.code, rule.confidence)
            if drawn
            else None
        ),
    )


def _check_queue(engine: sa.Engine, judgements: Judgements, rule: Stopping) -> StoppingTest:
    """Apply the stopping test to the passages of the queue, in the order of their reading.

    Once with what reviewers disagree on as relevant, once without: the test that is less for
    stopping counts. Neither is always that one.
    """
    read, total = list_read(engine, judgements, rule.code)
    tests = [
        check_stopping(found, total, rule.recall, rule.confidence)
        for found in ([item.highest for item in read], [item.agreed for item in read])
    ]
    return max(tests, key=lambda test: (not test.may_stop, test.p_value))


@dataclass(frozen=True, slots=True)
class Read:
    """Whether a passage that was read is relevant: by anybody (`highest`), or as all agree."""

    highest: bool
    agreed: bool


def list_read(engine: sa.Engine, judgements: Judgements, code: int) -> tuple[list[Read], int]:
    """Return for each passage of the queue that was read whether it is of `code` or above.

    In the order in which they were read; and how many passages the queue has. A passage is read
    once as many have judged it as the study asks for. A paper out of scope has nothing relevant. A
    verdict on a whole paper is one on all its passages that have none: at the wanted code its first
    one in the order of their scores counts as relevant. What was drawn by a sample is no part of
    the queue.
    """
    with engine.connect() as connection:
        query = sa.select(hits.c.id, hits.c.paper).where(is_read_itself(hits.c.paper))
        asked = connection.execute(query.order_by(hits.c.score.desc(), hits.c.id))
        queue = {hit: paper for hit, paper in asked}  # noqa: C416 - rows are no pairs for dict()
    read = []
    counted = set()
    for hit, paper in queue.items():
        own, whole = judgements.hits.get(hit), judgements.papers.get(paper)
        if whole is not None and whole.is_settled and whole.code is None:
            read.append((own.first if own else whole.first, hit, Read(False, False)))
        elif own is not None and not own.pending:
            told = Read(own.highest >= code, own.code is not None and own.code >= code)
            read.append((own.first, hit, told))
        elif whole is not None and not whole.pending:
            first = paper not in counted
            agreed = whole.code is not None and whole.code >= code
            read.append((whole.first, hit, Read(first and whole.highest >= code, first and agreed)))
            counted.add(paper)
    return [item for _, _, item in sorted(read, key=lambda row: row[:2])], len(queue)
