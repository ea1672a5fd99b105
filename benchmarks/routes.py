"""How many papers a second each route of a page reads, on one core: python -m benchmarks.routes."""

import io
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pypdfium2
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from benchmarks.fuzz import find_material
from benchmarks.material import CORPUS, read_texts
from screen.ingest.files import hash_file, read_source
from screen.ingest.ocr import Task, recognise_page
from screen.settings import Limits
from screen.types import Page

_FONT, _COLUMN, _ROWS = "STSong-Light", 24, 44
_REPEATS = 3


def main() -> int:
    """Print a table in Markdown."""
    print("| route | papers | pages | papers a second | ms a page |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, papers in _write(folder):
            took, pages = min(_read(papers) for _ in range(_REPEATS))
            _tell(name, len(papers), pages, took)
        took, pages = _recognise(folder)
        _tell("optical character recognition, 300 dpi", 1, pages, took)
    return 0


def _tell(name: str, papers: int, pages: int, took: float) -> None:
    print(f"| {name} | {papers} | {pages} | {papers / took:.2f} | {took / pages * 1000:.1f} |")


def _write(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Yield the papers of each route as files."""
    yield "PDF by PDFium", sorted(CORPUS.glob("*.pdf"))
    across = []
    for number, text in enumerate(read_texts(CORPUS)):
        across.append(folder / f"{number}.pdf")
        across[-1].write_bytes(_draw_across(text))
    yield "PDF across columns, by PDFium and pdfminer", across
    yield "text", sorted(CORPUS.glob("*.txt"))
    for suffix in (".docx", ".html"):
        made = [data for kind, data in find_material() if kind == suffix]
        papers = [folder / f"{number}{suffix}" for number in range(len(made))]
        for path, data in zip(papers, made, strict=True):
            path.write_bytes(data)
        yield suffix, papers


def _draw_across(text: str) -> bytes:
    """Return a PDF in two columns that is drawn row by row."""
    registerFont(UnicodeCIDFont(_FONT))
    words = "".join(text.split())
    lines = iter([words[n : n + _COLUMN] for n in range(0, len(words), _COLUMN)])
    file = io.BytesIO()
    canvas = Canvas(file, (595, 808), invariant=1)
    while column := list(islice(lines, 2 * _ROWS)):
        canvas.setFont(_FONT, 9)
        for row in range(_ROWS):
            for side, line in enumerate(column[row::_ROWS]):
                canvas.drawString(52 + 254 * side, 760 - 16 * row, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _read(papers: Sequence[Path]) -> tuple[float, int]:
    sources = [hash_file(path) for path in papers]
    began = time.perf_counter()
    pages: list[Page] = []
    for source in sources:
        pages += read_source(source, Limits()).pages
    return time.perf_counter() - began, len(pages)


def _recognise(folder: Path) -> tuple[float, int]:
    document = pypdfium2.PdfDocument(sorted(CORPUS.glob("*.pdf"))[-1])
    pictures = [page.render(scale=300 / 72, grayscale=True).to_pil() for page in document]
    path = folder / "scan.pdf"
    pictures[0].save(path, "PDF", resolution=300, save_all=True, append_images=pictures[1:])
    source = hash_file(path)
    recognise_page(Task(source, 1))
    began = time.perf_counter()
    for number in range(1, len(pictures) + 1):
        recognise_page(Task(source, number))
    return time.perf_counter() - began, len(pictures)


if __name__ == "__main__":
    sys.exit(main())
