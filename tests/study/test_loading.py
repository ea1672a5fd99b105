"""What the files of a study hold gets into its database whole, whatever signs are in it."""

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from screen.study.folder import Study
from screen.study.loading import load
from screen.study.queries import list_failures, list_papers, list_queue
from screen.study.schema import TEXT
from screen.types import Failure

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

TELLING = "1.2 供心切取 供体确认脑死亡后行气\0管插管,接呼吸机\x10,正中开胸。\n"
# So that a text is not taken for something else.
REST = "2 讨论 术后早期监测体温、脉搏、血压,病房每日通风两次。\n" * 20
# In the order of their code points, which is that of no language.
NAMES = ["B.txt", "Z.txt", "a.txt", "b 1.txt", "b-1.txt", "é.txt", "供体.txt", "供心.txt", "𠀀.txt"]


def list_rows(invoke: "Invoke", study: "MadeStudy") -> list[dict[str, Any]]:
    shown = invoke("queue", study.folder, "--order", "score", "--json", "-n", "99")
    assert shown.exit_code == 0, shown.output
    return [json.loads(line) for line in shown.stdout.splitlines()]


@pytest.fixture(scope="module")
def odd(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    """Return a study of signs that databases are choosy about."""
    files: dict[str, str | bytes] = {"nul.txt": f"心脏移植1例\n{TELLING}{REST}"}
    files[os.fsdecode(b"\xb9\xa9.txt")] = f"心脏移植2例\n{TELLING}{REST}"
    files[os.fsdecode(b"empty \xff.txt")] = ""
    records = [
        {"file": "nul.txt", "title": "题\0目", "abstract": "\x10\0\x100"},
        {"file": "no such\0file.txt", "title": "\U00020000"},
        {"file": "half.txt", "title": "\ud800"},
    ]
    study = make_study(files, records=[json.loads(json.dumps(r)) for r in records[:2]])
    path = study.folder.parent / "half.jsonl"
    path.write_text(json.dumps(records[2]), encoding="ascii")
    done = invoke("add", study.folder, "--records", path)
    assert "half a character" in done.stderr
    assert invoke("run", study.folder).exit_code == 1, "one paper is empty"
    return study


def test_a_quote_is_verbatim_whatever_is_in_it(odd: "MadeStudy", invoke: "Invoke") -> None:
    rows = list_rows(invoke, odd)
    assert [row["file"] for row in rows] == ["\\xb9\\xa9.txt", "nul.txt"]
    for row in rows:
        assert TELLING.strip() in row["quote"]


def test_records_and_names_are_told_as_they_are(odd: "MadeStudy") -> None:
    with odd.database() as engine:
        papers = {row["file"]: row for row in list_papers(engine)}
        (failure,) = list_failures(engine)
        records = {row[1]: row for row in map(tuple, odd.rows()["records"])}
    assert papers["nul.txt"]["record_title"] == "题\0目"
    assert records["nul.txt"][13] == "\x10\0\x100"
    assert records["no such\0file.txt"][4] == "\U00020000"
    assert failure["file"] == "empty \\xff.txt"
    assert failure["path"].endswith("empty \\xff.txt")


def test_running_again_loads_nothing_again(odd: "MadeStudy", invoke: "Invoke") -> None:
    before = odd.rows()
    assert "nothing to do" in invoke("run", odd.folder).stdout
    assert odd.rows() == before


def test_an_error_with_half_a_character_in_it_is_a_row(
    make_study: "MakeStudy", monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study({"a.txt": TELLING})
    row = Failure("", "/nowhere", None, "add", "no file '\udcb9\ud800\0'")
    monkeypatch.setattr(Study, "unread", lambda _: [row])
    with study.database() as engine:
        load(Study(study.folder), engine, [])
        (failure,) = list_failures(engine)
    assert failure["error"] == "no file '\\udcb9\\ud800\0'"


def test_names_come_in_the_order_of_their_code_points(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    study = make_study(
        {name: f"第{n}例 {TELLING}{REST}" for n, name in enumerate(NAMES)}, shard_size=2
    )
    assert invoke("run", study.folder).exit_code == 0
    with study.database() as engine:
        assert [row["file"] for row in list_papers(engine)] == NAMES
        assert [row["file"] for row in list_queue(engine, order="score")] == NAMES


@pytest.fixture(scope="module")
def connection(make_study: "MakeStudy") -> Any:
    with make_study({}).database() as engine, engine.connect() as connection:
        yield connection


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\x10 01")))
def test_words_come_back_as_they_were_put_in(connection: sa.Connection, words: str) -> None:
    assert connection.scalar(sa.select(sa.literal(words, TEXT))) == words
    kept = connection.scalar(sa.select(sa.literal([words, {"a": words}], sa.JSON)))
    assert kept == [words, {"a": words}]
