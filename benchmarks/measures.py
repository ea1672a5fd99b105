"""What is measured, one function for each; see docs/performance.md."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pypdfium2
from pdfminer.high_level import extract_text

from benchmarks.material import CORPUS, ROOT, read_texts, run_watched, write_pdfs, write_texts
from screen.match.afind import Targets, join_pages, read_targets
from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.loading import load
from screen.study.work.recipe import make_recipe
from screen.study.work.stages import run_shard
from screen.text.normalise import clean_pages
from screen.types import CleanText, Page

_COMMAND = Path(sys.executable).with_name("ddr-screen")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured: ours and the peer's in one unit, and how many times better ours is."""

    name: str
    unit: str
    ours: float
    peer: float | None = None
    ratio: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured, and on what."""

    texts: Path
    targets: Path
    papers: int
    pdfs: int
    searched: int
    repeats: int


# ---- the published search --------------------------------------------------------------------


def measure_search(sizes: Sizes, scratch: Path) -> Iterator[Figure]:
    """Measure the published search against R's: same texts and phrases, one core each."""
    phrases = read_targets(sizes.targets)
    sources = read_texts(sizes.texts)
    texts = [
        join_pages([_page(f"{serial:06d} {sources[serial % len(sources)]}")]).text
        for serial in range(sizes.searched)
    ]
    targets = Targets(phrases)
    targets.find_best(texts[0])
    took, ours = _best_of(sizes.repeats, lambda: [targets.find_best(text) for text in texts])
    rate = len(texts) / took
    size = f"{len(texts)} papers of {sum(map(len, texts)) // len(texts)} characters"
    note = f"{size}, {len(phrases)} phrases"
    answers = _ask_r(phrases, texts, scratch)
    if answers is None:
        yield Figure("published search", "papers/s", rate, note=f"{note}; R is not here")
        return
    seconds, rows = answers
    # R gives all papers for the first phrase, then all for the next.
    found = [windows[at] for at in range(len(phrases)) for windows in ours]
    same = sum(
        (str(window.location), window.match) == (row[0], row[2])
        and abs(window.distance - float(row[1])) < 1e-9
        for window, row in zip(found, rows, strict=True)
    )
    peer = len(texts) / seconds
    note += f"; {same} of {len(rows)} answers the same as R's"
    if same < len(rows):
        note += ": DIFFERENT ANSWERS"
    yield Figure("published search / R", "papers/s", rate, peer, rate / peer, note)


