"""How far reviewers agree who judged the same items, each into one category.

No one coefficient answers that: kappa falls where nearly all items are of one category, though the
reviewers hardly differ (Feinstein and Cicchetti 1990, "High agreement but low kappa"), percent
agreement forgets what chance alone would give, and some reviewers saw only a part of the items. So
the usual ones stand side by side, each with a bootstrap interval.

Only items that two or more reviewers judged count, for every coefficient. Items with the same
judgements by the same reviewers are one pattern and its number, so a resample of the items is a
vector of numbers, and each coefficient is read from sums that one matrix product gives for many
resamples at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Item id (of any kind) to reviewer's name to category; who is missing has not judged the item.
Judgements = Mapping[Any, Mapping[str, str]]

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]

_OVERALL = ("percent", "cohen", "fleiss", "alpha", "ac1")
_MISSING = -1
_INTERVAL = (0.025, 0.975)
# Numbers in the greatest array of one batch of resamples: 32 MB.
_BATCH = 4_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient, and the ends of its 95 % interval; None for what is undefined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """The agreement of two reviewers, named in alphabetical order, on the `items` both judged."""

    reviewers: tuple[str, str]
    items: int
    percent: Estimate
    kappa: Estimate


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of all reviewers.

    `items` counts those that two or more reviewers judged, `reviewers` and `ratings` who judged
    them and how many judgements that made. `percent` is a share, 0-1; the others are 1 for perfect
    agreement and 0 for that of chance, and never below -1. `cohen` is the mean over `pairs`, which
    holds each two reviewers who share items.
    """

    items: int
    reviewers: int
    ratings: int
    percent: Estimate
    cohen: Estimate
    fleiss: Estimate
    alpha: Estimate
    ac1: Estimate
    pairs: tuple[PairAgreement, ...]


def measure_agreement(
    table: Judgements,
    categories: Sequence[str] | None = None,
    *,
    ordinal: bool = False,
    resamples: int = 2000,
    seed: int = 1,
) -> Agreement:
    """Return the coefficients of agreement of a table of judgements, with 95 % intervals.

    `categories` are all there are to choose from, in their order if they have one; without them,
    those that occur in the items that count. Their number matters for AC1 only, their order only
    with `ordinal`, which makes alpha ordinal (all else stays nominal).

    A coefficient is None where it is 0/0: kappa (of a pair) and alpha if all judgements are of one
    category, AC1 if there is only one to choose; all are None in a table without an item that
    counts. An interval is that of the percentile bootstrap (Efron and Tibshirani 1993, "An
    introduction to the bootstrap", chapter 13): the items, with all their judgements, are drawn
    again with replacement, so it speaks of other items like these, not of other reviewers. It is
    the same for the same judgements, `seed` and `resamples`, in whatever order the items come.
    Resamples in which the coefficient is undefined, or in which a pair shares no item, are left
    out; the interval is None if they are more than half or if there are fewer than 2 items (of the
    pair, for a pair), and without resamples. Where all items are alike to a coefficient, as in
    perfect agreement, so are all resamples: the interval then has no width and says nothing.

    Raises ValueError for a judgement that is not among `categories`, for a category given twice,
    for `ordinal` without `categories`, and for negative `resamples`.
    """
    if ordinal and categories is None:
        raise ValueError("ordinal agreement needs the categories in their order")
    if resamples < 0:
        raise ValueError(f"{resamples} resamples")
    if categories is not None:
        _check_categories(table, categories)
    rows = [row for row in table.values() if len(row) > 1]
    if not rows:
        none = Estimate(None, None, None)
        return Agreement(0, 0, 0, none, none, none, none, none, ())
    names = sorted({name for row in rows for name in row})
    seen = sorted({category for row in rows for category in row.values()})
    chosen = seen if categories is None else categories
    patterns, numbers = np.unique(_encode(rows, names, chosen), axis=0, return_counts=True)
    parts = _take_apart(patterns, len(chosen), ordinal)
    shared = [int(number) for number in numbers @ parts.firsts.sum(axis=2)]
    items = [len(rows)] * len(_OVERALL) + shared + shared
    estimates = _estimate_all(numbers, parts, items, resamples, seed)
    overall, of_pairs = estimates[: len(_OVERALL)], estimates[len(_OVERALL) :]
    percents, kappas = of_pairs[: len(shared)], of_pairs[len(shared) :]
    couples = [(names[one], names[other]) for one, other in parts.pairs]
    return Agreement(
        len(rows),
        len(names),
        sum(len(row) for row in rows),
        **dict(zip(_OVERALL, overall, strict=True)),
        pairs=tuple(map(PairAgreement, couples, shared, percents, kappas)),
    )


