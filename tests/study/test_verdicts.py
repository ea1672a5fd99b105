"""Verdicts are added and never changed, whoever asks; and what they come to is known at once."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from screen.study.database import open_database, write
from screen.study.folder import Study
from screen.study.schema import orders, tallies, verdicts
from screen.study.verdicts import OUT_OF_SCOPE, Settled, append, read_judgements, read_told
from screen.types import Verdict
from tests.surroundings import SERVER, make_database, on_sqlite, set_url

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study whose database all tests here share, each with its papers."""
    study = Study.create(tmp_path_factory.mktemp("verdicts") / "study")
    if SERVER:
        set_url(study.folder, make_database())
    return study.folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[sa.Engine]:
    engine = open_database(Study(folder))
    yield engine
    engine.dispose()


_numbers = itertools.count()


@pytest.fixture
def paper() -> str:
    return name_paper()


def name_paper() -> str:
    """Return a paper that nobody has judged."""
    return f"paper {next(_numbers)}"


def judged(paper: str, reviewer: str, code: int | None, **more: Any) -> Verdict:
    """Return a verdict on the passage of a paper, or with `hit=None` on the paper."""
    return Verdict(**{"hit": f"hit of {paper}", **more}, paper=paper, reviewer=reviewer, code=code)


def withdrawn(paper: str, reviewer: str, **more: Any) -> Verdict:
    return judged(paper, reviewer, None, withdrawn=True, **more)


def read_rows(engine: sa.Engine, paper: str | None = None) -> list[dict[str, Any]]:
    query = sa.select(verdicts).order_by(verdicts.c.id)
    if paper is not None:
        query = query.where(verdicts.c.paper == paper)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def read_settled(engine: sa.Engine, paper: str, per_passage: int = 1) -> Settled | None:
    """Return what the verdicts on the passage of a paper come to."""
    return read_judgements(engine, per_passage, paper).hits.get(f"hit of {paper}")


