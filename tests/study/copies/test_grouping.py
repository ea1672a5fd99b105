"""The same paper twice is found, read once, and its verdict counts for all; others stay apart."""

import json
import random
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import damage
from corpus.converted import plain_text
from corpus.reading import Paper, read_paper
from screen.study.copies.grouping import Candidate, choose_originals, find_lacking
from screen.study.copies.groups import Groups
from screen.study.copies.likeness import Text, are_alike, compare
from screen.study.copies.signatures import SIZE, find_candidates, find_grams, make_signature
from screen.study.folder import Study
from screen.study.ranking import bring_up_to_date
from screen.study.verdicts import append, read_judgements
from screen.text.normalise import clean_pages
from screen.types import Page, Verdict
from tests.workbench import enter_room, serve_here

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

CORPUS = Path(__file__).resolve().parents[3] / "corpus"


def read_source(name: str) -> Paper:
    return read_paper(CORPUS / "sources" / f"{name}.txt")


def sign(text: str, title: str = "") -> Text:
    pages = [Page("", 1, text, "text", 1.0)]
    signature = make_signature("", pages, clean_pages(pages))
    return Text(signature.letters, signature.numbers, title)


def make_texts() -> list[str]:
    return [plain_text(read_source(f"p{number:03d}")) for number in range(1, 9)]


TEXTS = make_texts()
TITLES = [read_source(f"p{number:03d}").title for number in range(1, 9)]


# ---- two texts -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_its_own_copy(text: str) -> None:
    likeness = compare(sign(text), sign(text))
    assert likeness.is_copy
    assert (likeness.similarity, likeness.covered) == (1.0, 1.0)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1])
def test_a_scan_is_a_copy_whatever_was_misread(rate: float) -> None:
    for text in TEXTS:
        rng = random.Random(1)
        once, twice = damage.misread(text, rng, rate), damage.misread(text, rng, rate)
        assert compare(sign(once), sign(twice)).is_copy


def test_traditional_characters_columns_and_running_heads_make_no_other_paper() -> None:
    for text in TEXTS:
        rng = random.Random(1)
        heads = [f"·{page}· 虚构外科杂志1999年第3卷" for page in range(9)]
        changed = damage.break_pages(damage.read_across(text, rng), rng, heads)
        assert compare(sign(text), sign(damage.traditional(changed))).is_copy


def test_neighbours_on_either_side_of_both_make_no_other_paper() -> None:
    one = damage.add_neighbours(TEXTS[0], random.Random(1), TEXTS[1], TEXTS[2])
    other = damage.add_neighbours(TEXTS[0], random.Random(2), TEXTS[3], TEXTS[4])
    assert compare(sign(one, TITLES[0]), sign(other, TITLES[0])).is_copy


def test_different_papers_are_none() -> None:
    signed = [sign(text, title) for text, title in zip(TEXTS, TITLES, strict=True)]
    for one in signed:
        for other in signed:
            assert compare(one, other).is_copy == (one is other)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6])
def test_the_same_methods_with_other_results_are_another_paper(share: float) -> None:
    for text, other in zip(TEXTS, [*TEXTS[1:], TEXTS[0]], strict=True):
        size = int(share * len(text))
        start = (len(text) - size) // 2
        mixed = other[: start // 2] + text[start : start + size] + other[start // 2 :]
        assert not compare(sign(text), sign(mixed)).is_copy


def test_the_same_words_with_other_numbers_are_another_paper() -> None:
    rng = random.Random(1)
    for text in TEXTS:
        changed = re.sub(r"\d{2,}", lambda n: str(rng.randrange(10, 999)), text)
        assert not compare(sign(text), sign(changed)).is_copy


def test_papers_on_one_page_with_other_titles_are_two() -> None:
    page = TEXTS[0] + TEXTS[1]
    assert compare(sign(page), sign(page)).is_copy
    assert not compare(sign(page, TITLES[0]), sign(page, TITLES[1])).is_copy


def test_an_abstract_or_a_correction_is_no_copy_of_its_paper() -> None:
    paper = read_source("p001")
    abstract = f"{paper.title}\n{paper.abstract}"
    correction = f"更正 {paper.title} 一文作者单位有误,特此更正。" + paper.abstract[:40]
    for text in (abstract, correction):
        assert not compare(sign(text, paper.title), sign(TEXTS[0], paper.title)).is_copy


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("同种原位心脏移植一例报告", "同种原位心脏移植1例报告", True),
        ("同种原位心脏移植一例报告", "同种原位心脏移植三例报告", False),
        ("心脏移植的护理与随访(一)", "心脏移植的护理与随访(二)", False),
        ("心脏移植术后的护理", "心脏移植术后的护理——附12例报告", True),
        ("心脏移植术后的护理", "肾移植术中的麻醉处理", False),
        ("心脏移植术后的护理与随访", "心脏移植术后的护理与随访观察", None),
    ],
)
def test_titles(one: str, other: str, *, alike: bool | None) -> None:
    assert are_alike(one, other) is alike
    assert are_alike(other, one) is alike


