"""Print the corpus to pictures without text, screen those, and count which hits are found again.

    python -m benchmarks.scans                       all PDFs of the corpus, about 40 minutes
    python -m benchmarks.scans --papers 5 --dpi 300 --turn 1.5
    python -m benchmarks.scans --worn                as copies of old prints are

A hit counts as found again if the scanned paper has a hit of the same code whose passage is alike
but for the misread characters.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter
from rapidfuzz import fuzz

from benchmarks.material import CORPUS
from screen.study.contents import read_hits, read_pages
from screen.study.folder import Study
from screen.types import Hit

_COMMAND = Path(sys.executable).with_name("ddr-screen")
# A scanned passage may begin or end a sentence earlier or later.
_ALIKE = 80


@dataclass(frozen=True, slots=True)
class Result:
    """What became of all hits at one resolution and turn; `hits` are those of the PDFs' own text.

    `coded` are those of code 1 and 2 among them. `added` are hits of code 1 or 2 on the scans only.
    """

    dpi: int
    turn: float
    pages: int
    unreadable: int
    hits: int
    found: int
    coded: int
    coded_found: int
    added: int
    seconds: float


def main() -> int:
    """Measure and print a table in Markdown, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dpi", type=int, nargs="+", default=[150, 300])
    parser.add_argument("--turn", type=float, nargs="+", default=[0, 90, 1.5], help="degrees")
    parser.add_argument("--worn", action="store_true", help="blurred, grey, uneven and specked")
    parser.add_argument("--papers", type=int, help="only the first so many PDFs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder in which the studies stay")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    papers = sorted(CORPUS.glob("*.pdf"))[: arguments.papers]
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        wanted = _screen(folder / "text", papers, arguments.workers)
        for dpi, turn in product(arguments.dpi, arguments.turn):
            scans = list(_scan(papers, folder / f"{dpi}-{turn:g}", dpi, turn, worn=arguments.worn))
            began = time.perf_counter()
            study = _screen(folder / f"study-{dpi}-{turn:g}", scans, arguments.workers)
            result = _compare(wanted, study, dpi, turn, time.perf_counter() - began)
            _tell(result, as_json=arguments.json)
    return 0


def _scan(
    papers: Sequence[Path], folder: Path, dpi: int, turn: float, *, worn: bool
) -> Iterator[Path]:
    """Write each PDF as one of grey pictures, turned counter-clockwise, with no text."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    for paper in papers:
        document = pypdfium2.PdfDocument(paper)
        pictures = []
        for page in document:
            picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
            if turn:
                picture = picture.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
            pictures.append(_wear(picture, dpi, rng) if worn else picture)
        document.close()
        path = folder / paper.name
        quality = {"quality": 40} if worn else {}
        pictures[0].save(
            path, "PDF", resolution=dpi, save_all=True, append_images=pictures[1:], **quality
        )
        yield path


def _wear(picture: Image.Image, dpi: int, rng: np.random.Generator) -> Image.Image:
    """Return a page as a copy of an old print: blurred, pale, darker to one side, with specks."""
    grey = np.asarray(picture.filter(ImageFilter.GaussianBlur(dpi / 300)), np.float32)
    grey = 60 + grey * (190 / 255) - np.linspace(0, 45, grey.shape[1], dtype=np.float32)
    grey += rng.normal(0, 14, grey.shape)
    specks = rng.random(grey.shape)
    grey[specks < 0.001] = 20
    grey[specks > 0.999] = 250
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _screen(folder: Path, papers: Sequence[Path], workers: int) -> Study:
    for command in (
        ["init", str(folder)],
        ["add", str(folder), *map(str, papers)],
        ["run", str(folder), "--workers", str(workers)],
    ):
        done = subprocess.run([_COMMAND, *command], stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(f"ddr-screen {command[0]} ended with {done.returncode}")
    return Study(folder)


def _read_study(study: Study) -> dict[str, list[Hit]]:
    """Return the hits of each paper by its file name."""
    hits: dict[str, list[Hit]] = {}
    for number in study.shard_numbers():
        names = {item.source.sha256: item.name for item in study.shard_sources(number)}
        for name in names.values():
            hits.setdefault(name, [])
        for hit in read_hits(study.folder / "hits", number):
            hits[names[hit.paper]].append(hit)
    return hits


def _compare(wanted: Study, scanned: Study, dpi: int, turn: float, seconds: float) -> Result:
    before, after = _read_study(wanted), _read_study(scanned)
    methods = [
        page.method
        for number in scanned.shard_numbers()
        for pages in read_pages(scanned.folder, number).values()
        for page in pages
    ]
    all_hits = [(name, hit) for name, hits in before.items() for hit in hits]
    found = [hit for name, hit in all_hits if any(_is_same(hit, other) for other in after[name])]
    added = [
        hit
        for name, hits in after.items()
        for hit in hits
        if hit.code and not any(_is_same(hit, other) for other in before[name])
    ]
    return Result(
        dpi,
        turn,
        pages=len(methods),
        unreadable=methods.count("unreadable"),
        hits=len(all_hits),
        found=len(found),
        coded=sum(hit.code > 0 for _, hit in all_hits),
        coded_found=sum(hit.code > 0 for hit in found),
        added=len(added),
        seconds=seconds,
    )


def _is_same(one: Hit, other: Hit) -> bool:
    return one.code == other.code and fuzz.partial_ratio(one.passage, other.passage) >= _ALIKE


def _tell(result: Result, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(result)), flush=True)
        return
    print(
        f"| {result.dpi} dpi, {result.turn:g}° | {result.pages} pages, {result.unreadable} "
        f"unreadable | all hits {result.found}/{result.hits} ({result.found / result.hits:.1%}) "
        f"| code 1, 2: {result.coded_found}/{result.coded} | only on the scans: {result.added} "
        f"| {result.seconds / max(result.pages, 1):.1f} s a page |",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
