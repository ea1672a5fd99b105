"""Every quote of a bundle looked up at its place: the sources are read again, page by page."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from screen.findings.bundle.archive import Archive
from screen.findings.bundle.evidence import list_parts
from screen.findings.bundle.reading import Contents
from screen.findings.bundle.report import Report
from screen.findings.bundle.sources import Found, fetch, find_sources, tell_missing
from screen.findings.output import Row
from screen.ingest.ocr import Task, find_engine
from screen.settings import Limits
from screen.study.work.engine import LocalWorkers, count_workers, own_process, run_tasks
from screen.study.work.isolation import GRACE, Death
from screen.study.work.recognition import recognise_apart
from screen.study.work.stages import attempt, read_apart
from screen.text.normalise import clean_pages
from screen.types import CleanText, Page, SourceFile

_RECOGNISED = "pages read by recognition (--ocr)"
_ON_RECOGNISED = "quotes on pages read by recognition (--ocr)"
_OTHER_TEXT = "events and passages of papers whose text is not the same here"
_OTHER_PAGES = "events and passages of papers with pages read by recognition (--ocr)"


@dataclass(frozen=True, slots=True)
class Check:
    """How quotes are checked: where the sources are, if not in the bundle, and by whom.

    `recognises` has pages recognised again that were read from their pictures. `watch` is given how
    many sources there are, and returns what is called after each.
    """

    folder: Path | None = None
    recognises: bool = False
    workers: int = 0
    page_seconds: float = 120
    watch: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None


@dataclass(frozen=True, slots=True)
class Quoted:
    """A passage of a paper, with the member and place where it stands in the bundle."""

    member: str
    place: str
    row: Row


def check_quotes(
    archive: Archive, contents: Contents, limits: Limits, check: Check, report: Report
) -> None:
    """Read the sources of a bundle again and look up every quote, event and sign.

    What is wrong, missing, or could not be checked is noted.
    """
    rows = contents.rows("sources.jsonl")
    found = find_sources(archive, rows, check.folder)
    tell_missing(found, rows, report)
    passages = _list_passages(contents)
    there = [row for row in rows if found.has(row["sha256"]) and row["status"] != "waiting"]
    waiting = sum(row["status"] == "waiting" for row in rows)
    report.unchecked["sources that were not read when the bundle was written"] = waiting
    for row in rows:
        if not found.has(row["sha256"]):
            lost = sum(len(list_parts(item.row)) for item in passages[row["sha256"]])
            report.unchecked["quotes of missing sources"] += lost
    advance = check.watch(len(there))
    outcomes: dict[str, Report] = {}
    work = partial(_check_source, archive, found, passages, limits, check)
    with closing(LocalWorkers(count_workers(check.workers))) as pool:
        for task, outcome in run_tasks(pool, work, [row["sha256"] for row in there]):
            outcomes[task] = outcome
            advance(1)
    for row in there:
        report.add(outcomes[row["sha256"]])


def _list_passages(contents: Contents) -> Mapping[str, list[Quoted]]:
    """Return the passages of each paper: hits, and what stands for a drawn paper."""
    found: dict[str, list[Quoted]] = defaultdict(list)
    for line, row in contents.tables["hits.jsonl"]:
        found[row["paper_id"]].append(Quoted("hits.jsonl", f"line {line}", row))
    for line, sample in contents.tables["samples.jsonl"]:
        for number, row in enumerate(sample["passages"], start=1):
            place = f"line {line}, passage {number}"
            found[row["paper"]].append(Quoted("samples.jsonl", place, row))
    return found


def _check_source(
    archive: Archive,
    found: Found,
    passages: Mapping[str, list[Quoted]],
    limits: Limits,
    check: Check,
    sha256: str,
) -> Report:
    """Check all that is said of one source, each step in a process that may die of it."""
    told = found.rows[sha256]
    with fetch(archive, found, sha256) as source:
        if source is None:
            outcome = Report()
            outcome.differ(found.members[sha256], "", "not the file of its name", sha256)
            return outcome
        reading, _ = read_apart(own_process(), source, limits)
        pages = list(reading.pages)
        if check.recognises:
            pages = _recognise(told, source, pages, limits, check)
    args = (told, source.media_type, pages, passages[sha256], check.recognises)
    made = own_process().ask(attempt, limits, compare_source, *args, seconds=limits.seconds + GRACE)
    if isinstance(made, Report):
        return made
    outcome = Report()
    why = "it took too long" if isinstance(made, Death) else made.reason
    outcome.differ("sources.jsonl", told["file"], "its text could not be compared", "", why)
    return outcome


def is_recognised(page: Row) -> bool:
    """Tell whether the text of a page, as `sources.jsonl` describes it, is from its picture."""
    return page["method"] == "ocr" or any(
        part.startswith("ocr ") for part in page["route"].split(", ")
    )


def _recognise(
    told: Row, source: SourceFile, pages: list[Page], limits: Limits, check: Check
) -> list[Page]:
    """Return the pages with those read again from their pictures that were so before."""
    wanted = {page["number"] for page in told["pages"] if is_recognised(page)}
    if not wanted or find_engine() is None:
        return pages
    read = []
    for page in pages:
        if page.number in wanted:
            task = Task(source, page.number)
            seen = recognise_apart(check.page_seconds, limits.memory_mb, task).page
            page = seen if seen is not None and seen.text else page
        read.append(page)
    return read


# ---- one source --------------------------------------------------------------------------------


def compare_source(
    told: Row,
    media_type: str,
    pages: Sequence[Page],
    passages: Sequence[Quoted],
    recognises: bool,
) -> Report:
    """Compare the pages of a source as they are read here with what the bundle says of them."""
    outcome = Report()
    if media_type != told["media_type"]:
        what = "the kind of the file"
        outcome.differ("sources.jsonl", told["file"], what, told["media_type"], media_type)
    here = {page.number: page for page in pages}
    left_out = set()
    if not recognises or find_engine() is None:
        left_out = {page["number"] for page in told["pages"] if is_recognised(page)}
    outcome.unchecked[_RECOGNISED] += len(left_out)
    is_same = _compare_pages(told, here, left_out, outcome)
    for item in passages:
        _look_up(item, here, left_out, outcome)
    if passages:
        _compare_clean(passages, pages, is_same, bool(left_out), outcome)
    outcome.checked["sources"] += 1
    return outcome


def _compare_pages(
    told: Row, here: Mapping[int, Page], left_out: set[int], outcome: Report
) -> bool:
    """Compare the raw text of each page; tell whether all that was compared is the same."""
    before = len(outcome.differences)
    numbers = {page["number"] for page in told["pages"]}
    for number in sorted(here.keys() - numbers):
        what = f"page {number} is read here and is not in the bundle"
        outcome.differ("sources.jsonl", told["file"], what)
    for page in told["pages"]:
        number, now = page["number"], here.get(page["number"])
        if number in left_out:
            continue
        where = f"{told['file']}, page {number}"
        if now is None:
            outcome.differ("sources.jsonl", where, "cannot be read here")
            continue
        found = hashlib.sha256(now.text.encode("utf-8", "surrogatepass")).hexdigest()
        if found != page["text_sha256"]:
            what = "text of the page is not the same (SHA-256)"
            if now.engine != page["engine"]:
                what = f"{what}; read then by {page['engine']}, here by {now.engine}"
            outcome.differ("sources.jsonl", where, what, page["text_sha256"], found)
        outcome.checked["pages"] += 1
    return len(outcome.differences) == before


def _look_up(item: Quoted, here: Mapping[int, Page], left_out: set[int], outcome: Report) -> None:
    """Look up the parts of a passage at their places on their pages."""
    for part in list_parts(item.row):
        number, start, end, text = (part[name] for name in ("page", "start", "end", "text"))
        if number in left_out:
            outcome.unchecked[_ON_RECOGNISED] += 1
            continue
        outcome.checked["quotes"] += 1
        page = here.get(number)
        stands = page.text[max(start, 0) : end] if page else ""
        if page is None or stands != text:
            what = (
                f"the quote is not at its place, page {number}, {start}:{end}; {_find(text, page)}"
            )
            outcome.differ(item.member, item.place, what, text, stands)


def _find(text: str, page: Page | None) -> str:
    """Return in words where on a page a quote is."""
    if page is None:
        return "there is no such page"
    place = page.text.find(text)
    if place >= 0:
        return f"it stands on that page at {place}:{place + len(text)}"
    if "".join(text.split()) in "".join(page.text.split()):
        return "it stands on that page, but for spaces and line ends"
    return "it is not on that page"


def _compare_clean(
    passages: Sequence[Quoted],
    pages: Sequence[Page],
    is_same: bool,
    is_left_out: bool,
    outcome: Report,
) -> None:
    """Look up the clean words of passages, events and signs, which are no quotes."""
    words = sum(1 + len(item.row["events"]) + len(item.row["mitigating"]) for item in passages)
    if is_left_out or not is_same:
        outcome.unchecked[_OTHER_TEXT if not is_same else _OTHER_PAGES] += words
        return
    clean = clean_pages(list(pages))
    for item in passages:
        row = item.row
        first = (row["page"], row["start"], row["end"])
        told = [("passage", row["passage"], first)]
        told += [
            (f"{kind} {one['kind']}", one["text"], (one["page"], one["start"], one["end"]))
            for kind, name in (("event", "events"), ("sign", "mitigating"))
            for one in row[name]
        ]
        for what, text, place in told:
            if not stands_at(clean, text, *place):
                where = f"page {place[0]}, {place[1]}:{place[2]}"
                outcome.differ(
                    item.member, item.place, f"{what} is not at its place, {where}", text
                )
    outcome.checked["events and passages"] += words


def stands_at(clean: CleanText, text: str, page: int, start: int, end: int) -> bool:
    """Tell whether clean words are what stands at a place of a page, and goes on from there."""
    found = clean.locate(page, start, end)
    if found is None:
        return False
    first, last = found[0], found[0] + len(text)
    if clean.text[first:last] != text:
        return False
    quote = clean.source(first, last)[0] if text else None
    return quote is not None and (quote.page, quote.start, quote.end) == (page, start, end)