def read_tallies(engine: sa.Engine, paper: str) -> dict[str, tuple[int, int, bool]]:
    """Return reviewers of the first round, last round and dispute, by passage ("" the paper)."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(tallies).where(tallies.c.paper == paper))
        return {row.hit: (row.judged, row.round, row.disputed) for row in rows}


# ---- the database refuses --------------------------------------------------------------------

_COLUMNS = 'paper, hit, reviewer, round, code, criteria, reason, note, at, "key"'
_VALUES = "paper, hit, reviewer, round, 0, criteria, reason, note, at"
STATEMENTS = [
    "UPDATE verdicts SET code = 0",
    "UPDATE verdicts SET note = 'x' WHERE id = {id}",
    "DELETE FROM verdicts",
    "DELETE FROM verdicts WHERE id = {id}",
    f"INSERT INTO verdicts (id, {_COLUMNS}) SELECT id, {_VALUES}, 'other' FROM verdicts "
    "WHERE id = {id} ON CONFLICT (id) DO UPDATE SET code = 0",
    f'INSERT INTO verdicts ({_COLUMNS}) SELECT {_VALUES}, "key" FROM verdicts '
    'WHERE id = {id} ON CONFLICT ("key") DO UPDATE SET code = 0',
]
ONLY_SQLITE = [
    f"INSERT OR REPLACE INTO verdicts (id, {_COLUMNS}) SELECT id, {_VALUES}, 'other' "
    "FROM verdicts WHERE id = {id}",
    f'INSERT OR REPLACE INTO verdicts ({_COLUMNS}) SELECT {_VALUES}, "key" FROM verdicts '
    "WHERE id = {id}",
    f'REPLACE INTO verdicts (id, {_COLUMNS}) SELECT id, {_VALUES}, "key" FROM verdicts '
    "WHERE id = {id}",
    "UPDATE OR REPLACE verdicts SET code = 0 WHERE id = {id}",
    "UPDATE OR IGNORE verdicts SET code = 0 WHERE id = {id}",
]
ONLY_POSTGRESQL = [
    "TRUNCATE verdicts",
    "TRUNCATE verdicts RESTART IDENTITY CASCADE",
    "UPDATE verdicts SET code = 0 WHERE false",
    "WITH gone AS (DELETE FROM verdicts RETURNING id) SELECT count(*) FROM gone",
]


@pytest.mark.parametrize(
    "statement",
    [
        *STATEMENTS,
        *(pytest.param(statement, marks=on_sqlite) for statement in ONLY_SQLITE),
    ],
)
def test_the_database_refuses_to_change_or_delete_a_verdict(
    engine: sa.Engine, paper: str, statement: str
) -> None:
    assert_refused(engine, paper, statement)


@pytest.mark.parametrize("statement", ONLY_POSTGRESQL)
def test_postgresql_refuses_what_only_it_can(
    server: str, engine: sa.Engine, paper: str, statement: str
) -> None:
    assert_refused(engine, paper, statement)


def assert_refused(engine: sa.Engine, paper: str, statement: str) -> None:
    [number] = append(engine, [judged(paper, "AB", 2, key=f"key of {paper}")])
    before = read_rows(engine)
    with (
        pytest.raises(sa.exc.IntegrityError, match="verdicts are never changed or deleted"),
        write(engine) as connection,
    ):
        connection.exec_driver_sql(statement.format(id=number))
    assert read_rows(engine) == before
    # What was refused left nothing locked.
    append(engine, [judged(paper, "AB", 1)])


# ---- what is recorded ------------------------------------------------------------------------


def test_a_verdict_comes_back_as_it_was_given(engine: sa.Engine, paper: str) -> None:
    verdict = judged(
        paper,
        "审稿人甲",
        2,
        criteria=("A", "B"),
        mitigating=True,
        note="\0 \U00020000 'quoted' \x10",
        at="2026-01-02T03:04:05+00:00",
        pack="brain-death 1",
        model="model 1",
        blind=True,
        key=f"key of {paper}",
    )
    with write(engine) as connection:
        values = {"learned_from": 0, "strategy": "certainty", "ready": True}
        connection.execute(orders.insert().values(number=7, **values))
    append(engine, [verdict])
    [row] = read_rows(engine, paper)
    kept = Verdict(**{name: row[name] for name in Verdict.__slots__})
    assert replace(kept, criteria=tuple(kept.criteria)) == verdict
    assert (row["supersedes"], row["order"]) == (None, 7)
    with write(engine) as connection:
        connection.execute(orders.delete())


def test_a_verdict_without_a_time_is_of_now(engine: sa.Engine, paper: str) -> None:
    append(engine, [judged(paper, "AB", 2)])
    assert read_rows(engine, paper)[0]["at"].startswith("20")


def test_a_verdict_supersedes_the_last_of_its_reviewer_on_the_same_thing_in_the_same_round(
    engine: sa.Engine, paper: str
) -> None:
    first, other, second, whole, later, third = append(
        engine,
        [
            judged(paper, "AB", 2),
            judged(paper, "CD", 1),
            judged(paper, "AB", 1),
            judged(paper, "AB", 0, hit=None),
            judged(paper, "AB", 0, round=2),
            judged(paper, "AB", 0),
        ],
    )
    superseded = {row["id"]: row["supersedes"] for row in read_rows(engine, paper)}
    assert superseded == {
        first: None, other: None, second: first, whole: None, later: None, third: second,
    }  # fmt: skip


def test_what_was_withdrawn_does_not_stand_and_can_be_judged_again(
    engine: sa.Engine, paper: str
) -> None:
    first, back = append(engine, [judged(paper, "AB", 2), withdrawn(paper, "AB")])
    assert read_settled(engine, paper) is None
    assert read_tallies(engine, paper) == {}
    assert [row["supersedes"] for row in read_rows(engine, paper)] == [None, first]
    [again] = append(engine, [judged(paper, "AB", 1)])
    settled = read_settled(engine, paper)
    assert settled is not None
    assert (settled.code, settled.judged, settled.first, settled.last) == (1, 1, first, again)
    assert read_rows(engine, paper)[-1]["supersedes"] == back


def test_a_key_sent_twice_is_one_verdict(engine: sa.Engine, paper: str) -> None:
    verdict = judged(paper, "AB", 2, key=f"key of {paper}")
    [number] = append(engine, [verdict])
    assert append(engine, [verdict]) == [number]
    assert append(engine, [judged(paper, "AB", 1), verdict]) == [number + 1, number]
    assert len(read_rows(engine, paper)) == 2
    assert read_tallies(engine, paper)[f"hit of {paper}"] == (1, 1, False)
    # Within one call as well; and without keys nothing is the same.
    keyed = judged(paper, "CD", 0, key=f"other key of {paper}")
    assert len(set(append(engine, [keyed, keyed]))) == 1
    assert len(set(append(engine, [judged(paper, "CD", 0), judged(paper, "CD", 0)]))) == 2


def test_all_of_a_call_is_recorded_or_nothing(engine: sa.Engine, paper: str) -> None:
    good = judged(paper, "AB", 2)
    with pytest.raises(Exception, match=r"(?i)null|serializable"):
        append(engine, [good, replace(good, reviewer=None)])  # type: ignore[arg-type]
    assert read_rows(engine, paper) == []
    assert read_tallies(engine, paper) == {}


def test_verdicts_on_very_many_papers_can_be_asked_for_at_once(
    engine: sa.Engine, paper: str
) -> None:
    append(engine, [judged(paper, "AB", 2)])
    # A database takes only so many values in one statement: PostgreSQL 65535.
    papers = [paper, *(f"{paper}, {number}" for number in range(70_000))]
    with engine.connect() as connection:
        assert set(read_told(connection, papers)) == {(paper, f"hit of {paper}")}


# ---- what it comes to ------------------------------------------------------------------------


@pytest.mark.parametrize("per_passage", [1, 2, 3])
def test_it_is_settled_once_enough_have_judged_and_agree(
    engine: sa.Engine, paper: str, per_passage: int
) -> None:
    for number, reviewer in enumerate(("AB", "CD", "EF")[:per_passage], start=1):
        append(engine, [judged(paper, reviewer, 2)])
        settled = read_settled(engine, paper, per_passage)
        assert settled is not None
        assert (settled.judged, settled.disputed) == (number, False)
        assert settled.pending == (number < per_passage)
        assert settled.code == (2 if number == per_passage else None)
        assert settled.is_settled == (number == per_passage)
        assert settled.highest == 2


def test_one_reviewer_who_judges_often_is_one_reviewer(engine: sa.Engine, paper: str) -> None:
    append(engine, [judged(paper, "AB", code) for code in (2, 1, 2)])
    settled = read_settled(engine, paper, 2)
    assert settled is not None
    assert (settled.judged, settled.pending, settled.disputed) == (1, True, False)


@pytest.mark.parametrize("per_passage", [1, 2, 3])
def test_those_who_differ_settle_nothing_until_a_second_round(
    engine: sa.Engine, paper: str, per_passage: int
) -> None:
    append(engine, [judged(paper, "AB", 2), judged(paper, "CD", 0)])
    settled = read_settled(engine, paper, per_passage)
    assert settled is not None
    assert (settled.code, settled.disputed, settled.highest) == (None, True, 2)
    assert settled.pending == (per_passage == 3)
    append(engine, [judged(paper, "EF", 1, round=2)])
    settled = read_settled(engine, paper, per_passage)
    assert settled is not None
    # Who decides need not wait for the third of the first round.
    assert (settled.code, settled.disputed, settled.pending) == (1, False, False)
    assert (settled.judged, settled.round) == (2, 2)
    append(engine, [withdrawn(paper, "EF", round=2)])
    settled = read_settled(engine, paper, per_passage)
    assert settled is not None
    assert (settled.code, settled.disputed, settled.round) == (None, True, 1)
    assert read_tallies(engine, paper)[f"hit of {paper}"] == (2, 1, True)


def test_one_who_comes_round_ends_the_dispute(engine: sa.Engine, paper: str) -> None:
    append(engine, [judged(paper, "AB", 2), judged(paper, "CD", 0), judged(paper, "CD", 2)])
    settled = read_settled(engine, paper, 2)
    assert settled is not None
    assert (settled.code, settled.disputed) == (2, False)


def test_reasons_for_being_out_of_scope_are_disputed_too(engine: sa.Engine, paper: str) -> None:
    for reviewer, reason in (("AB", "animal"), ("CD", "infant")):
        append(engine, [judged(paper, reviewer, None, hit=None, reason=reason)])
    found = read_judgements(engine, 2, paper).papers[paper]
    assert (found.code, found.disputed, found.highest) == (None, True, -1)
    append(engine, [judged(paper, "CD", None, hit=None, reason="animal")])
    found = read_judgements(engine, 2, paper).papers[paper]
    assert (found.disputed, found.reason, found.is_settled) == (False, "animal", True)


_acts: st.SearchStrategy[list[list[dict[str, Any]]]] = st.lists(
    st.lists(
        st.builds(
            dict,
            whole=st.booleans(),
            reviewer=st.sampled_from(["AB", "CD", "EF"]),
            round=st.integers(1, 2),
            said=st.sampled_from([0, 1, 2, OUT_OF_SCOPE[0], OUT_OF_SCOPE[1], "withdrawn"]),
            key=st.none() | st.integers(0, 3),
        ),
        max_size=5,
    ),
    max_size=4,
)


def act(paper: str, what: dict[str, Any]) -> Verdict:
    said = what["said"]
    more: dict[str, Any] = {}
    if what["whole"]:
        more["hit"] = None
    if what["key"] is not None:
        more["key"] = f"{what['whole']} {what['key']} of {paper}"
    if said == "withdrawn":
        return withdrawn(paper, what["reviewer"], round=what["round"], **more)
    reason = "" if isinstance(said, int) else said
    code = said if isinstance(said, int) else None
    return judged(paper, what["reviewer"], code, round=what["round"], reason=reason, **more)


@given(_acts)
def test_tallies_and_what_is_settled_follow_from_all_that_was_said(
    engine: sa.Engine, said: list[list[dict[str, Any]]]
) -> None:
    paper = name_paper()
    standing: dict[str, dict[tuple[int, str], tuple[int | None, str]]] = {"": {}, "hit": {}}
    seen = set()
    for acts in said:
        given_ = [act(paper, what) for what in acts]
        append(engine, given_)
        for verdict in given_:
            if verdict.key in seen:
                continue
            seen |= {verdict.key} - {None}
            mine = standing["hit" if verdict.hit else ""]
            mine.pop((verdict.round, verdict.reviewer), None)
            if not verdict.withdrawn:
                mine[verdict.round, verdict.reviewer] = (verdict.code, verdict.reason)
    tallied = read_tallies(engine, paper)
    for per_passage in (1, 2, 3):
        found = read_judgements(engine, per_passage, paper)
        for thing, told in standing.items():
            settled = (found.hits if thing else found.papers).get(
                f"hit of {paper}" if thing else paper
            )
            if not told:
                assert settled is None
                assert (f"hit of {paper}" if thing else "") not in tallied
                continue
            assert settled is not None
            last = max(round_ for round_, _ in told)
            final = {code for (round_, _), code in told.items() if round_ == last}
            first = sum(round_ == 1 for round_, _ in told)
            pending = last == 1 and first < per_passage
            assert (settled.judged, settled.round, settled.disputed) == (
                first,
                last,
                len(final) > 1,
            )
            assert settled.pending == pending
            code, reason = next(iter(final)) if len(final) == 1 and not pending else (None, "")
            assert (settled.code, settled.reason) == (code, reason)
            counted = tallied[f"hit of {paper}" if thing else ""]
            assert counted == (settled.judged, settled.round, settled.disputed)


# ---- many at once ----------------------------------------------------------------------------


def assert_nothing_was_lost(engine: sa.Engine, paper: str, count: int) -> None:
    """Check that each verdict of a reviewer supersedes the one before, and the tally is right."""
    rows = read_rows(engine, paper)
    assert len(rows) == count
    last: dict[str, int] = {}
    for row in rows:
        assert row["supersedes"] == last.get(row["reviewer"])
        last[row["reviewer"]] = row["id"]
    settled = read_settled(engine, paper)
    assert settled is not None
    assert settled.judged == len(last)
    assert read_tallies(engine, paper) == {
        f"hit of {paper}": (settled.judged, settled.round, settled.disputed)
    }


def test_threads_that_write_at_once_lose_nothing(engine: sa.Engine, paper: str) -> None:
    def judge(number: int) -> None:
        reviewer = "ABCD"[number % 4]
        append(engine, [judged(paper, reviewer, number % 3, key=f"{paper} {number // 2}")])

    with ThreadPoolExecutor(8) as pool:
        # Each act of judging is sent twice.
        list(pool.map(judge, [number for number in range(40) for _ in range(2)]))
    assert_nothing_was_lost(engine, paper, 20)


WRITING = """
import sys
from pathlib import Path
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.verdicts import append
from screen.types import Verdict

