"""Clean text says what the pages say, and knows for every character where it stands there."""

import unicodedata
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from opencc import OpenCC

from screen.text.normalise import clean_pages
from screen.types import CleanText, Page
from tests.sources import clean_string

BOILERPLATE = (
    "(C)1994-2021 China Academic Journal Electronic Publishing House. All rights reserved."
)

HANZI = "供体者脑死亡后立即气管插切开呼吸机心肺面罩〇鿕"
TRADITIONAL = "體腦後氣揷術麼乾髮癥甦鬱裏"
FULL_WIDTH = "０９ａＺ，。：；（）．％～！？　"
COMPATIBLE = "㈠㎎①⑩⒈ﬁ…½℃㏄Ⅳ㊣™﹕㍿ª\ufdfa\uff9e"
COMBINING = "\u0301\u0308\u20dd\u3099\ufe0f\u00a8"
INVISIBLE = "\u200b\u200d\ufeff\u00ad\u2060\x02\x7f"
SPACES = " \t\n\r\u2028\u3000\xa0\x0b\x85"
BRACKETS = "[]［］〔〕【】()"
PLAIN = "0123456789.,-:;abzA%/μ°—·“”"
ASTRAL = "𠀀𠮷😀𝐀🄐\U0002f800\U000e0001"
# Characters whose simplified form OpenCC simplifies further; 薴 to 苧 to 苎 is the only one. That
# is no bug: clean text is never cleaned again but for the spellings of a pack.
TWICE = "薴"

characters = st.one_of(
    *map(
        st.sampled_from,
        (HANZI, TRADITIONAL, FULL_WIDTH, COMPATIBLE, COMBINING, INVISIBLE, SPACES, PLAIN, ASTRAL),
    ),
    st.characters(exclude_categories=["Cs"]),
)
fragments = st.one_of(
    characters,
    st.sampled_from(BRACKETS),
    st.sampled_from(
        (BOILERPLATE, "[1]", "［2-4］", "\n12\n", "1998年第3期", "\n第12页\n", "St. Thomas", "\r\n")
    ),
)
raw_texts = st.lists(fragments, max_size=40).map("".join)
hanzi_texts = st.text(st.sampled_from(HANZI + "，。；：、"), min_size=1, max_size=40)


def paginate(*texts: str) -> list[Page]:
    return [Page("sha", number, text, "text", 1.0) for number, text in enumerate(texts, start=1)]


page_lists = st.lists(raw_texts, max_size=4).map(lambda texts: paginate(*texts))


@cache
def normal_form(character: str) -> str:
    """Return what a character may become, told by other means than the program's own table."""
    simple = OpenCC("t2s").convert(unicodedata.normalize("NFKC", character))
    return str(simple).translate(str.maketrans("揷甦癥", "插苏症"))


def find(clean: CleanText, words: str) -> tuple[int, int]:
    start = clean.text.index(words)
    return start, start + len(words)


def raw_words(clean: CleanText, words: str) -> list[tuple[int, str]]:
    return [(quote.page, quote.text) for quote in clean.source(*find(clean, words))]


def only(values: Sequence[str]) -> str:
    assert len(values) == 1
    return values[0]


# ---- laws ----------------------------------------------------------------------------------


@given(page_lists, st.data())
def test_every_quote_is_verbatim_and_quotes_come_in_page_order(
    pages: list[Page], data: st.DataObject
) -> None:
    clean = clean_pages(pages)
    assume(clean.text)
    start = data.draw(st.integers(0, len(clean.text) - 1))
    end = data.draw(st.integers(start + 1, len(clean.text)))
    quotes = clean.source(start, end)
    for quote in quotes:
        page = pages[quote.page - 1]
        assert page.text[quote.start : quote.end] == quote.text
        assert 0 <= quote.start < quote.end <= len(page.text)
    numbers = [quote.page for quote in quotes]
    assert numbers == sorted(set(numbers))
    assert bool(quotes) == bool(clean.text[start:end].strip())


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4, 5])
def test_an_empty_range_comes_from_no_place(place: int) -> None:
    assert clean_pages(paginate("脑死㈠")).source(place, place) == ()


