"""Rules over events in the order of the story: chains and bars."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.match.criteria import RuleMatch, match_rules
from screen.match.events.sections import Layout
from screen.match.schema import Rule
from screen.text.segment import Section
from screen.types import Event
from tests.match.events.reading import make_pack

STEPS = ({"kinds": ["death"]}, {"kinds": ["tube"]})
LENGTH = 600


def layout(
    sections: tuple[int, ...] = (0,), sentences: tuple[int, ...] = (), clauses: tuple[int, ...] = ()
) -> Layout:
    """Return the structure of a text whose parts begin at these places."""
    sentences = tuple(sorted({*sections, *sentences}))
    ends = (*sections[1:], LENGTH)
    return Layout(
        tuple(Section(start, end, "") for start, end in zip(sections, ends, strict=True)),
        sentences,
        tuple(sorted({*sentences, *clauses})),
        sections,
        (None,) * len(sections),
    )


def event(kind: str, start: int, order: int | None = None, **rest: Any) -> Event:
    """Return an event of two characters that happens to a donor, by default as it is told."""
    values: dict[str, Any] = {
        "actor": "donor",
        "polarity": "reported",
        "end": start + 2,
        "clause": 0,
    }
    return Event(kind=kind, start=start, order=start if order is None else order, **values | rest)


def rule(*steps: Mapping[str, Any], **rest: Any) -> Rule:
    values = {"id": "R-one", "criterion": "A", "gloss": "g", "sequence": steps or STEPS}
    return Rule.model_validate(values | rest)


def meet(
    of: Rule, *events: Event, within: Layout | None = None
) -> list[tuple[tuple[str, int], ...]]:
    """Return the chains of events that meet a rule: each event's kind and place."""
    return [
        tuple((event.kind, event.start) for event in match.events)
        for match in find([of], events, within)
    ]


def find(
    rules: Sequence[Rule], events: Sequence[Event], within: Layout | None = None
) -> list[RuleMatch]:
    pack = make_pack((), rules=[rule.model_dump() for rule in rules])
    told = sorted(events, key=lambda event: event.start)
    return match_rules(pack, told, within or layout())


@st.composite
def tellings(draw: st.DrawFn, *, in_order: bool) -> list[Event]:
    """Draw events in the order of a text, told as they happened or otherwise."""
    events, place = [], 0
    for gap in draw(st.lists(st.integers(0, 40), max_size=10)):
        place += gap
        order = place if in_order else draw(st.integers(0, 100))
        kind = draw(st.sampled_from(["death", "tube", "cut", "vent"]))
        actor = draw(st.sampled_from(["donor", "donor", "recipient"]))
        events.append(event(kind, place, order, actor=actor))
        place += 2
    return events


# ---- laws ------------------------------------------------------------------------------------


@given(tellings(in_order=False), st.sampled_from([5, 30, 60]))
def test_the_events_of_a_match_fit_their_steps_in_the_order_of_the_story(
    events: list[Event], within: int
) -> None:
    of = rule(*STEPS, {"kinds": ["cut", "tube"]}, within=within)
    for match in find([of], events):
        assert len(set(match.events)) == len(match.events) == 3
        for step, found in zip(of.sequence, match.events, strict=True):
            assert found.kind in step.kinds
            assert found.actor == "donor"
        for one, other in pairwise(match.events):
            assert one.order <= other.order
            assert max(other.start - one.end, one.start - other.end) <= within


@given(tellings(in_order=True), st.sampled_from([5, 30, 60]))
def test_a_rule_is_met_if_and_only_if_two_events_stand_near_enough(
    events: list[Event], within: int
) -> None:
    donors = [event for event in events if event.actor == "donor"]
    near = any(
        one.kind == "death" and other.kind == "tube" and 0 <= other.start - one.end <= within
        for one in donors
        for other in donors
    )
    assert bool(meet(rule(within=within), *events)) == near


