"""Scans in a study: recognised once, page by page, and what cannot be is not screened."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pypdfium2
import pytest
from PIL import Image

from screen.ingest import ocr
from screen.study.contents import read_pages, read_recognised
from screen.study.folder import Study
from screen.study.work import recipe, recognition
from screen.study.work.recognition import find_waiting
from tests.surroundings import on_sqlite

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy, RunCli

pytestmark = [pytest.mark.database, on_sqlite]

CORPUS = Path(__file__).parents[3] / "corpus" / "papers"


def draw(paper: str, page: int, share: float) -> Image.Image:
    """Return the upper share of a page of the corpus as a picture."""
    with pypdfium2.PdfDocument(CORPUS / paper) as document:
        whole = document[page].render(scale=200 / 72, grayscale=True).to_pil()
    part: Image.Image = whole.crop((0, 0, whole.width, int(whole.height * share)))
    return part


def scan(*pictures: Image.Image) -> bytes:
    file = io.BytesIO()
    pictures[0].save(file, "PDF", resolution=200, save_all=True, append_images=pictures[1:])
    return file.getvalue()


@pytest.fixture(scope="module")
def files() -> dict[str, str | bytes]:
    blank = Image.new("L", (800, 1100), 255)
    return {
        "scan.pdf": scan(draw("p024.pdf", 1, 0.3), blank),
        "blank.pdf": scan(blank.resize((900, 1200))),
        "text.txt": "心脏移植1例\n1.2 供心切取 供体确认脑死亡后行气管插管,接呼吸机,正中开胸。\n",
    }


@pytest.fixture(scope="module")
def made(make_study: "MakeStudy", files: dict[str, str | bytes]) -> "MadeStudy":
    return make_study(files)


@pytest.fixture(scope="module")
def run(made: "MadeStudy", invoke: "Invoke") -> dict[str, object]:
    """Return what a run said, and keep the study as it left it."""
    done = invoke("run", made.folder, "--json")
    assert done.exit_code == 1
    figures: dict[str, object] = json.loads(done.stdout)
    return figures


def methods(folder: Path) -> dict[str, list[str]]:
    study = Study(folder)
    names = {item.source.sha256: item.name for item in study.shard_sources(0)}
    return {
        names[paper]: [page.method for page in pages]
        for paper, pages in read_pages(folder, 0).items()
    }


def test_scanned_pages_become_text_and_the_others_stay_unscreened(
    made: "MadeStudy", run: dict[str, object]
) -> None:
    assert methods(made.folder) == {
        "scan.pdf": ["ocr", "unreadable"],
        "blank.pdf": ["unreadable"],
        "text.txt": ["text"],
    }
    assert run["pages_by_method"] == {"ocr": 1, "text": 1, "unreadable": 2}
    assert (run["screened"], run["unscreened"], run["screened_in_part"]) == (2, 1, 1)


def test_what_could_not_be_read_tells_all_that_was_tried(
    made: "MadeStudy", run: dict[str, object], invoke: "Invoke"
) -> None:
    failures = json.loads(invoke("status", made.folder, "--json").stdout)["failure_list"]
    assert [(row["file"], row["page"]) for row in failures] == [("blank.pdf", 1), ("scan.pdf", 2)]
    assert all("nor in its picture (ocr 0.0)" in row["error"] for row in failures)
    (page, _) = sorted(read_recognised(made.folder, 0), key=lambda page: page.method)[:2]
    assert page.route.endswith(f"ocr {page.quality}")


def test_what_was_recognised_is_not_recognised_again(
    made: "MadeStudy", run: dict[str, object], invoke: "Invoke", tmp_path: Path
) -> None:
    folder = made.copy(tmp_path / "study").folder
    before = (folder / "ocr" / "00000.parquet").read_bytes()
    # Text and hits made anew, as by a new version of the program.
    for name in ("text", "hits"):
        (folder / name / "00000.json").unlink()
    with patch.object(recognition, "recognise_page", side_effect=AssertionError):
        invoke("run", folder)
    assert (folder / "ocr" / "00000.parquet").read_bytes() == before


@pytest.mark.slow(reason="pages are recognised, some of them twice")
def test_a_run_that_was_stopped_goes_on_with_the_next_page(
    made: "MadeStudy", run: dict[str, object], invoke: "Invoke", tmp_path: Path
) -> None:
    folder = made.copy(tmp_path / "study").folder
    for path in (folder / "ocr").iterdir():
        path.unlink()
    (folder / "hits" / "00000.json").unlink(missing_ok=True)
    asked: list[tuple[str, int]] = []
    real = ocr.recognise_page

    def stop_at_the_second(task: ocr.Task) -> object:
        if len(asked) == 1:
            raise KeyboardInterrupt
        asked.append(task.key)
        return real(task)

    with patch.object(recognition, "recognise_page", stop_at_the_second):
        assert invoke("run", folder).exit_code == 130
    part = folder / "ocr" / "00000.part.jsonl"
    # As if it had been killed while it wrote the next one.
    part.write_text(part.read_text(encoding="utf-8") + '\n{"key": ["', encoding="utf-8")
    again: list[tuple[str, int]] = []

    def note(task: ocr.Task) -> object:
        again.append(task.key)
        return real(task)

    with patch.object(recognition, "recognise_page", note):
        assert invoke("run", folder).exit_code == 1
    assert len(asked) == 1
    assert len(again) == 2
    assert asked[0] not in again
    assert not part.exists()
    assert methods(folder)["scan.pdf"] == ["ocr", "unreadable"]


def test_only_pages_that_failed_are_tried_again(
    made: "MadeStudy", run: dict[str, object], invoke: "Invoke", tmp_path: Path
) -> None:
    folder = made.copy(tmp_path / "study").folder
    tried: list[int] = []

    def note(task: ocr.Task) -> object:
        tried.append(task.number)
        return ocr.recognise_page(task)

    with patch.object(recognition, "recognise_page", note):
        invoke("run", folder, "--retry-failed")
    assert sorted(tried) == [1, 2]
    assert methods(folder)["scan.pdf"] == ["ocr", "unreadable"]


@pytest.mark.slow(reason="pages are recognised at last")
def test_without_the_engine_pages_wait_for_it(
    make_study: "MakeStudy", invoke: "Invoke", files: dict[str, str | bytes]
) -> None:
    made = make_study({"scan.pdf": files["scan.pdf"]})
    with patch.object(recipe, "find_engine", return_value=None):
        figures = json.loads(invoke("run", made.folder, "--json").stdout)
        assert figures["unscreened"] == 1
        failures = json.loads(invoke("status", made.folder, "--json").stdout)["failure_list"]
        assert "pip install 'ddr-screen[ocr]'" in failures[0]["error"]
    assert len(find_waiting(Study(made.folder), 0)) == 2
    assert json.loads(invoke("run", made.folder, "--json").stdout)["screened"] == 1
    # Where there is none, what was recognised elsewhere stays.
    with patch.object(recipe, "find_engine", return_value=None):
        again = json.loads(invoke("run", made.folder, "--json").stdout)
    assert (again["screened"], again["shards_worked_on"]) == (1, 0)


def test_it_can_be_switched_off(
    make_study: "MakeStudy", invoke: "Invoke", files: dict[str, str | bytes]
) -> None:
    made = make_study({"scan.pdf": files["scan.pdf"]})
    settings = made.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('# use = "auto"', 'use = "no"'), encoding="utf-8")
    assert json.loads(invoke("run", made.folder, "--json").stdout)["unscreened"] == 1
    failures = json.loads(invoke("status", made.folder, "--json").stdout)["failure_list"]
    assert "switched off" in failures[0]["error"]


@pytest.mark.slow(reason="scans read again with several workers")
def test_any_number_of_workers_makes_the_same_of_scans(
    made: "MadeStudy",
    run: dict[str, object],
    make_study: "MakeStudy",
    files: dict[str, str | bytes],
    run_cli: "RunCli",
) -> None:
    other = make_study(files)
    done = run_cli("run", other.folder, "--workers", "2", timeout=300)
    assert done.returncode == 1, done.stderr
    assert "about 1 min with 2 workers" in done.stderr
    for name in ("ocr", "hits"):
        assert (other.folder / name / "00000.parquet").read_bytes() == (
            made.folder / name / "00000.parquet"
        ).read_bytes()
