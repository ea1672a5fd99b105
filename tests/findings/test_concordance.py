"""Wording in context: all places and no others, each with its place on the page."""

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from screen.errors import ExportError
from screen.findings.concordance import Searched, Wording, list_lines, make_finder
from screen.findings.suggestions import Text, compare, suggest
from screen.match.packs import find_pack, load_pack
from screen.study.folder import Study
from screen.study.queries import list_queue
from screen.study.verdicts import append
from screen.study.work.isolation import Death, Isolated
from screen.types import Verdict

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

PAPERS = {
    "one.txt": "肺移植\n1.1 供肺 供者脑死亡后置入喉罩,接呼吸囊,开胸。\n1.2 受者 全麻气管 插管。\n",
    "two.txt": "心脏移植\n供者宣布脑死亡后立即氣管插\f管,随即置入喉罩备用。\n",
    "three.txt": "护理\n患者饮食清淡,气官插管脱出。\n",
}


@pytest.fixture(scope="module")
def study(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    made = make_study(PAPERS)
    assert invoke("run", made.folder, "--workers", "1").exit_code == 0
    return made


def find(invoke: "Invoke", study: "MadeStudy", *arguments: str) -> list[dict[str, Any]]:
    done = invoke("concordance", study.folder, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_wording_is_found_through_spaces_page_breaks_and_traditional_characters(
    invoke: "Invoke", study: "MadeStudy"
) -> None:
    lines = find(invoke, study, "氣管插管", "--width", "5")
    assert {line["file"] for line in lines} == {"one.txt", "two.txt"}
    for line in lines:
        pages = PAPERS[line["file"]].split("\f")
        for quote in line["quotes"]:
            assert pages[quote["page"] - 1][quote["start"] : quote["end"]] == quote["text"]
    assert [len(line["quotes"]) for line in sorted(lines, key=lambda x: x["file"])] == [1, 2]


def test_fuzzy_wording_is_found_in_spite_of_damage(invoke: "Invoke", study: "MadeStudy") -> None:
    lines = find(invoke, study, "气管插管", "--fuzzy", "0.7", "--sort", "distance")
    assert [line["distance"] for line in lines] == sorted(line["distance"] for line in lines)
    assert lines[-1]["keyword"] == "气官插管"
    assert len(lines) == 3


def test_lines_are_printed_with_the_keyword_in_one_column(
    invoke: "Invoke", study: "MadeStudy"
) -> None:
    done = invoke("concordance", study.folder, "喉罩", "--width", "6", "--sort", "right")
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert len({len(line[: line.index("喉罩")].encode("gb18030")) for line in lines}) == 1
    assert "2 lines in 2 of 3 papers" in done.stderr


@pytest.mark.parametrize(
    ("expression", "why"), [("(", "no regular expression"), ("x*", "finds nothing")]
)
def test_an_expression_that_cannot_be_used_costs_one_line(
    invoke: "Invoke", study: "MadeStudy", expression: str, why: str
) -> None:
    done = invoke("concordance", study.folder, "--regex", expression)
    assert done.exit_code == 2
    assert why in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_expression_that_never_ends_is_given_up(
    study: "MadeStudy", monkeypatch: pytest.MonkeyPatch
) -> None:
    # That a process which takes too long dies is tested where processes are.
    monkeypatch.setattr(Isolated, "ask", lambda *_, **__: Death(timed_out=True))
    wording = Wording("(a|a)*(.{1,3})+$x", is_regex=True)
    with study.database() as engine, pytest.raises(ExportError, match="more than 2 seconds"):
        list(list_lines(Study(study.folder), engine, wording, 5, Searched(), every=False))


def test_nothing_is_looked_for_nowhere(invoke: "Invoke", study: "MadeStudy") -> None:
    assert invoke("concordance", study.folder, "  ").exit_code == 2


@given(st.text("气管插内供心", max_size=60), st.text("气管插内", min_size=2, max_size=4))
def test_literal_wording_is_found_wherever_it_stands(text: str, wording: str) -> None:
    found = make_finder(Wording(wording))(text)
    assert [(p.start, p.end) for p in found] == [
        m.span() for m in re.finditer(re.escape(wording), text)
    ]


@given(st.text("气管插内供心", max_size=40), st.text("气管插内", min_size=4, max_size=7))
def test_fuzzy_wording_is_as_alike_as_was_asked(text: str, wording: str) -> None:
    places = make_finder(Wording(wording, similarity=0.75))(text)
    for place in places:
        assert fuzz.ratio(wording, text[place.start : place.end]) >= 75
    assert not (wording in text and not places)


# ---- pack suggest --------------------------------------------------------------------------------


def test_new_wording_of_confirmed_passages_is_suggested_and_known_wording_is_not() -> None:
    pack = load_pack(find_pack("brain-death"))
    confirmed = [
        Text(f"p{number}", f"p{number} page 1", f"供者脑死亡后即用纸管吹气{tail},开胸", rules)
        for number, (tail, rules) in enumerate([("通气", ("A-x",)), ("", ()), ("备用", ("A-x",))])
    ]
    found = suggest(pack, confirmed, ["患者饮食清淡,体温正常", "受者气管插管"], 2)
    phrases = [item.phrase for item in found.phrases]
    assert any("纸管" in phrase for phrase in phrases)
    assert not any("脑死亡" in phrase or "开胸" in phrase for phrase in phrases)
    assert [item.where for item in found.unflagged] == ["p1 page 1"]
    assert all(item.papers >= 2 for item in found.phrases)


def test_what_stands_only_in_a_longer_phrase_is_not_told_again() -> None:
    pack = load_pack(find_pack("brain-death"))
    confirmed = [Text(str(n), "", "即用纸管吹气", ()) for n in range(3)]
    phrases = [item.phrase for item in suggest(pack, confirmed, ["饮食清淡"], 1).phrases]
    assert not [a for a in phrases for b in phrases if a != b and a in b]


@given(*[st.integers(0, 500)] * 2, *[st.integers(1000, 9000)] * 2)
def test_the_ratio_says_on_which_side_a_phrase_is_more_frequent(
    here: int, there: int, size_here: int, size_there: int
) -> None:
    ratio = compare(here, there, size_here, size_there)
    gap = here * size_there - there * size_here
    assert ratio * gap >= 0 or abs(ratio) < 1e-6
    assert abs(compare(there, here, size_there, size_here)) == pytest.approx(abs(ratio), abs=1e-6)


def test_a_study_suggests_from_its_verdicts(invoke: "Invoke", study: "MadeStudy") -> None:
    lines = find(invoke, study, "喉罩")
    with study.database() as engine:
        hits = {row["paper"]: row["id"] for row in list_queue(engine)}
        papers = {line["paper"] for line in lines}
        append(engine, [Verdict(hits[p], p, "AB", 2) for p in papers if p in hits])
    done = invoke("pack", "suggest", study.folder, "--min-papers", "1", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["confirmed"] == len([p for p in papers if p in hits]) >= 1
    assert invoke("pack", "suggest", study.folder).exit_code == 0
