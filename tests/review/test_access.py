"""Who gets in: accounts and their roles, passwords, sessions, and how often one may try."""

import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from screen.errors import AccessError
from screen.review import access
from screen.review.access import (
    ROLES,
    Account,
    Session,
    add_account,
    begin_session,
    change_account,
    end_session,
    find_session,
    has_accounts,
    list_accounts,
    log_in,
)
from screen.study.database import write
from screen.study.schema import reviewers, sessions, tries
from tests.workbench import PORT, Browser, Workbench

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("quick_passwords")]

Serve = Callable[..., Workbench]
# As it is outside of tests.
HASHER = access._hasher
PASSWORD = "correct horse 🐎"
HOUR = 3600.0
NOW = 1_000_000.0


@pytest.fixture(scope="module")
def empty(make_study: "MakeStudy") -> "MadeStudy":
    """A study without papers: accounts need none."""
    return make_study({})


@pytest.fixture(scope="module")
def opened(empty: "MadeStudy") -> Iterator[sa.Engine]:
    with empty.database() as engine:
        yield engine


@pytest.fixture
def engine(opened: sa.Engine) -> sa.Engine:
    with write(opened) as connection:
        for table in (reviewers, sessions, tries):
            connection.execute(table.delete())
    return opened


@pytest.fixture
def serve(
    engine: sa.Engine, empty: "MadeStudy", open_workbench: Callable[..., Workbench]
) -> Callable[..., Workbench]:
    """Serves the study, reviewed by these settings."""
    return partial(open_workbench, empty.folder)


def enter(engine: sa.Engine, name: str, password: str = PASSWORD, **more: object) -> Session | str:
    """Log in, or return why not."""
    where = {"address": "192.0.2.1", "now": NOW, **more}
    try:
        return log_in(engine, name, password, **where)  # type: ignore[arg-type]
    except AccessError as error:
        return str(error)


def find(engine: sa.Engine, session: Session | str, now: float = NOW, **more: bool) -> str:
    """Return the role of a session, "" if it is over."""
    assert isinstance(session, Session)
    found = find_session(engine, session.token, now, HOUR, alone=more.get("alone", False))
    return found.account.role if found else ""


# ---- accounts --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_who_has_an_account_logs_in_with_its_role(engine: sa.Engine, role: str) -> None:
    assert not has_accounts(engine)
    add_account(engine, "AB", role, PASSWORD)
    assert has_accounts(engine)
    session = enter(engine, "AB")
    assert isinstance(session, Session)
    assert session.account == Account("AB", role)
    assert find(engine, session) == role


def test_each_role_may_do_what_it_is_for() -> None:
    def list_roles(permission: str) -> set[str]:
        return {role for role in ROLES if Account("AB", role).may(permission)}

    assert list_roles("read") == set(ROLES)
    assert list_roles("judge") == {"reviewer", "admin"}
    assert list_roles("adjudicate") == {"adjudicator", "admin"}
    assert list_roles("compare") == {"adjudicator", "observer", "admin"}


@pytest.mark.parametrize(
    "name", ["AB", "a", "李 雷", "O.Brien-2", "x@example.org", "Ærø", "م", "n" * 64, "张三+1"]
)
def test_names_are_words_of_any_script(engine: sa.Engine, name: str) -> None:
    add_account(engine, name, "reviewer", PASSWORD)
    assert isinstance(enter(engine, name), Session)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", " AB", "AB ", "n" * 65, "<b>AB</b>", "A\"B", "A'B", "A&B", "A/B", "A\\B", "A\nB",
        "AB\n", "A\0B", "A\tB", "A;B", "{{7*7}}", "A\u202eB", "A\u200bB", "-AB", "=1+1", "@AB",
    ],
)  # fmt: skip
def test_names_with_markup_or_hidden_characters_are_refused(engine: sa.Engine, name: str) -> None:
    with pytest.raises(AccessError, match="cannot be the name"):
        add_account(engine, name, "reviewer", PASSWORD)
    assert not has_accounts(engine)


