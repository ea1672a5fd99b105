"""Words tile the text, whatever stands in it; a pack's words are words, and damage is none."""

from functools import cache
from itertools import pairwise

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from screen.text.tokens import DocMaker, Segmenter, find_starts
from tests.sources import SENTENCES, clean_string

OWN = ("气管插管", "带囊导管", "脑死亡", "死")

texts = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.one_of(
            st.sampled_from(
                [*SENTENCES, *OWN, "Stanford 液", "\r\n", "3.5mg/kg", "４℃", "𠮷野", "NOUN", "X"]
            ),
            st.text(max_size=3),
        ),
        max_size=6,
    ).map("".join),
)


@cache
def plain() -> Segmenter:
    return Segmenter()


@cache
def own() -> Segmenter:
    return Segmenter(OWN)


@cache
def maker() -> DocMaker:
    return DocMaker(spacy.blank("zh").vocab)


def words(text: str, segmenter: Segmenter | None = None) -> list[str]:
    return (segmenter or own()).cut(text)


# ---- laws ------------------------------------------------------------------------------------


@given(texts)
def test_words_tile_the_text(text: str) -> None:
    starts = find_starts(words(text))
    assert starts[0] == 0
    assert starts[-1] == len(text)
    assert [text[start:end] for start, end in pairwise(starts)] == words(text)
    assert "" not in words(text)


@given(texts)
def test_a_document_holds_the_text_and_its_words_where_they_begin(text: str) -> None:
    doc = maker().make(words(text))
    assert doc.text == text
    assert [token.idx for token in doc] == find_starts(words(text))[:-1]
    assert [token.text for token in doc] == words(text)


@given(st.lists(st.sampled_from(SENTENCES).map(clean_string), max_size=4))
def test_no_word_crosses_a_full_stop(sentences: list[str]) -> None:
    assert words("".join(sentences)) == [word for part in sentences for word in words(part)]


# ---- words -----------------------------------------------------------------------------------


def test_words_are_those_of_the_dictionary() -> None:
    assert words("患者死亡后", plain()) == ["患者", "死亡", "后"]
    assert words("反应良好,应尽早", plain()) == ["反应", "良好", ",", "应", "尽早"]


def test_ones_own_words_are_words_too() -> None:
    assert words("行气管插管术", plain()) == ["行", "气管", "插管", "术"]
    assert words("行气管插管术", own()) == ["行", "气管插管", "术"]


def test_ones_own_words_stay_ones_own() -> None:
    assert own().is_word("气管插管")
    assert not plain().is_word("气管插管")


def test_a_word_of_one_character_is_not_taught() -> None:
    """It would be cut out of the words that hold it."""
    assert words("患者死亡后", Segmenter(["亡", "者"])) == words("患者死亡后", plain())


@pytest.mark.parametrize(("text", "is_word"), [("食管", True), ("气管", True), ("管插", False)])
def test_a_string_is_a_word_if_the_dictionary_has_it(text: str, is_word: bool) -> None:
    assert plain().is_word(text) == is_word


@pytest.mark.parametrize("damaged", ["气臂插管", "气管擂管", "气.管插管"])
def test_what_damage_made_of_a_word_is_left_in_pieces(damaged: str) -> None:
    assert damaged not in words(f"供体{damaged}后")
    assert {"臂", "擂", "."} & set(words(f"供体{damaged}后"))


def test_a_text_without_words_has_none() -> None:
    assert words("") == []
    assert find_starts([]) == [0]
    assert maker().make([]).text == ""
