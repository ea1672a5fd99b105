"""The texts of many papers while they are compared, in a file: memory would not hold them.

They are wanted in the order of rank, in which neighbours come from anywhere in a study; to read a
shard again for each would take hours.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from screen.study.copies.likeness import Text

# Originals are wanted again and again; so many texts, of about 20 KB, stay in memory.
_KEPT = 512
# Two bytes a character where UTF-8 takes three.
_ENCODING = "utf-16-le"


class Texts:
    """Texts by paper, in a file without a name: nothing is left behind, whatever happens."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0
        self.read = lru_cache(_KEPT)(self._read)

    def add(self, paper: str, text: Text) -> None:
        """Keep the text of a paper; all are added before the first is read."""
        parts = (text.letters, text.numbers, text.title, text.place)
        data = json.dumps(parts, ensure_ascii=False).encode(_ENCODING, "surrogatepass")
        self._file.write(data)
        self._places[paper] = (self._end, len(data))
        self._end += len(data)

    def _read(self, paper: str) -> Text:
        start, size = self._places[paper]
        self._file.seek(start)
        parts = json.loads(self._file.read(size).decode(_ENCODING, "surrogatepass"))
        return Text(parts[0], tuple(parts[1]), parts[2], parts[3])


@contextmanager
def keep_texts(folder: Path) -> Iterator[Texts]:
    """Give room for texts in a folder, for as long as they are wanted.

    About 8 KB a paper; a folder for temporary files may be in memory.
    """
    with TemporaryFile(dir=folder) as file:
        yield Texts(file)
