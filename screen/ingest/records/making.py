"""Turn what stands in a row, whatever its format, into a `Record`."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import PureWindowsPath
from typing import Any, NamedTuple

from screen.types import Record

LISTS = frozenset({"authors", "affiliations", "keywords"})
FIELDS = frozenset(field.name for field in fields(Record))

# So begin the keywords by which an export tells what was judged: they are no part of a record.
TAG = "ddr-screen: "

# Remnants of markup in the texts of databases. <正> is how CNKI begins an abstract that is the
# beginning of the text; what only looks like a tag (p<b and c>d) must stay.
_TAGS = re.compile(
    r"<\s*/?\s*(?:正|su[bp]|[biupa]|em|br|strong|span|font|div|h[1-6]|jats:\w{1,20}|inf)"
    r"(?:\s+[\w:-]{1,20}\s*=[^<>]{0,300})?\s*/?\s*>",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_NAME = re.compile(r"[\u3400-\u9fff\uf900-\ufaff·]{1,6}")
# Footnote marks behind a name that send to an affiliation.
_MARKS = " \t0123456789*＊△▲#"
_BRACKETS = re.compile(r"[\[［(（][\d,，\s*]{1,12}[\])）]$")
_LONGEST_IMPRINT = 80
_YEAR = re.compile(r"(\d{4})(?!\d)|(\d{4})(?=\d{2}(?:\d{2})?(?!\d))")
_IMPRINT = re.compile(
    r"(?P<year>\d{4})\s*年?\s*[,，;；.]?\s*(?:第?\s*(?P<volume>[\w]{1,6}?)\s*卷?)?\s*"
    r"(?:[(（第]\s*(?P<issue>[^()（）期]{1,12})\s*[)）期])?\s*"
    r"(?:[:：]\s*(?P<pages>[\d+\-－,， ]{1,40}))?"
)
_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi\s*[:：]?\s*)", re.IGNORECASE)


class Row(NamedTuple):
    """What stands at a line of a file: the values of each field, or why it cannot be read.

    The values are lists of words, but for JSON Lines and the tables taken as they stand.
    """

    line: int
    values: Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that could not be used: where it stands and why. In XLSX a line is a row."""

    file: str
    line: int
    reason: str


def make_record(values: Mapping[str, Sequence[str]]) -> Record:
    """Return the record that the values of a foreign format make.

    Markup is taken out, and lists are parted as databases part them. Raises ValueError for one
    that cannot be used.
    """
    found = {name: [c for c in map(_clean, said) if c] for name, said in values.items()}
    one = {name: said[0] for name, said in found.items() if said}
    imprint = _IMPRINT.fullmatch(one.get("imprint", "")[:_LONGEST_IMPRINT])
    if imprint:
        one = {**{k: v for k, v in imprint.groupdict().items() if v}, **one}
    if "pages" not in one and "start" in one:
        one["pages"] = "-".join(dict.fromkeys(filter(None, (one["start"], one.get("end")))))
    year = one.get("year") or one.get("date")
    made = Record(
        file=PureWindowsPath(one["file"]).as_posix() if "file" in one else "",
        title=one.get("title", ""),
        authors=_unique(name for said in found.get("authors", ()) for name in part_names(said)),
        affiliations=_unique(
            part for said in found.get("affiliations", ()) for part in re.split("[;；]", said)
        ),
        year=find_year(year) if year else None,
        keywords=_unique(
            word
            for said in found.get("keywords", ())
            if not said.startswith(TAG)
            for word in _part_words(said)
            if not word.strip().startswith(TAG)
        ),
        doi=_DOI.sub("", one.get("doi", "")),
        **{
            name: one.get(name, "")
            for name in ("journal", "volume", "issue", "pages", "abstract", "database", "key")
        },
    )
    return check(made)


