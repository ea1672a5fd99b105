"""The measures of an order of reading, beside ASReview's own numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.rank.metrics import loss, measure, ndcg, recall, time_to_discovery, work_saved

# What ASReview Insights 1.6.1 (recall at 25 % and at 10 %, WSS@95, average time to discovery) and
# ASReview 3.0.8 (NDCG, loss) give for these orders.
_LONG = (
    "111111111111111111111111100000000001111001010000000110100001000110101000110000100000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000"
)
ASREVIEW = {
    "1100000000": (1.0, 0.5, 0.3, 1.5, 1.0, 0.0),
    "0010100100": (0.0, 0.0, 0.1, 5.333333333, 0.564222111, 0.476190476),
    "0000000011": (0.0, 0.0, -0.5, 9.5, 0.361814984, 1.0),
    "11000011000000000000": (0.5, 0.5, 0.3, 4.5, 0.889960316, 0.125),
    "111111111111111100000110001000010100000000000000000000000000": (
        0.714285714,
        0.285714286,
        0.433333333,
        13.047619048,
        0.983738597,
        0.052503053,
    ),
    _LONG: (0.690476190, 0.357142857, 0.484276730, 30.285714286, 0.967264268, 0.075091575),
}

orders = st.lists(st.sampled_from([0, 1]), min_size=2, max_size=60).filter(
    lambda order: 0 < sum(order) < len(order)
)


@pytest.mark.parametrize("order", ASREVIEW)
def test_the_measures_are_those_of_asreview(order: str) -> None:
    labels = [int(label) for label in order]
    found = measure(labels)
    got = (found.recall_25, found.rrf_10, found.wss_95, found.atd, found.ndcg, found.loss)
    assert got == pytest.approx(ASREVIEW[order], abs=1e-8)


@given(orders)
def test_the_best_order_has_no_loss_and_the_worst_has_it_all(order: list[int]) -> None:
    assert loss(sorted(order, reverse=True)) == pytest.approx(0, abs=1e-9)
    assert loss(sorted(order)) == pytest.approx(1)
    assert ndcg(sorted(order, reverse=True)) == pytest.approx(1)
    assert time_to_discovery(sorted(order, reverse=True)) == (sum(order) + 1) / 2


@given(orders, st.data())
def test_finding_one_earlier_makes_no_measure_worse(order: list[int], data: st.DataObject) -> None:
    places = [i for i in range(1, len(order)) if order[i] and not order[i - 1]]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    better = order.copy()
    better[place - 1], better[place] = 1, 0
    assert loss(better) < loss(order)
    assert time_to_discovery(better) < time_to_discovery(order)
    assert ndcg(better) > ndcg(order)
    assert work_saved(better, 0.95) >= work_saved(order, 0.95)
    for share in (0.1, 0.25, 0.5):
        assert recall(better, share) >= recall(order, share)


@pytest.mark.parametrize("labels", [[], [0], [1, 1], [0, 0, 0]])
def test_an_order_of_one_kind_cannot_be_measured(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="relevant"):
        measure(labels)
