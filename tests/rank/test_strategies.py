"""In which order passages are read: each strategy puts first what it is for, and loses nothing."""

from hypothesis import given
from hypothesis import strategies as st

from screen.rank.classifier import Chance
from screen.rank.strategies import STRATEGIES, arrange

chances = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: Chance(min(pair), max(pair))),
    max_size=40,
)


@given(chances, st.sampled_from(STRATEGIES))
def test_every_passage_is_read_once(given_: list[Chance], strategy: str) -> None:
    assert sorted(arrange(given_, strategy)) == list(range(len(given_)))  # type: ignore[arg-type]


@given(chances)
def test_certainty_reads_the_likely_first(given_: list[Chance]) -> None:
    expected = [given_[index].expected for index in arrange(given_, "certainty")]
    assert expected == sorted(expected, reverse=True)


@given(chances)
def test_uncertainty_reads_the_unclear_first(given_: list[Chance]) -> None:
    gaps = [abs(given_[index].possible - 0.5) for index in arrange(given_, "uncertainty")]
    assert gaps == sorted(gaps)


def test_a_mix_reads_the_likely_first_and_every_fourth_for_its_uncertainty() -> None:
    sure = [Chance(0.9 - n / 100, 0.95 - n / 100) for n in range(12)]
    unclear = [Chance(0.0, 0.5), Chance(0.0, 0.45)]
    order = arrange([*sure, *unclear], "mix")
    assert order[:8] == [0, 1, 2, 12, 3, 4, 5, 13]


def test_ties_keep_their_order() -> None:
    assert arrange([Chance(0.1, 0.2)] * 5, "certainty") == [0, 1, 2, 3, 4]
