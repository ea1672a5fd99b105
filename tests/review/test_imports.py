"""Verdicts from files: checked against the study, all of a file or nothing of it."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from screen.review.exchange.entries import FILLED, READING
from screen.review.exchange.formats import CONFIGS, WRITTEN_FORMATS, read_entries
from screen.study.queries import list_verdicts
from screen.study.verdicts import append
from screen.types import Verdict
from tests.exchanged import (
    SHEET,
    Made,
    annotate,
    find_refusal,
    make_sheet,
    make_small,
    make_task,
    open_made,
    pack,
    save,
    write,
)

if TYPE_CHECKING:
    from click.testing import Result

    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def small(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    return make_small(make_study, invoke)


@pytest.fixture(scope="module")
def made(small: "MadeStudy") -> Iterator[Made]:
    with open_made(small.folder) as found:
        yield found


@pytest.fixture
def study(small: "MadeStudy", tmp_path: Path) -> Iterator[Made]:
    """The same study, to be judged."""
    with open_made(small.copy(tmp_path / "study").folder) as found:
        yield found


def take_in(
    invoke: "Invoke", study: Made, rows: Sequence[object], *more: str, reviewer: str = "AB"
) -> "Result":
    path = save(study.study.folder.parent / "judged.jsonl", rows)
    return invoke("import-verdicts", study.study.folder, path, "--reviewer", reviewer, *more)


def compare(invoke: "Invoke", study: Made, rows: Sequence[object], *more: str) -> dict[str, Any]:
    done = take_in(invoke, study, rows, "--dry-run", "--json", *more)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def count_verdicts(study: Made) -> int:
    return sum(map(len, list_verdicts(study.engine).values()))


def set_setting(study: Made, old: str, new: str) -> None:
    path = study.study.folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# ---- what changes ----------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(invoke: "Invoke", study: Made) -> None:
    one, two, *_ = study.hits
    rows = [
        {"hit_id": one, "judgement": 2, "judged_criteria": ["E", "A", "A"], "note": "n"},
        {"hit_id": two, "judgement": 0, "paper_judgement": "1"},
    ]
    first = take_in(invoke, study, rows)
    assert "3 verdicts (1 on whole papers): 3 new, 0 changed, 0 as they" in first.stdout
    again = take_in(invoke, study, rows)
    assert "3 verdicts (1 on whole papers): 0 new, 0 changed, 3 as they" in again.stdout
    assert count_verdicts(study) == 3
    assert list_verdicts(study.engine)[one][0]["criteria"] == ["A", "E"]


def test_a_dry_run_shows_what_would_change_and_writes_nothing(
    invoke: "Invoke", study: Made
) -> None:
    one, two, three, four = study.hits
    take_in(invoke, study, [{"hit_id": one, "judgement": 2}, {"hit_id": two, "judgement": 1}])
    rows = [
        {"hit_id": one, "judgement": 0, "judged_mitigating": "yes", "note": "see p. 3"},
        {"hit_id": two, "judgement": 1},
        {"hit_id": three, "judgement": 1, "judged_criteria": "D", "out_of_scope": "animal"},
        {"hit_id": four, "judgement": ""},
    ]
    found = compare(invoke, study, rows)
    assert {name: found[name] for name in ("new", "changed", "same", "on_papers", "dry_run")} == {
        "new": 2, "changed": 1, "same": 1, "on_papers": 1, "dry_run": True,
    }  # fmt: skip
    changed = found["verdicts"][0]
    assert (changed["status"], changed["hit_id"], changed["page"]) == ("changed", one, 1)
    nothing = {"reason": "", "criteria": [], "mitigating": False, "note": ""}
    assert changed["old"] == {"code": 2, **nothing}
    assert changed["new"] == {"code": 0, **nothing, "mitigating": True, "note": "see p. 3"}
    whole = next(row for row in found["verdicts"] if row["hit_id"] is None)
    assert (whole["paper_id"], whole["new"]["reason"]) == (study.hits[three], "animal")
    words = take_in(invoke, study, rows, "--dry-run").stdout
    assert re.search(rf"changed +{one} .* 2 +0 mitigating “see p. 3”", words)
    assert re.search(r"new +whole paper .* animal", words)
    assert two not in words
    assert "nothing was written" in words
    assert count_verdicts(study) == 2


def test_rounds_and_reviewers_stand_by_themselves(invoke: "Invoke", study: Made) -> None:
    row = {"hit_id": next(iter(study.hits)), "judgement": 2}
    take_in(invoke, study, [row])
    assert compare(invoke, study, [row])["same"] == 1
    for round_ in ("1", "2"):
        more = ("--dry-run", "--json", "--round", round_)
        other = take_in(invoke, study, [row], *more, reviewer="CD")
        assert json.loads(other.stdout)["new"] == 1


def test_who_judged_a_paper_does_not_decide_on_it(
    invoke: "Invoke", study: Made, tmp_path: Path
) -> None:
    row = {"hit_id": next(iter(study.hits)), "judgement": 2}
    take_in(invoke, study, [row])
    path = tmp_path / "again.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    done = invoke("import-verdicts", study.study.folder, path, "--reviewer", "AB", "--round", "2")
    assert done.exit_code == 2
    assert "AB judged this paper in the first round" in done.stderr


def test_who_decided_on_a_paper_does_not_judge_it_after_all(invoke: "Invoke", study: Made) -> None:
    rows = [{"hit_id": next(iter(study.hits)), "judgement": 1}]
    assert take_in(invoke, study, rows, "--round", "2", reviewer="X").exit_code == 0
    done = take_in(invoke, study, rows, reviewer="X")
    assert done.exit_code == 2
    assert "X decided on this paper" in done.stderr
    assert count_verdicts(study) == 1


def test_a_file_takes_nothing_back_and_gives_anew_what_was_taken_back(
    invoke: "Invoke", study: Made
) -> None:
    one, two, *_ = study.hits
    rows = [{"hit_id": one, "judgement": 2}, {"hit_id": two, "judgement": 2}]
    take_in(invoke, study, rows)
    take_in(invoke, study, [{"hit_id": one, "judgement": ""}, rows[1]])
    assert compare(invoke, study, rows)["same"] == 2
    append(study.engine, [Verdict(one, study.hits[one], "AB", None, withdrawn=True)])
    assert [row["status"] for row in compare(invoke, study, rows)["verdicts"]] == ["new", "same"]


def test_what_was_begun_without_a_judgement_is_named(invoke: "Invoke", study: Made) -> None:
    one, two, *_ = study.hits
    done = take_in(invoke, study, [{"hit_id": one, "judgement": 2}, {"hit_id": two, "note": "?"}])
    assert done.exit_code == 0
    assert "without a judgement: " in done.stderr
    assert "judged.jsonl:2\n" in done.stderr


def test_verdicts_of_a_blind_study_are_blind(invoke: "Invoke", study: Made) -> None:
    set_setting(study, '# blind = "auto"', 'blind = "yes"')
    one, two, *_ = study.hits
    rows = [{"hit_id": one, "judgement": 2}, {"hit_id": two, "judgement": 2, "score": 0.9}]
    take_in(invoke, study, rows)
    told = list_verdicts(study.engine)
    assert [told[hit][0]["blind"] for hit in (one, two)] == [True, False]
    assert all(told[hit][0]["pack"] for hit in (one, two))


def test_several_rows_may_say_the_same_of_one_paper(invoke: "Invoke", study: Made) -> None:
    one, two = (hit for hit, paper in study.hits.items() if [*study.hits.values()].count(paper) > 1)
    note = {"hit_id": two, "out_of_scope": "animal", "note": "rats"}
    plain = {"hit_id": one, "out_of_scope": "animal"}
    for rows in ([plain, note], [note, plain], [plain, note, plain]):
        [row] = compare(invoke, study, rows)["verdicts"]
        assert row["new"]["note"] == "rats"
    done = take_in(invoke, study, [note, plain | {"out_of_scope": "infant"}])
    assert done.exit_code == 2
    assert "judged before in this file, and otherwise: " in done.stderr


def test_a_note_is_about_the_passage_or_without_a_judgement_about_the_paper(
    invoke: "Invoke", study: Made
) -> None:
    hit = next(iter(study.hits))
    row = {"hit_id": hit, "paper_judgement": 1, "judged_criteria": "A", "note": "n"}
    [alone] = compare(invoke, study, [row])["verdicts"]
    assert (alone["hit_id"], alone["new"]["note"], alone["new"]["criteria"]) == (None, "n", ["A"])
    passage, paper = compare(invoke, study, [row | {"judgement": 0}])["verdicts"]
    assert (passage["hit_id"], passage["new"]["note"]) == (hit, "n")
    assert (paper["hit_id"], paper["new"]["note"], paper["new"]["criteria"]) == (None, "", [])


def test_criteria_that_the_pack_no_longer_has_may_stand_as_they_are(
    invoke: "Invoke", study: Made
) -> None:
    one, two, *_ = study.hits
    append(study.engine, [Verdict(one, study.hits[one], "AB", 2, criteria=("X",))])
    row = {"judgement": 2, "judged_criteria": ["X"]}
    assert compare(invoke, study, [row | {"hit_id": one}])["same"] == 1
    assert "'X' is no criterion" in take_in(invoke, study, [row | {"hit_id": two}]).stderr


def test_a_passage_that_stands_for_a_drawn_paper_goes_out_and_comes_back(
    invoke: "Invoke", study: Made
) -> None:
    folder, rat = study.study.folder, study.papers[-1]
    done = invoke("sample", folder, "-n", "1", "--seed", "1", "--json")
    assert json.loads(done.stdout)["papers"] == [rat]
    path = folder.parent / "queue.jsonl"
    invoke("export", folder, "--what", "queue", "-o", path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    [drawn] = [row for row in rows if row["paper_id"] == rat]
    drawn.update(judgement=0, paper_judgement=0)
    assert take_in(invoke, study, rows).exit_code == 0
    assert compare(invoke, study, rows)["same"] == 2
    invoke("export", folder, "--what", "queue", "--reviewer", "AB", "-o", path)
    shown = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(shown) == 5
    [again] = [row for row in shown if row["paper_id"] == rat]
    assert (again["hit_id"], again["judgement"], again["paper_judgement"]) == (
        drawn["hit_id"], 0, 0,
    )  # fmt: skip


def test_the_queue_that_is_handed_out_is_what_still_wants_verdicts(
    invoke: "Invoke", study: Made, tmp_path: Path
) -> None:
    first, *others = study.hits
    take_in(invoke, study, [{"hit_id": first, "judgement": 2}])
    for wanted, left in (
        ("# reviewers_per_passage = 1", others),
        ("reviewers_per_passage = 2", [*study.hits]),
    ):
        set_setting(study, "# reviewers_per_passage = 1", wanted)
        invoke("export", study.study.folder, "--what", "queue", "-o", tmp_path / "q.jsonl")
        lines = (tmp_path / "q.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["hit_id"] for line in lines] == left


# ---- the command that hands out ---------------------------------------------------------------


@pytest.mark.parametrize("format_", WRITTEN_FORMATS)
def test_the_queue_is_exported_and_says_how_much(
    invoke: "Invoke", made: Made, tmp_path: Path, format_: str
) -> None:
    path = tmp_path / "queue.out"
    done = invoke("export", made.study.folder, "--what", "queue", "--format", format_, "-o", path)
    assert done.exit_code == 0, done.output
    assert path.stat().st_size > 100
    assert ("4 rows." in done.stdout) is (format_ not in CONFIGS)
    if format_ not in {*CONFIGS, "prodigy", "labelstudio"}:  # of which nothing is read unanswered
        entries = read_entries(path, format_)
        assert [entry.values["hit_id"] for entry in entries] == [*made.hits]


def test_a_blind_study_hands_out_blind_files_unless_told_otherwise(
    invoke: "Invoke", study: Made, tmp_path: Path
) -> None:
    set_setting(study, '# blind = "auto"', 'blind = "yes"')
    for options, blind in (([], True), (["--open"], False), (["--blind"], True)):
        path = tmp_path / "queue.jsonl"
        done = invoke("export", study.study.folder, "--what", "queue", "-o", path, *options)
        assert done.exit_code == 0, done.output
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert {set(READING).isdisjoint(row) for row in rows} == {blind}


@pytest.mark.parametrize(
    "options",
    [
        ["--what", "hits", "--format", "doccano"],
        ["--what", "papers", "--reviewer", "AB"],
        ["--what", "hits", "--open"],
        ["--what", "queue", "--round", "2"],
        ["--what", "queue", "--reviewer", " "],
    ],
)
def test_options_that_do_not_go_together_are_wrong_use(
    invoke: "Invoke", made: Made, tmp_path: Path, options: list[str]
) -> None:
    done = invoke("export", made.study.folder, "-o", tmp_path / "out", *options)
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


# ---- files that mean harm --------------------------------------------------------------------


def refuse(made: Made, path: Path, words: str) -> None:
    """A file is refused in one line that names it; or, without words, holds no judgement."""
    refusal = find_refusal(made.importer("XY"), path)
    assert len(refusal.splitlines()) <= 1
    assert len(refusal) < 600
    assert re.search(words, refusal), refusal
    assert refusal.startswith(str(path)) is bool(words)


ROW = {"hit_id": "HIT", "judgement": "2"}
TASK = {"data": {"hit_id": "HIT"}}
DEEP = "[" * 100_000
JSON: list[tuple[str, str]] = [
    ("", ""),
    ("[]", ""),
    ("[[]]", "task 1: not an object"),
    ("[1", "not JSON"),
    (DEEP, "not JSON"),
    (DEEP + "]" * 100_000, "not JSON"),
    ('{"a":' * 100_000, ":1: not JSON"),
    ("9" * 5000, ":1: not JSON"),
    ('{"hit_id": "HIT", "judgement": ' + "9" * 4000 + "}", "'9999.*, not 2, 1 or 0"),
    ('{"hit_id": "HIT", "judgement": NaN}', "'nan', not"),
    ('{"hit_id": "HIT", "judgement": 1e999}', "'inf', not"),
    ('{"hit_id": "HIT", "judgement": -0.0}', "'-0.0', not"),
    ('{"hit_id": "HIT", "judgement": "\\ud800"}', "not 2, 1 or 0"),
    ('{"hit_id": "\\ud800", "judgement": 2}', "no passage"),
    ('{"hit_id": "HIT", "judgement": 2, "note": "\\ud800"}', "half a character"),
    ('{"hit_id": "HIT", "judgement": 2, "note": "a\\u0000"}', "NUL"),
    ('{"hit_id": "HIT", "judgement": 2, "note": "a\x00"}', "not JSON"),
    ('{"hit_id": "HIT", "judgement": 2}\x00', "not JSON"),
    ('{"hit_id": "HIT", "judgement": 2}\n{"hit_id": "HIT", "judgement": 1}', "2: judged .*:1"),
]  # fmt: skip
VALUES: tuple[Any, ...] = (None, True, 2.5, "\x00", [], [[None]], {}, {"choices": 3})


@pytest.mark.parametrize(("text", "words"), JSON)
def test_json_that_means_harm_is_one_line(
    made: Made, tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "judged.jsonl"
    path.write_text(text.replace("HIT", next(iter(made.hits))), encoding="utf-8")
    refuse(made, path, words)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ROW | {"judged_criteria": ["A", "Z"]}, "'Z' is no criterion"),
        (ROW | {"judged_mitigating": "perhaps"}, "'perhaps', not yes or no"),
        (ROW | {"out_of_scope": "dog"}, "'dog', none of"),
        (ROW | {"paper_judgement": "3"}, "'3', not 2, 1 or 0"),
        (ROW | {"paper_judgement": 2, "out_of_scope": "animal"}, "both"),
        (ROW | {"judgement": "animal"}, "'animal', not 2, 1 or 0"),
        (ROW | {"paper_id": "0" * 64}, "not from the paper of this row"),
        (ROW | {"hit_id": "0" * 16}, "no passage '0000"),
        (ROW | {"hit_id": None, "page": 3, "file": "a.txt"}, "a passage without its hit_id"),
        (ROW | {"hit_id": None, "file": "a.txt", "paper_judgement": 1}, "both '2' and '1'"),
        (ROW | {"hit_id": None, "file": "x.txt"}, "no paper of this study named 'x.txt'"),
        ({"text": "t", "label": ["2", "0"], "hit_id": "HIT"}, "judgement is both '2' and '0'"),
        ({"text": "t", "label": ["2", "odd"], "hit_id": "HIT"}, "'odd' is no criterion"),
        ({"text": "t", "label": [[0, 2, "A"]], "hit_id": "HIT"}, "no list of words"),
        ({"text": "t", "label": ["paper:9"], "hit_id": "HIT"}, "'9', not 2, 1 or 0"),
        ({"text": "t", "label": ["2"], "hit_id": "HIT", "Comments": "x"}, "comments"),
        ({"options": [], "answer": "maybe"}, "'maybe', not accept"),
        ({"options": [], "answer": "accept", "meta": 3}, "meta"),
        ({"options": [], "answer": "accept", "accept": "2"}, "no list of words"),
        (TASK | {"annotations": 3}, "no task"),
        (TASK | {"annotations": [3]}, "no object"),
        (TASK | {"annotations": [{"result": 3}]}, "results"),
        (TASK | {"annotations": [{"result": [3]}]}, "results"),
        (TASK | {"annotations": [annotate(1, {"judgement": ["2", "1"]})]}, "both '2' and '1'"),
        (TASK | {"annotations": [annotate(1, {"judgement": ["3"]})]}, "'3', not 2"),
        (TASK | {"annotations": [annotate(1, {"criteria": ["Z"], "judgement": ["2"]})]}, "'Z'"),
        (TASK | {"annotations": [annotate(1, {"paper": ["dog"]})]}, "'dog', not 2"),
        (TASK | {"annotations": [annotate(1, {"paper": ["out_of_scope:dog"]})]}, "'dog', none of"),
    ],
)
def test_an_answer_that_means_nothing_is_named(
    made: Made, tmp_path: Path, row: dict[str, Any], words: str
) -> None:
    text = json.dumps(row).replace("HIT", next(iter(made.hits)))
    path = tmp_path / "judged.json"
    path.write_text(text, encoding="utf-8")
    refuse(made, path, words)


def list_places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from list_places(inner, (*path, key))


def put(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def test_values_of_the_wrong_kind_anywhere_are_never_a_traceback(
    made: Made, tmp_path: Path
) -> None:
    hit = next(iter(made.hits))
    full = {"judgement": ["2"], "criteria": ["A"], "paper": ["1"], "note": ["n"]}
    files: list[list[Any]] = [
        [make_task(1, made, hit, annotate({"id": 1}, full))],
        [{"hit_id": hit, "annotator": 1, "judgement": "2", "criteria": {"choices": ["A", "B"]}}],
        [{"text": "t", "label": ["2", "A"], "hit_id": hit, "meta": {"a": 1}, "Comments": ["c"]}],
        [{"options": [], "meta": {"hit_id": hit}, "accept": ["2"], "answer": "accept"}],
        [dict.fromkeys(FILLED, "") | {"hit_id": hit, "judgement": 2, "file": "a.txt"}],
    ]
    path = tmp_path / "judged.json"
    importer, refusals = made.importer("XY"), set()
    for rows in files:
        for place in list_places(rows):
            for value in VALUES:
                path.write_text(json.dumps(put(rows, place, value)), encoding="utf-8")
                refusals.add(find_refusal(importer, path))
    assert len(refusals) > 20
    assert all(len(refusal.splitlines()) <= 1 for refusal in refusals)


CSV: list[tuple[str, str]] = [
    ("hit_id,judgement,judgement\nHIT,2,1\n", "two columns named 'judgement'"),
    ("hit_id,judgement,note\nHIT,2,one, two\n", ":2: more cells than columns"),
    ('hit_id,judgement\nHIT,"2\n', ":1: unexpected end"),
    ("hit_id,judgement\nHIT,2\x00\n", ":2: "),
    ("hit_id,judgement\nHIT,zwei\n", ":2: the judgement is 'zwei'"),
    ("hit_id,judgement\nHIT,2\nHIT,0\n", ":3: judged before in this file, and otherwise: .*:2"),
    ("\ufeff\ufeffhit_id,paper_id,page,judgement\nHIT,x,1,2\n", "is .hit_id. meant"),
    ("ï»¿hit_id,file,passage,judgement\nHIT,a.txt,供体,2\n", "is .hit_id. meant"),
    ("nr,file,passage,judgement\n1,a.txt,供体,2\n", "a passage without its hit_id"),
    ("hit_id,judgement,out of scope\nHIT,,animal\n", "is .out_of_scope. meant"),
    ("hit_id,judgment\nHIT,2\n", "is .judgement. meant"),
    ("hit_id,judgement\n1.2E+15,2\n", "no passage '1.2E"),
    ("judgement\n2\n", "no column hit_id, paper_id or file"),
    ("file,judgement\n,2\n", "neither hit_id nor paper_id nor file"),
    ("\n\n", ""),
    (f"hit_id,judgement,note\nHIT,2,{'n' * 200_000}\n", "field larger than"),
]


@pytest.mark.parametrize(("text", "words"), CSV)
def test_tables_that_mean_harm_are_one_line(
    made: Made, tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "judged.csv"
    path.write_text(text.replace("HIT", next(iter(made.hits))), encoding="utf-8", newline="")
    refuse(made, path, words)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.xlsx", b"", "no workbook"),
        ("a.xlsx", b"PK\x03\x04", "no workbook"),
        ("a.jsonl", b"PK\x03\x04" + bytes(range(256)), "no workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old workbook"),
        ("a.csv", "供体".encode("gb18030"), "not UTF-8"),
        ("a.json", "供体".encode("utf-16"), "not UTF-8"),
    ],
)
def test_files_of_another_kind_are_named(
    made: Made, tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    refuse(made, tmp_path / name, words)


def test_a_zip_bomb_is_not_unpacked(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screen.review.exchange.workbook._LARGEST", 20 * 10**6)
    path = tmp_path / "bomb.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"xl/{number}.xml", bytes(10**7))
    assert path.stat().st_size < 10**5
    refuse(made, path, "30 MB unpacked, the most is 20")


LAUGHS = "<!DOCTYPE t [<!ENTITY a0 'haha'>{}]>".format(
    "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 20}'>" for n in range(12))
)
FILE = "<!DOCTYPE t [<!ENTITY a12 SYSTEM 'file:///etc/passwd'>]>"
CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row>'


@pytest.mark.parametrize(
    ("sheet", "dtd"),
    [
        (f"<sheetData>{CELL.format('&a12;')}</sheetData>", LAUGHS),
        (f"<sheetData>{CELL.format('&a12;')}</sheetData>", FILE),
        (f"<sheetData>{CELL.format('&nothing;')}</sheetData>", ""),
        (f"<sheetData>{CELL.format('&#0;')}</sheetData>", ""),
        ("<sheetData>" + "<row>" * 50_000, ""),
        ("<x>" * 100_000 + "</x>" * 100_000, ""),
        ('<sheetData><row r="999999999999"><c r="A1"><v>1</v></c></row></sheetData>', ""),
        ('<sheetData><row r="x"><c r="A1"><v>1</v></c></row></sheetData>', ""),
        ('<sheetData><row><c r="ZZZZZ1"><v>1</v></c></row></sheetData>', ""),
        ('<sheetData><row><c r="A1" t="s"><v>99</v></c></row></sheetData>', ""),
        ('<sheetData><row><c r="A1" t="s"><v>-1</v></c></row></sheetData>', ""),
        (f'<sheetData><row><c r="A1"><v>{"9" * 5000}</v></c></row></sheetData>', ""),
        ('<sheetData><row><c r="A1" t="d"><v>never</v></c></row></sheetData>', ""),
        ('<dimension ref="A1:ZZZZ9"/><sheetData/>', ""),
        ("", ""),
    ],
    ids=range(15),
)
def test_a_workbook_that_means_harm_is_one_line(
    made: Made, tmp_path: Path, sheet: str, dtd: str
) -> None:
    path = pack(tmp_path / "bad.xlsx", SHEET.format(sheet), dtd=dtd)
    refusal = find_refusal(made.importer("XY"), path)
    assert len(refusal.splitlines()) <= 1
    assert "root:" not in refusal


def test_a_damaged_workbook_is_never_a_traceback(made: Made, tmp_path: Path) -> None:
    path, good = tmp_path / "damaged.xlsx", write(make_sheet(made), "xlsx", tmp_path)
    data = good.read_bytes()
    importer, refusals = made.importer("XY"), set()
    for number in range(0, len(data), len(data) // 40):
        path.write_bytes(data[:number] + b"\xff\x00<" + data[number + 3 :])
        refusals.add(find_refusal(importer, path))
    with ZipFile(good) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, kept in members.items():
        for content in (b"", b"<a/>", kept[:-20], kept * 2):
            with ZipFile(path, "w") as archive:
                for other, whole in members.items():
                    archive.writestr(other, content if other == name else whole)
            refusals.add(find_refusal(importer, path))
    assert len(refusals) > 3
    assert all(len(refusal.splitlines()) <= 1 for refusal in refusals)
