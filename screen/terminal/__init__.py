"""What the commands print: figures and passages for people, on a terminal or into a pipe.

A module for each module of the commands; here is what they share.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from screen.study.folder import printable_path

_NO_WRAP = 100_000
CODE_STYLES = {2: "bold red", 1: "yellow", 0: "dim"}


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr if that is a terminal; yields what to call with how many are done."""
    with open_bars() as bars:
        task = bars.add_task(what, total=total)
        yield lambda count: bars.advance(task, count)


def open_bars() -> Progress:
    """Return bars on stderr, none of which is shown if that is no terminal."""
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=console, disable=not console.is_terminal)


def printable(path: str) -> str:
    """Return a file name on one line, with control characters and stray bytes written out."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in printable_path(path)
    )


def open_console() -> Console:
    """Return stdout: wrapped to the width of a terminal, not at all in a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_NO_WRAP)
