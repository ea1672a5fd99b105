"""Papers as PDF: lines set into columns and pages, with running heads and page numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, product
from random import Random

from reportlab.pdfgen.canvas import Canvas

from corpus import damage
from corpus.lines import Fonts, Line, Setter, Style
from corpus.reading import BuildError, Paper, PdfForm


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page: its size, its margins and its columns, in points."""

    width: float
    height: float
    side: float
    top: float
    foot: float
    columns: int
    gutter: float = 18.0

    @property
    def measure(self) -> float:
        """The width of the type area."""
        return self.width - 2 * self.side

    @property
    def column(self) -> float:
        """The width of one column."""
        return (self.measure - self.gutter * (self.columns - 1)) / self.columns

    @property
    def top_line(self) -> float:
        """The height at which the type area begins."""
        return self.height - self.top

    def left(self, column: int) -> float:
        """Find the left margin of a column, counted from 0."""
        return self.side + column * (self.column + self.gutter)


# The two sizes of Chinese journals: 16 mo of 184 x 260 mm and large 16 mo of 210 x 285 mm.
SMALL_SHEET = Sheet(width=522, height=737, side=54, top=78, foot=62, columns=1)
LARGE_SHEET = Sheet(width=595, height=808, side=52, top=74, foot=62, columns=2)


@dataclass(frozen=True, slots=True)
class Placed:
    """A line on its page, counted from 0, with the place of its left margin and its foot."""

    page: int
    x: float
    y: float
    line: Line


@dataclass(frozen=True, slots=True)
class Layout:
    """A paper set into pages."""

    sheet: Sheet
    placed: tuple[Placed, ...]

    def is_cut(self, paragraph: int, start: int, end: int) -> bool:
        """Whether a page ends well inside the passage from `start` to `end` of a paragraph."""
        margin = (end - start) // 4
        lines = [place for place in self.placed if place.line.paragraph == paragraph]
        return any(
            here.page != there.page and start + margin <= there.line.start <= end - margin
            for here, there in pairwise(lines)
        )


@dataclass(frozen=True, slots=True)
class Galleys:
    """Lines set to their measure: the end of the paper before, title block, and body."""

    above: list[Line]
    title: list[Line]
    body: list[Line]


class Typesetter:
    """Sets one paper: title block over the full width, then the body column by column."""

    def __init__(self, setter: Setter, form: PdfForm, paper: Paper, above: Paper | None) -> None:
        self.setter = setter
        self.form = form
        self.paper = paper
        self.above = above
        self.sheet = SMALL_SHEET if form.columns == 1 else LARGE_SHEET

    def layout(self, passages: Mapping[str, str]) -> Layout:
        """Set the paper; where a passage must cross pages, in the first way that makes it so.

        What may vary is what varied in print: how much of the paper before stands above the
        title, the leading (as a share of the type size) and at last the type size.
        """
        size = self.form.size or (10.5 if self.form.columns == 1 else 9.0)
        if not self.form.cross:
            return self._place(self._set(size, size * 1.55), 12)
        wanted = self._find(passages.get(self.form.cross, ""))
        ratios = sorted((step / 100 for step in range(140, 180, 3)), key=lambda r: abs(r - 1.55))
        amounts = range(8, 60) if self.above else (0,)
        for change, ratio in product((0.0, -0.5, 0.5), ratios):
            galleys = self._set(size + change, (size + change) * ratio)
            for amount in amounts:
                layout = self._place(galleys, amount)
                if layout.is_cut(*wanted):
                    return layout
        raise BuildError(f"{self.paper.id}: no page break falls inside {self.form.cross}")

    def _find(self, passage: str) -> tuple[int, int, int]:
        """Return the paragraph in which a passage ends and where it stands there."""
        words = passage.rsplit("\n", 1)[-1]
        for number, text in enumerate(self.paper.body):
            start = text.find(words)
            if words and start >= 0:
                return number, start, start + len(words)
        raise BuildError(f"{self.paper.id}: passage {self.form.cross} is not in one paragraph")

    def _set(self, size: float, leading: float) -> Galleys:
        """Set all lines, as yet on no page."""
        end = self._body(self.above, size, leading) if self.above else []
        return Galleys(
            above=[replace(line, paragraph=-1) for line in end],
            title=self._title_block(size),
            body=self._body(self.paper, size, leading),
        )

    def _place(self, galleys: Galleys, amount: int) -> Layout:
        """Make pages up, below the last `amount` lines of the paper before."""
        sheet = self.sheet
        y = sheet.top_line
        placed: list[Placed] = []
        if galleys.above:
            placed += fill_pages(galleys.above[-amount:], sheet, y)
            y = min(place.y for place in placed) - 2 * galleys.body[0].style.leading
        for line in galleys.title:
            y -= line.before + line.height
            placed.append(Placed(0, sheet.side, y + line.height - line.style.leading, line))
        return Layout(sheet, (*placed, *fill_pages(galleys.body, sheet, y - 8)))

    def _title_block(self, size: float) -> list[Line]:
        small = Style(size - 1.5, (size - 1.5) * 1.5, inset=20, after=3)
        title = Style(size * 1.7, size * 2.4, bold=True, align="centre", before=6, after=6)
        authors = Style(size, size * 1.6, align="centre", after=1)
        address = replace(small, align="centre", after=8)
        rubric = [(f"·{self.form.rubric}·", Style(size, size * 1.6))] if self.form.rubric else []
        styles = (title, authors, address, small, small)
        texts = [*rubric, *zip(self.paper.front, styles, strict=True)]
        lines = [self.setter.set(text, style, self.sheet.measure, -1) for text, style in texts]
        return [line for block in lines for line in block]

    def _body(self, paper: Paper, size: float, leading: float) -> list[Line]:
        text = Style(size, leading, indent=2, superscript=self.form.superscript)
        heading = Style(size + 0.5, leading * 1.1, bold=True, align="left", before=leading * 0.25)
        reference = Style(size - 1.5, (size - 1.5) * 1.4)
        lines: list[Line] = []
        in_references = False
        for number, paragraph in enumerate(paper.body):
            style = reference if in_references else text
            if paragraph.startswith("# "):
                style = heading
                in_references = is_reference_heading(paragraph)
            lines += self.setter.set(paragraph.removeprefix("# "), style, self.sheet.column, number)
        return lines


