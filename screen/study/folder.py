"""A study on disk: its folder, its settings, the files and records that were added to it.

study.toml        settings
sources/          NNNNN.jsonl: the source files of each shard; unread.jsonl: what could not be
records.jsonl     bibliographic records, as added
text/, ocr/, signatures/, hits/, published/
                  shards: NNNNN.parquet with NNNNN.json beside it
samples/, orders/ what was drawn, and each order of reading
log/              who worked on the study, when, and how far they came
screen.db         SQLite, rebuilt from the above at any time
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from rapidfuzz import fuzz

from screen.errors import StudyError
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

    def shard_papers(self, number: int) -> list[str]:
        """Return the SHA-256 of each source file of one shard, in the order they were added."""
        return _make(self._sources(number), lambda row: str(row["sha256"]))

    def is_begun(self, number: int) -> bool:
        """Tell whether a shard has been worked on."""
        return read_manifest(self.folder / "text", number) is not None

    def write_sources(self, number: int, items: Iterable[Registered]) -> None:
        """Write the source files of one shard."""
        write_atomically(self._sources(number), _rows(map(_flat, items)))

    def write_unread(self, failures: Iterable[Failure]) -> None:
        """Write what could not even be read when it was added."""
        path = self.folder / "sources" / "unread.jsonl"
        write_atomically(path, _rows(map(asdict, failures)))

    def append_records(self, records: Iterable[Record]) -> None:
        """Add bibliographic records to those that are there."""
        path = self.folder / "records.jsonl"
        write_atomically(path, _rows([*_read_rows(path), *map(asdict, records)]))

    def _sources(self, number: int) -> Path:
        return self.folder / "sources" / f"{number:05d}.jsonl"


def printable_path(path: str) -> str:
    """Return a path in which bytes that are no characters are written out as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


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
