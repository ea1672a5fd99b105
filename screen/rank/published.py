"""The published search as a ranker: what it makes of passages and papers that people judged.

It gives no codes, it flags or does not; a flag counts as positive at every cut.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from screen.match.afind import Targets, is_flagged, join_pages
from screen.rank.evaluate import Gold, Judged, judge_papers
from screen.settings import Published
from screen.types import Page

FLAGGED, NOT_FLAGGED = 2, 0


def judge_passages_as_published(
    targets: Targets, rule: Published, gold: Iterable[Gold]
) -> Iterator[Judged]:
    """Yield what the published search makes of each passage, read by itself."""
    for item in gold:
        text = join_pages([Page(item.id, 1, item.text, "text", 1.0)]).text
        windows = targets.find_best(text)
        flagged = any(is_flagged(text, window, rule) for window in windows)
        nearest = min(windows, key=lambda window: window.distance)
        yield Judged(
            item, FLAGGED if flagged else NOT_FLAGGED, _reason(nearest.distance, nearest.target)
        )


def judge_papers_as_published(
    papers: Iterable[Mapping[str, Any]], gold: Iterable[Gold]
) -> list[Judged]:
    """Return what the published search made of each paper of a study that was judged.

    `papers` are as in `judge_papers`, with `published_flagged`, `published_distance` and
    `published_target`. Raises GoldError as that does.
    """
    return judge_papers(map(_as_published, papers), gold)


def _as_published(paper: Mapping[str, Any]) -> Mapping[str, Any]:
    distance, target = paper["published_distance"], paper["published_target"]
    return {
        **paper,
        "code": FLAGGED if paper["published_flagged"] else NOT_FLAGGED,
        "reason": paper["reason"] if distance is None else _reason(distance, target),
    }


def _reason(distance: float, target: str) -> str:
    return f"published search: nearest at distance {distance:.3f} to “{target}”"
