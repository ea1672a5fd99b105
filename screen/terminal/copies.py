"""What the command on copies prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from screen.terminal import open_console, printable


def show_groups(groups: Sequence[Mapping[str, Any]]) -> None:
    """Print each original with its copies, how alike they are, and why they are taken for one."""
    console = open_console()
    if not groups:
        console.print("No paper is a copy of another one.")
        return
    for group in groups:
        console.print(Text(printable(group["file"]), style="bold cyan"))
        for copy in group["copies"]:
            line = Text("  = ")
            line.append(printable(copy["file"]), style="cyan")
            line.append(f"  {copy['similarity']:.2f}  {copy['reason']}")
            console.print(line)
    number = sum(len(group["copies"]) for group in groups)
    console.print(Text(f"{len(groups)} papers with {number} copies."))
