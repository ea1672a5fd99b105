"""What a reviewer says: taken once, refused where it cannot stand, blind until it is given."""

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from screen.errors import ReviewError
from screen.review.judging import (
    find_last_standing,
    note_shown,
    propose,
    read_said,
    take_back,
)
from screen.review.paper import Task, Turn
from screen.review.queue import hand_out
from screen.study import database
from screen.study.database import write
from screen.study.schema import hits, leases, orders, papers, ranks, reveals, verdicts
from screen.study.verdicts import OUT_OF_SCOPE, read_judgements
from tests.workbench import Browser, Page, Room, Workbench

pytestmark = pytest.mark.database

Open = Callable[..., Workbench]
HOUR = 3600
CRITERIA = ("A", "B", "C", "F")


def refuse(room: Room, name: str, task: Task, **more: Any) -> str:
    with pytest.raises(ReviewError) as refused:
        room.judge(name, task, **more)
    return str(refused.value)


def last(room: Room) -> dict[str, Any]:
    return max(room.read(verdicts), key=lambda row: int(row["id"]))


# ---- what a form says ------------------------------------------------------------------------


def read(whole: bool = False, **fields: str | list[str]) -> Any:
    form = {k: v if isinstance(v, list) else [v] for k, v in {"judgement": "2", **fields}.items()}
    return read_said(form, CRITERIA, whole=whole)


def test_a_form_says_code_criteria_sign_and_note() -> None:
    said = read(
        criteria=["F", "A"], mitigating="yes", note=" 见第3页 \r\n第二行 ", key="k", shown="7"
    )
    assert (said.code, said.reason, said.criteria) == (2, "", ("A", "F"))
    assert (said.mitigating, said.note, said.key, said.shown) == (True, "见第3页 \n第二行", "k", 7)


@pytest.mark.parametrize("reason", OUT_OF_SCOPE)
def test_only_a_paper_is_out_of_scope(reason: str) -> None:
    said = read(whole=True, judgement=reason)
    assert (said.code, said.reason) == (None, reason)
    with pytest.raises(ReviewError, match="no_code"):
        read(judgement=reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"judgement": ""},
        {"judgement": "3"},
        {"judgement": "-1"},
        {"judgement": "２"},
        {"judgement": "2.0"},
        {"judgement": " 2"},
        {"judgement": "9" * 5000},
        {"judgement": "None"},
        {"judgement": "withdrawn"},
        {"criteria": ["A", "Z"]},
        {"criteria": ["<script>"]},
        {"criteria": ["a"]},
        {"criteria": [""]},
        {"shown": "-1"},
        {"shown": "1e3"},
        {"shown": "9" * 19},
        {"shown": "9" * 5000},
        {"shown": "²"},
        {"shown": "1; DROP TABLE verdicts"},
    ],
    ids=str,
)
@pytest.mark.parametrize("whole", [False, True])
def test_what_no_page_sends_is_refused(fields: Mapping[str, Any], whole: bool) -> None:
    with pytest.raises(ReviewError, match="no_code"):
        read(whole=whole, **fields)


def test_what_is_too_long_is_cut() -> None:
    said = read(note="长" * 5000, key="k" * 500)
    assert (len(said.note), len(said.key)) == (4000, 64)


@given(
    st.dictionaries(
        st.sampled_from(["judgement", "criteria", "mitigating", "note", "key", "shown", "round"]),
        st.lists(st.text(max_size=30) | st.sampled_from(["0", "1", "2", "A"]), min_size=1),
    )
)
def test_any_form_is_read_or_refused(form: Mapping[str, list[str]]) -> None:
    said = None
    with suppress(ReviewError):
        said = read_said(form, CRITERIA, whole=True)
    if said is not None:
        assert said.code in {0, 1, 2} or said.reason in OUT_OF_SCOPE
        assert set(said.criteria) <= set(CRITERIA)
        assert "\0" not in said.note


# ---- sent twice, and from two windows --------------------------------------------------------


