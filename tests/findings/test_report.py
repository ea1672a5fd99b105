"""The report of a study: what stands on the page is what the study holds, and nothing else is."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from screen.findings.holdings import Holdings
from screen.findings.people import make_people
from screen.findings.report.charts import draw_map, draw_trust, draw_years
from screen.findings.report.counts import Group, count
from screen.findings.report.flow import draw_flow
from screen.findings.report.page import Wanted, render_report
from screen.findings.report.words import LANGUAGES, load_words
from screen.rank.calibration import Bin
from screen.study.folder import Study
from screen.study.prisma import INCLUDED, count_flow
from screen.study.verdicts import append
from screen.types import Verdict

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
SCRIPT = "<script>alert(1)</script>"
WORDS = load_words()
PAPERS: dict[str, str | bytes] = {
    "tube.txt": "心脏移植\n1.2 供心切取 供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。\n",
    "apnea.txt": (
        "心脏移植\n1.2 供心切取 供体脑死亡后行气管插管,开胸取心。\n"
        "2 讨论 供者均行自主呼吸激发试验,由两名医师判定脑死亡,家属签署知情同意书。\n"
    ),
    "breath.txt": "肺移植\n1.1 供体 供体脑死亡后迅速建立人工呼吸,维持循环。\n",
    "other.txt": "护理体会\n病房每日通风两次,患者饮食清淡。\n",
    f"{SCRIPT.replace('/', '_')}.txt": "供者脑死亡后立即气管插管,开胸取心。\n",
    "broken.pdf": b"%PDF-1.4\nnothing",
    "p024.pdf": (CORPUS / "papers" / "p024.pdf").read_bytes(),
}
RECORDS = [
    {"file": "tube.txt", "title": "心脏移植一例", "authors": ["赵某某"], "year": 1994,
     "journal": "虚构杂志"},
    {"file": "apnea.txt", "title": SCRIPT, "authors": [SCRIPT], "year": 1997},
    {"file": "breath.txt", "title": "肺移植", "year": 1994},
    {"file": "other.txt", "title": "护理体会", "year": 2001},
    {"title": "没有文件的论文", "year": 1999},
]  # fmt: skip
REVIEWERS = ("Margaret Ashworth", "王小明")


@pytest.fixture(scope="module")
def judged(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    """Seven papers, read by two reviewers who differ on one of them."""
    made = make_study(PAPERS, RECORDS)
    invoke("run", made.folder, "--workers", "1")
    text = (made.folder / "study.toml").read_text("utf-8")
    text = text.replace("# reviewers_per_passage = 1", "reviewers_per_passage = 2")
    (made.folder / "study.toml").write_text(text, "utf-8")
    hits = made.folder.parent / "hits.jsonl"
    assert invoke("export", made.folder, "--what", "hits", "-o", hits).exit_code == 0
    given: list[Verdict] = []
    for hit in map(json.loads, hits.read_text("utf-8").splitlines()):
        for reviewer in REVIEWERS:
            code = hit["code"]
            if hit["file"] == "breath.txt" and reviewer == REVIEWERS[1]:
                code = 0
            given.append(
                Verdict(
                    hit["hit_id"], hit["sha256"], reviewer, code,
                    criteria=tuple(hit["criteria"]) if code else (), mitigating=bool(code == 1),
                    note=f"as {REVIEWERS[0]} says" if reviewer == REVIEWERS[1] else "",
                )
            )  # fmt: skip
    with made.database() as engine:
        append(engine, given)
    return made


@pytest.fixture(scope="module")
def holdings(judged: "MadeStudy") -> Iterator[Holdings]:
    with judged.database() as engine:
        people = make_people(judged.folder, "names", "pseudonyms")
        yield Holdings(Study(judged.folder), engine, people)


@pytest.fixture(scope="module")
def page(holdings: Holdings) -> str:
    return render_report(holdings, Wanted(pictures=True))


@pytest.fixture(scope="module")
def tree(page: str) -> Any:
    return html.fromstring(page)


def read(element: Any, language: str = "en") -> str:
    """Return the words of an element as a reader of one language sees them."""
    hidden = {"en": "zh-CN", "zh": "en"}[language]
    copy = html.fromstring(html.tostring(element))
    for other in copy.xpath(f'//*[contains(@class, "w") and @lang="{hidden}"]'):
        other.text = None
        for child in list(other):
            other.remove(child)
    return " ".join(copy.text_content().split())


class TestPage:
    def test_it_needs_nothing_else_and_runs_nothing(self, tree: Any) -> None:
        assert not tree.xpath("//script | //link | //iframe | //object | //form | //base")
        addresses = tree.xpath("//@href | //@src | //@data | //@action | //@srcset")
        assert addresses
        assert all(address.startswith(("#", "data:image/jpeg;base64,")) for address in addresses)
        assert not [name for e in tree.iter() for name in e.attrib if name.startswith("on")]
        assert "url(" not in tree.xpath("string(//style)")

    def test_every_link_leads_somewhere_and_every_id_is_one(self, tree: Any) -> None:
        ids = tree.xpath("//@id")
        assert len(ids) == len(set(ids))
        assert {link[1:] for link in tree.xpath("//@href")} <= set(ids)

    def test_the_figures_are_those_of_the_study(self, tree: Any, holdings: Holdings) -> None:
        tiles = [int(b.text) for b in tree.xpath('//p[contains(@class, "tile")]/b')]
        codes = [finding.code for finding in holdings.findings]
        signs = sum(bool(finding.signs) for finding in holdings.findings)
        known = holdings.completeness
        assert tiles == [
            6, codes.count(2), codes.count(1), signs, known.papers_flagged_unjudged, 1
        ]  # fmt: skip
        assert codes.count(2) >= 3
        assert signs >= 1

    def test_every_finding_stands_with_its_quote_hash_page_and_verdicts(
        self, tree: Any, holdings: Holdings
    ) -> None:
        articles = tree.xpath("//article")
        assert len(articles) == len(holdings.findings)
        for article, finding in zip(articles, holdings.findings, strict=True):
            said = article.text_content()
            assert finding.paper.sha256 in said
            for passage in finding.confirmed:
                assert passage.hit is not None
                quoted = [part.text_content() for part in article.xpath(".//blockquote")]
                assert any(passage.hit.passage in part for part in quoted)
                where = f"Page {passage.hit.page}, characters {passage.hit.start}"
                assert where in read(article)
            rows = article.xpath(".//table[last()]/tbody/tr")
            assert len(rows) == len(finding.verdicts)

    def test_what_speaks_against_stands_beside_what_speaks_for(
        self, tree: Any, holdings: Holdings
    ) -> None:
        for article, finding in zip(tree.xpath("//article"), holdings.findings, strict=True):
            (side,) = article.xpath('.//section[contains(@class, "contra")]')
            items = side.xpath('.//ul[@class="signs"]/li')
            assert len(items) == len(finding.signs)
            for item, sign in zip(items, finding.signs, strict=True):
                assert sign.text in item.text_content()
            if not finding.signs:
                assert "which does not mean that there is none" in read(side)

    def test_what_is_hostile_is_text(self, page: str, tree: Any) -> None:
        assert SCRIPT not in page
        assert SCRIPT in tree.text_content()

    def test_people_leave_under_pseudonyms(self, page: str, holdings: Holdings) -> None:
        for name in REVIEWERS:
            assert name not in page
            assert holdings.people.name_reviewer(name) in page

    def test_what_was_not_screened_is_named(self, tree: Any) -> None:
        (heading,) = tree.xpath('//h2[@id="unscreened"]')
        table = heading.xpath("following::table[1]")[0]
        assert "broken.pdf" in table.text_content()

    def test_without_a_sample_it_says_that_recall_is_unknown(self, tree: Any) -> None:
        assert read(tree).count("Recall is unknown: no sample") >= 2
        assert "召回率未知" in read(tree, "zh")

    def test_a_page_is_shown_with_the_passage_boxed(self, tree: Any, holdings: Holdings) -> None:
        drawn = tree.xpath('//div[@class="sheet"][img and i]')
        assert drawn
        for style in tree.xpath('//div[@class="sheet"]/i/@style'):
            left, top, width, height = map(float, re.findall(r":([\d.]+)%", style))
            assert 0 <= left < left + width <= 100.5
            assert 0 <= top < top + height <= 100.5

    def test_both_languages_say_everything(self, tree: Any) -> None:
        for element in tree.xpath('//span[@class="w"]'):
            assert element.get("lang") in {"en", "zh-CN"}
        english = tree.xpath('//span[@class="w" and @lang="en"]')
        chinese = tree.xpath('//span[@class="w" and @lang="zh-CN"]')
        assert len(english) == len(chinese) > 200
        assert not [e for e in chinese if not e.text_content().strip() and e.getprevious().text]

    def test_the_same_study_gives_the_same_page(self, page: str, holdings: Holdings) -> None:
        again = Holdings(holdings.study, holdings.engine, holdings.people)
        assert render_report(again, Wanted(pictures=True)) == page


def test_the_command_writes_the_page(judged: "MadeStudy", invoke: "Invoke", tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    done = invoke("report", judged.folder, "-o", target, "--pseudonymise", "--title", "<T> & 标题")
    assert done.exit_code == 0, done.output
    page = target.read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "赵某某" not in page
    assert html.fromstring(page).xpath("string(//h1)") == "<T> & 标题"


def test_a_study_without_anything_gives_a_page(
    make_study: "MakeStudy", invoke: "Invoke", tmp_path: Path
) -> None:
    made = make_study({"a.txt": "护理体会\n患者饮食清淡。\n"})
    target = tmp_path / "report.html"
    assert invoke("report", made.folder, "-o", target).exit_code == 0
    assert "No paper is settled" in target.read_text("utf-8")


# ---- the words -----------------------------------------------------------------------------------


def test_both_languages_of_every_word_ask_for_the_same_values() -> None:
    for key, said in WORDS.words.items():
        assert set(said) == set(LANGUAGES), key
        asked = [{name for _, name, _, _ in Formatter().parse(said[x]) if name} for x in said]
        assert asked[0] == asked[1], key


def test_every_word_is_used() -> None:
    package = Path(load_words.__code__.co_filename).parent
    source = "".join(
        path.read_text("utf-8") for path in (*package.glob("*.py"), *package.rglob("*.html"))
    )
    made = ("flow_", "reason_", "code_", "method_", "limit_", "wanted_", "codes_", "part_")
    unused = [key for key in WORDS.words if not key.startswith(made) and f'"{key}"' not in source]
    # What rows of agreement are about is named by the row.
    assert set(unused) <= {"mitigating"}


# ---- what is counted and drawn -------------------------------------------------------------------


def test_every_paper_and_finding_is_in_one_year_one_province_and_one_hospital(
    holdings: Holdings,
) -> None:
    counts = count(holdings)
    for groups in (
        [*counts.years.values(), counts.no_year],
        [*counts.provinces.values(), counts.nowhere],
    ):
        assert sum(group.screened for group in groups) == counts.screened
        assert sum(group.findings for group in groups) == counts.findings
    hospitals = [*(one.group for one in counts.hospitals), counts.no_hospital]
    assert sum(group.findings for group in hospitals) == counts.findings


def test_the_findings_are_those_of_the_flow_diagram(holdings: Holdings) -> None:
    flow = count_flow(holdings.study, holdings.engine)
    for code in (1, 2):
        told = sum(way[f"code_{code}"] for way in flow.values())
        assert told == count(holdings).by_code[code]


_tallies = st.dictionaries(st.text("理由 reason-<&", min_size=1, max_size=40), st.integers(0, 999))


@given(
    numbers=st.lists(st.integers(0, 200_000), min_size=14, max_size=14),
    reasons=_tallies,
    language=st.sampled_from(LANGUAGES),
    databases=st.booleans(),
)
def test_boxes_of_the_flow_never_overlap_and_hold_their_lines(
    numbers: list[int], reasons: dict[str, int], language: str, databases: bool
) -> None:
    names = (
        "identified", "duplicates_removed", "screened", "excluded", "sought", "not_retrieved",
        "unreadable", "waiting", "assessed", "excluded_by_scope", "excluded_by_reviewers",
        "included",
    )  # fmt: skip
    flow: dict[str, Any] = dict(zip(names, numbers, strict=False))
    flow.update(dict.fromkeys(INCLUDED, 3), by_database=reasons, excluded_by_reason=reasons)
    flow.update(excluded_by_scope_by_reason={}, excluded_by_reviewers_by_reason=reasons)
    drawing = draw_flow(flow, partial(WORDS.say, language), databases=databases)
    for box in drawing.boxes:
        assert 0 <= box.x <= box.x + box.width <= drawing.width
        assert 0 <= box.y <= box.y + box.height <= drawing.height
        assert all(0 < line.y < box.height for line in box.lines)
        for other in drawing.boxes:
            apart = (
                box.x + box.width <= other.x or other.x + other.width <= box.x
                or box.y + box.height <= other.y or other.y + other.height <= box.y
            )  # fmt: skip
            assert other is box or apart
    said = " ".join(line.text for box in drawing.boxes for line in box.lines)
    assert f"{flow['assessed']:,}" in said


@given(st.dictionaries(st.integers(1950, 2030), st.tuples(*[st.integers(0, 5000)] * 3), min_size=1))
def test_bars_stand_on_their_axis_and_are_as_high_as_their_numbers(
    years: dict[int, tuple[int, int, int]],
) -> None:
    groups = {}
    for year in range(min(years), max(years) + 1):
        code2, code1, screened = years.get(year, (0, 0, 0))
        groups[year] = Group(screened=screened)
        groups[year].by_code.update({2: code2, 1: code1})
    drawing = draw_years(groups)
    assert drawing is not None
    for bars, total in (
        (drawing.findings, sum(a + b for a, b, _ in years.values())),
        (drawing.screened, sum(c for _, _, c in years.values())),
    ):
        assert sum(bar.papers for bar in bars) == total
        units = {round(bar.height / bar.papers, 9) for bar in bars}
        assert len(units) <= 1
        assert all(drawing.left <= bar.x < bar.x + bar.width <= drawing.width for bar in bars)
    assert all(bar.y >= 0 and bar.y + bar.height <= drawing.base + 1e-6 for bar in drawing.findings)


def test_the_map_has_every_province_once_and_nothing_upon_another(holdings: Holdings) -> None:
    drawing = draw_map(count(holdings))
    assert len(drawing.tiles) == len({tile.province.name for tile in drawing.tiles}) == 34
    assert len({(tile.x, tile.y) for tile in drawing.tiles}) == 34


def test_a_calibration_dot_stands_where_its_numbers_say() -> None:
    drawing = draw_trust([Bin(10, 0.25, 0.5, 0.2, 0.8)])
    (dot,) = drawing.dots
    assert dot.x == drawing.edge + drawing.side / 4
    assert dot.y == 10 + drawing.side / 2
    assert dot.high < dot.y < dot.low