@given(st.lists(st.sampled_from(TEXTS), min_size=2, max_size=2), st.integers(0, 2000))
def test_it_makes_no_difference_which_paper_comes_first(texts: list[str], cut: int) -> None:
    one, other = sign(texts[0]), sign(texts[1][cut:] + texts[0][:cut])
    assert compare(one, other) == compare(other, one)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_can_be_compared(one: str, other: str) -> None:
    assert 0 <= compare(sign(one), sign(other)).similarity <= 1


# ---- signatures ------------------------------------------------------------------------------


def test_a_signature_is_the_same_on_every_machine() -> None:
    pages = [Page("", 1, TEXTS[0], "text", 1.0)]
    values = make_signature("", pages, clean_pages(pages)).values
    assert values.shape == (SIZE,)
    assert values[:4].tolist() == [224869722, 58061393, 183916234, 178674780]


def test_a_text_without_enough_letters_has_no_signature() -> None:
    pages = [Page("", 1, "供体脑死亡12例", "text", 1.0)]
    assert len(make_signature("", pages, clean_pages(pages)).values) == 0
    assert find_grams("脑死").shape == (0,)


@given(st.permutations(range(6)))
def test_candidates_are_the_same_in_any_order(order: list[int]) -> None:
    halves = [
        TEXTS[0],
        TEXTS[0][300:],
        TEXTS[0][:-300],
        TEXTS[1],
        TEXTS[1] + TEXTS[2][:500],
        TEXTS[3],
    ]
    pages = [[Page("", 1, text, "text", 1.0)] for text in halves]
    signed = [make_signature("", page, clean_pages(page)).values for page in pages]

    def find(places: list[int]) -> set[frozenset[int]]:
        found = find_candidates(np.array([signed[place] for place in places]), 0.15)
        return {frozenset((places[i], places[j])) for pairs in found for i, j in pairs}

    assert (
        find(order)
        == find(list(range(6)))
        == {frozenset(p) for p in [(0, 1), (0, 2), (1, 2), (3, 4)]}
    )


# ---- who is read -----------------------------------------------------------------------------


def choose(
    candidates: Iterable[Candidate],
    alike: Iterable[tuple[str, str]],
    apart: Iterable[tuple[str, str]] = (),
    asked: list[tuple[str, str]] | None = None,
) -> dict[str, str]:
    """Choose originals by name; into `asked` go the pairs that were compared."""
    names = [item.paper for item in sorted(candidates, key=lambda item: item.rank)]
    near = {frozenset(pair) for pair in alike}
    parted = {frozenset(pair) for pair in apart}
    asked = [] if asked is None else asked

    def is_alike(original: int, paper: int) -> bool:
        asked.append((names[original], names[paper]))
        return frozenset(asked[-1]) in near

    pairs = [
        (original, paper)
        for paper, original in product(range(len(names)), repeat=2)
        if original < paper and frozenset((names[original], names[paper])) not in parted
    ]
    places = [(names.index(one), names.index(other)) for one, other in apart]
    chosen = choose_originals(pairs, is_alike, places)
    return {names[paper]: names[original] for paper, original in chosen.items()}


def candidate(paper: str, **more: Any) -> Candidate:
    plain = Candidate(paper, None, 0, 5000, recognised=False, quality=1.0, has_record=False)
    return replace(plain, **more)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"verdict": 7, "recognised": True}, {}),
        ({"verdict": 7}, {"verdict": 8}),
        ({}, {"unread": 1}),
        ({}, {"length": 3000}),
        ({}, {"recognised": True}),
        ({"quality": 0.99}, {"quality": 0.9}),
        ({"has_record": True}, {}),
    ],
)
def test_the_best_one_is_the_original(better: dict[str, Any], worse: dict[str, Any]) -> None:
    # By name alone "a" would be.
    chosen = choose([candidate("a", **worse), candidate("b", **better)], [("a", "b")])
    assert chosen == {"a": "b"}


