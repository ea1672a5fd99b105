"""Build the made corpus: papers as PDF and text files, and their records, out of `sources`.

    python corpus/build.py            rebuild corpus/papers and corpus/records.jsonl
    python corpus/build.py --check    build elsewhere, compare byte by byte, exit 1 if they differ

`forms.yml` says for every paper whether it becomes a PDF or a text file and what is done to it.
Nothing is left to chance or to the clock: the same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import codecs
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby, pairwise
from pathlib import Path
from random import Random
from typing import Any

import damage
import yaml
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

CORPUS = Path(__file__).resolve().parent
LABELS = CORPUS.parent / "labels"
FONT_ROOTS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
HAN_FONT = ("DroidSansFallbackFull.ttf", "fonts-droid-fallback")
LATIN_FONT = ("DejaVuSans.ttf", "fonts-dejavu-core")

NOT_AT_LINE_START = "，。；：、？！）】》〉」』〕”’．·%％℃…—,.;:?!)]}~～"
NOT_AT_LINE_END = "（【《〈「『〔“‘([{"
ATOM = re.compile(r"(?P<cite>\[\d+(?:[-~,，、]\d+)*\])|[!-~±×°µα-ωΑ-Ω′″]+|\s+|.")


class BuildError(Exception):
    """Something in the sources, the forms or the machine keeps the corpus from being built."""


# ---------------------------------------------------------------------------------------- papers


@dataclass(frozen=True, slots=True)
class Paper:
    """One source: the record of the paper and its body, one string a heading or paragraph."""

    id: str
    title: str
    authors: tuple[str, ...]
    affiliations: tuple[str, ...]
    journal: str
    year: int
    volume: str
    issue: str
    pages: str
    abstract: str
    keywords: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def running_head(self) -> str:
        return f"{self.journal} {self.year}年第{self.volume}卷第{self.issue}期"

    @property
    def first_page(self) -> int:
        found = re.match(r"\d+", self.pages)
        if found is None:
            raise BuildError(f"{self.id}: pages {self.pages!r} begins with no number")
        return int(found[0])

    @property
    def front(self) -> tuple[str, ...]:
        """Title, authors, affiliations, abstract and keywords as they stand above the text."""
        label = "摘要" if self.year >= 1995 else "提要"
        return (
            self.title,
            "　".join(self.authors),
            f"（{'；'.join(self.affiliations)}）",
            f"【{label}】　{self.abstract}",
            f"【关键词】　{'；'.join(self.keywords)}",
        )

    def in_traditional(self) -> Paper:
        """The paper as it is printed in traditional characters; its record stays simplified."""
        t = damage.traditional
        return replace(
            self,
            title=t(self.title),
            authors=tuple(map(t, self.authors)),
            affiliations=tuple(map(t, self.affiliations)),
            journal=t(self.journal),
            abstract=t(self.abstract),
            keywords=tuple(map(t, self.keywords)),
            body=tuple(map(t, self.body)),
        )


def read_paper(path: Path) -> Paper:
    """Read one source: YAML front matter between lines of `---`, then the body."""
    try:
        opening, front, body = re.split(r"^---\n", path.read_text("utf-8"), maxsplit=2, flags=re.M)
        fields: dict[str, Any] = yaml.safe_load(front)
        if opening:
            raise ValueError("text before the front matter")
        return Paper(
            id=path.stem,
            title=str(fields["title"]),
            authors=tuple(fields["authors"]),
            affiliations=tuple(fields["affiliations"]),
            journal=str(fields["journal"]),
            year=int(fields["year"]),
            volume=str(fields["volume"]),
            issue=str(fields["issue"]),
            pages=str(fields["pages"]),
            abstract=str(fields["abstract"]),
            keywords=tuple(map(str, fields["keywords"])),
            body=tuple(line.strip() for line in body.split("\n") if line.strip()),
        )
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise BuildError(f"{path.name}: not a source paper: {error!r}") from error


def write_records(papers: Sequence[Paper], forms: Mapping[str, Form], path: Path) -> None:
    """Write the bibliographic records, one JSON object a line, as a database would export them."""
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        for paper in papers:
            record = {
                "file": f"{paper.id}.{forms[paper.id].suffix}",
                "title": paper.title,
                "authors": paper.authors,
                "affiliations": paper.affiliations,
                "journal": paper.journal,
                "year": paper.year,
                "volume": paper.volume,
                "issue": paper.issue,
                "pages": paper.pages,
                "abstract": paper.abstract,
                "keywords": paper.keywords,
            }
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


# ----------------------------------------------------------------------------------------- forms


@dataclass(frozen=True, slots=True)
class PdfForm:
    """How a paper is printed. `cross` names the labelled passage that a page break must cut."""

    columns: int = 1
    size: float = 0.0
    folio: str = "head"
    rubric: str = ""
    boilerplate: bool = False
    superscript: bool = False
    traditional: bool = False
    cross: str = ""
    suffix: str = field(default="pdf", init=False)

    def __post_init__(self) -> None:
        if self.columns not in (1, 2) or self.folio not in ("head", "foot"):
            raise ValueError("columns is 1 or 2, folio is head or foot")


@dataclass(frozen=True, slots=True)
class TxtForm:
    """How a paper's text comes damaged: steps of damage in the order in which they are done."""

    encoding: str = "utf-8"
    damage: tuple[Mapping[str, Mapping[str, Any]], ...] = ()
    suffix: str = field(default="txt", init=False)


