"""What the pages for programmers print is what comes out: docs/walkthrough.md, and doctests."""

import doctest
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import screen
from screen import api
from tests.conftest import Invoke
from tests.surroundings import on_sqlite

pytestmark = [pytest.mark.database, on_sqlite]

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "walkthrough.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A block of the page, what it says that it prints, and what it printed."""

    code: str
    said: str
    printed: str


@pytest.fixture(scope="module")
def walked(
    tmp_path_factory: pytest.TempPathFactory, invoke: Invoke
) -> Iterator[tuple[Path, list[Step]]]:
    """All blocks in order, in a folder that is the current one until the tests are done."""
    folder = tmp_path_factory.mktemp("walk")
    for name in ("corpus", "labels"):
        (folder / name).symlink_to(ROOT / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder, list(walk(invoke))


def walk(invoke: Invoke) -> Iterator[Step]:
    blocks = [*BLOCK.findall(PAGE), ("", "")]
    session: dict[str, Any] = {}
    for (kind, code), (next_kind, said) in pairwise(blocks):
        if kind == "sh":
            for line in code.splitlines():
                run_line(invoke, line)
        elif kind == "python":
            out = StringIO()
            with redirect_stdout(out):
                exec(compile(code, "walkthrough.md", "exec"), session)
            said = said if next_kind == "text" else ""
            yield Step(code, bare(said), bare(out.getvalue()))


def bare(text: str) -> str:
    """Return a text without the blanks at the ends of its lines, which editors take away."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def run_line(invoke: Invoke, line: str) -> None:
    command, *words = line.split()
    assert command == "ddr-screen"
    arguments: list[str] = []
    for word in words:
        arguments += sorted(map(str, Path().glob(word))) if "?" in word else [word]
    done = invoke(*arguments)
    assert done.exit_code == 0, done.output


def test_every_block_prints_what_the_page_says(walked: tuple[Path, list[Step]]) -> None:
    _, steps = walked
    assert len(steps) > 10
    for step in steps:
        assert step.printed == step.said, step.code


def test_the_doctests_of_the_door_hold(walked: tuple[Path, list[Step]]) -> None:
    result = doctest.testmod(api, extraglobs={"screen": screen})
    assert result.attempted > 15
    assert result.failed == 0
