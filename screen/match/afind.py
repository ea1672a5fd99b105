"""The search of the published study, exactly: R's `stringdist::afind` and what was asked of it.

Robertson and Lavee (2022) took, for each target phrase and paper, the window as long as the phrase
with the least cosine distance of character counts (`method = "running_cosine"`, q = 1), and flagged
a paper if one lay below 0.28 with 供 close by. The search knows no order of characters, no order of
events and no actor; it is here to repeat the study and to compare with.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from screen.errors import TargetsError
from screen.settings import Published
from screen.types import Answer, Hit, Page, Quote, Window

_CODE_POINTS = 0x110000


class Targets:
    """Target phrases made ready to be searched for. Raises TargetsError for an empty phrase.

    The kernels are imported where they are called: numba takes longer to start than most commands
    take to run.
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        if not phrases or not all(phrases):
            raise TargetsError("a target phrase is empty" if phrases else "no target phrases")
        self.phrases = tuple(phrases)
        characters = sorted(set("".join(phrases)))
        self._symbol_of = np.zeros(_CODE_POINTS, np.uint32)
        self._symbol_of[[ord(c) for c in characters]] = range(1, len(characters) + 1)
        self._columns = np.zeros((len(phrases), len(characters) + 1), np.int32)
        for column, phrase in zip(self._columns, phrases, strict=True):
            np.add.at(column, self._symbol_of[_code_points(phrase)], 1)
        self._weights = np.ascontiguousarray(self._columns.T)
        self._squares = (self._columns.astype(np.int64) ** 2).sum(axis=1)
        self._lengths = np.array([len(phrase) for phrase in phrases], np.int64)
        self._counts = np.zeros(_CODE_POINTS, np.int32)

    def find_best(self, text: str) -> list[Window]:
        """Return for each phrase, in order, the first of the windows with the least distance.

        The same as R: a text shorter than a phrase is its one window; the distance to an empty
        text is not a number.
        """
        from screen.match.cosine import find_best

        if not text:
            return [Window(phrase, 1, nan, "") for phrase in self.phrases]
        points = _code_points(text)
        starts, distances = find_best(
            points,
            self._symbol_of.take(points),
            self._weights,
            self._columns,
            self._squares,
            self._lengths,
            self._counts,
        )
        found = zip(self.phrases, starts.tolist(), distances.tolist(), strict=True)
        return [_window(text, phrase, start, distance) for phrase, start, distance in found]

    def find_all(self, text: str, cutoff: float) -> list[Window]:
        """Return all windows with a distance below the cut-off, by phrase, then by place.

        R's search gives the best window only.
        """
        from screen.match.cosine import find_below, sum_blocks

        if not text:
            return []
        points = _code_points(text)
        symbols = self._symbol_of.take(points)
        sums = sum_blocks(symbols, self._weights)
        windows = []
        for index, phrase in enumerate(self.phrases):
            starts, distances = find_below(
                points,
                symbols,
                self._columns[index],
                self._squares[index],
                len(phrase),
                sums[index],
                cutoff,
                self._counts,
            )
            found = zip(starts.tolist(), distances.tolist(), strict=True)
            windows += [_window(text, phrase, start, distance) for start, distance in found]
        return windows


@cache
def prepare(phrases: tuple[str, ...]) -> Targets:
    """Return target phrases made ready, once per process."""
    return Targets(phrases)


def _window(text: str, phrase: str, start: int, distance: float) -> Window:
    return Window(phrase, start + 1, distance, text[start : start + len(phrase)])


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def read_targets(path: Path) -> list[str]:
    """Read target phrases, one a line, in UTF-8; blank lines are passed over.

    Raises TargetsError if the file cannot be read or holds none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise TargetsError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TargetsError(f"{path}: not UTF-8") from None
    except ValueError as error:
        raise TargetsError(f"{path!s:.200}: {error}") from None
    phrases = [line.rstrip("\r") for line in lines if line.strip()]
    if not phrases:
        raise TargetsError(f"{path}: holds no target phrases")
    return phrases


def is_flagged(text: str, window: Window, rule: Published) -> bool:
    """Tell whether the published study would have flagged a paper for this window.

    Its distance must lie below the cut-off, and what is required must stand within so many
    characters before or after the window's first one.
    """
    if not window.distance < rule.cutoff:
        return False
    first = window.location - 1
    return rule.require in text[max(first - rule.context, 0) : first + rule.context + 1]


@dataclass(frozen=True, slots=True)
class JoinedText:
    """A paper as the published study read it: the lines of all pages joined without separator.

    A page break is one form feed, as in the texts that converters make. `starts` are the offsets
    of the pages in `text`.
    """

    text: str
    pages: tuple[Page, ...]
    starts: tuple[int, ...]

    def page(self, window: Window) -> int:
        """Return the number of the page on which a window begins."""
        return self.pages[max(bisect_right(self.starts, window.location - 1) - 1, 0)].number

    def span(self, quotes: Sequence[Quote]) -> tuple[int, int]:
        """Return where a passage, given by its quotes page by page, stands in the text."""
        first, last = quotes[0], quotes[-1]
        return self._offset(first.page, first.start), self._offset(last.page, last.end)

    def _offset(self, number: int, offset: int) -> int:
        index = next(i for i, page in enumerate(self.pages) if page.number == number)
        return self.starts[index] + len(_join_lines(self.pages[index].text[:offset]))


def judge(
    windows: Iterable[Window], joined: JoinedText, rule: Published, paper: str, hit: str = ""
) -> list[Answer]:
    """Return each window of a paper, or of a hit, with its page and whether it flags."""
    return [
        Answer(paper, hit, window, joined.page(window), is_flagged(joined.text, window, rule))
        for window in windows
    ]


def choose(answers: Iterable[Answer]) -> Answer:
    """Return the telling one: the nearest window that flags, or else the nearest."""
    return min(answers, key=lambda answer: (not answer.flagged, answer.window.distance))


def answer(
    targets: Targets, rule: Published, paper: str, joined: JoinedText, hits: Iterable[Hit]
) -> Iterator[Answer]:
    """Yield what the published search says of a paper, phrase by phrase, and of each of its hits.

    A hit is searched by itself: of a whole paper the search keeps only the best window for each
    phrase, which may lie in another passage.
    """
    yield from judge(targets.find_best(joined.text), joined, rule, paper)
    for hit in hits:
        start, end = joined.span(hit.quotes)
        found = targets.find_best(joined.text[start:end])
        windows = (window._replace(location=start + window.location) for window in found)
        yield choose(judge(windows, joined, rule, paper, hit.id))


def join_pages(pages: Sequence[Page]) -> JoinedText:
    """Return the text of a paper, given by its pages in order, as the published study read it."""
    text = ""
    starts = []
    number = 1
    for page in pages:
        text += "\f" * (page.number - number)
        starts.append(len(text))
        text += _join_lines(page.text)
        number = page.number
    return JoinedText(text, tuple(pages), tuple(starts))


def _join_lines(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")
