"""What is text and what only looks like it: the damage that others' screens fell for."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from corpus import damage, unreadable
from screen.ingest.quality import READABLE, text_quality
from tests.sources import BODIES

PASSAGE = "供体脑死亡后立即气管插管，接呼吸机控制呼吸，肝素３ｍｇ／ｋｇ静脉注射，正中开胸取出供心。"


def is_readable(text: str) -> bool:
    return text_quality(text) >= READABLE


@given(st.text(max_size=200))
def test_the_score_lies_between_0_and_1_for_any_text(text: str) -> None:
    assert 0 <= text_quality(text) <= 1


@pytest.mark.parametrize("name", BODIES)
def test_clinical_chinese_is_readable(name: str) -> None:
    assert text_quality(BODIES[name]) >= 0.9


@pytest.mark.parametrize("name", list(BODIES)[::11])
def test_clinical_chinese_in_traditional_characters_is_readable(name: str) -> None:
    assert text_quality(OpenCC("s2t").convert(BODIES[name])) >= 0.9


@pytest.mark.parametrize("gap", [" ", "\n", "\u3000"])
def test_spaced_hanzi_are_readable(gap: str) -> None:
    assert text_quality(gap.join(PASSAGE * 5)) >= 0.9


@pytest.mark.parametrize(
    "text",
    [
        "(cid:123)" * 200,
        "(cid:123)(cid:45) " * 100,
        "(cid:1)\n(cid:22222)\n" * 100,
        "(cid:123)" * 200 + PASSAGE,
    ],
)
def test_pages_of_character_numbers_are_not_readable(text: str) -> None:
    assert not is_readable(text)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize("name", list(BODIES)[::11])
def test_gbk_read_as_western_is_not_readable(name: str, encoding: str) -> None:
    data = BODIES[name].encode("gb18030")
    assert not is_readable(data.decode(encoding, "replace"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("gb18030", "big5hkscs"),
        ("gb18030", "utf-8"),
        ("gb18030", "shift-jis"),
        ("gb18030", "euc-kr"),
        ("gb18030", "utf-16-le"),
        ("utf-8", "gb18030"),
        ("utf-8", "latin-1"),
        ("utf-8", "cp1252"),
        ("utf-16-le", "utf-16-be"),
        ("utf-16-be", "gb18030"),
    ],
)
@pytest.mark.parametrize("name", list(BODIES)[::22])
def test_chinese_read_in_a_wrong_encoding_is_not_readable(
    name: str, written: str, read: str
) -> None:
    assert not is_readable(BODIES[name].encode(written).decode(read, "replace"))


@pytest.mark.parametrize("seed", range(20))
def test_random_hanzi_are_not_readable(seed: int) -> None:
    chance = random.Random(seed)
    assert not is_readable("".join(chr(chance.randint(0x4E00, 0x9FA5)) for _ in range(200)))


@pytest.mark.parametrize(
    "text",
    [
        "Donors were ventilated – PaO2 ≥ 300 mmHg — before brain death was declared. ",
        "PaO2 ≥ 300 mmHg, PEEP ≤ 5 cmH2O, FiO2 ± 0.4, ΔP × 2 µg·kg⁻¹·min⁻¹ — n = 12 (p ≤ 0.05). ",
        "Les donneurs étaient ventilés à l’hôpital, où la mort cérébrale était déclarée. ",
        "“Brain death” … ‘apnoea test’ • 36.5 ℃ → intubation",
    ],
)
def test_english_with_dashes_and_signs_is_readable_and_not_taken_for_chinese(text: str) -> None:
    assert text_quality(text * 20) >= 0.9


def test_english_with_a_few_hanzi_is_not_measured_by_them() -> None:
    text = "The donor (供者) was declared brain dead (腦死亡) in 魯迅 hospital, 瀋陽. " * 5
    assert text_quality(text) >= 0.9


@pytest.mark.parametrize("sign", ["\ufffd", "\ue123", "\x01", "\x9d", "\U000f1234", "□", "〓"])
def test_a_page_of_signs_that_no_text_holds_is_not_readable(sign: str) -> None:
    assert text_quality(sign * 300) == 0
    assert not is_readable(sign * 200 + PASSAGE)


def test_a_few_replacement_characters_lower_the_score_and_no_more() -> None:
    text = PASSAGE * 10 + "\ufffd" * 20
    assert READABLE <= text_quality(text) < 1


@pytest.mark.parametrize("text", ["", " \n\u3000\t"])
def test_nothing_is_not_text(text: str) -> None:
    assert text_quality(text) == 0


COMMON = "".join(
    sorted({sign for body in BODIES.values() for sign in body if "一" <= sign <= "龥"})
)


@pytest.mark.parametrize("name", list(BODIES)[::5])
def test_a_broken_font_map_is_not_readable_though_its_hanzi_are_common(name: str) -> None:
    assert not is_readable(unreadable.remap_font(BODIES[name], random.Random(name), COMMON))


@pytest.mark.parametrize("name", list(BODIES)[::5])
def test_hanzi_are_judged_by_their_neighbours_and_not_one_by_one(name: str) -> None:
    shuffled = list(BODIES[name])
    random.Random(name).shuffle(shuffled)
    assert not is_readable("".join(shuffled))


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.15])
@pytest.mark.parametrize("name", list(BODIES)[::11])
def test_a_few_wrong_characters_leave_a_page_readable(name: str, rate: float) -> None:
    assert is_readable(unreadable.randomise(BODIES[name], random.Random(name), rate, COMMON))
    assert is_readable(unreadable.number_characters(BODIES[name], random.Random(name), rate))
    assert is_readable(damage.misread(BODIES[name], random.Random(name), rate))


@pytest.mark.parametrize(
    "text",
    [
        "王建国 李明 张伟 刘芳 陈静 杨洋 黄磊 赵敏 周杰 徐丽 " * 10,
        "王建国，李明，张伟，刘芳，陈静，杨洋，黄磊，赵敏，周杰，" * 10,
        "裘国强 臧运明 窦科敏 樊嘉宁 丛文杰 褚时良 缪佳霖 郗恺玥 逄铄璟 訾翀昊 " * 10,
        "1  2  3 0.05 ± 12.3 (45.6%) 12/34 <0.01\n" * 30,
        "[1] Zhang W, Li M. Brain death in donors[J]. Chin J Transplant, 1999, 20(3): 123-125. "
        * 9,
        "图1 手术前后心率变化",
        "· 27 ·",
    ],
    ids=["names", "names with commas", "rarer names", "figures", "references", "caption", "folio"],
)
def test_a_page_without_prose_is_readable(text: str) -> None:
    assert is_readable(text)
