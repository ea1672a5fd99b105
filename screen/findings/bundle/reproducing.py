"""A screening run again from its bundle, and compared hit by hit."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from screen.errors import BundleError
from screen.findings.bundle.archive import Archive
from screen.findings.bundle.quotes import is_recognised
from screen.findings.bundle.reading import Contents, read_contents
from screen.findings.bundle.report import Report, tell
from screen.findings.bundle.setup import read_book, unpack
from screen.findings.bundle.sources import Found, fetch, find_sources, tell_missing
from screen.findings.bundle.tables import VERSIONS
from screen.findings.bundle.versions import tell_versions
from screen.findings.output import Row
from screen.study.database import open_database
from screen.study.folder import Registered, Study
from screen.study.loading import load
from screen.study.queries import list_queue
from screen.study.schema import papers
from screen.study.work.engine import LocalWorkers, count_workers
from screen.study.work.isolation import Isolated
from screen.study.work.pipeline import prepare, run
from screen.study.work.recipe import make_recipe
from screen.study.work.watching import Display, Watch
from screen.types import SourceFile

_HITS = "hits.jsonl"
_FIELDS = (
    "page", "start", "end", "quote", "continued", "passage", "context", "section", "criteria",
    "code", "score", "reason", "mitigating", "events", "matches", "neighbour", "pack",
    "published_flagged", "published_distance", "published_target",
)  # fmt: skip
# Numbers that differ by less are the same.
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Again:
    """How a screening is run again: where the sources are, by how many workers, who looks on."""

    folder: Path | None = None
    workers: int = 0
    display: Display | None = None


def reproduce(path: Path, again: Again) -> Report:
    """Run the screening of a bundle again on its sources and compare every hit and paper.

    Raises BundleError for a file that is no bundle or cannot be run, or where no source is.
    """
    report = Report()
    with Archive(path) as archive, unpack(archive.find) as study:
        contents = read_contents(archive, report)
        with closing(Isolated()) as apart:
            read_book(study, apart)
        rows = contents.rows("sources.jsonl")
        found = find_sources(archive, rows, again.folder)
        tell_missing(found, rows, report)
        there = _register(study, archive, found, rows, report)
        if not there:
            raise BundleError(f"{path}: none of its {len(rows)} sources was found")
        hits, statuses = _run(study, again)
        _compare_versions(study, contents, report)
        _compare_papers(rows, statuses, report)
        _compare_hits(contents, hits, set(there), report)
        lost = sum(row["paper_id"] not in there for row in contents.rows(_HITS))
        report.unchecked["hits of missing sources"] = lost
        return report


def _register(
    study: Study, archive: Archive, found: Found, rows: Sequence[Row], report: Report
) -> list[str]:
    """Register the sources that were found with a study; return them."""
    items = []
    names = [row for row in rows if found.has(row["sha256"])]
    for number, row in enumerate(names):
        with fetch(archive, found, row["sha256"]) as source:
            if source is None:
                member = found.members[row["sha256"]]
                report.differ(member, "", "not the file of its name", row["sha256"])
                continue
            if row["sha256"] not in found.files:
                source = _keep(source, study.folder / "given" / f"{number:06d}")
        items.append(Registered(source, row["file"]))
    size = study.settings.work.shard_size
    for shard, start in enumerate(range(0, len(items), size)):
        study.write_sources(shard, items[start : start + size])
    return [item.source.sha256 for item in items]


def _keep(source: SourceFile, path: Path) -> SourceFile:
    path.parent.mkdir(exist_ok=True)
    path = Path(source.path).rename(path)
    return SourceFile(source.sha256, str(path), source.size, source.media_type)


def _run(study: Study, again: Again) -> tuple[list[Row], Mapping[str, tuple[str, int, int]]]:
    """Run a study; return its hits, and status, pages and unread pages of each paper."""
    recipe = make_recipe(study)
    prepare(study, recipe, alone=True)
    watch = Watch(display=again.display)
    engine = open_database(study)
    with closing(LocalWorkers(count_workers(again.workers))) as pool:
        shards = run(study, recipe, pool, watch, study.shard_numbers())
        with closing(shards):
            load(study, engine, shards, watch)
    hits = list_queue(engine, every=True)
    query = sa.select(papers.c.sha256, papers.c.status, papers.c.pages, papers.c.unread_pages)
    with engine.connect() as connection:
        statuses = {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
    engine.dispose()
    return hits, statuses


# ---- the comparison ----------------------------------------------------------------------------


def _compare_versions(study: Study, contents: Contents, report: Report) -> None:
    """Note which versions differ: what explains a difference is no difference itself."""
    told = contents.objects.get(VERSIONS, {})
    here = tell_versions(study)
    for name in ("program", "python", "platform"):
        if told.get(name) != here[name]:
            report.notes.append(
                f"Other version: {name}: {here[name]} here, {tell(told.get(name))} in the bundle"
            )
    libraries = told.get("libraries")
    known: Mapping[str, Any] = libraries if isinstance(libraries, dict) else {}
    for name in sorted(known.keys() | here["libraries"].keys()):
        before, now = known.get(name, "not there"), here["libraries"].get(name, "not there")
        if before != now:
            report.notes.append(f"Other version: {name}: {now} here, {tell(before)} in the bundle")


def _compare_papers(
    rows: Sequence[Row], statuses: Mapping[str, tuple[str, int, int]], report: Report
) -> None:
    for row in rows:
        if row["sha256"] not in statuses:
            continue
        status, pages, _ = statuses[row["sha256"]]
        where = row["file"]
        report.compare("sources.jsonl", where, "status", row["status"], status)
        report.compare("sources.jsonl", where, "pages", len(row["pages"]), pages)
        report.checked["papers"] += 1


def _compare_hits(contents: Contents, hits: Sequence[Row], there: set[str], report: Report) -> None:
    known = {row["hit_id"]: (line, row) for line, row in contents.tables[_HITS]}
    files = {row["sha256"]: row["file"] for row in contents.rows("sources.jsonl")}
    recognised = {
        row["sha256"]
        for row in contents.rows("sources.jsonl")
        if any(map(is_recognised, row["pages"]))
    }
    seen = set()
    for hit in hits:
        seen.add(hit["id"])
        if hit["id"] not in known:
            where = (
                f"{files.get(hit['paper'], '')}, page {hit['page']}, {hit['start']}:{hit['end']}"
            )
            report.differ(
                _HITS, where, f"found here, not in the bundle: {hit['id']}", "", hit["quote"]
            )
            continue
        line, row = known[hit["id"]]
        where = f"line {line} ({files.get(hit['paper'], '')}, page {hit['page']})"
        for name in _FIELDS:
            if not is_near(row[name], hit[name]):
                report.compare(_HITS, where, name, row[name], hit[name])
        report.checked["hits"] += 1
    for name, (line, row) in known.items():
        if name not in seen and row["paper_id"] in there:
            where = f"line {line} ({row['file']}, page {row['page']})"
            what = f"not found here: {name}"
            if row["paper_id"] in recognised:
                what = f"{what} (its paper has pages read by recognition)"
            report.differ(_HITS, where, what, row["quote"])


def is_near(one: Any, other: Any) -> bool:
    """Tell whether two values are the same, numbers but for less than a thousand-millionth."""
    if isinstance(one, float | int) and isinstance(other, float | int):
        return bool(abs(one - other) <= _NEAR)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_near, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_near(one[key], other[key]) for key in one)
    return bool(one == other)
