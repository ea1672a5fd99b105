"""What the commands on a study print."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.text import Text

from screen.settings import Published
from screen.terminal import CODE_STYLES, open_console, printable

if TYPE_CHECKING:
    from screen.study.completeness import Completeness

_COUNTS = (
    ("files", "files found"),
    ("duplicates", "further paths of a known paper"),
    ("papers", "papers"),
    ("waiting", "waiting to be run"),
    ("screened", "screened"),
    ("screened_in_part", "of these in part only: a page or the end could not be read"),
    ("unscreened", "UNSCREENED: could not be read, and are not negatives"),
    ("pages", "pages"),
    ("excluded", "left out by the scope of the study: not read, not deleted"),
    ("copies", "papers that are copies of another one, which is read for them"),
    ("copy_groups", "papers that have such copies"),
    ("flagged_code_2", "flagged, code 2"),
    ("flagged_code_2_copies", "of these copies of another paper"),
    ("flagged_code_1", "flagged, code 1"),
    ("flagged_code_1_copies", "of these copies of another paper"),
    ("published_flagged", "flagged by the published search"),
    ("published_flagged_alone", "of these not flagged by the pack"),
    ("hits", "passages in the queue"),
    ("failures", "failures recorded"),
    ("records", "bibliographic records"),
    ("records_by_file", "of these matched to a paper by the name of its file"),
    ("records_by_title", "of these matched to a paper by the title"),
    ("records_without_file", "of these without a paper"),
    ("papers_without_record", "papers without a bibliographic record"),
)
# What each method of `Page.method` means to people.
_METHODS = {
    "text": "text files",
    "docx": "Word files",
    "html": "web pages",
    "pdfium": "text of PDFs, by PDFium",
    "pdfminer": "text of PDFs, by pdfminer.six",
    "ocr": "pictures, by optical character recognition",
    "blank": "blank",
    "unreadable": "UNREADABLE: not screened",
}
_SHOWN_SIGNS = 3


def show_counts(counts: Mapping[str, Any]) -> None:
    """Print the counts of a study, one a line."""
    console = open_console()
    for name, words in _COUNTS:
        if "copies" in name or name == "copy_groups":
            shown = counts["copy_groups"] > 0
        else:
            shown = counts["published_asked"] > 0 or not name.startswith("published_")
        if shown:
            console.print(Text(f"{counts[name]:>8}  {words}"))
            if name == "pages":
                for method, number in counts["pages_by_method"].items():
                    console.print(Text(f"{number:>8}    {_METHODS.get(method, method)}"))


def show_completeness(known: "Completeness") -> None:
    """Print how far the reading has come, whether it may stop, and what is known of recall."""
    console = open_console()
    order, test = known.order, known.stopping
    if order is None:
        console.print(Text("\nThe queue has no order yet: run the study."))
    else:
        by = printable(order.model or "the pack's score: there is no classifier")
        words = f"\nOrder {order.number} of the queue ({order.strategy}), by {by}."
        console.print(Text(words))
    disputed = f", {known.disputed} of them disputed" if known.disputed else ""
    console.print(
        Text(f"{test.read} of {test.total} passages in the queue are judged{disputed}; "
             f"{test.found} of these are {_wanted(known.code)}.")
    )  # fmt: skip
    if test.read:
        may = "may stop" if test.may_stop else "should go on"
        words = (
            f"Stopping test: reading the queue {may}; p = {test.p_value:.3g} for recall below "
            f"{test.target:.0%} of what the queue holds (wanted: below {1 - test.confidence:.2g})."
        )
        console.print(Text(words, style="bold"))
    console.print(Text(known.statement, style="bold"))


def _wanted(code: int) -> str:
    return "code 2" if code == 2 else "code 1 or 2"


def show_failures(failures: Sequence[Mapping[str, Any]]) -> None:
    """Print everything that could not be screened, one a line."""
    if not failures:
        return
    console = open_console()
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
    console = open_console()
    if not hits:
        console.print(
            "The queue is empty: no passage was found, or all were judged (--all shows those)."
        )
        return
    for rank, hit in enumerate(hits, start=1):
        head = Text(f"{rank:>3}. ", style="bold")
        head.append(f"code {hit['code']}", style=CODE_STYLES[hit["code"]])
        head.append(f"  score {hit['score']:.2f}  ")
        if hit["possible"] is not None:
            chances = (
                f"{_chance(hit['problematic'])} code 2, {_chance(hit['possible'])} code 1 or 2"
            )
            head.append(f"likely {chances}  ", style="dim")
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


def show_blind_queue(hits: Sequence[Mapping[str, Any]]) -> None:
    """Print passages with the text around them, and nothing of what the program makes of them."""
    console = open_console()
    if not hits:
        console.print("The queue is empty: there is nothing left to read.")
    for rank, hit in enumerate(hits, start=1):
        head = Text(f"{rank:>3}. {hit['id']}  ", style="bold")
        head.append(f"{printable(hit['file'])} page {hit['page']}", style="cyan")
        if hit["record_title"]:
            head.append(f"  {hit['record_title']} ({hit['record_year'] or 'no year'})")
        console.print(head)
        before, passage, after = hit["context"].partition(hit["passage"])
        text = Text(before, style="dim")
        text.append(passage, style="default").append(after, style="dim")
        console.print(Padding(text, (0, 0, 1, 5), expand=False))


def _passage(hit: Mapping[str, Any]) -> Text:
    """Return a passage with the words of its events marked."""
    text = Text(hit["passage"])
    words = sorted({event["text"] for event in hit["events"]}, key=len, reverse=True)
    if words:
        text.highlight_words(words, style="bold underline")
    return text


def _chance(value: float) -> str:
    """Return a probability that is never shown as certain."""
    return f"{min(max(value, 0.01), 0.99):.0%}"
