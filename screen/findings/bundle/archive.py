"""A bundle read safely: a zip file that anybody may have made, never unpacked to disk.

What no bundle holds (links, two files of one name, a path out of the folder, a password, more bytes
than it may) is refused before anything is read.
"""

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from screen.errors import BundleError
from screen.findings.bundle.tables import CRATE, MANIFEST, SOURCES

_MOST_MEMBERS = 400_000
# In bytes, unpacked: of a file that is read as a whole, of a source, of all together.
_MOST_READ, _MOST_SOURCE, _MOST_ALL = 2 * 10**9, 4 * 10**9, 400 * 10**9
# Bytes unpacked for each packed one, of files large enough to matter; a text has hardly 30.
_MOST_RATIO, _SMALL = 200, 10**7
_LONGEST_NAME = 200
_BLOCK = 1 << 20
_ENCRYPTED = 1
# What reading a damaged member may raise.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)


class DamagedMemberError(Exception):
    """A member whose bytes cannot be read."""


class Archive:
    """The members of a bundle by name, read on demand. Raises BundleError for what is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise BundleError(f"{path}: {error.strerror or 'cannot be read'}") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
            raise BundleError(f"{path}: no bundle: not a zip file, or cut short") from None
        try:
            self._members = {info.filename: info for info in self._check(path.stat().st_size)}
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._zip.close()

    def _check(self, size: int) -> list[zipfile.ZipInfo]:
        members = self._zip.infolist()
        if len(members) > _MOST_MEMBERS:
            raise self._refuse(f"{len(members)} files, the most is {_MOST_MEMBERS}")
        names: set[str] = set()
        for info in members:
            why = _find_hazard(info)
            if not why and info.filename.casefold() in names:
                why = "is there twice"
            if why:
                raise self._refuse(f"{_show(info.filename)}: {why}")
            names.add(info.filename.casefold())
        if sum(info.file_size for info in members) > _MOST_ALL:
            raise self._refuse(f"more than {_MOST_ALL / 10**9:.0f} GB unpacked")
        # Where members share their bytes few make many.
        if sum(info.compress_size for info in members) > size:
            raise self._refuse("files in it lie over each other")
        if not {CRATE, MANIFEST} & {info.filename for info in members}:
            raise BundleError(f"{self.path}: no bundle: neither {CRATE} nor {MANIFEST} is in it")
        if min(info.header_offset for info in members) or self._zip.comment:
            raise self._refuse("something stands before or behind the zip file")
        return members

    def _refuse(self, why: str) -> BundleError:
        return BundleError(f"{self.path}: not read, since it is no safe bundle: {why}")

    @property
    def names(self) -> list[str]:
        """The names of all members, sorted."""
        return sorted(self._members)

    def size(self, name: str) -> int:
        """Return the size of a member in bytes, unpacked."""
        return self._members[name].file_size

    def read(self, name: str) -> bytes:
        """Return the bytes of a member. Raises DamagedMemberError."""
        return b"".join(self.stream(name))

    def find(self, name: str) -> bytes | None:
        """Return the bytes of a member, None where there is none that can be read."""
        if name not in self._members:
            return None
        with suppress(DamagedMemberError):
            return self.read(name)
        return None

    def hash(self, name: str) -> str:
        """Return the SHA-256 of a member. Raises DamagedMemberError."""
        digest = hashlib.sha256()
        for block in self.stream(name):
            digest.update(block)
        return digest.hexdigest()

    def stream(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a member, some at a time. Raises DamagedMemberError."""
        try:
            # No more comes out than the size that was checked, whatever is inside.
            with self._zip.open(self._members[name]) as file:
                while block := file.read(_BLOCK):
                    yield block
        except _BROKEN as error:
            raise DamagedMemberError(" ".join(str(error).split()) or "damaged") from None


def _find_hazard(info: zipfile.ZipInfo) -> str:
    """Return why a member is not to be read, "" if nothing speaks against it."""
    name = info.filename
    parts = name.split("/")
    kind = stat.S_IFMT(info.external_attr >> 16)
    most = _MOST_SOURCE if name.startswith(SOURCES) else _MOST_READ
    hazards = {
        "a name that leads out of the bundle": name.startswith("/")
        or "\\" in name
        or ":" in name
        or ".." in parts,
        "a name that no bundle has": not name.isascii()
        or not name.isprintable()
        or len(name) > _LONGEST_NAME
        or not all(part not in ("", ".") for part in parts)
        or info.orig_filename != name,
        "a link or a device": kind not in (0, stat.S_IFREG),
        "under a password": bool(info.flag_bits & _ENCRYPTED),
        "packed in a way that no bundle is": info.compress_type
        not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
        f"{info.file_size / 10**9:.1f} GB unpacked, the most is {most / 10**9:.0f}": info.file_size
        > most,
        "unpacks to far more than any text does": info.file_size > _SMALL
        and info.file_size > _MOST_RATIO * max(info.compress_size, 1),
    }
    return next((why for why, is_so in hazards.items() if is_so), "")


def _show(name: str) -> str:
    shown = name.encode("unicode_escape").decode()
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}…"
