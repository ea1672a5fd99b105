"""Phrases are found again in spite of damage, and the filter before them loses none."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from screen.match.packs import find_pack, load_pack
from screen.match.phrases import PhraseFinder
from screen.match.schema import Phrase
from tests.sources import SENTENCES

PHRASES = load_pack(find_pack("brain-death")).phrases
FINDER = PhraseFinder(PHRASES)
TARGET = Phrase(id="P-1", text="供体脑死亡后立即气管插管", criterion="A", similarity=0.8)

noise = st.sampled_from("供体脑死亡后立即气管插管面罩鑫，。1")


@st.composite
def spoiled_phrases(draw: st.DrawFn) -> str:
    characters = list(draw(st.sampled_from(PHRASES)).text)
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(characters) - 1))
        kind = draw(st.integers(0, 2))
        characters[place] = ("", draw(noise), characters[place] + draw(noise))[kind]
        characters = list("".join(characters)) or ["供"]
    return "".join(characters)


pieces = st.one_of(spoiled_phrases(), st.sampled_from(SENTENCES), st.text(noise, max_size=12))


@settings(max_examples=200)
@given(st.lists(pieces, max_size=6).map("".join))
def test_every_phrase_that_comparison_alone_finds_is_found(text: str) -> None:
    found: dict[str, float] = {}
    for match in FINDER.find(text):
        found[match.phrase.id] = min(found.get(match.phrase.id, 1.0), match.distance)
    for phrase in PHRASES:
        if len(text) <= len(phrase.text):
            continue  # partial_ratio then also scores a part of the phrase against the text
        best = fuzz.partial_ratio(phrase.text, text) / 100
        if best >= phrase.similarity:
            assert phrase.id in found
            assert found[phrase.id] <= 1 - best + 1e-9


@given(text=st.lists(pieces, max_size=6).map("".join))
@example(text="脑死亡后紧急气管内插管死供亡后紧急气管内插管")
@example(text="体脑供死亡后立即气管插管")
def test_every_match_lies_in_the_text_in_order_and_is_similar_enough(text: str) -> None:
    matches = FINDER.find(text)
    for match in matches:
        assert 0 <= match.start < match.end <= len(text)
        alike = fuzz.ratio(match.phrase.text, text[match.start : match.end]) / 100
        assert alike == pytest.approx(1 - match.distance)
        assert alike >= match.phrase.similarity
    assert [match.start for match in matches] == sorted(match.start for match in matches)


@pytest.mark.parametrize(
    "text",
    [
        "供体脑死亡后立即气管插管",
        "供体恼死亡后立即气管插管",
        "供体脑死亡后立即气臂插管",
        "供体脑死亡后，立即行气管插管",
        "供体脑死后立即气管插管",
    ],
)
def test_a_phrase_is_found_in_spite_of_small_damage(text: str) -> None:
    matches = PhraseFinder([TARGET]).find(f"术前{text}，开胸")
    assert [match.phrase.id for match in matches] == ["P-1"]


@pytest.mark.parametrize(
    "text", ["气管插管后立即脑死亡供体", "受体麻醉后行气管插管", "脑死亡后", ""]
)
def test_other_wording_and_the_same_words_in_another_order_are_not(text: str) -> None:
    assert PhraseFinder([TARGET]).find(text) == []


def test_a_phrase_that_stands_twice_is_found_twice_however_near() -> None:
    one, other = "供体脑死亡后立即气管插管", "供体恼死亡后立即气管插菅"
    text = f"国外{one}，而我院{other}。"
    found = {text[match.start : match.end] for match in PhraseFinder([TARGET]).find(text)}
    assert found == {one, other}
