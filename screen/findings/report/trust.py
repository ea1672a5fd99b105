"""How far the classifier's probabilities could be trusted: what it gave before people judged.

Each verdict notes the order of reading that was in force. A passage's probability in that order was
given before the verdict, though it may have been learned from verdicts on other passages.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from screen.errors import StudyError
from screen.findings.holdings import Holdings
from screen.rank.calibration import Bin, calibration_error, find_bins
from screen.study.orders import read_order

# With fewer judged passages there is nothing to say.
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Trust:
    """Given and true probabilities of code 1 or 2, of judged passages; `error` is the mean gap.

    `bins` are empty, and `error` None, where too few are known. `passages` counts those that are.
    """

    passages: int
    bins: tuple[Bin, ...]
    error: float | None


def measure_trust(holdings: Holdings) -> Trust:
    """Compare the probability that each settled passage was given with what people said of it."""
    orders: dict[int, Mapping[str, float | None]] = {}
    given, true = [], []
    for (_, hit), judged in holdings.judged.items():
        if hit is None or judged.code is None:
            continue
        number = judged.verdicts[0].order
        if number is None:
            continue
        if number not in orders:
            orders[number] = _read(holdings, number)
        chance = orders[number].get(hit)
        if chance is not None:
            given.append(chance)
            true.append(judged.code >= 1)
    if len(given) < _FEWEST:
        return Trust(len(given), (), None)
    chances, truth = np.array(given), np.array(true)
    return Trust(
        len(given),
        tuple(find_bins(chances, truth)),
        calibration_error(chances, truth.astype(float)),
    )


def _read(holdings: Holdings, number: int) -> Mapping[str, float | None]:
    try:
        return {row["hit"]: row["possible"] for row in read_order(holdings.study, number)}
    except StudyError:
        # Orders are files that a user may have thrown away.
        return {}
