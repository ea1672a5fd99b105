"""A screening from the first order to the bound of its recall, as people go through it."""

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from screen.review.learning import Learner
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.orders import read_last, read_order
from tests.surroundings import lose_database

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "papers"
TEXTS = sorted(path for path in CORPUS.glob("*.txt"))
# Papers without any code, some of them about nothing the pack reads.
UNFLAGGED = {
    f"none{n:02d}.txt": f"第{n}例 受者术前心功能IV级,全麻气管插管后行心脏移植,术后{n}d拔管。\n"
    for n in range(9)
} | {f"other{n}.txt": f"病房护理体会之{n},每日通风两次,饮食清淡。\n" for n in range(3)}


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


def read_queue(invoke: "Invoke", study: Path, *more: str) -> list[dict[str, Any]]:
    done = invoke("queue", study, "--json", "-n", "1000", *more)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def read_status(invoke: "Invoke", study: Path) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(invoke("status", study, "--json").stdout)
    return status


def read_export(invoke: "Invoke", study: Path, what: str) -> list[dict[str, Any]]:
    path = study.parent / f"{what}.jsonl"
    done = invoke("export", study, "--what", what, "-o", path)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def judge(
    invoke: "Invoke", study: Path, rows: list[dict[str, Any]], reviewer: str = "AB", *more: str
) -> None:
    path = write_rows(study.parent / "judged.jsonl", rows)
    done = invoke("import-verdicts", study, path, "--reviewer", reviewer, *more)
    assert done.exit_code == 0, done.output