def is_reference_heading(paragraph: str) -> bool:
    """Tell whether references follow; their heading may be letter-spaced, or traditional."""
    words = paragraph.replace(" ", "")
    return words.startswith("#") and ("参考文献" in words or "參考文獻" in words)


def fill_pages(lines: Sequence[Line], sheet: Sheet, first_top: float) -> list[Placed]:
    """Place lines on pages; on the last page, columns end at about the same height."""
    placed = list(flow(lines, sheet, first_top))
    last = placed[-1].page
    rest = [place.line for place in placed if place.page == last]
    top = first_top if last == 0 else sheet.top_line
    for foot in range(int(top), int(sheet.foot), -6):
        level = list(flow(rest, replace(sheet, foot=foot), top))
        if level[-1].page == 0:
            return [
                *(place for place in placed if place.page < last),
                *(replace(place, page=last) for place in level),
            ]
    return placed


def flow(lines: Sequence[Line], sheet: Sheet, first_top: float) -> Iterator[Placed]:
    """Place lines column by column; on the first page columns begin at `first_top`.

    A heading takes two lines of room for what follows it, so that it never ends a column.
    """
    page, column, top = 0, 0, first_top
    y = top
    for line in lines:
        need = line.before + line.height + (2 * line.style.leading if line.style.bold else 0.0)
        if y - need < sheet.foot:
            column += 1
            if column == sheet.columns:
                page, column, top = page + 1, 0, sheet.top_line
            y = top
        y -= line.height + (line.before if y < top else 0.0)
        yield Placed(page, sheet.left(column), y + line.height - line.style.leading, line)


def make_pdf(
    paper: Paper,
    form: PdfForm,
    papers: Mapping[str, Paper],
    passages: Mapping[str, str],
    fonts: Fonts,
) -> bytes:
    """Make the bytes of a PDF: the paper as its journal printed it."""
    if form.superscript:
        paper = with_citations(paper, passages)
    if form.traditional:
        paper = paper.in_traditional()
    setter = Setter(fonts)
    layout = Typesetter(setter, form, paper, papers.get(form.above)).layout(passages)
    file = io.BytesIO()
    canvas = Canvas(file, (layout.sheet.width, layout.sheet.height), pageCompression=1, invariant=1)
    for page, places in groupby(layout.placed, key=lambda place: place.page):
        draw_margins(canvas, setter, layout.sheet, paper, form, paper.first_page + page)
        for place in places:
            setter.draw(canvas, place.line, place.x, place.y)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def draw_margins(
    canvas: Canvas, setter: Setter, sheet: Sheet, paper: Paper, form: PdfForm, number: int
) -> None:
    """Draw running head, page number and the notice of the database, before the text itself."""

    def write(text: str, y: float, align: str, size: float = 8.5) -> None:
        line = setter.set(text, Style(size, size, align="left"), sheet.measure, -1)[0]
        shift = {"left": 0.0, "centre": line.slack / 2, "right": line.slack}[align]
        setter.draw(canvas, line, sheet.side + shift, y)

    head = sheet.height - sheet.top + 20
    outer, inner = ("right", "left") if number % 2 else ("left", "right")
    write(paper.running_head, head, "centre" if form.folio == "foot" else inner)
    canvas.setLineWidth(0.5)
    canvas.line(sheet.side, head - 5, sheet.width - sheet.side, head - 5)
    if form.folio == "head":
        write(f"·{number}·", head, outer)
    else:
        write(f"—{number}—", sheet.foot - 20, "centre")
    if form.boilerplate:
        write(damage.BOILERPLATE, 20, "left", 6.5)


def with_citations(paper: Paper, passages: Mapping[str, str]) -> Paper:
    """Cite the references of a paper in their order, [1] and so on, at ends of sentences.

    Only introduction and discussion cite, and never inside a labelled passage, so that every
    label still stands in the printed text letter by letter.
    """
    body = list(paper.body)
    start = next((n for n, line in enumerate(body) if is_reference_heading(line)), len(body))
    labelled = [text for key, text in passages.items() if key.startswith(f"{paper.id}-")]
    places = [
        (number, stop.start())
        for number in citing_paragraphs(body[:start])
        for stop in re.finditer("。", body[number])
        if not any(covers(body[number], text, stop.start()) for text in labelled)
    ]
    count = min(len(body) - start - 1, len(places))
    chosen = sorted(Random(f"{paper.id} citations").sample(places, max(0, count)))
    for reference, (number, place) in reversed(list(enumerate(chosen, 1))):
        body[number] = f"{body[number][:place]}[{reference}]{body[number][place:]}"
    return replace(paper, body=tuple(body))


def citing_paragraphs(body: Sequence[str]) -> Iterator[int]:
    """Where the paragraphs of introduction and discussion stand."""
    cites = discusses = False
    for number, line in enumerate(body):
        if line.startswith("# "):
            discusses = discusses or "讨论" in line or "体会" in line
            cites = discusses
        elif cites or number == 0:
            yield number


def covers(paragraph: str, passage: str, place: int) -> bool:
    """Tell whether a place of a paragraph lies inside the passage."""
    start = paragraph.find(passage)
    return start >= 0 and start <= place < start + len(passage)
