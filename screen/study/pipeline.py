"""The work itself, shard by shard, stage by stage: files to pages, pages to hits, and on.

Each stage has a folder of shards of its own. A shard passes a stage if what it was made from (the
data of the stages before) and the recipe of the stage are as they were; otherwise it is made anew.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from screen.ingest.files import Reading, read_source
from screen.ingest.ocr import RECOGNISER, find_engine
from screen.match.afind import answer, join_pages, prepare, read_targets
from screen.match.packs import find_pack, load_pack
from screen.settings import Limits, Published, Recognition
from screen.study.engine import GRACE, Death, Isolated, run_tasks
from screen.study.folder import Study
from screen.study.recognition import (
    SECONDS_A_PAGE,
    find_waiting,
    recognise,
    reopen,
    write_unrecognised,
)
from screen.study.shards import (
    Manifest,
    digest,
    find_done,
    forget,
    read_hits,
    read_pages,
    sweep,
    write_answers,
    write_hits,
    write_pages,
    write_signatures,
)
from screen.study.signatures import make_signature
from screen.text.normalise import clean_pages
from screen.types import Answer, Failure, Hit, Page, SourceFile

if TYPE_CHECKING:
    from screen.match.cascade import Cascade

_TEXT_CODE = ("ingest", "types.py")
_TEXT_LIBRARIES = ("pypdfium2", "pdfminer.six", "lxml")
_HITS_CODE = ("text", "match", "types.py")
_HITS_LIBRARIES = ("opencc", "ahocorasick-rs", "rapidfuzz", "rjieba", "spacy")
# A stage that no later one is made from.
_ASIDE = "signatures"
_SIGNATURES_CODE = ("text/normalise.py", "study/signatures.py", "types.py")
_SIGNATURES_LIBRARIES = ("opencc", "numpy", "rensa")
_PUBLISHED_CODE = ("match/afind.py", "match/cosine.py", "types.py")
_PUBLISHED_LIBRARIES = ("numba", "numpy")


Read = Callable[[SourceFile], Reading]


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides how a shard comes out; small, so that it can be sent to any worker.

    `stages` are the stages in order, each with the hash of all that decides it but its input.
    A stage without a hash takes what was made by whatever. Without `targets` there is no published
    search among them.
    """

    folder: Path
    limits: Limits
    ocr: Recognition
    pack: Path
    targets: tuple[str, ...]
    rule: Published
    stages: tuple[tuple[str, str | None], ...]

    @property
    def recognises(self) -> bool:
        """Whether pages without a text are given to optical character recognition."""
        return self.ocr.use != "no" and dict(self.stages)["ocr"] is not None


@dataclass(frozen=True, slots=True)
class ShardDone:
    """What became of one shard: its manifest in each stage, and the stages that had work to do.

    `output` is the hash of what the last stage made, with all before it. A shard that waits for
    optical character recognition has no hits yet.
    """

    number: int
    papers: int
    manifests: Mapping[str, Manifest]
    output: str
    worked_on: frozenset[str] = frozenset()

    @property
    def is_done(self) -> bool:
        """Whether the shard has come to the end."""
        return "hits" in self.manifests


class Watch:
    """Who looks on while a study is run: told of each shard, and of the pages to be recognised."""

    def shard(self) -> None:
        """Hear that one more shard is done."""

    def pages(self, total: int, seconds: float) -> Callable[[], None]:
        """Hear of pages to be recognised, and how long that takes; returns what each page tells."""
        return lambda: None


def make_recipe(study: Study) -> Recipe:
    """Return the recipe of a study as its settings, its pack and the program stand now."""
    folder = find_pack(study.settings.pack, study.folder)
    limits, rule = study.settings.limits, study.settings.published
    stages: list[tuple[str, str | None]] = [
        ("text", _hash(_TEXT_CODE, _TEXT_LIBRARIES, limits.model_dump_json())),
        ("ocr", _recognised_by(study.settings.ocr)),
        (_ASIDE, _hash(_SIGNATURES_CODE, _SIGNATURES_LIBRARIES)),
        ("hits", _hash(_HITS_CODE, _HITS_LIBRARIES, load_pack(folder).hash)),
    ]
    targets: tuple[str, ...] = ()
    if rule.targets:
        targets = tuple(read_targets(study.folder / rule.targets))
        asked = rule.model_dump_json(exclude={"targets"})
        stages.append(("published", _hash(_PUBLISHED_CODE, _PUBLISHED_LIBRARIES, asked, *targets)))
    return Recipe(
        study.folder, limits, study.settings.ocr, folder.resolve(), targets, rule, tuple(stages)
    )


