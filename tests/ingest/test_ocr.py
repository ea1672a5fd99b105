"""Scanned pages are read, whichever way up they lie, and nothing is downloaded for it."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from rapidfuzz import fuzz

from screen.errors import DocumentError
from screen.ingest.files import hash_file, read_source
from screen.ingest.ocr import Task, find_engine, recognise_page
from screen.settings import Limits
from screen.types import Page

CORPUS = Path(__file__).parents[2] / "corpus" / "papers"
MORE = pytest.mark.slow(reason="pages recognised at further angles")
# The upper part of a page of two columns, with title block and running head, and its words.
PAPER, PART = CORPUS / "p024.pdf", 0.45


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    with pypdfium2.PdfDocument(PAPER) as document:
        whole = document[0].render(scale=200 / 72, grayscale=True).to_pil()
    part: Image.Image = whole.crop((0, 0, whole.width, int(whole.height * PART)))
    return part


@pytest.fixture(scope="module")
def words() -> str:
    """Return the words on that part as the PDF itself has them."""
    with pypdfium2.PdfDocument(PAPER) as document:
        page = document[0]
        bottom = page.get_height() * (1 - PART) + 6
        text = page.get_textpage().get_text_bounded(bottom=bottom)
    return "".join(text.split())


def scan(folder: Path, picture: Image.Image, turn: float = 0, dpi: int = 200) -> Task:
    """Write a picture, turned counter-clockwise, as a PDF of one page."""
    path = folder / f"scan-{turn}.pdf"
    turned = picture.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    turned.save(path, "PDF", resolution=dpi)
    return Task(hash_file(path), 1)


def likeness(page: Page, words: str) -> float:
    return fuzz.ratio("".join(page.text.split()), words)


@pytest.mark.parametrize(
    "turn", [90, *(pytest.param(t, marks=MORE) for t in (0, 1.5, -1.5, 180, 270))]
)
def test_a_scan_is_read_whichever_way_up_it_lies(
    tmp_path: Path, picture: Image.Image, words: str, turn: float
) -> None:
    page = recognise_page(scan(tmp_path, picture, turn))
    assert page.method == "ocr"
    assert page.engine == find_engine()
    assert page.quality > 0.9
    assert likeness(page, words) > 95


@pytest.mark.parametrize("turn", [pytest.param(turn, marks=MORE) for turn in (0, 90)])
def test_each_line_has_its_confidence_and_its_place(
    tmp_path: Path, picture: Image.Image, turn: float
) -> None:
    page = recognise_page(scan(tmp_path, picture, turn))
    texts = [page.text[line.start : line.end] for line in page.lines]
    assert "\n".join(texts) == page.text
    assert all(0.5 <= line.confidence <= 1 for line in page.lines)
    title = next(n for n, text in enumerate(texts) if "改良" in text and "HTK" in text)
    line = page.lines[title]
    # The title stands in the middle of the page's width, a quarter of the part's height down.
    across, down = (line.left + line.right) / 2, (line.top + line.bottom) / 2
    if turn == 90:
        across, down = 1 - down, across
    assert across == pytest.approx(0.5, abs=0.05)
    assert down == pytest.approx(0.25, abs=0.05)


@MORE
def test_a_coarse_scan_is_read_too(tmp_path: Path, picture: Image.Image, words: str) -> None:
    half = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    assert likeness(recognise_page(scan(tmp_path, half, dpi=100)), words) > 85


def test_a_page_without_writing_is_unreadable(tmp_path: Path) -> None:
    page = recognise_page(scan(tmp_path, Image.new("L", (800, 1100), 255)))
    assert (page.method, page.text, page.lines) == ("unreadable", "", ())


def test_noise_is_unreadable(tmp_path: Path) -> None:
    noise = Image.effect_noise((800, 1100), 90)
    assert recognise_page(scan(tmp_path, noise)).method == "unreadable"


@pytest.mark.slow(reason="a scan read twice")
def test_the_same_scan_is_read_the_same_each_time(tmp_path: Path, picture: Image.Image) -> None:
    task = scan(tmp_path, picture)
    assert recognise_page(task) == recognise_page(task)


def test_without_recognition_a_scan_is_unreadable_and_says_so(
    tmp_path: Path, picture: Image.Image
) -> None:
    reading = read_source(scan(tmp_path, picture).source, Limits())
    assert [page.method for page in reading.pages] == ["unreadable"]
    assert [failure.page for failure in reading.failures] == [1]


def test_a_file_that_has_changed_is_not_read(tmp_path: Path, picture: Image.Image) -> None:
    task = scan(tmp_path, picture)
    other = replace(task.source, sha256=hashlib.sha256(b"other").hexdigest())
    with pytest.raises(DocumentError, match="changed"):
        recognise_page(Task(other, 1))


@pytest.mark.parametrize("size", [(0.001, 800), (1e7, 800)])
def test_a_page_of_no_use_is_refused_before_it_is_drawn(
    tmp_path: Path, size: tuple[float, float]
) -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(*size)
    path = tmp_path / "odd.pdf"
    document.save(path)
    with pytest.raises(DocumentError):
        recognise_page(Task(hash_file(path), 1))


_OFFLINE = """
import socket, sys

def refuse(event, arguments):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "urllib.")):
        raise SystemExit(f"asked the network: {event} {arguments}")

sys.addaudithook(refuse)
from pathlib import Path
from screen.ingest.files import hash_file
from screen.ingest.ocr import Task, recognise_page
print(len(recognise_page(Task(hash_file(Path(sys.argv[1])), 1)).text))
"""


@MORE
def test_nothing_is_asked_of_the_network(tmp_path: Path, picture: Image.Image) -> None:
    task = scan(tmp_path, picture)
    command = [sys.executable, "-c", _OFFLINE, task.source.path]
    # In a network namespace of its own, where that is allowed, there is no network to ask.
    alone = ["unshare", "--net"]
    try:
        subprocess.run([*alone, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        alone = []
    done = subprocess.run([*alone, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 500
