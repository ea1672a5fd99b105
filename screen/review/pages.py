"""Pictures of pages, made in a process of their own: a hostile PDF may crash or hang its reader."""

import hashlib
import os
import resource
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock, Thread
from typing import Any, TypeVar

from screen.errors import DocumentError
from screen.review.pictures import Box, find_boxes, render_page
from screen.types import Quote

Made = TypeVar("Made")

# How long one page may take, in seconds.
_LIMIT = 20.0
# The memory that the process may have, and that the pictures kept may take, in bytes.
_MEMORY = 3 * 10**9
_MOST_KEPT = 64 * 10**6


class PagePictures:
    """Draws pages of PDFs and finds passages on them, one at a time; the last pictures are kept.

    A process that dies or takes too long costs the page it worked on; the next page gets a new one.
    """

    def __init__(self, limit: float = _LIMIT) -> None:
        self._limit = limit
        self._turn = Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
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
            self._end()

    def _ask(self, work: Callable[..., Made], path: Path, sha256: str, *rest: Any) -> Made:
        if self._process is None or not self._process.is_alive():
            self._start()
        assert self._pipe is not None  # noqa: S101 - just started
        try:
            self._pipe.send((work, path, sha256, rest))
            if not self._pipe.poll(self._limit):
                raise DocumentError("render", f"the page took more than {self._limit:.0f} seconds")
            done, made = self._pipe.recv()
        except (EOFError, OSError):
            self._end()
            raise DocumentError("render", "the page brought its reader down") from None
        except BaseException:
            # The answer is still to come, and must not be taken for that to the next question.
            self._end()
            raise
        if not done:
            raise DocumentError("render", made)
        result: Made = made
        return result

    def _start(self) -> None:
        self._end()
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._pipe = self._process = None


def _work(pipe: Connection) -> None:
    """Do what is asked for until nobody asks any more."""
    Thread(target=_end_with_server, daemon=True).start()
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    checked: dict[Path, tuple[tuple[int, ...], str]] = {}
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            work, path, sha256, rest = pipe.recv()
            try:
                _check(path, sha256, checked)
                answer = (True, work(path, *rest))
            except DocumentError as error:
                answer = (False, error.reason)
            except MemoryError:
                answer = (False, "the page needs too much memory")
            pipe.send(answer)


def _end_with_server() -> None:
    """End, also amid a page, when the server was killed: nobody else would end this process."""
    server = parent_process()
    if server is not None:
        server.join()
        os._exit(1)


def _check(path: Path, sha256: str, checked: dict[Path, tuple[tuple[int, ...], str]]) -> None:
    """Raise DocumentError unless a file has the bytes that the study knows."""
    try:
        status = path.stat()
        # A file put in its place may have its size and be given its time, but not this one.
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        if checked.get(path, (None, ""))[0] != stamp:
            with path.open("rb") as file:
                checked[path] = (stamp, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        raise DocumentError("render", "the file is not there any more") from None
    if checked[path][1] != sha256:
        raise DocumentError("render", "the file has changed since it was added")
