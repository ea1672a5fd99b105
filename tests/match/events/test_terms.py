"""Which events the words of a text tell, alone or together with the words beside them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.match.damage import Damaged
from screen.match.events.mentions import Mention
from screen.match.events.terms import look_around
from screen.match.lexicon import TermMatch
from screen.match.schema import Term
from tests.match.events.reading import Reading, make_pack, shipped

TERMS = (
    {"kind": "cut", "role": "event", "spellings": ["切开"], "damaged": True},
    {"kind": "airway", "role": "event", "spellings": ["气管插管"], "damaged": True},
    {"kind": "tube", "role": "part", "spellings": ["导管"]},
    {"kind": "vein", "role": "part", "spellings": ["静脉"]},
    {"kind": "placing", "role": "part", "spellings": ["置入"]},
    {"kind": "donor", "role": "actor", "actor": "donor", "spellings": ["供体"]},
    {"kind": "recipient", "role": "actor", "actor": "recipient", "spellings": ["受体"]},
    {"kind": "patient", "role": "actor", "usually": "recipient", "spellings": ["患者"]},
    {"kind": "organ", "role": "cue", "actor": "donor", "spellings": ["冰屑"]},
    {"kind": "negation", "role": "polarity", "polarity": "negated", "spellings": ["未"]},
    {"kind": "aside", "role": "neutral", "spellings": ["切开包"]},
)
INTUBATION: Mapping[str, Any] = {
    "kind": "intubation",
    "part": "placing",
    "beside": ("tube",),
    "within": 6,
}


@cache
def plain() -> Reading:
    return Reading(make_pack(TERMS))


def with_compound(**changes: Any) -> Reading:
    return _with_compounds(tuple({**INTUBATION, **changes}.items()))


@cache
def _with_compounds(*compounds: tuple[tuple[str, Any], ...]) -> Reading:
    return Reading(make_pack(TERMS, [dict(compound) for compound in compounds]))


def tells(reading: Reading, text: str) -> bool:
    return "intubation" in reading.kinds(text)


# ---- what one word tells ---------------------------------------------------------------------


def test_an_event_term_tells_its_event_and_a_part_alone_tells_none() -> None:
    assert plain().kinds("切开皮肤,置入导管") == ["cut"]


def test_who_is_named_is_an_event_for_donors_only() -> None:
    assert plain().kinds("供体仰卧,受体仰卧,患者仰卧") == ["donor"]


def test_cues_and_words_of_doubt_and_neutral_words_tell_no_event() -> None:
    account = plain().account("未用冰屑,备切开包")
    assert [mention.term.kind for mention in account.mentions] == ["negation", "organ", "aside"]
    assert account.events == ()


def test_mentions_stand_at_their_place_and_in_the_order_of_the_text() -> None:
    text = "供体切开皮肤,置入导管"
    account = plain().account(text)
    assert [text[mention.start : mention.end] for mention in account.mentions] == [
        "供体",
        "切开",
        "置入",
        "导管",
    ]


@pytest.mark.parametrize("damaged", ["气臂插管", "气管擂管", "气.管插管", "气管插菅"])
def test_a_damaged_term_tells_its_event_and_what_it_was_read_as(damaged: str) -> None:
    (event,) = plain().events(f"行,{damaged},接呼吸机")
    assert (event.kind, event.read_as) == ("airway", "气管插管")
    assert (event.start, event.end) == (2, 2 + len(damaged))


def test_an_unharmed_term_is_read_as_nothing_else() -> None:
    (event,) = plain().events("行,气管插管,接呼吸机")
    assert event.read_as == ""


# ---- events told in two words ----------------------------------------------------------------


def test_two_words_beside_each_other_tell_one_event_at_the_place_of_the_part() -> None:
    text = "经口置入一根导管"
    (event,) = with_compound().events(text)
    assert (event.kind, text[event.start : event.end]) == ("intubation", "置入")


@pytest.mark.parametrize(
    ("order", "before", "after"),
    [("before", True, False), ("after", False, True), ("any", True, True)],
)
def test_the_other_word_stands_on_the_side_the_compound_asks_for(
    order: str, before: bool, after: bool
) -> None:
    reading = with_compound(order=order)
    assert tells(reading, "将导管置入") == before
    assert tells(reading, "将置入导管") == after


@given(st.integers(0, 12))
def test_the_other_word_stands_no_further_than_within(gap: int) -> None:
    reading = with_compound()
    assert tells(reading, f"置入{'某' * gap}导管") == (gap <= 6)
    assert tells(reading, f"导管{'某' * gap}置入") == (gap <= 6)


def test_the_other_word_stands_in_the_same_sentence_or_clause() -> None:
    sentence, clause = with_compound(), with_compound(scope="clause")
    assert tells(sentence, "置入鼻,导管")
    assert not tells(sentence, "置入鼻。导管")
    assert not tells(clause, "置入鼻,导管")
    assert tells(clause, "置入鼻导管")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("置入静脉导管", False),  # what must not stand between does
        ("导管静脉置入", False),
        ("置入导管静脉", True),  # it stands beyond
        ("静脉置入导管", True),  # it stands on the other side
        ("导管置入静脉", True),
        ("置入静脉导管,导管", False),
        ("导管置入静脉导管", True),  # one side is enough
    ],
)
def test_what_stands_between_two_words_may_part_them(text: str, told: bool) -> None:
    assert tells(with_compound(without=("vein",)), text) == told
    assert tells(with_compound(), text)


def test_words_of_other_kinds_between_do_not_part_two_words() -> None:
    assert tells(with_compound(without=("vein",)), "置入切开导管")


def test_a_word_named_in_beside_counts_before_it_is_in_the_way() -> None:
    assert tells(with_compound(beside=("tube", "vein"), without=("vein",)), "置入静脉")


def test_an_event_told_by_one_word_may_tell_another_with_the_word_beside_it() -> None:
    reading = with_compound(part="cut", beside=("vein",))
    events = reading.events("切开静脉")
    assert [event.kind for event in events] == ["cut", "intubation"]
    assert len({(event.start, event.end, event.order) for event in events}) == 1


def test_two_ways_to_the_same_event_tell_it_once() -> None:
    ways = (INTUBATION, {**INTUBATION, "beside": ("tube", "vein")})
    reading = _with_compounds(*(tuple(way.items()) for way in ways))
    assert reading.kinds("置入静脉导管") == ["intubation"]


def test_a_damaged_word_is_a_part_too() -> None:
    terms: list[Mapping[str, Any]] = [*TERMS]
    terms.append({"kind": "set", "role": "part", "spellings": ["带囊管"], "damaged": True})
    reading = Reading(make_pack(terms, [{**INTUBATION, "beside": ("set",)}]))
    assert tells(reading, "置入,带蘘管,固定")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("插入7号气管导管", "intubation"),
        ("麻醉医师插管", "intubation"),
        ("切开颈部气管", ""),
        ("气管中段切开", "tracheotomy"),
        ("已经由口行气管插管", "tube_in_place"),
        ("停机10分钟未见自主呼吸", "apnea_test"),
        ("由两名医师判定", "formal_declaration"),
        ("纵行劈开其胸骨", "incision"),
        ("迅速建立人工的呼吸", "ventilation"),
        ("插入鼻导管", ""),  # 鼻导管 is a word that hides 导管
    ],
)
def test_the_shipped_pack_reads_events_told_in_two_words(text: str, kind: str) -> None:
    told = {*shipped().kinds(text)} - {"donor"}
    assert kind in told if kind else not told


def test_a_donor_ventilated_already_is_one_unless_death_stands_between() -> None:
    assert "ventilated_before" in shipped().kinds("供体已经鼻导管人工呼吸")
    assert "ventilated_before" not in shipped().kinds("供体已经脑死亡人工呼吸")


# ---- looking around --------------------------------------------------------------------------


@st.composite
def mention_rows(draw: st.DrawFn) -> list[Mention]:
    """Draw mentions in order and without overlaps."""
    term = Term.model_validate(TERMS[0])
    row, place = [], 0
    sizes = st.tuples(st.integers(0, 9), st.integers(1, 4))
    for gap, length in draw(st.lists(sizes, min_size=1, max_size=12)):
        damaged = Damaged("切开", place + gap, place + gap + length, None)
        row.append(Mention(TermMatch(term, damaged.start, damaged.end, damaged)))
        place += gap + length
    return row


@given(mention_rows(), st.data())
def test_looking_around_meets_all_within_reach_the_nearest_first(
    row: list[Mention], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(row) - 1))
    reach = data.draw(st.integers(0, 30))
    home = row[index]
    before = [other for other in row[:index] if home.start - other.end <= reach]
    after = [other for other in row[index + 1 :] if other.start - home.end <= reach]
    assert list(look_around(row, index, -1, reach)) == before[::-1]
    assert list(look_around(row, index, 1, reach)) == after