@given(page_lists)
def test_runs_lie_in_order_and_cover_the_text_but_for_single_joining_spaces(
    pages: list[Page],
) -> None:
    clean = clean_pages(pages)
    position = 0
    place = (0, 0)
    for run in clean.runs:
        assert clean.text[position : run.start] in ("", " ")
        assert run.start < run.end
        assert run.raw_start < run.raw_end <= len(pages[run.page].text)
        assert place <= (run.page, run.raw_start)
        position = run.end
        place = (run.page, run.raw_end)
    assert position == len(clean.text)
    assert "  " not in clean.text


@given(page_lists)
def test_every_character_comes_from_one_raw_place_whose_normal_form_holds_it(
    pages: list[Page],
) -> None:
    clean = clean_pages(pages)
    covered = [0] * len(clean.text)
    for run in clean.runs:
        for offset in range(run.start, run.end):
            covered[offset] += 1
    for offset, character in enumerate(clean.text):
        if covered[offset] == 0:
            assert character == " "
            assert clean.source(offset, offset + 1) == ()
            continue
        assert covered[offset] == 1
        raw = only([quote.text for quote in clean.source(offset, offset + 1)])
        assert len(raw) == 1
        assert character in normal_form(raw)


@given(st.lists(characters.filter(lambda c: c not in TWICE), max_size=60).map("".join))
def test_cleaning_is_idempotent_without_citations_and_furniture(text: str) -> None:
    clean = clean_string(text)
    assume(not set("[]〔〕©") & set(clean))
    assert clean_string(clean) == clean


@pytest.mark.parametrize(
    "codes",
    [range(0x2000, 0x3400), range(0x4E00, 0xA000), range(0xF900, 0x10000), range(0x2F800, 0x2FA20)],
    ids=["signs", "hanzi", "forms", "compatibility ideographs"],
)
def test_the_clean_form_of_every_character_is_clean(codes: range) -> None:
    texts = [chr(code) for code in codes if not 0xD800 <= code < 0xE000 and chr(code) not in TWICE]
    assert [text for text in texts if clean_string(clean_string(text)) != clean_string(text)] == []


@given(hanzi_texts, st.data())
def test_spaces_between_hanzi_change_nothing(text: str, data: st.DataObject) -> None:
    gaps = st.text(st.sampled_from(SPACES + INVISIBLE), max_size=2)
    spaced = "".join(character + data.draw(gaps) for character in text)
    assert clean_string(spaced) == clean_string(text)


@given(hanzi_texts, st.data())
def test_a_page_break_between_hanzi_changes_nothing(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    # Without digits and journal words nothing is furniture unless both pages open alike.
    assume(text[:cut] != text[cut:])
    assert clean_pages(paginate(text[:cut], text[cut:])).text == clean_string(text)


@given(page_lists)
def test_lines_are_offsets_of_visible_characters_of_the_clean_text(pages: list[Page]) -> None:
    clean = clean_pages(pages)
    assert all(not clean.text[offset].isspace() for offset in clean.lines)
    assert (0 in clean.lines) == bool(clean.text)


# ---- damage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("供 体 脑 死 亡", "供体脑死亡"),
        ("供　体　脑　死　亡", "供体脑死亡"),
        ("供体脑死亡后行气\n管插管", "供体脑死亡后行气管插管"),
        ("供体脑死亡后行气\r\n  管插管", "供体脑死亡后行气管插管"),
        ("供\u200b体\ufeff脑死\u00ad亡", "供体脑死亡"),
        ("肝素３ｍｇ／ｋｇ，共１２０ｍｇ", "肝素3mg/kg,共120mg"),
        ("供体脑死亡．受体麻醉", "供体脑死亡.受体麻醉"),
        ("供體腦死亡後氣管插管", "供体脑死亡后气管插管"),
        ("氣管揷管", "气管插管"),
        ("用St. Thomas液灌注", "用St. Thomas液灌注"),
        ("用St.\nThomas 液灌注", "用St. Thomas液灌注"),
        ("brain  dead \n donor", "brain dead donor"),
        ("供体 A 与 B", "供体A与B"),
        ("（供体）\n（受体）", "(供体)(受体)"),
        ("供体，\n（男）", "供体,(男)"),
    ],
)
def test_damage_that_is_only_layout_or_character_form_is_undone(raw: str, clean: str) -> None:
    assert clean_string(raw) == clean


@pytest.mark.parametrize(
    "raw", ["intu\u00adbation", "intu\u200bbation", "intu\ufeffbation", "intu\u2060bation"]
)
def test_an_invisible_character_inside_a_foreign_word_does_not_cut_it(raw: str) -> None:
    assert clean_string(f"供体 {raw} 后") == "供体intubation后"


