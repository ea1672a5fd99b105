"""Copies, scope, samples and verdicts together: nothing flagged is lost, nothing counted twice."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from corpus.converted import plain_text
from screen.study.completeness import measure_completeness
from screen.study.copies.groups import read_groups
from screen.study.folder import Study
from screen.study.prisma import count_flow
from screen.study.queries import list_queue
from screen.study.samples import read_samples
from screen.study.verdicts import append, read_judgements
from screen.types import Verdict
from tests.study.copies.test_grouping import TELLING, read_source
from tests.study.test_scope import set_scope

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

PLAIN = plain_text(read_source("p002"))
FLAGGED = PLAIN + TELLING
# The longer one is the original.
LONGER = PLAIN + PLAIN[200:1400] + TELLING
RECORD = {"file": "long.txt", "title": "大鼠心脏移植模型的建立", "abstract": "总结经验。"}
OTHER = {"file": "short.txt", "title": "心脏移植的体会", "abstract": "总结临床经验。"}


def run(invoke: "Invoke", study: "MadeStudy") -> None:
    done = invoke("run", study.folder)
    assert done.exit_code == 0, done.output


def export(invoke: "Invoke", study: "MadeStudy") -> dict[str, dict[str, Any]]:
    path = study.folder / "papers.jsonl"
    assert invoke("export", study.folder, "--what", "papers", "-o", path).exit_code == 0
    return {row["file"]: row for row in map(json.loads, path.read_text("utf-8").splitlines())}


def whole(rows: dict[str, dict[str, Any]], file: str, code: int | None) -> Verdict:
    """Return a verdict on a paper as a whole."""
    reason = "animal" if code is None else ""
    return Verdict(None, rows[file]["sha256"], "AB", code, reason=reason)


def add(invoke: "Invoke", study: "MadeStudy", name: str, text: str, *more: Any) -> None:
    (study.papers / name).write_text(text, encoding="utf-8")
    assert invoke("add", study.folder, study.papers, *more).exit_code == 0
    run(invoke, study)


def test_a_copy_in_scope_is_read_though_its_original_is_left_out(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    study = make_study({"long.txt": LONGER, "short.txt": FLAGGED}, records=[RECORD, OTHER])
    run(invoke, study)
    # Their records have different titles.
    files = ("long.txt", "short.txt")
    assert invoke("copies", study.folder, "--together", *files, "--by", "AB").exit_code == 0
    assert export(invoke, study)["short.txt"]["copy_of"], "one is a copy of the other"
    set_scope(study.folder, "heart-lung")
    run(invoke, study)
    rows = export(invoke, study)
    assert rows["long.txt"]["status"] == "excluded"
    assert rows["short.txt"]["status"] == "screened"
    (group,) = json.loads(invoke("copies", study.folder, "--json").stdout)
    assert group["copies"][0]["read_itself"]
    with study.database() as engine:
        assert {hit["file"] for hit in list_queue(engine)} == {"short.txt"}
        append(engine, [whole(rows, "long.txt", 0)])
        assert read_groups(engine).judge_paper(
            read_judgements(engine, 1), rows["short.txt"]["sha256"]
        ) == (None, False)
        flow = count_flow(Study(study.folder), engine)
    counts = json.loads(invoke("status", study.folder, "--json").stdout)
    assert (counts["copies"], counts["copy_groups"]) == (0, 0)
    assert flow["databases"]["excluded"] == 1
    assert flow["databases"]["awaiting_judgement"] == 1


def test_a_copy_without_a_record_is_left_out_by_that_of_its_original(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    study = make_study({"long.txt": LONGER, "short.txt": FLAGGED}, records=[RECORD])
    run(invoke, study)
    set_scope(study.folder, "heart-lung")
    run(invoke, study)
    rows = export(invoke, study)
    assert {rows[name]["status"] for name in ("long.txt", "short.txt")} == {"excluded"}
    with study.database() as engine:
        assert not list_queue(engine)
        flow = count_flow(Study(study.folder), engine)
    assert flow["databases"]["excluded"] == 1
    assert flow["other_methods"]["duplicates_removed"] == 1


@pytest.mark.parametrize(
    ("file", "others"),
    [
        pytest.param("short.txt", (0, 0, 0), id="a record of a copy tells of the original too"),
        pytest.param("long.txt", (1, 1, 0), id="a file without a record is a duplicate"),
    ],
)
def test_a_record_of_one_of_a_group_tells_of_the_whole(
    file: str, others: tuple[int, int, int], make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    record = {"file": file, "title": "供心切取经验介绍", "database": "A"}
    study = make_study({"long.txt": LONGER, "short.txt": FLAGGED}, records=[record])
    run(invoke, study)
    assert export(invoke, study)["short.txt"]["copy_of"]
    with study.database() as engine:
        flow = count_flow(Study(study.folder), engine)
    boxes = ("identified", "duplicates_removed", "included")
    assert tuple(flow["databases"][box] for box in boxes) == (1, 0, 1)
    assert tuple(flow["other_methods"][box] for box in boxes) == others


def test_a_paper_found_twice_is_one_paper_found(make_study: "MakeStudy", invoke: "Invoke") -> None:
    study = make_study(
        {"long.txt": LONGER, "short.txt": FLAGGED, "rest.txt": "术后每日通风两次。\n" * 40}
    )
    run(invoke, study)
    rows = export(invoke, study)
    assert rows["short.txt"]["copy_of"]
    assert invoke("sample", study.folder, "-n", "1", "--seed", "1").exit_code == 0
    opened = Study(study.folder)
    with study.database() as engine:
        given = [whole(rows, "long.txt", 2), whole(rows, "rest.txt", 0)]
        append(engine, given)
        before = measure_completeness(opened, engine)
        append(engine, [whole(rows, "short.txt", 2)])
        after = measure_completeness(opened, engine)
    assert before.sample
    assert before.sample.elusion
    assert before.sample.elusion.found == before.papers_found == 1
    assert after.sample == before.sample
    assert after.papers_found == 1


def test_a_drawn_paper_that_became_a_copy_is_written_to_be_judged(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    study = make_study({"short.txt": PLAIN})
    run(invoke, study)
    assert invoke("sample", study.folder, "-n", "1", "--seed", "1").exit_code == 0
    add(invoke, study, "long.txt", LONGER)
    rows = export(invoke, study)
    assert rows["short.txt"]["copy_of"] == rows["long.txt"]["sha256"]
    assert read_samples(Study(study.folder))[0].papers == (rows["short.txt"]["sha256"],)
    with study.database() as engine:
        for more in ({"wanting": 1}, {"samples": True}):
            files = {hit["file"] for hit in list_queue(engine, **more)}
            assert files == {"short.txt", "long.txt"}
        assert {hit["file"] for hit in list_queue(engine)} == {"long.txt"}


def test_a_copy_without_the_flagged_passage_does_not_clear_its_original(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    study = make_study({"short.txt": PLAIN, "long.txt": LONGER})
    run(invoke, study)
    rows = export(invoke, study)
    assert rows["short.txt"]["copy_of"] == rows["long.txt"]["sha256"]
    assert (rows["short.txt"]["flagged"], rows["long.txt"]["flagged"]) == (False, True)
    for code in (0, None):
        with study.database() as engine:
            append(engine, [whole(rows, "short.txt", code)])
            flow = count_flow(Study(study.folder), engine)["other_methods"]
        assert export(invoke, study)["long.txt"]["verdict_carried"] is False
        assert flow["awaiting_judgement"] == 1
    with study.database() as engine:
        append(engine, [whole(rows, "short.txt", 1)])
        flow = count_flow(Study(study.folder), engine)["other_methods"]
    assert export(invoke, study)["long.txt"]["verdict"] == 1
    assert flow["code_1"] == 1, "the flow tells what exports tell"


def test_a_paper_all_of_whose_flagged_passages_are_code_0_awaits_nothing(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    study = make_study({"long.txt": LONGER})
    run(invoke, study)
    opened = Study(study.folder)
    with study.database() as engine:
        before = count_flow(opened, engine)["other_methods"]
        append(engine, [Verdict(x["id"], x["paper"], "AB", 0) for x in list_queue(engine)])
        after = count_flow(opened, engine)["other_methods"]
        known = measure_completeness(opened, engine)
    assert (before["awaiting_judgement"], before["code_0"]) == (1, 0)
    assert known.papers_flagged_unjudged == after["awaiting_judgement"] == 0
    assert after["code_0"] == after["included"] == 1
