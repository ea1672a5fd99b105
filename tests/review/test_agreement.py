"""Agreement of reviewers, beside published tables and a plain count of pairs."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, permutations
from statistics import mean

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from screen.review.agreement import Agreement, Estimate, measure_agreement

Rows = Sequence[Mapping[str, str]]
Coefficients = dict[str, Fraction | None]

NONE = Estimate(None, None, None)
CODES = ("0", "1", "2")
NAMES = ("percent", "cohen", "fleiss", "alpha", "ac1")

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: observers A to D,
# units 1 to 12.
KRIPPENDORFF = {
    "A": "123321412...",
    "B": "1233224125.3",
    "C": ".3332342251.",
    "D": "12332441251.",
}
# Fleiss 1971, "Measuring nominal scale agreement among many raters", table 1: how many of six
# psychiatrists gave each of 30 patients each of five diagnoses.
FLEISS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 "
    "10050 11040 03300 10050 02031 00501 30012 51000 02040 10203 "
    "00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)

rows_of_three = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(CODES)), min_size=1, max_size=8
)


def number(rows: Rows) -> dict[int, Mapping[str, str]]:
    return dict(enumerate(rows))


def cross(counts: Sequence[Sequence[int]]) -> list[dict[str, str]]:
    """The judgements of two reviewers of whom a contingency table was made."""
    return [
        {"a": str(one), "b": str(other)}
        for one, line in enumerate(counts)
        for other, count in enumerate(line)
        for _ in range(count)
    ]


def krippendorff() -> list[dict[str, str]]:
    return [
        {name: codes[unit] for name, codes in KRIPPENDORFF.items() if codes[unit] != "."}
        for unit in range(12)
    ]


def values(found: Agreement) -> dict[str, float | None]:
    return {name: getattr(found, name).value for name in NAMES}


def estimates(found: Agreement) -> list[Estimate]:
    overall = [getattr(found, name) for name in NAMES]
    return overall + [each for pair in found.pairs for each in (pair.percent, pair.kappa)]


def same(one: Mapping[str, float | None], other: Mapping[str, float | Fraction | None]) -> bool:
    return all(
        one[name] is wanted is None or one[name] == pytest.approx(wanted and float(wanted))
        for name, wanted in other.items()
    )


# The definitions, pair of judgements by pair, in fractions.


def share(answers: Iterable[bool]) -> Fraction:
    listed = list(answers)
    return Fraction(sum(listed), len(listed))


def beyond(observed: Fraction, chance: Fraction) -> Fraction | None:
    return None if chance == 1 else (observed - chance) / (1 - chance)


def count_plainly(rows: Rows, categories: int, ordinal: bool = False) -> Coefficients:
    items = [list(row.values()) for row in rows if len(row) > 1]
    observed = mean(share(x == y for x, y in combinations(item, 2)) for item in items)
    shares = [mean(share(x == code for x in item) for item in items) for code in CODES]
    kappas = [
        kappa
        for one, other in combinations("abc", 2)
        if (both := [(row[one], row[other]) for row in rows if one in row and other in row])
        and (kappa := count_cohen(both)) is not None
    ]
    return {
        "percent": observed,
        "cohen": mean(kappas) if kappas else None,
        "fleiss": beyond(observed, sum((p * p for p in shares), Fraction())),
        "alpha": count_alpha(items, ordinal),
        "ac1": beyond(observed, sum((p * (1 - p) for p in shares), Fraction()) / (categories - 1))
        if categories > 1
        else None,
    }


def count_cohen(both: Sequence[tuple[str, str]]) -> Fraction | None:
    chance = share(one == other for one, _ in both for _, other in both)
    return beyond(share(one == other for one, other in both), chance)


def count_alpha(items: Sequence[Sequence[str]], ordinal: bool) -> Fraction | None:
    everything = [code for item in items for code in item]

    def distance(one: str, other: str) -> Fraction:
        if not ordinal or one == other:
            return Fraction(one != other)
        low, high = sorted((one, other))
        between = sum(low <= code <= high for code in everything)
        return (between - Fraction(everything.count(low) + everything.count(high), 2)) ** 2

    chance = mean(distance(*pair) for pair in permutations(everything, 2))
    found = Fraction()
    for item in items:
        apart = sum((distance(*pair) for pair in permutations(item, 2)), Fraction())
        found += apart / (len(item) - 1)
    return 1 - found / len(everything) / chance if chance else None


@pytest.mark.parametrize(
    ("counts", "percent", "kappa"),
    [
        # Cohen 1960, "A coefficient of agreement for nominal scales", tables 1 (proportions of
        # 100) and 2.
        (((25, 13, 12), (12, 2, 16), (3, 15, 2)), 0.29, -0.09),
        (((88, 14, 18), (10, 40, 10), (2, 6, 12)), 0.70, 0.492),
        # By hand: chance is 1/2, and (0.7 * 0.6 + 0.3 * 0.4) = 0.54.
        (((20, 5), (10, 15)), 0.70, 0.40),
        (((45, 15), (25, 15)), 0.60, 0.06 / 0.46),
        (((0, 5), (5, 0)), 0.0, -1.0),
    ],
)
def test_two_reviewers_agree_as_cohen_has_it(
    counts: Sequence[Sequence[int]], percent: float, kappa: float
) -> None:
    found = measure_agreement(number(cross(counts)), resamples=0)
    assert found.percent.value == pytest.approx(percent)
    assert found.cohen.value == pytest.approx(kappa, abs=0.005)
    (pair,) = found.pairs
    assert pair.reviewers == ("a", "b")
    assert pair.items == found.items == sum(map(sum, counts))
    assert (pair.percent, pair.kappa) == (found.percent, found.cohen)


def test_the_interval_is_near_that_of_cohen() -> None:
    # Cohen 1960, formula 7: a standard error of 0.055 in his table 2.
    found = measure_agreement(number(cross(((88, 14, 18), (10, 40, 10), (2, 6, 12)))))
    assert found.cohen.low == pytest.approx(0.492 - 1.96 * 0.055, abs=0.02)
    assert found.cohen.high == pytest.approx(0.492 + 1.96 * 0.055, abs=0.02)


def test_many_reviewers_agree_as_fleiss_has_it() -> None:
    rows = [
        dict(
            zip(
                "abcdef",
                (str(code) for code, times in enumerate(line) for _ in range(int(times))),
                strict=True,
            )
        )
        for line in FLEISS.split()
    ]
    found = measure_agreement(number(rows), resamples=0)
    assert (found.items, found.reviewers, found.ratings) == (30, 6, 180)
    assert found.percent.value == pytest.approx(0.5556, abs=5e-5)
    assert found.fleiss.value == pytest.approx(0.430, abs=5e-4)


def test_alpha_is_that_of_krippendorff() -> None:
    table = number(krippendorff())
    nominal = measure_agreement(table, "12345", resamples=0)
    ordinal = measure_agreement(table, "12345", ordinal=True, resamples=0)
    assert nominal.alpha.value == pytest.approx(0.743, abs=5e-4)
    assert ordinal.alpha.value == pytest.approx(0.815, abs=5e-4)
    assert nominal.fleiss == ordinal.fleiss
    # One judgement of unit 12: it cannot agree with any.
    assert (nominal.items, nominal.ratings) == (11, 40)


def test_judgements_may_be_missing() -> None:
    # What Gwet's package irrCAC 0.4.4 gives for Krippendorff's units 1 to 11.
    found = measure_agreement(number(krippendorff()), "12345", resamples=0)
    assert found.percent.value == pytest.approx(0.81818, abs=5e-6)
    assert found.fleiss.value == pytest.approx(0.76248, abs=5e-6)
    assert found.ac1.value == pytest.approx(0.77515, abs=5e-6)


@pytest.mark.parametrize(
    ("counts", "percent", "kappa", "ac1"),
    [
        # Gwet 2002, "Kappa statistic is not satisfactory for assessing the extent of agreement
        # between raters", table 2.
        (((118, 5), (2, 0)), 0.944, -0.0234, 0.9408),
        # Feinstein and Cicchetti 1990, "High agreement but low kappa", with AC1 by hand: chance is
        # 2 * 0.475 * 0.525, and 2 * 0.875 * 0.125.
        (((40, 9), (6, 45)), 0.85, 0.70, 0.35125 / 0.50125),
        (((80, 10), (5, 5)), 0.85, 0.32, 0.63125 / 0.78125),
    ],
)
def test_ac1_stays_high_where_kappa_is_a_paradox(
    counts: Sequence[Sequence[int]], percent: float, kappa: float, ac1: float
) -> None:
    found = measure_agreement(number(cross(counts)), resamples=0)
    assert found.percent.value == pytest.approx(percent)
    assert found.cohen.value == pytest.approx(kappa, abs=0.005)
    assert found.ac1.value == pytest.approx(ac1, abs=5e-5)


def test_categories_nobody_chose_count_for_ac1_only() -> None:
    table = number(cross(((20, 5), (10, 15))))
    two = measure_agreement(table, resamples=0)
    three = measure_agreement(table, CODES, resamples=0)
    assert same(values(three), values(two) | {"ac1": (0.7 - 0.2475) / (1 - 0.2475)})


def test_light_takes_the_plain_mean_of_pairs_that_share_items() -> None:
    rows = [
        *cross(((20, 5), (10, 15))),  # a and b: 0.4 over 50 items
        {"b": "0", "c": "0"},  # b and c: 1 over 2
        {"b": "1", "c": "1"},
        {"c": "0", "d": "0"},  # c and d: undefined
    ]
    found = measure_agreement(number(rows), resamples=0)
    assert found.cohen.value == pytest.approx((0.4 + 1) / 2)
    assert [(*pair.reviewers, pair.items) for pair in found.pairs] == [
        ("a", "b", 50),
        ("b", "c", 2),
        ("c", "d", 1),
    ]
    assert found.pairs[2].kappa == NONE


@pytest.mark.parametrize("rows", [[], [{}], [{"a": "0"}], [{"a": "0"}, {"b": "1"}, {"a": "1"}]])
def test_without_an_item_judged_twice_there_is_nothing_to_say(rows: Rows) -> None:
    nothing = Agreement(0, 0, 0, NONE, NONE, NONE, NONE, NONE, ())
    assert measure_agreement(number(rows)) == nothing
    assert measure_agreement(number(rows), CODES, ordinal=True) == nothing


def test_one_item_has_no_interval() -> None:
    found = measure_agreement({"x": {"a": "0", "b": "1"}})
    assert found.percent == Estimate(0.0, None, None)
    assert {(each.low, each.high) for each in estimates(found)} == {(None, None)}


def test_what_is_undefined_is_none() -> None:
    rows = [{"a": "0", "b": "0", "c": "0"}] * 5
    alone = measure_agreement(number(rows))
    assert (alone.cohen, alone.fleiss, alone.alpha, alone.ac1) == (NONE,) * 4
    assert alone.percent == Estimate(1.0, 1.0, 1.0)
    assert measure_agreement(number(rows), CODES).ac1 == Estimate(1.0, 1.0, 1.0)


def test_undefined_resamples_are_left_out_unless_they_are_most() -> None:
    few = measure_agreement(number([{"a": code, "b": code} for code in "001"]))
    assert few.cohen == Estimate(1.0, 1.0, 1.0)
    # Hardly two in five resamples hold both of the items that b and c share.
    most = [{"a": "0", "b": "1"}] * 50 + [{"b": code, "c": code} for code in "01"]
    assert measure_agreement(number(most)).pairs[1].kappa == Estimate(1.0, None, None)


def test_the_share_of_agreeing_items_has_the_interval_of_a_share() -> None:
    found = measure_agreement(number(cross(((160, 40), (40, 160)))))
    assert found.percent.low == pytest.approx(0.8 - 1.96 * 0.02, abs=0.01)
    assert found.percent.high == pytest.approx(0.8 + 1.96 * 0.02, abs=0.01)


def test_mistakes_of_the_caller_are_told() -> None:
    table = {"x": {"a": "yes"}}
    with pytest.raises(ValueError, match="not among the categories: yes"):
        measure_agreement(table, CODES)
    with pytest.raises(ValueError, match="twice"):
        measure_agreement(table, ["yes", "no", "yes"])
    with pytest.raises(ValueError, match="order"):
        measure_agreement(table, ordinal=True)
    with pytest.raises(ValueError, match="-1 resamples"):
        measure_agreement(table, resamples=-1)


@given(rows_of_three, st.booleans())
def test_the_coefficients_are_those_of_a_plain_count(
    rows: list[dict[str, str]], ordinal: bool
) -> None:
    assume(any(len(row) > 1 for row in rows))
    found = measure_agreement(number(rows), CODES, ordinal=ordinal, resamples=0)
    assert same(values(found), count_plainly(rows, len(CODES), ordinal))
    seen = {code for row in rows if len(row) > 1 for code in row.values()}
    assert same(
        values(measure_agreement(number(rows), resamples=0)), count_plainly(rows, len(seen))
    )


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from(CODES), min_size=2),
        min_size=2,
        max_size=4,
    ),
    st.booleans(),
    st.integers(0, 1000),
)
def test_a_resample_is_a_table_of_items_drawn_again(
    rows: list[dict[str, str]], ordinal: bool, seed: int
) -> None:
    found = measure_agreement(number(rows), CODES, ordinal=ordinal, resamples=1, seed=seed)
    drawn = [
        count_plainly(again, len(CODES), ordinal)
        for again in combinations_with_replacement(rows, len(rows))
    ]
    # None is left of the one resample where a coefficient is undefined in it or in the table.
    resampled = {name: getattr(found, name).low for name in NAMES}
    defined = {name: value for name, value in resampled.items() if value is not None}
    assert any(same(defined, {name: each[name] for name in defined}) for each in drawn)
    assert resampled == {name: getattr(found, name).high for name in NAMES}


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(CODES), min_size=2),
    st.integers(2, 20),
    st.booleans(),
)
def test_of_items_all_alike_each_resample_is_the_table(
    row: dict[str, str], times: int, ordinal: bool
) -> None:
    found = measure_agreement(number([row] * times), CODES, ordinal=ordinal, resamples=20)
    for each in estimates(found):
        assert each.low == each.value == each.high


@given(st.lists(st.sampled_from(CODES), min_size=2, max_size=20), st.booleans(), st.data())
def test_all_coefficients_are_1_under_perfect_agreement(
    codes: list[str], ordinal: bool, data: st.DataObject
) -> None:
    assume(len(set(codes)) > 1)
    some = st.sets(st.sampled_from("cdef"), max_size=4)
    rows = [dict.fromkeys(["a", "b", *data.draw(some)], code) for code in codes]
    found = measure_agreement(number(rows), CODES, ordinal=ordinal, resamples=20)
    assert values(found) == pytest.approx(dict.fromkeys(NAMES, 1.0))
    assert {each.low for each in estimates(found)} <= {1.0, None}


@given(rows_of_three, st.booleans())
def test_no_coefficient_leaves_its_bounds(rows: list[dict[str, str]], ordinal: bool) -> None:
    found = measure_agreement(number(rows), CODES, ordinal=ordinal, resamples=50)
    for each in estimates(found):
        assert (each.low is None) == (each.high is None)
        if each.value is None:
            assert each.low is None
        else:
            assert -1 - 1e-9 <= each.value <= 1 + 1e-9
        if each.low is not None and each.high is not None:
            assert -1 - 1e-9 <= each.low <= each.high <= 1 + 1e-9


@given(rows_of_three, st.booleans(), st.data())
def test_neither_order_nor_names_of_items_change_anything(
    rows: list[dict[str, str]], ordinal: bool, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    renamed = {f"item {place}": row for place, row in enumerate(shuffled)}
    once = measure_agreement(number(rows), CODES, ordinal=ordinal, resamples=50)
    assert measure_agreement(renamed, CODES, ordinal=ordinal, resamples=50) == once


@given(rows_of_three, st.permutations("abc"), st.permutations(CODES))
def test_names_of_reviewers_and_categories_do_not_matter(
    rows: list[dict[str, str]], names: Sequence[str], codes: Sequence[str]
) -> None:
    name, code = dict(zip("abc", names, strict=True)), dict(zip(CODES, codes, strict=True))
    renamed = [{name[who]: code[what] for who, what in row.items()} for row in rows]
    once = measure_agreement(number(rows), CODES, resamples=0)
    again = measure_agreement(number(renamed), CODES, resamples=0)
    assert same(values(again), values(once))
    kappas = {frozenset(pair.reviewers): pair.kappa.value for pair in again.pairs}
    for pair in once.pairs:
        kappa = kappas[frozenset(name[who] for who in pair.reviewers)]
        assert kappa == pytest.approx(pair.kappa.value)


def test_the_seed_decides() -> None:
    table = number(krippendorff())
    assert measure_agreement(table, seed=5) == measure_agreement(table, seed=5)
    assert measure_agreement(table, seed=5) != measure_agreement(table, seed=6)