@pytest.mark.parametrize(
    ("raw", "clean", "words", "place"),
    [
        ("肝素120㎎静注", "肝素120mg静注", "mg", "㎎"),
        ("㈠供心切取", "(一)供心切取", "(一)", "㈠"),
        ("见图①所示", "见图1所示", "1", "①"),
        ("灌注液4℃灌洗", "灌注液4°C灌洗", "C", "℃"),
        ("用½量", "用1⁄2量", "2", "½"),
        ("等待…后", "等待...后", "..", "…"),
    ],
)
def test_characters_that_become_several_still_point_to_their_one_place(
    raw: str, clean: str, words: str, place: str
) -> None:
    result = clean_pages(paginate(raw))
    assert result.text == clean
    assert raw_words(result, words) == [(1, place)]


def test_what_follows_a_character_that_became_several_keeps_its_place() -> None:
    clean = clean_pages(paginate("肝素120㎎，㈠供體腦死亡後，氣管插管"))
    assert raw_words(clean, "脑死亡后,气管") == [(1, "腦死亡後，氣管")]


def test_a_quote_of_spaced_text_holds_the_spaces_of_the_page() -> None:
    clean = clean_pages(paginate("判定 供 体 脑\n死 亡 后"))
    assert raw_words(clean, "供体脑死亡") == [(1, "供 体 脑\n死 亡")]


def test_a_joining_space_comes_from_no_place() -> None:
    clean = clean_pages(paginate("St. Thomas"))
    space = clean.text.index(" ")
    assert clean.source(space, space + 1) == ()
    assert raw_words(clean, "St. Thomas") == [(1, "St. Thomas")]


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (0, 5), (3, 2)])
def test_a_range_outside_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not within"):
        clean_pages(paginate("脑死亡后")).source(start, end)


# ---- citations and furniture -----------------------------------------------------------------


@pytest.mark.parametrize("mark", ["［1］", "[2-4]", "〔5,6〕", "[ 7 ]", "［８，９］", "[10～12]"])
def test_citations_run_into_the_text_are_taken_out(mark: str) -> None:
    clean = clean_pages(paginate(f"供体脑死亡{mark}后气管插管{mark}。"))
    assert clean.text == "供体脑死亡后气管插管。"
    assert raw_words(clean, "死亡后") == [(1, f"死亡{mark}后")]


def test_the_numbers_of_a_list_of_references_stay() -> None:
    text = clean_string("参考文献\n[1] 心脏移植\n[2] 供心保存")
    assert "[1]" in text
    assert "[2]" in text


@pytest.mark.parametrize(
    "boilerplate",
    [
        BOILERPLATE,
        f"{BOILERPLATE} http://www.cnki.net",
        f"\n{BOILERPLATE}\n",
        BOILERPLATE.replace("(C)", "（C）"),
        BOILERPLATE.replace("(C)", "©"),
        BOILERPLATE.replace("2021", "2008"),
        BOILERPLATE.replace("House. All", "House.\nAll"),
        "(C)1994-2021 C h i n a A c a d e m i c J o u r n a l E l e c t r o n i c "
        "P u b l i s h i n g H o u s e . A l l r i g h t s r e s e r v e d .",
        "万方数据",
        "万 方 数 据",
        "维普资讯",
        "维普资讯 http://www.cqvip.com ",
    ],
)
def test_database_boilerplate_inside_a_sentence_is_taken_out(boilerplate: str) -> None:
    clean = clean_pages(paginate(f"供体脑死亡{boilerplate}后气管插管"))
    assert clean.text == "供体脑死亡后气管插管"


def test_an_address_run_into_the_text_takes_no_word_of_it_away() -> None:
    clean = clean_string("供体脑死亡维普资讯http://www.cqvip.com后气管插管，接呼吸机 4小时。")
    assert clean == "供体脑死亡后气管插管,接呼吸机4小时。"


def test_database_boilerplate_with_all_characters_set_apart_is_taken_out() -> None:
    assert clean_string(f"供体脑死亡 {' '.join(BOILERPLATE)} 后气管插管") == "供体脑死亡后气管插管"


