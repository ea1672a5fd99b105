"""BibTeX, by bibtexparser; what it cannot parse is reported with its line."""

import logging
import re
from collections.abc import Iterator

from bibtexparser.entrypoint import parse_string
from bibtexparser.model import Block, DuplicateBlockKeyBlock, Entry, ParsingFailedBlock
from pylatexenc.latex2text import LatexNodes2Text

from screen.ingest.records.making import Row

_FIELDS = {
    "title": "title", "author": "authors", "affiliation": "affiliations",
    "institution": "affiliations", "organization": "affiliations", "address": "affiliations",
    "journal": "journal", "journaltitle": "journal", "booktitle": "journal", "year": "year",
    "date": "date", "volume": "volume", "number": "issue", "issue": "issue", "pages": "pages",
    "doi": "doi", "abstract": "abstract", "keywords": "keywords", "keyword": "keywords",
    "database": "database", "file": "file",
}  # fmt: skip
_FAILED = "not BibTeX: an entry that is not closed, or not written as one"
_AND = re.compile(r"\s+and\s+")
_ESCAPED = re.compile(r"\\([%&_#$])")
_COMMAND = re.compile(r"\\[A-Za-z\"'`^~=.]")
_MOST_BRACES = 200
# Signs that LaTeX writes in words, which what reads LaTeX makes others of, or loses: they stand
# for themselves as characters that no text has until the braces are taken out.
_WORDS = {
    r"\textbackslash": "\\", r"\textbraceleft": "{", r"\textbraceright": "}",
    r"\textasciitilde": "~", r"\textasciicircum": "^", r"\{": "{", r"\}": "}",
}  # fmt: skip
_SIGNS = {word: chr(0xF0000 + number) for number, word in enumerate(_WORDS)}
_BACK = str.maketrans({sign: _WORDS[word] for word, sign in _SIGNS.items()})
_WORDED = re.compile(
    r"(\\text(?:backslash|brace(?:left|right)|ascii(?:tilde|circum)))(?:\{\}|\b\s*)|(\\[{}])"
)
# rispy and bibtexparser tell a log what they pass over; here it becomes a row of its own.
logging.getLogger("bibtexparser").addHandler(logging.NullHandler())
logging.getLogger("bibtexparser").propagate = False


def read_bibtex(text: str) -> Iterator[Row]:
    """Yield the entries of a BibTeX file in order."""
    for block in parse_string(text).blocks:
        line = (block.start_line or 0) + 1
        # Databases give the same key to several papers, or none to all.
        again = isinstance(block, DuplicateBlockKeyBlock)
        entry: Block | None = getattr(block, "ignore_error_block", None) if again else block
        if isinstance(entry, Entry):
            yield Row(line, _take(entry))
        elif isinstance(block, ParsingFailedBlock):
            yield Row(line, _FAILED)


def _take(entry: Entry) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {"key": [entry.key]}
    for field in entry.fields:
        name = _FIELDS.get(field.key.lower().strip())
        if name is None or not isinstance(field.value, str):
            continue
        said = _strip(field.value)
        if name == "file":
            values[name] = [_find_file(said)]
            continue
        words = _plain(said)
        if name == "authors":
            values.setdefault(name, []).extend(_AND.split(words))
        else:
            values.setdefault(name, []).append(
                words.replace("--", "-") if name == "pages" else words
            )
    return values


def _strip(words: str) -> str:
    """Return a value without its quotes, where nothing else took them."""
    words = words.strip()
    quoted = len(words) > 1 and words[0] + words[-1] in ('""', "{}")
    return words[1:-1].strip() if quoted else words


def _plain(words: str) -> str:
    """Return a value without LaTeX: braces that hold together, escaped signs, accents."""
    words = _WORDED.sub(lambda found: _SIGNS[found[1] or found[2]], words)
    words = _ESCAPED.sub(r"\1", words)
    if _COMMAND.search(words) and words.count("{") <= _MOST_BRACES:
        # To LaTeX a % would begin a comment, and a $ mathematics.
        words = re.sub(r"([%&_#$])", r"\\\1", words)
        words = LatexNodes2Text(math_mode="verbatim").latex_to_text(words)
    return words.replace("{", "").replace("}", "").translate(_BACK)


def _find_file(words: str) -> str:
    """Return the file name in what reference managers write: `name:path/paper.pdf:PDF`."""
    first = words.split(";")[0]
    if re.match(r"[A-Za-z]:[\\/]", first):
        return first
    parts = [part for part in first.split(":") if re.search(r"\.\w{2,4}$", part)]
    return (parts or [first])[-1]
