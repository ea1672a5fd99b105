"""Who is handed what, and when: the order, the places, the leases, and disputes."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from screen.errors import ReviewError
from screen.review.judging import take_back
from screen.review.paper import Paper, Task
from screen.review.queue import put_aside, renew
from screen.study.orders import put_in_force, read_last
from screen.study.schema import drawn, hits, leases, orders, ranks, tallies, verdicts
from screen.study.verdicts import find_in_force
from tests.workbench import DRAWN, PASSAGES, Room, enter_room

if TYPE_CHECKING:
    from tests.conftest import MadeStudy

pytestmark = pytest.mark.database


def name_of(room: Room, task: Task | None) -> str:
    """Return the file of a task's paper, "" for no task."""
    names = {paper: name for name, paper in room.files().items()}
    return names[task.paper] if task else ""


def refuse(room: Room, name: str, task: Task, code: int | None = 2) -> str:
    """Return why a verdict is refused."""
    with pytest.raises(ReviewError) as refused:
        room.judge(name, task, code)
    return str(refused.value)


def skip(room: Room, name: str, paper: str) -> None:
    put_aside(room.turn(name), paper)


def dispute(room: Room, *hits: str | None, paper: str = "a.txt") -> list[Task]:
    """Let A and B judge a paper, and differ on these passages; return what they differ on."""
    sha256 = room.files()[paper]
    for name, code in (("A", 2), ("B", 0)):
        for hit in (*room.passages(paper), None):
            room.judge(name, Task(sha256, hit), code if hit in hits else 1)
    return [Task(sha256, hit, 2) for hit in hits]


def add_passage(room: Room, file: str, number: int = 1) -> str:
    """Let a later run of the study have found one more passage of a paper, without a place yet."""
    like = next(row for row in room.read(hits) if row["paper"] == room.files()[file])
    new = {**like, "id": f"{number:016x}", "start": 10_000 + number}
    room.connection.execute(hits.insert().values(new))
    return str(new["id"])


# ---- the order -------------------------------------------------------------------------------


def test_papers_come_in_the_order_of_reading_each_as_a_whole(room: Room) -> None:
    done = room.finish("A")
    wanted = [
        Task(room.files()[name], hit)
        for name in room.reading()
        for hit in (*room.passages(name), None)
    ]
    assert done == wanted
    assert len(done) == sum(PASSAGES.values()) + len(PASSAGES)


def test_a_new_order_of_reading_is_followed_from_the_next_paper_on(room: Room) -> None:
    first, *others = room.reading()
    room.judge("A", room.get("A"))
    turned = ranks.update().values(place=1000 - ranks.c.place)
    room.connection.execute(turned)
    rest = [name_of(room, task) for task in room.finish("A")][: PASSAGES[first]]
    assert rest == [first] * PASSAGES[first]
    assert name_of(room, room.ask("B")) not in {first, others[0]}


def test_without_an_order_the_score_decides(room: Room) -> None:
    room.connection.execute(orders.update().values(ready=False))
    names = list(dict.fromkeys(name_of(room, task) for task in room.finish("A")))
    scores = sorted(room.read(hits), key=lambda row: (-row["score"], row["id"]))
    papers = list(dict.fromkeys(row["paper"] for row in scores))
    papers += sorted(room.files()[name] for name in DRAWN)
    assert names == [name_of(room, Task(paper, None)) for paper in papers]


def test_what_has_no_place_yet_comes_after_what_has(room: Room) -> None:
    last = room.reading()[-1]
    for name in room.reading()[:-1]:
        room.connection.execute(hits.delete().where(hits.c.paper == room.files()[name]))
    new = add_passage(room, last)
    paper = room.files()[last]
    rank = room.passages(last)[0]
    room.connection.execute(ranks.delete().where(ranks.c.hit == rank))
    kept = [task.hit for task in room.finish("A") if task.paper == paper]
    assert kept == [rank, new, None]


# ---- places ----------------------------------------------------------------------------------


def test_each_paper_goes_to_as_many_as_are_wanted(room_for_two: Room) -> None:
    first, second, third = room_for_two.reading()[:3]
    given = [name_of(room_for_two, room_for_two.ask(name)) for name in "ABCDEF"]
    assert given == [first, first, second, second, third, third]


