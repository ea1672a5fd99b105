"""A study on disk: its folder, its settings, the files and records that were added to it.

study.toml        settings
sources/          NNNNN.jsonl: the source files of each shard; unread.jsonl: what could not be
records.jsonl     bibliographic records, as added
text/, hits/     shards: NNNNN.parquet with NNNNN.json beside it; published/ likewise
screen.db         SQLite, rebuilt from the above at any time
"""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from rapidfuzz import fuzz

from screen.errors import DocumentError, StudyError
from screen.ingest.files import FoundFile, hash_file, walk
from screen.ingest.records import BadRecord, read_records
from screen.settings import TEMPLATE, Settings, read_settings
from screen.study.locks import hold
from screen.study.shards import read_manifest, write_atomically
from screen.types import Failure, Record, SourceFile

Row = TypeVar("Row")
# How much two titles of one DOI or key have in common, 0-100.
_SAME_TITLE = 70


@dataclass(frozen=True, slots=True)
class Registered:
    """A source file as a study knows it: `name` below the folder added, `also` further paths."""

    source: SourceFile
    name: str
    also: tuple[str, ...] = ()


@dataclass(slots=True)
class Added:
    """What one `add` did, for the user to see."""

    new: int = 0
    known: int = 0
    duplicates: int = 0
    unread: list[Failure] = field(default_factory=list)
    records: int = 0
    bad_records: list[BadRecord] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


class Study:
    """An existing study folder. Raises StudyError if the folder is not one."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "study.toml").is_file():
            raise StudyError(f"{folder} is not a study: no study.toml (see ddr-screen init)")
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> "Study":
        """Make a new study folder. Raises StudyError if there is one already or it cannot be."""
        if (folder / "study.toml").exists():
            raise StudyError(f"{folder} is a study already")
        try:
            for name in ("sources", "text", "hits"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            write_atomically(folder / "study.toml", TEMPLATE.encode())
        except OSError as error:
            raise StudyError(f"{folder} cannot be made: {error.strerror}") from None
        return cls(folder)

    @cached_property
    def settings(self) -> Settings:
        """The study's settings, read once."""
        return read_settings(self.folder / "study.toml")

    @property
    def database(self) -> Path:
        """The SQLite file, unless study.toml names another database."""
        return self.folder / "screen.db"

    @property
    def database_name(self) -> str:
        """What to call the database before people: its file, or its URL without a password."""
        url = self.settings.database.url
        # A password may hold any sign; what follows a question mark may hold one too.
        hidden = re.sub(r"(://[^:@/?]*):.*@", r"\1:***@", url).partition("?")[0]
        return hidden if url else str(self.database)

    def lock(self, what: str, *, shared: bool = False) -> AbstractContextManager[None]:
        """Keep other processes from changing the study while `what` is done: see `locks`."""
        return hold(self.folder, what, shared=shared)

    def shard_numbers(self) -> list[int]:
        """Return the numbers of all shards that have source files, in order."""
        return sorted(int(path.stem) for path in (self.folder / "sources").glob("[0-9]*.jsonl"))

    def shard_sources(self, number: int) -> list[Registered]:
        """Return the source files of one shard, in the order they were added."""
        return _make(
            self._sources(number),
            lambda row: Registered(
                SourceFile(row["sha256"], row["path"], row["size"], row["media_type"]),
                row["name"],
                tuple(row["also"]),
            ),
        )

    def read_sources(self, number: int) -> bytes:
        """Return the file of sources of one shard as it is."""
        return self._sources(number).read_bytes()

    def unread(self) -> list[Failure]:
        """Return the files that could not even be read when they were added."""
        return _make(self.folder / "sources" / "unread.jsonl", lambda row: Failure(**row))

    def records(self) -> list[Record]:
        """Return the bibliographic records; what is told twice counts once, the last time.

        The same are: records of one file; records without a file that have one DOI, or one key of
        one database, and much the same title (keys are often numbers that every export begins
        anew, and DOIs may be cut off); and those that are equal in all.
        """
        lists = ("authors", "affiliations", "keywords")
        records = _make(
            self.folder / "records.jsonl",
            lambda row: Record(**{**row, **{name: tuple(row[name]) for name in lists}}),
        )
        kept: dict[tuple[str, ...], Record] = {}
        for record in records:
            kept[_identify_record(record, kept)] = record
        return list(kept.values())

    def add(self, paths: Iterable[Path], records: Iterable[Path] = ()) -> Added:
        """Register files and records; bytes that are known already only gain a path."""
        added = Added()
        with self.lock("ddr-screen add"):
            # Records first: a file of them that cannot be read at all leaves nothing half done.
            self._add_records(records, added)
            self._add_files(paths, added)
        return added

    def _add_files(self, paths: Iterable[Path], added: Added) -> None:
        shards = {number: self.shard_sources(number) for number in self.shard_numbers()}
        home = {item.source.sha256: number for number, items in shards.items() for item in items}
        unread = {failure.path: failure for failure in self.unread()}
        changed: set[int] = set()
        for path in paths:
            top = path.absolute()
            for known in [name for name in unread if Path(name).is_relative_to(top)]:
                del unread[known]
            for found in walk(path):
                if not found.taken:
                    added.passed_over[found.path.suffix.lower() or "without a suffix"] += 1
                    continue
                try:
                    source = _identify(found)
                except DocumentError as error:
                    where = os.fspath(found.path.absolute())
                    unread[where] = Failure("", where, None, error.stage, error.reason)
                    added.unread.append(unread[where])
                    continue
                number = home.get(source.sha256)
                if number is None:
                    number = self._open_shard(shards)
                    home[source.sha256] = number
                    shards[number].append(Registered(source, found.name))
                    added.new += 1
                elif not _remember_path(shards[number], source):
                    added.known += 1
                    continue
                else:
                    added.duplicates += 1
                changed.add(number)
        for number in sorted(changed):
            write_atomically(self._sources(number), _rows(map(_flat, shards[number])))
        write_atomically(
            self.folder / "sources" / "unread.jsonl", _rows(map(asdict, unread.values()))
        )

    def _open_shard(self, shards: dict[int, list[Registered]]) -> int:
        """Return the shard that takes the next new file: never one that has been worked on.

        A shard that is done would have to be done again, OCR included, for one file more.
        """
        last = max(shards, default=-1)
        full = last < 0 or len(shards[last]) >= self.settings.work.shard_size
        if full or read_manifest(self.folder / "text", last) is not None:
            last += 1
            shards[last] = []
        return last

    def _add_records(self, paths: Iterable[Path], added: Added) -> None:
        rows = list(_read_rows(self.folder / "records.jsonl"))
        for path in paths:
            for record in read_records(path):
                if isinstance(record, BadRecord):
                    added.bad_records.append(record)
                else:
                    rows.append(asdict(record))
                    added.records += 1
        if added.records:
            write_atomically(self.folder / "records.jsonl", _rows(rows))

    def _sources(self, number: int) -> Path:
        return self.folder / "sources" / f"{number:05d}.jsonl"