@given(tellings(in_order=False))
def test_a_bar_only_takes_matches_away_and_only_where_its_kind_is_told(
    events: list[Event],
) -> None:
    bar = {"kinds": ["vent"], "where": "around", "within": 1000}
    free, barred = meet(rule(), *events), meet(rule(without=[bar]), *events)
    assert [chain for chain in free if chain in barred] == barred
    if not any(event.kind == "vent" for event in events):
        assert barred == free


@given(tellings(in_order=False))
def test_around_is_before_between_and_after(events: list[Event]) -> None:
    def bars(*where: str) -> list[dict[str, object]]:
        return [{"kinds": ["vent"], "where": place, "within": 50} for place in where]

    around = meet(rule(without=bars("around")), *events)
    assert around == meet(rule(without=bars("before", "between", "after")), *events)


# ---- chains ----------------------------------------------------------------------------------


def test_the_order_is_that_of_the_story_and_not_of_the_text() -> None:
    assert meet(rule(), event("tube", 10, 30), event("death", 20, 20)) == [
        (("death", 20), ("tube", 10))
    ]
    assert meet(rule(), event("death", 10, 30), event("tube", 20, 20)) == []


@pytest.mark.parametrize(("tube", "death"), [(10, 20), (20, 10)])
def test_what_happens_at_once_meets_a_rule_either_way(tube: int, death: int) -> None:
    events = event("tube", tube, 10), event("death", death, 10)
    assert meet(rule(), *events) == [(("death", death), ("tube", tube))]
    assert meet(rule(*reversed(STEPS)), *events) == [(("tube", tube), ("death", death))]


def test_an_event_is_no_two_steps_of_a_chain() -> None:
    twice = rule({"kinds": ["tube"]}, {"kinds": ["tube"]})
    assert meet(twice, event("tube", 10)) == []
    assert meet(twice, event("tube", 10), event("tube", 20)) == [(("tube", 10), ("tube", 20))]


@pytest.mark.parametrize(("start", "met"), [(72, True), (73, False)])
def test_events_stand_no_further_apart_than_within(start: int, met: bool) -> None:
    assert bool(meet(rule(within=60), event("death", 10), event("tube", start))) == met
    told_first = event("tube", 10, 99), event("death", start, 20)
    assert bool(meet(rule(within=60), *told_first)) == met


def test_what_is_told_near_may_happen_much_later() -> None:
    assert meet(rule(within=60), event("death", 10), event("tube", 20, 260))


def test_of_several_events_that_carry_on_the_next_in_the_story_counts() -> None:
    events = event("death", 10), event("tube", 20, 30), event("tube", 25, 25)
    assert meet(rule(), *events) == [(("death", 10), ("tube", 25))]


def test_the_latest_beginning_of_a_chain_is_the_tightest() -> None:
    events = event("death", 10), event("death", 20), event("tube", 30)
    assert meet(rule(), *events) == [(("death", 20), ("tube", 30))]


def test_a_beginning_of_another_kind_does_not_end_a_chain() -> None:
    of = rule({"kinds": ["death", "cut"]}, {"kinds": ["tube"]})
    events = event("death", 10), event("cut", 20), event("tube", 30)
    assert [chain[0] for chain in meet(of, *events)] == [("death", 10), ("cut", 20)]


@pytest.mark.parametrize(
    "misfit", [{"actor": "recipient"}, {"polarity": "advised"}, {"kind": "cut"}]
)
def test_events_fit_a_step_by_kind_actor_and_polarity(misfit: dict[str, str]) -> None:
    tube: dict[str, Any] = {"kind": "tube", "start": 20} | misfit
    assert meet(rule(), event("death", 10), event(**tube)) == []


