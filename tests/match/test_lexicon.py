"""Terms in clean text: unharmed, damaged, and what only looks like a damaged one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.match.lexicon import Lexicon, TermMatch, settle
from screen.match.packs import find_pack, load_pack
from screen.match.schema import expand
from screen.text.tokens import Segmenter, find_starts
from tests.sources import SENTENCES, clean_string

PACK = load_pack(find_pack("brain-death"))
SEGMENTER = Segmenter(
    words for term in PACK.terms for spelling in term.spellings for words in expand(spelling)
)
LEXICON = Lexicon(PACK, SEGMENTER.is_word)


def find(text: str) -> list[TermMatch]:
    """Return the terms that stand in a text."""
    exact = LEXICON.find(text)
    words = set(find_starts(SEGMENTER.cut(text)))
    return settle(text, exact, LEXICON.find_damaged(text, exact), words)


def kinds(text: str) -> list[str]:
    return [match.term.kind for match in find(text)]


def read(text: str) -> list[tuple[str, str]]:
    """Return what stands in the text and what it is read as, for each damaged term."""
    return [
        (text[match.start : match.end], match.damaged.spelling)
        for match in find(text)
        if match.damaged
    ]


@given(st.lists(st.sampled_from([*SENTENCES, "应", "未", "气管", "脑亡"]), max_size=8).map("".join))
def test_terms_come_in_order_without_overlap(text: str) -> None:
    words = clean_string(text)
    position = 0
    for match in find(words):
        assert position <= match.start < match.end <= len(words)
        position = match.end


@given(st.lists(st.sampled_from(SENTENCES), max_size=8).map("".join))
def test_unharmed_terms_are_spelled_as_in_the_pack(text: str) -> None:
    words = clean_string(text)
    for match in LEXICON.find(words):
        assert words[match.start : match.end] in {
            spelling for way in match.term.spellings for spelling in expand(way)
        }


def test_of_terms_that_overlap_the_first_counts_and_of_those_the_longest() -> None:
    assert kinds("主动脉插管后气管插管") == ["cannulation", "intubation"]


@pytest.mark.parametrize(
    ("text", "place", "spelling"),
    [
        ("供体行气臂插管", "气臂插管", "气管插管"),
        ("供体行气管擂管后", "气管擂管", "气管插管"),
        ("供体行气管插菅后", "气管插菅", "气管插管"),
        ("供体气插管后开胸", "气插管", "气管插管"),
        ("供体行气.管插管", "气.管插管", "气管插管"),
        ("接麻徊机控制呼吸", "麻徊机", "麻醉机"),
        ("供体脑夗亡后", "脑夗亡", "脑死亡"),
        ("供者行急管切开", "急管切开", "气管切开"),
    ],
)
def test_one_wrong_or_missing_character_or_a_speck_does_not_hide_a_term(
    text: str, place: str, spelling: str
) -> None:
    assert (place, spelling) in read(text)


@pytest.mark.parametrize(
    "text",
    [
        "气管食管瘘",  # 食管 is a word
        "患者死亡后",  # 死亡 is a word without 脑
        "气管吻合口",  # 吻合 is a word
        "呼吸、机械通气",  # what a comma parts is not one word
        "供心离体后",
        "左下肺不张",
        "停搏前给药",
    ],
)
def test_words_that_resemble_a_term_are_not_damaged_ones(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "advised"),
    [("供体应尽早插管", True), ("供体反应良好", False), ("应用肝素", False), ("供应室", False)],
)
def test_a_term_of_one_character_counts_only_as_a_word(text: str, advised: bool) -> None:
    assert ("advice" in kinds(text)) == advised


def test_an_unharmed_term_is_never_given_up_for_a_damaged_one() -> None:
    assert kinds("供体脑死亡后气管插管及通气") == [
        "donor",
        "brain_death",
        "intubation",
        "breathing",
    ]
