"""The published search as a ranker: what it makes of passages and papers that people judged.

It gives no codes, it flags or does not; a flag counts as positive at every cut.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from screen.match.afind import Targets, choose, join_pages, judge
from screen.rank.evaluate import Judged, judge_papers
from screen.rank.gold import Gold
from screen.settings import Published
from screen.types import Page

FLAGGED, NOT_FLAGGED = 2, 0


def judge_passages_as_published(
    targets: Targets, rule: Published, gold: Iterable[Gold]
) -> Iterator[Judged]:
    """Yield what the published search makes of each passage, read by itself."""
    for item in gold:
        joined = join_pages([Page(item.id, 1, item.text, "text", 1.0)])
        said = choose(judge(targets.find_best(joined.text), joined, rule, item.id))
        reason = _tell(rule, said.flagged, said.window.distance, said.window.target)
        yield Judged(item, FLAGGED if said.flagged else NOT_FLAGGED, reason)


def judge_papers_as_published(
    papers: Iterable[Mapping[str, Any]], rule: Published, gold: Iterable[Gold]
) -> list[Judged]:
    """Return what the published search made of each paper of a study that was judged.

    `papers` are as in `judge_papers`, with `published_flagged`, `published_distance` and
    `published_target`. Raises GoldError as that does.
    """
    return judge_papers((_as_published(paper, rule) for paper in papers), gold)


def _as_published(paper: Mapping[str, Any], rule: Published) -> Mapping[str, Any]:
    flagged, distance = paper["published_flagged"], paper["published_distance"]
    if distance is None:
        return {**paper, "code": NOT_FLAGGED}
    reason = _tell(rule, flagged, distance, paper["published_target"])
    return {**paper, "code": FLAGGED if flagged else NOT_FLAGGED, "reason": reason}


def _tell(rule: Published, flagged: bool, distance: float, target: str) -> str:
    return f"published search: {rule.tell(flagged, distance, target)}"
