"""A small study with a paper of every kind, judged in every way, whose exports are looked at."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from screen.findings.export import Wanted, write_export
from screen.findings.filters import Filters
from screen.findings.holdings import Holdings
from screen.findings.people import Treatment, make_people
from screen.findings.rows import list_rows
from screen.study.database import open_database, write
from screen.study.folder import Study
from screen.study.schema import copies, exclusions, hits, papers
from screen.study.verdicts import append
from screen.types import Verdict

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

TELLING = "供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。"
HEART, LUNG, PAIR = "供心切取_张三丰.txt", "=肺移植.txt", "两例.txt"
COPY, ANIMAL, DISPUTED = "copy.txt", "animal.txt", "disputed.txt"
CLEARED, OUT, LOST = "cleared.txt", "out.txt", "lost.txt"
DRAWN, QUIET = "drawn.txt", "quiet.txt"
BROKEN, LATE = "坏文件_李四光.pdf", "late.txt"
_FLAGGED = (HEART, LUNG, COPY, ANIMAL, DISPUTED, CLEARED, OUT, LOST)
FILES: dict[str, str | bytes] = {
    **{name: f"移植{n}例报告\n1.2 供心切取 {TELLING}\n" for n, name in enumerate(_FLAGGED, 1)},
    PAIR: f"心脏移植2例\n{TELLING}术后恢复好。\n" + "受者入室。\n" * 40 + f"另一例。{TELLING}\n",
    DRAWN: "病房护理体会,每日通风两次,饮食清淡。\n",
    BROKEN: b"%PDF-1.4 broken",
}
RECORDS: list[dict[str, Any]] = [
    {
        "file": HEART, "title": '=1+1 {供心} & 切取_100% \\ "x"', "year": 2003, "issue": "2",
        "authors": ["张三丰", "Smith, John"], "affiliations": ["某医院"], "journal": "某杂志",
        "volume": "6", "pages": "81-83", "doi": "10.1/a_b", "keywords": ["心脏移植", "供体"],
        "abstract": "第一行,第二行。", "database": "CNKI",
    },
    {"file": LUNG, "title": "肺移植一例", "authors": ["李四光"], "year": 1999, "pages": "1-2, 9"},
    {"file": PAIR, "title": "心脏移植两例", "authors": ["张三丰", "Anna Lee"], "year": 2011},
    {"file": BROKEN, "title": "读不出的一篇", "authors": ["李四光"], "year": 2001},
]  # fmt: skip
REVIEWERS = ("王小明", "AB", "Anna Berg")


@dataclass(frozen=True)
class Judged:
    """The study, its papers by file name, and their passages."""

    folder: Path
    study: Study
    engine: sa.Engine
    papers: dict[str, str]
    hits: dict[str, list[str]]

    def hold(self, authors: Treatment = "names", reviewers: Treatment = "names") -> Holdings:
        """Return what it holds now, to leave with people's names as said."""
        return Holdings(self.study, self.engine, make_people(self.folder, authors, reviewers))

    def rows(self, what: str, **treatment: Treatment) -> list[dict[str, Any]]:
        return list(list_rows(self.hold(**treatment), what))

    def files(self, what: str, filters: Filters) -> list[str]:
        """Return the files of the rows that a filter leaves."""
        return [row["file"] for row in filters.choose(what, list_rows(self.hold(), what))]

    def export(self, what: str, format_: str, output: Path, **treatment: Treatment) -> Path:
        write_export(self.hold(**treatment), Wanted(what, format_), output)
        return output


def make_judged(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    """Make the study, without a classifier."""
    made = make_study(FILES, RECORDS)
    toml = made.folder / "study.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('# model = "default"', 'model = ""'), encoding="utf-8")
    assert invoke("run", made.folder, "--workers", "1").exit_code == 1
    assert invoke("sample", made.folder, "-n", "1", "--seed", "1").exit_code == 0
    (made.papers / LATE).write_text("未读。\n", encoding="utf-8")
    (made.papers / QUIET).write_text("另一篇。\n", encoding="utf-8")
    invoke("add", made.folder, made.papers)
    with open_judged(made.folder) as judged:
        _group(judged)
        append(judged.engine, _say(judged))
    return made


@contextmanager
def open_judged(folder: Path) -> Iterator[Judged]:
    study = Study(folder)
    engine = open_database(study)
    with engine.connect() as connection:
        names = {row.file: row.sha256 for row in connection.execute(sa.select(papers))}
        found: dict[str, list[str]] = {name: [] for name in names}
        query = sa.select(hits.c.id, papers.c.file).join(papers, papers.c.sha256 == hits.c.paper)
        for row in connection.execute(query.where(hits.c.code >= 1).order_by(hits.c.start)):
            found[row.file].append(row.id)
    assert len(found[PAIR]) == 2
    yield Judged(folder, study, engine, names, found)
    engine.dispose()


def _group(judged: Judged) -> None:
    """Make one paper a copy, and leave one out by the scope."""
    paper = judged.papers
    with write(judged.engine) as connection:
        connection.execute(copies.delete())
        connection.execute(
            copies.insert(),
            {"paper": paper[COPY], "original": paper[HEART], "similarity": 1.0, "reason": "same"},
        )
        out = {"subject": paper[ANIMAL], "paper": paper[ANIMAL], "rule": "animal"}
        connection.execute(exclusions.insert(), {**out, "stage": "text", "reason": "animal"})


def _say(judged: Judged) -> Sequence[Verdict]:
    one, other, third = REVIEWERS

    def say(file: str, reviewer: str, code: int | None, number: int = 0, **more: Any) -> Verdict:
        return Verdict(judged.hits[file][number], judged.papers[file], reviewer, code, **more)

    def say_whole(file: str, reviewer: str, code: int | None, **more: Any) -> Verdict:
        return Verdict(None, judged.papers[file], reviewer, code, **more)

    stands_for = json.loads(
        next((judged.folder / "samples").glob("*.json")).read_text(encoding="utf-8")
    )["passages"]
    return [
        say(HEART, one, 2, criteria=("A", "E"), note="=见王小明,AB同意\r\n张三丰一文"),
        say(LUNG, one, 0),
        say(LUNG, other, 2, criteria=("B",)),
        say(LUNG, third, 1, criteria=("D",), round=2, note="Anna Berg decides over ab"),
        say(PAIR, one, 1, criteria=("D",), mitigating=True),
        say(PAIR, one, 2, number=1),
        say(PAIR, one, None, number=1, withdrawn=True),
        say(ANIMAL, one, 2, criteria=("A",)),
        say(DISPUTED, one, 2),
        say(DISPUTED, other, 0),
        say(CLEARED, one, 0),
        say_whole(OUT, one, None, reason="infant"),
        Verdict("0123456789abcdef", judged.papers[LOST], one, 2, criteria=("C",)),
        Verdict(stands_for[0]["id"], judged.papers[DRAWN], other, 2, criteria=("A",)),
        say_whole(BROKEN, other, 1, criteria=("D",)),
    ]
