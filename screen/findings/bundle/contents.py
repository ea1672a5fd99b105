"""What goes into a bundle, member by member, but for its metadata and the sources themselves."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from screen.errors import BundleError
from screen.findings.bundle.history import chain
from screen.findings.bundle.setup import read_pack_files, tell_settings
from screen.findings.bundle.tables import (
    AGREEMENT,
    COUNTS,
    FLOW,
    KNOWN,
    MODEL,
    ORDER,
    PACK,
    README,
    SETTINGS,
    TABLES,
    TARGETS,
    VERSIONS,
)
from screen.findings.bundle.versions import tell_versions
from screen.findings.holdings import Holdings
from screen.findings.output import Row
from screen.findings.rows import list_rows
from screen.review.figures import compare
from screen.settings import shipped_folder
from screen.study.contents import as_hit, as_row, read_pages
from screen.study.copies.corrections import list_words
from screen.study.copies.groups import list_groups
from screen.study.orders import read_last
from screen.study.prisma import count_flow
from screen.study.queries import count_everything, list_records
from screen.study.ranking import find_classifier
from screen.study.samples import list_files
from screen.study.schema import exclusions, papers
from screen.types import Page

JSON, LINES, PLAIN = "application/json", "application/jsonl", "text/plain"
MARKDOWN, TOML, YAML = "text/markdown", "application/toml", "application/yaml"


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a bundle: its name there, what it is, its media type, its bytes."""

    name: str
    title: str
    media_type: str
    data: bytes


def make_members(holdings: Holdings) -> list[Member]:
    """Return the files of a bundle. Raises BundleError for a study that cannot be told in one."""
    _check(holdings)
    found = [
        Member(README, "What this is and how to check it", MARKDOWN, _read_about()),
        *_make_tables(holdings),
        *_make_figures(holdings),
        *_make_setup(holdings),
    ]
    return sorted(found, key=lambda member: member.name)


def _check(holdings: Holdings) -> None:
    pack = holdings.pack
    others = set(holdings.packs) - {pack.label}
    if others:
        raise BundleError(
            f"hits were found by {min(others)}, the pack is now {pack.label}: run the study first"
        )
    taken: dict[str, str] = {}
    for name in sorted(holdings.reviewers):
        other = taken.setdefault(holdings.people.name_reviewer(name) or name, name)
        if other != name:
            raise BundleError(
                f"reviewers {other!r} and {name!r} would get one pseudonym; --reviewers names "
                "keeps them apart"
            )


def _read_about() -> bytes:
    return (shipped_folder("findings") / "templates" / "bundle.md").read_bytes()


def dump_json(value: object) -> bytes:
    """Return plain data as JSON for people to read, in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    return f"{text}\n".encode("utf-8", "backslashreplace")


def dump_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as JSON Lines in UTF-8."""
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    return "".join(lines).encode("utf-8", "backslashreplace")


# ---- tables ------------------------------------------------------------------------------------

_TITLES = {
    "findings.jsonl": "Findings: papers that people settled at code 1 or 2",
    "verdicts.jsonl": "Verdicts: the whole history, in the order in which they were given",
    "hits.jsonl": "Hits: all passages that the rules found, with quote, page and place",
    "papers.jsonl": "Papers: all of them, with what became of each",
    "records.jsonl": "Bibliographic records, with the paper that each is matched to",
    "failures.jsonl": "What could not be screened, and why",
    "exclusions.jsonl": "What the scope leaves out, and why",
    "copies.jsonl": "Which files are copies of others",
    "corrections.jsonl": "What people said of files being copies",
    "samples.jsonl": "Papers drawn at random from the unflagged, with the population",
    "sources.jsonl": "The source files by SHA-256, and the text of each page by SHA-256",
}


def _make_tables(holdings: Holdings) -> Iterator[Member]:
    for name, fields in TABLES.items():
        names = [field.name for field in fields]
        rows = ({key: row[key] for key in names} for row in _ROWS[name](holdings))
        yield Member(name, _TITLES[name], LINES, dump_lines(rows))


def _list_sources(holdings: Holdings) -> Iterator[Row]:
    """Yield the source files with the hashes of their pages' raw texts, shard by shard."""
    study = holdings.study
    with holdings.engine.connect() as connection:
        query = sa.select(papers.c.sha256, papers.c.status)
        statuses = {row.sha256: row.status for row in connection.execute(query)}
    for number in study.shard_numbers():
        waiting = not (study.folder / "text" / f"{number:05d}.parquet").exists()
        pages = {} if waiting else read_pages(study.folder, number)
        for item in study.shard_sources(number):
            source = item.source
            yield {
                "sha256": source.sha256,
                "file": holdings.paper[source.sha256].file,
                "size": source.size,
                "media_type": source.media_type,
                "status": statuses[source.sha256],
                "pages": [describe_page(page) for page in pages.get(source.sha256, ())],
            }


