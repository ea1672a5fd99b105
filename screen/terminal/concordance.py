"""What concordance prints: the keyword in one column, and what stands around it on either side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len
from rich.text import Text

from screen.terminal import open_console, printable

if TYPE_CHECKING:
    from screen.findings.concordance import Line, Searched

# A Chinese character is two cells wide.
_WIDE = 2
_LONGEST_FILE = 28


def show_lines(lines: "Sequence[Line]", width: int, *, fuzzy: bool) -> None:
    """Print one line each, never broken: file and page, left, keyword, right."""
    console = open_console()
    room = max((cell_len(_place(line)) for line in lines), default=0)
    left = max((cell_len(line.left) for line in lines), default=0)
    for line in lines:
        place = _place(line)
        text = Text(place + " " * (room - cell_len(place) + 2), style="cyan")
        text.append(" " * (min(left, width * _WIDE) - cell_len(line.left)) + line.left, style="dim")
        text.append(line.keyword, style="bold reverse").append(line.right, style="dim")
        if fuzzy:
            text.append(f"  {line.distance:.2f}", style="yellow")
        console.print(text, no_wrap=True, overflow="ellipsis", crop=console.is_terminal)


def _place(line: "Line") -> str:
    file = printable(line.file)
    if len(file) > _LONGEST_FILE:
        file = f"…{file[1 - _LONGEST_FILE :]}"
    return f"{file} {line.quotes[0].page if line.quotes else '-'}"


def show_searched(searched: "Searched", shown: int, unscreened: int) -> None:
    """Print on stderr what was searched, and what was not."""
    rest = f" (the first {shown} are shown)" if shown < searched.lines else ""
    words = f"{searched.lines} lines in {searched.found_in} of {searched.papers} papers{rest}"
    if unscreened:
        words += f"; {unscreened} papers or files could not be read and were not searched"
    click.echo(words + ".", err=True)
    for file in searched.given_up or ():
        click.echo(f"given up, the expression takes too long: {printable(file)}", err=True)
