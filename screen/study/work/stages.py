"""The stages of one shard: files to pages, pages to signatures and hits, and on.

Each stage has a folder of shards of its own. A shard passes a stage if what it was made from (the
data of the stages before) and the recipe of the stage are as they were; otherwise it is made anew.
What goes wrong with a paper, be it the death of the process it was in the hands of, becomes a
failure in the manifest of the stage; the other papers of the shard are not concerned.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from screen.errors import DocumentError, StudyError
from screen.ingest.files import Reading, read_source
from screen.ingest.limits import within
from screen.match.afind import answer, join_pages, prepare
from screen.match.packs import find_pack, load_pack
from screen.settings import Limits
from screen.study.contents import (
    read_hits,
    read_pages,
    write_answers,
    write_hits,
    write_pages,
    write_signatures,
)
from screen.study.copies.signatures import make_signature
from screen.study.folder import Study
from screen.study.shards import (
    Manifest,
    Wanting,
    digest,
    find_done,
)
from screen.study.work.engine import own_process
from screen.study.work.isolation import GRACE, Death, Isolated
from screen.study.work.recipe import ASIDE, Recipe
from screen.study.work.recognition import find_waiting, write_unrecognised
from screen.text.normalise import clean_pages
from screen.types import Answer, CleanText, Failure, Hit, Page, SourceFile

if TYPE_CHECKING:
    from screen.match.cascade import Cascade

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ShardDone:
    """What became of one shard: its manifest in each stage, and what there was to do.

    `output` is the hash of what the last stage made, with all before it. A shard that waits for
    optical character recognition has no hits yet. `worked_on` are the stages that had work to do,
    `wanting` what was wrong with them where something was there; `seconds` is how long each kind
    of work took, and `deaths` counts the processes that died of a paper.
    """

    number: int
    papers: int
    manifests: Mapping[str, Manifest]
    output: str
    worked_on: frozenset[str] = frozenset()
    wanting: Mapping[str, Wanting] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    deaths: int = 0

    @property
    def is_done(self) -> bool:
        """Whether the shard has come to the end."""
        return "hits" in self.manifests

    @property
    def failures(self) -> list[Failure]:
        """What could not be done, in all stages; each once."""
        # What the text could not be read of, recognition says again unless it read it.
        stages = (manifest for stage, manifest in self.manifests.items() if stage != "text")
        return list(dict.fromkeys(row for manifest in stages for row in manifest.failures))


@dataclass(frozen=True, slots=True)
class Refused:
    """A paper that could not be worked on, and why."""

    reason: str


def do_shard(recipe: Recipe, number: int) -> ShardDone:
    """Do what is not done yet of one shard, in the process of this thread.

    If it dies, everything is done paper by paper: then a paper that kills it costs itself only.
    """
    process = own_process()
    done = process.ask(run_shard, recipe, number)
    if isinstance(done, Death):
        return run_shard(recipe, number, process)
    return done


def run_shard(recipe: Recipe, number: int, apart: Isolated | None = None) -> ShardDone:
    """Do what is not done yet of one shard; the database is not touched.

    With `apart` each paper is worked on there, and may end that process.
    """
    return _Shard(recipe, number, apart).run()


def look_through(study: Path, stages: Sequence[tuple[str, str | None]], number: int) -> ShardDone:
    """Return how far a shard is done, and what is wanting of the first stage that is not."""
    data, papers = _begin(study, number)
    manifests: dict[str, Manifest] = {}
    wanting: dict[str, Wanting] = {}
    for stage, made_by in stages:
        manifest = find_done(study / stage, number, data, made_by)
        if isinstance(manifest, Wanting):
            wanting[stage] = manifest
            break
        manifests[stage] = manifest
        data = _go_on(stage, data, manifest)
    return ShardDone(number, len(papers), manifests, data, wanting=wanting)


def _begin(study: Path, number: int) -> tuple[str, list[SourceFile]]:
    """Return the hash of what the first stage is made from, and the files of a shard."""
    sources = [item.source for item in Study(study).shard_sources(number)]
    return digest(*(source.sha256 for source in sources)), sources


def _go_on(stage: str, data: str, manifest: Manifest) -> str:
    """Return the hash of what the next stage is made from."""
    return data if stage == ASIDE else digest(data, manifest.data)


class _Shard:
    """A shard while it is worked on."""

    def __init__(self, recipe: Recipe, number: int, apart: Isolated | None) -> None:
        self._recipe = recipe
        self._number = number
        self._apart = apart
        self._data, self._sources = _begin(recipe.folder, number)
        self._paths = {source.sha256: source.path for source in self._sources}
        self._pages: dict[str, list[Page]] | None = None
        self._texts: dict[str, CleanText | Refused] = {}
        self._seconds: dict[str, float] = defaultdict(float)
        self._deaths = 0

    def run(self) -> ShardDone:
        folder, number = self._recipe.folder, self._number
        manifests: dict[str, Manifest] = {}
        wanting: dict[str, Wanting] = {}
        worked_on = set()
        for stage, made_by in self._recipe.stages:
            with self._timed("checking"):
                found = find_done(folder / stage, number, self._data, made_by)
            if isinstance(found, Wanting):
                wanting[stage] = found
                made = self._make(stage, made_by or "")
                if made is None:
                    break
                worked_on.add(stage)
                found = made
            manifests[stage] = found
            self._data = _go_on(stage, self._data, found)
        said = {stage: why for stage, why in wanting.items() if why is not Wanting.MISSING}
        return ShardDone(
            number,
            len(self._sources),
            manifests,
            self._data,
            frozenset(worked_on),
            said,
            dict(self._seconds),
            self._deaths + (self._apart is not None),
        )

    def _make(self, stage: str, made_by: str) -> Manifest | None:
        """Work on one stage; None if its pages have to be recognised first."""
        study, number, data = self._recipe.folder, self._number, self._data
        folder, writing = study / stage, partial(self._timed, "writing")
        if stage == "text":
            pages, failures = self._read()
            with writing():
                return write_pages(folder, number, pages, failures, data, made_by)
        if stage == "ocr":
            with writing():
                if self._recipe.recognises and find_waiting(Study(study), number):
                    return None
                return write_unrecognised(study, number, self._recipe.ocr, data, made_by)
        if stage == ASIDE:
            signatures, failures = self._try_all("signing", make_signature)
            with writing():
                return write_signatures(folder, number, signatures, failures, data, made_by)
        if stage == "hits":
            label = self._recipe.label
            pack = find_pack(self._recipe.pack, study)
            with self._timed("making ready"):
                if self._apart is None:
                    _make_ready(pack, label)
                else:
                    self._apart.ask(_make_ready, pack, label)
            lists, failures = self._try_all("matching", _find_hits, pack, label)
            hits = [hit for found in lists for hit in found]
            with writing():
                return write_hits(folder, number, hits, failures, data, made_by, label)
        answers, failures = self._search()
        with writing():
            return write_answers(folder, number, answers, failures, data, made_by)

    def _read(self) -> tuple[list[Page], list[Failure]]:
        with self._timed("reading"):
            readings = [self._read_one(source) for source in self._sources]
        pages = [page for reading in readings for page in reading.pages]
        return pages, [failure for reading in readings for failure in reading.failures]

    def _read_one(self, source: SourceFile) -> Reading:
        limits = self._recipe.limits
        if self._apart is None:
            return read_source(source, limits)
        reading, died = read_apart(self._apart, source, limits)
        self._deaths += died
        return reading

    def _try_all(
        self, what: str, work: Callable[..., Result], *args: Any
    ) -> tuple[list[Result], list[Failure]]:
        """Return what `work` makes of each paper that has a text, and what it makes nothing of.

        `work` is given `args`, the paper's SHA-256, its pages and its clean text.
        """
        made: list[Result] = []
        failures = []
        for paper, pages in self._read_papers().items():
            text = self._clean(paper, pages)
            with self._timed(what):
                result = text if isinstance(text, Refused) else self._try(
                    work, *args, paper, pages, text
                )  # fmt: skip
            if isinstance(result, Refused):
                failures.append(self._fail(paper, result))
            else:
                made.append(result)
        return made, failures

    def _read_papers(self) -> dict[str, list[Page]]:
        """Return the pages of the papers that have any that could be read."""
        if self._pages is None:
            with self._timed("fetching"):
                self._pages = {
                    paper: pages
                    for paper, pages in read_pages(self._recipe.folder, self._number).items()
                    if any(page.is_read for page in pages)
                }
        return self._pages

    def _clean(self, paper: str, pages: list[Page]) -> CleanText | Refused:
        """Return the clean text of a paper, which several stages ask for."""
        if paper not in self._texts:
            with self._timed("cleaning"):
                self._texts[paper] = self._try(clean_pages, pages)
        return self._texts[paper]

    def _search(self) -> tuple[list[Answer], list[Failure]]:
        """Return what the published search says of each paper and of its hits."""
        found: dict[str, list[Hit]] = defaultdict(list)
        for hit in read_hits(self._recipe.folder / "hits", self._number):
            found[hit.paper].append(hit)
        answers: list[Answer] = []
        failures = []
        for paper, pages in self._read_papers().items():
            with self._timed("searching as published"):
                said = self._try(_answer, self._recipe, paper, pages, found[paper])
            if isinstance(said, Refused):
                failures.append(self._fail(paper, said))
            else:
                answers += said
        return answers, failures

    def _try(self, work: Callable[..., Result], *args: Any) -> Result | Refused:
        limits = self._recipe.limits
        if self._apart is None:
            return attempt(limits, work, *args)
        made = self._apart.ask(attempt, limits, work, *args, seconds=limits.seconds + GRACE)
        if not isinstance(made, Death):
            return made
        self._deaths += 1
        if made.timed_out:
            return Refused(f"took longer to screen than the limit of {limits.seconds:g} s")
        return Refused("the program crashed on this text")

    def _fail(self, paper: str, refused: Refused) -> Failure:
        return Failure(paper, self._paths[paper], None, "match", refused.reason)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        self._seconds[what] += time.perf_counter() - before


def attempt(limits: Limits, work: Callable[..., Result], *args: Any) -> Result | Refused:
    """Return what some work on one paper makes, within the limits of time and memory; or why not.

    The text of a paper is untrusted, and so is what it does to the program: an error that nobody
    foresaw costs that paper, not the run.
    """
    try:
        with within(limits.seconds, limits.memory_mb):
            return work(*args)
    except DocumentError as error:
        return Refused(error.reason)
    except Exception as error:  # noqa: BLE001
        name = type(error).__name__
        return Refused(f"the program failed on this text ({name}; see ddr-screen explain)")


def read_apart(apart: Isolated, source: SourceFile, limits: Limits) -> tuple[Reading, bool]:
    """Read a file in a process that it may end, which is a failure; tell whether it did."""
    # The process ends itself in time, unless something in it withstands the signal.
    reading = apart.ask(read_source, source, limits, seconds=limits.seconds + GRACE)
    if not isinstance(reading, Death):
        return reading, False
    why = "the reader crashed on this file"
    if reading.timed_out:
        why = f"took longer to read than the limit of {limits.seconds:g} s"
    return Reading((), (Failure(source.sha256, source.path, None, "parse", why),)), True


def _find_hits(
    pack: Path, label: str, paper: str, _: Sequence[Page], text: CleanText
) -> tuple[Hit, ...]:
    return _cascade(pack, label).find_hits(paper, text)


def _answer(recipe: Recipe, paper: str, pages: Sequence[Page], hits: Sequence[Hit]) -> list[Answer]:
    targets = prepare(recipe.targets)
    return list(answer(targets, recipe.rule, paper, join_pages(pages), hits))


def _make_ready(pack: Path, label: str) -> None:
    _cascade(pack, label)


@lru_cache(maxsize=1)
def _cascade(pack: Path, label: str) -> "Cascade":
    """Return the pack made ready, once per worker process.

    Those of a cluster may outlive the run, and a pack be edited while it lasts: what is found
    must not be told as found by another. Raises StudyError if it is not the pack of this label.
    """
    # Imported where it is needed: spaCy takes longer to start than most commands take to run.
    from screen.match.cascade import Cascade

    loaded = load_pack(pack)
    if loaded.label != label:
        raise StudyError(
            f"{pack} is no longer the pack that this run began with ({label}, now {loaded.label}): "
            "run again"
        )
    return Cascade(loaded)