def set_setting(study: Path, old: str, new: str) -> None:
    path = study / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def made(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    files: dict[str, str | bytes] = {path.name: path.read_bytes() for path in TEXTS}
    study = make_study({**files, **UNFLAGGED})
    assert invoke("run", study.folder, "--workers", "1").exit_code == 0
    return study


@pytest.fixture
def study(made: "MadeStudy", tmp_path: Path) -> Path:
    return made.copy(tmp_path / "study").folder


# ---- the order of reading --------------------------------------------------------------------


def test_the_queue_is_in_the_order_of_expected_codes(invoke: "Invoke", study: Path) -> None:
    queue = read_queue(invoke, study)
    expected = [row["problematic"] + row["possible"] for row in queue]
    assert len(queue) > 20
    assert expected == sorted(expected, reverse=True)
    assert {row["model"] for row in queue} == {
        read_status(invoke, study)["screening"]["order"]["model"]
    }


def test_an_order_is_kept_as_the_queue_shows_it(invoke: "Invoke", study: Path) -> None:
    last = read_last(Study(study))
    assert last is not None
    rows = read_order(Study(study), last.number)
    assert [row["hit"] for row in rows] == [row["id"] for row in read_queue(invoke, study)]
    assert [row["place"] for row in rows] == list(range(len(rows)))


def test_running_again_makes_no_new_order_and_a_deleted_database_gets_the_same(
    invoke: "Invoke", study: Path
) -> None:
    before = read_queue(invoke, study)
    assert invoke("run", study).exit_code == 0
    lose_database(study)
    assert invoke("run", study).exit_code == 0
    assert read_queue(invoke, study) == before
    assert len(list((study / "orders").glob("*.json"))) == 1


@pytest.mark.parametrize("damage", ["delete", "empty", "half"])
def test_a_damaged_order_is_made_anew(invoke: "Invoke", study: Path, damage: str) -> None:
    before = [row["id"] for row in read_queue(invoke, study)]
    for path in (study / "orders").iterdir():
        if damage == "delete":
            path.unlink()
        elif damage == "empty":
            path.write_bytes(b"")
        elif path.suffix == ".parquet":
            path.unlink()
    lose_database(study)
    assert invoke("run", study).exit_code == 0
    assert [row["id"] for row in read_queue(invoke, study)] == before


def test_another_strategy_makes_another_order(invoke: "Invoke", study: Path) -> None:
    set_setting(study, '# strategy = "certainty"', 'strategy = "uncertainty"')
    assert invoke("run", study).exit_code == 0
    gaps = [abs(row["possible"] - 0.5) for row in read_queue(invoke, study)]
    assert gaps == sorted(gaps)
    assert len(list((study / "orders").glob("*.json"))) == 2


def test_without_a_model_the_score_orders(invoke: "Invoke", study: Path) -> None:
    set_setting(study, '# model = "default"', 'model = ""')
    assert invoke("run", study).exit_code == 0
    queue = read_queue(invoke, study)
    assert {row["possible"] for row in queue} == {None}
    assert [row["score"] for row in queue] == sorted((r["score"] for r in queue), reverse=True)
    assert "there is no classifier" in invoke("status", study).stdout


@pytest.mark.parametrize(
    ("value", "words"), [("nowhere", "no model 'nowhere'"), ("bad", "not the model of its card")]
)
def test_a_model_that_cannot_be_used_is_one_line_before_any_work(
    invoke: "Invoke", study: Path, value: str, words: str
) -> None:
    shutil.copytree(CORPUS.parent.parent / "models" / "brain-death", study / "bad")
    (study / "bad" / "model.skops").write_bytes(b"changed")
    set_setting(study, '# model = "default"', f'model = "{value}"')
    done = invoke("run", study)
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_model_for_another_pack_is_refused(invoke: "Invoke", study: Path) -> None:
    set_setting(study, 'pack = "brain-death"', 'pack = "donor-consent"')
    assert invoke("run", study).exit_code == 0  # none ships for it, and none is needed
    shutil.copytree(CORPUS.parent.parent / "models" / "brain-death", study / "mine")
    set_setting(study, '# model = "default"', 'model = "mine"')
    done = invoke("run", study)
    assert done.exit_code == 2
    assert "for packs of family" in done.stderr


# ---- verdicts --------------------------------------------------------------------------------


def test_verdicts_stand_in_exports_and_leave_the_queue(invoke: "Invoke", study: Path) -> None:
    first, second, *_ = read_queue(invoke, study)
    judge(invoke, study, [{"hit_id": first["id"], "judgement": 2, "judged_criteria": ["A"]}])
    judge(invoke, study, [{"hit_id": first["id"], "judgement": 1, "note": "on second thoughts"}])
    queue = [row["id"] for row in read_queue(invoke, study)]
    assert first["id"] not in queue
    assert queue[0] == second["id"]
    assert first["id"] in [row["id"] for row in read_queue(invoke, study, "--all")]
    row = next(r for r in read_export(invoke, study, "hits") if r["hit_id"] == first["id"])
    assert [(v["code"], v["criteria"], v["note"]) for v in row["verdicts"]] == [
        (2, ["A"], ""),
        (1, [], "on second thoughts"),
    ]
    assert row["verdicts"][1]["supersedes"] == row["verdicts"][0]["id"]
    assert row["verdicts"][0]["model"] == row["model"]
    paper = next(
        r for r in read_export(invoke, study, "papers") if r["paper_id"] == row["paper_id"]
    )
    assert paper["verdict"] == 1


def test_reviewers_who_disagree_settle_nothing_until_a_later_round(
    invoke: "Invoke", study: Path
) -> None:
    top = read_queue(invoke, study)[0]
    judge(invoke, study, [{"hit_id": top["id"], "judgement": 2}], "AB")
    judge(invoke, study, [{"hit_id": top["id"], "judgement": 0}], "CD")
    screening = read_status(invoke, study)["screening"]
    assert (screening["judged"], screening["disputed"], screening["papers_found"]) == (1, 1, 0)
    assert screening["stopping"]["found"] == 1  # one says so: reading goes on the longer
    judge(invoke, study, [{"hit_id": top["id"], "judgement": 2}], "EF", "--round", "2")
    screening = read_status(invoke, study)["screening"]
    assert (screening["disputed"], screening["papers_found"]) == (0, 1)


def test_an_exported_table_can_be_filled_in_and_taken_in(
    invoke: "Invoke", study: Path, tmp_path: Path
) -> None:
    table = tmp_path / "hits.csv"
    invoke("export", study, "--what", "hits", "--format", "csv", "-o", table)
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "judgement"])
        writer.writeheader()
        writer.writerows({**row, "judgement": "2" if n < 3 else ""} for n, row in enumerate(rows))
    done = invoke("import-verdicts", study, table, "--reviewer", "AB")
    assert done.exit_code == 0, done.output
    assert "3 verdicts" in done.stdout
    told = [row["verdicts"] for row in read_export(invoke, study, "hits")]
    # The criteria of the pack that the table holds are not the reviewer's.
    assert sum(map(len, told)) == 3
    assert all(verdict["criteria"] == [] for verdicts in told for verdict in verdicts)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"hit_id": "none", "judgement": 2}, "no passage 'none'"),
        ({"hit_id": ["x"], "judgement": 2}, "no passage"),
        ({"judgement": 2}, "neither hit_id nor paper_id nor file"),
        ({"file": "nowhere.txt", "judgement": 2}, "no paper of this study"),
        ({"file": "none01.txt", "judgement": 3}, "'3', not 2, 1, 0 or other_organ"),
        ({"file": "none01.txt", "judgement": "maybe"}, "'maybe', not 2, 1, 0"),
        ({"file": "none01.txt", "judgement": 0, "judged_criteria": 3}, "no list of letters"),
        ({"file": "none01.txt", "judgement": 0, "judged_criteria": "Z"}, "'Z' is no criterion"),
        ({"file": "none01.txt", "judgement": 0, "judged_criteria": "[" * 9000}, "cannot be read"),
        ({"file": "none01.txt", "judgement": 0, "note": "\ud800"}, "half a character"),
    ],
)
def test_one_bad_row_and_nothing_of_a_file_is_taken_in(
    invoke: "Invoke", study: Path, tmp_path: Path, row: Mapping[str, Any], words: str
) -> None:
    good = {"file": "none02.txt", "judgement": 0}
    path = write_rows(tmp_path / "judged.jsonl", [good, dict(row)])
    done = invoke("import-verdicts", study, path, "--reviewer", "AB")
    assert done.exit_code == 2
    assert f"{path}:2: " in done.stderr
    assert words in done.stderr
    assert read_status(invoke, study)["screening"]["verdicts"] == 0


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xb9\xa9", b"[1]", b"{", b'{"judgement": null}'])
def test_a_file_of_no_verdicts_is_one_line(
    invoke: "Invoke", study: Path, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "judged.jsonl").write_bytes(data)
    done = invoke("import-verdicts", study, tmp_path / "judged.jsonl", "--reviewer", "AB")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


# ---- learning --------------------------------------------------------------------------------


@pytest.mark.slow(reason="a classifier that learns in a study")
def test_after_enough_verdicts_the_queue_gets_an_order_that_was_learned(
    invoke: "Invoke", study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the labels that ship a few, which are learned sooner, and in a thread: a process would not
    # know of that. The next test learns all of them in a process.
    labels = (CORPUS.parent.parent / "labels" / "excerpts.jsonl").read_text(encoding="utf-8")
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(labels.splitlines()[::5]), encoding="utf-8")
    monkeypatch.setattr("screen.study.ranking.find_shipped_labels", lambda pack: few)
    threads = SimpleNamespace(Process=type("Process", (Thread,), {"exitcode": 0}))
    monkeypatch.setattr("screen.review.learning.get_context", lambda method: threads)
    set_setting(study, "# every = 20", "every = 4")
    queue = read_queue(invoke, study)
    judge(invoke, study, [{"hit_id": row["id"], "judgement": 0} for row in queue[:3]])
    assert len(list((study / "orders").glob("*.json"))) == 1
    judge(invoke, study, [{"hit_id": queue[3]["id"], "judgement": 0}])
    last = read_last(Study(study))
    assert last is not None
    assert (last.number, last.learned_from) == (2, 4)
    after = read_queue(invoke, study)
    assert {row["model"] for row in after} == {"learned from 4 passages"}
    # What looked most like a hit was judged to be none; what resembles it is less likely now.
    chances = {row["id"]: row["possible"] for row in queue}
    assert sum(row["possible"] - chances[row["id"]] for row in after) < 0
    assert invoke("run", study).exit_code == 0
    assert read_last(Study(study)) == last
    # A verdict that is corrected is learned by the next run.
    judge(invoke, study, [{"hit_id": queue[0]["id"], "judgement": 2}])
    assert read_last(Study(study)) == last
    assert invoke("run", study).exit_code == 0
    corrected = read_last(Study(study))
    assert corrected is not None
    assert (corrected.number, corrected.learned_from) == (3, 4)


@pytest.mark.slow(reason="many verdicts while a model is trained")
def test_learning_never_keeps_a_reviewer_waiting(invoke: "Invoke", study: Path) -> None:
    set_setting(study, "# every = 20", "every = 2")
    opened = Study(study)
    engine = open_database(opened)
    learner = Learner(opened, engine)
    assert not learner.notice()
    from screen.study.verdicts import append
    from screen.types import Verdict

    queue = read_queue(invoke, study)
    for row in queue[:2]:
        append(engine, [Verdict(row["id"], row["paper"], "AB", 2)])
    assert learner.notice()
    # While it is being learned, verdicts are taken and the order in force is still there.
    assert not learner.notice()
    append(engine, [Verdict(queue[2]["id"], queue[2]["paper"], "AB", 0)])
    assert read_queue(invoke, study)[0]["id"] == queue[3]["id"]
    assert learner.wait()
    last = read_last(opened)
    assert last is not None
    assert last.learned_from == 2
    assert not learner.notice()


# ---- the elusion sample ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(
    invoke: "Invoke", made: "MadeStudy", tmp_path_factory: pytest.TempPathFactory
) -> tuple["MadeStudy", list[str]]:
    study = made.copy(tmp_path_factory.mktemp("drawn") / "study")
    done = invoke("sample", study.folder, "-n", "8", "--seed", "3", "--json")
    assert done.exit_code == 0, done.output
    taken = json.loads(done.stdout)
    assert set(taken["papers"]) < set(taken["population"])
    return study, taken["papers"]


