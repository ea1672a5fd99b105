"""The types that pass from folder to folder, and nothing else.

Offsets are code points. `Quote` offsets count in the raw text of a page, so that
`page.text[quote.start:quote.end] == quote.text` holds; `Event` offsets count in clean text.
Pages are counted from 1. Scores lie between 0 and 1.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The bytes of one paper, known by their SHA-256; `path` is where they were first seen."""

    sha256: str
    path: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Record:
    """Bibliographic data of one paper; `file` names its source file, "" if the record does not."""

    file: str
    title: str = ""
    authors: tuple[str, ...] = ()
    affiliations: tuple[str, ...] = ()
    journal: str = ""
    year: int | None = None
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    database: str = ""
    key: str = ""


class Line(NamedTuple):
    """A line that optical character recognition read: `start:end` of the page's text.

    `confidence` is 0-1. `left`, `top`, `right` and `bottom` are shares, 0-1, of the page's width
    and height as it is shown, from its top left corner. A tuple, since a page has a hundred.
    """

    start: int
    end: int
    confidence: float
    left: float
    top: float
    right: float
    bottom: float


# The methods of pages without a text: nothing is drawn on a blank one.
UNREAD = frozenset({"unreadable", "blank"})


class Mark(NamedTuple):
    """A stretch `start:end` of a page's text that stands apart from its running text.

    `kind` is footnote or table.
    """

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Page:
    """Raw text of one page; `quality` is 0-1.

    `method` is text, docx, html, pdfium, pdfminer, ocr, blank or unreadable. Of an unreadable page
    at most a line is there, such as the database's mark on a scan. `engine` names what read it,
    with its version; `route` tells each method that was tried with the quality of what it made, as
    "pdfium 0.12, pdfminer 0.3, ocr 0.97", and how a text was repaired. `lines` are there after
    optical character recognition only.
    """

    sha256: str
    number: int
    text: str
    method: str
    quality: float
    engine: str = ""
    route: str = ""
    marks: tuple[Mark, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether there is a text on the page, and it could be read."""
        return self.method not in UNREAD


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim stretch of one page's raw text."""

    page: int
    start: int
    end: int
    text: str


class Run(NamedTuple):
    """A stretch of clean text and the stretch of raw page text that it came from.

    Where both have the same length each character stands for the one at its place; where they
    differ (㎎ became mg) the whole of one stands for the whole of the other. A paper has hundreds
    of them, and tuples are made faster than other objects.
    """

    start: int
    end: int
    page: int
    raw_start: int
    raw_end: int


@dataclass(frozen=True, slots=True)
class CleanText:
    """Text of a whole paper, cleaned, which remembers where each character came from.

    `runs` lie in the order of the text and cover it except for single joining spaces. `lines`
    holds the offsets at which a line of a page began: weak evidence of a heading, since converters
    break lines anywhere. `breaks` holds those at which a footnote or table begins: they stand
    below the running text, whichever page they are from, and nothing goes on across a break.
    """

    text: str
    pages: tuple[Page, ...]
    runs: tuple[Run, ...]
    lines: frozenset[int] = field(default_factory=frozenset)
    breaks: frozenset[int] = field(default_factory=frozenset)

    @property
    def running(self) -> int:
        """The length of the running text; footnotes and tables stand below it."""
        return min(self.breaks, default=len(self.text))

    def source(self, start: int, end: int) -> tuple[Quote, ...]:
        """Return the raw quotes, one a page, that the clean text `start:end` came from.

        Empty where the stretch holds no character of any page. Raises ValueError unless
        `0 <= start <= end <= len(self.text)`.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"{start}:{end} is not within a text of {len(self.text)} characters")
        if start == end:
            return ()
        spans: dict[int, tuple[int, int]] = {}
        index = max(bisect_right(self.runs, start, key=lambda run: run.start) - 1, 0)
        for run in self.runs[index:]:
            if run.start >= end:
                break
            if run.end <= start:
                continue
            raw_start, raw_end = run.raw_start, run.raw_end
            if run.end - run.start == run.raw_end - run.raw_start:
                raw_start += max(start - run.start, 0)
                raw_end -= max(run.end - end, 0)
            first, last = spans.get(run.page, (raw_start, raw_end))
            spans[run.page] = (min(first, raw_start), max(last, raw_end))
        return tuple(
            Quote(self.pages[page].number, first, last, self.pages[page].text[first:last])
            for page, (first, last) in sorted(spans.items())
        )

    def locate(self, page: int, start: int, end: int) -> tuple[int, int] | None:
        """Return where `start:end` of the raw text of a page, by its number, is in the clean text.

        The way back from `source`. None if none of it is there. Of a stretch with a footnote
        inside it is the running text, since its place is one stretch.
        """
        found: list[tuple[int, int]] = []
        running = self.running
        for run in self.runs:
            if self.pages[run.page].number != page or run.raw_end <= start or run.raw_start >= end:
                continue
            first, last = run.start, run.end
            if found and found[0][0] < running <= first:
                break
            if run.end - run.start == run.raw_end - run.raw_start:
                first += max(start - run.raw_start, 0)
                last -= max(run.raw_end - end, 0)
            found.append((first, last))
        return (min(f for f, _ in found), max(t for _, t in found)) if found else None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens in the text, with who it happens to; offsets in clean text.

    `polarity` is reported, negated, advised, hypothetical, quoted or general. `order` is the
    event's place in the story, to be compared with that of other events: equal ones happen at the
    same time. `read_as` is what a damaged word was read as, else "".
    """

    kind: str
    actor: str
    polarity: str
    start: int
    end: int
    clause: int
    order: float
    read_as: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An event as it is kept and exported: its words at their place on a page."""

    kind: str
    actor: str
    polarity: str
    text: str
    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """A rule or phrase of the pack that was met; `distance` is 0 for rules, 0-1 for phrases."""

    rule: str
    distance: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that meets one or more criteria, or resembles one that does.

    `page`, `start`, `end`, `quote` are verbatim raw text; where the passage crosses a page break
    they hold its first part and `continued` the parts on the following pages. `passage` and
    `context` are clean text. `code` is 2, 1 or 0 as in the codebook, of the rules alone.
    `neighbour` says that it stands in another paper, that begins or ends on a page of this one.
    """

    id: str
    paper: str
    page: int
    start: int
    end: int
    quote: str
    continued: tuple[Quote, ...]
    passage: str
    context: str
    section: str
    events: tuple[Evidence, ...]
    criteria: tuple[str, ...]
    reason: str
    mitigating: tuple[Evidence, ...]
    matches: tuple[Match, ...]
    score: float
    code: int
    neighbour: bool = False

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """The whole passage as it stands on the page, or the pages, that it is on."""
        return Quote(self.page, self.start, self.end, self.quote), *self.continued


class Window(NamedTuple):
    """A stretch of text as long as a target phrase of the published search, or a shorter text.

    `location` counts characters from 1, as in R. `distance` is a cosine distance, 0-1; not a number
    for an empty text. A tuple, since a search makes one for each phrase and paper.
    """

    target: str
    location: int
    distance: float
    match: str


class Answer(NamedTuple):
    """What the published search says: of a paper for one target phrase, or of a hit by itself.

    `hit` is "" for a paper as a whole; of a hit there is one answer, with its telling window.
    `page` is the one on which the window begins. A tuple, as windows are.
    """

    paper: str
    hit: str
    window: Window
    page: int
    flagged: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One reviewer's judgement of one passage, or of a whole paper (`hit` None).

    `paper` is the paper's SHA-256. `code` is 2, 1 or 0 as in the codebook, or None for a paper out
    of scope, with the `reason`. `mitigating` says that something speaks against a problematic
    reading. `round` counts from 1, in which reviewers judge by themselves; a later one, of an
    adjudicator, decides over earlier ones. `at` is a time in ISO 8601, UTC. `pack` and `model` are
    those that the reviewer was shown; `blind` says that what they make of it was hidden until then.
    `withdrawn` takes back the reviewer's verdict before it. `key`, if any, names one act of
    judging: what is sent twice is one verdict.
    """

    hit: str | None
    paper: str
    reviewer: str
    code: int | None
    round: int = 1
    criteria: tuple[str, ...] = ()
    mitigating: bool = False
    reason: str = ""
    note: str = ""
    at: str = ""
    pack: str | None = None
    model: str | None = None
    blind: bool = False
    withdrawn: bool = False
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be screened; a row that is kept, never only a log line.

    `sha256` is "" where the file could not even be read; `page` is None for the whole paper.
    """

    sha256: str
    path: str
    page: int | None
    stage: str
    error: str