def printable_path(path: str) -> str:
    """Return a path in which bytes that are no characters are written out as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _identify(found: FoundFile) -> SourceFile:
    if found.error:
        raise DocumentError("add", found.error)
    try:
        return hash_file(found.path)
    except DocumentError as error:
        raise DocumentError("add", error.reason) from None


def _remember_path(items: list[Registered], source: SourceFile) -> bool:
    """Add a further path to the paper with these bytes; False if it is known already."""
    for index, item in enumerate(items):
        if item.source.sha256 == source.sha256:
            if source.path == item.source.path:
                return False
            others = [path for path in item.also if path != source.path]
            if not Path(item.source.path).exists():
                # The file was moved: it is to be read where it is now.
                items[index] = replace(item, source=source, also=(item.source.path, *others))
                return True
            if source.path in item.also:
                return False
            items[index] = replace(item, also=(*item.also, source.path))
            return True
    raise AssertionError("a known paper is missing from its shard")


def _identify_record(record: Record, kept: dict[tuple[str, ...], Record]) -> tuple[str, ...]:
    """Return what a later record of the same paper has in common with this one."""
    if record.file:
        return ("file", record.file)
    for known in (
        ("doi", record.doi.casefold()) if record.doi else (),
        ("key", record.database, record.key) if record.key else (),
    ):
        other = kept.get(known)
        if known and (other is None or fuzz.ratio(other.title, record.title) >= _SAME_TITLE):
            return known
    return ("all", json.dumps(asdict(record)))


def _flat(item: Registered) -> dict[str, Any]:
    return {**asdict(item.source), "name": item.name, "also": list(item.also)}


def _rows(rows: Iterable[Any]) -> bytes:
    """Return JSON Lines in ASCII: file names may hold bytes that are no characters (surrogates)."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode("ascii")


def _make(path: Path, make: Callable[[dict[str, Any]], Row]) -> list[Row]:
    """Return the rows of a file as objects. Raises StudyError for a row that lacks something."""
    rows = []
    for number, row in enumerate(_read_rows(path), start=1):
        try:
            rows.append(make(row))
        except (KeyError, TypeError) as error:
            raise StudyError(f"{path}:{number} is damaged: {error}") from None
    return rows


def _read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSON Lines file that the study wrote. Raises StudyError if damaged."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            raise StudyError(f"{path}:{number} is damaged: {error}") from None
