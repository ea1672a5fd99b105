"""A page is drawn as a reader sees it, and a box stands where the quote's ink is."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pdfminer.high_level import extract_text
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from screen.errors import DocumentError
from screen.ingest.pdf import read_pdf
from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.review.pictures import Box, find_boxes, render_page
from screen.text.normalise import clean_pages
from screen.types import Quote

PAPERS = Path(__file__).resolve().parents[2] / "corpus" / "papers"

WIDTH, HEIGHT = 600, 800
FONT, SIZE = "Helvetica", 12
LINE = "The donor was intubated."
# Where LINE is drawn, in points from the bottom left corner.
X, Y = 150, 600
# Boxes have the height of the font, ink that of the letters: a few points more or less.
POINTS = 4.0
CROP = (60, 100, 500, 740)

Draw = Callable[[Canvas], None]


def make_pdf(
    folder: Path,
    draw: Draw,
    *,
    size: tuple[float, float] = (WIDTH, HEIGHT),
    rotation: int = 0,
    crop: tuple[int, int, int, int] | None = None,
    encrypt: StandardEncryption | None = None,
) -> Path:
    """Write a PDF of one page, turned clockwise by `rotation` and cut to a crop box."""
    path = folder / "page.pdf"
    canvas = Canvas(str(path), pagesize=size, invariant=1, encrypt=encrypt)
    canvas.setFont(FONT, SIZE)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    if rotation or crop:
        document = pypdfium2.PdfDocument(path.read_bytes())
        page = document[0]
        page.set_rotation(rotation)
        if crop:
            page.set_cropbox(*crop)
        document.save(path)
        document.close()
    return path


def draw_lines(*lines: str, x: float = X, y: float = Y, leading: float = 16) -> Draw:
    def draw(canvas: Canvas) -> None:
        for index, line in enumerate(lines):
            canvas.drawString(x, y - leading * index, line)

    return draw


def read(path: Path) -> str:
    """Return the text of the first page as the program reads it."""
    return read_pdf("sha", path.read_bytes())[0].text


def find(path: Path, wanted: str, text: str | None = None, *, after: int = 0) -> list[Box]:
    text = read(path) if text is None else text
    start = text.index(wanted, after)
    return find_boxes(path, 1, Quote(1, start, start + len(wanted), wanted), text)


def in_points(box: Box) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a box on a page that is not turned."""
    return (
        box.left * WIDTH,
        (1 - box.top - box.height) * HEIGHT,
        (box.left + box.width) * WIDTH,
        (1 - box.top) * HEIGHT,
    )


def expect(line: str, x: float, y: float) -> object:
    """Return where a line drawn at a place should be, in points."""
    right = x + stringWidth(line, FONT, SIZE)
    return pytest.approx((x, y - 0.2 * SIZE, right, y + 0.8 * SIZE), abs=POINTS)


def render(path: Path, width: int = 900) -> Image.Image:
    return Image.open(io.BytesIO(render_page(path, 1, width))).convert("L")


def ink(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """Return what holds all that is darker than paper, in pixels; None if nothing is."""
    return picture.point(lambda value: 255 if value < 160 else 0).getbbox()


def in_pixels(box: Box, picture: Image.Image) -> tuple[float, float, float, float]:
    return (
        box.left * picture.width,
        box.top * picture.height,
        (box.left + box.width) * picture.width,
        (box.top + box.height) * picture.height,
    )


def crop_to(box: Box, picture: Image.Image) -> Image.Image:
    left, top, right, bottom = map(round, in_pixels(box, picture))
    return picture.crop((left, top, right, bottom))


# ---- pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 99, 900, 1801])
@pytest.mark.parametrize("rotation", [0, 90])
def test_a_picture_has_the_width_asked_for_and_the_shape_of_the_page(
    tmp_path: Path, width: int, rotation: int
) -> None:
    path = make_pdf(tmp_path, draw_lines(LINE), rotation=rotation)
    shape = WIDTH / HEIGHT if rotation else HEIGHT / WIDTH
    picture = Image.open(io.BytesIO(render_page(path, 1, width)))
    assert picture.format == "PNG"
    assert picture.width == width
    assert picture.height == pytest.approx(width * shape, abs=1)


@pytest.mark.parametrize("width", [0, -5])
def test_a_picture_without_width_is_an_error_of_the_caller(tmp_path: Path, width: int) -> None:
    with pytest.raises(ValueError, match="pixels wide"):
        render_page(make_pdf(tmp_path, draw_lines(LINE)), 1, width)


@pytest.mark.parametrize("size", [(10, 14_000), (0.01, 500), (14_000, 14_000)])
def test_a_page_of_absurd_size_is_refused(tmp_path: Path, size: tuple[float, float]) -> None:
    path = make_pdf(tmp_path, draw_lines(LINE), size=size)
    with pytest.raises(DocumentError, match="too large for a picture 6000 pixels wide") as caught:
        render_page(path, 1, 6000)
    assert caught.value.stage == "render"


# ---- files and pages that are not there ------------------------------------------------------


def render_at(path: Path, number: int) -> Any:
    return render_page(path, number, 300)


def find_at(path: Path, number: int) -> Any:
    return find_boxes(path, number, Quote(number, 0, 3, "The"), LINE)


both = pytest.mark.parametrize("work", [render_at, find_at], ids=["render", "find"])
Work = Callable[[Path, int], Any]


@both
@pytest.mark.parametrize("number", [-1, 0, 2, 10**6])
def test_a_page_that_the_paper_does_not_have_is_refused(
    tmp_path: Path, work: Work, number: int
) -> None:
    path = make_pdf(tmp_path, draw_lines(LINE))
    with pytest.raises(DocumentError, match=f"no page {number} of 1"):
        work(path, number)


@both
@pytest.mark.parametrize("data", [b"", b"plain text", b"%PDF-1.7\n", b"%PDF-" + b"\x00" * 900])
def test_what_is_no_pdf_is_refused(tmp_path: Path, work: Work, data: bytes) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match="not a PDF"):
        work(path, 1)


