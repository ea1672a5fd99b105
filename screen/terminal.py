"""What the commands print: figures and passages for people, on a terminal or into a pipe."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from screen.settings import Published
from screen.study.folder import printable_path

if TYPE_CHECKING:
    from screen.findings.explain import Explanation, Piece
    from screen.match.check import CaseResult
    from screen.rank.evaluate import Evaluation, Judged, Share
    from screen.study.pipeline import ShardDone
    from screen.types import Hit

_COUNTS = (
    ("files", "files found"),
    ("duplicates", "further paths of a known paper"),
    ("papers", "papers"),
    ("waiting", "waiting to be run"),
    ("screened", "screened"),
    ("screened_in_part", "of these in part only: a page or the end could not be read"),
    ("unscreened", "UNSCREENED: could not be read, and are not negatives"),
    ("flagged_code_2", "flagged, code 2"),
    ("flagged_code_1", "flagged, code 1"),
    ("published_flagged", "flagged by the published search"),
    ("published_flagged_alone", "of these not flagged by the pack"),
    ("hits", "passages in the queue"),
    ("failures", "failures recorded"),
    ("records", "bibliographic records"),
    ("records_without_file", "of these without a file"),
)
_SHOWN_SIGNS = 3
_NO_WRAP = 100_000
_STYLES = {2: "bold red", 1: "yellow", 0: "dim"}
_ACTOR_STYLES = {
    "donor": "red",
    "recipient": "blue",
    "animal": "magenta",
    "living_donor": "magenta",
    "unknown": "bright_black",
}


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr if that is a terminal; yields what to call with how many are done."""
    console = Console(stderr=True)
    columns = (
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def count_work(done: Sequence["ShardDone"], loaded: int) -> dict[str, int]:
    """Return what a run had to do: shards, and papers read and matched."""
    return {
        "shards": len(done),
        "shards_worked_on": sum(bool(shard.worked_on) for shard in done),
        "shards_loaded": loaded,
        "papers_read": sum(shard.papers for shard in done if "text" in shard.worked_on),
        "papers_matched": sum(shard.papers for shard in done if "hits" in shard.worked_on),
        "papers_searched": sum(shard.papers for shard in done if "published" in shard.worked_on),
    }


def show_work(study: Path, work: Mapping[str, int]) -> None:
    """Print what a run had to do, or that there was nothing to do."""
    name = printable(str(study))
    if work["shards_worked_on"]:
        searched = work["papers_searched"]
        words = (
            f"{work['papers_read']} papers read, {work['papers_matched']} matched, "
            + (f"{searched} searched as published, " if searched else "")
            + f"in {work['shards_worked_on']} of {work['shards']} shards; "
            f"{work['shards_loaded']} shards loaded."
        )
    else:
        words = f"nothing to do, all {work['shards']} shards are up to date."
    _console().print(Text(f"{name}: {words}"))


def show_counts(counts: Mapping[str, int]) -> None:
    """Print the counts of a study, one a line."""
    console = _console()
    for name, words in _COUNTS:
        if counts["published_asked"] or not name.startswith("published_"):
            console.print(Text(f"{counts[name]:>8}  {words}"))


def show_failures(failures: Sequence[Mapping[str, Any]]) -> None:
    """Print everything that could not be screened, one a line."""
    if not failures:
        return
    console = _console()
    console.print(Text("\nCould not be screened:"))
    for failure in failures:
        page = f", page {failure['page']}" if failure["page"] else ""
        where = printable(failure["file"] or failure["path"])
        console.print(Text(f"  {where}{page} [{failure['stage']}]: {failure['error']}"))


def show_queue(
    hits: Sequence[Mapping[str, Any]], glosses: Mapping[str, str], rule: Published
) -> None:
    """Print hits: what was found, on which page, by which criteria, and why.

    `glosses` says in English what each criterion means; by `rule` the published search was asked.
    """
    console = _console()
    if not hits:
        console.print("The queue is empty: no passage was found.")
        return
    for rank, hit in enumerate(hits, start=1):
        head = Text(f"{rank:>3}. ", style="bold")
        head.append(f"code {hit['code']}", style=_STYLES[hit["code"]])
        head.append(f"  score {hit['score']:.2f}  ")
        head.append(f"{printable(hit['file'])} page {hit['page']}", style="cyan")
        if hit["record_title"]:
            head.append(f"  {hit['record_title']} ({hit['record_year'] or 'no year'})")
        console.print(head)
        lines = [_passage(hit)]
        for name in hit["criteria"]:
            lines.append(Text(f"criterion {name}: {glosses.get(name, '')}", style="yellow"))
        if not hit["criteria"]:
            lines.append(Text("no criterion: a lead", style="yellow"))
        lines.append(Text(f"why: {hit['reason']}", style="green"))
        if hit["published_flagged"] is not None:
            said = (hit[f"published_{name}"] for name in ("flagged", "distance", "target"))
            lines.append(Text(f"published search: {rule.tell(*said)}", style="blue"))
        for sign in hit["mitigating"][:_SHOWN_SIGNS]:
            words = f"mitigating: {sign['kind']} “{sign['text']}” page {sign['page']}"
            lines.append(Text(words, style="magenta"))
        if len(hit["mitigating"]) > _SHOWN_SIGNS:
            more = len(hit["mitigating"]) - _SHOWN_SIGNS
            lines.append(Text(f"and {more} more mitigating signs", style="magenta"))
        for line in lines:
            console.print(Padding(line, (0, 0, 0, 5), expand=False))
        console.print()
    console.print(Text("Flagged for people to judge; nothing here asserts what happened."))


def _passage(hit: Mapping[str, Any]) -> Text:
    """Return a passage with the words of its events marked."""
    text = Text(hit["passage"])
    words = sorted({event["text"] for event in hit["events"]}, key=len, reverse=True)
    if words:
        text.highlight_words(words, style="bold underline")
    return text


def show_cases(label: str, results: Sequence["CaseResult"], failed: Sequence["CaseResult"]) -> None:
    """Print how many of a pack's cases came out right, by criterion, and those that did not."""
    console = _console()
    table = Table(title=f"{label}: cases")
    for column in ("criterion or sign", "must match", "right", "must not", "right", "open"):
        table.add_column(column, justify="right")
    aims = dict.fromkeys(result.case.criterion or result.case.sign or "" for result in results)
    for aim in aims:
        mine = [result for result in results if aim in (result.case.criterion, result.case.sign)]
        cells = [aim]
        for match in (True, False):
            side = [result for result in mine if result.case.match == match]
            cells += [str(len(side)), str(sum(result.right for result in side))]
        table.add_row(*cells, str(sum(bool(result.case.open) for result in mine)))
    console.print(table)
    for result in failed:
        case = result.case
        wanted = "match" if case.match else "no match"
        words = f"FAILED {case.id}: wanted {wanted} of {case.criterion or case.sign}, "
        got = " ".join([*result.criteria, *result.signs]) or "nothing"
        words += f"code {case.code}; got {got}, code {result.code}"
        if case.open and result.right:
            words = f"FAILED {case.id}: is right now; take its mark `open` away"
        console.print(Text(words, style="red"))
        console.print(Text(f"    {case.text}"))
        for reason in result.reasons:
            console.print(Text(f"    {reason}", style="dim"))


def show_explanation(explanation: "Explanation") -> None:
    """Print a paper with the words marked that the pack read: in colour, or in [brackets]."""
    console = _console()
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
    head = Text(f"code {hit.code}", style=_STYLES[hit.code])
    head.append(f"  score {hit.score:.2f}")
    for name in hit.criteria:
        head.append(f"  criterion {name}: {glosses[name]}", style="yellow")
    lines = [text, head, Text(f"why: {hit.reason}", style="green")]
    for sign in hit.mitigating:
        words = f"mitigating: {glosses[sign.kind]} “{sign.text}” page {sign.page}"
        lines.append(Text(words, style="magenta"))
    for line in lines:
        for row in line.wrap(console, max(console.width - 2, 1)):
            console.print(Text("| ", style=_STYLES[hit.code]) + row)


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

    console = _console()
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


def printable(path: str) -> str:
    """Return a file name on one line, with control characters and stray bytes written out."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in printable_path(path)
    )


def _console() -> Console:
    """Return stdout: wrapped to the width of a terminal, not at all in a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_NO_WRAP)