@pytest.fixture
def sampled(drawn: tuple["MadeStudy", list[str]], tmp_path: Path) -> tuple[Path, list[str]]:
    study, taken = drawn
    return study.copy(tmp_path / "study").folder, taken


def test_a_sample_is_of_the_unflagged_and_stands_unmarked_in_the_queue(
    invoke: "Invoke", sampled: tuple[Path, list[str]]
) -> None:
    study, taken = sampled
    flagged = {row["paper_id"] for row in read_export(invoke, study, "papers") if row["flagged"]}
    assert flagged.isdisjoint(taken)
    queue = read_queue(invoke, study)
    assert set(taken) <= {row["paper"] for row in queue}
    assert len({tuple(sorted(row)) for row in queue}) == 1
    assert len({row["id"] for row in queue}) == len(queue)
    places = [n for n, row in enumerate(queue) if row["paper"] in taken]
    assert min(places) < len(queue) / 2
    # In the hits that are exported there are only hits.
    exported = {row["hit_id"] for row in read_export(invoke, study, "hits")}
    assert any(row["id"] not in exported for row in queue)


def test_the_same_seed_draws_the_same_papers_and_another_others(
    invoke: "Invoke", made: "MadeStudy", tmp_path: Path
) -> None:
    drawn = []
    for number, seed in enumerate(("3", "3", "4")):
        study = made.copy(tmp_path / str(number)).folder
        done = invoke("sample", study, "-n", "8", "--seed", seed, "--json")
        drawn.append(json.loads(done.stdout)["papers"])
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_bound_is_given_once_every_paper_drawn_is_judged(
    invoke: "Invoke", sampled: tuple[Path, list[str]]
) -> None:
    study, taken = sampled
    telling = [r for r in read_queue(invoke, study) if r["code"] == 2 and r["paper"] not in taken]
    judge(invoke, study, [{"hit_id": row["id"], "judgement": 2} for row in telling])
    found = read_status(invoke, study)["screening"]["papers_found"]
    assert found > 5
    judge(invoke, study, [{"paper_id": paper, "judgement": 0} for paper in taken[:-1]])
    rows = read_export(invoke, study, "hits")
    assert {row["recall_at_least"] for row in rows} == {None}
    assert "of 8 papers drawn from" in rows[0]["completeness"]
    judge(invoke, study, [{"paper_id": taken[-1], "judgement": "living_donor"}])
    screening = read_status(invoke, study)["screening"]
    elusion = screening["sample"]["elusion"]
    assert (elusion["drawn"], elusion["relevant"], elusion["found"]) == (8, 0, found)
    for what in ("hits", "papers"):
        rows = read_export(invoke, study, what)
        assert {row["recall_at_least"] for row in rows} == {screening["recall_at_least"]}
        assert all("Recall of the screening is at least 0." in row["completeness"] for row in rows)
        assert all("Unscreened and in no figure: 0" in row["completeness"] for row in rows)


