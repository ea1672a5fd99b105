"""What a simulated screening reads: judged passages, each by itself."""

from collections.abc import Sequence

from screen.match.afind import Targets, choose, join_pages, judge
from screen.match.cascade import Cascade
from screen.rank.features import Describer, Passage
from screen.rank.gold import Gold
from screen.rank.simulate import Item
from screen.settings import Published
from screen.types import Answer, Page


def read_passage_items(
    cascade: Cascade, gold: Sequence[Gold], targets: Targets | None
) -> list[Item]:
    """Return judged passages as items; with target phrases also as the published search has them.

    Items are told apart by their place where their ids do not do it.
    """
    describer = Describer()
    once = len({item.id for item in gold}) == len(gold)
    items = []
    for number, item in enumerate(gold, start=1):
        passage = describer.describe_text(cascade, item.text)
        items.append(
            Item(
                item.id if once else f"{item.id} #{number}",
                item.code,
                (passage,),
                (item.text,),
                _score(passage),
                _search(targets, item) if targets else None,
            )
        )
    return items


def _score(passage: Passage) -> float:
    """Return the pack's code and score of a passage, the code counting more; -1 without a hit."""
    if "no hit" in passage.evidence:
        return -1.0
    code = next(c for c in (2, 1, 0) if f"code {c}" in passage.evidence)
    return code + min(passage.evidence["score"], 0.999)


def _search(targets: Targets, item: Gold) -> float:
    joined = join_pages([Page(item.id, 1, item.text, "text", 1.0)])
    said = choose(judge(targets.find_best(joined.text), joined, Published(), item.id))
    return rank_as_published(said)


def rank_as_published(said: Answer) -> float:
    """Return a number by which the published search ranks: the flagged first, then the nearest."""
    return float(said.flagged) + 1 - min(said.window.distance, 1.0)
