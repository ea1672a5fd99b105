"""Compare the codes that were given with those that people judged right.

The measures are those of screening in systematic reviews. Intervals are exact (Clopper and Pearson
1934) at 95 %. F1 is no proportion, but 2F / (1 + F) of one: F, the share of true positives among
all that is positive in the gold standard or in the findings (Hand, Christen and Kirielle 2021,
"F*: an interpretable transformation of the F-measure"); its interval is that of F, transformed.
Work saved over sampling is (TN + FN) / N - (1 - recall) (Cohen and others 2006).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from scipy.stats import binomtest

from screen.errors import GoldError
from screen.match.cascade import Cascade
from screen.match.criteria import tell_unmet
from screen.rank.gold import CODES, Gold
from screen.text.normalise import clean_pages
from screen.types import Page

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Judged:
    """A passage or paper with the code that it was given, and why.

    `given` is None for a paper that could not be screened: it is no negative, and in no measure.
    """

    gold: Gold
    given: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its exact 95 % interval; `value` and bounds are None where nothing counts."""

    value: float | None
    low: float | None
    high: float | None
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Measures:
    """How well one cut between positive and negative does: `code` and above is positive."""

    code: int
    recall: Share
    precision: Share
    f1: Share
    to_read: int
    work_saved: float | None
    work_saved_over_sampling: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole comparison. `confusion[gold][given]` counts; given None is unscreened."""

    confusion: dict[int, dict[int | None, int]]
    measures: tuple[Measures, ...]
    errors: tuple[Judged, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as plain data, keys as in docs/formats.md."""
        return {
            "confusion": {
                str(gold): {"unscreened" if c is None else str(c): n for c, n in row.items()}
                for gold, row in self.confusion.items()
            },
            "measures": [
                {
                    "positive": f"code {measure.code} and above",
                    **{
                        name: asdict(getattr(measure, name))
                        for name in ("recall", "precision", "f1")
                    },
                    "to_read": measure.to_read,
                    "work_saved": measure.work_saved,
                    "work_saved_over_sampling": measure.work_saved_over_sampling,
                }
                for measure in self.measures
            ],
            "errors": [
                {"id": e.gold.id, "code": e.gold.code, "given": e.given, "reason": e.reason}
                for e in self.errors
            ],
        }


def judge_passages(cascade: Cascade, gold: Iterable[Gold]) -> Iterator[Judged]:
    """Yield what a pack makes of each passage, read by itself."""
    for item in gold:
        clean = clean_pages([Page(item.id, 1, item.text, "text", 1.0)])
        analysis = cascade.analyse(item.id, clean)
        best = max(analysis.hits, key=lambda hit: (hit.code, hit.score), default=None)
        unmet = f"no hit: {tell_unmet(analysis.account.events, clean.text)}"
        reason = best.reason if best else unmet
        yield Judged(item, best.code if best else 0, reason)


def judge_papers(papers: Iterable[Mapping[str, Any]], gold: Iterable[Gold]) -> list[Judged]:
    """Return what a study made of each paper that was judged.

    `papers` have `file` (a name below the folder that was added), `status`, `code`, and `reason`.
    A paper that the study does not have is unscreened. Raises GoldError as `match_papers` does.
    """
    judged = []
    for item, paper in match_papers(papers, gold):
        if paper is None:
            judged.append(Judged(item, None, "not in the study"))
            continue
        code = (paper["code"] or 0) if paper["status"] == "screened" else None
        reason = paper["reason"] or ("no hit" if code is not None else paper["status"])
        judged.append(Judged(item, code, reason))
    return judged


def match_papers(
    papers: Iterable[Mapping[str, Any]], gold: Iterable[Gold]
) -> list[tuple[Gold, Mapping[str, Any] | None]]:
    """Return each judged paper with the paper of a study that it names, None if it has none such.

    A judgement names a paper by its `file` (a name below the folder that was added) or by the last
    part of it. Raises GoldError for a name of several papers, for a paper judged twice, or if the
    study has none of the judged papers.
    """
    known: dict[str, dict[str, Mapping[str, Any]]] = {}
    for paper in papers:
        for name in {paper["file"], PurePath(paper["file"]).name}:
            known.setdefault(name, {})[paper["file"]] = paper
    matched: dict[str, tuple[Gold, Mapping[str, Any] | None]] = {}
    for item in gold:
        found = known.get(item.text, {})
        found = {item.text: found[item.text]} if item.text in found else found
        if len(found) > 1:
            raise GoldError(f"{item.text}: names {len(found)} papers of the study")
        name = next(iter(found), item.text)
        if name in matched:
            raise GoldError(f"{item.text}: is judged twice")
        matched[name] = (item, found.get(name))
    if not any(paper for _, paper in matched.values()):
        raise GoldError("the study has none of the judged papers")
    return list(matched.values())


def evaluate(judged: Sequence[Judged]) -> Evaluation:
    """Return the confusion table, the measures for code 2 and for codes 1 and 2, and the errors.

    Errors come in the order of the gold standard: the missed first, then the falsely flagged.
    """
    confusion: dict[int, dict[int | None, int]] = {
        gold: dict.fromkeys((*CODES, None), 0) for gold in CODES
    }
    for item in judged:
        confusion[item.gold.code][item.given] += 1
    wrong = [item for item in judged if item.given != item.gold.code]
    errors = sorted(wrong, key=lambda item: item.given is not None and item.given > item.gold.code)
    return Evaluation(confusion, tuple(_measure(judged, code) for code in (2, 1)), tuple(errors))


def _measure(judged: Iterable[Judged], code: int) -> Measures:
    pairs = [
        (item.gold.code >= code, item.given >= code) for item in judged if item.given is not None
    ]
    right, found = sum(gold for gold, _ in pairs), sum(given for _, given in pairs)
    both = sum(gold and given for gold, given in pairs)
    recall, overlap = share(both, right), share(both, right + found - both)
    saved = 1 - found / len(pairs) if pairs else None
    over = None if saved is None or recall.value is None else saved - (1 - recall.value)
    return Measures(code, recall, share(both, found), _f1(overlap), found, saved, over)


def share(count: int, total: int) -> Share:
    """Return count / total with its Clopper-Pearson interval."""
    if not total:
        return Share(None, None, None, count, total)
    bounds = binomtest(count, total).proportion_ci(_CONFIDENCE, method="exact")
    return Share(count / total, float(bounds.low), float(bounds.high), count, total)


def _f1(overlap: Share) -> Share:
    """Return F1 for F*, a share of the same count and total."""
    values = (overlap.value, overlap.low, overlap.high)
    value, low, high = (None if v is None else 2 * v / (1 + v) for v in values)
    return Share(value, low, high, overlap.count, overlap.total)
