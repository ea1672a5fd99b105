"""In which order things happened, and what happened at the same time."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.match.events.reading import Reading, make_pack, shipped

EVENTS = {"宣告": "death", "插管": "tube", "开胸": "cut", "消毒": "drape"}


@cache
def small() -> Reading:
    terms = [{"kind": kind, "role": "event", "spellings": [word]} for word, kind in EVENTS.items()]
    return Reading(make_pack(terms))


def story(text: str) -> list[str]:
    """Return what happens in order; what happens at once is one item, its kinds sorted."""
    return ["+".join(sorted(moment)) for moment in small().story(text)]


def shipped_story(text: str) -> list[set[str]]:
    return shipped().story(text, "declaration", "brain_death", "intubation", "incision", "draping")


# ---- as it is told ---------------------------------------------------------------------------


@given(st.lists(st.sampled_from(list(EVENTS)), max_size=8), st.sampled_from([",", "。", "后", ""]))
def test_things_happen_in_the_order_in_which_they_are_told(words: list[str], link: str) -> None:
    text = link.join(words)
    assert [event.order for event in small().events(text)] == [
        event.start for event in small().events(text)
    ]


@given(
    st.lists(
        st.sampled_from([*EVENTS, "前", "后", "同时", "此前", "在", "后进行", "均", ",", "与"]),
        max_size=10,
    ).map("".join),
    st.lists(st.sampled_from([*EVENTS, "前", "后", ","]), max_size=6).map("".join),
)
def test_what_a_sentence_tells_happens_before_what_the_next_one_tells(
    first: str, second: str
) -> None:
    text = f"{first}。{second}"
    orders: dict[bool, list[float]] = {True: [-1], False: [len(text)]}
    for event in small().events(text):
        orders[event.start <= len(first)].append(event.order)
    assert max(orders[True]) < min(orders[False])


# ---- 前: still to come -----------------------------------------------------------------------


@pytest.mark.parametrize("before", ["前", "之前", "以前"])
def test_before_something_comes_what_the_sentence_goes_on_to_tell(before: str) -> None:
    assert story(f"开胸{before}插管。") == ["tube", "cut"]
    assert story(f"开胸{before},插管,消毒。") == ["tube", "drape", "cut"]
    assert story(f"开胸{before}插管。消毒。") == ["tube", "cut", "drape"]


def test_what_is_told_before_something_to_come_comes_before_it_too() -> None:
    assert story("消毒,开胸前插管。") == ["drape", "tube", "cut"]
    assert story("插管于开胸之前。") == ["tube", "cut"]


def test_the_front_of_the_chest_is_not_before_something() -> None:
    assert story("消毒前胸插管") == ["drape", "tube"]
    assert story("消毒前臂插管") == ["drape", "tube"]


@pytest.mark.parametrize("noun", ["诊断", "的诊断", "判定", "宣布", "成立"])
def test_what_is_done_of_something_may_stand_before_the_word_of_time(noun: str) -> None:
    assert story(f"宣告{noun}前插管。") == ["tube", "death"]
    assert story(f"插管在宣告{noun}后进行。") == ["death", "tube"]


# ---- 在 ... 后进行 ---------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["在", "于", "系", "是", "系在"])
@pytest.mark.parametrize("after", ["后", "之后", "以后"])
def test_what_is_told_first_may_happen_after_what_is_told_last(at: str, after: str) -> None:
    assert story(f"插管{at}宣告{after}进行。") == ["death", "tube"]


def test_after_alone_tells_what_is_told_next() -> None:
    assert story("宣告后插管。") == ["death", "tube"]
    assert story("消毒,宣告后插管。") == ["drape", "death", "tube"]
    assert story("在宣告后插管。") == ["death", "tube"]


def test_only_what_the_clause_told_happens_after() -> None:
    assert story("消毒,插管在宣告后进行。") == ["drape", "death", "tube"]
    assert story("消毒。插管在宣告后进行。") == ["drape", "death", "tube"]


@pytest.mark.parametrize("all_of", ["均", "皆", "都", "以上均", "上述均"])
def test_all_that_the_sentence_told_may_happen_after(all_of: str) -> None:
    assert story(f"消毒,插管,{all_of}在宣告后进行。") == ["death", "drape", "tube"]
    assert story(f"开胸。消毒,插管,{all_of}在宣告后进行。") == ["cut", "death", "drape", "tube"]


def test_what_follows_the_later_thing_follows_still() -> None:
    assert story("插管在宣告后进行,消毒,开胸。") == ["death", "tube", "drape", "cut"]


# ---- 此前: back to before --------------------------------------------------------------------


@pytest.mark.parametrize(
    "earlier", ["此前", "此之前", "在此之前", "在这之前", "先前", "事先", "早在家中", "但此前"]
)
def test_a_clause_may_go_back_before_all_that_the_sentence_told(earlier: str) -> None:
    assert story(f"消毒,宣告,{earlier}插管。") == ["tube", "drape", "death"]


def test_the_story_goes_on_where_it_was_after_going_back() -> None:
    assert story("消毒,此前插管,开胸。") == ["tube", "drape", "cut"]


def test_there_is_nothing_to_go_back_to_at_the_head_of_a_sentence() -> None:
    assert story("消毒。此前插管,开胸。") == ["drape", "tube", "cut"]


# ---- 同时: at once ---------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", ["同时", "的同时", ",同时", "同步", "时同时经口"])
def test_things_may_happen_at_the_same_time(at_once: str) -> None:
    assert story(f"开胸{at_once}插管。") == ["cut+tube"]


@pytest.mark.parametrize("also", ["与", "和", "及"])
def test_two_things_may_be_said_to_happen_together(also: str) -> None:
    assert story(f"插管{also}开胸同时进行。") == ["cut+tube"]
    assert story(f"插管{also}开胸几乎同时进行。") == ["cut+tube"]
    assert story(f"插管{also}开胸进行。") == ["tube", "cut"]


def test_what_comes_before_and_after_stays_there() -> None:
    assert story("消毒,开胸同时插管,宣告。") == ["drape", "cut+tube", "death"]


def test_a_meanwhile_far_from_the_event_says_nothing_of_it() -> None:
    assert story("开胸,同时清点器械一次并核对无误,插管。") == ["cut", "tube"]


def test_what_a_new_sentence_calls_meanwhile_is_told_later() -> None:
    assert story("开胸。同时插管。") == ["cut", "tube"]


def test_what_happens_together_goes_back_together() -> None:
    assert story("宣告,此前消毒同时插管。") == ["drape+tube", "death"]


# ---- the shipped pack ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("供体脑死亡后气管插管，开胸。", [{"brain_death"}, {"intubation"}, {"incision"}]),
        ("供体开胸前行气管插管。", [{"intubation"}, {"incision"}]),
        ("气管插管系在宣布脑死亡后进行。", [{"declaration"}, {"intubation"}]),
        ("供体气管插管于脑死亡之后。", [{"brain_death"}, {"intubation"}]),
        ("供体脑死亡并在气管插管后开胸。", [{"brain_death"}, {"intubation"}, {"incision"}]),
        (
            "供体气管插管、消毒铺巾均在脑死亡后进行。",
            [{"brain_death"}, {"intubation"}, {"draping"}],
        ),
        (
            "供体脑死亡，此前经口插管并开胸。",
            [{"intubation"}, {"incision"}, {"brain_death"}],
        ),
        ("供体宣布脑死亡，在此之前行气管插管。", [{"intubation"}, {"declaration"}]),
        ("供体开胸同时插入气管导管。", [{"incision", "intubation"}]),
        ("供体气管插管与开胸同步进行。", [{"intubation", "incision"}]),
        ("供体气管插管，前胸正中切口。", [{"intubation"}, {"incision"}]),
    ],
)
def test_the_shipped_pack_tells_the_order_of_the_story(text: str, order: list[set[str]]) -> None:
    assert shipped_story(text) == order


def test_a_tube_of_before_is_in_place_when_death_is_declared() -> None:
    text = "供体判定脑死亡，此前已行气管插管。"
    assert shipped().story(text, "declaration", "tube_in_place") == [
        {"tube_in_place"},
        {"declaration"},
    ]
