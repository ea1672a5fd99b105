"""The order in which the lines of a page are read."""

import io
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from screen.ingest.layout import Box, order_lines, reads_across
from screen.ingest.pdf import read_pdf


def column(left: float, right: float, top: float, rows: int) -> list[Box]:
    return [Box(left, top + 16 * row, right, top + 16 * row + 10) for row in range(rows)]


HEAD = [Box(50, 20, 120, 30), Box(400, 20, 550, 30)]
TITLE = [Box(150, 60, 450, 76), Box(220, 84, 380, 94)]
FOLIO = [Box(295, 780, 305, 790)]
ONE = [*HEAD, *TITLE, *column(50, 550, 120, 20), *FOLIO]
TWO = [*HEAD, *TITLE, *column(50, 290, 120, 20), *column(310, 550, 120, 14), *FOLIO]
THREE = [*column(50, 200, 120, 9), *column(220, 370, 120, 9), *column(390, 540, 120, 6)]
CAPTION = [
    *column(50, 290, 50, 8),
    *column(310, 550, 50, 8),
    Box(180, 200, 420, 210),
    *column(50, 290, 230, 8),
    *column(310, 550, 230, 5),
]
ABOVE = [*column(50, 290, 50, 8), *column(310, 550, 50, 7), Box(150, 220, 450, 236)]
SPLIT = [
    Box(left, 50 + 16 * row, right, 60 + 16 * row)
    for row in range(20)
    for left, right in ((50, 60 + 23 * row), (62 + 23 * row, 550))
]
TABLE = [
    Box(left, 50 + 16 * row, left + 40, 60 + 16 * row)
    for row in range(8)
    for left in (50, 200, 350, 500)
]
PAGES = {
    "one column": ONE,
    "two columns below a title": TWO,
    "three columns": THREE,
    "a caption over both columns": CAPTION,
    "a neighbour's end above the title": [
        *ABOVE,
        *column(50, 290, 270, 8),
        *column(310, 550, 270, 8),
    ],
    "lines in two boxes": SPLIT,
    "a table": TABLE,
    "nothing": [],
}


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_lines_of_a_page_are_read_in_order_whatever_order_they_come_in(page: list[Box]) -> None:
    mixed = Random(7).sample(page, len(page))
    assert [mixed[index] for index in order_lines(mixed)] == page


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
@pytest.mark.parametrize("turn", [-0.012, 0.012])
def test_a_page_that_lies_askew_is_read_as_if_it_were_straight(
    page: list[Box], turn: float
) -> None:
    askew = [
        Box(
            box.left - turn * box.top,
            box.top + turn * (box.left + box.right) / 2,
            box.right - turn * box.top,
            box.bottom + turn * (box.left + box.right) / 2,
        )
        for box in page
    ]
    assert order_lines(askew) == list(range(len(page)))


@pytest.mark.parametrize("page", [ONE, TWO, THREE, CAPTION], ids=["one", "two", "three", "caption"])
def test_lines_that_stand_a_little_high_or_low_are_read_in_order(page: list[Box]) -> None:
    random = Random(3)
    moves = [random.uniform(-1.6, 1.6) for _ in page]
    uneven = [
        box._replace(top=box.top + move, bottom=box.bottom + move)
        for box, move in zip(page, moves, strict=True)
    ]
    assert order_lines(uneven) == list(range(len(page)))


def test_dirt_in_the_gutter_does_not_join_the_columns() -> None:
    dirty = [*TWO, Box(297, 205, 304, 211)]
    order = [index for index in order_lines(dirty) if index < len(TWO)]
    assert order == list(range(len(TWO)))


coordinates = st.integers(0, 600)
boxes = st.builds(
    lambda left, top, width, height: Box(left, top, left + width, top + height),
    coordinates,
    coordinates,
    st.integers(1, 400),
    st.integers(1, 30),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, max_size=40, unique=True), st.randoms(use_true_random=False))
def test_every_line_is_read_once_and_their_order_in_the_input_is_nothing(
    page: list[Box], random: Random
) -> None:
    order = order_lines(page)
    assert sorted(order) == list(range(len(page)))
    mixed = random.sample(page, len(page))
    assert [mixed[index] for index in order_lines(mixed)] == [page[index] for index in order]


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
@pytest.mark.parametrize(("shift", "scale"), [(1024, 1), (0, 4), (-64, 0.25)])
def test_the_unit_and_the_place_of_the_page_are_nothing(
    page: list[Box], shift: float, scale: float
) -> None:
    other = [Box(*(value * scale + shift for value in box)) for box in page]
    assert order_lines(other) == order_lines(page)


def test_a_text_that_jumps_between_columns_is_told_from_one_that_does_not() -> None:
    across = sorted(TWO, key=lambda box: (box.top, box.left))
    assert reads_across(across)
    assert not any(reads_across(page) for page in PAGES.values())


def draw(across: bool) -> bytes:
    """Return a PDF of two columns, drawn column by column, or row by row over both."""
    registerFont(UnicodeCIDFont("STSong-Light"))
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 808))
    canvas.setFont("STSong-Light", 10)
    places = [(side, row) for side in (0, 1) for row in range(24)]
    for side, row in sorted(places, key=lambda place: place[::-1]) if across else places:
        text = "左右"[side] + "栏第" + "一二三四五六七八九十"[row % 10] + "行，" + "字" * 17
        canvas.drawString(50 + 260 * side, 700 - 16 * row, text)
    canvas.save()
    return output.getvalue()


@pytest.mark.parametrize("across", [False, True])
def test_a_page_drawn_across_its_columns_is_noticed_and_put_right(across: bool) -> None:
    (page,) = read_pdf("", draw(across))
    assert page.method == ("pdfminer" if across else "pdfium")
    assert ("(across columns)" in page.route) == across
    assert [line[0] for line in page.text.split()] == ["左"] * 24 + ["右"] * 24