folder, paper, reviewer = sys.argv[1:]
engine = open_database(Study(Path(folder)))
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    own = Verdict(f"hit of {paper}", paper, reviewer, number % 3)
    shared = Verdict(f"hit of {paper}", paper, "both", 1, key=f"{paper} {number}")
    append(engine, [own, shared])
"""


def start(script: str, *arguments: str | Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_that_write_at_once_lose_nothing(
    folder: Path, engine: sa.Engine, paper: str
) -> None:
    processes = [start(WRITING, folder, paper, reviewer) for reviewer in ("AB", "CD")]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    # Of each verdict that both gave there is one.
    assert_nothing_was_lost(engine, paper, 30 + 30 + 30)


DYING = """
import os, signal, sys
from pathlib import Path
from screen.study import verdicts
from screen.study.database import open_database
from screen.study.folder import Study
from screen.types import Verdict

folder, paper = sys.argv[1:]
engine = open_database(Study(Path(folder)))
for reviewer in ("AB", "CD"):
    verdicts.append(engine, [Verdict(f"hit of {paper}", paper, reviewer, 2)])
print("ready", flush=True)
verdicts._tally = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
verdicts.append(engine, [Verdict(f"hit of {paper}", paper, "EF", 2)])
"""


def test_who_dies_while_writing_loses_that_verdict_only_and_holds_nobody_up(
    folder: Path, engine: sa.Engine, paper: str
) -> None:
    start(DYING, folder, paper).wait(timeout=60)
    append(engine, [judged(paper, "GH", 2)])
    assert [row["reviewer"] for row in read_rows(engine, paper)] == ["AB", "CD", "GH"]
    assert_nothing_was_lost(engine, paper, 3)
