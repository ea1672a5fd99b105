"""Judging: what is next, a verdict, taking it back, going back, and decisions of adjudicators."""

from starlette.responses import JSONResponse, Response

from screen.errors import ReviewError
from screen.review.handlers.screens import show_task
from screen.review.judging import find_last_standing, judge, read_said, take_back
from screen.review.paper import Paper, Task
from screen.review.queue import hand_out, hand_out_dispute, put_aside, renew
from screen.review.web import Call
from screen.study.queries import find_home


def start(call: Call) -> Response:
    """Send everybody to where their work is."""
    for permission, path in (("judge", "/judge"), ("adjudicate", "/adjudicate")):
        if call.account.may(permission):
            return call.go(path)
    return call.go("/dashboard")


def show_next(call: Call) -> Response:
    """Show what is to be judged next."""
    with call.desk.turn(call.account.name) as turn:
        task = hand_out(turn)
    return show_task(call, task, "judge")


def show_next_dispute(call: Call) -> Response:
    """Show what is to be decided next."""
    with call.desk.turn(call.account.name) as turn:
        task = hand_out_dispute(turn)
    return show_task(call, task, "adjudicate")


def show_passage(call: Call) -> Response:
    """Show one passage: to judge it, to change a verdict, or only to read."""
    home = _find_home(call)
    with call.desk.look(call.account.name) as turn:
        task = _find_task(call, Paper(turn, home), call.request.path_params["hit"])
    return show_task(call, task, "read")


def show_paper(call: Call) -> Response:
    """Show what a paper comes to."""
    with call.desk.look(call.account.name) as turn:
        task = _find_task(call, Paper(turn, call.request.path_params["paper"]), None)
    return show_task(call, task, "read")


def _find_home(call: Call) -> str:
    with call.desk.engine.connect() as connection:
        home = find_home(connection, call.request.path_params["hit"])
    if home is None:
        raise ReviewError("no_such_passage")
    return home


def _find_task(call: Call, paper: Paper, hit: str | None) -> Task:
    """Return in which round the asking reviewer has to do with a passage, or a paper."""
    if not paper.passages:
        raise ReviewError("no_such_passage")
    second = call.account.may("adjudicate") and not paper.has_judged()
    decides = second and (paper.may_decide(hit) or paper.find_own(hit, 2))
    return Task(paper.sha256, hit, 2 if decides else 1)


def give_passage_verdict(call: Call) -> Response:
    """Take a verdict on a passage, and show what is next."""
    return _give(call, Task(_find_home(call), call.request.path_params["hit"], _read_round(call)))


def give_paper_verdict(call: Call) -> Response:
    """Take a verdict on a paper as a whole, and show what is next."""
    return _give(call, Task(call.request.path_params["paper"], None, _read_round(call)))


def _read_round(call: Call) -> int:
    """Return the round of a form, for who may judge in it."""
    round_ = 2 if call.field("round") == "2" else 1
    if not call.account.may("judge" if round_ == 1 else "adjudicate"):
        raise ReviewError("not_permitted")
    return round_


def _give(call: Call, task: Task) -> Response:
    said = read_said(call.form, call.desk.pack.manifest.criteria, whole=task.hit is None)
    first = task.round == 1
    try:
        # One transaction: the verdict is saved once the next passage is shown, or neither is.
        with call.desk.turn(call.account.name) as turn:
            paper = turn.read(task.paper)
            judge(turn, task, said, hidden=call.desk.rules.is_blind, paper=paper)
            following = (hand_out if first else hand_out_dispute)(turn, paper)
    except ReviewError as error:
        # Shown as the reviewer may see it now, whatever round the form named.
        with call.desk.look(call.account.name) as turn:
            task = _find_task(call, Paper(turn, task.paper), task.hit)
        return show_task(call, task, "read", problem=call.say(str(error)), said=said)
    call.desk.notice()
    if not call.is_fragment:
        return call.go("/judge" if first else "/adjudicate")
    told = call.say(f"code_{said.code}") if said.code is not None else call.say(said.reason)
    saved = call.say("saved_passage" if task.hit else "saved_paper", told=told)
    place = "judge" if first else "adjudicate"
    known = turn.seen.get(following.paper) if following else None
    return show_task(call, following, place, saved=saved, paper=known)


def undo(call: Call) -> Response:
    """Take back the last verdict of this session, and show what it was on."""
    assert call.session is not None  # noqa: S101 - the route asks for a permission
    following: Task | None
    with call.desk.turn(call.account.name) as turn:
        following = task = take_back(turn, call.session.began)
        passages = turn.read(task.paper).passages
        if not passages or task.hit not in (*passages, None):
            # A later run took it away.
            following = hand_out(turn) if task.round == 1 else hand_out_dispute(turn)
    if not call.is_fragment:
        if following is not task:
            return call.go("/")
        return call.go(f"/passages/{task.hit}" if task.hit else f"/papers/{task.paper}")
    return show_task(
        call, following, "judge" if task.round == 1 else "adjudicate", saved=call.say("undone")
    )


def skip(call: Call) -> Response:
    """Put a paper aside, and show what is next."""
    with call.desk.turn(call.account.name) as turn:
        paper = Paper(turn, call.request.path_params["paper"])
        if not paper.passages:
            raise ReviewError("no_such_passage")
        put_aside(turn, paper.sha256)
        task = hand_out(turn)
    if not call.is_fragment:
        return call.go("/judge")
    return show_task(call, task, "judge", saved=call.say("skipped"))


def keep(call: Call) -> Response:
    """Keep what a reviewer has in hand from running out while the page is read."""
    with call.desk.turn(call.account.name) as turn:
        renew(turn)
    return JSONResponse({"kept": True})


def step(call: Call) -> Response:
    """Go to the verdict that the reviewer gave before one, or after it; at the end to what is next.

    `of` is the number of a verdict, or empty for what is not judged yet.
    """
    of = call.request.query_params.get("of", "")
    number = int(of) if of.isdecimal() and len(of) < 10 else None
    forward = call.request.path_params["way"] == "next"
    with call.desk.look(call.account.name) as turn:
        if forward:
            row = find_last_standing(turn, after=number) if number is not None else None
        else:
            row = find_last_standing(turn, before=number)
    if row is None:
        if not forward:
            raise ReviewError("nothing_before")
        return call.go("/")
    return call.go(f"/passages/{row['hit']}" if row["hit"] else f"/papers/{row['paper']}")