Form = PdfForm | TxtForm


def read_forms(path: Path) -> dict[str, Form]:
    """Read `forms.yml`; a key that no form knows is an error."""
    forms: dict[str, Form] = {}
    for paper, fields in yaml.safe_load(path.read_text("utf-8")).items():
        kind = {"pdf": PdfForm, "txt": TxtForm}.get(fields.pop("form", ""))
        try:
            if kind is None:
                raise ValueError("form is neither pdf nor txt")
            forms[paper] = kind(**fields)
        except (TypeError, ValueError) as error:
            raise BuildError(f"{path.name}: {paper}: {error}") from error
    return forms


def read_passages(folder: Path) -> dict[str, str]:
    """The text of every labelled passage by its id, from all label files below the folder."""
    passages: dict[str, str] = {}
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            label = json.loads(line)
            if "id" in label and passages.setdefault(label["id"], label["text"]) != label["text"]:
                raise BuildError(f"{path.name}: {label['id']} is labelled twice, with two texts")
    return passages


# ------------------------------------------------------------------------------------ text files


def make_txt(paper: Paper, form: TxtForm, papers: Mapping[str, Paper]) -> bytes:
    """The bytes of a text file: the paper as a converter left it."""
    text = plain_text(paper)
    for step in form.damage:
        for kind, parameters in step.items():
            text = damaged(text, kind, parameters, paper, papers)
    return encoded(text, form.encoding, paper)


def plain_text(paper: Paper) -> str:
    """All that is printed, undamaged, one line a heading or paragraph."""
    body = (line.removeprefix("# ") for line in paper.body)
    return "\n".join((paper.running_head, *paper.front, *body, ""))


def damaged(
    text: str,
    kind: str,
    parameters: Mapping[str, Any],
    paper: Paper,
    papers: Mapping[str, Paper],
) -> str:
    """One step of damage. Its seed is paper and kind, so that no step changes another's chance."""
    rng = Random(f"{paper.id} {kind}")
    match kind:
        case "neighbours":
            texts = {side: plain_text(papers[other]) for side, other in parameters.items()}
            return damage.add_neighbours(text, rng, **texts)
        case "pages":
            folio = f"· {paper.first_page + 1} ·"
            heads = (damage.BOILERPLATE, f"{folio} {paper.running_head}")
            return damage.break_pages(text, rng, heads, **parameters)
        case "traditional":
            return damage.traditional(text)
        case "together":
            return damage.run_together(text)
    steps = {
        "spaces": damage.space_out,
        "wraps": damage.wrap_lines,
        "wide": damage.widen,
        "dots": damage.dot_stops,
        "citations": damage.run_in_citations,
        "misread": damage.misread,
    }
    if kind not in steps:
        raise BuildError(f"{paper.id}: no damage is called {kind!r}")
    return steps[kind](text, rng, **parameters)


def encoded(text: str, encoding: str, paper: Paper) -> bytes:
    """Encode as Windows programs of the time did: UTF-16 is little endian with a mark."""
    try:
        if encoding == "utf-16":
            return codecs.BOM_UTF16_LE + text.encode("utf-16-le")
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        missing = sorted({c for c in text if not c.encode(encoding, "ignore")})
        raise BuildError(f"{paper.id}: {encoding} has no {''.join(missing)}") from error


# ----------------------------------------------------------------------------------------- fonts


def find_font(name: str, package: str) -> Path:
    """The font file of a Debian package, wherever this system keeps its fonts."""
    for root in FONT_ROOTS:
        for path in sorted(Path(root).expanduser().rglob(name)):
            return path
    raise BuildError(f"font {name} not found: install the package {package}, or give --font FILE")


