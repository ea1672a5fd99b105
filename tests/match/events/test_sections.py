"""The structure of a text: which heading stands above which, and what holds an offset."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.match.events.sections import Layout, lay_out
from tests.match.events.reading import as_clean

HEADINGS = [
    "一、供体手术:",
    "(一)供体手术:",
    "1 手术方法:",
    "1.2 供心切取:",
    "1.2.1 麻醉方法:",
    "(1)供心切取:",
    "【资料与方法】",
]
texts = st.lists(
    st.sampled_from([*HEADINGS, "供体仰卧，气管插管。", "受体麻醉；", "开胸", "\n", "3.5mg", "。"]),
    max_size=16,
).map("".join)


def lay(text: str) -> Layout:
    return lay_out(as_clean(text))


def titles_above(text: str) -> dict[str, str | None]:
    """Return for each heading the one that stands above it."""
    layout = lay(text)
    titles = [section.title for section in layout.sections]
    above = [None if parent is None else titles[parent] for parent in layout.parents]
    return {title: parent for title, parent in zip(titles, above, strict=True) if title}


# ---- laws ------------------------------------------------------------------------------------


@given(texts)
def test_every_heading_stands_below_an_earlier_one_or_none(text: str) -> None:
    layout = lay(text)
    assert len(layout.parents) == len(layout.sections)
    for place, parent in enumerate(layout.parents):
        if parent is not None:
            assert 0 <= parent < place
            assert layout.sections[parent].title


@given(texts)
def test_headings_nest_like_brackets(text: str) -> None:
    """What stands between a heading and its parent stands below that parent, too."""
    parents = lay(text).parents
    for place, parent in enumerate(parents):
        for between in range(place if parent is None else parent + 1, place):
            above: int | None = between
            while above is not None and above != parent:
                above = parents[above]
            assert above == parent


@given(texts, st.data())
def test_an_offset_lies_in_its_section_sentence_and_clause(text: str, data: st.DataObject) -> None:
    layout = lay(text)
    length = max(layout.sections[-1].end, 1)
    offset = data.draw(st.integers(0, length - 1))
    starts = {
        "section": layout.section_starts,
        "sentence": layout.sentences,
        "clause": layout.clauses,
    }
    found = {
        "section": layout.section(offset),
        "sentence": layout.sentence(offset),
        "clause": layout.clause(offset),
    }
    for scope, index in found.items():
        assert layout.place(scope, offset) == index
        start, end = [*pairwise((*starts[scope], length))][index]
        assert start <= offset < end
    assert layout.section_starts == tuple(section.start for section in layout.sections)


# ---- headings --------------------------------------------------------------------------------


def test_a_heading_stands_below_the_nearest_one_of_a_higher_kind() -> None:
    text = (
        "一、手术方法：全麻。(一)供体手术：仰卧。1 供心切取：开胸。1.2 麻醉方法：全麻。"
        "1.2.1 麻醉诱导：接呼吸机。(1)准备：消毒。"
    )
    assert titles_above(text) == {
        "一、手术方法": None,
        "(一)供体手术": "一、手术方法",
        "1供心切取": "(一)供体手术",
        "1.2麻醉方法": "1供心切取",
        "1.2.1麻醉诱导": "1.2麻醉方法",
        "(1)准备": "1.2.1麻醉诱导",
    }


def test_headings_of_one_kind_stand_beside_each_other() -> None:
    text = "1.2 手术方法：全麻。1.2.1 供体手术：仰卧。1.2.2 受体手术：转机。1.3 结果：存活。"
    assert titles_above(text) == {
        "1.2手术方法": None,
        "1.2.1供体手术": "1.2手术方法",
        "1.2.2受体手术": "1.2手术方法",
        "1.3结果": None,
    }


def test_a_bracket_opens_a_part_of_its_own() -> None:
    text = "【资料与方法】1.2 供体手术：仰卧。【结果】1.3 随访：存活。"
    assert titles_above(text) == {
        "【资料与方法": None,
        "1.2供体手术": "【资料与方法",
        "【结果": None,
        "1.3随访": "【结果",
    }


@pytest.mark.parametrize("number", ["1.2.1", "1 . 2 . 1", "１．２．１"])
def test_spaces_inside_a_number_do_not_change_its_place(number: str) -> None:
    above = titles_above(f"1.2 供体手术：仰卧。{number} 麻醉方法：全麻。1.3 结果：存活。")
    assert list(above.values()) == [None, "1.2供体手术", None]


def test_text_before_the_first_heading_is_above_nothing() -> None:
    layout = lay("供体仰卧。1.2 麻醉方法：全麻。")
    assert [section.title for section in layout.sections] == ["", "1.2麻醉方法"]
    assert layout.parents == (None, None)


# ---- places ----------------------------------------------------------------------------------


def test_a_clause_ends_sooner_than_a_sentence_and_a_sentence_than_a_section() -> None:
    text = as_clean("供体仰卧，开胸。切皮。1.2 供心切取：转机。")
    layout = lay_out(text)

    def together(scope: str, one: str, other: str) -> bool:
        places = {layout.place(scope, text.text.index(words)) for words in (one, other)}
        return len(places) == 1

    assert together("sentence", "仰卧", "开胸")
    assert not together("clause", "仰卧", "开胸")
    assert together("section", "仰卧", "切皮")
    assert not together("sentence", "仰卧", "切皮")
    assert not together("section", "切皮", "转机")


def test_an_empty_text_is_one_section_sentence_and_clause() -> None:
    layout = lay("")
    assert (layout.sections[0].title, layout.sentences, layout.clauses) == ("", (0,), (0,))
    assert layout.place("section", 0) == layout.place("clause", 0) == 0
