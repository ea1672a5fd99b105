"""Make the damaged copies of the judged passages: labels/damaged.jsonl.

What a classifier learns from clean passages alone fails on papers as converters leave them. Each
passage gets one copy with the damage of the method on top, by a seed of its own, so that a new
passage changes no other's copy. Copies are learned from with their original, in the same fold; they
are not counted and nothing is measured on them.

    python labels/build.py           writes the file
    python labels/build.py --check   exits with 1 if it is not up to date
"""

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from corpus import damage  # noqa: E402

TARGET = HERE / "damaged.jsonl"
SOURCES = ("passages.jsonl", "excerpts.jsonl")


def damage_text(text: str, rng: Random) -> str:
    """Return a text with misread characters, and with some of the other kinds of damage."""
    damaged = damage.misread(text, rng, rate=rng.choice((0.03, 0.06, 0.1)))
    if rng.random() < 0.3:
        damaged = damage.run_in_citations(damaged, rng)
    if rng.random() < 0.3:
        damaged = damage.dot_stops(damaged, rng)
    if rng.random() < 0.2:
        damaged = damage.widen(damaged, rng)
    if rng.random() < 0.1:
        damaged = damage.traditional(damaged)
    if rng.random() < 0.3:
        damaged = damage.space_out(damaged, rng, rate=0.4)
    if rng.random() < 0.4:
        damaged = damage.wrap_lines(damaged, rng)
    return damaged


def make_rows() -> list[dict[str, Any]]:
    """Return one damaged copy of each judged passage."""
    rows = []
    for name in SOURCES:
        for line in (HERE / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = damage_text(row["text"], Random(row["id"]))
            copy = {"id": f"{row['id']}-damaged", "copy_of": row["id"], "code": row["code"]}
            if "paper" in row:
                copy["paper"] = row["paper"]
            rows.append({**copy, "text": text})
    return rows


def main() -> None:
    """Write the file, or check it."""
    made = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in make_rows())
    if "--check" in sys.argv:
        sys.exit(TARGET.read_text(encoding="utf-8") != made)
    TARGET.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
