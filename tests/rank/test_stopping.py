"""The stopping test beside buscarpy, and the bounds of an elusion sample beside brute force."""

import warnings
from math import comb, floor, isnan

import numpy as np
import pytest
from buscarpy import calculate_h0
from hypothesis import given
from hypothesis import strategies as st

from screen.rank.stopping import check_stopping, find_elusion, find_p_value, find_stop

readings = st.lists(st.booleans(), min_size=1, max_size=80)
targets = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def hypergeometric(drawn_at_most: int, population: int, relevant: int, drawn: int) -> float:
    """P(at most so many relevant in the sample), by counting."""
    ways = sum(
        comb(relevant, k) * comb(population - relevant, drawn - k)
        for k in range(drawn_at_most + 1)
        if k <= drawn
    )
    return ways / comb(population, drawn)


@given(readings, st.integers(0, 60), targets)
def test_the_p_value_is_that_of_buscarpy_without_bias(
    found: list[bool], unread: int, target: float
) -> None:
    total = len(found) + unread
    ours = find_p_value(np.array(found), total, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = calculate_h0(np.array(found, dtype=int), total, target, bias=1)
    # It gives no number where more would have to be missing than there are items: then nothing is.
    assert ours == pytest.approx(0 if isnan(theirs) else theirs, abs=1e-9)


@given(readings, st.integers(0, 30), targets)
def test_no_run_of_last_items_has_a_lesser_p_value(
    found: list[bool], unread: int, target: float
) -> None:
    total, least = len(found) + unread, 1.0
    for start in range(len(found)):
        earlier = sum(found[:start])
        wanted = floor(sum(found) / target - earlier + 1)
        here = sum(found[start:])
        population, drawn = total - start, len(found) - start
        p = hypergeometric(here, population, wanted, drawn) if wanted <= population else 0.0
        least = min(least, p)
    assert find_p_value(np.array(found), total, target) == pytest.approx(least, abs=1e-9)


def test_nothing_read_proves_nothing_and_all_read_ends_the_reading() -> None:
    assert find_p_value(np.array([], dtype=bool), 10, 0.95) == 1
    assert not check_stopping([], 10).may_stop
    assert check_stopping([False] * 10, 10).may_stop
    assert check_stopping([True] * 10, 10).may_stop


def test_more_read_than_there_is_is_an_error() -> None:
    with pytest.raises(ValueError, match="3 items read of 2"):
        check_stopping([True, False, False], 2)


def test_a_long_run_of_irrelevant_items_allows_to_stop() -> None:
    # Twenty found at once, then nothing: to have missed the target two more would have to be
    # hidden among the unread.
    found = [True] * 20 + [False] * 980
    stop = find_stop(found, 0.95, 0.95)
    assert not check_stopping(found[: stop - 1], 1000).may_stop
    assert check_stopping(found[:stop], 1000).may_stop
    hidden = hypergeometric(0, 1000 - 20, 2, stop - 20)
    assert hidden < 0.05 < hypergeometric(0, 1000 - 20, 2, stop - 21)


def test_in_random_order_recall_at_the_stop_is_below_the_target_at_most_as_often_as_said() -> None:
    rng = np.random.default_rng(7)
    too_early = 0
    for _ in range(100):
        labels = np.zeros(400, dtype=bool)
        labels[rng.choice(400, 20, replace=False)] = True
        stop = find_stop(labels.tolist(), 0.9, 0.95, every=10)
        too_early += labels[:stop].sum() < 0.9 * 20
    # One look at the end would miss 5 in 100; looking again and again misses somewhat more.
    assert too_early <= 20


counts = st.integers(1, 40).flatmap(
    lambda population: st.tuples(
        st.just(population),
        st.integers(0, population).flatmap(
            lambda drawn: st.tuples(st.just(drawn), st.integers(0, drawn))
        ),
    )
)


@given(counts, st.integers(0, 30), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bound_of_what_was_missed_is_the_greatest_that_is_likely_enough(
    drawn: tuple[int, tuple[int, int]], found: int, confidence: float
) -> None:
    population, (size, relevant) = drawn
    bound = find_elusion(population, size, relevant, found, 0, confidence)
    likely = [
        hidden
        for hidden in range(relevant, population - (size - relevant) + 1)
        if hypergeometric(relevant, population, hidden, size) > 1 - confidence
    ]
    assert bound.missed_at_most == max(likely)
    whole = found + max(likely)
    assert bound.recall_at_least == (found / whole if whole else None)


def test_a_sample_of_everything_leaves_no_doubt() -> None:
    assert find_elusion(50, 50, 3, 47).missed_at_most == 3
    assert find_elusion(50, 50, 0, 47).recall_at_least == 1
    assert find_elusion(0, 0, 0, 5).recall_at_least == 1


def test_the_rule_of_three_is_near() -> None:
    # None in 300 of very many: at most about 1 % at 95 % (Hanley and Lippman-Hand 1983).
    bound = find_elusion(1_000_000, 300, 0, 10)
    assert bound.missed_at_most == pytest.approx(1_000_000 * (1 - 0.05 ** (1 / 300)), rel=1e-3)


@pytest.mark.parametrize("bad", [(10, 11, 0, 1), (10, 5, 6, 1), (10, 5, -1, 1), (10, 5, 1, -1)])
def test_counts_that_do_not_fit_are_an_error(bad: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="drawn from"):
        find_elusion(*bad)
