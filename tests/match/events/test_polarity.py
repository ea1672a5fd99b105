"""How an event is said: reported, or denied, quoted, general, supposed, advised."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.match.events.reading import Reading, make_pack, shipped

WORDS = {
    "并无": {"polarity": "negated"},
    "失败": {"polarity": "negated", "changes": "before"},
    "文献": {"polarity": "quoted", "reach": "sentence"},
    "定义": {"polarity": "general", "changes": "both", "reach": "sentence"},
    "目的": {"polarity": "general", "changes": "both"},
    "假如": {"polarity": "hypothetical", "reach": "sentence"},
    "必须": {"polarity": "advised", "reach": "sentence"},
    "为妥": {"polarity": "advised", "changes": "before", "reach": "sentence"},
    "本组": {"polarity": "reported", "reach": "sentence"},
}
# What did not happen did not happen however it is told.
PRECEDENCE = ["negated", "quoted", "general", "hypothetical", "advised"]
SAY = {
    "negated": "并无",
    "quoted": "文献",
    "general": "定义",
    "hypothetical": "假如",
    "advised": "必须",
}


@cache
def small() -> Reading:
    words = [
        {"kind": word, "role": "polarity", "spellings": [word], **rest}
        for word, rest in WORDS.items()
    ]
    tube = {"kind": "tube", "role": "event", "spellings": ["插管"]}
    return Reading(make_pack([tube, *words]))


def said(text: str) -> list[str]:
    """Return how each tube of a text is said."""
    return small().polarities(text, "tube")


def intubation(text: str) -> list[str]:
    return shipped().polarities(text, "intubation")


# ---- which way a word works ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("并无插管", "negated"),
        ("插管并无", "reported"),
        ("插管失败", "negated"),
        ("失败插管", "reported"),
        ("目的插管", "general"),
        ("插管目的", "general"),
        ("插管为妥", "advised"),
        ("为妥插管", "reported"),
    ],
)
def test_a_word_changes_the_events_on_its_side(text: str, polarity: str) -> None:
    assert said(text) == [polarity]


# ---- how far a word reaches ------------------------------------------------------------------


@given(st.integers(0, 20))
def test_a_word_of_the_clause_reaches_eight_characters(gap: int) -> None:
    near = gap <= 8
    assert said(f"并无{'某' * gap}插管") == ["negated" if near else "reported"]
    assert said(f"插管{'某' * gap}失败") == ["negated" if near else "reported"]


@given(st.integers(0, 60))
def test_a_word_of_the_sentence_reaches_to_its_end(gap: int) -> None:
    assert said(f"假如{'某' * gap},插管。插管") == ["hypothetical", "reported"]


@pytest.mark.parametrize("stop", [",", "、", "。", ";"])
def test_a_word_of_the_clause_does_not_reach_into_the_next(stop: str) -> None:
    assert said(f"并无{stop}插管") == ["reported"]
    assert said(f"插管{stop}失败") == ["reported"]


@pytest.mark.parametrize("stop", ["。", ";", "!"])
def test_no_word_reaches_into_another_sentence(stop: str) -> None:
    assert said(f"文献{stop}插管{stop}定义") == ["reported"]


@pytest.mark.parametrize("turn", ["即", "便", "就", "而", "但", "前"])
def test_what_is_said_of_one_thing_does_not_reach_the_next(turn: str) -> None:
    assert said(f"并无插管{turn}插管") == ["negated", "reported"]
    assert said(f"并无{turn}插管") == ["reported"]


def test_a_word_of_the_sentence_reaches_past_a_turn() -> None:
    assert said("假如但插管") == ["hypothetical"]


def test_a_word_changes_all_the_events_it_reaches() -> None:
    assert said("并无插管插管,插管") == ["negated", "negated", "reported"]


# ---- which of several words counts -----------------------------------------------------------


@given(st.lists(st.sampled_from(PRECEDENCE), min_size=1, unique=True))
def test_of_several_words_the_strongest_counts_in_whatever_order(polarities: list[str]) -> None:
    strongest = min(polarities, key=PRECEDENCE.index)
    # What is to be denied must stand near.
    words = [SAY[polarity] for polarity in polarities if polarity != "negated"]
    words += [SAY["negated"]] if "negated" in polarities else []
    assert said("".join(words) + "插管") == [strongest]


def test_what_happened_in_one_s_own_patients_is_reported_again() -> None:
    assert said("文献插管,本组插管") == ["quoted", "reported"]
    assert said("文献并无插管,本组插管") == ["negated", "reported"]


def test_what_is_said_after_ones_own_account_begins_counts_again() -> None:
    assert said("文献插管,本组必须插管,文献插管") == ["quoted", "advised", "quoted"]


def test_ones_own_account_ends_only_what_came_before_it() -> None:
    assert said("本组插管的定义") == ["general"]
    assert said("本组插管失败") == ["negated"]
    assert said("插管,本组的定义") == ["general"]


# ---- the shipped pack ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("供体脑死亡后气管插管。", "reported"),
        ("供体未行气管插管。", "negated"),
        ("供体不宜气管插管。", "negated"),
        ("供体气管插管未成功，改用面罩。", "negated"),
        ("供体脑死亡后应立即气管插管。", "advised"),
        ("供体脑死亡，宜先气管插管。", "advised"),
        ("供体脑死亡后气管插管为妥。", "advised"),
        ("若供体脑死亡，血压平稳，则气管插管。", "hypothetical"),
        ("供体拟行气管插管。", "hypothetical"),
        ("供体是否气管插管。", "hypothetical"),
        ("国外文献报道，供体脑死亡后气管插管。", "quoted"),
        ("Stanford大学对供体气管插管。", "quoted"),
        ("所谓供体维护，气管插管等。", "general"),
        ("气管插管是指置管于气管。", "general"),
        ("供体气管插管的目的在于通气。", "general"),
        ("理想的供体无气管插管。", "general"),
    ],
)
def test_the_shipped_pack_tells_how_an_intubation_is_said(text: str, polarity: str) -> None:
    assert intubation(text) == [polarity]


@pytest.mark.parametrize("own", ["本组", "我们", "我院", "笔者", "我科", "本中心"])
def test_ones_own_account_ends_a_quotation(own: str) -> None:
    text = f"国外文献报道供体脑死亡后气管插管，{own}供体开胸后气管插管。"
    assert intubation(text) == ["quoted", "reported"]


def test_a_quotation_ends_with_its_sentence() -> None:
    assert intubation("国外供体气管插管，再气管插管。供体气管插管。") == [
        "quoted",
        "quoted",
        "reported",
    ]


def test_to_follow_somebody_is_not_to_quote_him() -> None:
    assert intubation("参照国外方法，供体气管插管。") == ["reported"]
    assert intubation("国外引进的喉镜，供体气管插管。") == ["reported"]


def test_what_was_not_done_in_time_does_not_deny_what_was_done() -> None:
    text = "供体未及气管插管即锯开胸骨。"
    assert intubation(text) == ["negated"]
    assert shipped().polarities(text, "incision") == ["reported"]


def test_what_a_definition_says_of_death_is_general() -> None:
    assert shipped().polarities("脑死亡是指全脑功能丧失。", "brain_death") == ["general"]
    assert shipped().polarities("所谓脑死亡，患者无自主呼吸。", "breathing_stopped") == ["general"]


@pytest.mark.parametrize("text", ["供体反应良好，气管插管。", "供体未婚，气管插管。"])
def test_a_character_inside_a_word_denies_and_advises_nothing(text: str) -> None:
    assert intubation(text) == ["reported"]


@pytest.mark.parametrize("text", ["供者未婚男性气管插管。", "供应室准备供体气管插管。"])
def test_nor_does_it_where_it_stands_near(text: str) -> None:
    assert intubation(text) == ["reported"]