def test_what_is_sent_twice_is_one_verdict(room: Room) -> None:
    task = room.get("A")
    number = room.judge("A", task, key="once")
    assert room.judge("A", task, key="once", shown=None) == number
    assert refuse(room, "A", task, code=0, key="once", shown=None) == "changed_elsewhere"
    assert len(room.read(verdicts)) == 1


def test_without_a_key_the_page_is_out_of_date(room: Room) -> None:
    task = room.get("A")
    room.judge("A", task, key="")
    assert refuse(room, "A", task, key="", shown=None) == "changed_elsewhere"


def test_the_key_of_another_act_is_refused(room: Room) -> None:
    task = room.get("A")
    room.judge("A", task, key="once")
    other = room.get("A")
    for name, task in (("A", other), ("B", room.get("B"))):
        with pytest.raises(ReviewError, match="no_code"), room.connection.begin_nested():
            room.judge(name, task, key="once")
    assert len(room.read(verdicts)) == 1


def test_a_page_in_a_second_window_is_out_of_date(room: Room) -> None:
    task = room.get("A")
    first = room.judge("A", task, 2)
    assert refuse(room, "A", task, code=0, shown=None) == "changed_elsewhere"
    second = room.judge("A", task, 1, shown=first)
    assert refuse(room, "A", task, code=0, shown=first) == "changed_elsewhere"
    take_back(room.turn("A"), 0)
    third = last(room)["id"]
    assert refuse(room, "A", task, code=0, shown=second) == "changed_elsewhere"
    room.judge("A", task, 0, shown=third)
    assert [row["supersedes"] for row in room.read(verdicts)] == [None, first, second, third]


def test_the_verdict_of_another_is_not_ones_own(room_for_two: Room) -> None:
    task = room_for_two.get("A")
    number = room_for_two.judge("A", task)
    assert refuse(room_for_two, "B", task, shown=number) == "changed_elsewhere"


@pytest.mark.parametrize("hit", [None, "0" * 16, "' OR 1=1 --"])
def test_nothing_is_said_of_what_is_not_there(room: Room, hit: str | None) -> None:
    known = room.files()["a.txt"]
    assert refuse(room, "A", Task("f" * 64, hit)) == "no_such_passage"
    if hit is not None:
        assert refuse(room, "A", Task(known, hit)) == "no_such_passage"
        assert refuse(room, "A", Task(known, room.passages("b.txt")[0])) == "no_such_passage"
    assert not room.read(verdicts)


# ---- once all have judged --------------------------------------------------------------------


def test_alone_one_may_change_ones_mind_at_any_time(room: Room) -> None:
    task = room.get("A")
    room.finish("A")
    room.judge("A", task, 0)
    assert room.look("A", task.paper).find_own(task.hit, 1) == last(room)


def test_once_all_have_judged_nobody_changes_anything(room_for_two: Room) -> None:
    task = room_for_two.get("A")
    room_for_two.judge("A", task, 2)
    room_for_two.judge("A", task, 1)
    room_for_two.judge("B", task, 1)
    for name in "AB":
        assert refuse(room_for_two, name, task, code=0) == "locked"
        with pytest.raises(ReviewError, match="locked"):
            take_back(room_for_two.turn(name), 0)


def test_once_an_adjudicator_has_decided_nobody_changes_anything_but_the_adjudicator(
    room_for_two: Room,
) -> None:
    task = room_for_two.get("A")
    room_for_two.judge("A", task, 2)
    room_for_two.judge("B", task, 0)
    decision = room_for_two.ask_dispute("X")
    assert decision == Task(task.paper, task.hit, 2)
    room_for_two.judge("X", decision, 2)
    assert refuse(room_for_two, "A", task, code=0) == "locked"
    assert refuse(room_for_two, "C", task) == "taken"
    room_for_two.judge("X", decision, 0)
    assert last(room_for_two)["code"] == 0


# ---- taking back -----------------------------------------------------------------------------


