"""The made corpus as the tests use it: the body of every source, and its sentences."""

import re
from pathlib import Path

from screen.text.normalise import clean_pages
from screen.types import Page

FOLDER = Path(__file__).resolve().parent.parent / "corpus" / "sources"


def _body(path: Path) -> str:
    """Return a source without its record and without the marks of its headings."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^# ", "", text.split("\n---\n", maxsplit=1)[-1], flags=re.MULTILINE)


BODIES: dict[str, str] = {path.stem: _body(path) for path in sorted(FOLDER.glob("*.txt"))}
SENTENCES: tuple[str, ...] = tuple(
    sentence
    for body in BODIES.values()
    for sentence in re.findall(r"[^。\n]{12,160}。", body.split("\n参考文献\n")[0])
)


def clean_string(text: str) -> str:
    """Return the clean form of one string, as a page of its own."""
    return clean_pages([Page("", 1, text, "text", 1.0)]).text
