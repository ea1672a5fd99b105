"""What a scope leaves out: its rules over data of papers, and the scopes that ship."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.errors import PackError
from screen.match.packs import builtin_folder, load_pack
from screen.match.scope import (
    Condition,
    Scope,
    find_scope,
    load_scope_cases,
    load_scopes,
    make_subject,
)
from screen.text.normalise import clean_words

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "real" / "papers"
BRAIN_DEATH = builtin_folder() / "brain-death"
SCOPES = load_scopes(BRAIN_DEATH)
CASES = load_scope_cases(BRAIN_DEATH)
# Judged by their titles and abstracts alone: what the made-up papers are about.
OUT = {
    "other_organ": {"p025", "p026", "p027", "p030", "p031", "p032", "p033", "p064"},
    "animal": {"p034", "p035", "p036", "p037"},
    "living_donor": {"p038", "p039", "p040"},
    "not_transplant": {"p041"},
}

words = st.lists(st.sampled_from(["心脏移植", "肝移植", "大鼠", "患者", "活体供肾", "护理"]))


def judge_records() -> dict[str, str]:
    """Return the reason for which each paper of the corpus is left out, "" for none."""
    reasons = {}
    for line in (ROOT / "corpus" / "records.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        subject = make_subject(row["title"], row["abstract"], "; ".join(row["keywords"]))
        reasons[Path(row["file"]).stem] = SCOPES["heart-lung"].judge(subject).reason
    return reasons


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_of_the_shipped_scopes_comes_out_as_it_should(case) -> None:  # type: ignore[no-untyped-def]
    assert case.decide(SCOPES).reason == case.reason


def test_there_are_cases_enough_of_both_kinds() -> None:
    assert sum(bool(case.reason) for case in CASES) >= 20
    assert sum(not case.reason for case in CASES) >= 20


def test_what_the_scope_leaves_out_of_the_corpus_is_what_a_reader_would() -> None:
    reasons = judge_records()
    assert {r: {p for p, x in reasons.items() if x == r} for r in OUT} == OUT
    assert sum(map(bool, reasons.values())) == sum(map(len, OUT.values()))


def test_no_real_paper_without_a_record_is_left_out() -> None:
    if not REAL.is_dir():
        pytest.skip("../shared/real is not here")
    for path in sorted(REAL.glob("*.txt")):
        text = clean_words(path.read_text(encoding="utf-8", errors="replace"))
        assert SCOPES["heart-lung"].judge(make_subject(text=text)).rule is None, path.name


@given(words, words, words)
def test_more_data_is_never_needed_to_stay_in(
    title: list[str], abstract: list[str], text: list[str]
) -> None:
    """A paper of which nothing is known stays in, and no rule is true and false at once."""
    for scope in SCOPES.values():
        assert scope.judge(make_subject()).rule is None
        subject = make_subject("。".join(title), "。".join(abstract), "", "。".join(text))
        assert scope.judge(subject) == scope.judge(subject)


@given(words, words)
def test_none_is_what_any_is_not(title: list[str], abstract: list[str]) -> None:
    inner = (Condition(words=("肝移植",)), Condition(words=("大鼠",), at_least=2))
    subject = make_subject("。".join(title), "。".join(abstract))
    any_, _ = Condition(any=inner).judge(subject)
    none, _ = Condition(none=inner).judge(subject)
    assert (any_ is None) == (none is None)
    assert any_ is None or any_ != none


def test_years_decide_only_where_there_is_one() -> None:
    condition = Condition(year_from=1990, year_to=2000)
    told = [condition.judge(make_subject(year=year))[0] for year in (1989, 1990, 2000, 2001, None)]
    assert told == [False, True, True, False, None]


def test_a_word_inside_one_that_hides_it_does_not_count() -> None:
    condition = Condition(fields=("title",), words=("取心", "心脏移植"), unless=("抽取心",))
    assert condition.judge(make_subject("抽取心电图"))[0] is False
    assert condition.judge(make_subject("抽取心脏移植受者的血")) == (True, ("心脏移植",))


def test_only_the_beginning_of_a_text_is_looked_at_if_so_told() -> None:
    condition = Condition(fields=("text",), words=("大鼠",), first=10)
    assert condition.judge(make_subject(text="大鼠" + "甲" * 20))[0] is True
    assert condition.judge(make_subject(text="甲" * 20 + "大鼠"))[0] is False


def test_a_scope_is_no_part_of_the_hash_of_the_pack(tmp_path: Path) -> None:
    for path in BRAIN_DEATH.glob("*.yml"):
        if not path.name.startswith("scope"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert load_pack(tmp_path).hash == load_pack(BRAIN_DEATH).hash
    assert load_scopes(tmp_path) == {}


RULE = "- {id: a, reason: animal, gloss: x, when: {words: [大鼠]}}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scopes:\n  s:\n    gloss: x\n    colour: red\n", "scope.yml:4: unknown key 'colour'"),
        ("scopes:\n  s:\n    gloss: x\n    exclude:\n    - {id: a, reason: animal, gloss: x, "
         "when: {words: [a], none: []}, what: 1}\n", "scope.yml:5: unknown key 'what'"),
        (f"scopes:\n  s:\n    gloss: x\n    exclude:\n    {RULE}\n    {RULE}\n",
         "scope.yml:6: a is there twice"),
        ("scopes:\n  s:\n    gloss: x\n    exclude:\n"
         "    - {id: a, reason: animal, gloss: x, when: {fields: [title]}}\n", "one of: words"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_file_and_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "scope.yml").write_text(text, encoding="utf-8")
    with pytest.raises(PackError, match=told):
        load_scopes(tmp_path)


def test_an_unknown_scope_is_an_error_that_names_the_known() -> None:
    with pytest.raises(PackError, match="heart-lung"):
        find_scope(BRAIN_DEATH, "liver")
    assert find_scope(BRAIN_DEATH, "") is None
    assert isinstance(find_scope(BRAIN_DEATH, "human"), Scope)