def test_running_heads_and_page_numbers_do_not_cut_a_sentence() -> None:
    clean = clean_pages(
        paginate(
            "中华仿制外科杂志 1998年第3期\n供心的保护\n供体全身肝素化，待确认供体脑\n· 165 ·",
            "· 166 ·\n中华仿制外科杂志 1998年第3期\n死亡后立即气管插\n管，接呼吸机，取正中切口，进",
            "中华仿制外科杂志 1998年第3期\n入胸腔，灌注停搏液，取出供心\n- 167 -",
        )
    )
    assert clean.text == (
        "供心的保护供体全身肝素化,待确认供体脑死亡后立即气管插管,接呼吸机,取正中切口,进"
        "入胸腔,灌注停搏液,取出供心"
    )


@pytest.mark.parametrize(
    "head",
    [
        "中华仿制外科杂志2003年10月第10卷第1期",
        "中华仿制外科杂志2003年10月第10卷第1期 Chin J Mock Surg, October 2003, Vol 10, No. 1",
        "· 12 · 仿制医学 2003, 第10卷, 第1期",
    ],
)
def test_a_head_that_names_volume_and_issue_is_taken_out_though_it_stands_once(head: str) -> None:
    clean = clean_pages(
        paginate("供心切取。待确认供体脑死", f"{head}\n亡后立即气管插管，接呼吸机。")
    )
    assert clean.text == "供心切取。待确认供体脑死亡后立即气管插管,接呼吸机。"


def test_a_phrase_cut_by_a_page_break_is_whole_and_quoted_page_by_page() -> None:
    clean = clean_pages(paginate("待确认供体脑死亡后立即气", "管插管，接呼吸机"))
    assert raw_words(clean, "死亡后立即气管插管") == [(1, "死亡后立即气"), (2, "管插管")]


def test_an_empty_or_unreadable_page_between_two_keeps_the_page_numbers() -> None:
    pages = paginate("供体脑死亡后气", "", "管插管")
    pages[1] = Page("sha", 2, "", "unreadable", 0.0)
    clean = clean_pages(pages)
    assert raw_words(clean, "气管插管") == [(1, "气"), (3, "管插管")]


@pytest.mark.parametrize(
    "line",
    [
        "供体于1998年3月脑死亡后立即气管插管，",
        "2001年12月供体脑死亡后立即气管插管，",
        "供体于2003年第2次判定脑死亡后气管插管，",
    ],
)
@pytest.mark.parametrize("before", ["", "接受心脏移植的1例报告如下。\n"])
def test_a_line_of_text_at_the_edge_of_a_page_is_kept_though_it_holds_a_date(
    line: str, before: str
) -> None:
    pages = paginate("扩张型心肌病患者1例，\n等待供心。", f"{before}{line}\n接呼吸机，正中开胸。")
    assert clean_string(line) in clean_pages(pages).text


def test_a_paper_bound_twice_into_one_file_keeps_its_text_once_at_least() -> None:
    body = "供体脑死亡后立即气管插管，\n接呼吸机，正中开胸。"
    assert "脑死亡后立即气管插管" in clean_pages(paginate(body, body)).text


@pytest.mark.parametrize("gap", [" ", "\n", "\u3000"], ids=["spaces", "lines", "wide-spaces"])
def test_pages_full_of_gaps_are_cleaned_like_any(gap: str) -> None:
    pages = paginate(gap * 15_000, f"供体{gap * 15_000}气管插管")
    assert clean_pages(pages).text == "供体气管插管"


def test_text_without_pages_is_empty() -> None:
    clean = clean_pages([])
    assert clean.text == ""
    assert clean.source(0, 0) == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # told in the abstract at the top of one page and in the methods at the foot of another
        ("供者仰卧,气管插管,消毒铺巾,正中劈开胸骨。", "供者仰卧,气管插管,消毒铺巾,正中劈开胸骨。"),
        ("例1供者脑死亡后12min气管插管,开胸取心", "例2供者脑死亡后15min气管插管,开胸取心"),
        ("第12卷第3期供体脑死亡后立即气管插管,接呼吸机,正中开胸", "随访6个月。"),
    ],
)
def test_a_line_at_the_edge_of_a_page_that_tells_something_is_kept(first: str, second: str) -> None:
    body = "\n".join(f"循环稳定{number}。" for number in "一二三四五六七八")
    clean = clean_pages(paginate(f"{first}\n{body}", f"{body}\n{second}")).text
    assert clean.count("气管插管") == (first + second).count("气管插管")
