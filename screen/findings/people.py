"""Names of people in what leaves a study: as they are, as stable pseudonyms, or left out.

A pseudonym is a keyed hash of the name (HMAC-SHA256, RFC 2104), so that one person has one
pseudonym in all that ever leaves a study, and nobody without the study's key can find the name by
hashing a list of names. The key is in the study's folder and never leaves it.
"""

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from screen.errors import StudyError

Treatment = Literal["names", "pseudonyms", "none"]
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)
KEY_FILE = "pseudonyms.key"
# 48 bits: two of a hundred thousand authors share a pseudonym with a chance of 1 in 50,000.
_DIGITS = 12
_KEY_BYTES = 32
# In letters: a name no longer than that is a word too easily.
_SHORT = 3
_WORD = re.compile("[A-Za-z]{2,}")
# 题名_作者.pdf is what CNKI names a file.
_AFTER_TITLE = re.compile(r"(?<=_)[\u3400-\u9fff·]{2,6}(?=\.\w{1,5}$|$)")


class People:
    """How the names of authors and reviewers leave a study."""

    def __init__(self, authors: Treatment, reviewers: Treatment, key: bytes) -> None:
        self.authors = authors
        self.reviewers = reviewers
        self._key = key

    def name_authors(self, names: str) -> str:
        """Return authors parted by semicolons as they leave."""
        return self._parted(names, self.authors, "author")

    def name_reviewer(self, name: str) -> str:
        """Return the name of a reviewer as it leaves; "" where names are left out."""
        return self._name(name, self.reviewers, "reviewer")

    def name_file(self, file: str, authors: str) -> str:
        """Return a file name as it leaves: databases put an author's name into it.

        Those of `authors`, each word of a Western one; and what stands where CNKI puts the first
        author, since of a paper without a record nothing else tells who wrote it.
        """
        if self.authors == "names":
            return file
        whole = _part(authors)
        words = {word: name for name in whole for word in _WORD.findall(name) if name.isascii()}
        meant = {**words, **{name: name for name in whole}}
        file = self._replace(file, meant, self.authors, "author")
        return _AFTER_TITLE.sub(
            lambda found: self._name(found[0], self.authors, "author") or "author", file
        )

    def clear_note(self, note: str, reviewers: Iterable[str], authors: str = "") -> str:
        """Return words as they leave: without the names of a study's reviewers, and of authors.

        Names of one character are left, since they may be words; and one of two or three letters
        is one only where it is written as the name is.
        """
        if self.reviewers != "names":
            names = {name.strip(): name for name in reviewers}
            note = self._replace(note, names, self.reviewers, "reviewer")
        if self.authors != "names":
            names = {name: name for name in _part(authors)}
            note = self._replace(note, names, self.authors, "author")
        return note

    def _parted(self, names: str, treatment: Treatment, role: str) -> str:
        if treatment == "names":
            return names
        return "; ".join(filter(None, (self._name(one, treatment, role) for one in _part(names))))

    def _name(self, name: str, treatment: Treatment, role: str) -> str:
        if treatment == "names" or not name:
            return name
        if treatment == "none":
            return ""
        plain = "".join(unicodedata.normalize("NFKC", name).casefold().split())
        told = hmac.new(self._key, f"{role}:{plain}".encode(), hashlib.sha256).hexdigest()
        return f"{role}-{told[:_DIGITS]}"

    def _replace(self, text: str, meant: Mapping[str, str], treatment: Treatment, role: str) -> str:
        """Replace words by what stands for the names that they mean, all at once."""
        folded = text.casefold()
        there = [
            word
            for word in sorted(meant, key=len, reverse=True)
            if len(word) > 1 and word.split()[0].casefold() in folded
        ]
        if not there:
            return text

        def tell(found: re.Match[str]) -> str:
            name = meant[there[(found.lastindex or 1) - 1]]
            return self._name(name, treatment, role) or role

        return re.sub("|".join(f"({_make_pattern(word)})" for word in there), tell, text)


def _make_pattern(name: str) -> str:
    """Return a pattern for a name; one in letters is there only where no letter touches it."""
    pattern = r"[\s_]+".join(map(re.escape, name.split()))
    if name[0].isascii() and name[0].isalnum():
        pattern = f"(?<![A-Za-z0-9]){pattern}"
    if name[-1].isascii() and name[-1].isalnum():
        pattern += "(?![A-Za-z0-9])"
    return f"(?i:{pattern})" if len(name) > _SHORT else pattern


def _part(names: str) -> list[str]:
    return [name.strip() for name in names.split(";") if name.strip()]


def make_people(folder: Path, authors: Treatment, reviewers: Treatment) -> People:
    """Return how names leave the study in `folder`; its key is made where there is none.

    Raises StudyError if the key cannot be read, or there is none and it cannot be written.
    """
    needs_key = "pseudonyms" in (authors, reviewers)
    return People(authors, reviewers, _read_key(folder / KEY_FILE) if needs_key else b"")


def _read_key(path: Path) -> bytes:
    try:
        if not path.exists():
            _write_key(path)
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no key"
        raise StudyError(
            f"{path}: {why}; pseudonyms are made with this key (or leave with names, or none)"
        ) from None
    if len(key) != _KEY_BYTES:
        raise StudyError(f"{path}: it is no key of {_KEY_BYTES} bytes")
    return key


def _write_key(path: Path) -> None:
    """Write a new key, unless another process comes first: then its key is the one."""
    words = secrets.token_hex(_KEY_BYTES) + "\n"
    whole = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        whole.touch(mode=0o600)
        whole.write_text(words, encoding="ascii")
        with suppress(FileExistsError):
            try:
                path.hardlink_to(whole)
            except FileExistsError:
                raise
            except OSError:
                # Not all disks have links: those of cameras and some networks do not.
                with open(path, "x", encoding="ascii", opener=_open_private) as file:
                    file.write(words)
    finally:
        whole.unlink(missing_ok=True)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