def _recognised_by(settings: Recognition) -> str | None:
    """Return the hash of what recognises characters; None, for any, where nothing is installed.

    So what was recognised elsewhere is kept. The program's own part has a number instead of a hash
    of its code: days of work are not to be done again for a comment.
    """
    if settings.use == "no":
        return digest("no")
    engine = find_engine()
    return None if engine is None else digest(RECOGNISER, engine)


def _hash(code: Sequence[str], libraries: Sequence[str], *settings: str) -> str:
    return digest(_code(*code), *map(version, libraries), *settings)


def find_finished(study: Study, recipe: Recipe) -> list[ShardDone]:
    """Return the shards that need no work, in order."""
    shards = (_go_through(study.folder, recipe.stages, n) for n in study.shard_numbers())
    return [shard for shard in shards if len(shard.manifests) == len(recipe.stages)]


def find_made(study: Study, recipe: Recipe) -> list[ShardDone]:
    """Return the shards as they were last made, by whatever settings and pack, in order."""
    stages: list[tuple[str, str | None]] = [(stage, None) for stage, _ in recipe.stages]
    shards = (_go_through(study.folder, stages, n) for n in study.shard_numbers())
    return [shard for shard in shards if "hits" in shard.manifests]


def run(
    study: Study,
    workers: int,
    watch: Watch | None = None,
    *,
    retry_failed: bool = False,
) -> list[ShardDone]:
    """Bring every shard of a study up to date and return what was done, in the shards' order.

    Where pages are to be recognised, all shards are read up to there first: then it is known how
    many there are. `retry_failed` reads shards again in which something could not be read.
    """
    recipe = make_recipe(study)
    watch = watch or Watch()
    for name in ("sources", *(stage for stage, _ in recipe.stages)):
        (study.folder / name).mkdir(exist_ok=True)
        sweep(study.folder / name)
    done = {}
    for shard in find_finished(study, recipe):
        if retry_failed and shard.manifests["ocr"].failures:
            forget(study.folder / "text", shard.number)
            reopen(study.folder, shard.number)
            continue
        done[shard.number] = shard
        watch.shard()
    waiting = [number for number in study.shard_numbers() if number not in done]
    for shard in _run_shards(recipe, waiting, workers):
        done[shard.number] = shard
        if shard.is_done:
            watch.shard()
    held = [number for number, shard in sorted(done.items()) if not shard.is_done]
    if held:
        _recognise(study, recipe, [done[number] for number in held], workers, watch)
        for shard in _run_shards(recipe, held, workers):
            worked_on = shard.worked_on | done[shard.number].worked_on | {"ocr"}
            done[shard.number] = replace(shard, worked_on=worked_on)
            watch.shard()
    return [done[number] for number in sorted(done)]


def _run_shards(recipe: Recipe, numbers: Sequence[int], workers: int) -> Iterator[ShardDone]:
    """Yield shards as they are done as far as they can be, those whose worker died at the end."""
    undone = []
    for number, result in run_tasks(partial(run_shard, recipe), numbers, workers):
        if result is None:
            undone.append(number)
        else:
            yield result
    for number in sorted(undone):
        yield _run_paper_by_paper(recipe, number)


def _recognise(
    study: Study, recipe: Recipe, shards: Sequence[ShardDone], workers: int, watch: Watch
) -> None:
    """Give the pages of shards that have no text to optical character recognition."""
    pages = sum(len(find_waiting(study, shard.number)) for shard in shards)
    made_by = dict(recipe.stages)["ocr"] or ""
    inputs = {shard.number: shard.output for shard in shards}
    report = watch.pages(pages, pages * SECONDS_A_PAGE / workers)
    recognise(study, inputs, made_by, recipe.ocr, recipe.limits, workers, report)


def run_shard(recipe: Recipe, number: int, read: Read | None = None) -> ShardDone:
    """Do what is not done yet of one shard; the database is not touched."""
    reading = read or partial(read_source, limits=recipe.limits)
    return _go_through(
        recipe.folder, recipe.stages, number, partial(_work, recipe, number, reading)
    )