def test_who_asks_again_gets_the_same_again(room: Room) -> None:
    assert room.ask("A") == room.ask("A")
    room.judge("A", room.get("A"))
    assert room.ask("A") == room.ask("A")


def test_with_more_wanted_than_there_are_all_get_everything_once(room: Room) -> None:
    room.wanted = 20
    expected = room.finish("A")
    assert room.finish("B") == expected
    assert room.ask("A") is None
    assert room.ask("B") is None


def test_more_reviewers_than_wanted_get_nothing(room: Room) -> None:
    room.finish("A")
    assert room.ask("B") is None
    assert room.ask("A") is None


# ---- leases ----------------------------------------------------------------------------------


def test_what_one_has_in_hand_no_one_else_gets_until_the_lease_runs_out(room: Room) -> None:
    task = room.get("A")
    room.wait(0.99)
    other = room.get("B")
    assert other.paper != task.paper
    room.wait(0.02)
    assert room.get("C") == task


def test_a_verdict_begins_the_lease_anew(room: Room) -> None:
    task = room.get("A")
    room.wait(0.9)
    room.judge("A", task)
    room.get("A")
    room.wait(0.9)
    assert room.get("B").paper != task.paper


def test_a_lease_that_is_renewed_lasts(room: Room) -> None:
    task = room.get("A")
    for _ in range(3):
        room.wait(0.9)
        renew(room.turn("A"))
    assert room.get("B").paper != task.paper


def test_a_lease_that_has_run_out_is_not_renewed(room: Room) -> None:
    task = room.get("A")
    room.wait(1.1)
    assert room.get("B") == task
    renew(room.turn("A"))
    assert {row["reviewer"] for row in room.read(leases) if row["expires"] > room.now} == {"B"}


def test_a_late_verdict_counts_where_nobody_took_the_place(room: Room) -> None:
    task = room.get("A")
    room.wait(5)
    room.judge("A", task)
    assert room.look("A", task.paper).find_own(task.hit, 1)
    assert room.get("A").paper == task.paper


def test_a_late_verdict_is_refused_where_somebody_took_the_place(room: Room) -> None:
    task = room.get("A")
    room.wait(1.1)
    assert room.get("B") == task
    assert refuse(room, "A", task) == "taken"
    room.judge("B", task)
    assert refuse(room, "A", task) == "taken"
    assert room.get("A").paper != task.paper


def test_of_two_places_the_late_one_has_the_other(room_for_two: Room) -> None:
    task = room_for_two.get("A")
    room_for_two.wait(1.1)
    assert room_for_two.get("B") == task
    room_for_two.judge("A", task)
    assert room_for_two.get("C").paper != task.paper


def test_who_comes_later_gets_no_part_of_a_paper_whose_other_places_are_taken(
    room_for_two: Room,
) -> None:
    """B could otherwise not judge what B has in hand: C would hold the same paper."""
    task = room_for_two.get("A")
    room_for_two.judge("A", task)
    room_for_two.wait(1.1)
    assert room_for_two.get("B") == task
    assert room_for_two.get("C").paper != task.paper
    room_for_two.judge("B", task)
    assert len(room_for_two.look("B", task.paper).standing[task.hit]) == 2


def test_a_paper_that_is_finished_is_given_up(room: Room) -> None:
    task = room.get("A")
    paper = task.paper
    while task.paper == paper:
        room.judge("A", task)
        task = room.get("A")
    assert [row["paper"] for row in room.read(leases)] == [task.paper]


# ---- putting aside, taking back --------------------------------------------------------------


def test_what_is_put_aside_comes_last_and_others_get_it(room: Room) -> None:
    task = room.get("A")
    skip(room, "A", task.paper)
    assert room.get("B") == task
    skip(room, "B", task.paper)
    skip(room, "B", room.get("B").paper)
    done = room.finish("A")
    assert done[-1] == Task(task.paper, None)
    assert {name_of(room, one) for one in done} == set(PASSAGES)


def test_every_paper_can_be_put_aside(room: Room) -> None:
    given = []
    for _ in PASSAGES:
        given.append(room.get("A").paper)
        skip(room, "A", given[-1])
    assert sorted(given) == sorted(room.files().values())


