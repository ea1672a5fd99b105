"""What the commands on papers and passages print."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from screen.terminal import CODE_STYLES, open_console, printable

if TYPE_CHECKING:
    from screen.findings.explain import Explanation, Piece
    from screen.rank.evaluate import Evaluation, Judged, Share
    from screen.types import Hit

_ACTOR_STYLES = {
    "donor": "red",
    "recipient": "blue",
    "animal": "magenta",
    "living_donor": "magenta",
    "unknown": "bright_black",
}


def show_explanation(explanation: "Explanation") -> None:
    """Print a paper with the words marked that the pack read: in colour, or in [brackets]."""
    console = open_console()
    paper = explanation
    words = (
        f"{printable(paper.file)}: pages {paper.pages}, passages {len(paper.hits)}; {paper.pack}"
    )
    console.print(Text(words, style="bold"))
    if console.is_terminal:
        legend = Text("events of: ", style="dim")
        for actor, style in _ACTOR_STYLES.items():
            legend.append(f" {actor} ", style=f"{style} underline")
        legend.append("  how it is meant", style="italic black on yellow")
        console.print(legend.append("  numbers give the order of events", style="dim"))
    for failure in paper.failures:
        page = f", page {failure.page}" if failure.page else ""
        console.print(Text(f"could not be read{page}: {failure.error}", style="red"))
    page_shown = 0
    for block in paper.blocks:
        if block.page != page_shown:
            page_shown = block.page
            console.print(Text(f"\n---- page {page_shown} ----", style="dim"))
        text = _mark(block.pieces, coloured=console.is_terminal)
        if block.heading:
            text.stylize("bold")
        if block.hit is None:
            console.print(text)
        else:
            _show_hit(console, block.hit, text, paper.glosses)


def _mark(pieces: Sequence["Piece"], *, coloured: bool) -> Text:
    text = Text()
    for piece in pieces:
        mark = piece.mark
        if mark is None:
            text.append(piece.text)
        elif not coloured:
            text.append(f"{piece.text}[{mark.label}]")
        elif mark.role == "polarity":
            text.append(piece.text, style="italic black on yellow")
        else:
            style = _ACTOR_STYLES.get(mark.actor, "")
            meant = " bold underline" if mark.role == "event" else ""
            text.append(piece.text, style=f"{style}{meant}")
            text.append(f"({mark.step})" if mark.step else "", style="dim")
    return text


def _show_hit(console: Console, hit: "Hit", text: Text, glosses: Mapping[str, str]) -> None:
    head = Text(f"code {hit.code}", style=CODE_STYLES[hit.code])
    head.append(f"  score {hit.score:.2f}")
    for name in hit.criteria:
        head.append(f"  criterion {name}: {glosses[name]}", style="yellow")
    lines = [text, head, Text(f"why: {hit.reason}", style="green")]
    for sign in hit.mitigating:
        words = f"mitigating: {glosses[sign.kind]} “{sign.text}” page {sign.page}"
        lines.append(Text(words, style="magenta"))
    for line in lines:
        for row in line.wrap(console, max(console.width - 2, 1)):
            console.print(Text("| ", style=CODE_STYLES[hit.code]) + row)


def show_evaluation(
    title: str,
    judged: Sequence["Judged"],
    result: "Evaluation",
    published: "Evaluation | None" = None,
) -> None:
    """Print the confusion table, the measures with their intervals, and the errors one by one.

    Beside them, if it was asked, those of the published search, which flags or does not.
    """
    from screen.rank.published import FLAGGED, NOT_FLAGGED

    console = open_console()
    unscreened = sum(row[None] for row in result.confusion.values())
    columns: list[int | None] = [*result.confusion, *([None] if unscreened else [])]
    console.print(Text(title, style="bold"))
    table = Table()
    table.add_column("judged", justify="right")
    for code in columns:
        table.add_column("unscreened" if code is None else f"given {code}", justify="right")
    if published:
        table.add_column("published: flagged", justify="right")
        table.add_column("not flagged", justify="right")
    for gold, row in result.confusion.items():
        cells = [str(row[code]) for code in columns]
        if published:
            other = published.confusion[gold]
            cells += [str(other[FLAGGED]), str(other[NOT_FLAGGED])]
        table.add_row(f"{gold}", *cells)
    console.print(table)
    if unscreened:
        console.print(Text(f"{unscreened} unscreened are in no figure below, and no negatives."))
    console.print(Text("With exact 95 % intervals:"))
    table = Table()
    for column in (
        "positive",
        "found by",
        "recall",
        "precision",
        "F1",
        "to read",
        "work saved",
        "over sampling",
    ):
        table.add_column(column, justify="right")
    measures = [("pack", item) for item in result.measures]
    measures += [("published", item) for item in (published.measures if published else ())]
    for by, item in sorted(measures, key=lambda row: -row[1].code):
        table.add_row(
            "code 2" if item.code > 1 else "codes 1, 2",
            by,
            *map(_share, (item.recall, item.precision)),
            _share(item.f1, counted=False),
            str(item.to_read),
            *map(_percent, (item.work_saved, item.work_saved_over_sampling)),
        )
    console.print(table)
    for error in result.errors:
        given = "unscreened" if error.given is None else f"given {error.given}"
        head = Text(
            f"\n{printable(error.gold.id)}: judged {error.gold.code}, {given}", style="bold"
        )
        console.print(head)
        words = " ".join(error.gold.text.split())
        for line in (Text(words), Text(f"why: {error.reason}", style="green")):
            console.print(Padding(line, (0, 0, 0, 4), expand=False))
    console.print(Text(f"\n{len(result.errors)} errors of the pack in {len(judged)} judged."))


def _share(item: "Share", *, counted: bool = True) -> str:
    if item.value is None or item.low is None or item.high is None:
        return "-"
    count = f" ({item.count}/{item.total})" if counted else ""
    return f"{item.value:.3f} [{item.low:.3f}, {item.high:.3f}]{count}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