def take_record(row: Mapping[str, Any]) -> Record:
    """Return the record of a row with the very fields of `Record`, taken as it stands.

    Lists may be words with semicolons. Raises ValueError for one that cannot be used.
    """
    unknown = sorted(set(row) - FIELDS)
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(map(str, unknown))}")
    values: dict[str, Any] = {"file": ""}
    for name, value in row.items():
        if name in LISTS:
            parts = value.split(";") if isinstance(value, str) else value
            if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
                raise ValueError(f"{name}: expected a list of words")
            values[name] = tuple(part.strip() for part in parts if part.strip())
        elif name == "year":
            values[name] = _take_year(value)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            values[name] = str(value)
        elif value is not None:
            raise ValueError(f"{name}: expected words")
    return check(Record(**values))


def check(record: Record) -> Record:
    """Return a record that can be used; raises ValueError for another one."""
    for field in fields(record):
        value = getattr(record, field.name)
        try:
            # Half surrogate pairs, which no file and no database can hold.
            "".join(value if isinstance(value, tuple) else str(value)).encode()
        except UnicodeEncodeError:
            raise ValueError(f"{field.name}: holds half a character (a lone surrogate)") from None
    if not record.file and not record.title:
        raise ValueError("no file name and no title")
    return record


def part_names(words: str) -> list[str]:
    """Return the names in a list of authors, parted by semicolons, commas or spaces.

    A comma parts the two halves of a Western name, unless all that it parts are whole names.
    """
    parts = [part.strip() for part in re.split(r"[;；|\n]", words) if part.strip()]
    names: list[str] = []
    for part in parts:
        pieces = [piece.strip() for piece in re.split(r"[,，、]", part) if piece.strip()]
        if _CHINESE.search(part):
            for piece in pieces:
                names += _part_chinese(piece)
        elif len(pieces) > 1 and all(" " in piece for piece in pieces):
            names += pieces
        else:
            names.append(part)
    return [name for name in names if not name.isdigit()]


def _part_chinese(words: str) -> list[str]:
    """Return the Chinese names that spaces part; 张 三 is one name of two characters."""
    words = _drop_marks(words)
    pieces = [_drop_marks(piece) for piece in words.split()]
    if not all(_NAME.fullmatch(piece) for piece in pieces):
        return [words] if words else []
    names: list[str] = []
    half = False
    for piece in pieces:
        if half and len(piece) == 1:
            names[-1] += piece
            half = False
        else:
            names.append(piece)
            half = len(piece) == 1
    return names


def _drop_marks(name: str) -> str:
    name = name.rstrip(_MARKS)
    found = _BRACKETS.search(name[-14:])
    return name[: -len(found[0])] if found else name


def _part_words(words: str) -> list[str]:
    parts = [part for part in re.split(r"[;；|\n]", words) if part.strip()]
    if len(parts) == 1:
        parts = [part for part in re.split(r"[,，、]", words) if part.strip()]
    if len(parts) == 1 and not re.search("[A-Za-z]", words):
        parts = words.split()
    return parts


def find_year(words: str) -> int | None:
    """Return the year of 2005, 2005-03-15, 2005年 or 20050315. Raises ValueError for others."""
    found = _YEAR.match(words.strip())
    if found is None:
        raise ValueError(f"year: {words!r:.40} is not a year")
    return _check_year(int(found[1] or found[2]))


def _take_year(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        year = int(str(value))
    except ValueError:
        raise ValueError(f"year: {value!r:.40} is not a number") from None
    return _check_year(year)


def _check_year(year: int) -> int:
    if not 1800 <= year <= 2200:
        raise ValueError(f"year: {year} is not a year of publication")
    return year


def _clean(words: str) -> str:
    """Return words without markup, on one line."""
    if "&" in words:
        # Twice, since what was escaped for a page was escaped again for the export.
        words = html.unescape(html.unescape(words))
    if "<" in words:
        words = _TAGS.sub("", words)
    return " ".join(words.split())


def _unique(parts: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
