"""When to stop reading, and what the reading has missed.

Two answers, since they are about two things. The stopping test looks at the queue: has enough of
what is in it been found? The elusion sample looks outside of it: how much can there be among what
was never flagged? Both are exact and assume nothing of the classifier.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class StoppingTest:
    """The test of the hypothesis that recall is below `target` (both 0-1).

    `p_value` below 1 - `confidence` rejects it: reading may stop. `read` of `total` items were
    read, `found` of them relevant.
    """

    target: float
    confidence: float
    p_value: float
    read: int
    total: int
    found: int

    @property
    def may_stop(self) -> bool:
        """Whether the hypothesis that too much is still missing is rejected, or all was read."""
        return self.read == self.total or self.p_value < 1 - self.confidence


def check_stopping(
    found: Sequence[bool], total: int, target: float = 0.95, confidence: float = 0.95
) -> StoppingTest:
    """Test whether the recall of a screening has reached its target.

    `found` tells of each item read, in the order of reading, whether it was relevant; `total`
    counts all items, read or not. Raises ValueError unless `total` is at least the number read.
    """
    labels = np.asarray(found, dtype=bool)
    p_value = find_p_value(labels, total, target)
    return StoppingTest(target, confidence, p_value, len(labels), total, int(labels.sum()))


def find_p_value(found: npt.NDArray[np.bool_], total: int, target: float) -> float:
    """Return the p-value of the hypothesis that recall is below `target`.

    Callaghan and Mueller-Hansen 2020, "Statistical stopping criteria for automated screening in
    systematic reviews", Systematic Reviews 9:273: the items read last are taken for a random sample
    of all that was unread before them, for each possible number of last items; the least p-value
    counts. Ranking makes the sample richer in relevant items than a random one, so the test errs
    towards reading on.

    Of samples that begin at an irrelevant item the longer one always has the lesser p-value (it
    drew one more in vain and left as many unread), so only those need a look that begin right after
    a relevant item, or with the first.
    """
    read = len(found)
    if total < read:
        raise ValueError(f"{read} items read of {total}")
    if not read:
        return 1.0
    from scipy.stats import hypergeom  # slow to start, and most commands have nothing to test

    before = np.concatenate([[0], np.flatnonzero(found) + 1])
    before = before[before < read]
    earlier = np.arange(len(before))
    relevant = int(found.sum())
    # The least number of relevant items that must have been among the unread before the sample for
    # recall to be below the target.
    wanted = np.floor(relevant / target - earlier + 1)
    unread = total - before
    drawn = read - before
    chances = hypergeom.cdf(relevant - earlier, unread, wanted, drawn)
    # Where that number is more than there were items unread, recall cannot be below the target.
    chances = np.where(wanted > unread, 0.0, chances)
    return float(min(1.0, chances.min()))


def find_stop(
    found: Sequence[bool], target: float = 0.95, confidence: float = 0.95, every: int = 1
) -> int:
    """Return after how many items of a whole order the test first allows to stop.

    The test is made after every `every` items; where it never allows it, all are read.
    """
    labels = np.asarray(found, dtype=bool)
    for read in range(every, len(labels), every):
        if find_p_value(labels[:read], len(labels), target) < 1 - confidence:
            return read
    return len(labels)


@dataclass(frozen=True, slots=True)
class Elusion:
    """What a random sample says of the papers that were never flagged.

    `drawn` of `population` were judged, `relevant` of them problematic or possible; with one-sided
    `confidence` there are at most `missed_at_most` in the population. `found` papers were found by
    screening; of `open` others, flagged, nobody has said yet, and they count as missed. So recall
    is at least `recall_at_least` (None where nothing was found and nothing may be missing).
    """

    population: int
    drawn: int
    relevant: int
    found: int
    open: int
    confidence: float
    missed_at_most: int
    recall_at_least: float | None


def find_elusion(
    population: int,
    drawn: int,
    relevant: int,
    found: int,
    open_: int = 0,
    confidence: float = 0.95,
) -> Elusion:
    """Return the bounds of an elusion sample, exact by the hypergeometric distribution.

    The upper bound is the greatest number of relevant papers in the population with which so few in
    the sample still have a chance of more than 1 - confidence (Buonaccorsi 1987, "A note on
    confidence intervals for proportions in finite populations"). Raises ValueError for counts that
    do not fit each other.
    """
    if not 0 <= relevant <= drawn <= population or min(found, open_) < 0:
        raise ValueError(f"{relevant} of {drawn} drawn from {population}, {found} found")
    from scipy.stats import hypergeom

    low, high = relevant, population - (drawn - relevant)
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(relevant, population, middle, drawn) > 1 - confidence:
            low = middle
        else:
            high = middle - 1
    whole = found + open_ + low
    bound = found / whole if whole else None
    return Elusion(population, drawn, relevant, found, open_, confidence, low, bound)