def test_a_passage_of_code_0_leaves_a_drawn_paper_open_and_one_of_code_2_settles_it(
    invoke: "Invoke", sampled: tuple[Path, list[str]]
) -> None:
    study, taken = sampled
    queue = {row["paper"]: row["id"] for row in reversed(read_queue(invoke, study))}
    judge(invoke, study, [{"hit_id": queue[taken[0]], "judgement": 0}])
    judge(invoke, study, [{"hit_id": queue[taken[1]], "judgement": 2}])
    assert taken[0] in {row["paper"] for row in read_queue(invoke, study)}
    sample = read_status(invoke, study)["screening"]["sample"]
    assert sample["judged"] == 1
    assert sample["open"] == [taken[0], *taken[2:]]


def test_flagged_papers_that_nobody_settled_count_as_missed(
    invoke: "Invoke", sampled: tuple[Path, list[str]]
) -> None:
    study, taken = sampled
    first = next(row for row in read_queue(invoke, study) if row["code"] == 2)
    judge(invoke, study, [{"hit_id": first["id"], "judgement": 2}])
    # What is said of leads settles no flagged paper, and takes no paper out of the population.
    leads = [row["id"] for row in read_queue(invoke, study) if row["code"] == 0]
    judge(invoke, study, [{"hit_id": lead, "judgement": 0} for lead in leads])
    judge(invoke, study, [{"paper_id": paper, "judgement": 0} for paper in taken])
    flagged = sum(bool(row["flagged"]) for row in read_export(invoke, study, "papers"))
    screening = read_status(invoke, study)["screening"]
    elusion = screening["sample"]["elusion"]
    assert (elusion["found"], elusion["open"]) == (1, flagged - 1)
    assert screening["recall_at_least"] <= 1 / flagged
    assert "that are not settled count as missed" in screening["statement"]


