"""Names of people in what leaves a study: as they are, as stable pseudonyms, or left out.

A pseudonym is a keyed hash of the name (HMAC-SHA256, RFC 2104), so that one person has one
pseudonym in all that ever leaves a study, and nobody without the study's key can find the name by
hashing a list of names. The key is in the study's folder and never leaves it.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, get_args

from screen.errors import StudyError

Treatment = Literal["names", "pseudonyms", "none"]
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)
KEY_FILE = "pseudonyms.key"
# 48 bits: two of a hundred thousand authors share a pseudonym with a chance of 1 in 50,000.
_DIGITS = 12
_KEY_BYTES = 32


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
        """Return a file name as it leaves: databases put the first author's name into it."""
        if self.authors == "names":
            return file
        names = [name for name in _part(authors) if len(name) > 1]
        return self._replace(file, names, self.authors, "author")

    def clear_note(self, note: str, reviewers: Iterable[str]) -> str:
        """Return a reviewer's words as they leave: without the names of the study's reviewers.

        Names of one character are left, since they may be words.
        """
        if self.reviewers == "names" or not note:
            return note
        names = [name for name in reviewers if len(name) > 1]
        return self._replace(note, names, self.reviewers, "reviewer")

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

    def _replace(self, text: str, names: Sequence[str], treatment: Treatment, role: str) -> str:
        for name in sorted(names, key=len, reverse=True):
            # A word of letters is a name only where it stands by itself.
            bound = r"\b" if name.isascii() else ""
            said = self._name(name, treatment, role) or role
            text = re.sub(f"{bound}{re.escape(name)}{bound}", said, text)
        return text


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
            # Two that make it at once must end up with one: whoever comes second reads the first's.
            with_key = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            with_key.touch(mode=0o600)
            with_key.write_text(secrets.token_hex(_KEY_BYTES) + "\n", encoding="ascii")
            try:
                path.hardlink_to(with_key)
            except FileExistsError:
                pass
            finally:
                with_key.unlink()
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no key"
        raise StudyError(
            f"{path}: {why}; pseudonyms are made with this key (or leave with names, or none)"
        ) from None
    if len(key) != _KEY_BYTES:
        raise StudyError(f"{path}: it is no key of {_KEY_BYTES} bytes")
    return key
