"""Find source files and read them into pages.

The SHA-256 of the bytes comes before any parsing: it is the paper's identity, and the same bytes
under two names are one paper. Files are untrusted: a name says nothing about what is inside, so
the first bytes decide.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from screen.errors import DocumentError
from screen.ingest.docx import read_docx
from screen.ingest.html import read_html
from screen.ingest.kinds import ADVICE, DOCX, HEAD, HTML, PDF, SUFFIXES, TAIL, media_type
from screen.ingest.limits import within
from screen.ingest.pdf import is_cut_short, read_pdf
from screen.ingest.quality import READABLE, chinese_share
from screen.ingest.repair import read_as
from screen.settings import Limits
from screen.types import Failure, Page, SourceFile

_MEGABYTE = 1_000_000
# Control characters that are no spaces, and what stands for a character that could not be read.
_JUNK = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
# A text with a larger share of control or replacement characters is not a text in that encoding.
_MAX_JUNK = 0.02
# With fewer characters it is not even a sentence: what is left of something cut off.
_LEAST_TEXT = 5
# Where a page of the web names its encoding.
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file met on a walk; `name` is its path below the folder that was walked.

    `taken` is false for a file of a kind that is not read.
    """

    path: Path
    name: str
    error: str = ""
    taken: bool = True


def walk(path: Path) -> Iterator[FoundFile]:
    """Yield the source files at or below a path in the order of their names.

    Links are followed, but no folder twice, so that a loop of links ends. What cannot be read is
    yielded with its error. Files of other kinds are not taken, unless named themselves.
    """
    yield from _visit(path, path, set())


def _visit(path: Path, top: Path, seen: set[tuple[int, int]]) -> Iterator[FoundFile]:
    name = str(path.relative_to(top)) if path != top else path.name
    of_a_kind = path == top or path.suffix.lower() in SUFFIXES
    try:
        status = path.stat()
    except OSError as error:
        # It may be a folder of papers: that nobody may look at it must not pass in silence.
        if of_a_kind or isinstance(error, PermissionError):
            yield FoundFile(path, name, _reason(error))
        else:
            yield FoundFile(path, name, taken=False)
        return
    if stat.S_ISDIR(status.st_mode):
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        try:
            entries = sorted(path.iterdir())
        except OSError as error:
            yield FoundFile(path, name, _reason(error))
            return
        for entry in entries:
            yield from _visit(entry, top, seen)
    elif of_a_kind:
        # A pipe or a device would block the reader or never end.
        regular = stat.S_ISREG(status.st_mode)
        yield FoundFile(path, name, "" if regular else "not a regular file")
    else:
        yield FoundFile(path, name, taken=False)