def test_a_verdict_is_taken_back_by_another_line(room: Room) -> None:
    task = room.get("A")
    number = room.judge("A", task, 2, note="zu früh", criteria=("A",))
    assert take_back(room.turn("A"), 0) == task
    row = last(room)
    assert (row["supersedes"], row["withdrawn"], row["code"]) == (number, True, None)
    assert room.look("A", task.paper).find_own(task.hit, 1) is None
    assert find_last_standing(room.turn("A")) is None
    with pytest.raises(ReviewError, match="nothing_to_undo"):
        take_back(room.turn("A"), 0)


def test_verdicts_are_taken_back_one_by_one_the_last_first(room: Room) -> None:
    given = room.finish("A", most=5)
    assert [take_back(room.turn("A"), 0) for _ in given] == given[::-1]


def test_a_change_is_taken_back_and_then_what_it_changed(room: Room) -> None:
    one, two, _ = (Task(room.files()["a.txt"], hit) for hit in room.passages("a.txt"))
    for task, code in ((one, 0), (two, 2), (two, 1), (two, 0)):
        room.judge("A", task, code)
    said = []
    for task in (two, two, two, one):
        assert take_back(room.turn("A"), 0) == task
        row = room.look("A", two.paper).find_own(two.hit, 1)
        said.append(row["code"] if row else None)
    assert said == [1, 2, None, None]
    with pytest.raises(ReviewError, match="nothing_to_undo"):
        take_back(room.turn("A"), 0)
    room.judge("A", two, 1)
    assert take_back(room.turn("A"), 0) == two


def test_a_verdict_that_was_taken_back_is_not_there_because_it_is_sent_again(room: Room) -> None:
    task = room.get("A")
    room.judge("A", task, 2, key="once")
    take_back(room.turn("A"), 0)
    with pytest.raises(ReviewError, match="changed_elsewhere"):
        room.judge("A", task, 2, key="once")


def test_no_page_sends_the_key_of_a_verdict_that_was_restored() -> None:
    with pytest.raises(ReviewError, match="no_code"):
        read_said({"judgement": ["2"], "key": ["1:2"]}, CRITERIA, whole=False)


def test_what_a_later_run_took_away_is_passed_over_on_the_way_back(room: Room) -> None:
    first = room.judge("A", Task(room.files()["b.txt"], room.passages("b.txt")[0]))
    room.judge("A", Task(room.files()["c.txt"], room.passages("c.txt")[0]))
    room.connection.execute(hits.delete().where(hits.c.paper == room.files()["c.txt"]))
    row = find_last_standing(room.turn("A"))
    assert row is not None
    assert row["id"] == first


def test_the_model_is_the_one_that_gave_the_passage_its_place(room: Room) -> None:
    paper = room.files()["a.txt"]
    one, two, _ = room.passages("a.txt")
    room.connection.execute(orders.update().values(model="some model"))
    room.connection.execute(ranks.delete().where(ranks.c.hit == two))
    assert room.look("A", paper).find_origin(one)[1] == "some model"
    assert room.look("A", paper).find_origin(two)[1] is None


def test_what_was_given_before_the_session_is_not_taken_back(room: Room) -> None:
    room.judge("A", room.get("A"))
    with pytest.raises(ReviewError, match="nothing_to_undo"):
        take_back(room.turn("A"), 4_000_000_000)


def test_nobody_takes_back_what_others_said(room_for_two: Room) -> None:
    room_for_two.judge("A", room_for_two.get("A"))
    with pytest.raises(ReviewError, match="nothing_to_undo"):
        take_back(room_for_two.turn("B"), 0)


def test_one_goes_back_and_forth_among_ones_own_verdicts(room_for_two: Room) -> None:
    room_for_two.finish("B", most=2)
    numbers = [room_for_two.judge("A", room_for_two.get("A")) for _ in range(3)]

    def find(before: int | None = None, after: int | None = None) -> int | None:
        row = find_last_standing(room_for_two.turn("A"), before, after)
        return row["id"] if row else None

    assert find() == numbers[2]
    assert find(before=numbers[2]) == numbers[1]
    assert find(before=numbers[0]) is None
    assert find(after=numbers[1]) == numbers[2]
    assert find(after=numbers[2]) is None
    take_back(room_for_two.turn("A"), 0)
    assert find(after=numbers[1]) is None


