"""A study written as a bundle: one zip file, the same bytes for the same study."""

import hashlib
import json
import os
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from screen.errors import BundleError
from screen.findings.bundle.contents import Member, dump_json, make_members
from screen.findings.bundle.crate import Described, History, make_crate
from screen.findings.bundle.history import find_head
from screen.findings.bundle.tables import CRATE, MANIFEST, SOURCES, VERSIONS
from screen.findings.holdings import Holdings
from screen.findings.output import open_binary
from screen.ingest.kinds import DOCX, HTML, PDF, TEXT
from screen.study.notes import read_notes
from screen.study.orders import read_last
from screen.study.queries import list_records
from screen.study.samples import list_files, read_samples
from screen.study.verdicts import read_told
from screen.types import SourceFile

# Zip files know no time before.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_SUFFIXES = {PDF: ".pdf", DOCX: ".docx", HTML: ".html", TEXT: ".txt"}
_BLOCK = 1 << 20
# A regular file that its owner may write and all may read, as Unix tells it in a zip.
_MODE, _UNIX = 0o100644 << 16, 3


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written: how many files, their size unpacked, and the SHA-256 of the bundle.

    `sha256` is "" if it went into a pipe. `outdated` are the stages that another version made.
    `naming` counts the passages in whose verbatim words a name stands that was to be left out.
    """

    members: int
    bytes: int
    sources: int
    verdicts: int
    findings: int
    sha256: str
    size: int
    outdated: tuple[str, ...]
    naming: int


class LostSources(BundleError):  # noqa: N818 - what is wrong is in the name
    """Sources that were to go into a bundle and are gone or changed: `lines`, one each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(
            f"{len(lines)} sources are gone or changed; no bundle is written, since one that says "
            "it has its sources must have all of them"
        )
        self.lines = tuple(lines)


def write_bundle(holdings: Holdings, output: Path, *, with_sources: bool = False) -> Packed:
    """Write a study as a bundle, wholly or not at all.

    Raises LostSources if sources are wanted and are not there as they were added, BundleError if
    the study changed meanwhile or cannot be told, ScreenError if the file cannot be written.
    """
    before = _tell_state(holdings)
    sources = _list_sources(holdings) if with_sources else {}
    members = make_members(holdings)
    if _tell_state(holdings) != before:
        raise BundleError("the study was worked on meanwhile: bundle it again")
    described = [
        *(_describe(member) for member in members),
        *(
            Described(name, f"Source file {source.sha256[:12]}", source.media_type, source.size,
                      source.sha256)
            for name, source in sources.items()
        ),
    ]  # fmt: skip
    small = {member.name: member.data for member in members}
    versions = json.loads(small[VERSIONS])
    metadata = _make_metadata(holdings, small["verdicts.jsonl"], versions, described)
    hashes = {file.name: file.sha256 for file in described}
    hashes[CRATE] = hashlib.sha256(metadata).hexdigest()
    manifest = "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()
    small |= {CRATE: metadata, MANIFEST: manifest}
    with open_binary(output) as file, zipfile.ZipFile(file, "w") as archive:
        for name in sorted({*small, *sources}):
            if name in small:
                archive.writestr(_info(name), small[name], compresslevel=6)
            else:
                _write_source(archive, name, sources[name])
    sha256, size = hash_bundle(output) if output.is_file() else ("", 0)
    return Packed(
        members=len(hashes) + 1,
        bytes=sum(map(len, small.values())) + sum(s.size for s in sources.values()),
        sources=len(sources),
        verdicts=len(holdings.verdicts),
        findings=len(holdings.findings),
        sha256=sha256,
        size=size,
        outdated=tuple(n for n, stage in versions["stages"].items() if not stage["as_here"]),
        naming=_count_names(holdings),
    )


def _count_names(holdings: Holdings) -> int:
    """Count the passages that quote a name of an author of their paper which was to be left out.

    What is quoted is left as it stands: it could not be checked otherwise.
    """
    if holdings.people.authors == "names":
        return 0
    names: dict[str, set[str]] = defaultdict(set)
    for row in list_records(holdings.engine):
        if row["sha256"]:
            # Names of one character may be words.
            names[row["sha256"]] |= {n for n in row["authors"].split("; ") if len(n) > 1}
    drawn = [hit for sample in list_files(holdings.study) for hit in sample["passages"]]
    return sum(
        any(name in hit["context"] or name in hit["quote"] for name in names[hit["paper"]])
        for hit in chain(holdings.list_hits(), drawn)
    )


def hash_bundle(path: Path) -> tuple[str, int]:
    """Return the SHA-256 and the size of a file. Raises BundleError if it cannot be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return digest.hexdigest(), file.tell()
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from None


def _tell_state(holdings: Holdings) -> tuple[object, ...]:
    """Return what tells whether a study was worked on."""
    with holdings.engine.connect() as connection:
        told = read_told(connection)
        notes = read_notes(connection)
    order = read_last(holdings.study)
    return sum(map(len, told.values())), notes, order, len(read_samples(holdings.study))


def _describe(member: Member) -> Described:
    sha256 = hashlib.sha256(member.data).hexdigest()
    return Described(member.name, member.title, member.media_type, len(member.data), sha256)


def _make_metadata(
    holdings: Holdings, verdicts: bytes, versions: Mapping[str, Any], described: Sequence[Described]
) -> bytes:
    rows = [json.loads(line) for line in verdicts.splitlines()]
    history = History(len(rows), find_head(rows))
    question, date = holdings.pack.manifest.question, _find_date(holdings)
    return dump_json(make_crate(described, history, versions, question, date))


def _find_date(holdings: Holdings) -> str:
    """Return when the study was last changed, as it tells itself: nothing is dated by a clock."""
    order = read_last(holdings.study)
    dates = [given.verdict.at for given in holdings.verdicts]
    dates += [sample.drawn_at for sample in read_samples(holdings.study)]
    dates += [order.made_at] if order else []
    return max(dates, default="")


# ---- the sources -------------------------------------------------------------------------------


def _list_sources(holdings: Holdings) -> Mapping[str, SourceFile]:
    """Return the source files by their names in a bundle, each of them there and unchanged."""
    found, lost = {}, []
    for number in holdings.study.shard_numbers():
        for item in holdings.study.shard_sources(number):
            source = item.source
            why = _find_loss(source)
            if why:
                name = os.fsencode(item.name).decode("utf-8", "backslashreplace")
                lost.append(f"{name} ({source.sha256}): {why}")
            found[f"{SOURCES}{source.sha256}{_SUFFIXES.get(source.media_type, '.bin')}"] = source
    if lost:
        raise LostSources(lost)
    return found


def _find_loss(source: SourceFile) -> str:
    try:
        with Path(source.path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        return error.strerror or type(error).__name__
    return "" if digest.hexdigest() == source.sha256 else "it has changed since it was added"


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _NO_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr, info.create_system = _MODE, _UNIX
    return info


def _write_source(archive: zipfile.ZipFile, name: str, source: SourceFile) -> None:
    info = _info(name)
    info.file_size = source.size
    digest = hashlib.sha256()
    with Path(source.path).open("rb") as given, archive.open(info, "w") as file:
        while block := given.read(_BLOCK):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != source.sha256:
        raise LostSources([f"{name}: it has changed while the bundle was written"])
