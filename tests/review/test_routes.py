"""Every route: who may ask it, what is turned away, and that nothing of a paper becomes markup."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.routing import Mount, Route

from screen.review import app as application
from screen.review.access import ROLES
from screen.review.app import RULES, Rule, make_app
from screen.review.desk import Desk
from screen.study.folder import Study
from screen.study.schema import hits, leases, papers, skips, verdicts
from tests.workbench import HOST, PORT, Browser, Page, Workbench, make_reviewed, serve_here

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

EVERYBODY = {"nobody", *ROLES}
READ = set(ROLES)
JUDGE = {"reviewer", "admin"}
TAKE = {"reviewer", "adjudicator", "admin"}
# Who may ask each route.
ALLOWED: dict[tuple[str, str], set[str]] = {
    ("GET", "/enter"): EVERYBODY,
    ("GET", "/login"): EVERYBODY,
    ("POST", "/login"): EVERYBODY,
    ("POST", "/logout"): EVERYBODY,
    ("POST", "/language"): EVERYBODY,
    ("GET", "/session"): READ,
    ("GET", "/"): READ,
    ("GET", "/judge"): JUDGE,
    ("GET", "/adjudicate"): {"adjudicator", "admin"},
    ("GET", "/passages/{hit}"): READ,
    ("POST", "/passages/{hit}/verdict"): TAKE,
    ("GET", "/passages/{hit}/paper"): READ,
    ("GET", "/passages/{hit}/page"): READ,
    ("GET", "/passages/{hit}/pages/{number}.png"): READ,
    ("GET", "/papers/{paper}"): READ,
    ("POST", "/papers/{paper}/verdict"): TAKE,
    ("POST", "/papers/{paper}/skip"): JUDGE,
    ("POST", "/undo"): TAKE,
    ("POST", "/keep"): TAKE,
    ("GET", "/step/{way}"): TAKE,
    ("GET", "/find"): READ,
    ("GET", "/dashboard"): READ,
    ("GET", "/agreement"): {"adjudicator", "observer", "admin"},
}
NOT_PERMITTED = "Your role does not permit this."
FOREIGN = "The form does not belong to your session."

# ---- a study in which everything is hostile --------------------------------------------------

MARKUP = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{7*7}}javascript:alert(3)\u202e'
# No file name holds a slash.
NAME = MARKUP.replace("/", "")
BROKEN = f"broken{NAME}.pdf"
TELLING = f"供体确认脑死亡后行气管插管{MARKUP},接呼吸机,正中开胸,切取供心。"
FILES: dict[str, str | bytes] = {
    f"a{NAME}.txt": f"心脏移植1例\n1.2 供心切取{MARKUP} {TELLING}\n受者{MARKUP}取仰卧位。",
    "b.txt": f"肺移植1例\n1.1 供肺切取 {TELLING}{'受者入室。' * 60}另一例。{TELLING}",
    BROKEN: b"%PDF-1.4 nothing",
}
RECORDS = [
    {
        "file": f"a{NAME}.txt",
        "title": f"题名{MARKUP}",
        "authors": [f"作者{MARKUP}", "李"],
        "affiliations": [f"单位{MARKUP}"],
        "journal": f"期刊{MARKUP}",
        "year": 2003,
        "doi": f"10.1/{MARKUP}",
    }
]


@pytest.fixture(scope="module")
def hostile(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    return make_reviewed(make_study, invoke, FILES, RECORDS, sample=0)


@pytest.fixture(scope="module")
def workbench(hostile: "MadeStudy") -> Iterator[Workbench]:
    """A study for one reviewer a passage, served to all tests of this module."""
    with serve_here(hostile.folder) as workbench:
        yield workbench


@pytest.fixture
def people(workbench: Workbench) -> dict[str, Browser]:
    """Browsers of somebody with each role, and of nobody."""
    found = {role: workbench.browse(f"{role} one", role) for role in ROLES}
    return {**found, "nobody": workbench.browse()}


def find(workbench: Workbench, file: str) -> dict[str, str]:
    """Return the first passage of a paper, and the paper."""
    query = (
        sa.select(hits.c.id, hits.c.paper)
        .join(papers, papers.c.sha256 == hits.c.paper)
        .where(papers.c.file.startswith(file))
        .order_by(hits.c.start)
    )
    with workbench.engine.connect() as connection:
        row = connection.execute(query).first()
    assert row is not None
    return {"hit": row.id, "paper": row.paper}


def fill(path: str, known: Mapping[str, str]) -> str:
    more = {"number": "1", "way": "previous"}
    return re.sub(r"{(\w+)(:\w+)?}", lambda match: {**known, **more}[match[1]], path)


def count(workbench: Workbench, table: sa.Table) -> int:
    with workbench.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def name_rule(rule: Rule) -> str:
    return f"{rule.method} {rule.path}"


each_rule = pytest.mark.parametrize("rule", RULES, ids=name_rule)
each_form = pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.method == "POST"], ids=name_rule
)

# ---- who may ask what ------------------------------------------------------------------------


def test_every_route_is_known_here(workbench: Workbench) -> None:
    """A route that is added needs a line in ALLOWED."""
    assert {(rule.method, re.sub(r":\w+}", "}", rule.path)) for rule in RULES} == set(ALLOWED)
    routes = workbench.app.routes
    assert [route.path for route in routes if isinstance(route, Mount)] == ["/static"]
    plain = [route for route in routes if isinstance(route, Route)]
    assert len(plain) == len(RULES) == len(routes) - 1
    for route in plain:
        [method] = (route.methods or set()) - {"HEAD"}
        assert (method, re.sub(r":\w+}", "}", route.path)) in ALLOWED


@each_rule
def test_each_route_asks_for_its_permission(
    workbench: Workbench, people: dict[str, Browser], rule: Rule
) -> None:
    path = fill(rule.path, find(workbench, "b"))
    for who, browser in people.items():
        allowed = who in ALLOWED[rule.method, re.sub(r":\w+}", "}", rule.path)]
        round_ = "2" if who == "adjudicator" else "1"
        form = {"round": round_, "judgement": "1", "next": "/find"}
        answer = browser.get(path) if rule.method == "GET" else browser.post(path, form)
        told = (who, answer.status_code, answer.text[:2000])
        if allowed:
            assert answer.status_code in {200, 303, 401, 403, 404, 409}, told
            assert answer.status_code != 401 or path == "/login", told
            assert answer.status_code != 403 or path == "/enter", told
            assert NOT_PERMITTED not in answer.text, told
            assert not answer.headers.get("location", "").startswith("/login?"), told
        elif who == "nobody" and rule.method == "GET":
            assert answer.headers["location"].startswith("/login?next=/"), told
        else:
            assert answer.status_code == (401 if who == "nobody" else 403), told
            assert (NOT_PERMITTED in answer.text) == (who != "nobody"), told


@pytest.mark.parametrize(
    ("role", "round_"), [("reviewer", "2"), ("adjudicator", "1"), ("observer", "1")]
)
def test_nobody_judges_in_a_round_of_others(workbench: Workbench, role: str, round_: str) -> None:
    browser, known = workbench.browse("sly", role), find(workbench, "b")
    before = count(workbench, verdicts)
    for path in ("/passages/{hit}/verdict", "/papers/{paper}/verdict"):
        answer = browser.post(fill(path, known), {"judgement": "2", "round": round_})
        assert answer.status_code in {403, 409}
        assert NOT_PERMITTED in answer.text
    assert count(workbench, verdicts) == before


def test_everybody_is_sent_to_their_work(people: dict[str, Browser]) -> None:
    sent = {who: browser.get("/").headers["location"] for who, browser in people.items()}
    assert sent == {
        "nobody": "/login?next=/",
        "reviewer": "/judge",
        "admin": "/judge",
        "adjudicator": "/adjudicate",
        "observer": "/dashboard",
    }


def test_reviewers_are_not_told_how_much_others_judged(people: dict[str, Browser]) -> None:
    told = {who: "Reviewers" in people[who].show("/dashboard").text for who in ROLES}
    assert told == {"reviewer": False, "adjudicator": True, "observer": True, "admin": True}


def test_a_role_that_was_changed_counts_at_once(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = workbench.browse("sly", "observer")
    assert browser.get("/judge").status_code == 403
    monkeypatch.setitem(ROLES, "observer", ROLES["reviewer"])
    assert browser.get("/judge").status_code == 200


# ---- forms of others -------------------------------------------------------------------------


@each_form
def test_a_form_without_the_token_of_its_session_is_refused(
    workbench: Workbench, rule: Rule
) -> None:
    path = fill(rule.path, find(workbench, "b"))
    browser, other = workbench.browse("one", "admin"), workbench.browse("two", "admin")
    before = [count(workbench, table) for table in (verdicts, leases, skips)]
    form = {"judgement": "2", "round": "1", "language": "zh", "next": "/"}
    wrong: list[dict[str, str]] = [
        {}, {"csrf": ""}, {"csrf": "x"}, {"csrf": other.csrf}, {"csrf": browser.csrf[:-1]},
        {"csrf": browser.csrf + "x"}, {"csrf": "é"}, {"csrf": f"{browser.csrf}\0"},
    ]  # fmt: skip
    for token in wrong:
        answer = browser.send({**form, **token}, path)
        assert answer.status_code == 403, token
        assert FOREIGN in answer.text
        assert "set-cookie" not in answer.headers
    assert [count(workbench, table) for table in (verdicts, leases, skips)] == before


@each_form
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1", ""]
)
def test_a_form_of_another_site_is_refused_with_any_token(
    workbench: Workbench, rule: Rule, origin: str
) -> None:
    path = fill(rule.path, find(workbench, "b"))
    for browser in (workbench.browse("one", "admin"), workbench.browse()):
        answer = browser.post(path, {"judgement": "2"}, headers={"origin": origin})
        assert answer.status_code == 403
        assert FOREIGN in answer.text


@pytest.mark.parametrize("path", ["/login", "/language", "/logout"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_nobody_is_logged_in_or_out_by_another_site(
    workbench: Workbench, path: str, site: str
) -> None:
    form = {"name": "AB", "password": "wrong one", "language": "zh"}
    answer = workbench.browse().send(form, path, headers={"sec-fetch-site": site})
    assert answer.status_code == 403


def test_a_form_of_the_page_itself_is_taken(workbench: Workbench) -> None:
    browser = workbench.browse("one", "admin")
    headers = {"origin": HOST, "sec-fetch-site": "same-origin"}
    assert browser.post("/keep", headers=headers).json() == {"kept": True}
    answer = browser.ask("POST", "/keep", headers={"x-csrf": browser.csrf})
    assert answer.json() == {"kept": True}


# ---- other hosts, and headers ----------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1",
        f"127.0.0.1:{PORT}.evil", f"127.0.0.1:{PORT}@evil.example", f"evil@127.0.0.1:{PORT}", "",
        "localhost", f"0.0.0.0:{PORT}", f"[::]:{PORT}", "review.example.org",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/login", "/static/workbench.js", "/nowhere"])
def test_by_another_name_nothing_is_answered(workbench: Workbench, host: str, path: str) -> None:
    answer = workbench.browse().get(path, headers={"host": host})
    assert answer.status_code == 421
    assert len(answer.content) < 100


@pytest.mark.parametrize(
    "host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"]
)
def test_by_its_own_names_it_answers(workbench: Workbench, host: str) -> None:
    assert workbench.browse().get("/login", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("port", "public_url", "host", "status"),
    [
        (80, "", "127.0.0.1", 200),
        (80, "", "127.0.0.1:80", 200),
        (443, "", "127.0.0.1", 421),
        (PORT, "https://a.example.org:443", "a.example.org", 200),
        (PORT, "http://a.example.org:443", "a.example.org", 421),
    ],
)
def test_a_port_that_goes_without_saying_may_be_left_out(
    workbench: Workbench, port: int, public_url: str, host: str, status: int
) -> None:
    study = Study(workbench.desk.study.folder)
    rules = study.settings.review.model_copy(update={"public_url": public_url})
    study.settings = study.settings.model_copy(update={"review": rules})
    app = make_app(Desk(study, workbench.engine, "me"), port)
    assert Browser(app).get("/login", headers={"host": host}).status_code == status


def test_a_team_reaches_it_by_the_name_in_the_settings(
    hostile: "MadeStudy", open_workbench: Callable[..., Workbench]
) -> None:
    served = open_workbench(hostile.folder, public_url="https://Review.example.org")
    for host, status in (("review.example.org", 200), ("other.example.org", 421)):
        assert served.browse().get("/login", headers={"host": host}).status_code == status


def list_answers(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> list[httpx.Response]:
    """Return one answer of each kind there is."""

    def break_down(_: Any) -> Any:
        raise ZeroDivisionError

    broken = Rule("GET", "/broken", break_down, frozenset())
    monkeypatch.setattr(application, "RULES", (*RULES, broken))
    browser, nobody = workbench.browse("one", "admin"), workbench.browse()
    known = find(workbench, "b")
    return [
        browser.get("/judge"),
        browser.get("/judge", headers={"x-fragment": "1"}),
        browser.get("/session"),
        browser.get("/static/workbench.css"),
        browser.get("/"),
        nobody.send({}, "/login", content="\xff".encode("latin-1")),
        nobody.send({"csrf": ""}, "/undo"),
        browser.send({}, "/undo"),
        browser.get("/nowhere"),
        browser.get("/static/nothing.js"),
        browser.ask("DELETE", "/judge"),
        browser.get("/passages/nothing"),
        browser.get(fill("/passages/{hit}/pages/1.png", known)),
        browser.post("/keep", {"more": "x" * 70_000}),
        browser.get("/judge", headers={"host": "evil.example"}),
        Browser(make_app(workbench.desk, PORT), fails=True).get("/broken"),
    ]


def test_every_answer_has_the_headers_that_protect(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = list_answers(workbench, monkeypatch)
    assert {a.status_code for a in answers} >= {200, 303, 401, 403, 404, 405, 409, 413, 421, 500}
    for answer in answers:
        headers, told = answer.headers, (str(answer.url), answer.status_code)
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in headers["content-security-policy"].split(";")
        )
        assert policy.pop("default-src") == "'none'", told
        assert policy.pop("frame-ancestors") == policy.pop("base-uri") == "'none'", told
        assert set(policy) >= {"script-src", "style-src", "form-action", "connect-src"}
        assert set(policy.values()) == {"'self'"}, told
        assert headers["x-content-type-options"] == "nosniff", told
        assert headers["x-frame-options"] == "DENY", told
        # With "no-referrer" browsers would send forms with the origin "null".
        assert headers["referrer-policy"] == "same-origin", told
        assert headers["cross-origin-opener-policy"] == "same-origin", told
        assert headers["cross-origin-resource-policy"] == "same-origin", told
        assert headers["cache-control"] == "no-store", told
        assert "access-control-allow-origin" not in headers, told
        assert "Traceback" not in answer.text, told


# ---- what is asked badly ---------------------------------------------------------------------

ODD = [
    "nothing", "0" * 16, "x" * 3000, "'", "' OR 1=1 --", '"', "<script>", "..", "../../etc/passwd",
    "a/b", "\\", "%", "%00", "\0", "{{7*7}}", "\u202e", "脑死亡", "🫀", "a;b", "a?b", "a#b", "\n",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_what_is_not_there_is_not_there(workbench: Workbench, odd: str) -> None:
    browser = workbench.browse("one", "admin")
    escaped = "".join(f"%{byte:02X}" for byte in odd.encode())
    before = [count(workbench, table) for table in (verdicts, skips)]
    for rule in RULES:
        if "{hit}" not in rule.path and "{paper}" not in rule.path:
            continue
        path = fill(rule.path, {"hit": escaped, "paper": escaped})
        form = {"judgement": "2", "round": "1"}
        answer = browser.get(path) if rule.method == "GET" else browser.post(path, form)
        assert answer.status_code in {404, 409}, (path, answer.status_code, answer.text)
        assert_harmless(answer.text)
    assert [count(workbench, table) for table in (verdicts, skips)] == before


@pytest.mark.parametrize(
    "path",
    [
        "/passages/{hit}/page?page=0",
        "/passages/{hit}/page?page=99999999",
        "/passages/{hit}/page?page=²",
        "/passages/{hit}/page?page=-1",
        "/passages/{hit}/pages/0.png",
        "/passages/{hit}/pages/999999999999999999999999.png",
        f"/passages/{{hit}}/pages/{'9' * 5000}.png",
        "/passages/{hit}/pages/-1.png",
        "/passages/{hit}/pages/1.png?size=%00",
        "/step/previous?of=999999999999999999",
        "/step/next?of=999999999999999999",
        "/step/next?of=2147483648",
        "/step/previous?of=-1",
        "/step/previous?of=١٢",
        "/step/sideways",
        "/find?q=%25_%27%22%00%F0%9F%AB%80",
        "/find?q=%FF%FE",
        f"/find?q={'x' * 5000}",
        "/find?q=a&q=b&q[]=c",
        "/login?next=%00",
    ],
)
def test_odd_questions_are_answered(workbench: Workbench, path: str) -> None:
    answer = workbench.browse("two", "admin").get(fill(path, find(workbench, "b")))
    assert answer.status_code in {200, 303, 404, 409}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"csrf=x" + b"&more=" + b"x" * 70_000, 413),
        (b"\xff\xfe", 400),
        (b"&".join(b"a=%d" % n for n in range(201)), 400),
        (b"", 403),
        (b"{}", 403),
        (b'{"csrf": "%b"}', 403),
        (b"csrf", 403),
        (b"%", 403),
        (b"csrf=%FF", 403),
        (b"&" * 60_000, 400),
        (b"=" * 60_000, 403),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_bad_forms_are_turned_away(workbench: Workbench, content: bytes, status: int) -> None:
    browser = workbench.browse("one", "admin")
    content = content.replace(b"%b", browser.csrf.encode())
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.ask("POST", "/keep", content=content, headers=kind).status_code == status


def test_a_form_in_parts_and_a_file_are_no_forms_of_ours(workbench: Workbench) -> None:
    browser = workbench.browse("one", "admin")
    answer = browser.ask("POST", "/keep", data={"csrf": browser.csrf}, files={"f": b"x"})
    assert answer.status_code == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"])
def test_other_methods_are_not_known(workbench: Workbench, method: str) -> None:
    assert workbench.browse("one", "admin").ask(method, "/judge").status_code == 405


@pytest.mark.parametrize(
    "path",
    ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "../../../../etc/passwd", "", "%00", "workbench"],
)
def test_only_the_files_of_the_pages_are_sent(workbench: Workbench, path: str) -> None:
    for name, kind in (
        ("workbench.js", "javascript"),
        ("workbench.css", "css"),
        ("icon.svg", "svg"),
    ):
        answer = workbench.browse().get(f"/static/{name}")
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]
    answer = workbench.browse().get(f"/static/{path}")
    assert answer.status_code in {404, 405}
    assert "import" not in answer.text


ELSEWHERE = [
    "//evil.example", "https://evil.example", "/\\evil.example", "\\/evil.example", "///evil",
    "//[", "javascript:alert(1)", "/\t/evil.example", "/\n/evil", "evil", "", " /find",
    "http:/evil", "/é", "/find\r\nset-cookie: a=b", "/\0",
]  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE, ids=ascii)
def test_nobody_is_sent_elsewhere(workbench: Workbench, path: str) -> None:
    form = {"name": "AB", "password": "wrong one", "next": path}
    page = Page(workbench.browse(address=f"198.51.100.{len(path)}").send(form, "/login").text)
    for field in page.find("input", name="next"):
        assert field["value"] in {"/", "/login"}
    answer = workbench.browse("one", "admin").post("/language", {**form, "language": "zh"})
    assert answer.headers["location"] == "/"
    shown = workbench.browse().get("/login", params={"next": path})
    assert shown.status_code == 200


@pytest.mark.parametrize("path", ["/find", "/find?q=%E8%84%91", "/passages/0?a=b&c=d#e"])
def test_who_logs_in_goes_on_where_they_wanted_to(workbench: Workbench, path: str) -> None:
    sent = workbench.browse().get(path).headers["location"]
    assert sent.startswith("/login?next=")
    page = Page(workbench.browse("one", "admin").get("/find").text)
    assert page.find("input", name="next")[0]["value"] == "/find"
    answer = workbench.browse("one", "admin").post("/language", {"language": "zh", "next": path})
    assert answer.headers["location"] == path


# ---- languages -------------------------------------------------------------------------------


def test_the_language_is_chosen_or_that_of_the_browser(workbench: Workbench) -> None:
    def tell(browser: Browser, asked: str = "") -> str:
        page = Page(browser.get("/login", headers={"accept-language": asked}).text)
        return page.find("html")[0]["lang"]

    browser = workbench.browse()
    assert [tell(browser, asked) for asked in ("", "de,en", "zh-CN,zh;q=0.9", "ZH")] == [
        "en", "en", "zh", "zh",
    ]  # fmt: skip
    answer = browser.send({"language": "zh", "next": "/login"}, "/language")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert tell(browser, "en") == "zh"
    assert "set-cookie" not in browser.send({"language": "xx"}, "/language").headers
    assert tell(browser) == "zh"
    browser.send({"language": "en"}, "/language")
    assert tell(browser, "zh") == "en"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_there_in_every_language(workbench: Workbench, language: str) -> None:
    browser = workbench.browse("one", "admin")
    browser.post("/language", {"language": language})
    known = find(workbench, "b")
    for rule in RULES:
        answer = browser.get(fill(rule.path, known)) if rule.method == "GET" else None
        if answer is not None and answer.headers.get("content-type", "").startswith("text/html"):
            assert answer.status_code in {200, 303, 403, 404, 409}
            for html in Page(answer.text).find("html"):
                assert html["lang"] == language


# ---- nothing of a paper becomes markup -------------------------------------------------------

# Elements that pages have; svg, line, polyline, text, rect are of drawings.
TAGS = {
    "html", "head", "meta", "title", "link", "script", "body", "a", "header", "p", "nav", "div",
    "form", "input", "button", "span", "main", "dialog", "h1", "h2", "h3", "dl", "dt", "dd",
    "label", "kbd", "section", "aside", "ul", "ol", "li", "b", "q", "mark", "small", "strong",
    "textarea", "fieldset", "legend", "details", "summary", "progress", "table", "thead", "tbody",
    "tr", "th", "td", "svg", "line", "polyline", "text", "rect", "img", "pre", "br", "bdi",
}  # fmt: skip


def assert_harmless(html: str) -> Page:
    """Assert that a page has no script, style or address but its own."""
    page = Page(html)
    for element in page.elements:
        assert element.tag in TAGS, element
        for name, value in element.attributes.items():
            assert not name.startswith("on"), element
            assert name not in {"style", "srcdoc", "srcset", "formaction", "background"}, element
            if name in {"href", "src", "action", "data-load", "data-large"}:
                assert re.match(r"/(?!/)|#", value), element
        if element.tag == "script":
            assert element.attributes == {"src": "/static/workbench.js", "type": "module"}
        if element.tag == "img":
            assert element["src"].startswith("/passages/")
        if element.tag == "meta":
            assert "http-equiv" not in element.attributes
    return page


@pytest.mark.parametrize("role", ROLES)
def test_what_a_paper_says_is_text_on_every_page(workbench: Workbench, role: str) -> None:
    known = find(workbench, "a")
    browser = workbench.browse(f"{role}{MARKUP}", role)
    shown = {
        "/passages/{hit}": (
            MARKUP,
            f"a{NAME}.txt",
            f"题名{MARKUP}",
            f"作者{MARKUP}",
            f"单位{MARKUP}",
        ),
        "/passages/{hit}/paper": (MARKUP.removesuffix("\u202e"),),
        "/passages/{hit}/page": (MARKUP,),
        "/papers/{paper}": (MARKUP, f"a{NAME}.txt", f"期刊{MARKUP}", f"10.1/{MARKUP}"),
        "/find?q=alert": (f"a{NAME}.txt", f"题名{MARKUP}"),
        "/dashboard": (BROKEN,),
        "/login": (),
        "/agreement": (),
    }
    for path, expected in shown.items():
        for headers in ({}, {"x-fragment": "1"}):
            answer = browser.get(fill(path, known), headers=headers)
            page = assert_harmless(answer.text)
            if path.startswith("/find"):
                # Beside other words, where a change of direction would reach those.
                assert page.find("bdi", lang="zh")
                assert [e for e in page.find("bdi") if e.attributes.get("class") == "file"]
            for words in expected:
                assert words in page.text, (path, words, page.text)
            told = re.sub(r"\d\d:\d\d", "", page.text)  # the time of day
            assert "49" not in told.replace("349", ""), path


def test_what_is_asked_and_written_is_text(workbench: Workbench) -> None:
    workbench.wait(3600)  # until nobody has the paper in hand
    known, browser = find(workbench, "a"), workbench.browse("me", "admin")
    page = assert_harmless(browser.get("/find", params={"q": MARKUP}).text)
    assert page.find("input", name="q")[0]["value"] == MARKUP
    action = fill("/passages/{hit}/verdict", known)
    form = {**browser.show(fill("/passages/{hit}", known)).read_form(action), "note": MARKUP}
    refused = browser.post(action, {**form, "judgement": "1", "shown": "999"})
    assert refused.status_code == 409
    assert MARKUP in assert_harmless(refused.text).text
    answer = browser.post(action, {**form, "judgement": "1"}, headers={"x-fragment": "1"})
    assert answer.status_code == 200
    assert_harmless(answer.text)
    assert MARKUP in assert_harmless(browser.get(fill("/papers/{paper}", known)).text).text
    tried = workbench.browse().send({"name": MARKUP, "password": "x" * 9}, "/login")
    assert_harmless(tried.text)


def test_what_others_wrote_is_text(
    hostile: "MadeStudy", open_workbench: Callable[..., Workbench]
) -> None:
    """Verdicts that came from a file may be by anybody, with any words."""
    from screen.study.queries import list_queue
    from screen.study.verdicts import append
    from screen.types import Verdict

    served = open_workbench(hostile.folder)
    known = find(served, "a")
    said = {"reviewer": f"file{MARKUP}", "note": MARKUP, "criteria": (MARKUP,)}
    # Of others one sees it once all of the paper is judged.
    own = [row["id"] for row in list_queue(served.engine) if row["paper"] == known["paper"]]
    given = [Verdict(hit, known["paper"], code=2, **said) for hit in (*own, None)]  # type: ignore[arg-type]
    append(served.engine, given)
    for role in ("observer", "admin"):
        browser = served.browse("me", role)
        for path in ("/passages/{hit}", "/papers/{paper}", "/dashboard", "/agreement"):
            page = assert_harmless(browser.get(fill(path, known)).text)
            if path == "/passages/{hit}":
                # Who may have to decide is told no names.
                assert role == "admin" or f"file{MARKUP}" in page.text
                assert page.text.count(MARKUP) > 3


@pytest.mark.parametrize("path", ["/login", "/judge", "/dashboard", "/find", "/agreement"])
def test_no_page_has_a_script_or_a_style_of_its_own(workbench: Workbench, path: str) -> None:
    html = workbench.browse("one", "admin").get(path).text
    assert_harmless(html)
    assert "<style" not in html
    assert "style=" not in html
    assert re.findall(r"<script[^>]*>[^<]", html) == []


def test_the_name_of_the_study_is_text(hostile: "MadeStudy", tmp_path: Path) -> None:
    folder = hostile.copy(tmp_path / NAME).folder
    with serve_here(folder) as served:
        page = assert_harmless(served.browse("one", "admin").get("/judge").text)
    assert NAME in page.text


def test_a_paper_with_two_records_is_found_once(
    make_study: "MakeStudy", invoke: "Invoke", monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [{"file": "a.txt", "title": f"心脏移植的题名{n}"} for n in "12"]
    made = make_reviewed(make_study, invoke, records=records, sample=0)
    with serve_here(made.folder) as workbench:
        browser = workbench.browse("O", "observer")
        for most, words in ((3, "3 passages."), (2, "More than 2 passages; the first 2")):
            monkeypatch.setattr("screen.review.handlers.reading._MOST_FOUND", most)
            page = browser.show("/find?q=题名2")
            assert words in page.text
            assert len([a for a in page.find("a") if a["href"].startswith("/passages/")]) == most
