"""What is printed of the scope of a study, and of its flow in the words of PRISMA 2020."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from screen.terminal import open_console, printable

if TYPE_CHECKING:
    from screen.study.scope import Judged

_BOXES = (
    ("identified", "records identified"),
    ("duplicates_removed", "duplicate records removed before screening"),
    ("screened", "records screened"),
    ("excluded", "records excluded"),
    ("sought", "reports sought for retrieval"),
    ("not_retrieved", "reports not retrieved: no file"),
    ("unreadable", "reports not assessed: UNREADABLE"),
    ("waiting", "reports not assessed: waiting to be run"),
    ("assessed", "reports assessed for eligibility"),
    ("excluded_by_scope", "reports excluded by their full text"),
    ("excluded_by_reviewers", "reports excluded by reviewers"),
    ("included", "reports included"),
    ("code_2", "    judged code 2"),
    ("code_1", "    judged code 1"),
    ("code_0", "    judged code 0"),
    ("awaiting_judgement", "    flagged, awaiting judgement"),
    ("not_flagged", "    not flagged, not judged"),
)
_METHODS = (
    ("databases", "identified from databases and registers"),
    ("other_methods", "identified by other methods (files without a record)"),
)


def show_flow(flow: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the boxes of the flow diagram of PRISMA 2020, with reasons."""
    console = open_console()
    for method, title in _METHODS:
        boxes = flow[method]
        if not boxes["identified"]:
            continue
        console.print(Text(f"\nPRISMA 2020: {title}", style="bold"))
        for name, words in _BOXES:
            reasons = boxes.get(f"{name}_by_reason") or {}
            if name == "identified":
                reasons = boxes.get("by_database") or {}
            told = ", ".join(f"{printable(reason)} {n}" for reason, n in reasons.items())
            console.print(Text(f"{boxes[name]:>8}  {words}{f' ({told})' if told else ''}"))


def show_rules(
    name: str, gloss: str, counts: Sequence[Mapping[str, Any]], judged: Sequence["Judged"]
) -> None:
    """Print how many each rule leaves out, by what, and how many it could not decide."""
    console = open_console()
    out = sum(item.decision.rule is not None for item in judged)
    doubt = sum(bool(item.decision.undecided) for item in judged)
    console.print(Text(f"Scope {name}: {gloss}"))
    console.print(Text(f"{len(judged):>8}  papers, and records without one"))
    console.print(Text(f"{out:>8}  left out, by the first rule that does so:"))
    for row in counts:
        number = row["record"] + row["text"]
        words = f"{number:>12}  {row['rule']} ({row['reason']}): {row['gloss']}"
        words += f"; {row['record']} by record, {row['text']} by text"
        console.print(Text(f"{words}; not decided {row['undecided']}"))
    console.print(Text(f"{doubt:>8}  stay in though a rule could not be decided for want of data"))


def show_decisions(chosen: Sequence["Judged"]) -> None:
    """Print papers with what decided: to be checked by a person."""
    console = open_console()
    for item in chosen:
        name = printable(item.title or item.file or item.subject)
        year = f" ({item.year})" if item.year else ""
        console.print(Text(f"\n{name}{year}  {printable(item.file)}  {item.subject[:12]}"))
        rule, words = item.decision.rule, ", ".join(item.decision.words)
        if rule is None:
            console.print(Text("  in scope"))
        else:
            console.print(Text(f"  left out by its {item.stage}: {rule.reason} [{rule.id}]"))
            console.print(Text(f"  {rule.gloss}; words found: {printable(words) or 'none'}"))
        if item.decision.undecided:
            told = ", ".join(item.decision.undecided)
            console.print(Text(f"  could not be decided, for want of data: {told}"))
