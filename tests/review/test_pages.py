"""Pictures of pages come from another process, and what it suffers costs one page at most."""

import io
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from screen.errors import DocumentError
from screen.ingest.files import hash_file
from screen.review import pages
from screen.review.pages import PagePictures
from screen.review.pictures import find_boxes, render_page
from screen.types import Quote

LINES = ("The donor was intubated.", "The chest was opened.", "The heart was taken out.")
DOWN = "the page brought its reader down"


def write_pdf(path: Path, *lines: str) -> Path:
    """Write a PDF with a line on each page."""
    canvas = Canvas(str(path), pagesize=(300, 400), invariant=1)
    for number, line in enumerate(lines, start=1):
        canvas.drawString(40, 380 - 50 * number, line)
        canvas.showPage()
    canvas.save()
    return path


@pytest.fixture
def paper(tmp_path: Path) -> tuple[Path, str]:
    path = write_pdf(tmp_path / "paper.pdf", *LINES)
    return path, hash_file(path).sha256


# Several tests share a process: to start one takes longer than most of what they ask of it.
@pytest.fixture(scope="module")
def shared() -> Iterator[PagePictures]:
    pictures = PagePictures(limit=120)
    yield pictures
    pictures.close()


@pytest.fixture
def pictures(shared: PagePictures) -> PagePictures:
    shared._kept.clear()
    return shared


def quote(number: int) -> tuple[Quote, str]:
    """Return the quote that is the whole line of a page, and the page's text."""
    line = LINES[number - 1]
    return Quote(number, 0, len(line), line), line


# What the other process is asked to do, instead of drawing a page.


def _die(path: Path) -> None:
    os._exit(7)


def _hang(path: Path) -> None:
    time.sleep(3600)


def _devour(path: Path) -> int:
    return len(bytearray(10**11))


def _stumble(path: Path) -> None:
    raise ZeroDivisionError


def _name_process(path: Path) -> int:
    return os.getpid()


# ---- right answers ---------------------------------------------------------------------------


def test_pictures_and_boxes_are_those_of_the_page_and_made_elsewhere(
    pictures: PagePictures, paper: tuple[Path, str]
) -> None:
    path, sha256 = paper
    for number in (1, 2, 3):
        made = pictures.picture(path, sha256, number, 200)
        assert Image.open(io.BytesIO(made)).width == 200
        assert made == render_page(path, number, 200)
        boxes = pictures.boxes(path, sha256, number, *quote(number))
        assert len(boxes) == 1
        assert boxes == find_boxes(path, number, *quote(number))
    assert pictures._ask(_name_process, path, sha256) != os.getpid()


def test_threads_that_ask_at_once_each_get_their_own_answer(
    pictures: PagePictures, paper: tuple[Path, str]
) -> None:
    path, sha256 = paper
    asked = [(number, width) for number in (1, 2, 3) for width in range(50, 250, 25)]
    with ThreadPoolExecutor(8) as threads:
        made = threads.map(lambda pair: pictures.picture(path, sha256, *pair), asked)
        boxes = threads.map(
            lambda pair: pictures.boxes(path, sha256, pair[0], *quote(pair[0])), asked
        )
        assert list(made) == [render_page(path, *pair) for pair in asked]
        assert list(boxes) == [find_boxes(path, pair[0], *quote(pair[0])) for pair in asked]


# ---- reasons ---------------------------------------------------------------------------------


def test_the_reason_for_which_a_page_cannot_be_drawn_comes_back(
    pictures: PagePictures, paper: tuple[Path, str]
) -> None:
    path, sha256 = paper
    with pytest.raises(DocumentError, match="there is no page 4 of 3") as caught:
        pictures.picture(path, sha256, 4, 200)
    assert caught.value.stage == "render"
    with pytest.raises(DocumentError, match="there is no page 0 of 3"):
        pictures.boxes(path, sha256, 0, *quote(1))
    assert pictures.picture(path, sha256, 3, 200)