class Fonts:
    """Two TrueType fonts, embedded as subsets: Latin letters and signs, and all the rest."""

    LATIN_SCALE = 0.9  # DejaVu is drawn large; at this scale its figures stand as high as hanzi

    def __init__(self, han: Path, latin: Path) -> None:
        try:
            self._glyphs = {}
            for name, path in (("Latin", latin), ("Han", han)):
                font = TTFont(name, str(path))
                pdfmetrics.registerFont(font)
                self._glyphs[name] = frozenset(font.face.charToGlyph)
        except TTFError as error:
            raise BuildError(f"{path}: no TrueType font to embed: {error}") from error

    def runs(self, text: str, size: float) -> Iterator[tuple[str, float, str]]:
        """Cut a text into (font name, size, characters) where the font changes."""
        start = 0
        names = [self._font_of(character) for character in text]
        for end in range(1, len(text) + 1):
            if end == len(text) or names[end] != names[start]:
                scale = self.LATIN_SCALE if names[start] == "Latin" else 1.0
                yield names[start], size * scale, text[start:end]
                start = end

    def width(self, text: str, size: float) -> float:
        runs = self.runs(text, size)
        return float(sum(pdfmetrics.stringWidth(part, name, scaled) for name, scaled, part in runs))

    def _font_of(self, character: str) -> str:
        for name, glyphs in self._glyphs.items():
            if ord(character) in glyphs:
                return name
        raise BuildError(f"no font has the character {character!r} (U+{ord(character):04X})")


# ----------------------------------------------------------------------------------------- lines


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph is set; lengths in points, `indent` of the first line in ems."""

    size: float
    leading: float
    bold: bool = False
    align: str = "justify"
    indent: float = 0.0
    before: float = 0.0
    after: float = 0.0
    inset: float = 0.0
    superscript: bool = False


@dataclass(frozen=True, slots=True)
class Atom:
    """What no line break may cut: a hanzi with its punctuation, a Latin word, a number."""

    text: str
    start: int
    raised: bool = False
    glued: bool = False  # belongs on the line of the atom before it


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its atoms, where it stands in its paragraph, and how much room is left over."""

    atoms: tuple[Atom, ...]
    style: Style
    paragraph: int
    offset: float
    slack: float
    first: bool
    last: bool

    @property
    def start(self) -> int:
        """Where in the text of the paragraph the line begins, in code points."""
        return self.atoms[0].start

    @property
    def before(self) -> float:
        return self.style.before if self.first else 0.0

    @property
    def height(self) -> float:
        return self.style.leading + (self.style.after if self.last else 0.0)


class Setter:
    """Sets paragraphs into lines by the rules for Chinese type."""

    RAISED = 0.62  # size of a superscript, as a share of the line's

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self.width = lru_cache(maxsize=None)(fonts.width)

    def set(self, text: str, style: Style, measure: float, paragraph: int) -> list[Line]:
        """Break a paragraph into lines no wider than `measure`, punctuation never first."""
        room = measure - 2 * style.inset
        lines: list[tuple[list[Atom], float]] = []
        left = 0.0
        for group in self._groups(text, style, room):
            width = sum(self._atom_width(atom, style) for atom in group)
            blank = group[0].text.isspace()
            if not lines or (width > left + 0.01 and not blank):
                left = room - (style.indent * style.size if not lines else 0.0)
                lines.append(([], 0.0))
            if blank and (width > left or not lines[-1][0]):
                continue
            left -= width
            lines[-1] = ([*lines[-1][0], *group], left)
        return [
            Line(
                atoms=tuple(atoms),
                style=style,
                paragraph=paragraph,
                offset=style.inset + (style.indent * style.size if number == 0 else 0.0),
                slack=slack,
                first=number == 0,
                last=number == len(lines) - 1,
            )
            for number, (atoms, slack) in enumerate(lines)
        ]

    def _groups(self, text: str, style: Style, room: float) -> Iterator[list[Atom]]:
        """Atoms that stay on one line."""
        group: list[Atom] = []
        for atom in self._atoms(text, style, room):
            if group and not atom.glued:
                yield group
                group = []
            group.append(atom)
        if group:
            yield group

    def _atoms(self, text: str, style: Style, room: float) -> Iterator[Atom]:
        opening = False
        for found in ATOM.finditer(text):
            raised = style.superscript and found.lastgroup == "cite"
            glued = opening or raised or found[0][0] in NOT_AT_LINE_START
            opening = found[0][-1] in NOT_AT_LINE_END
            if self.width(found[0], style.size) < room / 2:
                yield Atom(found[0], found.start(), raised, glued)
            else:
                for place, character in enumerate(found[0], found.start()):
                    yield Atom(character, place, raised)

    def _atom_width(self, atom: Atom, style: Style) -> float:
        return self.width(atom.text, style.size * (self.RAISED if atom.raised else 1.0))

    def draw(self, canvas: Canvas, line: Line, x: float, y: float) -> None:
        """Draw a line with its left margin at `x` and its foot at `y`."""
        style = line.style
        glyphs = sum(len(atom.text) for atom in line.atoms)
        spread = line.slack / max(1, glyphs - 1)
        if style.align == "centre":
            x += line.slack / 2
        if style.align != "justify" or line.last or spread > 0.4 * style.size:
            spread = 0.0
        canvas.saveState()
        canvas.setLineWidth(style.size * 0.035)
        text = canvas.beginText(x + line.offset, y)
        text.setTextRenderMode(2 if style.bold else 0)
        text.setCharSpace(spread)
        for atom in merged(line.atoms):
            text.setRise(style.size * 0.38 if atom.raised else 0)
            size = style.size * (self.RAISED if atom.raised else 1.0)
            for name, run_size, characters in self.fonts.runs(atom.text, size):
                text.setFont(name, run_size)
                text.textOut(characters)
        canvas.drawText(text)
        canvas.restoreState()