def hash_file(path: Path) -> SourceFile:
    """Return a file's identity. Raises DocumentError if its bytes cannot be read."""
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            head = block = file.read(HEAD)
            tail = b""
            while block:
                digest.update(block)
                size += len(block)
                tail = (tail + block)[-TAIL:] if len(block) < TAIL else block[-TAIL:]
                block = file.read(1 << 20)
    except OSError as error:
        raise DocumentError("read", _reason(error)) from None
    kind = media_type(head, tail)
    return SourceFile(digest.hexdigest(), os.fspath(path.absolute()), size, kind)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one source file: its pages, and a row for all that could not be read."""

    pages: tuple[Page, ...]
    failures: tuple[Failure, ...]


def read_source(source: SourceFile, limits: Limits) -> Reading:
    """Read a source file into pages. Never raises for what is wrong with the file: that is a row.

    A page that cannot be read has method "unreadable". In a worker process the limits of time and
    memory hold, and a file may end that process.
    """
    try:
        with within(limits.seconds, limits.memory_mb):
            data = _read_bytes(source, limits)
            pages = _read_pages(source, data)
    except DocumentError as error:
        return Reading((), (Failure(source.sha256, source.path, None, error.stage, error.reason),))
    problems: list[tuple[int | None, str]] = []
    if source.media_type == PDF and is_cut_short(data):
        problems.append((None, "the PDF has no end mark: cut short, pages may be missing"))
    for page in pages:
        if page.method == "unreadable":
            problems.append((page.number, "no readable text on this page: a scan or a broken font"))
    if not problems and not any(page.is_read for page in pages):
        problems.append((None, "no text on any page"))
    failures = (Failure(source.sha256, source.path, page, "text", why) for page, why in problems)
    return Reading(tuple(pages), tuple(failures))


def _read_pages(source: SourceFile, data: bytes) -> list[Page]:
    """Read the bytes of a file by its kind. Raises DocumentError with advice for one not read."""
    if source.media_type in ADVICE:
        raise DocumentError("parse", ADVICE[source.media_type])
    if source.media_type == PDF:
        return read_pdf(source.sha256, data)
    if source.media_type == DOCX:
        return read_docx(source.sha256, data)
    if source.media_type == HTML:
        return read_html(source.sha256, _decode_web(data))
    return _read_text(source, data)


def _read_bytes(source: SourceFile, limits: Limits) -> bytes:
    limit = limits.pdf_mb if source.media_type in {PDF, DOCX} else limits.text_mb
    if source.size > limit * _MEGABYTE:
        size = source.size / _MEGABYTE
        raise DocumentError("read", f"too large: {size:.0f} MB, the limit is {limit:g} MB")
    try:
        data = Path(source.path).read_bytes()
    except OSError as error:
        raise DocumentError("read", _reason(error)) from None
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise DocumentError("read", "the file has changed since it was added")
    if not data:
        raise DocumentError("read", "the file is empty")
    return data


def _read_text(source: SourceFile, data: bytes) -> list[Page]:
    text = decode(data, forgive=True)
    if len("".join(text.split())) < _LEAST_TEXT:
        raise DocumentError("text", "the file holds no text")
    return read_pages(source.sha256, text)


def read_pages(sha256: str, text: str) -> list[Page]:
    """Return the pages of a text; form feeds part them, as converters of paged documents write.

    A page that is no readable text has method "unreadable"; one that is blank is left out.
    """
    pages = []
    for number, part in enumerate(text.split("\f"), start=1):
        if not part.strip():
            continue
        words, quality, route = read_as("text", part)
        readable = quality >= READABLE
        method = "text" if readable else "unreadable"
        words = words if readable else ""
        pages.append(Page(sha256, number, words, method, quality, route=route))
    return pages


def _decode_web(data: bytes) -> str:
    """Decode a page of the web in the encoding that it names, if it is in that, or as a text."""
    named = _CHARSET.search(data[:4096])
    if named and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        name = named[1].decode("ascii", "replace").lower()
        try:
            # Pages that name GB2312 hold GBK; GB18030 contains both.
            return data.decode("gb18030" if name in {"gb2312", "gbk"} else name)
        except (LookupError, ValueError):
            pass
    return decode(data, forgive=True)


def decode(data: bytes, *, forgive: bool = False) -> str:
    """Decode a text file in UTF-8, UTF-16, GB18030 or Big5. Raises DocumentError if none fits.

    With `forgive`, U+FFFD stands for bytes that are damaged, if they are few.

    A byte order mark decides; else strict UTF-8, which other encodings hardly ever satisfy; else,
    of the encodings that fit, the one whose result reads most like Chinese.
    """
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return _decode_strictly(data, encoding)
    try:
        text = data.decode("utf-8")
        if _junk(text) <= _MAX_JUNK:
            return text
    except UnicodeDecodeError:
        pass
    candidates = ("utf-16-le", "utf-16-be") if b"\x00" in data else ("gb18030", "big5hkscs")
    readings = []
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        readings.append((chinese_share(text), text))
    if forgive and not readings:
        # A few damaged bytes are no reason to lose a whole text. In other encodings than UTF-8 all
        # that follows them may be read askew, so that only the last character may be cut off.
        damaged = [data.decode("utf-8", "replace")]
        for name in candidates:
            with suppress(UnicodeDecodeError):
                damaged.append(data[:-1].decode(name) + "\ufffd")
        readings = [(chinese_share(text), text) for text in damaged if _junk(text) <= _MAX_JUNK]
    best = max(readings, default=(0.0, ""), key=lambda reading: reading[0])
    if not readings or _junk(best[1]) > _MAX_JUNK:
        raise DocumentError(
            "text", "not a text in UTF-8, UTF-16, GB18030 or Big5 (nor a PDF, whatever its name)"
        )
    return best[1]


def _decode_strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError("text", f"begins as {encoding} but is not: {error.reason}") from None


def _junk(text: str) -> float:
    """Return the share of characters that no text holds."""
    return len(_JUNK.findall(text)) / max(len(text), 1)


def _reason(error: OSError) -> str:
    """Return an error without the path, which is kept beside it and differs between machines."""
    return error.strerror or type(error).__name__