# ---- notes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "note",
    [
        "",
        "一行\n两行",
        "🫀👩‍⚕️",
        "‮exe.txt",
        "'\"; DROP TABLE verdicts; --",
        "\x10" * 3,
        "{{7*7}}\\x",
    ],
)
def test_notes_come_back_as_they_were_written(room: Room, note: str) -> None:
    task = room.get("A")
    room.judge("A", task, note=note)
    assert last(room)["note"] == note


def test_a_note_cannot_hold_nul(room: Room) -> None:
    assert read(note="a\0b").note == "ab"


# ---- what a paper comes to -------------------------------------------------------------------


def test_a_paper_comes_to_the_highest_code_of_its_passages_with_its_criteria(room: Room) -> None:
    paper = room.files()["a.txt"]
    for hit, code, criteria in zip(
        room.passages("a.txt"), (1, 2, 2), (("C",), ("B",), ("A", "B")), strict=True
    ):
        room.judge("A", Task(paper, hit), code, criteria=criteria)
    assert propose(room.turn("A"), room.look("A", paper), 1) == (2, ("A", "B"))
    assert propose(room.turn("B"), room.look("B", room.files()["b.txt"]), 1) == (None, ())


def test_what_others_are_still_to_be_blind_to_is_proposed_to_nobody(room_for_two: Room) -> None:
    paper, [one, two] = room_for_two.files()["b.txt"], room_for_two.passages("b.txt")
    room_for_two.judge("A", Task(paper, one), 2)
    room_for_two.judge("B", Task(paper, two), 0)
    for name, round_ in (("B", 1), ("X", 2)):
        found = propose(room_for_two.turn(name), room_for_two.look(name, paper), round_)
        assert found == ((0, ()) if name == "B" else (None, ()))


def test_who_finishes_a_paper_is_told_what_the_others_said_of_the_rest(room: Room) -> None:
    paper, [one, two] = room.files()["b.txt"], room.passages("b.txt")
    room.judge("A", Task(paper, one), 2, criteria=("A",))
    room.judge("B", Task(paper, two), 0)
    assert propose(room.turn("B"), room.look("B", paper), 1) == (2, ("A",))


def test_an_adjudicator_goes_by_what_was_decided(room_for_two: Room) -> None:
    paper, [hit] = room_for_two.files()["c.txt"], room_for_two.passages("c.txt")
    for name, code in (("A", 2), ("B", 1)):
        room_for_two.judge(name, Task(paper, hit), code)
        room_for_two.judge(name, Task(paper, None), code)
    assert room_for_two.ask_dispute("X") == Task(paper, hit, 2)
    room_for_two.judge("X", Task(paper, hit, 2), 1, criteria=("F",))
    assert propose(room_for_two.turn("X"), room_for_two.look("X", paper), 2) == (1, ("F",))


# ---- blind -----------------------------------------------------------------------------------


def test_a_verdict_is_blind_unless_the_reviewer_was_shown_the_reading(room: Room) -> None:
    one, two, three = (Task(room.files()["a.txt"], hit) for hit in room.passages("a.txt"))
    room.judge("A", one, hidden=True)
    assert last(room)["blind"]
    assert one.hit
    note_shown(room.turn("A"), one.hit)
    note_shown(room.turn("A"), one.hit)
    room.judge("A", one, 0, hidden=True)
    assert not last(room)["blind"]
    room.judge("A", two, hidden=True)
    assert last(room)["blind"]
    room.judge("A", three, hidden=False)
    assert not last(room)["blind"]
    room.judge("A", Task(one.paper, None), hidden=True)
    assert not last(room)["blind"]
    assert room.look("A", one.paper).was_shown(None)
    assert not room.look("B", one.paper).was_shown(None)
    assert len(room.read(reveals)) == 1


def test_a_verdict_tells_the_pack_and_the_order_that_were_in_force(room: Room) -> None:
    room.judge("A", room.get("A"))
    row = last(room)
    assert row["pack"].startswith("brain-death ")
    assert (row["model"], row["order"]) == (None, 2)


