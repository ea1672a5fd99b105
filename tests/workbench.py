"""A small study under review: people who take turns by a clock, and a browser without a window."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx
import sqlalchemy as sa
from starlette.types import ASGIApp

from screen.match.packs import load_pack
from screen.match.schema import Pack
from screen.review import desk as desks
from screen.review.access import Account, Session, begin_session
from screen.review.app import make_app
from screen.review.desk import Desk
from screen.review.judging import Said, judge
from screen.review.paper import Paper, Task, Turn
from screen.review.passages import Glossary
from screen.review.queue import hand_out, hand_out_dispute
from screen.study.database import open_database, write
from screen.study.folder import Study
from screen.study.schema import drawn, hits, papers, ranks

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

TELLING = "供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。"
_OTHERS = "受者入室。" * 60
FILES: dict[str, str | bytes] = {
    "a.txt": f"心脏移植1例\n1.2 供心切取 {TELLING}" + f"{_OTHERS}又一例。{TELLING}" * 2,
    "b.txt": f"心脏移植2例\n1 临床资料 {TELLING}\n{_OTHERS}\n供体脑死亡后气管插管。{_OTHERS}",
    "c.txt": f"心脏移植3例\n1.1 供心切取 {TELLING}受者取仰卧位。",
    "d.txt": "肺移植1例\n1.1 供肺切取 供体脑死亡,气管插管后取肺。",
    "e.txt": "心脏移植术后护理\n1 护理 受者术后每日通风两次,饮食清淡。",
    "f.txt": "手术室管理\n1 管理 器械护士清点器械,巡回护士记录。",
}
# The passages of the queue and of the sample, by the names of their files.
PASSAGES = {"a.txt": 3, "b.txt": 2, "c.txt": 1, "d.txt": 1, "e.txt": 1, "f.txt": 1}
DRAWN = ("e.txt", "f.txt")
PORT = 8787
HOST = f"http://127.0.0.1:{PORT}"


def change_settings(folder: Path, **values: object) -> None:
    """Set values in study.toml, each of which the template names once."""
    path = folder / "study.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, value in values.items():
        [place] = [
            n for n, line in enumerate(lines) if line.startswith((f"# {name} =", f"{name} ="))
        ]
        lines[place] = f"{name} = {json.dumps(value)}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_reviewed(
    make_study: "MakeStudy",
    invoke: "Invoke",
    files: Mapping[str, str | bytes] = FILES,
    records: Sequence[Mapping[str, object]] = (),
    sample: int = len(DRAWN),
) -> "MadeStudy":
    """Make a study without a classifier, run it, draw a sample, and put all in order."""
    made = make_study(files, records)
    change_settings(made.folder, model="", every=0)
    steps: list[tuple[str | Path, ...]] = [("run", made.folder, "--workers", "1")]
    if sample:
        steps += [("sample", made.folder, "-n", str(sample), "--seed", "1"), steps[0]]
    for step in steps:
        done = invoke(*step)
        # 1 says that something could not be screened.
        assert done.exit_code in {0, 1}, done.output
    return made


# ---- reviewers who take turns ----------------------------------------------------------------


class _ForgottenError(Exception):
    """Ends a transaction, so that nothing of it stays."""


@dataclass
class Room:
    """Where people judge a study by one clock; what they do there is forgotten afterwards.

    `wanted` judge each passage, and a lease lasts `lease` seconds.
    """

    connection: sa.Connection
    wanted: int = 1
    lease: float = 600.0
    now: float = 1_000_000.0
    keys: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def turn(self, name: str) -> Turn:
        return Turn(self.connection, name, self.wanted, self.lease, self.now)

    def wait(self, leases: float) -> None:
        """Let time pass, counted in leases."""
        self.now += leases * self.lease

    def ask(self, name: str) -> Task | None:
        return hand_out(self.turn(name))

    def ask_dispute(self, name: str) -> Task | None:
        return hand_out_dispute(self.turn(name))

    def get(self, name: str) -> Task:
        task = self.ask(name)
        assert task is not None, f"there is nothing for {name}"
        return task

    def look(self, name: str, paper: str) -> Paper:
        return Paper(self.turn(name), paper)

    def judge(self, name: str, task: Task, code: int | None = 2, **more: Any) -> int:
        """Judge a task as the page shows it now; a code of None is out of scope."""
        own = self.look(name, task.paper).find_own(task.hit, task.round)
        said: dict[str, Any] = {
            "code": code,
            "reason": "animal" if code is None else "",
            "criteria": (),
            "mitigating": False,
            "note": "",
            "key": f"key{next(self.keys)}",
            "shown": own["id"] if own else None,
        }
        hidden = more.pop("hidden", False)
        return judge(self.turn(name), task, Said(**{**said, **more}), hidden=hidden)

    def finish(self, name: str, code: int = 2, most: int = 1000) -> list[Task]:
        """Judge all that is handed out, and return it."""
        done: list[Task] = []
        while len(done) < most and (task := self.ask(name)) is not None:
            self.judge(name, task, code)
            done.append(task)
        return done

    def read(self, table: sa.Table) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(sa.select(table)).mappings()]

    def files(self) -> dict[str, str]:
        """Return the papers by the names of their files."""
        return {Path(row["file"]).name: row["sha256"] for row in self.read(papers)}

    def passages(self, file: str) -> list[str]:
        """Return the passages of a paper in the order of its text."""
        paper = self.files()[file]
        rows = [row for table in (hits, drawn) for row in self.read(table) if row["paper"] == paper]
        return [row["id"] for row in sorted(rows, key=lambda row: (row["page"], row["start"]))]

    def reading(self) -> list[str]:
        """Return the names of the papers' files in the order of reading."""
        homes = {row["id"]: row["paper"] for table in (hits, drawn) for row in self.read(table)}
        names = {paper: name for name, paper in self.files().items()}
        places = sorted((row["place"], row["hit"]) for row in self.read(ranks))
        return list(dict.fromkeys(names[homes[hit]] for _, hit in places))