def test_the_only_paper_that_is_left_comes_again_when_put_aside(room: Room) -> None:
    room.finish("A", most=sum(PASSAGES.values()) + len(PASSAGES) - 2)
    task = room.get("A")
    skip(room, "A", task.paper)
    assert room.get("A") == task


def test_a_paper_that_is_put_aside_when_only_its_own_verdict_is_missing_comes_again(
    room: Room,
) -> None:
    paper = room.get("A").paper
    while (task := room.get("A")).hit is not None:
        room.judge("A", task)
    skip(room, "A", paper)
    assert room.get("A").paper != paper
    assert room.finish("A")[-1] == Task(paper, None)


def test_what_is_taken_back_is_in_hand_again(room: Room) -> None:
    task = room.get("A")
    room.judge("A", task)
    room.get("A")
    assert take_back(room.turn("A"), 0) == task
    assert room.get("A") == task
    assert room.get("B").paper != task.paper


def test_who_takes_back_what_others_have_in_hand_does_not_disturb_them(room: Room) -> None:
    for paper in set(room.files().values()) - {room.files()["a.txt"]}:
        skip(room, "A", paper)
        skip(room, "B", paper)
    first = room.get("A")
    room.judge("A", first)
    room.wait(1.1)
    second = room.get("B")
    assert second.paper == first.paper == room.files()["a.txt"]
    assert take_back(room.turn("A"), 0) == first
    assert room.get("A").paper != first.paper
    room.judge("B", second)
    assert room.get("B") == first


def test_out_of_scope_closes_the_paper(room: Room) -> None:
    task = room.get("A")
    room.judge("A", Task(task.paper, None), None)
    assert room.get("A").paper != task.paper
    assert room.get("B").paper != task.paper


def test_out_of_scope_closes_the_paper_only_for_who_says_so(room_for_two: Room) -> None:
    task = room_for_two.get("A")
    room_for_two.judge("A", Task(task.paper, None), None)
    assert room_for_two.get("A").paper != task.paper
    assert room_for_two.get("B") == task
    assert room_for_two.get("C").paper != task.paper
    room_for_two.judge("B", Task(task.paper, None), None)
    room_for_two.wait(1.1)
    assert task.paper not in {room_for_two.get(name).paper for name in "ABCD"}
    assert not room_for_two.look("X", task.paper).is_disputed(None)


# ---- what comes later ------------------------------------------------------------------------


def test_a_passage_that_comes_later_is_handed_out(room: Room) -> None:
    task = room.get("A")
    while (task := room.get("A")).hit is not None:
        room.judge("A", task)
    new = add_passage(room, name_of(room, task))
    assert room.get("A") == Task(task.paper, new)
    room.judge("A", Task(task.paper, new))
    assert room.get("A") == task


def test_a_passage_that_comes_later_is_handed_out_to_others_if_its_reader_is_gone(
    room: Room,
) -> None:
    paper = room.files()["a.txt"]
    for hit in room.passages("a.txt"):
        room.judge("A", Task(paper, hit))
    new = add_passage(room, "a.txt")
    given = {name_of(room, task): task for task in room.finish("B") if task.hit}
    assert given["a.txt"] == Task(paper, new)


def test_a_verdict_on_the_paper_is_one_on_all_its_passages(room: Room) -> None:
    """Those that come later too: `list_queue` and `list_read` count them as read."""
    paper = room.get("A").paper
    room.judge("A", Task(paper, None), 0)
    add_passage(room, name_of(room, Task(paper, None)))
    assert paper not in {task.paper for name in "AB" for task in room.finish(name)}


def test_who_finishes_a_paper_that_others_began_says_what_it_comes_to(room: Room) -> None:
    task = room.get("A")
    room.judge("A", task)
    room.wait(1.1)
    given = [one.hit for one in room.finish("B") if one.paper == task.paper]
    assert given == [*room.passages(name_of(room, task))[1:], None]