# What the page says where the program's reading is, and where it is hidden.
READING, HIDDEN = "score", "Hidden until you have judged."


@pytest.fixture
def team(open_workbench: Open, served: Path) -> Workbench:
    """Two judge each passage; each test is about papers of its own."""
    return open_workbench(served, reviewers_per_passage=2)


def judge_here(browser: Browser, path: str, code: str = "2", **more: Any) -> int:
    """Judge what a page shows, as the page would; return the status."""
    action = f"{path}/verdict"
    form = browser.show(path).read_form(action)
    return browser.post(action, {**form, "judgement": code, **more}).status_code


def list_secrets(workbench: Workbench, hit: str) -> list[str]:
    """Return what the program makes of a passage, as a page could betray it."""
    with workbench.engine.connect() as connection:
        row = connection.execute(sa.select(hits).where(hits.c.id == hit)).mappings().one()
    told = [f"{row['score']:.2f}", row["reason"], row["pack"]]
    return [word for word in told if word]


def test_a_page_hides_the_reading_until_the_verdict(team: Workbench) -> None:
    browser = team.browse("A", "reviewer")
    hit = find_hits(team, "a.txt")[0]
    first = browser.show(f"/passages/{hit}")
    pages = [f"/passages/{hit}", f"/passages/{hit}/paper", f"/passages/{hit}/page", "/find?q=供体"]
    for path in ["/judge", *pages]:
        html = unescape(browser.get(path).text)
        assert not [word for word in list_secrets(team, hit) if word in html], path
        assert READING not in Page(html).text.split("Keys")[0], path
    assert HIDDEN in first.text
    assert judge_here(browser, f"/passages/{hit}") == 303
    after = unescape(browser.get(f"/passages/{hit}").text)
    assert [word for word in list_secrets(team, hit) if word in after] == list_secrets(team, hit)
    assert list_blind(team, hit) == [True]
    with team.engine.connect() as connection:
        assert hit in connection.scalars(sa.select(reveals.c.hit)).all()
    assert judge_here(browser, f"/passages/{hit}", "0") == 303
    assert list_blind(team, hit) == [True, False]


def test_who_saw_the_reading_as_an_observer_does_not_judge_blind(team: Workbench) -> None:
    [hit] = find_hits(team, "d.txt")
    watching = team.browse("O", "observer")
    assert list_secrets(team, hit)[0] in watching.get(f"/passages/{hit}").text
    later = team.browse("O", "reviewer")
    assert judge_here(later, f"/passages/{hit}") == 303
    assert list_blind(team, hit) == [False]


@pytest.mark.parametrize("blind", ["yes", "no", "auto"])
def test_the_study_says_whether_the_reading_is_hidden(
    open_workbench: Open, served: Path, blind: str
) -> None:
    alone = open_workbench(served, blind=blind).browse("Z", "reviewer")
    assert (HIDDEN in alone.show("/judge").text) == (blind == "yes")


def find_hits(workbench: Workbench, file: str) -> list[str]:
    """Return the passages of a paper in the order of its text."""
    query = (
        sa.select(hits.c.id)
        .join(papers, papers.c.sha256 == hits.c.paper)
        .where(papers.c.file.endswith(file))
        .order_by(hits.c.page, hits.c.start)
    )
    with workbench.engine.connect() as connection:
        return list(connection.scalars(query))


def list_blind(workbench: Workbench, hit: str) -> list[bool]:
    """Return of the verdicts on a passage, in order, whether they are blind."""
    query = sa.select(verdicts.c.blind).where(verdicts.c.hit == hit).order_by(verdicts.c.id)
    with workbench.engine.connect() as connection:
        return list(connection.scalars(query))


def find_home(workbench: Workbench, hit: str) -> str:
    with workbench.engine.connect() as connection:
        return str(connection.scalar(sa.select(hits.c.paper).where(hits.c.id == hit)))


