"""Measure how well affiliations are told: hospitals, cities and provinces, each right or wrong.

    python -m benchmarks.places [--gold labels/affiliations.jsonl] [--json]

Wrong is what names another place than the right one, or names one where nobody could tell; it is
the bad kind. Missed is what stays unknown though it is told. What is rightly left unknown is right.
A hospital may be named by any name that the table has for it alone; one that the gold standard does
not know, and whose whole present name stands in the affiliation, is right.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.material import ROOT
from screen.findings.gazetteer import open_gazetteer
from screen.findings.places import find_place
from screen.findings.spelling import spell

GOLD = ROOT / "labels" / "affiliations.jsonl"
FIELDS = ("hospital", "city", "province")
RIGHT, WRONG, MISSED = "right", "wrong", "missed"


@dataclass(frozen=True, slots=True)
class Answer:
    """One field of one affiliation: what it should be, what was found and by which method."""

    text: str
    field: str
    wanted: str
    found: str
    method: str

    @property
    def outcome(self) -> str:
        """Right, wrong or missed."""
        if self.found == self.wanted:
            return RIGHT
        return WRONG if self.found else MISSED


def judge_places(path: Path) -> Iterator[Answer]:
    """Yield three answers for each line of a gold standard."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        place = find_place(row["text"])
        for field in FIELDS:
            wanted = row[field] or ""
            if field == "hospital":
                wanted = _name_hospital(wanted) or _read_out(place.hospital, row["text"])
            yield Answer(row["text"], field, wanted, getattr(place, field), place.method)


def _name_hospital(name: str) -> str:
    """Return the name by which the table calls a hospital, or the one given."""
    known = open_gazetteer().hospitals.get(spell(name).text)
    return known.hospitals[0].name if known and len(known.hospitals) == 1 else name


def _read_out(hospital: str, text: str) -> str:
    """Return a hospital if a text has its name in full, else ""."""
    return hospital if hospital and spell(hospital).text in spell(text).text else ""


def count_outcomes(answers: Iterable[Answer]) -> dict[str, Counter[str]]:
    """Return the number of answers of each outcome, by field."""
    counts: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
    for answer in answers:
        counts[answer.field][answer.outcome] += 1
    return counts


def measure_speed(texts: Iterable[str], number: int = 100_000) -> float:
    """Return the seconds that so many different strings take, made of the ones given."""
    base = list(texts)
    strings = [f"{base[serial % len(base)]} {serial}室" for serial in range(number)]
    start = time.perf_counter()
    for text in strings:
        find_place(text)
    return time.perf_counter() - start


def main() -> None:
    """Print the counts, by field and by method, and every error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path, default=GOLD)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    answers = list(judge_places(options.gold))
    counts = count_outcomes(answers)
    errors = [answer for answer in answers if answer.outcome != RIGHT]
    seconds = measure_speed(answer.text for answer in answers)
    if options.json:
        told = {"counts": counts, "errors": list(map(asdict, errors)), "seconds": seconds}
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"{len(answers) // len(FIELDS)} affiliations; 100,000 strings in {seconds:.1f} s")
    for field in FIELDS:
        print(
            f"{field:9}"
            + "".join(f"{name} {counts[field][name]:>4}   " for name in (RIGHT, WRONG, MISSED))
        )
    for method in sorted({answer.method for answer in answers}):
        mine = count_outcomes(answer for answer in answers if answer.method == method)
        row = "   ".join(
            f"{field} {mine[field][RIGHT]}/{mine[field][WRONG]}/{mine[field][MISSED]}"
            for field in FIELDS
        )
        print(f"by {method:10} right/wrong/missed: {row}")
    for answer in sorted(errors, key=lambda answer: answer.outcome, reverse=True):
        print(
            f"{answer.outcome:6} {answer.field:8} {answer.text} | wanted {answer.wanted or '-'}"
            f" | found {answer.found or '-'} ({answer.method})"
        )


if __name__ == "__main__":
    main()
