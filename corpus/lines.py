"""Fonts, and paragraphs broken into lines as Chinese typesetters do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from corpus.reading import BuildError

FONT_ROOTS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
HAN_FONT = ("DroidSansFallbackFull.ttf", "fonts-droid-fallback")
LATIN_FONT = ("DejaVuSans.ttf", "fonts-dejavu-core")

NOT_AT_LINE_START = "，。；：、？！）】》〉」』〕”’．·%％℃…—,.;:?!)]}~～"
NOT_AT_LINE_END = "（【《〈「『〔“‘([{-"
ATOM = re.compile(r"(?P<cite>\[\d+(?:[-~,，、]\d+)*\])|(?:(?!\[\d)[!-~±×°µα-ωΑ-Ω′″])+|\s+|.")


def find_font(name: str, package: str) -> Path:
    """Find the font file of a Debian package, wherever this system keeps its fonts."""
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
        """Measure a text set in `size` points; the width in points."""
        runs = self.runs(text, size)
        return float(sum(pdfmetrics.stringWidth(part, name, scaled) for name, scaled, part in runs))

    def _font_of(self, character: str) -> str:
        for name, glyphs in self._glyphs.items():
            if ord(character) in glyphs:
                return name
        raise BuildError(f"no font has the character {character!r} (U+{ord(character):04X})")


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
        """The blank above the line, in points; none at the top of a column."""
        return self.style.before if self.first else 0.0

    @property
    def height(self) -> float:
        """The room that the line takes with the blank below it, in points."""
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
        canvas.setLineWidth(style.size * 0.016)
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