def test_nobody_sees_what_others_said_until_all_have_judged(team: Workbench) -> None:
    [hit] = find_hits(team, "c.txt")
    paper = find_home(team, hit)
    people = {
        role: team.browse(role[0].upper(), role)
        for role in ("reviewer", "observer", "adjudicator", "admin")
    }
    secret = "Rvermerk"
    assert judge_here(people["reviewer"], f"/passages/{hit}", "2", note=secret) == 303
    assert judge_here(people["reviewer"], f"/papers/{paper}", "1", note=secret) == 303
    paths = [f"/passages/{hit}", f"/papers/{paper}", f"/passages/{hit}/paper", "/find?q=供体"]
    for role in ("observer", "adjudicator", "admin"):
        for path in paths:
            page = people[role].show(path)
            assert secret not in page.text, (role, path)
            assert "Verdicts given" not in page.text, (role, path)
        for round_ in ("1", "2"):
            # A form that is refused is answered with the page, too.
            form = {"judgement": "2", "round": round_, "shown": "5"}
            for path in paths[:2]:
                answer = people[role].post(f"{path}/verdict", form)
                assert secret not in answer.text, (role, path, round_)
                assert answer.status_code in {403, 409}
    for path, code in zip(paths, "21", strict=False):
        assert judge_here(people["admin"], path, code) == 303
    for path in paths[:2]:
        assert secret in people["observer"].show(path).text


def test_who_judged_in_the_first_round_is_named_once_it_is_settled(team: Workbench) -> None:
    hit, other = find_hits(team, "b.txt")
    paths = [f"/passages/{hit}", f"/passages/{other}", f"/papers/{find_home(team, hit)}"]
    for name, codes in (("Anna", "222"), ("Bert", "022")):
        for path, code in zip(paths, codes, strict=True):
            assert judge_here(team.browse(name, "reviewer"), path, code) == 303
    adjudicator = team.browse("Xenia", "adjudicator")
    page = adjudicator.show("/adjudicate")
    assert "reviewer 1" in page.text
    assert not {"Anna", "Bert"} & set(re.findall(r"\w+", page.text))
    assert HIDDEN in page.text
    action = f"/passages/{hit}/verdict"
    form = page.read_form(action)
    assert form["round"] == "2"
    assert adjudicator.post(action, {**form, "judgement": "1"}).status_code == 303
    told = team.browse("O", "observer").show(f"/passages/{hit}").text
    assert {"Anna", "Bert", "Xenia"} <= set(re.findall(r"\w+", told))


def test_an_admin_who_judged_decides_nothing_of_that_paper(team: Workbench) -> None:
    _, hit, other = find_hits(team, "a.txt")
    team.wait(HOUR)  # until nobody has the paper in hand
    admin, reviewer = team.browse("D", "admin"), team.browse("A", "reviewer")
    assert judge_here(admin, f"/passages/{hit}", "2") == 303
    assert judge_here(reviewer, f"/passages/{hit}", "0") == 303
    assert "There is nothing to decide now." in admin.show("/adjudicate").text
    form = {"judgement": "1", "round": "2", "shown": ""}
    answer = admin.post(f"/passages/{hit}/verdict", form)
    assert answer.status_code == 409
    assert "You judged this paper yourself" in answer.text
    assert judge_here(team.browse("E", "admin"), f"/passages/{hit}", "1") == 303
    settled = read_judgements(team.engine, 2).hits[hit]
    assert (settled.code, settled.round) == (1, 2)
    assert other not in read_judgements(team.engine, 2).hits


# ---- at the same moment ----------------------------------------------------------------------


def test_people_who_ask_at_the_same_moment_get_different_papers(
    reviewed_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they ask different processes, which only the database keeps apart."""
    monkeypatch.setattr(database, "_TURN", nullcontext())
    start = threading.Barrier(5)
    given: list[str] = []

    def ask(name: str) -> None:
        start.wait()
        with write(reviewed_engine) as connection:
            task = hand_out(Turn(connection, name, 1, 600, 0))
        given.append(task.paper if task else "")

    threads = [threading.Thread(target=ask, args=(name,)) for name in "ABCDE"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with write(reviewed_engine) as connection:
        connection.execute(leases.delete())
    assert len(set(given) - {""}) == 5