def test_a_step_may_ask_for_other_actors_and_polarities() -> None:
    of = rule({"kinds": ["tube"], "actors": ["recipient"], "polarity": ["advised", "quoted"]})
    fits = event("tube", 10, actor="recipient", polarity="quoted")
    assert meet(of, event("tube", 5), fits, event("tube", 15, actor="recipient")) == [
        (("tube", 10),)
    ]


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        (layout(), ["clause", "sentence", "section"]),
        (layout(clauses=(15,)), ["sentence", "section"]),
        (layout(sentences=(15,)), ["section"]),
        (layout(sections=(0, 15)), []),
    ],
)
def test_a_chain_stays_in_its_scope(text: Layout, scopes: list[str]) -> None:
    events = event("death", 10), event("tube", 20)
    for scope in ("clause", "sentence", "section"):
        assert bool(meet(rule(scope=scope), *events, within=text)) == (scope in scopes)


def test_matches_come_by_place_and_then_by_rule() -> None:
    rules = [rule({"kinds": [kind]}, id=f"R-{kind}") for kind in ("tube", "death")]
    rules.append(rule({"kinds": ["tube"]}, id="R-again"))
    matches = find(rules, [event("tube", 20, 5), event("death", 10)])
    assert [(match.rule.id, match.start, match.end) for match in matches] == [
        ("R-death", 10, 12),
        ("R-again", 20, 22),
        ("R-tube", 20, 22),
    ]


def test_a_match_spans_its_events_wherever_the_text_tells_them() -> None:
    (match,) = find([rule()], [event("tube", 10, 30), event("death", 20, 20, end=25)])
    assert (match.start, match.end) == (10, 25)


# ---- bars ------------------------------------------------------------------------------------


def barred(where: str, *others: Event, within: int = 60, **bar: Any) -> bool:
    """Tell whether a bar forbids a death at 100 and a tube at 120."""
    bars = [{"kinds": ["vent"], "where": where, "within": within, **bar}]
    events = event("death", 100), event("tube", 120)
    return not meet(rule(without=bars), *events, *others)


@pytest.mark.parametrize(("start", "where"), [(90, "before"), (110, "between"), (130, "after")])
def test_a_bar_forbids_what_stands_on_its_side(start: int, where: str) -> None:
    for side in ("before", "between", "after"):
        assert barred(side, event("vent", start)) == (side == where)
    assert barred("around", event("vent", start))


@pytest.mark.parametrize(
    ("order", "where"), [(90, "before"), (100, "between"), (120, "between"), (121, "after")]
)
@pytest.mark.parametrize("start", [90, 110, 130])
def test_the_side_of_a_bar_is_that_of_the_story(start: int, order: int, where: str) -> None:
    for side in ("before", "between", "after"):
        assert barred(side, event("vent", start, order)) == (side == where)


@pytest.mark.parametrize(
    ("start", "where", "forbidden"),
    [(40, "before", True), (39, "before", False), (182, "after", True), (183, "after", False)],
)
def test_a_bar_looks_no_further_than_within(start: int, where: str, forbidden: bool) -> None:
    assert barred(where, event("vent", start)) == forbidden


@pytest.mark.parametrize(
    ("other", "forbidden"),
    [
        ({"actor": "unknown"}, True),
        ({"actor": "recipient"}, False),
        ({"polarity": "negated"}, False),
        ({"polarity": "hypothetical"}, False),
        ({"kind": "cut"}, False),
    ],
)
def test_a_bar_is_what_is_reported_of_the_donor_or_of_nobody(
    other: dict[str, str], forbidden: bool
) -> None:
    values: dict[str, Any] = {"kind": "vent", "start": 90} | other
    assert barred("before", event(**values)) == forbidden


def test_a_bar_does_not_look_into_another_section() -> None:
    of = rule(without=[{"kinds": ["vent"], "where": "before"}])
    events = event("vent", 90), event("death", 100), event("tube", 120)
    assert meet(of, *events) == []
    assert meet(of, *events, within=layout((0, 95)))


def test_the_events_of_a_chain_do_not_bar_it() -> None:
    bars = [{"kinds": ["death", "tube"], "where": "around"}]
    events = event("death", 100), event("tube", 120)
    assert meet(rule(without=bars), *events)
    assert not meet(rule(without=bars), *events, event("tube", 130))