def test_a_copy_was_compared_with_its_original_itself() -> None:
    candidates = [candidate(name) for name in "abc"]
    assert choose(candidates, [("a", "b"), ("b", "c")]) == {"b": "a"}


def test_a_copy_is_compared_with_originals_only_and_once_it_is_one_no_more() -> None:
    asked: list[tuple[str, str]] = []
    candidates = [candidate(name) for name in "abcde"]
    chosen = choose(candidates, [("a", "b"), ("a", "d"), ("c", "e")], asked=asked)
    assert chosen == {"b": "a", "d": "a", "e": "c"}
    pairs = [("a", "b"), ("a", "c"), ("a", "d"), ("a", "e"), ("c", "e")]
    assert asked == pairs, "b and d, being copies, are nobody's original"


def test_papers_that_somebody_parted_share_no_original() -> None:
    candidates = [candidate(name) for name in "abc"]
    chosen = choose(candidates, [("a", "b"), ("a", "c")], [("c", "b")])
    assert chosen == {"b": "a"}


@given(
    st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=12),
    st.permutations("abcdef"),
    st.randoms(use_true_random=False),
)
def test_groups_do_not_depend_on_the_order_of_adding(
    pairs: set[tuple[str, str]], order: list[str], rng: random.Random
) -> None:
    alike = sorted(pair for pair in pairs if pair[0] != pair[1])
    chosen = choose([candidate(name) for name in "abcdef"], alike)
    rng.shuffle(alike)
    turned = [(b, a) if rng.random() < 0.5 else (a, b) for a, b in alike]
    assert choose([candidate(name) for name in order], turned) == chosen
    assert not set(chosen) & set(chosen.values()), "an original is nobody's copy"
    for copy, original in chosen.items():
        assert {(copy, original), (original, copy)} & set(alike)


def test_a_passage_that_the_original_lacks_is_found() -> None:
    passage = "供体确认脑死亡后行气管插管,接呼吸机,正中开胸。"
    assert find_lacking([(3, passage)], []) == 3
    assert find_lacking([(3, passage)], ["供体确认脑死亡后行气臂插管，接呼吸机，正中。"]) is None
    assert find_lacking([(3, passage)], ["受者术后早期监测体温、脉搏、血压。"]) == 3


# ---- a whole study ---------------------------------------------------------------------------

GROUP = {"printed.pdf", "typed.txt", "scan.txt"}
TELLING = "1.2供心切取 供体确认脑死亡后行气管插管,接呼吸机,正中开胸取出供心。\n"


@pytest.fixture(scope="module")
def papers() -> dict[str, str | bytes]:
    text = plain_text(read_source("p020"))
    return {
        "printed.pdf": (CORPUS / "papers" / "p020.pdf").read_bytes(),
        "typed.txt": text,
        "scan.txt": damage.misread(text, random.Random(1), 0.1),
        "other.txt": plain_text(read_source("p003")),
        "more.txt": plain_text(read_source("p005")) + TELLING,
        "less.txt": plain_text(read_source("p005")),
    }


@pytest.fixture
def study(make_study: "MakeStudy", invoke: "Invoke", papers: dict[str, str | bytes]) -> "MadeStudy":
    made = make_study(papers, shard_size=2)
    done = invoke("run", made.folder)
    assert done.exit_code == 0, done.output
    return made


def list_groups(invoke: "Invoke", study: "MadeStudy") -> dict[str, set[str]]:
    shown = invoke("copies", study.folder, "--json")
    assert shown.exit_code == 0, shown.output
    return {
        group["file"]: {copy["file"] for copy in group["copies"]}
        for group in json.loads(shown.stdout)
    }


def list_files(invoke: "Invoke", study: "MadeStudy", *more: str) -> set[str]:
    shown = invoke("queue", study.folder, "--json", "-n", "999", *more)
    return {json.loads(line)["file"] for line in shown.stdout.splitlines()}


