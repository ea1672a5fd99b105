"""A real browser, and the real command that serves a study to it."""

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from screen.review.access import add_account
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.schema import verdicts
from tests.workbench import change_settings

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
PAPERS = ("p024.pdf", "p057.pdf", "p064.pdf")
HOSTILE = "供者<script>alert(1)</script>&\"'.txt"
# What a paper may carry: none of it may be more than text.
SCRIPT = "<script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\">"
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
)  # fmt: skip
PASSWORD = "a long password"


@dataclass
class Served:
    """A study that a process of its own serves, and the link for who is alone."""

    folder: Path
    command: Path
    process: "subprocess.Popen[str] | None" = None
    link: str = ""
    port: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve the study, at the port of before if there was one."""
        self.process = subprocess.Popen(
            [self.command, "review", self.folder, "--port", str(self.port), "--reviewer", "AB"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://\S+", line)
            if found:
                self.link = found[0]
                self.port = int(found[0].split(":")[2].split("/")[0])
                return
        raise AssertionError("the workbench did not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def read(self) -> list[dict[str, Any]]:
        """Return all verdicts in the order in which they were given."""
        engine = open_database(Study(self.folder))
        with engine.connect() as connection:
            rows = connection.execute(sa.select(verdicts).order_by(verdicts.c.id)).mappings()
            found = [dict(row) for row in rows]
        engine.dispose()
        return found

    def watch(self, page: Page) -> Page:
        """Remember what the browser complains about on a page."""

        def complain(message: ConsoleMessage) -> None:
            # An answer other than 200 is no fault of the page.
            if message.type == "error" and "Failed to load resource" not in message.text:
                self.problems.append(message.text)

        page.on("console", complain)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        page.set_default_timeout(20_000)
        return page


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def papers_to_review(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    """Three PDFs and a hostile text, of which nobody has judged anything."""
    files: dict[str, str | bytes] = {
        name: (CORPUS / "papers" / name).read_bytes() for name in PAPERS
    }
    files[HOSTILE] = f"1.2 供心切取 供者脑死亡后立即气管插管,{SCRIPT}随后开胸取心。\n"
    lines = (CORPUS / "records.jsonl").read_text(encoding="utf-8").splitlines()
    records = [row for row in map(json.loads, lines) if row["file"] in PAPERS]
    records.append({"file": HOSTILE, "title": SCRIPT, "authors": [SCRIPT], "journal": SCRIPT})
    made = make_study(files, records)
    assert invoke("run", made.folder, "--workers", "1").exit_code == 0
    return made


@pytest.fixture
def serve(papers_to_review: "MadeStudy", tmp_path: Path, ddr_screen: Path) -> Iterator[Serve]:
    """Serves a copy of the study with these settings and accounts (names with roles)."""
    with ExitStack() as stack:

        def start(accounts: dict[str, str] | None = None, **values: object) -> Served:
            folder = papers_to_review.copy(tmp_path / "study").folder
            change_settings(folder, every=0, **values)
            engine = open_database(Study(folder))
            for name, role in (accounts or {}).items():
                add_account(engine, name, role, PASSWORD)
            engine.dispose()
            served = Served(folder, ddr_screen)
            stack.callback(served.kill)
            served.start()
            return served

        yield start