@pytest.mark.parametrize("file", DRAWN)
def test_a_drawn_paper_asks_for_a_verdict_on_the_paper(room: Room, file: str) -> None:
    paper = room.files()[file]
    [hit] = room.passages(file)
    given = [task for task in room.finish("A") if task.paper == paper]
    assert given == [Task(paper, hit), Task(paper, None)]


@pytest.mark.parametrize("wanted", [1, 2])
def test_a_drawn_paper_whose_passage_was_judged_by_people_who_left_asks_others(
    room: Room, wanted: int
) -> None:
    room.wanted = wanted
    [hit], paper = room.passages("e.txt"), room.files()["e.txt"]
    for number in range(wanted):
        room.judge(f"gone{number}", Task(paper, hit))
    asked = [name for name in "ABC" if Task(paper, None) in room.finish(name)]
    assert len(asked) == wanted


def test_a_passage_that_stands_for_its_paper_in_two_samples_is_judged_once(room: Room) -> None:
    [row] = [row for row in room.read(drawn) if row["paper"] == room.files()["e.txt"]]
    room.connection.execute(drawn.insert().values({**row, "sample": 2}))
    given = [task for task in room.finish("A") if task.paper == row["paper"]]
    assert given == [Task(row["paper"], row["id"]), Task(row["paper"], None)]


# ---- disputes --------------------------------------------------------------------------------


def test_a_dispute_goes_to_an_adjudicator_passages_before_the_paper(room_for_two: Room) -> None:
    first, last = room_for_two.passages("a.txt")[::2]
    disputed = dispute(room_for_two, None, last, first)
    assert room_for_two.ask_dispute("X") == disputed[2]
    for task in (disputed[2], disputed[1], disputed[0]):
        assert room_for_two.ask_dispute("X") == task
        room_for_two.judge("X", task, 1)
    assert room_for_two.ask_dispute("X") is None
    paper = room_for_two.look("X", disputed[0].paper)
    assert not any(paper.is_disputed(task.hit) for task in disputed)


def test_nothing_is_disputed_until_as_many_as_are_wanted_have_judged(room: Room) -> None:
    room.wanted = 3
    [task] = dispute(room, room.passages("c.txt")[0], paper="c.txt")
    assert room.ask_dispute("X") is None
    room.judge("C", Task(task.paper, task.hit), 2)
    assert room.ask_dispute("X") == task


def test_who_judged_any_of_a_paper_decides_nothing_of_it(room_for_two: Room) -> None:
    first, second = room_for_two.passages("b.txt")
    [task] = dispute(room_for_two, first, paper="b.txt")
    for name in "AB":
        assert room_for_two.ask_dispute(name) is None
        assert refuse(room_for_two, name, task) == "own_dispute"
    # Somebody who judged only the other passage, in another study of the same papers.
    room_for_two.wanted = 3
    room_for_two.judge("C", Task(task.paper, second), 1)
    room_for_two.wanted = 2
    assert room_for_two.ask_dispute("C") is None
    assert refuse(room_for_two, "C", task) == "own_dispute"


def test_two_adjudicators_do_not_get_the_same(room_for_two: Room) -> None:
    [one] = dispute(room_for_two, room_for_two.passages("a.txt")[0])
    assert room_for_two.ask_dispute("X") == one
    assert room_for_two.ask_dispute("Y") is None
    assert refuse(room_for_two, "Y", one) == "taken"
    [other] = dispute(room_for_two, room_for_two.passages("c.txt")[0], paper="c.txt")
    assert room_for_two.ask_dispute("Y") == other
    assert room_for_two.ask_dispute("X") == one
    room_for_two.wait(1.1)
    assert room_for_two.ask_dispute("Z") in (one, other)


def test_what_was_decided_by_somebody_is_not_decided_again(room_for_two: Room) -> None:
    [task] = dispute(room_for_two, room_for_two.passages("a.txt")[0])
    room_for_two.ask_dispute("X")
    room_for_two.wait(1.1)
    assert room_for_two.ask_dispute("Y") == task
    room_for_two.judge("Y", task, 1)
    assert refuse(room_for_two, "X", task) == "decided"
    assert room_for_two.ask_dispute("X") is None