def export(invoke: "Invoke", study: "MadeStudy") -> dict[str, dict[str, Any]]:
    done = invoke("export", study.folder, "--what", "papers", "-o", study.folder / "papers.jsonl")
    assert done.exit_code == 0, done.output
    lines = (study.folder / "papers.jsonl").read_text("utf-8").splitlines()
    return {row["file"]: row for row in map(json.loads, lines)}


def test_text_pdf_and_scan_are_one_group(study: "MadeStudy", invoke: "Invoke") -> None:
    groups = list_groups(invoke, study)
    together = [{original, *copies} for original, copies in groups.items()]
    assert GROUP in together
    assert not any("other.txt" in group for group in together)


def test_groups_do_not_depend_on_names_and_shards(
    study: "MadeStudy",
    make_study: "MakeStudy",
    invoke: "Invoke",
    papers: dict[str, str | bytes],
) -> None:
    # They are added in the order of their names.
    turned = {f"{9 - place}-{name}": text for place, (name, text) in enumerate(papers.items())}
    other = make_study(turned, shard_size=3)
    assert invoke("run", other.folder).exit_code == 0
    assert sorted(other.rows()["copies"]) == sorted(study.rows()["copies"])


def test_one_of_a_group_is_read_and_the_counts_tell_them_apart(
    study: "MadeStudy", invoke: "Invoke"
) -> None:
    (original,) = GROUP & set(list_groups(invoke, study))
    assert not list_files(invoke, study) & (GROUP - {original})
    counts = json.loads(invoke("status", study.folder, "--json").stdout)
    assert counts["papers"] == 6
    assert counts["copies"] >= 2
    assert counts["copy_groups"] >= 1
    assert counts["flagged_code_2_copies"] >= 2


def test_a_verdict_counts_for_the_group_and_is_told_as_carried(
    study: "MadeStudy", invoke: "Invoke"
) -> None:
    rows = export(invoke, study)
    (original,) = {name for name in GROUP if rows[name]["copy_of"] is None}
    with study.database() as engine:
        append(engine, [Verdict(hit=None, paper=rows[original]["sha256"], reviewer="AB", code=2)])
        before = len(read_judgements(engine, 1).papers)
    rows = export(invoke, study)
    assert {name: rows[name]["verdict"] for name in GROUP} == dict.fromkeys(GROUP, 2)
    assert {name for name in GROUP if rows[name]["verdict_carried"]} == GROUP - {original}
    assert {rows[name]["copy_of"] for name in GROUP - {original}} == {rows[original]["sha256"]}
    assert before == 1, "no verdict is written for the others"
    assert rows["other.txt"]["verdict"] is None


def test_a_verdict_on_a_copy_counts_where_the_original_has_none(
    study: "MadeStudy", invoke: "Invoke"
) -> None:
    rows = export(invoke, study)
    copy = next(row for row in rows.values() if row["copy_of"])
    (original,) = (row for row in rows.values() if row["sha256"] == copy["copy_of"])
    with study.database() as engine:
        append(engine, [Verdict(hit=None, paper=copy["sha256"], reviewer="AB", code=1)])
    rows = export(invoke, study)
    assert (rows[copy["file"]]["verdict"], rows[copy["file"]]["verdict_carried"]) == (1, False)
    shown = rows[original["file"]]
    assert (shown["verdict"], shown["verdict_carried"]) == (1, True)
    flow = json.loads(invoke("status", study.folder, "--json").stdout)["prisma"]
    assert flow["other_methods"]["code_1"] == 1, "as in the export"