def test_verdicts_on_whole_papers_end_the_reading(invoke: "Invoke", study: Path) -> None:
    papers = {row["paper"]: row["code"] for row in reversed(read_queue(invoke, study))}
    rows = [{"paper_id": paper, "judgement": min(code, 1)} for paper, code in papers.items()]
    judge(invoke, study, rows)
    assert read_queue(invoke, study) == []
    stopping = read_status(invoke, study)["screening"]["stopping"]
    assert stopping["read"] == stopping["total"]
    assert stopping["found"] == sum(row["judgement"] for row in rows)
    assert stopping["may_stop"]


def test_an_exported_table_of_papers_gives_nobody_the_verdicts_of_others(
    invoke: "Invoke", study: Path, tmp_path: Path
) -> None:
    judge(invoke, study, [{"hit_id": read_queue(invoke, study)[0]["id"], "judgement": 2}])
    invoke("export", study, "--what", "papers", "--format", "csv", "-o", tmp_path / "papers.csv")
    done = invoke("import-verdicts", study, tmp_path / "papers.csv", "--reviewer", "CD")
    assert done.exit_code == 2
    assert "no row holds a judgement" in done.stderr


def test_a_blind_queue_tells_nothing_of_what_the_program_makes_of_a_passage(
    invoke: "Invoke", sampled: tuple[Path, list[str]]
) -> None:
    study, _ = sampled
    told = {"code", "score", "reason", "criteria", "events", "matches", "problematic", "possible"}
    for row in read_queue(invoke, study, "--blind"):
        assert told.isdisjoint(row)
    words = invoke("queue", study, "--blind").stdout
    assert "code" not in words
    assert "why" not in words


