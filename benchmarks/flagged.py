"""Print how many papers of each judged code a study flagged, from its export of papers.

    python benchmarks/flagged.py papers.jsonl gold.jsonl [--all-of 2]

`gold.jsonl` holds one object a line with the fields `file` and `code`. With --all-of N the exit
status is 1 unless every paper judged N is flagged.
"""

import argparse
import json
import sys
from pathlib import Path, PurePath
from typing import Any


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def main() -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("papers", type=Path)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--all-of", type=int, choices=(0, 1, 2))
    options = parser.parse_args()
    found = {PurePath(row["file"]).name: row for row in read_rows(options.papers)}
    gold = {PurePath(row["file"]).name: row["code"] for row in read_rows(options.gold)}
    missed: dict[int, list[str]] = {}
    print("judged  papers  flagged  given code 2  1  0  unscreened")
    for code in (2, 1, 0):
        rows = [(name, found.get(name)) for name, judged in sorted(gold.items()) if judged == code]
        given = [row["code"] if row else None for _, row in rows]
        missed[code] = [name for name, row in rows if not (row and row["flagged"])]
        counts = "  ".join(str(given.count(value)) for value in (2, 1, 0, None))
        print(f"{code:>6}  {len(rows):>6}  {len(rows) - len(missed[code]):>7}  {'':>10} {counts}")
    if options.all_of is not None and missed[options.all_of]:
        print(f"judged {options.all_of} and not flagged: {', '.join(missed[options.all_of])}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
