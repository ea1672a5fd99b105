"""How far probabilities can be trusted, and how well they separate, with intervals.

Intervals of proportions are exact (Clopper and Pearson); the others come from a bootstrap over
groups (percentile, seeded), since passages of one paper are not independent.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from screen.rank.classifier import Chance
from screen.rank.evaluate import share
from screen.rank.metrics import measure

BINS = 10
_RESAMPLES = 300
_CUT = 0.5

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bin:
    """Passages of about one probability: how many, what was given on average, what was true.

    `low` and `high` bound what is true, exactly at 95 %.
    """

    count: int
    given: float
    true: float
    low: float
    high: float


def find_bins(chances: Floats, truth: Flags) -> list[Bin]:
    """Return the bins of equal width, 0-1, that hold anything."""
    place = np.minimum((chances * BINS).astype(int), BINS - 1)
    found = []
    for number in np.unique(place):
        inside = place == number
        true = share(int(truth[inside].sum()), int(inside.sum()))
        given = float(chances[inside].mean())
        found.append(Bin(true.total, given, true.value or 0.0, true.low or 0.0, true.high or 0.0))
    return found


def calibration_error(chances: Floats, truth: Flags) -> float:
    """Return the expected calibration error, 0-1 (Naeini, Cooper and Hauskrecht 2015)."""
    place = np.minimum((chances * BINS).astype(int), BINS - 1)
    gaps = np.bincount(place, weights=chances - truth, minlength=BINS)
    return float(np.abs(gaps).sum() / len(chances))


def measure_chances(
    chances: Sequence[Chance], codes: Sequence[int], groups: npt.NDArray[np.intp], seed: int
) -> dict[str, Any]:
    """Return all measures of held-out probabilities, for code 2 and for codes 1 and 2.

    A measure that needs both what is and what is not of a code is left out where one is missing.
    """
    expected = np.array([chance.expected for chance in chances])
    found = {}
    for cut, name in ((2, "code 2"), (1, "code 1 and above")):
        given = np.array([c.problematic if cut == 2 else c.possible for c in chances])
        truth = np.array(codes) >= cut
        found[name] = _measure(given, expected, truth, groups, seed)
    return found


def _measure(
    given: Floats, expected: Floats, truth: Flags, groups: npt.NDArray[np.intp], seed: int
) -> dict[str, Any]:
    flagged = given >= _CUT
    both = int((flagged & truth).sum())
    found: dict[str, Any] = {
        "passages": len(truth),
        "positive": int(truth.sum()),
        "recall": asdict(share(both, int(truth.sum()))),
        "precision": asdict(share(both, int(flagged.sum()))),
        "brier": _bootstrap(brier_score_loss, given, truth, groups, seed),
        "calibration_error": _bootstrap(_turned(calibration_error), given, truth, groups, seed),
        "bins": [asdict(part) for part in find_bins(given, truth)],
    }
    if 0 < truth.sum() < len(truth):
        found["roc_auc"] = _bootstrap(roc_auc_score, given, truth, groups, seed)
        found["average_precision"] = _bootstrap(average_precision_score, given, truth, groups, seed)
        order = np.argsort(-expected, kind="stable")
        found["screening"] = asdict(measure(truth[order].astype(int)))
    return found


def _turned(measure_: Callable[[Floats, Flags], float]) -> Callable[[Flags, Floats], float]:
    """Return a measure that takes what is true first, as those of scikit-learn do."""
    return lambda truth, given: measure_(given, truth)


def _bootstrap(
    measure_: Callable[[Flags, Floats], float],
    given: Floats,
    truth: Flags,
    groups: npt.NDArray[np.intp],
    seed: int,
) -> dict[str, float | None]:
    """Return a measure with its 95 % interval over resampled groups; no bounds for one kind."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == number) for number in np.unique(groups)]
    values = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        if truth[chosen].min() != truth[chosen].max():
            values.append(measure_(truth[chosen], given[chosen]))
    low, high = np.percentile(values, [2.5, 97.5]).tolist() if values else (None, None)
    return {"value": float(measure_(truth, given)), "low": low, "high": high}
