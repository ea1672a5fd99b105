"""Fill in a worksheet of the made-up papers as a made-up reader would: for the demo alone.

    python corpus/judging.py reader-1 WORKSHEET.csv

The readers know what labels/papers.jsonl says of each paper, and differ where `DIFFER` says so; so
the demo has a review to report: two readers, their agreement, disputes, and an adjudicator. Nobody
read anything, and no figure of the demo says how well the program does.
"""

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path

LABELS = Path(__file__).resolve().parent.parent / "labels" / "papers.jsonl"
ADJUDICATOR = "adjudicator"
# What the second reader says of the passages of these papers instead; None leaves them unread.
DIFFER: Mapping[str, int | None] = {
    "p009.txt": 2, "p021.txt": 1, "p030.pdf": 0, "p035.txt": 1, "p048.txt": 2, "p058.txt": None,
}  # fmt: skip
# Of these disputes the adjudicator has not decided yet.
OPEN = frozenset({"p035.txt"})


def judge(row: dict[str, str], label: Mapping[str, object], reader: str) -> None:
    """Fill in one row: a passage at most as weighty as its paper is, and as the rules say it is."""
    code = min(int(row["code"]), int(str(label["code"])))
    criteria = [name for name in row["criteria"].split(", ") if name in str(label["criteria"])]
    file = row["file"]
    if file in DIFFER and reader == "reader-2":
        differs = DIFFER[file]
        if differs is None:
            return
        code = differs if int(row["code"]) else 0
    if reader == ADJUDICATOR and (file not in DIFFER or file in OPEN or DIFFER[file] is None):
        return
    row["judgement"] = str(code)
    row["judged_criteria"] = ", ".join(criteria) if code else ""
    row["judged_mitigating"] = "yes" if code and row["mitigating"] else "no"


def main() -> None:
    """Fill in the file that is named, in place."""
    reader, path = sys.argv[1], Path(sys.argv[2])
    lines = LABELS.read_text(encoding="utf-8").splitlines()
    labels = {row["file"]: row for row in map(json.loads, lines)}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        label = labels[row["file"]]
        if int(row["code"]) or label["code"]:
            judge(row, label, reader)
        elif reader != ADJUDICATOR:
            # Of a paper that was drawn from the unflagged, people say what it is as a whole.
            row["paper_judgement"] = str(label["code"])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
