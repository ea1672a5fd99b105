"""The appendix table in Markdown: a pipe table, as GitHub and Pandoc read it."""

import re
from collections.abc import Iterable
from itertools import chain
from typing import TextIO

from screen.findings.appendix.table import COLUMNS, Appendix, Excerpt, Piece, Row

# GitHub's and Pandoc's, where they may stand within a line.
_SIGNS = re.compile(r"([\\`*_\[\]|~$^@])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Emphasis begins and ends at a letter or figure, or Markdown does not see it.
_WORDS = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_BREAK = "<br>"


def write_markdown(appendix: Appendix, file: TextIO) -> None:
    """Write the table in Markdown; lines within a cell are parted by <br>."""
    file.write(f"**{_escape(appendix.caption)}**\n\n")
    file.write(_row(map(_escape, COLUMNS)))
    file.write(_row("---" for _ in COLUMNS))
    file.writelines(_row(_make_cells(row)) for row in appendix.rows)
    file.write("\n")
    file.writelines(f"- **{_escape(name)}**: {_escape(text)}\n" for name, text in appendix.legend)
    file.writelines(f"\n{_escape(note)}\n" for note in appendix.notes)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _make_cells(row: Row) -> Iterable[str]:
    yield str(row.number)
    yield _escape(row.reference)
    yield _escape(row.year)
    yield _lines(row.hospital)
    yield _BREAK.join(chain.from_iterable(map(_make_excerpt, row.excerpts)))
    yield _lines(row.criteria)
    first, *rest = map(_escape, row.verdict)
    yield _BREAK.join([f"**{first}**", *rest, *(f"*{_escape(line)}*" for line in row.against)])
    yield _lines(row.page)


def _make_excerpt(excerpt: Excerpt) -> Iterable[str]:
    letter = f"**{excerpt.letter})** " if excerpt.letter else ""
    yield letter + ("".join(map(_mark, excerpt.pieces)) or f"not found any more: {excerpt.id}")
    by = f" ({_escape(excerpt.translator)})" if excerpt.translator else ""
    yield f"*Translation:* {_escape(excerpt.translation)}{by}".rstrip()


def _mark(piece: Piece) -> str:
    found = _WORDS.match(piece.text) if piece.is_event else None
    if found is None or not found[2]:
        return _escape(piece.text)
    before, words, after = map(_escape, found.groups())
    return f"{before}**{words}**{after}"


def _lines(lines: Iterable[str]) -> str:
    return _BREAK.join(map(_escape, lines))


def _escape(text: str) -> str:
    """Return a text that Markdown shows as it is: in one cell, and as no markup."""
    text = re.sub(r"[&<>]", lambda found: _ENTITIES[found[0]], text)
    return _SIGNS.sub(r"\\\1", text)