@both
def test_a_pdf_with_a_password_is_refused(tmp_path: Path, work: Work) -> None:
    encrypt = StandardEncryption("secret", ownerPassword="owner")
    path = make_pdf(tmp_path, draw_lines(LINE), encrypt=encrypt)
    with pytest.raises(DocumentError, match="not a PDF that can be opened"):
        work(path, 1)


def test_a_pdf_that_anyone_may_open_but_not_change_is_shown(tmp_path: Path) -> None:
    encrypt = StandardEncryption("", ownerPassword="owner")
    path = make_pdf(tmp_path, draw_lines(LINE), encrypt=encrypt)
    (box,) = find(path, LINE)
    assert in_points(box) == expect(LINE, X, Y)
    assert ink(render(path))


@both
def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path, work: Work) -> None:
    for path in (tmp_path / "missing.pdf", tmp_path):
        with pytest.raises(DocumentError) as caught:
            work(path, 1)
        assert caught.value.reason


# ---- where a line is -------------------------------------------------------------------------


def test_a_line_has_one_box_where_it_was_drawn(tmp_path: Path) -> None:
    (box,) = find(make_pdf(tmp_path, draw_lines(LINE)), LINE)
    assert in_points(box) == expect(LINE, X, Y)


@pytest.mark.parametrize("crop", [None, CROP], ids=["whole", "cropped"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_box_stands_where_it_should_on_a_page_that_is_turned_and_cropped(
    tmp_path: Path, rotation: int, crop: tuple[int, int, int, int] | None
) -> None:
    left, bottom, right, top = crop or (0, 0, WIDTH, HEIGHT)
    wide, high = right - left, top - bottom
    # The line's corners, in points from the corner of the page before it is turned.
    x, y = X - left, Y - bottom - 0.2 * SIZE
    far_x, far_y = x + stringWidth(LINE, FONT, SIZE), y + SIZE
    across, down = {
        0: ((x / wide, far_x / wide), (1 - far_y / high, 1 - y / high)),
        90: ((y / high, far_y / high), (x / wide, far_x / wide)),
        180: ((1 - far_x / wide, 1 - x / wide), (y / high, far_y / high)),
        270: ((1 - far_y / high, 1 - y / high), (1 - far_x / wide, 1 - x / wide)),
    }[rotation]
    (box,) = find(make_pdf(tmp_path, draw_lines(LINE), rotation=rotation, crop=crop), LINE)
    assert (box.left, box.left + box.width) == pytest.approx(across, abs=POINTS / min(wide, high))
    assert (box.top, box.top + box.height) == pytest.approx(down, abs=POINTS / min(wide, high))


@pytest.mark.parametrize("crop", [None, CROP], ids=["whole", "cropped"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_ink_of_a_line_is_in_its_box_and_nowhere_else(
    tmp_path: Path, rotation: int, crop: tuple[int, int, int, int] | None
) -> None:
    path = make_pdf(tmp_path, draw_lines(LINE), rotation=rotation, crop=crop)
    (box,) = find(path, LINE)
    picture = render(path)
    dark = ink(picture)
    assert dark is not None
    boxed = in_pixels(box, picture)
    assert all(boxed[side] - 1.5 <= dark[side] for side in (0, 1))
    assert all(boxed[side] + 1.5 >= dark[side] for side in (2, 3))
    assert boxed == pytest.approx(dark, abs=POINTS * picture.width / (CROP[2] - CROP[0]))


def test_each_line_has_the_box_with_its_ink_and_blank_space_has_none(tmp_path: Path) -> None:
    lines = (LINE, "Then the chest was opened.", "The heart was taken out.")
    path = make_pdf(tmp_path, draw_lines(*lines, leading=40))
    picture = render(path)
    for line in lines:
        (box,) = find(path, line)
        assert ink(crop_to(box, picture))
        below = Box(box.left, box.top + 20 / HEIGHT, box.width, box.height)
        beside = Box(box.left + box.width + 3 / WIDTH, box.top, box.width, box.height)
        assert ink(crop_to(below, picture)) is None
        assert ink(crop_to(beside, picture)) is None


def test_a_line_that_is_cropped_away_has_no_box_and_one_that_is_cut_ends_at_the_edge(
    tmp_path: Path,
) -> None:
    draw = draw_lines(LINE)
    assert find(make_pdf(tmp_path, draw, crop=(0, 0, WIDTH, Y - 50)), LINE, LINE) == []
    cut = make_pdf(tmp_path, draw, crop=(0, 0, X + 40, HEIGHT))
    (box,) = find(cut, LINE, LINE)
    assert box.left + box.width == pytest.approx(1)


# ---- quotes and lines ------------------------------------------------------------------------


def test_a_quote_that_starts_and_ends_in_a_line_is_boxed_alone(tmp_path: Path) -> None:
    path = make_pdf(tmp_path, draw_lines(LINE))
    (box,) = find(path, "was intubated")
    assert in_points(box) == expect("was intubated", X + stringWidth("The donor ", FONT, SIZE), Y)


def test_a_quote_over_two_lines_has_two_boxes_in_the_order_of_the_text(tmp_path: Path) -> None:
    path = make_pdf(tmp_path, draw_lines("First the donor", "was intubated at once."))
    start, end = "the donor", "was intubated"
    (one, two) = find(path, f"{start}\n{end}")
    assert in_points(one) == expect(start, X + stringWidth("First ", FONT, SIZE), Y)
    assert in_points(two) == expect(end, X, Y - 16)


def test_a_word_that_is_parted_at_the_end_of_a_line_is_boxed_on_both(tmp_path: Path) -> None:
    path = make_pdf(tmp_path, draw_lines("The donor was intu-", "bated at once."))
    text = read(path)
    start, end = text.index("intu"), text.index(" at once")
    one, two = find_boxes(path, 1, Quote(1, start, end, text[start:end]), text)
    assert in_points(one)[:2] == pytest.approx(
        (X + stringWidth("The donor was ", FONT, SIZE), Y - 0.2 * SIZE), abs=POINTS
    )
    assert in_points(two) == expect("bated", X, Y - 16)


def draw_columns(canvas: Canvas) -> None:
    """Draw two columns that stand 20 points apart, line by line across the gutter."""
    for index in range(6):
        y = Y - 16 * index
        canvas.drawRightString(290, y, f"left column of text line {index}")
        canvas.drawString(310, y, f"right column of text line {index}")


def test_no_box_spans_the_gutter_between_columns(tmp_path: Path) -> None:
    path = make_pdf(tmp_path, draw_columns)
    text = read(path)
    boxes = find_boxes(path, 1, Quote(1, 0, len(text), text), text)
    assert len(boxes) == 12
    sides = [in_points(box) for box in boxes]
    assert sum(right < 300 for _, _, right, _ in sides) == 6
    assert sum(left > 300 for left, _, _, _ in sides) == 6


def test_a_raised_figure_stays_in_its_line(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        words = canvas.beginText(X, Y)
        words.textOut("as reported before")
        words.setFont(FONT, 7)
        words.setRise(5)
        words.textOut("12")
        words.setFont(FONT, SIZE)
        words.setRise(0)
        words.textOut(" by others")
        canvas.drawText(words)

    path = make_pdf(tmp_path, draw)
    text = read(path)
    (box,) = find_boxes(path, 1, Quote(1, 0, len(text), text), text)
    assert box.width * WIDTH > stringWidth("as reported before by others", FONT, SIZE)


def test_lines_of_a_page_that_lies_askew_stay_apart(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rotate(4)
        draw_lines(*(f"{LINE} {word} {LINE}" for word in ("One", "Two", "Six")), x=100)(canvas)

    path = make_pdf(tmp_path, draw)
    text = read(path)
    assert len(find_boxes(path, 1, Quote(1, 0, len(text), text), text)) == 3


@pytest.mark.parametrize("angle", [90, -90])
def test_lines_that_run_up_or_down_the_page_have_a_box_each(tmp_path: Path, angle: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(WIDTH / 2, HEIGHT / 2)
        canvas.rotate(angle)
        draw_lines("Table 1: donors", "and what was done", x=0, y=0)(canvas)

    path = make_pdf(tmp_path, draw)
    text = read(path)
    boxes = find_boxes(path, 1, Quote(1, 0, len(text), text), text)
    assert len(boxes) == 2
    assert all(box.height * HEIGHT > 4 * box.width * WIDTH for box in boxes)


# ---- finding the quote -----------------------------------------------------------------------


def test_a_quote_is_found_in_the_text_of_an_engine_that_reads_in_another_order(
    tmp_path: Path,
) -> None:
    first, last = "What stands at the top of the page.", "What stands at the foot of the page."

    def draw(canvas: Canvas) -> None:
        canvas.drawString(X, 200, last)
        canvas.drawString(X, Y, first)

    path = make_pdf(tmp_path, draw)
    pdfium, pdfminer = read(path), extract_text(path)
    assert pdfium.index(last) < pdfium.index(first)
    assert pdfminer.index(first) < pdfminer.index(last)
    for text in (pdfium, pdfminer):
        (top,) = find(path, first, text)
        (foot,) = find(path, last, text)
        assert in_points(top) == expect(first, X, Y)
        assert in_points(foot) == expect(last, X, 200)


def test_of_lines_that_say_the_same_the_one_that_is_quoted_is_boxed(tmp_path: Path) -> None:
    path = make_pdf(tmp_path, draw_lines(LINE, LINE, LINE, leading=30))
    text = read(path)
    for index in range(3):
        (box,) = find(path, LINE, text, after=index * (len(LINE) + 1))
        assert in_points(box) == expect(LINE, X, Y - 30 * index)


def test_the_nearest_of_lines_that_say_the_same_is_boxed_in_a_text_that_lacks_some(
    tmp_path: Path,
) -> None:
    path = make_pdf(tmp_path, draw_lines("A line that was lost.", LINE, "x" * 60, LINE))
    (box,) = find(path, LINE, f"{LINE}\n{'x' * 60}\n{LINE}")
    assert in_points(box) == expect(LINE, X, Y - 16)


@pytest.mark.parametrize(
    "text",
    [
        "The  donor\r\nwas\tintubated .",
        "Ｔｈｅ donor was intubated.",
        "The do-\nnor was intubated.",
    ],
    ids=["spaces", "full width", "hyphen"],
)
def test_other_readings_of_the_same_characters_are_found(tmp_path: Path, text: str) -> None:
    path = make_pdf(tmp_path, draw_lines(LINE))
    (box,) = find(path, text, text)
    assert in_points(box) == expect(LINE, X, Y)


def test_a_ligature_is_found_where_its_letters_are(tmp_path: Path) -> None:
    path = make_pdf(tmp_path, draw_lines("The first office."))
    (box,) = find(path, "oﬃce", "The ﬁrst oﬃce.")
    assert in_points(box) == expect("office", X + stringWidth("The first ", FONT, SIZE), Y)


@pytest.mark.parametrize(
    "text", ["Quite another sentence.", " \n-\t", "", "The donor was intubatex"]
)
def test_a_quote_that_is_not_on_the_page_has_no_box(tmp_path: Path, text: str) -> None:
    path = make_pdf(tmp_path, draw_lines(LINE))
    assert find_boxes(path, 1, Quote(1, 0, len(text), text), text) == []


def test_a_blank_page_has_no_boxes(tmp_path: Path) -> None:
    path = make_pdf(tmp_path, lambda canvas: None)
    assert find_boxes(path, 1, Quote(1, 0, len(LINE), LINE), LINE) == []


# ---- the made corpus -------------------------------------------------------------------------


@cache
def cascade() -> Cascade:
    return Cascade(load_pack(find_pack("brain-death")))


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def read_under(page: Any, boxes: list[Box]) -> str:
    """Return the characters that stand under boxes, as PDFium finds them by their place."""
    textpage = page.get_textpage()
    wide, high = page.get_size()
    return "".join(
        textpage.get_text_bounded(
            left=box.left * wide,
            bottom=(1 - box.top - box.height) * high,
            right=(box.left + box.width) * wide,
            top=(1 - box.top) * high,
        )
        for box in boxes
    )


@pytest.mark.parametrize("name", ["p005", "p006", "p024", "p045", "p057", "p061", "p064"])
def test_under_the_boxes_of_a_hit_of_the_corpus_stand_its_characters(name: str) -> None:
    path = PAPERS / f"{name}.pdf"
    pages = read_pdf(name, path.read_bytes())
    texts = {page.number: page.text for page in pages}
    hits = cascade().find_hits(name, clean_pages(pages))
    assert hits
    document = pypdfium2.PdfDocument(path)
    for quote in (quote for hit in hits for quote in hit.quotes):
        boxes = find_boxes(path, quote.page, quote, texts[quote.page])
        assert boxes
        assert letters(read_under(document[quote.page - 1], boxes)) == letters(quote.text)
    document.close()
