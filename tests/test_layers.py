"""Every import points left, as docs/architecture.md has it: held by reading the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "screen"

# From left to right. A module may import from its own place and from all places to the left.
ORDER = (
    ("types", "errors", "settings", "compiled"),
    ("ingest",),
    ("text",),
    ("match",),
    ("rank",),
    ("study",),
    ("review",),
    ("findings",),
    ("terminal",),
    ("api",),
    ("cli",),
)
PLACES = {name: place for place, names in enumerate(ORDER) for name in names}
OUTSIDE = frozenset({"tests", "benchmarks", "corpus", "labels", "conftest", "pytest"})


def find_violations(package: Path) -> list[str]:
    """Return a line for every import of a package named screen that it may not make."""
    return [
        f"{path.relative_to(package)} imports {target}"
        for path in sorted(package.rglob("*.py"))
        for target in find_imports(path, package)
        if not is_allowed(path.relative_to(package), target)
    ]


def find_imports(path: Path, package: Path) -> Iterator[str]:
    """Yield the dotted name of everything a module imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                home = ("screen", *path.relative_to(package).parent.parts)
                origin = ".".join([*home[: len(home) - node.level + 1], *origin.split(".")])
            if origin.rstrip(".") == "screen":
                yield from (f"screen.{alias.name}" for alias in node.names)
            else:
                yield origin


def is_allowed(module: Path, target: str) -> bool:
    """Tell whether a module, given by its path below screen/, may import a dotted name."""
    top, *rest = target.split(".")
    if top != "screen":
        return top not in OUTSIDE
    if not rest or rest[0].startswith("__"):
        return True
    if module == Path("__init__.py"):
        # What programs import from the package itself is the door that they have.
        return rest[0] == "api"
    own = module.parts[0].removesuffix(".py")
    return own in PLACES and rest[0] in PLACES and PLACES[rest[0]] <= PLACES[own]


def test_every_module_imports_from_its_left_only() -> None:
    assert find_violations(PACKAGE) == []


def test_every_folder_and_module_has_its_place_in_the_order() -> None:
    found = {
        path.name.removesuffix(".py")
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" and path.name != "__init__.py") or list(path.glob("*.py"))
    }
    assert found <= set(PLACES)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("ingest/files.py", "from screen.match.packs import load_pack"),
        ("ingest/files.py", "import screen.text.normalise"),
        ("ingest/files.py", "from screen import cli"),
        ("match/events.py", "from ..study import folder"),
        ("match/events.py", "from screen.findings import export as text"),
        ("study/pipeline.py", "def late() -> None:\n    from screen.review import app"),
        ("errors.py", "from screen.ingest.pdf import read_pdf"),
        ("terminal/texts.py", "from ..cli import main"),
        ("__init__.py", "from screen.types import Page"),
        ("study/work/engine.py", "from screen.helpers import anything"),
        ("text/segment.py", "from tests.conftest import COMMAND"),
        ("cli/texts.py", "import benchmarks.damaged"),
    ],
)
def test_an_import_from_the_right_or_from_outside_is_found(
    tmp_path: Path, module: str, line: str
) -> None:
    path = tmp_path / "screen" / module
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n", encoding="utf-8")
    assert len(find_violations(tmp_path / "screen")) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("match/events.py", "from screen.text.segment import locate"),
        ("match/events.py", "from .packs import Pack"),
        ("match/events.py", "from .. import types"),
        ("settings.py", "from screen.errors import SettingsError"),
        ("cli/texts.py", "import screen\nfrom screen import terminal"),
        ("__init__.py", "from screen.api import open_study"),
        ("study/work/engine.py", "import multiprocessing"),
    ],
)
def test_an_import_from_the_left_is_not_found(tmp_path: Path, module: str, line: str) -> None:
    path = tmp_path / "screen" / module
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n", encoding="utf-8")
    assert find_violations(tmp_path / "screen") == []