@pytest.mark.parametrize("file", ["orders/00001.json", "samples/00001.json"])
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"number": "1"}', '{"number": null}', "\x00"])
def test_a_damaged_file_is_one_line_or_made_anew(
    invoke: "Invoke", sampled: tuple[Path, list[str]], file: str, text: str
) -> None:
    study, _ = sampled
    (study / file).write_text(text, encoding="utf-8")
    for command in ("status", "run"):
        done = invoke(command, study)
        assert done.exit_code == (0 if file.startswith("orders") else 2), done.output
        assert len(done.stderr.splitlines()) <= 1


def test_an_order_with_other_columns_is_named_and_the_database_is_not_blamed(
    invoke: "Invoke", study: Path
) -> None:
    path = study / "orders" / "00001.parquet"
    path.write_bytes((study / "hits" / "00000.parquet").read_bytes())
    lose_database(study)
    done = invoke("run", study)
    assert done.exit_code == 2
    assert f"{path} is no order" in done.stderr


def test_a_second_sample_waits_until_the_first_is_judged(
    invoke: "Invoke", sampled: tuple[Path, list[str]]
) -> None:
    study, taken = sampled
    done = invoke("sample", study, "-n", "2", "--seed", "1")
    assert done.exit_code == 2
    assert "8 papers of the last sample are not judged yet" in done.stderr
    judge(invoke, study, [{"paper_id": paper, "judgement": 0} for paper in taken])
    assert invoke("sample", study, "-n", "2", "--seed", "1").exit_code == 0
    screening = read_status(invoke, study)["screening"]
    assert screening["recall_at_least"] is None
    assert "the last of 2 samples" in screening["statement"]


def test_more_papers_than_there_are_cannot_be_drawn(invoke: "Invoke", study: Path) -> None:
    done = invoke("sample", study, "-n", "5000", "--seed", "1")
    assert done.exit_code == 2
    assert "5000 papers are asked for, but only" in done.stderr
    assert not (study / "samples").exists()


def test_a_seed_that_no_database_can_hold_draws_nothing(invoke: "Invoke", study: Path) -> None:
    assert invoke("sample", study, "-n", "2", "--seed", str(2**63)).exit_code == 2
    assert not (study / "samples").exists()
    assert invoke("sample", study, "-n", "2", "--seed", str(2**63 - 1)).exit_code == 0


def test_a_deleted_database_gets_the_sample_back(
    invoke: "Invoke", sampled: tuple[Path, list[str]]
) -> None:
    study, _ = sampled
    before = read_queue(invoke, study)
    lose_database(study)
    assert invoke("run", study).exit_code == 0
    assert read_queue(invoke, study) == before


def test_without_a_sample_every_row_says_so(invoke: "Invoke", study: Path) -> None:
    rows = read_export(invoke, study, "papers")
    assert {row["recall_at_least"] for row in rows} == {None}
    assert all("no sample of the unflagged papers was drawn" in row["completeness"] for row in rows)


def test_papers_that_came_later_are_named_as_not_covered(
    invoke: "Invoke", sampled: tuple[Path, list[str]], tmp_path: Path
) -> None:
    study, _ = sampled
    (tmp_path / "late.txt").write_text("又一篇与此无关的护理文章。", encoding="utf-8")
    invoke("add", study, tmp_path / "late.txt")
    invoke("run", study)
    statement = read_status(invoke, study)["screening"]["statement"]
    assert "1 unflagged papers were not there when the sample was drawn" in statement