def test_a_name_is_taken_once_also_when_its_account_is_closed(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    for closed in (False, True):
        change_account(engine, "AB", closed=closed)
        with pytest.raises(AccessError, match="has an account already"):
            add_account(engine, "AB", "admin", "another one 1")


def test_who_has_no_account_cannot_be_changed(engine: sa.Engine) -> None:
    with pytest.raises(AccessError, match="has no account"):
        change_account(engine, "AB", role="admin")


def test_a_closed_account_lets_nobody_in_until_it_is_opened_again(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    session = enter(engine, "AB")
    change_account(engine, "AB", closed=True)
    assert not has_accounts(engine)
    assert find(engine, session) == ""
    assert enter(engine, "AB") == "wrong_login"
    [row] = list_accounts(engine)
    assert row["closed_at"]
    assert "password" not in row
    change_account(engine, "AB", closed=False)
    assert find(engine, session) == ""
    assert isinstance(enter(engine, "AB"), Session)


@pytest.mark.parametrize("change", [{"role": "observer"}, {"password": "another one 1"}])
def test_another_role_or_password_ends_the_sessions(
    engine: sa.Engine, change: dict[str, str]
) -> None:
    add_account(engine, "AB", "admin", PASSWORD)
    add_account(engine, "CD", "admin", PASSWORD)
    session, other = enter(engine, "AB"), enter(engine, "CD")
    change_account(engine, "AB", **change)  # type: ignore[arg-type]
    assert find(engine, session) == ""
    assert find(engine, other) == "admin"
    again = enter(engine, "AB", change.get("password", PASSWORD))
    assert find(engine, again) == change.get("role", "admin")
    if "password" in change:
        assert enter(engine, "AB") == "wrong_login"


# ---- passwords -------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["", "1234567", "p" * 257, "p" * 5000])
def test_passwords_that_are_too_short_or_too_long_are_refused(
    engine: sa.Engine, password: str
) -> None:
    with pytest.raises(AccessError, match="8 to 256 characters"):
        add_account(engine, "AB", "reviewer", password)
    add_account(engine, "AB", "reviewer", PASSWORD)
    with pytest.raises(AccessError, match="8 to 256 characters"):
        change_account(engine, "AB", password=password)
    assert enter(engine, "AB", password) == "wrong_login"


@pytest.mark.parametrize(
    "password", ["12345678", "p" * 256, "密码密码密码密码", " spaces ", "a\0b\nc<d>"]
)
def test_any_other_password_will_do(engine: sa.Engine, password: str) -> None:
    add_account(engine, "AB", "reviewer", password)
    assert isinstance(enter(engine, "AB", password), Session)
    for other in (password + " ", password.strip() + "!", password[:-1], password.upper() + "x"):
        assert enter(engine, "AB", other, address=other[:20]) == "wrong_login"


def test_passwords_are_kept_as_argon2_with_a_salt(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_hasher", HASHER)
    for name in ("AB", "CD"):
        add_account(engine, name, "reviewer", PASSWORD)
    with engine.connect() as connection:
        one, other = connection.scalars(sa.select(reviewers.c.password)).all()
    assert one != other
    # The memory and work that RFC 9106 asks for where there is little memory.
    assert re.match(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$", one)
    assert PASSWORD not in one


@pytest.mark.parametrize("name", ["nobody", "closed", "AB"])
def test_a_password_is_checked_whether_or_not_there_is_an_account(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Else the time taken would tell who has one."""
    add_account(engine, "AB", "reviewer", PASSWORD)
    add_account(engine, "closed", "reviewer", PASSWORD)
    change_account(engine, "closed", closed=True)
    checked = []

    def check(hashed: str, password: str) -> bool:
        checked.append((hashed[:9], password))
        return False

    monkeypatch.setattr(access, "_is_right", check)
    assert enter(engine, name, "not this one") == "wrong_login"
    assert checked == [("$argon2id", "not this one")]


def test_nobody_gets_in_with_the_hash_of_nothing(engine: sa.Engine) -> None:
    for password in ("", access._hash_nothing()):
        assert enter(engine, "nobody", password) == "wrong_login"


# ---- how often one may try -------------------------------------------------------------------


def test_with_one_name_from_one_place_five_times(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    assert [enter(engine, "AB", "wrong one") for _ in range(5)] == ["wrong_login"] * 5
    assert enter(engine, "AB") == "too_many_tries"
    assert isinstance(enter(engine, "AB", address="192.0.2.2"), Session)
    assert enter(engine, "CD", "wrong one") == "wrong_login"


def test_with_one_name_from_anywhere_twenty_times(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    for number in range(20):
        assert enter(engine, "AB", "wrong one", address=f"192.0.2.{number}") == "wrong_login"
    assert enter(engine, "AB", address="198.51.100.1") == "too_many_tries"


def test_from_one_place_thirty_times(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    for number in range(30):
        assert enter(engine, f"guess{number}", "wrong one") == "wrong_login"
    assert enter(engine, "AB") == "too_many_tries"
    assert isinstance(enter(engine, "AB", address="192.0.2.2"), Session)


def test_after_a_quarter_of_an_hour_one_may_try_again(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    for minute in range(5):
        assert enter(engine, "AB", "wrong one", now=NOW + 60 * minute) == "wrong_login"
    assert enter(engine, "AB", now=NOW + 14.9 * 60) == "too_many_tries"
    assert isinstance(enter(engine, "AB", now=NOW + 15.1 * 60), Session)


def test_who_gets_in_begins_to_count_anew(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    for _ in range(3):
        assert [enter(engine, "AB", "wrong one") for _ in range(4)] == ["wrong_login"] * 4
        assert isinstance(enter(engine, "AB"), Session)


def test_a_try_is_counted_before_the_password_is_looked_at(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else many tries at the same moment would be one."""
    add_account(engine, "AB", "reviewer", PASSWORD)
    counted = []

    def check(*_: str) -> bool:
        with engine.connect() as connection:
            counted.append(connection.scalar(sa.select(sa.func.count()).select_from(tries)))
        return False

    monkeypatch.setattr(access, "_is_right", check)
    enter(engine, "AB")
    enter(engine, "AB")
    assert counted == [1, 2]


@pytest.mark.parametrize("name", ["", "n" * 10_000, "a\0b", "' OR '1'='1", "<script>", "\u202e"])
def test_any_name_can_be_tried(engine: sa.Engine, name: str) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    assert [enter(engine, name) for _ in range(6)] == ["wrong_login"] * 5 + ["too_many_tries"]


# ---- sessions --------------------------------------------------------------------------------


def test_of_tokens_only_their_hash_is_kept(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    session = enter(engine, "AB")
    assert isinstance(session, Session)
    with engine.connect() as connection:
        [row] = connection.execute(sa.select(sessions)).mappings()
    assert re.fullmatch("[0-9a-f]{64}", row["token"])
    assert session.token not in json.dumps(dict(row))
    assert find_session(engine, row["token"], NOW, HOUR, alone=True) is None
    assert len(session.token) >= 43
    assert session.csrf not in session.token


def test_every_session_has_tokens_of_its_own(engine: sa.Engine) -> None:
    account = Account("me", "admin")
    begun = [begin_session(engine, account, NOW) for _ in range(3)]
    assert len({token for one in begun for token in (one.token, one.csrf)}) == 6


def test_a_session_that_was_idle_for_too_long_is_over(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    session = enter(engine, "AB")
    assert find(engine, session, NOW + 0.9 * HOUR) == "reviewer"
    assert find(engine, session, NOW + 1.8 * HOUR) == "reviewer"
    assert find(engine, session, NOW + 2.9 * HOUR) == ""
    # Sessions that are over go once others are used.
    other = enter(engine, "AB", now=NOW + 3 * HOUR)
    assert find(engine, other, NOW + 3.1 * HOUR) == "reviewer"
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(sessions)) == 1


def test_a_session_that_was_ended_is_over(engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    session, other = enter(engine, "AB"), enter(engine, "AB")
    assert isinstance(session, Session)
    end_session(engine, session)
    assert find(engine, session) == ""
    assert find(engine, other) == "reviewer"


@pytest.mark.parametrize("token", ["", "x", "🐎", "'", "a" * 10_000])
def test_what_is_no_token_finds_no_session(engine: sa.Engine, token: str) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    enter(engine, "AB")
    assert find_session(engine, token, NOW, HOUR, alone=True) is None


def test_who_is_alone_stays_until_there_is_an_account(engine: sa.Engine) -> None:
    session = begin_session(engine, Account("me", "admin"), NOW)
    assert find(engine, session) == ""
    assert find(engine, session, alone=True) == "admin"
    add_account(engine, "AB", "reviewer", PASSWORD)
    assert find(engine, session, alone=True) == ""


def test_who_is_alone_may_have_had_an_account(engine: sa.Engine) -> None:
    add_account(engine, "me", "reviewer", PASSWORD)
    change_account(engine, "me", closed=True)
    session = begin_session(engine, Account("me", "admin"), NOW)
    assert find(engine, session, alone=True) == "admin"
    assert find(engine, session) == ""


# ---- as commands, and as pages ---------------------------------------------------------------


def test_accounts_are_made_by_commands(
    engine: sa.Engine, empty: "MadeStudy", invoke: "Invoke", monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: str, *args: str) -> str:
        done = invoke("reviewer", command, empty.folder, *args)
        assert done.exit_code == 0, done.output
        return done.output

    assert "lets in one person" in run("list")
    monkeypatch.setattr("screen.cli.review._ask_password", lambda *_, **__: PASSWORD)
    run("add", "AB", "--role", "reviewer")
    assert isinstance(enter(engine, "AB"), Session)
    listed = run("list", "--json")
    assert [(row["name"], row["role"]) for row in json.loads(listed)] == [("AB", "reviewer")]
    assert "password" not in listed
    run("role", "AB", "--role", "observer")
    assert "observer" in run("list")
    run("close", "AB")
    assert "closed" in run("list")
    assert enter(engine, "AB") == "wrong_login"
    run("close", "AB", "--reopen")
    run("password", "AB")
    assert isinstance(enter(engine, "AB"), Session)


def log_in_here(browser: Browser, **fields: str) -> int:
    form = {"name": "AB", "password": PASSWORD, **fields}
    return browser.send(form, "/login").status_code


def test_a_page_lets_in_who_knows_the_password(serve: Serve) -> None:
    workbench = serve()
    add_account(workbench.engine, "AB", "reviewer", PASSWORD)
    browser = workbench.browse()
    answer = browser.send({"name": " AB ", "password": "wrong one", "next": "/find"}, "/login")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "The name or the password is not right." in answer.text
    answer = browser.send({"name": " AB ", "password": PASSWORD, "next": "/find"}, "/login")
    assert (answer.status_code, answer.headers["location"]) == (303, "/find")
    assert browser.get("/find").status_code == 200
    [cookie] = answer.headers.get_list("set-cookie")
    assert cookie.startswith(f"session-{PORT}=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "samesite=strict",
        "path=/",
    }


def test_over_https_the_cookie_is_sent_over_https_only(serve: Serve) -> None:
    workbench = serve(public_url="https://review.example.org")
    add_account(workbench.engine, "AB", "reviewer", PASSWORD)
    host = {"host": "review.example.org"}
    form = {"name": "AB", "password": PASSWORD}
    answer = workbench.browse().send(form, "/login", headers=host)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_page_counts_tries_by_address(serve: Serve) -> None:
    workbench = serve()
    add_account(workbench.engine, "AB", "reviewer", PASSWORD)
    here, there = workbench.browse(), workbench.browse(address="192.0.2.9")
    assert [log_in_here(here, password="wrong one") for _ in range(6)] == [401] * 5 + [429]
    assert log_in_here(here) == 429
    assert log_in_here(there) == 303
    workbench.wait(16 * 60)
    assert log_in_here(here) == 303


def test_a_session_is_over_after_the_hours_of_the_study(serve: Serve) -> None:
    workbench = serve(session_hours=2)
    browser = workbench.browse("me", "admin")
    workbench.wait(1.9 * HOUR)
    assert browser.get("/find").status_code == 200
    workbench.wait(2.1 * HOUR)
    assert browser.get("/find").headers["location"] == "/login?next=/find"
    assert browser.post("/undo").status_code == 401


def test_logging_out_ends_the_session_and_takes_the_cookie_away(serve: Serve) -> None:
    workbench = serve()
    browser = workbench.browse("me", "admin")
    token = browser.cookies[f"session-{PORT}"]
    answer = browser.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert not browser.cookies
    assert find_session(workbench.engine, token, time.time(), HOUR, alone=True) is None


# ---- the link for who is alone ---------------------------------------------------------------


def test_the_link_works_once(serve: Serve) -> None:
    workbench = serve()
    link = f"/enter?token={workbench.app.state.site.link}"
    browser = workbench.browse()
    assert browser.get("/").headers["location"] == "/login?next=/"
    assert "Open the link" in browser.show("/login").text
    answer = browser.get(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert "me, admin" in browser.show("/judge").text
    again = workbench.browse().get(link)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("token", ["", "x", "é", "%00", "None"])
def test_another_link_does_not_work_and_leaves_the_right_one(serve: Serve, token: str) -> None:
    workbench = serve()
    browser = workbench.browse()
    assert browser.get(f"/enter?token={token}").status_code == 403
    assert browser.get("/enter").status_code == 403
    assert browser.get(f"/enter?token={workbench.app.state.site.link}").status_code == 303


def test_the_link_does_not_work_once_there_are_accounts(serve: Serve) -> None:
    """Also those that are made while the workbench is served."""
    workbench = serve()
    link = f"/enter?token={workbench.app.state.site.link}"
    inside = workbench.browse("me", "admin")
    assert inside.get("/find").status_code == 200
    add_account(workbench.engine, "AB", "reviewer", PASSWORD)
    browser = workbench.browse()
    assert browser.get(link).status_code == 403
    assert inside.get("/find").headers["location"] == "/login?next=/find"
    assert browser.show("/login").find("form", action="/login")
    assert log_in_here(browser) == 303


def test_where_there_are_accounts_there_is_no_link(serve: Serve, engine: sa.Engine) -> None:
    add_account(engine, "AB", "reviewer", PASSWORD)
    workbench = serve()
    assert workbench.app.state.site.link is None
    assert workbench.desk.alone is None
    assert workbench.browse().get("/enter?token=None").status_code == 403
    assert workbench.browse().get("/enter?token=").status_code == 403
