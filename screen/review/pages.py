"""Pictures of pages, made in a process of their own: a hostile PDF may crash or hang its reader."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from screen.errors import DocumentError
from screen.ingest.limits import within
from screen.review.pictures import Box, find_boxes, render_page
from screen.study.folder import Study
from screen.study.work.isolation import GRACE, Death, Isolated
from screen.types import Quote

Made = TypeVar("Made")

# How long one page may take, in seconds, and the memory that it may need, in megabytes.
_LIMIT = 20.0
_MEMORY = 3_000
# The memory that the pictures kept may take, in bytes.
_MOST_KEPT = 64 * 10**6


def find_source(study: Study, shard: int, paper: str) -> Path:
    """Return where the source of a paper is. Raises DocumentError if it is not there."""
    for item in study.shard_sources(shard):
        if item.source.sha256 == paper:
            for path in map(Path, (item.source.path, *item.also)):
                if path.is_file():
                    return path
    raise DocumentError("render", "the file is not where it was when it was added")


class _Question(NamedTuple):
    """What the process is asked: a function of a file, the file, and what else it is told."""

    work: Callable[..., Any]
    path: Path
    sha256: str
    rest: tuple[Any, ...]
    seconds: float


class PagePictures:
    """Draws pages of PDFs and finds passages on them, one at a time; the last pictures are kept.

    A process that dies or takes too long costs the page it worked on; the next page gets a new one.
    """

    def __init__(self, limit: float = _LIMIT) -> None:
        self._limit = limit
        self._turn = Lock()
        self._process = Isolated()
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def picture(self, path: Path, sha256: str, number: int, width: int) -> bytes:
        """Return a page, by its number, as PNG of this width in pixels.

        Raises DocumentError if it cannot be drawn, or the file is not the one with this SHA-256.
        """
        key = (sha256, number, width)
        with self._turn:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            made: bytes = self._ask(render_page, path, sha256, number, width)
            self._kept[key] = made
            while sum(map(len, self._kept.values())) > _MOST_KEPT:
                self._kept.popitem(last=False)
            return made

    def boxes(self, path: Path, sha256: str, number: int, quote: Quote, text: str) -> list[Box]:
        """Return where a quote is on a page whose raw text is `text`; empty if it is not found.

        Raises DocumentError as `picture` does.
        """
        with self._turn:
            found: list[Box] = self._ask(find_boxes, path, sha256, number, quote, text)
            return found

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._process.close()

    def _ask(self, work: Callable[..., Made], path: Path, sha256: str, *rest: Any) -> Made:
        question = _Question(work, path, sha256, rest, self._limit)
        made = self._process.ask(_answer, question, seconds=self._limit + GRACE)
        if isinstance(made, Death):
            took = f"the page took more than {self._limit:g} seconds"
            why = took if made.timed_out else "the page brought its reader down"
            raise DocumentError("render", why)
        result: Made = made
        return result


# The files that the process has looked at: their state then, and their SHA-256.
_checked: dict[Path, tuple[tuple[int, ...], str]] = {}


def _answer(question: _Question) -> Any:
    try:
        with within(question.seconds, _MEMORY):
            _check(question.path, question.sha256)
            return question.work(question.path, *question.rest)
    except DocumentError as error:
        raise DocumentError("render", error.reason) from None
    except Exception as error:
        # Whatever a hostile page does to its reader, the passage is shown, without a picture.
        raise DocumentError("render", f"the page brought its reader down: {error!r}") from error


def _check(path: Path, sha256: str) -> None:
    """Raise DocumentError unless a file has the bytes that the study knows."""
    try:
        status = path.stat()
        # A file put in its place may have its size and be given its time, but not this one.
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        if _checked.get(path, (None, ""))[0] != stamp:
            with path.open("rb") as file:
                _checked[path] = (stamp, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        raise DocumentError("render", "the file is not there any more") from None
    if _checked[path][1] != sha256:
        raise DocumentError("render", "the file has changed since it was added")