def describe_page(page: Page) -> Row:
    """Return a page without its text: how it was read, its length and the hash of its raw text."""
    return {
        "number": page.number,
        "method": page.method,
        "engine": page.engine,
        "route": page.route,
        "quality": page.quality,
        "characters": len(page.text),
        "text_sha256": hashlib.sha256(page.text.encode("utf-8", "surrogatepass")).hexdigest(),
    }


def _list_records(holdings: Holdings) -> Iterator[Row]:
    people = holdings.people
    for row in list_records(holdings.engine):
        authors = row["authors"]
        file = people.name_file(row["file"], authors)
        yield {**row, "authors": people.name_authors(authors), "file": file}


def _list_exclusions(holdings: Holdings) -> Iterator[Row]:
    query = sa.select(exclusions).order_by(exclusions.c.subject)
    with holdings.engine.connect() as connection:
        yield from (dict(row) for row in connection.execute(query).mappings())


def _list_copies(holdings: Holdings) -> Iterator[Row]:
    rows = (
        {**copy, "original": group["original"]}
        for group in list_groups(holdings.engine)
        for copy in group["copies"]
    )
    yield from sorted(rows, key=lambda row: (row["original"], row["paper"]))


def _list_corrections(holdings: Holdings) -> Iterator[Row]:
    for row in list_words(holdings.study):
        yield {**row, "by": holdings.people.name_reviewer(row["by"])}


def _list_samples(holdings: Holdings) -> Iterator[Row]:
    for row in list_files(holdings.study):
        yield {**row, "passages": [as_row(as_hit(passage)) for passage in row["passages"]]}


_ROWS: Mapping[str, Callable[[Holdings], Iterable[Row]]] = {
    **{
        f"{what}.jsonl": lambda holdings, what=what: list_rows(holdings, what)  # type: ignore[misc]
        for what in ("findings", "hits", "papers", "failures")
    },
    "verdicts.jsonl": lambda holdings: chain(list_rows(holdings, "verdicts")),
    "records.jsonl": _list_records,
    "exclusions.jsonl": _list_exclusions,
    "copies.jsonl": _list_copies,
    "corrections.jsonl": _list_corrections,
    "samples.jsonl": _list_samples,
    "sources.jsonl": _list_sources,
}


# ---- figures -----------------------------------------------------------------------------------


def _make_figures(holdings: Holdings) -> Iterator[Member]:
    study, engine = holdings.study, holdings.engine
    yield Member(COUNTS, "Counts of every stage", JSON, dump_json(count_everything(engine)))
    flow = count_flow(study, engine)
    yield Member(
        FLOW, "The flow of the screening in the boxes of PRISMA 2020", JSON, dump_json(flow)
    )
    known = dump_json(holdings.completeness.as_json())
    yield Member(KNOWN, "How far the screening has come, and what is known of recall", JSON, known)
    agreement = dump_json(_measure_agreement(holdings))
    yield Member(AGREEMENT, "How well reviewers agree", JSON, agreement)
    order = read_last(study)
    if order is not None:
        told = {**asdict(order), "place": "hits.jsonl stands in this order"}
        yield Member(ORDER, "The order of reading in force", JSON, dump_json(told))


def _measure_agreement(holdings: Holdings) -> dict[str, Any]:
    found = asdict(compare(holdings.engine, list(holdings.pack.manifest.criteria)))
    numbers: dict[str, str] = defaultdict(lambda: f"reviewer {len(numbers) + 1}")
    for row in found["rows"]:
        for pair in row["agreement"]["pairs"]:
            # Where names are left out two reviewers must still be told apart.
            pair["reviewers"] = [
                holdings.people.name_reviewer(name) or numbers[name] for name in pair["reviewers"]
            ]
    return found


# ---- what it was set up with -------------------------------------------------------------------


def _make_setup(holdings: Holdings) -> Iterator[Member]:
    study = holdings.study
    settings = tell_settings(study.settings).encode()
    yield Member(SETTINGS, "The settings of the study", TOML, settings)
    for name, data in read_pack_files(study).items():
        yield Member(name, f"The pattern pack: {name.removeprefix(PACK)}", YAML, data)
    if study.settings.published.targets:
        data = (study.folder / study.settings.published.targets).read_bytes()
        yield Member(TARGETS, "The target phrases of the published search", PLAIN, data)
    model = find_classifier(study, holdings.pack)
    for name, kind in (("card.json", JSON), ("card.md", MARKDOWN)):
        if model is not None and (model / name).is_file():
            title = "The card of the classifier that study.toml names"
            yield Member(MODEL + name, title, kind, (model / name).read_bytes())
    yield Member(
        VERSIONS, "The versions of everything that took part", JSON, dump_json(tell_versions(study))
    )
