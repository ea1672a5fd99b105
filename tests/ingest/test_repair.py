"""A text read in a wrong encoding is put right; a text that is sound is left alone."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.damage import traditional
from screen.ingest.quality import text_quality
from screen.ingest.repair import LOST, repair
from tests.sources import BODIES, SENTENCES

SPOILT = {
    "GBK read as Latin-1": ("gb18030", "latin-1"),
    "UTF-8 read as Latin-1": ("utf-8", "latin-1"),
    "Big5 read as GBK": ("big5hkscs", "gb18030"),
}
FRENCH = "Les donneurs étaient ventilés à l’hôpital, où la mort cérébrale était déclarée. "
GREEK = "Ο εγκεφαλικός θάνατος διαπιστώθηκε πριν από τη διασωλήνωση. "
ENGLISH = "Donors were ventilated – PaO2 ≥ 300 mmHg ± 5 — before “brain death” was declared. "


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(SENTENCES), min_size=3, max_size=12),
    st.sampled_from(["\n", "", " "]),
    st.sampled_from(sorted(SPOILT)),
)
def test_what_was_spoilt_comes_back_letter_for_letter(
    sentences: list[str], between: str, what: str
) -> None:
    written, read = SPOILT[what]
    text = between.join(sentences)
    if written == "big5hkscs":
        text = traditional(text).encode(written, "ignore").decode(written)
    repaired = repair(text.encode(written).decode(read, "replace"))
    if LOST not in text.encode(written).decode(read, "replace"):
        assert repaired is not None
        assert repaired.text == text


@pytest.mark.parametrize("name", BODIES)
def test_clean_chinese_is_left_alone(name: str) -> None:
    assert repair(BODIES[name]) is None


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*SENTENCES, FRENCH, GREEK, ENGLISH]), max_size=8))
def test_any_mixture_of_clean_sentences_is_left_alone(sentences: list[str]) -> None:
    assert repair("\n".join(sentences)) is None


@given(st.text(max_size=300))
def test_any_text_at_all_can_be_asked_about_and_is_not_made_worse(text: str) -> None:
    repaired = repair(text)
    assert repaired is None or text_quality(repaired.text) >= min(text_quality(text), 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_a_lost_byte_costs_a_character_or_two_and_not_the_rest(seed: int) -> None:
    chance = random.Random(seed)
    text = list(BODIES.values())[seed][300:1300]
    spoilt = text.encode("gb18030").decode("latin-1")
    kept = "".join(sign for sign in spoilt if chance.random() >= 0.01)
    lost = len(spoilt) - len(kept)
    repaired = repair(kept)
    assert repaired is not None
    same = sum(repaired.text.count(line) * len(line) for line in text.split("，") if line)
    assert repaired.text.count(LOST) <= 2 * lost
    assert same >= len(text) / 3


def test_only_the_chinese_of_a_foreign_page_is_put_right() -> None:
    chinese = BODIES["p001"][300:400]
    spoilt = chinese.encode("gb18030").decode("latin-1")
    repaired = repair(f"{FRENCH}\n{spoilt}\n{FRENCH}")
    assert repaired is not None
    assert repaired.text == f"{FRENCH}\n{chinese}\n{FRENCH}"


def test_only_the_spoilt_lines_of_a_chinese_page_are_put_right() -> None:
    one, two = BODIES["p001"][300:420].replace("\n", ""), BODIES["p004"][300:420].replace("\n", "")
    repaired = repair(f"{one}\n{two.encode('gb18030').decode('latin-1')}")
    assert repaired is not None
    assert repaired.text == f"{one}\n{two}"


@pytest.mark.parametrize(
    ("written", "read"), [("gb18030", "cp1252"), ("utf-8", "cp1252"), ("utf-8", "gb18030")]
)
def test_where_bytes_are_lost_most_of_the_rest_is_right(written: str, read: str) -> None:
    text = BODIES["p001"][300:1300]
    repaired = repair(text.encode(written).decode(read, "replace"))
    assert repaired is not None
    strange = sum(sign not in text and sign != LOST for sign in repaired.text)
    assert strange <= 0.02 * len(text)
    assert len(repaired.text) - repaired.text.count(LOST) >= 0.7 * len(text)


def test_a_broken_font_map_is_nothing_that_can_be_repaired() -> None:
    chance = random.Random(1)
    assert repair("".join(chr(chance.randint(0x4E00, 0x9FA5)) for _ in range(400))) is None