def test_a_file_that_is_no_pdf_is_refused(pictures: PagePictures, tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(DocumentError, match="not a PDF"):
        pictures.picture(path, hash_file(path).sha256, 1, 200)


def test_a_file_that_has_changed_is_refused_until_it_is_what_it_was(
    pictures: PagePictures, paper: tuple[Path, str]
) -> None:
    path, sha256 = paper
    before = path.read_bytes()
    assert pictures.boxes(path, sha256, 1, *quote(1))
    write_pdf(path, "Something else.")
    with pytest.raises(DocumentError, match="the file has changed since it was added"):
        pictures.boxes(path, sha256, 1, *quote(1))
    with pytest.raises(DocumentError, match="the file has changed since it was added"):
        pictures.picture(path, sha256, 1, 200)
    path.write_bytes(before)
    assert pictures.boxes(path, sha256, 1, *quote(1))


def test_a_file_that_is_gone_is_refused(pictures: PagePictures, paper: tuple[Path, str]) -> None:
    path, sha256 = paper
    assert pictures.boxes(path, sha256, 1, *quote(1))
    path.unlink()
    with pytest.raises(DocumentError, match="the file is not there any more"):
        pictures.boxes(path, sha256, 1, *quote(1))
    with pytest.raises(DocumentError, match="the file is not there any more"):
        pictures.picture(path, sha256, 1, 200)


# ---- a process that fails --------------------------------------------------------------------


@pytest.mark.parametrize("work", [_die, _stumble])
def test_a_process_that_dies_costs_its_page_and_the_next_page_gets_another(
    pictures: PagePictures, paper: tuple[Path, str], work: Any
) -> None:
    path, sha256 = paper
    with pytest.raises(DocumentError, match=DOWN) as caught:
        pictures._ask(work, path, sha256)
    assert caught.value.stage == "render"
    assert pictures.picture(path, sha256, 2, 200) == render_page(path, 2, 200)


def test_a_process_that_hangs_is_ended_and_costs_its_page(
    pictures: PagePictures, paper: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sha256 = paper
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "_limit", 0.2)
        with pytest.raises(DocumentError, match="the page took more than"):
            pictures._ask(_hang, path, sha256)
    assert pictures.picture(path, sha256, 2, 200) == render_page(path, 2, 200)


def test_a_process_that_ends_while_it_is_idle_costs_nothing(
    pictures: PagePictures, paper: tuple[Path, str]
) -> None:
    path, sha256 = paper
    os.kill(pictures._ask(_name_process, path, sha256), signal.SIGKILL)
    assert pictures.picture(path, sha256, 2, 200) == render_page(path, 2, 200)


def test_a_page_that_needs_too_much_memory_costs_only_itself(
    pictures: PagePictures, paper: tuple[Path, str]
) -> None:
    path, sha256 = paper
    before = pictures._ask(_name_process, path, sha256)
    with pytest.raises(DocumentError, match="needs more memory than the limit"):
        pictures._ask(_devour, path, sha256)
    assert pictures._ask(_name_process, path, sha256) == before


def test_an_answer_that_nobody_waited_for_is_not_taken_for_that_of_the_next_page(
    pictures: PagePictures, paper: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sha256 = paper
    pictures._ask(_name_process, path, sha256)

    def interrupt(line: Connection, timeout: float) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "poll", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pictures.picture(path, sha256, 1, 200)
    assert pictures.picture(path, sha256, 2, 200) == render_page(path, 2, 200)


# ---- what is kept ----------------------------------------------------------------------------


def test_a_picture_that_was_made_is_kept_and_not_made_again(
    pictures: PagePictures, paper: tuple[Path, str]
) -> None:
    path, sha256 = paper
    made = pictures.picture(path, sha256, 1, 200)
    assert pictures.picture(path, sha256, 1, 200) is made
    assert pictures.picture(path, sha256, 1, 100) != made
    assert pictures.picture(path, sha256, 2, 200) != made


def test_what_is_kept_is_bounded_and_what_was_not_asked_for_longest_goes_first(
    pictures: PagePictures, paper: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sha256 = paper
    one, two, three = (pictures.picture(path, sha256, number, 200) for number in (1, 2, 3))
    pictures._kept.clear()
    monkeypatch.setattr(pages, "_MOST_KEPT", len(one) + len(two) + len(three) - 1)
    for number in (1, 2, 1, 3):
        pictures.picture(path, sha256, number, 200)
    assert [key[1] for key in pictures._kept] == [1, 3]
    monkeypatch.setattr(pages, "_MOST_KEPT", 10)
    assert pictures.picture(path, sha256, 2, 200) == two
    assert not pictures._kept


# ---- the end ---------------------------------------------------------------------------------


def test_closing_ends_the_process_and_may_be_done_twice(paper: tuple[Path, str]) -> None:
    path, sha256 = paper
    pictures = PagePictures(limit=120)
    pictures.close()
    made = pictures.picture(path, sha256, 1, 200)
    number = pictures._ask(_name_process, path, sha256)
    pictures.close()
    pictures.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    # One who asks after the end, a request that came late, gets an answer all the same.
    assert pictures.picture(path, sha256, 2, 200) != made
    pictures.close()
