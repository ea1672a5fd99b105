"""What the tests of the review workbench share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from screen.review import access
from tests.workbench import Room, Workbench, enter_room, make_reviewed, serve_here

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy


@pytest.fixture(scope="session")
def reviewed(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    """A study of which nobody has judged anything; tests of this folder leave it so."""
    return make_reviewed(make_study, invoke)


@pytest.fixture(scope="session")
def reviewed_engine(reviewed: "MadeStudy") -> Iterator[sa.Engine]:
    with reviewed.database() as engine:
        yield engine


@pytest.fixture
def room(reviewed_engine: sa.Engine) -> Iterator[Room]:
    """A room in which one reviewer judges each passage."""
    with enter_room(reviewed_engine) as room:
        yield room


@pytest.fixture
def room_for_two(reviewed_engine: sa.Engine) -> Iterator[Room]:
    with enter_room(reviewed_engine, 2) as room:
        yield room


@pytest.fixture(scope="module")
def served(reviewed: "MadeStudy", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the study, for all tests of a module: what they judge in it stays."""
    return reviewed.copy(tmp_path_factory.mktemp("served") / "study").folder


@pytest.fixture
def open_workbench() -> Iterator[Callable[..., Workbench]]:
    """Serves a study, reviewed by these settings."""
    with ExitStack() as stack:

        def serve(folder: Path, **review: object) -> Workbench:
            return stack.enter_context(serve_here(folder, **review))

        yield serve


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with as little work as argon2 allows."""
    monkeypatch.setattr(access, "_hasher", PasswordHasher(1, 8, 1))
    access._hash_nothing.cache_clear()
