"""What the command on bibliographic records prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from screen.terminal import open_console, printable

_LONGEST = 60
_WORDS = {
    "records": "bibliographic records",
    "records_by_file": "of these matched by the name of the file",
    "records_by_title": "of these matched by the title",
    "records_without_file": "of these without a paper",
    "papers": "papers",
    "papers_without_record": "of these without a record",
}


def show_counts(counts: Mapping[str, int]) -> None:
    """Print how many records and papers belong together, one count a line."""
    console = open_console()
    console.print()
    for name, words in _WORDS.items():
        console.print(Text(f"{counts[name]:>8}  {words}"))


def show_records(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print each record with the paper that it is matched to, and by what."""
    console = open_console()
    for row in rows:
        line = _tell(row)
        if row["matched"]:
            line.append(f"  -> {printable(row['paper'])} (by {row['matched']})", style="cyan")
        else:
            line.append("  no paper", style="yellow")
        console.print(line)


def show_unmatched(
    records: Sequence[Mapping[str, Any]], papers: Sequence[Mapping[str, Any]]
) -> None:
    """Print the records without a paper, and the papers without a record."""
    console = open_console()
    console.print(Text(f"Records without a paper: {len(records)}", style="bold"))
    for row in records:
        console.print(_tell(row))
    console.print(Text(f"\nPapers without a record: {len(papers)}", style="bold"))
    for row in papers:
        line = Text("  ").append(printable(row["file"]), style="cyan")
        line.append(f"  {_short(row['first_line'])}" if row["first_line"] else f"  {row['status']}")
        console.print(line)


def _tell(row: Mapping[str, Any]) -> Text:
    year = row["year"] or "no year"
    line = Text(f"{row['number']:>6}. {_short(row['title']) or 'no title'} ({year})")
    if row["file"]:
        line.append(f"  file {printable(row['file'])}", style="dim")
    return line


def _short(words: str) -> str:
    words = printable(words)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