def test_an_adjudicator_who_takes_back_what_another_has_in_hand_does_not_disturb(
    room_for_two: Room,
) -> None:
    one, other = dispute(room_for_two, *room_for_two.passages("a.txt")[:2])
    room_for_two.ask_dispute("X")
    room_for_two.judge("X", one, 1)
    room_for_two.wait(1.1)
    assert room_for_two.ask_dispute("Y") == other
    assert take_back(room_for_two.turn("X"), 0) == one
    room_for_two.judge("Y", other, 1)
    assert room_for_two.ask_dispute("Y") == one


def test_a_decision_taken_back_is_a_dispute_again(room_for_two: Room) -> None:
    [task] = dispute(room_for_two, room_for_two.passages("a.txt")[0])
    room_for_two.ask_dispute("X")
    room_for_two.judge("X", task, 1)
    assert take_back(room_for_two.turn("X"), 0) == task
    assert room_for_two.ask_dispute("X") == task


def test_a_paper_that_its_decided_passages_contradict_goes_to_whoever_asks(
    room_for_two: Room,
) -> None:
    """Also where the decision was given on a page that nobody had been handed, or in a file."""
    [hit] = room_for_two.passages("c.txt")
    paper = room_for_two.files()["c.txt"]
    for name, code in (("A", 2), ("B", 1)):
        room_for_two.judge(name, Task(paper, hit), code)
        room_for_two.judge(name, Task(paper, None), 2)
    room_for_two.judge("X", Task(paper, hit, 2), 0)
    for name in "XY":
        assert room_for_two.ask_dispute(name) == Task(paper, None, 2)
        room_for_two.wait(1.1)
    room_for_two.judge("Y", Task(paper, None, 2), 0)
    assert room_for_two.ask_dispute("X") is None


def test_different_reasons_for_out_of_scope_are_a_dispute(room_for_two: Room) -> None:
    paper = Task(room_for_two.files()["c.txt"], None)
    room_for_two.judge("A", paper, None)
    room_for_two.judge("B", paper, None, reason="infant")
    assert room_for_two.ask_dispute("X") == Task(paper.paper, None, 2)


# ---- whatever people do ----------------------------------------------------------------------

PEOPLE = "ABCD"
DOING = ("ask", "ask", "judge", "judge", "judge", "out", "paper", "undo", "skip", "wait", "late")
steps = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(DOING), st.integers(0, 2)), max_size=50
)


