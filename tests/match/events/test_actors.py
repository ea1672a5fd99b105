"""Who an event happens to: by the sentence, the section, the headings, the cues, in this order."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.match.events.reading import Reading, make_pack, shipped

# Words about nobody, of no more than a sentence.
CALM = "血压平稳。"
# Enough of them to be out of reach of cues.
FAR = CALM * 12

TERMS = (
    {"kind": "tube", "role": "event", "spellings": ["插管"]},
    {"kind": "cooling", "role": "event", "actor": "donor", "spellings": ["灌冰"]},
    {"kind": "side", "role": "event", "usually": "recipient", "spellings": ["侧卧"]},
    {"kind": "donor", "role": "actor", "actor": "donor", "spellings": ["供体"]},
    {"kind": "recipient", "role": "actor", "actor": "recipient", "spellings": ["受体"]},
    {"kind": "patient", "role": "actor", "usually": "recipient", "spellings": ["患者"]},
    {"kind": "dog", "role": "actor", "actor": "animal", "spellings": ["犬"]},
    {"kind": "kin", "role": "actor", "actor": "living_donor", "spellings": ["亲属"]},
    {"kind": "ice", "role": "cue", "actor": "donor", "spellings": ["冰屑"]},
    {"kind": "bypass", "role": "cue", "actor": "recipient", "spellings": ["转机"]},
    {"kind": "human", "role": "cue", "undoes": ["animal"], "spellings": ["岁"]},
    {"kind": "corpse", "role": "cue", "undoes": ["living_donor"], "spellings": ["尸体"]},
)


@cache
def small() -> Reading:
    return Reading(make_pack(TERMS))


def who(text: str) -> list[str]:
    """Return to whom each tube of a text went, with words of which nothing else is known."""
    return small().actors(text, "tube")


def who_is_intubated(text: str) -> list[str]:
    return shipped().actors(text, "intubation")


# ---- 1. the sentence -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("供体仰卧,插管。", "donor"),
        ("受体仰卧,插管。", "recipient"),
        ("患者仰卧,插管。", "recipient"),
        ("犬仰卧,插管。", "animal"),
        ("亲属仰卧,插管。", "living_donor"),
        ("有人仰卧,插管。", "unknown"),
    ],
)
def test_who_is_named_in_the_sentence_is_who_it_happens_to(text: str, actor: str) -> None:
    assert who(text) == [actor]


@given(st.lists(st.sampled_from(["供体", "受体", "患者"]), min_size=1, max_size=6))
def test_of_several_the_last_one_named_before_counts(names: list[str]) -> None:
    text = "插管,".join(names) + "插管。"
    assert who(text) == ["donor" if name == "供体" else "recipient" for name in names]


def test_an_event_that_always_happens_to_donors_names_the_donor_too() -> None:
    assert small().actors("受体仰卧。灌冰后插管。", "cooling") == ["donor"]
    assert who("受体仰卧。灌冰后插管。") == ["donor"]
    assert who_is_intubated("受体入室后，脑死亡后气管插管。") == ["donor"]


def test_an_event_that_usually_happens_to_recipients_does_so_where_nobody_is_named() -> None:
    assert small().actors("取侧卧位。", "side") == ["recipient"]
    assert small().actors("供体取侧卧位。", "side") == ["donor"]


# ---- 2. just after it ------------------------------------------------------------------------


def test_who_is_named_just_after_counts_where_the_sentence_named_nobody_before() -> None:
    assert who("受体仰卧。行插管的供体。") == ["donor"]
    assert who("受体行插管的供体。") == ["recipient"]


@pytest.mark.parametrize(
    "text", ["插管,供体仰卧。", "插管。供体仰卧。", "插管时医生发现了另一名供体。"]
)
def test_who_is_named_after_another_clause_or_further_on_does_not_count(text: str) -> None:
    assert who(f"受体仰卧。{text}") == ["recipient"]


# ---- 3. earlier in the section ---------------------------------------------------------------


def test_who_was_named_in_an_earlier_sentence_of_the_section_is_carried_on() -> None:
    assert who(f"供体仰卧。{CALM}插管。") == ["donor"]
    assert who(f"供体仰卧。受体仰卧。{CALM}插管。") == ["recipient"]


def test_who_was_named_is_not_carried_very_far() -> None:
    assert who(f"供体仰卧。{CALM * 51}插管。") == ["donor"]
    assert who(f"供体仰卧。{CALM * 52}插管。") == ["unknown"]


def test_who_was_named_is_not_carried_into_another_section() -> None:
    assert who(f"1.1 供体选择:供体仰卧。{FAR}插管。1.2 手术方法:插管。") == ["donor", "unknown"]


@pytest.mark.parametrize(
    "text",
    [
        "供体仰卧。重量与受体相符。插管。",
        "供体仰卧。身高高于受体。插管。",
        "供体仰卧。受体的体重相差5kg。插管。",
        "供体仰卧。受体血型一致。插管。",
    ],
)
def test_who_is_only_compared_with_is_not_who_the_text_goes_on_to_speak_of(text: str) -> None:
    assert who(text) == ["donor"]


def test_whom_a_donor_was_is_not_who_the_text_goes_on_to_speak_of() -> None:
    assert who("供体为车祸患者。插管。") == ["donor"]
    assert who("供体系32岁患者。插管。") == ["donor"]
    assert who("供体供肺给患者。插管。") == ["recipient"]


# ---- 4. headings -----------------------------------------------------------------------------


def test_the_heading_names_who_where_its_section_names_nobody() -> None:
    assert who(f"随访。1.2 供体手术:{CALM * 60}插管。") == ["donor"]
    assert who(f"随访。1.2 受体手术:{CALM * 60}插管。") == ["recipient"]


def test_the_heading_above_names_who_where_the_heading_itself_does_not() -> None:
    donor = "1.2 供体手术:1.2.1 麻醉方法:插管。1.2.2 手术方法:插管。"
    recipient = "1.3 受体手术:1.3.1 麻醉方法:插管。"
    text = f"{donor}{recipient}{FAR}2 麻醉方法:插管。"
    assert who(text) == ["donor", "donor", "recipient", "unknown"]


def test_a_heading_above_is_overruled_by_the_heading_itself() -> None:
    assert who("1.2 供体手术:插管。1.2.1 受体麻醉:插管。") == ["donor", "recipient"]


def test_a_name_late_in_a_section_is_no_heading() -> None:
    assert who(f"1.2 手术方法:{CALM}给供体开胸。{FAR}1.2.1 麻醉方法:插管。") == ["unknown"]
    assert who(f"1.2 手术方法和麻醉方法以及监测与输液供体。{FAR}1.2.1 麻醉方法:插管。") == [
        "unknown"
    ]
    assert who(f"1.2 供体开胸方法:{CALM}{FAR}1.2.1 麻醉方法:插管。") == ["donor"]


def test_a_name_in_passing_gives_way_to_the_heading_and_one_that_leads_a_clause_does_not() -> None:
    assert who("1.2 供体手术:仰卧。医生告知受体。插管。") == ["donor"]
    assert who("1.2 供体手术:仰卧。受体入室。插管。") == ["recipient"]


def test_a_patient_under_a_heading_of_donors_is_the_donor() -> None:
    assert who("一、供体手术:患者仰卧。插管。") == ["donor"]
    assert who("一、手术方法:患者仰卧。插管。") == ["recipient"]


def test_the_donors_organ_under_a_heading_of_recipients_is_not_the_donor() -> None:
    assert who("1.3 受体手术:供体心脏修剪,插管。") == ["recipient"]
    assert who("1.3 受体手术:供体仰卧,插管。") == ["donor"]


# ---- 5. cues ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("插管,冰屑保存。", "donor"),
        ("插管,转机。", "recipient"),
        ("冰屑。插管,转机。", "unknown"),
        ("冰屑,冰屑。插管,转机。", "donor"),
        ("冰屑。插管,转机,转机。", "recipient"),
        (f"冰屑。{CALM * 11}插管。", "donor"),
        (f"冰屑。{CALM * 12}插管。", "unknown"),
        (f"插管。{CALM * 27}冰屑。", "donor"),
        (f"插管。{CALM * 28}冰屑。", "unknown"),
    ],
)
def test_where_nobody_is_named_most_of_the_cues_near_an_event_decide(text: str, actor: str) -> None:
    assert who(text) == [actor]


def test_cues_do_not_count_where_somebody_is_named() -> None:
    assert who("供体插管,转机,转机。") == ["donor"]


# ---- animals and living donors ---------------------------------------------------------------


@pytest.mark.parametrize(("named", "actor"), [("犬", "animal"), ("亲属", "living_donor")])
def test_donors_are_animals_or_kin_to_the_end_of_the_section_that_names_them(
    named: str, actor: str
) -> None:
    text = f"1.1 动物:{named}3只,供体插管。供体插管。1.2 方法:供体插管。{CALM * 60}"
    assert who(text) == [actor, actor, "donor"]


def test_donors_are_animals_throughout_a_text_that_speaks_of_animals_throughout() -> None:
    part = f"犬只仰卧。{CALM * 8}"
    text = f"1.1 方法:供体插管。1.2 材料:{part * 4}1.3 结果:供体插管。"
    assert who(text) == ["animal", "animal"]
    assert who(text.replace("犬只", "患者")) == ["donor", "donor"]


def test_an_animal_experiment_at_one_end_of_a_text_says_nothing_of_its_donors() -> None:
    text = f"1.1 实验:{'犬只仰卧。' * 8}1.2 方法:供体插管。{CALM * 60}"
    assert who(text) == ["donor"]


def test_people_spoken_of_as_often_make_donors_people_again() -> None:
    animals = f"1.2 材料:{f'犬只仰卧。{CALM * 8}' * 4}"
    people = f"1.3 资料:{'年龄20岁。' * 4}"
    assert who(f"1.1 方法:供体插管。{animals}") == ["animal"]
    assert who(f"1.1 方法:供体插管。{animals}{people}") == ["donor"]


def test_from_a_word_that_undoes_them_on_donors_are_no_longer_such() -> None:
    assert who("亲属3例。供体插管。尸体1例。供体插管。") == ["living_donor", "donor"]
    assert who("犬3只。供体插管。尸体1例。供体插管。") == ["animal", "animal"]


def test_brain_death_is_never_that_of_a_living_donor() -> None:
    assert who_is_intubated("亲属活体供肾者1例，供体气管插管。") == ["living_donor"]
    assert who_is_intubated("亲属活体供肾者1例。供体脑死亡后气管插管。") == ["donor"]
    assert who_is_intubated("供犬3只。供体脑死亡后气管插管。") == ["animal"]


# ---- the shipped pack ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("供者入手术室后气管插管。", "donor"),
        ("病人入手术室后气管插管。", "recipient"),
        ("供、受体血型相符。气管插管。", "unknown"),
        ("供体仰卧。供受体血型相符。气管插管。", "donor"),
        ("随访。2.1 供心切取：气管插管。", "donor"),
        ("随访。2.1 心脏移植手术：气管插管。", "recipient"),
        ("备猪尾导管。供体气管插管。", "donor"),
        ("健康杂种犬12只，供体气管插管。", "animal"),
        ("气管插管，切取供心，置入冰屑中。", "donor"),
        ("气管插管，麻醉诱导，留置尿管。", "recipient"),
    ],
)
def test_the_shipped_pack_knows_who_is_who(text: str, actor: str) -> None:
    assert who_is_intubated(text) == [actor]