def _ask_r(
    phrases: Sequence[str], texts: Sequence[str], scratch: Path
) -> tuple[float, list[list[str]]] | None:
    """Return the seconds that R took, and its answers; None where there is no R with stringdist."""
    if not shutil.which("Rscript"):
        return None
    files = [scratch / name for name in ("targets", "texts", "answers")]
    for path, lines in zip(files, (phrases, texts), strict=False):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    script = ROOT / "benchmarks" / "afind.R"
    done = subprocess.run(
        ["Rscript", script, *files], capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        print(f"R failed: {done.stderr.strip()}", file=sys.stderr)
        return None
    lines = files[2].read_text(encoding="utf-8").split("\n")[1:-1]
    return float(done.stdout), [line.split("\t", 2) for line in lines]


# ---- parts of the way ------------------------------------------------------------------------


def measure_sieve(sizes: Sizes, scratch: Path) -> Iterator[Figure]:
    """Measure the cascade against its matchers on every text, without the sieve."""
    cascade = Cascade(load_pack(find_pack("brain-death")))
    written = [clean_pages([_page(text)]) for text in read_texts(sizes.texts)]
    plain = [_without_events(cascade, text) for text in written]
    for name, texts in (("transplant papers", written), ("papers without events", plain)):
        both = {}
        for sieved in (True, False):
            took, hits = _best_of(sizes.repeats, partial(_find_hits, cascade, texts, sieved))
            both[sieved] = len(texts) / took, hits
        (ours, found), (peer, all_found) = both[True], both[False]
        same = "the same hits" if found == all_found else "DIFFERENT HITS"
        note = f"{len(texts)} texts, {same}"
        yield Figure(f"cascade / without sieve: {name}", "papers/s", ours, peer, ours / peer, note)


def _find_hits(cascade: Cascade, texts: Sequence[CleanText], sieved: bool) -> list[Any]:
    return [cascade.find_hits("0" * 64, text, sieved=sieved) for text in texts]


def _without_events(cascade: Cascade, text: CleanText) -> CleanText:
    """Return a text without the sentences that tell an event: a paper of another kind."""
    kept = []
    for sentence in text.text.split("。"):
        clean = clean_pages([_page(sentence)])
        if not cascade.analyse("0" * 64, clean).account.events:
            kept.append(sentence)
    return clean_pages([_page("。".join(kept))])


def measure_pdf_engines(sizes: Sizes, scratch: Path) -> Iterator[Figure]:
    """Measure the text of the corpus PDFs by pypdfium2 and by pdfminer.six."""
    paths = sorted(CORPUS.glob("*.pdf"))

    def by_pdfium() -> None:
        for path in paths:
            document = pypdfium2.PdfDocument(path)
            for page in document:
                page.get_textpage().get_text_range()
            document.close()

    def by_pdfminer() -> None:
        for path in paths:
            extract_text(path)

    ours, _ = _best_of(sizes.repeats, by_pdfium)
    peer, _ = _best_of(1, by_pdfminer)
    rates = len(paths) / ours, len(paths) / peer
    note = f"{len(paths)} PDFs of the corpus"
    yield Figure("pypdfium2 / pdfminer.six", "papers/s", *rates, rates[0] / rates[1], note)


# ---- the whole run ---------------------------------------------------------------------------


def measure_runs(sizes: Sizes, scratch: Path) -> Iterator[Figure]:
    """Measure the whole `run`, as a command: from text with one worker and two, and from PDF."""
    texts = write_texts(scratch / "texts", read_texts(sizes.texts), sizes.papers)
    pdfs = [path.read_bytes() for path in sorted(CORPUS.glob("*.pdf"))]
    papers = write_pdfs(scratch / "pdfs", pdfs, sizes.pdfs)
    seconds = {}
    memory = {}
    for name, folder, workers in (("1", texts, 1), ("2", texts, 2), ("pdf", papers, 1)):
        study = _make_study(scratch / f"study-{name}", folder)
        seconds[name], memory[name] = _run(study, workers)
    one, two = sizes.papers / seconds["1"], sizes.papers / seconds["2"]
    note = f"{sizes.papers} papers, start-up included; {len(os.sched_getaffinity(0))} processors"
    yield Figure("run from text: two workers / one", "papers/s", two, one, two / one, note)
    rate = sizes.pdfs / seconds["pdf"]
    note = f"{sizes.pdfs} papers, one worker, start-up included"
    yield Figure("run from PDF", "papers/s", rate, note=note)
    for name, words in (("1", "from text"), ("pdf", "from PDF")):
        note = "the largest of the processes, one worker"
        yield Figure(f"peak memory, run {words}", "MB", memory[name], note=note)


def _make_study(folder: Path, papers: Path) -> Path:
    subprocess.run([_COMMAND, "init", folder], check=True, stdout=subprocess.DEVNULL)
    settings = folder / "study.toml"
    # The papers are made from few, and as near-duplicates most of them would not be read.
    text = settings.read_text(encoding="utf-8").replace("# find = true", "find = false")
    settings.write_text(text, encoding="utf-8")
    subprocess.run([_COMMAND, "add", folder, papers], check=True, stdout=subprocess.DEVNULL)
    return folder


def _run(study: Path, workers: int) -> tuple[float, float]:
    """Run a study as users do; return seconds, and the memory of its largest process in MB."""
    start = time.perf_counter()
    done = run_watched(_COMMAND, "run", study, "--workers", str(workers))
    took = time.perf_counter() - start
    if done.returncode not in (0, 1):
        raise SystemExit(f"the run of {study} ended with {done.returncode}: {done.stderr}")
    return took, int(done.stdout) / 1000


def measure_stages(sizes: Sizes, scratch: Path) -> Iterator[Figure]:
    """Measure the whole run from text in this process, models loaded, and where its time goes."""
    folder = write_texts(scratch / "stages", read_texts(sizes.texts), sizes.papers)
    warm = write_texts(scratch / "warm", read_texts(sizes.texts), 1)
    for name, papers in (("warm", warm), ("measured", folder)):
        study = Study(_make_study(scratch / f"study-{name}", papers))
        recipe = make_recipe(study)
        start = time.perf_counter()
        done = [run_shard(recipe, number) for number in study.shard_numbers()]
        shards = time.perf_counter() - start
        load(study, open_database(study), done)
        took = time.perf_counter() - start
    rate = sizes.papers / took
    note = f"{sizes.papers} papers, one process, models loaded, database included"
    yield Figure("run from text, models loaded", "papers/s", rate, note=note)
    spent: Counter[str] = Counter()
    for shard in done:
        spent.update(shard.seconds)
    parts = [*spent.items(), ("other work on shards", shards - sum(spent.values()))]
    parts.append(("load the database", took - shards))
    for words, seconds in parts:
        share = f"{seconds / took:.0%} of the whole"
        yield Figure(f"  {words}", "ms/paper", 1000 * seconds / sizes.papers, note=share)


def _page(text: str) -> Page:
    return Page("0" * 64, 1, text, "text", 1.0)


def _best_of(repeats: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least of several times, in seconds, and what the work returned."""
    times = []
    result = None
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return min(times), result


MEASURES = {
    "search": measure_search,
    "sieve": measure_sieve,
    "pdf": measure_pdf_engines,
    "runs": measure_runs,
    "stages": measure_stages,
}
