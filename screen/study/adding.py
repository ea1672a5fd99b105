"""Files and records added to a study: each file once, by its bytes, into a shard to be worked on.

Of a study of a hundred thousand papers only the hashes are held in memory, and a few shards. What
is broken off half-way is done again: files that are known already only gain a path.
"""

import os
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from screen.errors import DocumentError
from screen.ingest.files import FoundFile, hash_file, walk
from screen.ingest.records import BadRecord, read_records
from screen.study.folder import Registered, Study
from screen.types import Failure, SourceFile

# So many source lists are held in memory at a time.
_HELD = 50


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


def add(study: Study, paths: Iterable[Path], records: Iterable[Path] = ()) -> Added:
    """Register files and records; bytes that are known already only gain a path."""
    added = Added()
    with study.lock("ddr-screen add"):
        # Records first: a file of them that cannot be read at all leaves nothing half done.
        _add_records(study, records, added)
        _add_files(study, paths, added)
    return added


def _add_records(study: Study, paths: Iterable[Path], added: Added) -> None:
    rows = []
    for path in paths:
        for record in read_records(path):
            if isinstance(record, BadRecord):
                added.bad_records.append(record)
            else:
                rows.append(record)
    added.records = len(rows)
    if rows:
        study.append_records(rows)


def _add_files(study: Study, paths: Iterable[Path], added: Added) -> None:
    register = _Register(study)
    unread = {failure.path: failure for failure in study.unread()}
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
            if source.sha256 not in register.homes:
                register.append(Registered(source, found.name))
                added.new += 1
            elif register.remember_path(source):
                added.duplicates += 1
            else:
                added.known += 1
    register.write()
    study.write_unread(unread.values())


def _identify(found: FoundFile) -> SourceFile:
    if found.error:
        raise DocumentError("add", found.error)
    try:
        return hash_file(found.path)
    except DocumentError as error:
        raise DocumentError("add", error.reason) from None


class _Register:
    """The source lists of a study while files are added; `homes` gives each file's shard."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._lists: OrderedDict[int, list[Registered]] = OrderedDict()
        self._changed: set[int] = set()
        numbers = study.shard_numbers()
        self.homes = {name: number for number in numbers for name in study.shard_papers(number)}
        self._last = max(numbers, default=-1)
        # A shard that is done would have to be done again, characters recognised, for one file.
        if self._last < 0 or study.is_begun(self._last):
            self._last += 1

    def append(self, item: Registered) -> None:
        """Put a new file into the last shard, or into a new one."""
        if len(self._open(self._last)) >= self._study.settings.work.shard_size:
            self._last += 1
        self._open(self._last).append(item)
        self._changed.add(self._last)
        self.homes[item.source.sha256] = self._last

    def remember_path(self, source: SourceFile) -> bool:
        """Add a further path to the paper with these bytes; False if it is known already."""
        number = self.homes[source.sha256]
        items = self._open(number)
        index = next(i for i, item in enumerate(items) if item.source.sha256 == source.sha256)
        renewed = _with_path(items[index], source)
        if renewed is None:
            return False
        items[index] = renewed
        self._changed.add(number)
        return True

    def write(self) -> None:
        """Write what has changed."""
        for number in sorted(self._changed):
            self._study.write_sources(number, self._lists[number])
        self._changed.clear()

    def _open(self, number: int) -> list[Registered]:
        if number not in self._lists:
            if len(self._lists) >= _HELD:
                self.write()
                self._lists.popitem(last=False)
            self._lists[number] = self._study.shard_sources(number)
        self._lists.move_to_end(number)
        return self._lists[number]


def _with_path(item: Registered, source: SourceFile) -> Registered | None:
    """Return a paper with one path more; None if it is known already."""
    if source.path == item.source.path:
        return None
    others = tuple(path for path in item.also if path != source.path)
    if not Path(item.source.path).exists():
        # The file was moved: it is to be read where it is now.
        return replace(item, source=source, also=(item.source.path, *others))
    if source.path in item.also:
        return None
    return replace(item, also=(*item.also, source.path))
