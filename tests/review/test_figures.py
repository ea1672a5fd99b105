"""Figures of a review: who judged what, how well people agree, and how much was found when."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from screen.review.figures import Comparison, Curve, compare, draw_recall, list_progress
from screen.study.completeness import list_read, measure_completeness
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.schema import hits, papers
from screen.study.verdicts import append, read_judgements, read_told
from screen.types import Verdict
from tests.workbench import Page, serve_here

if TYPE_CHECKING:
    from tests.conftest import MadeStudy

pytestmark = pytest.mark.database

CRITERIA = ("A", "B", "F")


@pytest.fixture
def folder(reviewed: "MadeStudy", tmp_path: Path) -> Path:
    return reviewed.copy(tmp_path / "study").folder


@pytest.fixture
def engine(folder: Path) -> Iterator[sa.Engine]:
    engine = open_database(Study(folder))
    yield engine
    engine.dispose()


def find(engine: sa.Engine, *files: str) -> list[tuple[str, str]]:
    """Return the passages of these papers, each with its paper, in the order of the text."""
    query = sa.select(papers.c.file, hits.c.id, hits.c.paper).join(
        papers, papers.c.sha256 == hits.c.paper
    )
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(hits.c.page, hits.c.start)).all()
    return [(row.id, row.paper) for file in files for row in rows if row.file.endswith(file)]


def give(
    engine: sa.Engine,
    things: Sequence[tuple[str | None, str]],
    reviewer: str,
    codes: str,
    round_: int = 1,
    **more: object,
) -> None:
    """Append verdicts of one reviewer, one a thing: "-" is none, "x" is out of scope."""
    given = [
        Verdict(
            hit=hit,
            paper=paper,
            reviewer=reviewer,
            code=None if code == "x" else int(code),
            reason="animal" if code == "x" else "",
            round=round_,
            **more,  # type: ignore[arg-type]
        )
        for (hit, paper), code in zip(things, codes, strict=True)
        if code != "-"
    ]
    append(engine, given)


def pick(engine: sa.Engine, what: str) -> Comparison:
    [row] = [row for row in compare(engine, CRITERIA).rows if row.what == what]
    return row


# ---- progress --------------------------------------------------------------------------------


def list_all(engine: sa.Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return list_progress(read_told(connection))


def test_progress_counts_what_stands_of_each_reviewer(engine: sa.Engine) -> None:
    assert list_all(engine) == []
    things = find(engine, "a.txt", "c.txt")
    give(engine, things, "B", "2201", at="2020-01-02T00:00:00+00:00")
    give(engine, things[:2], "B", "00", at="2020-01-05T00:00:00+00:00")
    give(engine, [(None, things[0][1]), (None, things[3][1])], "A", "x2", at="2020-01-03T00:00:00")
    give(engine, things[:1], "A", "1", 2, at="2020-01-04T00:00:00")
    withdrawal = Verdict(*things[3], "B", None, at="2020-01-06T00:00:00+00:00", withdrawn=True)
    append(engine, [withdrawal])
    rows = {row.pop("reviewer"): row for row in list_all(engine)}
    assert list(rows) == ["A", "B"]
    assert rows["A"] == {"passages": 0, "papers": 2, "decided": 1, "last": "2020-01-04T00:00:00"}
    assert rows["B"] == {
        "passages": 3,
        "papers": 0,
        "decided": 0,
        "last": "2020-01-05T00:00:00+00:00",
    }


# ---- agreement -------------------------------------------------------------------------------


def test_what_two_judged_is_compared(engine: sa.Engine) -> None:
    things = find(engine, "a.txt", "b.txt", "c.txt", "d.txt")
    assert len(things) == 7
    give(engine, things, "A", "2210012")
    give(engine, things, "B", "22100-0", criteria=("A",))
    row = pick(engine, "codes_of_passages")
    assert (row.is_criterion, row.agreement.items) == (False, 6)
    assert row.agreement.percent.value == pytest.approx(5 / 6)
    # By hand: agreement 5/6; A has 2, 1, 0 in 3, 1, 2 of 6, B in 2, 1, 3; by chance 13/36.
    assert row.agreement.cohen.value == pytest.approx((5 / 6 - 13 / 36) / (1 - 13 / 36))
    assert [pair.reviewers for pair in row.agreement.pairs] == [("A", "B")]
    assert pick(engine, "codes_ordinal").agreement.alpha.value is not None
    assert pick(engine, "codes_of_papers").agreement.items == 0
    # A ticked nothing, B always A.
    assert pick(engine, "A").is_criterion
    assert pick(engine, "A").agreement.percent.value == 0
    assert pick(engine, "F").agreement.percent.value == 1
    assert pick(engine, "mitigating").agreement.items == 6


def test_papers_are_compared_by_code_or_out_of_scope(engine: sa.Engine) -> None:
    things = [(None, paper) for _, paper in find(engine, "c.txt", "d.txt")]
    give(engine, things, "A", "x2")
    give(engine, things, "B", "x0")
    row = pick(engine, "codes_of_papers").agreement
    assert (row.items, row.percent.value) == (2, 0.5)
    assert pick(engine, "codes_of_passages").agreement.items == 0


def test_what_was_withdrawn_superseded_or_decided_is_not_compared(engine: sa.Engine) -> None:
    things = find(engine, "a.txt")
    give(engine, things, "A", "222")
    give(engine, things, "B", "000")
    give(engine, things[:1], "B", "2")
    append(engine, [Verdict(*things[1], "B", None, withdrawn=True)])
    give(engine, things, "X", "111", 2)
    row = pick(engine, "codes_of_passages").agreement
    assert (row.items, row.percent.value) == (2, 0.5)
    assert compare(engine, CRITERIA).verdicts == 5


def test_verdicts_that_are_not_blind_are_counted(engine: sa.Engine) -> None:
    things = find(engine, "a.txt")
    give(engine, things, "A", "222", blind=True)
    give(engine, things, "B", "22-")
    give(engine, things[:1], "X", "1", 2)
    found = compare(engine, CRITERIA)
    assert (found.unblinded, found.verdicts) == (2, 5)


# ---- the curve -------------------------------------------------------------------------------


def read_points(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, _, y in (point.partition(",") for point in points.split())]


def draw(study: Study, engine: sa.Engine) -> Curve:
    judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    return draw_recall(*list_read(engine, judgements, study.settings.stopping.code))


def ask_for(folder: Path, wanted: int) -> Study:
    """Return a study in which so many are to judge each passage."""
    study = Study(folder)
    rules = study.settings.review.model_copy(update={"reviewers_per_passage": wanted})
    study.settings = study.settings.model_copy(update={"review": rules})
    return study


def test_the_curve_rises_with_what_is_found(folder: Path, engine: sa.Engine) -> None:
    study = Study(folder)
    nothing = draw(study, engine)
    assert (nothing.read, nothing.total, nothing.found) == (0, 7, 0)
    assert read_points(nothing.points) == [(nothing.left, nothing.height - nothing.bottom)]
    things = find(engine, "a.txt", "b.txt")
    for thing, code in zip(things, "20120", strict=True):
        give(engine, [thing], "A", code)
    curve = draw(study, engine)
    assert (curve.read, curve.total, curve.found) == (5, 7, 3)
    points = read_points(curve.points)
    assert len(points) == curve.read + 1
    floor, top = curve.height - curve.bottom, 8
    steps = [round((floor - y) / (floor - top) * curve.found) for _, y in points]
    assert steps == [0, 1, 1, 2, 3, 3]
    across = [(x - curve.left) / (curve.width - 8 - curve.left) for x, _ in points]
    assert across == pytest.approx([n / 7 for n in range(6)], abs=0.001)
    assert read_points(curve.even) == [points[0], points[-1]]


def test_the_curve_of_a_team_waits_until_all_have_judged(folder: Path, engine: sa.Engine) -> None:
    study = ask_for(folder, 2)
    things = find(engine, "a.txt")
    give(engine, things, "A", "222")
    give(engine, things, "B", "20-")
    curve = draw(study, engine)
    # What they differ on counts as found until it is decided.
    assert (curve.read, curve.found) == (2, 2)
    assert measure_completeness(study, engine).disputed == 1
    give(engine, things[1:2], "X", "0", 2)
    assert draw(study, engine).found == 1
    assert read_judgements(engine, 2).hits[things[1][0]].code == 0


# ---- on the page -----------------------------------------------------------------------------


def test_figures_are_shown_to_those_who_may_see_them(folder: Path) -> None:
    with serve_here(folder) as served:
        things = find(served.engine, "a.txt")
        give(served.engine, things, "Anna", "201")
        give(served.engine, things, "Bert", "22-")
        observer, reviewer = served.browse("O", "observer"), served.browse("R", "reviewer")
        dashboard = observer.show("/dashboard")
        assert "3 / 7" in dashboard.text
        for name in ("Anna", "Bert"):
            assert name in dashboard.text
            assert name not in reviewer.show("/dashboard").text
        [line] = [e for e in dashboard.find("polyline") if e.attributes.get("class") == "found"]
        assert len(read_points(line["points"])) == 4
        agreement = observer.show("/agreement")
        assert "Anna" in agreement.text
        assert "0.50" in agreement.text
        assert reviewer.get("/agreement").status_code == 403


def test_who_judges_blind_is_not_told_what_others_found(folder: Path) -> None:
    with serve_here(folder, reviewers_per_passage=2) as served:
        things = find(served.engine, "a.txt")
        seen = []
        give(served.engine, things, "B", "0--")
        for codes in ("0--", "2--", "22-"):
            give(served.engine, things, "A", codes)
            page = served.browse("B", "reviewer").show("/dashboard")
            assert not page.find("svg")
            seen.append(re.sub(r"\d+(?=\s*verdicts on the record)", "", page.text))
            assert served.browse("O", "observer").show("/dashboard").find("svg")
        assert len(set(seen)) == 1


def test_what_waits_for_a_third_reviewer_is_not_in_dispute_yet(
    folder: Path, engine: sa.Engine
) -> None:
    study = ask_for(folder, 3)
    things = find(engine, "a.txt")
    give(engine, things, "A", "2--")
    give(engine, things, "B", "0--")
    assert measure_completeness(study, engine).disputed == 0
    give(engine, things, "C", "0--")
    assert measure_completeness(study, engine).disputed == 1


def test_an_empty_study_has_figures_too(folder: Path) -> None:
    with serve_here(folder) as served:
        page: Page = served.browse("O", "observer").show("/dashboard")
        assert "Nothing was read yet." in page.text
        assert "Nobody has judged anything yet." in page.text
        assert not page.find("svg")
        assert "–" in served.browse("O", "observer").show("/agreement").text
