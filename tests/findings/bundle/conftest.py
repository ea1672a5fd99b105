"""A small study that was judged, and its bundle."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from screen.findings.bundle.setup import _read_book
from screen.study.folder import Study
from screen.study.queries import list_queue
from screen.study.verdicts import append
from screen.types import Verdict
from tests.conftest import Invoke, MadeStudy, MakeStudy
from tests.forging import Members, take_apart

FLAGGED = "1.2 供心切取。供体脑死亡后立即气管插管，接呼吸机，开胸。受者术后恢复好。"
OTHER = "供体确认脑死亡后行气管插管，静脉注射肝素，剖腹切取肝脏。"
PLAIN = "本文总结肾移植术后随访的护理体会，共三十例，均为活体亲属供肾，术后恢复良好。"
AUTHORS = ("欧阳锋利", "Zhuge Kongming")
REVIEWERS = ("Agatha Christie", "Dorothy Sayers", "Ngaio Marsh")
FILES = {
    "early/欧阳锋利_供心切取.txt": f"供心切取的体会\n{FLAGGED}\n",
    "b.txt": f"肝移植二例\n{OTHER}\n",
    "c.txt": f"护理\n{PLAIN}\n",
    "d.txt": f"护理体会\n{PLAIN}\n第二部分另述供肾的保存方法与转运时间。\n",
    "e.txt": "",
}
RECORDS = [
    {"file": "early/欧阳锋利_供心切取.txt", "title": "供心切取的体会", "authors": list(AUTHORS),
     "affiliations": ["某大学附属第一医院"], "year": 1999, "database": "CNKI"},
    {"file": "b.txt", "title": "肝移植二例", "authors": [AUTHORS[1]], "year": 2003},
    {"file": "", "title": "没有文件的记录", "authors": [AUTHORS[0]], "year": 2001},
]  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A study that was judged, and the bundle of it."""

    made: MadeStudy
    bundle: Path

    @property
    def members(self) -> Members:
        return take_apart(self.bundle)


@pytest.fixture(autouse=True)
def _read_each_pack_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a pack is most of the time that a check takes."""

    def read(folder: Path) -> Any:
        files = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
        if files not in _books:
            _books[files] = _read_book(folder)
        return _books[files]

    monkeypatch.setattr("screen.findings.bundle.setup._read_book", read)


_books: dict[bytes, Any] = {}


@pytest.fixture(scope="session")
def judged(
    make_study: MakeStudy, invoke: Invoke, tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    made = make_study(FILES, RECORDS)
    settings = made.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("# reviewers_per_passage = 1", "reviewers_per_passage = 2")
    settings.write_text(text, encoding="utf-8")
    invoke("run", made.folder)
    drawn = json.loads(invoke("sample", made.folder, "-n", "1", "--seed", "7", "--json").stdout)
    with made.database() as engine:
        hits = {row["file"]: row for row in list_queue(engine, every=True)}
        one, two = hits["early/欧阳锋利_供心切取.txt"], hits["b.txt"]
        said = [
            (REVIEWERS[0], one, 2, 1), (REVIEWERS[1], one, 2, 1),
            (REVIEWERS[0], two, 1, 1), (REVIEWERS[0], two, 2, 1), (REVIEWERS[1], two, 0, 1),
            (REVIEWERS[2], two, 1, 2),
        ]  # fmt: skip
        given = [
            Verdict(row["id"], row["paper"], who, code, round_, tuple(row["criteria"]),
                    note=f"as {REVIEWERS[1]} said" if who == REVIEWERS[0] else "",
                    at="2026-01-02T03:04:05+00:00", blind=True)
            for who, row, code, round_ in said
        ]  # fmt: skip
        given += [
            Verdict(None, drawn["papers"][0], who, 0, at="2026-01-03T00:00:00+00:00")
            for who in REVIEWERS[:2]
        ]
        mistaken = Verdict(one["id"], one["paper"], REVIEWERS[2], 0, at="2026-01-04T00:00:00+00:00")
        given += [mistaken, replace(mistaken, code=None, withdrawn=True)]
        append(engine, given)
    path = tmp_path_factory.mktemp("bundle") / "evidence.zip"
    done = invoke("bundle", made.folder, "--pseudonymise", "-o", path)
    assert done.exit_code == 0, done.output
    assert Study(made.folder).settings.review.reviewers_per_passage == 2
    return Judged(made, path)