class Team:
    """People who do whatever they like, and what must hold whatever they do."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.shown: dict[str, Task] = {}
        self.things = [
            Task(room.files()[name], hit) for name in PASSAGES for hit in room.passages(name)
        ]

    def do(self, name: str, what: str, code: int) -> None:
        room, task = self.room, self.shown.get(name)
        if what == "ask":
            self.show(name, room.ask(name))
        elif what in {"wait", "late"}:
            room.wait(0.4 if what == "wait" else 1.1)
        elif what == "undo":
            with suppress(ReviewError):
                self.show(name, take_back(room.turn(name), 0))
        elif task is not None and what == "skip":
            skip(room, name, task.paper)
            self.show(name, room.ask(name))
        elif task is not None:
            self.give(name, task if what == "judge" else Task(task.paper, None), code, what)

    def give(self, name: str, task: Task, code: int, what: str) -> None:
        why = ""
        try:
            self.room.judge(name, task, None if what == "out" else code)
            self.show(name, self.room.ask(name))
        except ReviewError as error:
            why = str(error)
        # Who was handed something, and whose lease lasts, is never refused.
        kept = what == "judge" and (name, task.paper) in self.list_held()
        assert why in ({"", "locked"} if kept else {"", "locked", "taken"})

    def show(self, name: str, task: Task | None) -> None:
        if task is None:
            self.shown.pop(name, None)
        else:
            self.shown[name] = task

    def list_held(self) -> set[tuple[str, str]]:
        """Return who has which papers in hand."""
        lasting = leases.c.expires > self.room.now
        query = sa.select(leases.c.reviewer, leases.c.paper).where(lasting, leases.c.round == 1)
        return {(row.reviewer, row.paper) for row in self.room.connection.execute(query)}

    def check(self) -> None:
        rows, held = self.room.read(verdicts), self.list_held()
        for thing in self.things:
            standing = self.find_standing(rows, thing.paper, thing.hit)
            whole = self.find_standing(rows, thing.paper, None)
            assert len(standing) <= self.room.wanted
            assert len(whole) <= self.room.wanted
            in_hand = {
                name
                for name, task in self.shown.items()
                if task == thing and (name, thing.paper) in held
            }
            assert len(standing | (in_hand - whole)) <= self.room.wanted
        self.check_chains(rows)

    def check_chains(self, rows: list[dict[str, Any]]) -> None:
        """Nobody judges a thing twice without superseding."""
        last: dict[tuple[object, ...], int] = {}
        for row in sorted(rows, key=lambda row: row["id"]):
            what = (row["paper"], row["hit"], row["reviewer"], row["round"])
            assert row["supersedes"] == last.get(what)
            last[what] = row["id"]

    def find_standing(
        self, rows: list[dict[str, Any]], paper: str, hit: str | None, round_: int = 1
    ) -> set[str]:
        said = [row for row in rows if (row["paper"], row["hit"]) == (paper, hit)]
        return {name for number, name in find_in_force(said) if number == round_}

    def finish(self) -> None:
        """Let all go on, now this one and now that one, until nothing is left."""
        codes = dict(zip(PEOPLE, (2, 1, 0, 1), strict=True))
        while True:
            self.room.wait(1.1)
            given = [(name, self.room.ask(name)) for name in PEOPLE]
            for name, task in given:
                self.show(name, task)
            if not any(task for _, task in given):
                break
            for name, task in given:
                if task is not None:
                    self.room.judge(name, task, codes[name])
                    self.show(name, None)
                    self.check()


@settings(max_examples=30)
@given(wanted=st.integers(1, 3), done=steps)
@example(
    wanted=1,
    done=[
        ("A", "ask", 0),
        ("B", "ask", 0),
        ("A", "late", 0),
        ("A", "ask", 0),
        ("C", "ask", 0),
        ("C", "judge", 0),
    ],
)
def test_whatever_people_do_each_passage_gets_as_many_as_are_wanted(
    reviewed_engine: sa.Engine, wanted: int, done: list[tuple[str, str, int]]
) -> None:
    with enter_room(reviewed_engine, wanted) as room:
        team = Team(room)
        for step in done:
            team.do(*step)
            team.check()
        team.finish()
        rows = room.read(verdicts)
        for thing in team.things:
            by_paper = team.find_standing(rows, thing.paper, None)
            assert len(team.find_standing(rows, thing.paper, thing.hit) | by_paper) >= wanted
            assert len(by_paper) == wanted
        settle(room, team)


def settle(room: Room, team: Team) -> None:
    """Let adjudicators decide, until nothing is disputed."""
    while any(found := [room.ask_dispute(name) for name in "XY"]):
        for name, task in zip("XY", found, strict=True):
            if task is not None:
                room.judge(name, task, 1)
        room.wait(1.1)
    for thing in team.things:
        paper = Paper(room.turn("X"), thing.paper)
        assert not paper.is_disputed(thing.hit)
        assert not paper.is_disputed(None)


def test_the_tallies_say_what_the_verdicts_say(room_for_two: Room) -> None:
    dispute(room_for_two, room_for_two.passages("a.txt")[0], None)
    room_for_two.judge("X", room_for_two.ask_dispute("X") or Task("", None), 0)
    take_back(room_for_two.turn("X"), 0)
    found = {
        (row["hit"], row["judged"], row["round"], row["disputed"])
        for row in room_for_two.read(tallies)
    }
    one, *others = room_for_two.passages("a.txt")
    assert found == {(one, 2, 1, True), ("", 2, 1, True)} | {(hit, 2, 1, False) for hit in others}


def test_an_order_can_be_put_in_force_while_people_judge(
    reviewed: "MadeStudy", reviewed_engine: sa.Engine
) -> None:
    """Nothing that is read for handing out is gone in between."""
    from screen.study.folder import Study

    study = Study(reviewed.folder)
    last = read_last(study)
    assert last is not None
    with enter_room(reviewed_engine) as room:
        before = room.finish("A")
    put_in_force(study, reviewed_engine, last)
    with enter_room(reviewed_engine) as room:
        assert room.finish("A") == before