def test_a_copy_with_a_flagged_passage_of_its_own_is_read(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    paper = read_source("p005")
    text = plain_text(paper)
    # The one that is read is longer by far, but lacks the page that tells.
    made = make_study({"long.txt": text + text[200:900], "short.txt": text + TELLING})
    invoke("run", made.folder)
    groups = json.loads(invoke("copies", made.folder, "--json").stdout)
    assert [copy["read_itself"] for group in groups for copy in group["copies"]] == [True]
    assert "short.txt" in list_files(invoke, made)
    assert "read itself" in groups[0]["copies"][0]["reason"]


def test_a_record_that_names_no_file_is_that_of_the_paper_read_for_all(
    study: "MadeStudy", invoke: "Invoke", tmp_path: Path
) -> None:
    paper = read_source("p020")
    table = tmp_path / "records.csv"
    table.write_text(f"title,author\n{paper.title},{';'.join(paper.authors)}\n", "utf-8")
    invoke("add", study.folder, "--records", table)
    invoke("run", study.folder)
    rows = export(invoke, study)
    (original,) = {name for name in GROUP if rows[name]["copy_of"] is None}
    assert {name for name in GROUP if rows[name]["title"] == paper.title} == {original}
    for copy in GROUP - {original}:
        done = invoke("copies", study.folder, "--apart", original, copy, "--by", "AB")
        assert done.exit_code == 0, done.output
    rows = export(invoke, study)
    assert not any(rows[name]["title"] for name in GROUP), "two papers have this title alike"


def test_a_second_run_changes_nothing_and_reads_nothing(
    study: "MadeStudy", invoke: "Invoke"
) -> None:
    before = study.rows()
    shards = {p.name: p.read_bytes() for p in (study.folder / "signatures").iterdir()}
    assert "nothing to do" in invoke("run", study.folder).output
    assert study.rows() == before
    assert {p.name: p.read_bytes() for p in (study.folder / "signatures").iterdir()} == shards


def test_what_somebody_says_of_two_files_holds(study: "MadeStudy", invoke: "Invoke") -> None:
    said = invoke("copies", study.folder, "--apart", "scan.txt", "typed.txt", "--by", "AB")
    assert said.exit_code == 0, said.output
    said = invoke("copies", study.folder, "--apart", "scan.txt", "printed.pdf", "--by", "AB")
    assert not any("scan.txt" in {o, *c} for o, c in list_groups(invoke, study).items())
    invoke("run", study.folder)
    assert not any("scan.txt" in {o, *c} for o, c in list_groups(invoke, study).items())
    invoke("copies", study.folder, "--together", "scan.txt", "other.txt", "--by", "CD")
    assert any({"scan.txt", "other.txt"} <= {o, *c} for o, c in list_groups(invoke, study).items())
    lines = (study.folder / "apart.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["by"], row["same"]) for row in rows] == [
        ("AB", False),
        ("AB", False),
        ("CD", True),
    ]
    assert all(row["at"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--apart", "scan.txt", "missing.txt"), "missing.txt: no papers"),
        (("--apart", "scan.txt", "scan.txt"), "one paper"),
        (("--by", "AB"), "--by goes with"),
    ],
)
def test_what_cannot_be_said_is_refused(
    study: "MadeStudy", invoke: "Invoke", arguments: tuple[str, ...], told: str
) -> None:
    done = invoke("copies", study.folder, *arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert not (study.folder / "apart.jsonl").exists()


def test_a_damaged_line_of_what_people_said_is_named(study: "MadeStudy", invoke: "Invoke") -> None:
    (study.folder / "apart.jsonl").write_text("{}\n", encoding="utf-8")
    done = invoke("run", study.folder)
    assert done.exit_code == 2
    assert "apart.jsonl:1: " in done.output


def test_an_order_holds_no_passages_of_copies(study: "MadeStudy") -> None:
    with study.database() as engine:
        bring_up_to_date(Study(study.folder), engine)
    rows = study.rows()
    copies = {row[0] for row in rows["copies"]}
    homes = {row[0]: row[2] for row in rows["hits"]}
    assert not {homes[row[1]] for row in rows["ranks"]} & copies


def test_copies_are_not_handed_out(study: "MadeStudy") -> None:
    copies = {row[0] for row in study.rows()["copies"]}
    with study.database() as engine, enter_room(engine) as room:
        done = room.finish("AB")
    assert done
    assert not {task.paper for task in done} & copies


def test_the_workbench_names_the_other_files_of_a_group(study: "MadeStudy") -> None:
    rows = study.rows()
    names = {row[0]: row[1] for row in rows["papers"]}
    hit, paper = next((row[0], row[2]) for row in rows["hits"] if names[row[2]] in GROUP)
    with serve_here(study.folder) as workbench:
        shown = workbench.browse("AB", "reviewer").show(f"/passages/{hit}").text
    assert all(name in shown for name in GROUP - {names[paper]})
    assert "other.txt" not in shown


def test_nothing_is_carried_without_a_group() -> None:
    from screen.study.verdicts import settle

    assert Groups({}, frozenset(), {}).judge_paper(settle({}, 1), "a") == (None, False)
