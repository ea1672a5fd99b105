"""Judge the demo's study as made-up readers would, through the commands that people use.

    python corpus/judging.py demo

Two readers know what labels/papers.jsonl says of each paper, and differ where `DIFFER` says so; an
adjudicator decides all but one of their disputes. So the demo has a review to report. Nobody read
anything, and no figure of the demo says how well the program does.
"""

import csv
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

LABELS = Path(__file__).resolve().parent.parent / "labels" / "papers.jsonl"
COMMAND = Path(sys.executable).with_name("ddr-screen")
ADJUDICATOR = "adjudicator"
# Who judges, and in which round.
READERS = {"reader-1": 1, "reader-2": 1, ADJUDICATOR: 2}
# What the second reader says of the passages of these papers instead; None leaves them unread.
DIFFER: Mapping[str, int | None] = {
    "p009.txt": 2, "p021.txt": 1, "p030.pdf": 0, "p035.txt": 1, "p048.txt": 2, "p058.txt": None,
}  # fmt: skip
# Of these disputes the adjudicator has not decided yet.
OPEN = frozenset({"p035.txt"})

Row = dict[str, str]


def main() -> None:
    """Let each reader fill in the queue of the study that is named."""
    study = sys.argv[1]
    lines = LABELS.read_text(encoding="utf-8").splitlines()
    labels = {row["file"]: row for row in map(json.loads, lines)}
    sheet = Path(study) / "queue.csv"
    for reader, round_ in READERS.items():
        who = ["--reviewer", reader, "--round", str(round_)]
        run("export", study, "--what", "queue", "--open", "--format", "csv", "-o", sheet, *who)
        fill_in(sheet, labels, reader)
        run("import-verdicts", study, sheet, *who)
    sheet.unlink()


def run(*arguments: str | Path) -> None:
    """Run a command of ddr-screen."""
    subprocess.run([COMMAND, *arguments], check=True)  # noqa: S603 - our own command


def fill_in(sheet: Path, labels: Mapping[str, Mapping[str, object]], reader: str) -> None:
    """Fill in a worksheet, in place."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        label = labels[row["file"]]
        if int(row["code"]) or label["code"]:
            judge(row, label, reader)
        elif reader != ADJUDICATOR:
            # Of a paper that was drawn from the unflagged, people say what it is as a whole.
            row["paper_judgement"] = str(label["code"])
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def judge(row: Row, label: Mapping[str, object], reader: str) -> None:
    """Judge one passage: at most as weighty as its paper is, and as the rules say it is."""
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


if __name__ == "__main__":
    main()
