"""The made corpus as the tests use it: the body of every source, and its sentences."""

import re
from pathlib import Path

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
