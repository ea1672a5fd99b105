"""Damaged words of the pack are found again, and words that resemble them are left alone."""

from functools import cache
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from screen.match.damage import Damaged, DamageFinder, is_damage
from screen.match.packs import find_pack, load_pack
from screen.match.schema import expand
from screen.text.tokens import Segmenter, find_starts
from tests.sources import SENTENCES, clean_string

PACK = load_pack(find_pack("brain-death"))
SPELLINGS = sorted(
    {
        words
        for term in PACK.terms
        if term.damaged
        for spelling in term.spellings
        for words in expand(spelling)
        if 3 <= len(words) <= 12 and all("\u4e00" <= character <= "\u9fff" for character in words)
    }
)
MARKS = ".,·'\"`^*|~_-"
# Characters that are in no word of the pack and in hardly any of the dictionary.
RARE = "龘靐鱻麤爨"

spellings = st.sampled_from(SPELLINGS)
stops = st.sampled_from("。;:!?()")


@cache
def segmenter() -> Segmenter:
    return Segmenter(SPELLINGS)


@cache
def finder() -> DamageFinder:
    return DamageFinder(SPELLINGS, segmenter().is_word)


def find(text: str) -> list[Damaged]:
    """Return the damaged words of a text, with nothing known of the unharmed ones."""
    words = set(find_starts(segmenter().cut(text)))
    return [item for item in finder().find(text, []) if is_damage(item, text, words)]


def small(*words: str, known: tuple[str, ...] = ()) -> DamageFinder:
    """Return a finder for a few words, in a language that has only the known ones besides."""
    return DamageFinder(words, known.__contains__)


def read(found: list[Damaged], text: str) -> list[tuple[str, str]]:
    return [(text[item.start : item.end], item.spelling) for item in found]


# ---- laws ------------------------------------------------------------------------------------


@given(spellings, st.data(), st.sampled_from(RARE), stops, stops)
def test_one_wrong_character_does_not_hide_a_word(
    spelling: str, data: st.DataObject, wrong: str, before: str, after: str
) -> None:
    # Of three characters the two at one end are too little: 死亡 of 脑死亡.
    edge = 1 if len(spelling) == 3 else 0
    place = data.draw(st.integers(edge, len(spelling) - 1 - edge))
    rest = spelling[:place], spelling[place + 1 :]
    text = f"{before}{rest[0]}{wrong}{rest[1]}{after}"
    wanted = [item for item in find(text) if (item.start, item.end) == (1, len(text) - 1)]
    assert [item.error for item in wanted] == [1 + place]
    assert (wanted[0].spelling[:place], wanted[0].spelling[place + 1 :]) == rest


@given(spellings, st.data(), st.sampled_from(MARKS), stops, stops)
def test_a_mark_beside_the_first_or_last_character_does_not_hide_a_word(
    spelling: str, data: st.DataObject, mark: str, before: str, after: str
) -> None:
    place = data.draw(st.sampled_from([1, len(spelling) - 1]))
    text = f"{before}{spelling[:place]}{mark}{spelling[place:]}{after}"
    assert Damaged(spelling, 1, len(text) - 1, 1 + place) in find(text)


@given(spellings, st.data(), stops, stops)
def test_a_missing_character_does_not_hide_a_word(
    spelling: str, data: st.DataObject, before: str, after: str
) -> None:
    first, last = (0, len(spelling) - 1) if len(spelling) >= 5 else (1, len(spelling) - 2)
    place = data.draw(st.integers(first, last))
    rest = spelling[:place] + spelling[place + 1 :]
    assume(not segmenter().is_word(rest))
    text = f"{before}{rest}{after}"
    assert (1, len(text) - 1) in {(item.start, item.end) for item in find(text)}


@given(st.lists(st.one_of(spellings, st.sampled_from([*SENTENCES, *RARE, *MARKS]))).map("".join))
def test_what_is_found_differs_from_its_word_by_one_error(text: str) -> None:
    text = clean_string(text)
    for item in finder().find(text, []):
        place, words = text[item.start : item.end], item.spelling
        if item.error is None:
            assert any(place == words[:gap] + words[gap + 1 :] for gap in range(len(words)))
            continue
        head, tail = text[item.start : item.error], text[item.error + 1 : item.end]
        if len(place) > len(words):
            assert head + tail == words
            assert text[item.error] in MARKS
        else:
            assert (head, tail) == (words[: len(head)], words[len(head) + 1 :])


@given(st.lists(st.one_of(spellings, st.sampled_from([*RARE, *MARKS, "。"]))).map("".join))
def test_what_is_found_comes_in_order_and_once(text: str) -> None:
    found = finder().find(text, [])
    assert found == sorted(found, key=lambda item: (item.start, -item.end, item.spelling))
    assert len(found) == len(set(found))


# ---- which errors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x乙丙丁", 0),
        ("甲x丙丁", 1),
        ("甲乙x丁", 2),
        ("甲乙丙x", 3),
        ("甲丙丁", None),
        ("甲乙丁", None),
        ("甲.乙丙丁", 1),
        ("甲乙丙.丁", 3),
    ],
)
def test_a_character_may_be_wrong_or_missing_or_followed_by_a_mark(
    text: str, error: int | None
) -> None:
    found = small("甲乙丙丁").find(text, [])
    assert Damaged("甲乙丙丁", 0, len(text), error) in found