def _check_categories(table: Judgements, categories: Sequence[str]) -> None:
    if len(set(categories)) < len(categories):
        raise ValueError(f"a category given twice: {', '.join(categories)}")
    seen = {category for row in table.values() for category in row.values()}
    if unknown := sorted(seen.difference(categories)):
        raise ValueError(f"not among the categories: {', '.join(unknown)}")


def _encode(
    rows: Sequence[Mapping[str, str]], names: Sequence[str], categories: Sequence[str]
) -> _Ints:
    """Return the category's number (items, reviewers), `_MISSING` where there is no judgement."""
    places = {name: place for place, name in enumerate(names)}
    codes = {category: code for code, category in enumerate(categories)}
    encoded = np.full((len(rows), len(names)), _MISSING, dtype=np.int64)
    for line, row in enumerate(rows):
        for name, category in row.items():
            encoded[line, places[name]] = codes[category]
    return encoded


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one item of each pattern adds to the sums of which the coefficients are made.

    `agreement` (patterns) is the share of its pairs of judgements that agree, `shares` (patterns,
    categories) that of its judgements in each category. `coincidences` (patterns, categories,
    categories) are Krippendorff's. For each of `pairs` (places of two reviewers that share items):
    `same` (patterns, pairs) is 1 where the two agree, `firsts` and `seconds` (patterns, pairs,
    categories) are 1 for the category of the one and of the other, where both judged.
    """

    agreement: _Floats
    shares: _Floats
    coincidences: _Floats
    pairs: list[tuple[int, int]]
    same: _Floats
    firsts: _Floats
    seconds: _Floats
    ordinal: bool


def _take_apart(codes: _Ints, categories: int, ordinal: bool) -> _Parts:
    """Return the parts of patterns (patterns, reviewers) of at least two judgements each."""
    chosen = (codes[:, :, np.newaxis] == np.arange(categories)).astype(np.float64)
    counts = chosen.sum(axis=1)
    judged = counts.sum(axis=1)
    # Each judgement meets each other one of its item, but not itself.
    meetings = counts[:, :, np.newaxis] * counts[:, np.newaxis, :]
    meetings -= counts[:, :, np.newaxis] * np.eye(categories)
    agreeing = np.trace(meetings, axis1=1, axis2=2)
    one, other = np.triu_indices(codes.shape[1], k=1)
    rated = codes != _MISSING
    sharing = (rated[:, one] & rated[:, other]).any(axis=0)
    one, other = one[sharing], other[sharing]
    both = rated[:, one] & rated[:, other]
    return _Parts(
        agreement=agreeing / (judged * (judged - 1)),
        shares=counts / judged[:, np.newaxis],
        coincidences=meetings / (judged - 1)[:, np.newaxis, np.newaxis],
        pairs=list(zip(one.tolist(), other.tolist(), strict=True)),
        same=(both & (codes[:, one] == codes[:, other])).astype(np.float64),
        firsts=chosen[:, one] * both[:, :, np.newaxis],
        seconds=chosen[:, other] * both[:, :, np.newaxis],
        ordinal=ordinal,
    )


def _find_coefficients(numbers: _Ints, parts: _Parts) -> _Floats:
    """Return the coefficients of samples, a row each; NaN where undefined.

    `numbers` (samples, patterns) tells how often each pattern is in each sample. The columns are
    those of `_OVERALL`, then the percent agreement of each pair, then the kappa of each.
    """
    weights = numbers.astype(np.float64)
    total = weights.sum(axis=1)
    observed = weights @ parts.agreement / total
    shares = weights @ parts.shares / total[:, np.newaxis]
    coincidences = np.tensordot(weights, parts.coincidences, axes=1)
    percents, kappas = _find_pairs(weights, parts)
    overall = (
        observed,
        _find_light(kappas),
        _find_fleiss(observed, shares),
        _find_alpha(coincidences, parts.ordinal),
        _find_ac1(observed, shares),
    )
    return np.hstack([np.column_stack(overall), percents, kappas])


def _find_pairs(weights: _Floats, parts: _Parts) -> tuple[_Floats, _Floats]:
    """Return percent agreement and Cohen's kappa (samples, pairs).

    Cohen 1960, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20:37-46. Both sides of the fraction are multiplied by the square of the number of
    items: in whole numbers, 0/0 is found without rounding.
    """
    same = weights @ parts.same
    firsts = np.tensordot(weights, parts.firsts, axes=1)
    seconds = np.tensordot(weights, parts.seconds, axes=1)
    items = firsts.sum(axis=2)
    chance = (firsts * seconds).sum(axis=2)
    return _divide(same, items), _divide(items * same - chance, items**2 - chance)


def _find_light(kappas: _Floats) -> _Floats:
    """Return the plain mean of the pairs' kappas, however many items each pair shares.

    Light 1971, "Measures of response agreement for qualitative data", Psychological Bulletin
    76:365-377. Pairs whose kappa is undefined are left out.
    """
    defined = ~np.isnan(kappas)
    return _divide(np.where(defined, kappas, 0.0).sum(axis=1), defined.sum(axis=1))


def _find_fleiss(observed: _Floats, shares: _Floats) -> _Floats:
    """Return Fleiss' kappa; each item has the same weight, whatever the number of its judgements.

    Fleiss 1971, "Measuring nominal scale agreement among many raters", Psychological Bulletin
    76:378-382, for any number of judgements as in Gwet 2014, "Handbook of inter-rater reliability",
    4th edition, chapter 2 (who lets items of one judgement count for the shares; here they do not).
    """
    chance = (shares**2).sum(axis=1)
    return _divide(observed - chance, 1 - chance)


def _find_ac1(observed: _Floats, shares: _Floats) -> _Floats:
    """Return Gwet's first-order agreement coefficient.

    Gwet 2008, "Computing inter-rater reliability and its variance in the presence of high
    agreement", British Journal of Mathematical and Statistical Psychology 61:29-48.
    """
    # A lone category leaves 0 to divide by, and all shares are 1.
    other = np.full(len(shares), shares.shape[1] - 1)
    chance = _divide((shares * (1 - shares)).sum(axis=1), other)
    return _divide(observed - chance, 1 - chance)


def _find_alpha(coincidences: _Floats, ordinal: bool) -> _Floats:
    """Return Krippendorff's alpha of coincidences (samples, categories, categories).

    Krippendorff 2011, "Computing Krippendorff's alpha-reliability". The ordinal distance of two
    categories is the number of judgements from the middle of the one to the middle of the other.
    """
    counts = coincidences.sum(axis=2)
    total = counts.sum(axis=1)
    if ordinal:
        middles = counts.cumsum(axis=1) - counts / 2
        distances = (middles[:, :, np.newaxis] - middles[:, np.newaxis, :]) ** 2
    else:
        distances = 1 - np.eye(counts.shape[1])[np.newaxis, :, :]
    observed = (coincidences * distances).sum(axis=(1, 2))
    chance = counts[:, :, np.newaxis] * counts[:, np.newaxis, :]
    expected = (chance * distances).sum(axis=(1, 2))
    return _divide(expected - (total - 1) * observed, expected)


def _divide(above: _Floats, below: npt.NDArray[Any]) -> _Floats:
    """Return the quotients, NaN where they would be of 0."""
    quotients = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotients, where=below != 0)
    return quotients


def _resample(numbers: _Ints, parts: _Parts, resamples: int, seed: int) -> _Floats:
    """Return the coefficients of items drawn again with replacement (resamples, coefficients)."""
    items = int(numbers.sum())
    generator = np.random.default_rng(seed)
    widest = max(len(numbers), parts.firsts[0].size, parts.coincidences[0].size)
    batch = max(1, _BATCH // widest)
    found = np.empty((resamples, len(_OVERALL) + 2 * len(parts.pairs)))
    for start in range(0, resamples, batch):
        size = min(batch, resamples - start)
        drawn = generator.multinomial(items, numbers / items, size=size)
        found[start : start + size] = _find_coefficients(drawn, parts)
    return found


def _estimate_all(
    numbers: _Ints, parts: _Parts, items: Sequence[int], resamples: int, seed: int
) -> list[Estimate]:
    """Return an estimate of each coefficient, in the columns' order; `items` has its items."""
    values = _find_coefficients(numbers[np.newaxis, :], parts)[0]
    resampled = _resample(numbers, parts, resamples, seed)
    return [_estimate(*column) for column in zip(values, resampled.T, items, strict=True)]


def _estimate(value: float, resampled: _Floats, items: int) -> Estimate:
    if np.isnan(value):
        return Estimate(None, None, None)
    defined = resampled[~np.isnan(resampled)]
    if items < 2 or not len(defined) or 2 * len(defined) < len(resampled):
        return Estimate(float(value), None, None)
    low, high = np.quantile(defined, _INTERVAL)
    return Estimate(float(value), float(low), float(high))
