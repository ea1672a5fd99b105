"""A bundle checked: every difference by name, and an account of what was and was not checked."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screen.errors import BundleError
from screen.findings.bundle.archive import Archive, DamagedMemberError
from screen.findings.bundle.crate import HISTORY_COUNT, HISTORY_HEAD
from screen.findings.bundle.evidence import check_evidence
from screen.findings.bundle.figures import check_figures
from screen.findings.bundle.history import MEMBER, check_chain, check_changes, find_head
from screen.findings.bundle.packing import hash_bundle
from screen.findings.bundle.quotes import Check, check_quotes
from screen.findings.bundle.reading import NEEDED, Contents, parse, read_contents
from screen.findings.bundle.report import Report, tell
from screen.findings.bundle.settlement import Settlement, check_settlement
from screen.findings.bundle.setup import Book, read_book, unpack
from screen.findings.bundle.tables import (
    AGREEMENT,
    CRATE,
    MANIFEST,
    MODEL,
    ORDER,
    SOURCES,
    VERSIONS,
)
from screen.settings import Settings
from screen.study.work.isolation import Isolated

# What is made from more than there is in a bundle.
_TAKEN = (
    f"Taken as they stand, but for their bytes: {AGREEMENT}, {ORDER}, {VERSIONS}, {MODEL}; "
    "bibliographic data, scope and copies; the chances by the classifier; scores and reasons "
    "(reproduce makes these again)."
)


@dataclass(frozen=True, slots=True)
class Verified:
    """A bundle with its SHA-256 and what its check came to."""

    sha256: str
    size: int
    members: int
    report: Report


def verify(path: Path, check: Check | None = None, sha256: str | None = None) -> Verified:
    """Check a bundle, and with `check` its quotes at their places in the sources.

    `sha256`, if it is known from elsewhere, is what the whole file must have. Raises BundleError
    for a file that is no bundle, or no safe one.
    """
    report = Report()
    whole, size = hash_bundle(path)
    if sha256 is not None:
        report.compare(path.name, "", "SHA-256 of the whole bundle", sha256.lower(), whole)
    with Archive(path) as archive:
        hashes = _hash_members(archive, report)
        _check_manifest(archive, hashes, report)
        contents = read_contents(archive, report)
        _check_crate(archive, hashes, contents, report)
        _check_history(contents, report)
        _check_rows(archive, contents, report, check)
        report.notes.append(_TAKEN)
        return Verified(whole, size, len(archive.names), report)


# ---- files -------------------------------------------------------------------------------------


def _hash_members(archive: Archive, report: Report) -> dict[str, str]:
    """Return the SHA-256 of each member that can be read."""
    hashes = {}
    for name in archive.names:
        try:
            hashes[name] = archive.hash(name)
        except DamagedMemberError as error:
            report.differ(name, "", f"damaged: {error}")
    return hashes


def _check_manifest(archive: Archive, hashes: Mapping[str, str], report: Report) -> None:
    told: dict[str, str] = {}
    if MANIFEST not in archive.names:
        report.differ(MANIFEST, "", "missing")
    text = (archive.find(MANIFEST) or b"").decode("utf-8", "replace")
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        sha256, _, name = line.partition("  ")
        if not name or name in told:
            what = "there twice" if name else "not a SHA-256, two spaces and a name"
            report.differ(MANIFEST, f"line {number}", what, found=line)
        told[name] = sha256
    for name, sha256 in sorted(told.items()):
        if name not in archive.names:
            report.differ(name, "", "missing: the manifest names it")
        elif name in hashes:
            report.compare(name, "", "changed: SHA-256", sha256, hashes[name])
            report.checked["files"] += 1
    if MANIFEST in archive.names:
        for name in sorted(set(archive.names) - told.keys() - {MANIFEST}):
            report.differ(name, "", "added: the manifest does not name it")
    for name in NEEDED:
        if name not in archive.names and name not in told:
            report.differ(name, "", "missing: every bundle has it")


def _check_crate(
    archive: Archive, hashes: Mapping[str, str], contents: Contents, report: Report
) -> None:
    entities = _read_entities(archive, report)
    if entities is None:
        return
    root = entities.get("./", {})
    parts = root.get("hasPart")
    listed = {part.get("@id") for part in parts or () if isinstance(part, dict)} if isinstance(
        parts, list
    ) else set()  # fmt: skip
    for name in archive.names:
        if name == CRATE:
            continue
        entity = entities.get(name)
        if entity is None or name not in listed:
            report.differ(CRATE, name, "not described, or not a part of the bundle")
            continue
        if name == MANIFEST:
            continue
        what, size = "not as the metadata tell", str(archive.size(name))
        report.compare(name, "", f"{what}: bytes", entity.get("contentSize"), size)
        if name in hashes:
            report.compare(name, "", f"{what}: SHA-256", entity.get("sha256"), hashes[name])
    for name in sorted(filter(None, listed - set(archive.names)), key=str):
        report.differ(CRATE, tell(name), "described, but not in the bundle")
    rows = contents.rows(MEMBER)
    for key, value, what in (
        (HISTORY_COUNT, len(rows), "number of verdicts, by the metadata"),
        (HISTORY_HEAD, find_head(rows), "chain of the last verdict, by the metadata"),
    ):
        report.compare(MEMBER, "", what, entities.get(key, {}).get("value"), value)


def _read_entities(archive: Archive, report: Report) -> dict[str, dict[str, Any]] | None:
    """Return what the metadata describe, by id; None, named, if they are no metadata."""
    data = archive.find(CRATE)
    if data is None:
        if CRATE not in archive.names:
            report.differ(CRATE, "", "missing")
        return None
    try:
        graph = parse(data)["@graph"]
        return {str(entity["@id"]): dict(entity) for entity in graph}
    except (ValueError, KeyError, TypeError) as error:
        report.differ(CRATE, "", f"no metadata of an RO-Crate: {type(error).__name__}")
        return None


# ---- what they hold ----------------------------------------------------------------------------


def _check_history(contents: Contents, report: Report) -> None:
    rows = contents.rows(MEMBER)
    check_chain(rows, report)
    check_changes(rows, report)


def _check_rows(archive: Archive, contents: Contents, report: Report, check: Check | None) -> None:
    book: Book | None = None
    settings: Settings | None = None
    with closing(Isolated()) as apart:
        try:
            with unpack(archive.find) as study:
                settings = study.settings
                book = read_book(study, apart)
        except BundleError as error:
            report.differ(str(error).partition(":")[0], "", str(error).partition(": ")[2])
        if book is None:
            report.unchecked["hits against a pack that cannot be used"] = len(
                contents.rows("hits.jsonl")
            )
        check_evidence(contents, book, report)
        if settings is None:
            report.unchecked["verdicts, figures and quotes, for want of settings"] += len(
                contents.rows(MEMBER)
            )
            return
        known = Settlement(contents, settings.review.reviewers_per_passage)
        check_settlement(contents, known, report)
        check_figures(contents, known, settings, report)
        has_sources = any(name.startswith(SOURCES) for name in archive.names)
        if check is None and not has_sources:
            report.unchecked["quotes at their places (--sources)"] = len(
                contents.rows("hits.jsonl")
            )
        else:
            check_quotes(archive, contents, settings.limits, check or Check(), report)