@pytest.mark.parametrize(
    "text", ["甲xx丁", "x乙x丁", "甲乙丙", "乙丙丁", "甲丁", "甲、乙丙丁", "甲..乙丙丁"]
)
def test_two_errors_or_a_loss_at_the_edge_of_a_short_word_are_too_much(text: str) -> None:
    found = small("甲乙丙丁").find(text, [])
    assert [item for item in found if item.end - item.start == len(text)] == []


def test_a_long_word_may_lose_its_first_or_last_character() -> None:
    assert read(small("甲乙丙丁戊").find("乙丙丁戊", []), "乙丙丁戊") == [
        ("乙丙丁戊", "甲乙丙丁戊")
    ]
    assert read(small("甲乙丙丁戊").find("甲乙丙丁", []), "甲乙丙丁") == [
        ("甲乙丙丁", "甲乙丙丁戊")
    ]


@pytest.mark.parametrize("word", ["甲乙", "甲乙C", "甲" * 13, "abc"])
def test_words_too_short_or_too_long_or_not_chinese_are_not_looked_for(word: str) -> None:
    for place in range(len(word)):
        text = f"{word[:place]}x{word[place + 1 :]}"
        assert small(word).find(text, []) == []


def test_the_text_may_end_before_a_word_does() -> None:
    assert small("甲乙丙丁").find("甲乙丙", []) == []
    assert small("甲乙丙丁").find("乙丙丁", []) == []
    assert small("甲乙丙丁").find("", []) == []


# ---- what resembles a word -------------------------------------------------------------------


def test_a_short_word_is_not_known_by_the_two_characters_at_one_end() -> None:
    assert small("甲乙丙").find("x乙丙", []) == small("甲乙丙").find("甲乙x", []) == []
    assert small("甲乙丙").find("甲x丙", []) == [Damaged("甲乙丙", 0, 3, 1)]


def test_what_is_left_without_a_character_must_not_be_a_word_of_the_language() -> None:
    assert small("甲乙丙丁").find("甲丙丁", []) != []
    assert small("甲乙丙丁", known=("甲丙丁",)).find("甲丙丁", []) == []


def test_nothing_is_looked_for_inside_an_unharmed_word() -> None:
    text = "甲乙戊丁己"
    assert read(small("甲乙丙丁").find(text, []), text) == [("甲乙戊丁", "甲乙丙丁")]
    assert small("甲乙丙丁").find(text, [(0, 5)]) == []


def test_an_unharmed_remainder_does_not_forbid_the_damaged_word_around_it() -> None:
    text = "甲乙戊丁"
    assert read(small("甲乙丙丁").find(text, [(0, 2)]), text) == [(text, "甲乙丙丁")]


# ---- what the words of the text say ----------------------------------------------------------


@pytest.mark.parametrize(
    ("parted", "error", "damaged"),
    [
        ("前|甲|误|丙丁|后", 3, True),
        ("前|甲误|丙丁|后", 3, False),  # the wrong character belongs to a word
        ("前|甲|误丙|丁|后", 3, False),
        ("前甲|误|丙丁|后", 3, True),  # the first character joined its neighbour, beside the error
        ("前甲|乙|误|丁|后", 4, False),  # not beside the error
        ("前|甲乙|误|丁后", 4, True),  # so did the last one
        ("前|甲|误|丙|丁后", 3, False),
        ("前|甲|.|丙丁|后", 3, True),
        ("前|甲|在|丙丁|后", 3, False),  # grammar accounts for it
        ("前|甲|3|丙丁|后", 3, False),  # so it does for figures and stops
        ("前|甲|、|丙丁|后", 3, False),
        ("前|甲丙|丁乙|后", None, True),
        ("前甲|丙丁乙|后", None, False),
        ("前|甲丙|丁乙后", None, False),
    ],
)
def test_what_is_damaged_begins_and_ends_with_words_and_its_error_is_one(
    parted: str, error: int | None, damaged: bool
) -> None:
    words = ["始", *parted.split("|")]
    starts = {0, *accumulate(map(len, words))}
    assert is_damage(Damaged("甲乙丙丁", 2, 6, error), "".join(words), starts) == damaged


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("供体行气臂插管,接呼吸机", "气臂插管"),
        ("供体气管擂管后开胸", "气管擂管"),
        ("供体行气.管插管后", "气.管插管"),
        ("供体脑夗亡后", "脑夗亡"),
        ("供体气插管后", "气插管"),
    ],
)
def test_damage_is_found_in_running_text(text: str, place: str) -> None:
    assert place in [found for found, _ in read(find(text), text)]


@pytest.mark.parametrize("text", ["气管食管瘘", "患者死亡后", "气管吻合口", "呼吸、机械通气"])
def test_words_of_the_language_are_not_damaged_ones(text: str) -> None:
    assert find(text) == []
