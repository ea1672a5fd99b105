"""The work itself: source files to pages, pages to hits, shard by shard."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from screen.ingest.files import Reading, read_source
from screen.match.packs import find_pack, load_pack
from screen.settings import Limits
from screen.study.engine import Isolated, run_tasks
from screen.study.folder import Study
from screen.study.shards import (
    Manifest,
    digest,
    find_done,
    forget,
    read_pages,
    sweep,
    write_hits,
    write_pages,
)
from screen.text.normalise import clean_pages
from screen.types import Failure, SourceFile

if TYPE_CHECKING:
    from screen.match.cascade import Cascade

_TEXT_CODE = ("ingest", "types.py")
_TEXT_LIBRARIES = ("pypdfium2", "pdfminer.six")
_HITS_CODE = ("text", "match", "types.py")
_HITS_LIBRARIES = ("opencc", "ahocorasick-rs", "rapidfuzz", "rjieba", "spacy")


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides how a shard comes out; small, so that it can be sent to any worker."""

    folder: Path
    limits: Limits
    pack: Path
    text: str
    hits: str


@dataclass(frozen=True, slots=True)
class ShardDone:
    """What became of one shard: its manifests, and which stages had to be worked on."""

    number: int
    papers: int
    text: Manifest
    hits: Manifest
    read: bool
    matched: bool


def make_recipe(study: Study) -> Recipe:
    """Return the recipe of a study as its settings, its pack and the program stand now."""
    folder = find_pack(study.settings.pack, study.folder)
    pack = load_pack(folder)
    limits = study.settings.limits
    text = digest(_code(*_TEXT_CODE), *map(version, _TEXT_LIBRARIES), limits.model_dump_json())
    hits = digest(_code(*_HITS_CODE), *map(version, _HITS_LIBRARIES), pack.hash)
    return Recipe(study.folder, limits, folder.resolve(), text, hits)


def find_finished(study: Study, recipe: Recipe) -> list[ShardDone]:
    """Return the shards that need no work, in order."""
    finished = (_find_finished(recipe, number) for number in study.shard_numbers())
    return [shard for shard in finished if shard is not None]


def run(
    study: Study,
    workers: int,
    report: Callable[[ShardDone], None] = lambda done: None,
    *,
    retry_failed: bool = False,
) -> list[ShardDone]:
    """Bring every shard of a study up to date and return what was done, in the shards' order.

    `retry_failed` reads shards again in which something could not be read.
    """
    for name in ("text", "hits", "sources"):
        (study.folder / name).mkdir(exist_ok=True)
        sweep(study.folder / name)
    recipe = make_recipe(study)
    done = {}
    for shard in find_finished(study, recipe):
        if retry_failed and shard.text.failures:
            forget(study.folder / "text", shard.number)
            continue
        done[shard.number] = shard
        report(shard)
    waiting = [number for number in study.shard_numbers() if number not in done]
    undone = []
    for number, result in run_tasks(partial(run_shard, recipe), waiting, workers):
        if result is None:
            undone.append(number)
            continue
        report(result)
        done[number] = result
    for number in sorted(undone):
        done[number] = _run_paper_by_paper(recipe, number)
        report(done[number])
    return [done[number] for number in sorted(done)]


def run_shard(
    recipe: Recipe, number: int, read: Callable[[SourceFile], Reading] | None = None
) -> ShardDone:
    """Do what is not done yet of one shard; the database is not touched."""
    study = Study(recipe.folder)
    sources = [item.source for item in study.shard_sources(number)]
    text_input = _text_input(sources)
    text = find_done(recipe.folder / "text", number, text_input, recipe.text)
    was_read = text is None
    if text is None:
        readings = [(read or partial(read_source, limits=recipe.limits))(s) for s in sources]
        pages = (page for reading in readings for page in reading.pages)
        failures = [failure for reading in readings for failure in reading.failures]
        text = write_pages(recipe.folder / "text", number, pages, failures, text_input, recipe.text)
    hits = find_done(recipe.folder / "hits", number, text.data, recipe.hits)
    was_matched = hits is None
    if hits is None:
        cascade = _cascade(recipe.pack)
        papers = read_pages(recipe.folder / "text", number)
        found = (
            hit
            for paper, paper_pages in papers.items()
            for hit in cascade.find_hits(paper, clean_pages(paper_pages))
        )
        hits = write_hits(
            recipe.folder / "hits", number, found, text.data, recipe.hits, cascade.pack.label
        )
    return ShardDone(number, len(sources), text, hits, was_read, was_matched)


def _find_finished(recipe: Recipe, number: int) -> ShardDone | None:
    """Return a shard that needs no work, or None."""
    sources = [item.source for item in Study(recipe.folder).shard_sources(number)]
    text = find_done(recipe.folder / "text", number, _text_input(sources), recipe.text)
    if text is None:
        return None
    hits = find_done(recipe.folder / "hits", number, text.data, recipe.hits)
    if hits is None:
        return None
    return ShardDone(number, len(sources), text, hits, read=False, matched=False)


def _run_paper_by_paper(recipe: Recipe, number: int) -> ShardDone:
    """Do a shard whose worker died: each paper is read in a process that may die with it."""
    isolated = Isolated(partial(read_source, limits=recipe.limits))

    def read(source: SourceFile) -> Reading:
        reading = isolated(source)
        if reading is None:
            why = "the reader crashed on this file"
            return Reading((), (Failure(source.sha256, source.path, None, "parse", why),))
        return reading

    try:
        return run_shard(recipe, number, read)
    finally:
        isolated.close()


def _text_input(sources: Sequence[SourceFile]) -> str:
    """Return the input hash of a text shard: the bytes of its papers, wherever they lie."""
    return digest(*(source.sha256 for source in sources))


@cache
def _cascade(pack: Path) -> "Cascade":
    """Return the pack made ready, once per worker process."""
    # Imported where it is needed: spaCy takes longer to start than most commands take to run.
    from screen.match.cascade import Cascade

    return Cascade(load_pack(pack))


@cache
def _code(*names: str) -> str:
    """Return the hash of the program's own source that takes part in a stage."""
    package = Path(__file__).resolve().parent.parent

    def files() -> Iterator[Path]:
        for name in names:
            path = package / name
            yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]

    parts = [part for path in files() for part in (path.name, path.read_bytes())]
    return digest(*parts)
