"""Sections are known by their headings though these run into the text; figures are no headings."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.text.normalise import clean_pages
from screen.text.segment import find_clauses, find_sections, find_sentences, locate
from screen.types import CleanText, Page

HEADINGS = ["1.2.1供心切取", "2 手术方法", "一、供体手术", "(1)供心摘取:", "【资料与方法】"]
FIGURES = ["1.2例", "3.5小时", "0.8mg", "4.5kPa", "36.5℃", "1.5倍", "2.5公斤", "4.5毫升", "5.5岁"]

fragments = st.one_of(
    st.sampled_from(
        [*HEADINGS, *FIGURES, "供体脑死亡", "气管插管", "St. Thomas"],
    ),
    st.sampled_from("。，；：．、！？（）%\n 0189.,供受体"),
)
texts = st.lists(fragments, max_size=30).map("".join)


def clean(text: str) -> CleanText:
    return clean_pages([Page("sha", 1, text, "text", 1.0)])


def headings(text: str) -> list[str]:
    """Return the titles of all sections but the first."""
    return [section.title for section in find_sections(clean(text))][1:]


def sentences(text: str) -> list[str]:
    result = clean(text)
    starts = find_sentences(result.text, find_sections(result))
    return [result.text[a:b] for a, b in pairwise((*starts, len(result.text)))]


def clauses(text: str) -> list[str]:
    result = clean(text)
    starts = find_clauses(result.text, find_sentences(result.text, find_sections(result)))
    return [result.text[a:b] for a, b in pairwise((*starts, len(result.text)))]


# ---- laws ------------------------------------------------------------------------------------


@given(texts)
def test_sections_sentences_and_clauses_part_the_text_without_gap(text: str) -> None:
    result = clean(text)
    sections = find_sections(result)
    assert sections[0].start == 0
    assert sections[-1].end == len(result.text)
    assert all(one.end == other.start for one, other in pairwise(sections))
    assert "".join(sentences(text)) == result.text
    assert "".join(clauses(text)) == result.text


@given(texts)
def test_every_section_begins_a_sentence_and_every_sentence_a_clause(text: str) -> None:
    result = clean(text)
    sections = find_sections(result)
    sentence_starts = find_sentences(result.text, sections)
    clause_starts = find_clauses(result.text, sentence_starts)
    assert {section.start for section in sections} <= set(sentence_starts)
    assert set(sentence_starts) <= set(clause_starts)


@given(texts, st.data())
def test_an_offset_lies_in_the_stretch_that_is_located_for_it(
    text: str, data: st.DataObject
) -> None:
    result = clean(text)
    offset = data.draw(st.integers(0, max(len(result.text) - 1, 0)))
    starts = find_sentences(result.text, find_sections(result))
    index = locate(starts, offset)
    assert starts[index] <= offset
    assert index + 1 == len(starts) or offset < starts[index + 1]


# ---- headings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("随访6个月。1.2.1供心切取供体年龄22~37岁", "1.2.1供心切取供体年龄22~37岁"),
        ("随访6个月。2 手术方法 供体仰卧", "2手术方法供体仰卧"),
        ("随访6个月。2.手术方法：供体仰卧", "2.手术方法"),
        ("随访6个月。2、手术方法：供体仰卧", "2、手术方法"),
        ("随访6个月。一、供体手术 供体仰卧", "一、供体手术供体仰卧"),
        ("随访6个月。（一）供体手术：供体仰卧", "(一)供体手术"),
        ("随访6个月，(1)供心摘取：供体仰卧", "(1)供心摘取"),
        ("随访6个月，㈠供心摘取：供体仰卧", "(一)供心摘取"),
        ("随访6个月。【资料与方法】供体仰卧", "【资料与方法"),
        ("随访6个月。[方法]供体仰卧", "[方法"),
        ("随访6个月\n1.2 供体仰卧位，消毒", "1.2供体仰卧位"),
        ("随访6个月。１．２．１供心切取：供体仰卧", "1.2.1供心切取"),
        ("随访6个月。1 . 2 供 心 切 取：供体仰卧", "1.2供心切取"),
        ("随访6个月。参考文献：", "参考文献"),
    ],
)
def test_a_heading_run_into_the_text_opens_a_section(text: str, title: str) -> None:
    assert [found.replace(" ", "") for found in headings(text)] == [title]


def test_headings_nest_and_follow_each_other_without_stops() -> None:
    text = "1 资料与方法 1.1 一般资料 患者12例 1.2 方法 1.2.1 供心切取 供体仰卧 1.2.2 受体手术 全麻"
    assert [title[:5] for title in headings(text)] == ["1.1一般", "1.2方法", "1.2.1", "1.2.2"]


def test_a_bare_number_opens_a_section_after_a_stop_or_another_heading_only() -> None:
    assert headings("资料与方法2手术方法") == ["2手术方法"]
    assert headings("共切取2供心") == []


def test_a_text_that_opens_with_a_heading_has_it_as_title() -> None:
    sections = find_sections(clean("1.2 供心切取：供体仰卧。2 结果：存活"))
    assert [section.title for section in sections] == ["1.2供心切取", "2结果"]


@pytest.mark.parametrize("lead", ["平均", "平均\n", "存活。"])
@pytest.mark.parametrize(
    "figure",
    [*FIGURES, "3.5厘米", "2.5升", "1.5克", "3.5米", "2.5单位"],
)
def test_a_figure_is_no_heading(lead: str, figure: str) -> None:
    assert headings(f"供体体重62kg，{lead}{figure}，供心冷缺血") == []


@pytest.mark.parametrize(
    "text",
    ["年龄22~37.5供体", "血压90/60供体", "见图2-1供体", "发表于1988.3心脏移植"],
)
def test_the_end_of_a_longer_figure_is_no_heading(text: str) -> None:
    assert headings(text) == []


# ---- sentences and clauses ---------------------------------------------------------------------


def test_sentences_end_at_stops() -> None:
    assert sentences("供体死亡。受体麻醉；出血！存活？出院") == [
        "供体死亡。",
        "受体麻醉;",
        "出血!",
        "存活?",
        "出院",
    ]


def test_clauses_end_at_commas_too() -> None:
    assert clauses("供体仰卧，气管插管、消毒：铺巾。开胸") == [
        "供体仰卧,",
        "气管插管、",
        "消毒:",
        "铺巾。",
        "开胸",
    ]


def test_decimals_are_not_split() -> None:
    text = "肝素1.5mg/kg，体温36．5℃，血钾4.5mmol/L，3.5例"
    assert len(sentences(text)) == 1
    assert clauses(text)[0] == "肝素1.5mg/kg,"
    assert clauses(text)[-1] == "3.5例"


def test_the_stop_of_an_abbreviation_is_no_end_of_a_sentence() -> None:
    assert sentences("用St. Thomas液灌注，停搏") == ["用St. Thomas液灌注,停搏"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("供体死亡．受体麻醉", "供体死亡."),
        ("（供体组）．受体麻醉", "(供体组)."),
        ("成功率95％．受体麻醉", "成功率95%."),
        ("共用供体32．受体麻醉", "共用供体32."),
        ("供体死亡．2例受体麻醉", "供体死亡."),
        ("静注肝素3mg/kg．受体麻醉", "静注肝素3mg/kg."),
        ("灌注压60mmHg．受体麻醉", "灌注压60mmHg."),
        ("灌注液4℃．受体麻醉", "灌注液4°C."),
    ],
)
def test_a_full_width_dot_is_a_stop(text: str, first: str) -> None:
    assert sentences(text)[0] == first
    assert clauses(text)[0] == first


def test_a_heading_begins_a_sentence_whatever_stands_before_it() -> None:
    assert sentences("随访至今1.2.1供心切取") == ["随访至今", "1.2.1供心切取"]
