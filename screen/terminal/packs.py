"""What the commands on packs print."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from screen.terminal import open_console, printable

if TYPE_CHECKING:
    from screen.findings.suggestions import Suggestions
    from screen.match.check import CaseResult
    from screen.match.scope import Decision, ScopeCase


def show_cases(label: str, results: Sequence["CaseResult"], failed: Sequence["CaseResult"]) -> None:
    """Print how many of a pack's cases came out right, by criterion, and those that did not."""
    console = open_console()
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


def show_scope_cases(
    decided: "Sequence[tuple[ScopeCase, Decision]]", wrong: "Sequence[tuple[ScopeCase, Decision]]"
) -> None:
    """Print how many cases of each of a pack's scopes came out right, and those that did not."""
    console = open_console()
    for scope in dict.fromkeys(case.scope for case, _ in decided):
        mine = sum(case.scope == scope for case, _ in decided)
        bad = sum(case.scope == scope for case, _ in wrong)
        console.print(Text(f"Scope {scope}: {mine - bad} of {mine} cases right"))
    for case, told in wrong:
        got = (
            f"{told.reason} by {', '.join(told.words) or 'no word'}" if told.reason else "in scope"
        )
        words = f"FAILED {case.id}: wanted {case.reason or 'in scope'}, got {got}"
        console.print(Text(words, style="red"))


def show_suggestions(label: str, found: "Suggestions", number: int) -> None:
    """Print confirmed passages that meet no rule, and the most telling phrases."""
    console = open_console()
    head = f"{label}: {found.confirmed} confirmed passages of {found.papers} papers"
    console.print(Text(f"{head}, against {found.others} others", style="bold"))
    if found.unflagged:
        console.print(Text(f"\n{len(found.unflagged)} of them meet no rule:", style="bold red"))
        for item in found.unflagged[:number]:
            console.print(Text(f"  {printable(item.where)}: ", style="cyan").append(item.text))
    if not found.phrases:
        console.print(Text("\nNo phrase that the pack does not know stands in enough of them."))
        return
    table = Table(
        title=f"The first {min(number, len(found.phrases))} of {len(found.phrases)} phrases"
    )
    for column in ("papers", "times", "elsewhere", "G2"):
        table.add_column(column, justify="right")
    table.add_column("phrase", no_wrap=True)
    table.add_column("for example")
    for said in found.phrases[:number]:
        example = Text(said.before, style="dim")
        example.append(said.phrase, style="bold").append(said.after)
        example.append(f"  {printable(said.where)}", style="cyan")
        counts = (str(said.papers), str(said.times), str(said.elsewhere), f"{said.ratio:.1f}")
        table.add_row(*counts, Text(said.phrase, style="bold"), example)
    console.print(table)