def merged(atoms: Sequence[Atom]) -> Iterator[Atom]:
    """Neighbouring atoms of one height as one, so that the page needs few drawing commands."""
    start = 0
    for end in range(1, len(atoms) + 1):
        if end == len(atoms) or atoms[end].raised != atoms[start].raised:
            text = "".join(atom.text for atom in atoms[start:end])
            yield replace(atoms[start], text=text)
            start = end


# ----------------------------------------------------------------------------------------- pages


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
        return (self.measure - self.gutter * (self.columns - 1)) / self.columns

    def left(self, column: int) -> float:
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
        margin = min(10, (end - start) // 3)
        lines = [place for place in self.placed if place.line.paragraph == paragraph]
        return any(
            here.page != there.page and start + margin <= there.line.start <= end - margin
            for here, there in pairwise(lines)
        )


class Typesetter:
    """Sets one paper: title block over the full width, then the body column by column."""

    def __init__(self, setter: Setter, paper: Paper, form: PdfForm) -> None:
        self.setter = setter
        self.paper = paper
        self.form = form
        self.sheet = SMALL_SHEET if form.columns == 1 else LARGE_SHEET

    def layout(self, passages: Mapping[str, str]) -> Layout:
        """Set the paper; where a passage must cross pages, in the type size that makes it so."""
        size = self.form.size or (10.5 if self.form.columns == 1 else 9.0)
        if not self.form.cross:
            return self._set(size, size * 1.55)
        wanted = self._find(passages.get(self.form.cross, ""))
        ratios = sorted((step / 100 for step in range(135, 190)), key=lambda r: abs(r - 1.55))
        for change in (0.0, -0.5, 0.5, -1.0, 1.0):
            for ratio in ratios:
                layout = self._set(size + change, (size + change) * ratio)
                if layout.is_cut(*wanted):
                    return layout
        raise BuildError(f"{self.paper.id}: no page break falls inside {self.form.cross}")

    def _find(self, passage: str) -> tuple[int, int, int]:
        for number, text in enumerate(self.paper.body):
            start = text.find(passage)
            if passage and start >= 0:
                return number, start, start + len(passage)
        raise BuildError(f"{self.paper.id}: passage {self.form.cross} is not in one paragraph")

    def _set(self, size: float, leading: float) -> Layout:
        block = self._title_block(size)
        sheet = self.sheet
        y = sheet.height - sheet.top
        placed: list[Placed] = []
        for line in block:
            y -= line.before + line.height
            placed.append(Placed(0, sheet.side, y + line.height - line.style.leading, line))
        body = self._body(size, leading)
        return Layout(sheet, (*placed, *flow(body, sheet, y - 8)))

    def _title_block(self, size: float) -> list[Line]:
        paper, form = self.paper, self.form
        small = Style(size - 1.5, (size - 1.5) * 1.5, inset=20, after=3)
        title = Style(size * 1.7, size * 2.4, bold=True, align="centre", before=6, after=6)
        authors = Style(size, size * 1.6, align="centre", after=1)
        address = replace(small, align="centre", after=8)
        rubric = [(f"·{form.rubric}·", Style(size, size * 1.6))] if form.rubric else []
        styles = (title, authors, address, small, small)
        texts = [*rubric, *zip(paper.front, styles, strict=True)]
        lines = [self.setter.set(text, style, self.sheet.measure, -1) for text, style in texts]
        return [line for block in lines for line in block]

    def _body(self, size: float, leading: float) -> list[Line]:
        text = Style(size, leading, indent=2, superscript=self.form.superscript)
        heading = Style(size + 0.5, leading * 1.1, bold=True, align="left", before=leading * 0.25)
        reference = Style(size - 1.5, (size - 1.5) * 1.4)
        lines: list[Line] = []
        in_references = False
        for number, paragraph in enumerate(self.paper.body):
            style = reference if in_references else text
            if paragraph.startswith("# "):
                style = heading
                in_references = is_reference_heading(paragraph)
            lines += self.setter.set(
                paragraph.removeprefix("# "), style, self.sheet.column, number
            )
        return lines


def is_reference_heading(paragraph: str) -> bool:
    return paragraph.startswith("# ") and ("参考文献" in paragraph or "參考文獻" in paragraph)


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
                page, column, top = page + 1, 0, sheet.height - sheet.top
            y = top
        y -= line.height + (line.before if y < top else 0.0)
        yield Placed(page, sheet.left(column), y + line.height - line.style.leading, line)


def make_pdf(paper: Paper, form: PdfForm, passages: Mapping[str, str], fonts: Fonts) -> bytes:
    """The bytes of a PDF: the paper as its journal printed it."""
    if form.superscript:
        paper = with_citations(paper, passages)
    if form.traditional:
        paper = paper.in_traditional()
    setter = Setter(fonts)
    layout = Typesetter(setter, paper, form).layout(passages)
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
    """The paper with its references cited in their order, [1] and so on, at ends of sentences.

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
    cites = True
    for number, line in enumerate(body):
        if line.startswith("# "):
            cites = "讨论" in line or (cites and number > 0 and not body[0].startswith("# "))
        elif cites:
            yield number


def covers(paragraph: str, passage: str, place: int) -> bool:
    start = paragraph.find(passage)
    return start >= 0 and start <= place < start + len(passage)


# ------------------------------------------------------------------------------------- the whole


def build(target: Path, fonts: Fonts) -> None:
    """Build papers and records below `target`; what a former build left behind is removed."""
    papers = {path.stem: read_paper(path) for path in sorted((CORPUS / "sources").glob("p*.txt"))}
    forms = read_forms(CORPUS / "forms.yml")
    if forms.keys() != papers.keys():
        odd = ", ".join(sorted(forms.keys() ^ papers.keys()))
        raise BuildError(f"in only one of sources and forms.yml: {odd}")
    passages = read_passages(LABELS)
    folder = target / "papers"
    folder.mkdir(parents=True, exist_ok=True)
    written = set()
    for paper in papers.values():
        form = forms[paper.id]
        if isinstance(form, PdfForm):
            content = make_pdf(paper, form, passages, fonts)
        else:
            content = make_txt(paper, form, papers)
        path = folder / f"{paper.id}.{form.suffix}"
        path.write_bytes(content)
        written.add(path)
    for path in {*folder.glob("p*.pdf"), *folder.glob("p*.txt")} - written:
        path.unlink()
    write_records(list(papers.values()), forms, target / "records.jsonl")


def differences(built: Path, kept: Path) -> list[str]:
    """The files, by their path from the corpus, that are not the same bytes in both folders."""

    def contents(root: Path) -> dict[str, bytes]:
        paths = [root / "records.jsonl", *(root / "papers").glob("*")]
        return {str(p.relative_to(root)): p.read_bytes() for p in paths if p.is_file()}

    new, old = contents(built), contents(kept)
    return sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))


def check(fonts: Fonts) -> int:
    """Compare what is kept with a fresh build."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), fonts)
        changed = differences(Path(folder), CORPUS)
    for name in changed:
        print(f"differs: {name}")
    return 1 if changed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with a fresh build")
    parser.add_argument("--font", type=Path, metavar="FILE", help="TrueType font for the hanzi")
    arguments = parser.parse_args()
    try:
        fonts = Fonts(arguments.font or find_font(*HAN_FONT), find_font(*LATIN_FONT))
        if arguments.check:
            return check(fonts)
        build(CORPUS, fonts)
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