@contextmanager
def enter_room(engine: sa.Engine, wanted: int = 1) -> Iterator[Room]:
    try:
        with write(engine) as connection:
            yield Room(connection, wanted)
            raise _ForgottenError
    except _ForgottenError:
        pass


# ---- a browser without a window --------------------------------------------------------------


@dataclass(frozen=True)
class Element:
    """An element of a page, without what is in it."""

    tag: str
    attributes: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


class Page(HTMLParser):
    """What a browser makes of a page: its elements, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.stretches: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.stretches.append(data)

    @property
    def text(self) -> str:
        return "".join(self.stretches)

    def find(self, tag: str, **attributes: str) -> list[Element]:
        wanted = attributes.items()
        return [e for e in self.elements if e.tag == tag and wanted <= e.attributes.items()]

    def read_form(self, action: str) -> dict[str, str]:
        """Return what the form with this action holds before anything is filled in."""
        inside = False
        fields: dict[str, str] = {}
        for element in self.elements:
            if element.tag == "form":
                inside = element.attributes.get("action") == action
            elif inside and element.tag == "input" and "type" in element.attributes:
                ticked = element["type"] != "checkbox" or "checked" in element.attributes
                if ticked and "name" in element.attributes:
                    fields[element["name"]] = element.attributes.get("value", "")
        return fields


@cache
def _loop() -> asyncio.Runner:
    return asyncio.Runner()


@cache
def _thread() -> ThreadPoolExecutor:
    """Return a thread for the loop: in this one the browser of other tests may have its own."""
    return ThreadPoolExecutor(1)


class Browser:
    """Asks the workbench, keeps its cookies, and knows the token of its session."""

    def __init__(self, app: ASGIApp, address: str = "192.0.2.1", *, fails: bool = False) -> None:
        self.csrf = ""
        transport = httpx.ASGITransport(app, raise_app_exceptions=not fails, client=(address, 9))
        self._client = httpx.AsyncClient(transport=transport, base_url=HOST)

    @property
    def cookies(self) -> httpx.Cookies:
        return self._client.cookies

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        request = self._client.request(method, path, **more)
        return _thread().submit(_loop().run, request).result()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, form: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Send a form with the session's token."""
        return self.ask("POST", path, data={"csrf": self.csrf, **(form or {})}, **more)

    def send(self, form: Mapping[str, Any], path: str, **more: Any) -> httpx.Response:
        """Send a form as it is."""
        return self.ask("POST", path, data=dict(form), **more)

    def show(self, path: str) -> Page:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return Page(answer.text)

    def admit(self, session: Session) -> None:
        """Have this session, as if it had just begun here."""
        self.cookies.set(f"session-{PORT}", session.token, domain="127.0.0.1", path="/")
        self.csrf = session.csrf


@dataclass
class Workbench:
    """A study served to browsers of people with accounts, by a clock that stands unless moved."""

    desk: Desk
    app: Any
    clock: list[float]

    @property
    def engine(self) -> sa.Engine:
        return self.desk.engine

    def wait(self, seconds: float) -> None:
        self.clock[0] += seconds

    def browse(self, name: str = "", role: str = "", **more: Any) -> Browser:
        """Return a browser; with a name and a role (of an account) logged in."""
        browser = Browser(self.app, **more)
        if role:
            session = begin_session(self.engine, Account(name, role), self.clock[0])
            browser.admit(session)
        return browser


_load_once = cache(load_pack)
_glossaries: dict[str, Glossary] = {}


def _explain_once(pack: Pack) -> Glossary:
    if pack.hash not in _glossaries:
        _glossaries[pack.hash] = Glossary(pack)
    return _glossaries[pack.hash]


@contextmanager
def serve_here(folder: Path, **review: object) -> Iterator[Workbench]:
    """Serve a study, reviewed by these settings, to browsers of this process.

    Packs, slow to load, are loaded once.
    """
    # Verdicts carry the time of the machine, and what one session gave can be taken back in it.
    clock = [time.time()]
    study = Study(folder)
    rules = study.settings.review.model_copy(update=review)
    study.settings = study.settings.model_copy(update={"review": rules})
    with (
        patch.object(desks, "load_pack", _load_once),
        patch.object(desks, "Glossary", _explain_once),
    ):
        desk = Desk(study, open_database(study), "me", lambda: clock[0])
    yield Workbench(desk, make_app(desk, PORT), clock)
    desk.close()