def _go_through(
    folder: Path,
    stages: Sequence[tuple[str, str | None]],
    number: int,
    work: Callable[[str, str, list[SourceFile]], Manifest | None] | None = None,
) -> ShardDone:
    """Go through the stages of a shard as far as they are done; with `work`, as far as it goes.

    `work` is called for a stage that is not done, with the hash of its input and the shard's files.
    """
    sources = [item.source for item in Study(folder).shard_sources(number)]
    data = digest(*(source.sha256 for source in sources))
    manifests: dict[str, Manifest] = {}
    worked_on = set()
    for stage, made_by in stages:
        manifest = find_done(folder / stage, number, data, made_by)
        if manifest is None:
            if work is None:
                break
            manifest = work(stage, data, sources)
            if manifest is None:
                break
            worked_on.add(stage)
        manifests[stage] = manifest
        if stage != _ASIDE:
            data = digest(data, manifest.data)
    return ShardDone(number, len(sources), manifests, data, frozenset(worked_on))


def _work(
    recipe: Recipe, number: int, read: Read, stage: str, data: str, sources: list[SourceFile]
) -> Manifest | None:
    """Work on one stage of a shard; None if its pages have to be recognised first."""
    folder, made_by = recipe.folder / stage, dict(recipe.stages)[stage] or ""
    if stage == "text":
        readings = [read(source) for source in sources]
        pages = (page for reading in readings for page in reading.pages)
        failures = [failure for reading in readings for failure in reading.failures]
        return write_pages(folder, number, pages, failures, data, made_by)
    if stage == "ocr":
        if recipe.recognises and find_waiting(Study(recipe.folder), number):
            return None
        return write_unrecognised(recipe.folder, number, recipe.ocr, data, made_by)
    papers = {
        paper: pages
        for paper, pages in read_pages(recipe.folder, number).items()
        if any(page.is_read for page in pages)
    }
    if stage == _ASIDE:
        signatures = (
            make_signature(paper, its_pages, clean_pages(its_pages))
            for paper, its_pages in papers.items()
        )
        return write_signatures(folder, number, signatures, data, made_by)
    if stage == "hits":
        cascade = _cascade(recipe.pack)
        hits = (
            hit
            for paper, its_pages in papers.items()
            for hit in cascade.find_hits(paper, clean_pages(its_pages))
        )
        return write_hits(folder, number, hits, data, made_by, cascade.pack.label)
    answers = _search(recipe, papers, read_hits(recipe.folder / "hits", number))
    return write_answers(folder, number, answers, data, made_by)


def _search(recipe: Recipe, papers: dict[str, list[Page]], hits: list[Hit]) -> Iterator[Answer]:
    """Yield what the published search says of each paper and of its hits."""
    targets = prepare(recipe.targets)
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.paper, []).append(hit)
    for paper, pages in papers.items():
        yield from answer(targets, recipe.rule, paper, join_pages(pages), found.get(paper, []))


def _run_paper_by_paper(recipe: Recipe, number: int) -> ShardDone:
    """Do a shard whose worker died: each paper is read in a process that may die with it."""
    with isolated_reading(recipe.limits) as read:
        return run_shard(recipe, number, read)


@contextmanager
def isolated_reading(limits: Limits) -> Iterator[Read]:
    """Yield a `read_source` that reads in another process: a file that kills it is a failure."""
    # The process ends itself in time, unless something in it withstands the signal.
    isolated = Isolated(partial(read_source, limits=limits), limits.seconds + GRACE)

    def read(source: SourceFile) -> Reading:
        reading = isolated(source)
        if isinstance(reading, Death):
            why = "the reader crashed on this file"
            if reading.timed_out:
                why = f"took longer to read than the limit of {limits.seconds:g} s"
            return Reading((), (Failure(source.sha256, source.path, None, "parse", why),))
        return reading

    try:
        yield read
    finally:
        isolated.close()


@cache
def _cascade(pack: Path) -> "Cascade":
    """Return the pack made ready, once per worker process."""
    # Imported where it is needed: spaCy takes longer to start than most commands take to run.
    from screen.match.cascade import Cascade

    return Cascade(load_pack(pack))


@cache
def _code(*names: str) -> str:
    """Return the hash of the program's own source that takes part in a stage.

    A folder stands for all modules in it but those that have no part in what all papers go through.
    """
    package = Path(__file__).resolve().parent.parent
    apart = {package / name for name in (*_PUBLISHED_CODE, "ingest/ocr.py")}
    apart.update((package / "ingest" / "records").rglob("*.py"))

    def files() -> Iterator[Path]:
        for name in names:
            path = package / name
            yield from sorted(set(path.rglob("*.py")) - apart) if path.is_dir() else [path]

    parts = [part for path in files() for part in (path.name, path.read_bytes())]
    return digest(*parts)
