"""References as medical journals print them, and text that every file can hold."""

import re

from screen.types import Record

# As many authors are named; further ones are "et al.".
_NAMED = 3
# What XML 1.0 cannot hold; half characters are no text in UTF-8 either.
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
# Marks that turn the direction of the text after them, and would reach into other cells.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")


def make_plain(text: str) -> str:
    """Return a text on one line, with � for each character that XML cannot hold."""
    return _SPACES.sub(" ", _TURNING.sub("", _UNFIT.sub("\ufffd", text))).strip()


def cite(record: Record) -> str:
    """Return a reference in the manner of Vancouver, of what the record tells.

    Authors, the first three. Title. Journal year;volume(issue):pages. doi. Without a title the name
    of the file stands in its place.
    """
    authors = ", ".join(record.authors[:_NAMED])
    if len(record.authors) > _NAMED:
        authors += ", et al"
    where = str(record.year or "")
    if record.volume or record.issue:
        where += f";{record.volume}" + (f"({record.issue})" if record.issue else "")
    if record.pages:
        where += f":{record.pages}"
    source = " ".join(part for part in (record.journal, where.lstrip(";:")) if part)
    doi = f"doi:{record.doi}" if record.doi else ""
    title = record.title or f"[{record.file}; no bibliographic record]"
    parts = [part.rstrip(".") for part in (authors, title, source) if part]
    return make_plain(". ".join(parts) + "." + (f" {doi}" if doi else ""))
