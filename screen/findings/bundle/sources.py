"""The source files that a bundle speaks of, found again by their hashes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from screen.errors import BundleError, DocumentError
from screen.findings.bundle.archive import Archive, DamagedMemberError
from screen.findings.bundle.report import Report
from screen.findings.bundle.tables import SOURCES
from screen.findings.output import Row
from screen.ingest.files import hash_file, walk
from screen.types import SourceFile

_MEMBER = "sources.jsonl"


@dataclass(frozen=True, slots=True)
class Found:
    """Where sources are, by SHA-256: files on disk, and members of a bundle.

    `rows` are what the bundle says of each, also of those that were not found.
    `named` are files that are called as a missing source is, by its SHA-256: file and hash.
    """

    rows: Mapping[str, Row]
    files: Mapping[str, SourceFile]
    members: Mapping[str, str]
    named: Mapping[str, tuple[str, str]]

    def has(self, sha256: str) -> bool:
        """Tell whether a source was found."""
        return sha256 in self.files or sha256 in self.members


def find_sources(archive: Archive, rows: Sequence[Row], folder: Path | None) -> Found:
    """Look for the sources of a bundle below a folder, by their bytes, and in the bundle itself.

    Raises BundleError if the folder is none.
    """
    members = {
        name.removeprefix(SOURCES).partition(".")[0]: name
        for name in archive.names
        if name.startswith(SOURCES)
    }
    known = {row["sha256"]: row for row in rows}
    if folder is None:
        return Found(known, {}, members, {})
    if not folder.is_dir():
        raise BundleError(f"{folder} is not a folder")
    wanted = {row["sha256"] for row in rows}
    # A file of another size is another file: it need not be read.
    sizes = {row["size"] for row in rows}
    files: dict[str, SourceFile] = {}
    others: dict[str, Path] = {}
    for item in walk(folder):
        others.setdefault(item.path.name, item.path)
        source = _hash(item.path) if _size(item.path) in sizes else None
        if source is not None and source.sha256 in wanted:
            files.setdefault(source.sha256, source)
    named = {}
    for row in rows:
        path = others.get(row["file"].rpartition("/")[2])
        if row["sha256"] not in files and path is not None:
            other = _hash(path)
            if other is not None:
                named[row["sha256"]] = (str(path.relative_to(folder)), other.sha256)
    return Found(known, files, members, named)


def tell_missing(found: Found, rows: Sequence[Row], report: Report) -> None:
    """Note each source that was not found as a difference."""
    for row in rows:
        if not found.has(row["sha256"]):
            other = found.named.get(row["sha256"])
            told = f"{other[0]} with SHA-256 {other[1]}" if other else "no file with these bytes"
            what = "changed" if other else "missing"
            report.differ(_MEMBER, row["file"], f"source {what}", row["sha256"], told)


@contextmanager
def fetch(archive: Archive, found: Found, sha256: str) -> Iterator[SourceFile | None]:
    """Give a source as a file, one that is in the bundle as a temporary one; None if it is none.

    A file whose bytes are not those of its hash is none.
    """
    if sha256 in found.files:
        yield found.files[sha256]
        return
    with TemporaryDirectory(prefix="ddr-screen-") as folder:
        path = Path(folder) / "source"
        yield _unpack(archive, found.members[sha256], path, sha256)


def _unpack(archive: Archive, member: str, path: Path, sha256: str) -> SourceFile | None:
    try:
        with path.open("wb") as file:
            for block in archive.stream(member):
                file.write(block)
    except DamagedMemberError:
        return None
    source = _hash(path)
    return replace(source, path=str(path)) if source and source.sha256 == sha256 else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _hash(path: Path) -> SourceFile | None:
    try:
        # A pipe would block the reader.
        return hash_file(path) if path.is_file() else None
    except DocumentError:
        return None
