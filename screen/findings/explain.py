"""Show one paper with what the pack read in it: terms, actors, polarity and order, in place.

The text is cut into blocks, hits and what stands between them, and these into pieces, marked words
and the others, so that the terminal and the page show the same.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise

import jinja2

from screen.match.cascade import Analysis
from screen.match.events.mentions import Mention
from screen.match.schema import Pack
from screen.types import CleanText, Failure, Hit


@dataclass(frozen=True, slots=True)
class Mark:
    """What one marked word is: its English gloss, who it concerns, how it is meant.

    `role` is event, actor or polarity. `step` is the event's place in the order within its hit,
    from 1, or None; events of the same time share it. `read_as` is what a damaged word was read as.
    """

    role: str
    gloss: str
    actor: str
    polarity: str
    step: int | None
    read_as: str

    @property
    def label(self) -> str:
        """All of it in a few words, for those who see no colours."""
        words = [f"{self.step}." if self.step else "", self.gloss]
        words += [self.actor] if self.role != "polarity" and self.actor not in self.gloss else []
        words += [self.polarity] if self.polarity != "reported" and self.role == "event" else []
        words += [f"read as {self.read_as}"] if self.read_as else []
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with its mark, or none."""

    text: str
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a paper: a heading, a hit, or the text between; `page` is where it begins."""

    page: int
    pieces: tuple[Piece, ...]
    heading: bool = False
    hit: Hit | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One paper, ready to be shown."""

    file: str
    pack: str
    pages: int
    blocks: tuple[Block, ...]
    glosses: dict[str, str]
    failures: tuple[Failure, ...]

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits among the blocks, in order."""
        return tuple(block.hit for block in self.blocks if block.hit is not None)


def explain(
    file: str,
    clean: CleanText,
    analysis: Analysis,
    pack: Pack,
    failures: Sequence[Failure] = (),
    page: int | None = None,
) -> Explanation:
    """Return what to show of a paper, or of one of its pages: all blocks that touch it."""
    view = _View(clean, analysis, pack)
    blocks = [
        block for block, first, last in view.blocks() if page is None or first <= page <= last
    ]
    book = pack.manifest
    return Explanation(
        file=file,
        pack=pack.label,
        pages=len(clean.pages),
        blocks=tuple(blocks),
        glosses={
            **{name: criterion.gloss for name, criterion in book.criteria.items()},
            **{name: sign.gloss for name, sign in book.signs.items()},
        },
        failures=tuple(failures),
    )


def render_page(explanation: Explanation) -> str:
    """Return an explanation as one HTML page that needs nothing else."""
    template = files("screen.findings").joinpath("templates/explain.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(paper=explanation)


_Span = tuple[int, int, bool, Hit | None]


class _View:
    """Cuts one analysed text into blocks and pieces."""

    def __init__(self, clean: CleanText, analysis: Analysis, pack: Pack) -> None:
        self._text = clean.text
        self._clean = clean
        self._analysis = analysis
        self._glosses = {term.kind: term.gloss for term in pack.terms if term.gloss}
        self._marked = [
            mention
            for mention in analysis.account.mentions
            if mention.kinds or mention.term.role == "actor" or _changes(mention)
        ]
        self._page_starts = sorted({run.page: run.start for run in reversed(clean.runs)}.values())
        self._starts = [mention.start for mention in self._marked]

    def blocks(self) -> Iterator[tuple[Block, int, int]]:
        """Yield the blocks in order, each with its first and last page."""
        for start, end, heading, hit in self._spans():
            quotes = self._clean.source(start, end)
            if quotes:
                pieces = tuple(self._pieces(start, end, numbered=hit is not None))
                first, last = quotes[0].page, quotes[-1].page
                yield Block(first, pieces, heading, hit), first, last

    def _spans(self) -> Iterator[_Span]:
        position = 0
        for (start, end), hit in zip(self._analysis.spans, self._analysis.hits, strict=True):
            yield from self._between(position, start)
            yield start, end, False, hit
            position = end
        yield from self._between(position, len(self._text))

    def _between(self, first: int, last: int) -> Iterator[_Span]:
        """Yield what stands between two hits, section by section, headings by themselves."""
        for section in self._analysis.account.layout.sections:
            start, end = max(section.start, first), min(section.end, last)
            if start >= end:
                continue
            if section.title and start == section.start:
                title_end = min(start + len(section.title), end)
                yield start, title_end, True, None
                start = title_end
            cuts = [start, *(at for at in self._page_starts if start < at < end), end]
            for one, other in pairwise(cuts):
                if one < other:
                    yield one, other, False, None

    def _pieces(self, start: int, end: int, *, numbered: bool) -> Iterator[Piece]:
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        inside = [mention for mention in self._marked[first:last] if mention.end <= end]
        told = sorted({m.order for m in inside if _is_event(m)}) if numbered else []
        position = start
        for mention in inside:
            if mention.start > position:
                yield Piece(self._text[position : mention.start])
            step = told.index(mention.order) + 1 if numbered and _is_event(mention) else None
            yield Piece(self._text[mention.start : mention.end], self._mark(mention, step))
            position = mention.end
        if position < end:
            yield Piece(self._text[position:end])

    def _mark(self, mention: Mention, step: int | None) -> Mark:
        term = mention.term
        kinds = mention.kinds or [term.kind]
        known = {**self._glosses, term.kind: term.gloss or self._glosses.get(term.kind, "")}
        gloss = " / ".join(known.get(kind) or kind.replace("_", " ") for kind in kinds)
        return Mark(
            role="event" if _is_event(mention) else term.role,
            gloss=gloss if term.role != "polarity" else term.polarity or "",
            actor=mention.actor if mention.kinds else (term.actor or term.usually or "unknown"),
            polarity=mention.polarity,
            step=step,
            read_as=mention.match.damaged.spelling if mention.match.damaged else "",
        )


def _is_event(mention: Mention) -> bool:
    """Tell whether a mention tells an event, and not only who the text speaks of."""
    return bool(mention.kinds) and mention.term.role != "actor"


def _changes(mention: Mention) -> bool:
    """Tell whether a mention changes how events are meant."""
    return mention.term.polarity not in {None, "reported"}
