"""Footnotes and tables follow the running text, and are quoted from where they stand."""

from hypothesis import given
from hypothesis import strategies as st

from screen.text.normalise import clean_pages
from screen.text.segment import find_sections, find_sentences
from screen.types import CleanText, Mark, Page

FOOT = "作者单位：虚州市中心医院"


def page(number: int, text: str, *stretches: str) -> Page:
    marks = tuple(
        Mark(text.index(words), text.index(words) + len(words), "footnote") for words in stretches
    )
    return Page("x", number, text, "pdfium", 1.0, marks=marks)


def quotes_hold(clean: CleanText) -> bool:
    texts = {page.number: page.text for page in clean.pages}
    found = [
        quote for run in clean.runs for quote in clean.source(run.start, run.end)
    ]  # fmt: skip
    return all(texts[quote.page][quote.start : quote.end] == quote.text for quote in found)


def test_a_sentence_that_a_footnote_parts_is_whole_and_the_footnote_is_kept() -> None:
    clean = clean_pages(
        [page(1, f"供体脑死亡后\n{FOOT}\n行气管插管。", FOOT), page(2, "术后存活。")]
    )
    assert clean.text == "供体脑死亡后行气管插管。术后存活。作者单位:虚州市中心医院"
    assert clean.breaks == {clean.text.index("作者单位")}
    assert clean.breaks <= set(find_sentences(clean.text, find_sections(clean)))
    assert quotes_hold(clean)


def test_a_sentence_that_goes_on_over_the_page_is_whole_although_a_table_ends_the_page() -> None:
    table = "表1 例数\n1 2 3\n4 5 6"
    clean = clean_pages([page(1, f"供体脑死亡后\n{table}", table), page(2, "行气管插管。")])
    assert clean.text.startswith("供体脑死亡后行气管插管。")
    start = clean.text.index("表1")
    (quote,) = clean.source(start, len(clean.text))
    assert (quote.page, quote.text) == (1, table)
    assert clean.locate(1, quote.start, quote.end) == (start, len(clean.text))


def test_a_quote_with_a_footnote_inside_it_leads_back_to_the_running_text() -> None:
    clean = clean_pages([page(1, f"供体脑死亡后\n{FOOT}\n行气管插管。", FOOT)])
    end = clean.text.index("作者")
    (quote,) = clean.source(0, end)
    assert quote.text == clean.pages[0].text
    assert clean.locate(1, quote.start, quote.end) == (0, end)


def test_a_footnote_of_a_text_file_is_known_by_its_words_at_the_foot_only() -> None:
    lines = [f"第{number}行的文字没有完" for number in "一二三四五六七八九十甲乙"]
    foot = clean_pages([page(1, "\n".join([*lines, FOOT])), page(2, "句子在此结束。")])
    assert foot.text.endswith("句子在此结束。作者单位:虚州市中心医院")
    head = clean_pages([page(1, "\n".join([FOOT, *lines])), page(2, "句子在此结束。")])
    assert not head.breaks


@given(
    st.lists(
        st.tuples(
            st.text("供体㎎ \n1a。", max_size=20),
            st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=3),
        ),
        max_size=3,
    )
)
def test_marks_lose_nothing_and_every_quote_is_verbatim(
    made: list[tuple[str, list[tuple[int, int]]]],
) -> None:
    pages = [
        Page("x", place, text, "ocr", 1.0, marks=tuple(Mark(*s, "table") for s in stretches))
        for place, (text, stretches) in enumerate(made, start=1)
    ]
    clean = clean_pages(pages)
    assert quotes_hold(clean)
    covered = {(run.page, at) for run in clean.runs for at in range(run.raw_start, run.raw_end)}
    plain = clean_pages([Page("x", p.number, p.text, "ocr", 1.0) for p in pages])
    wanted = {(run.page, at) for run in plain.runs for at in range(run.raw_start, run.raw_end)}
    assert covered == wanted
