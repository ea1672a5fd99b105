"""A study brought up to date: all shards through all stages, by whatever workers there are.

What one shard goes through is in `stages`, what decides how it comes out in `recipe`, where the
work runs in `engine`. The shards come out as they are done, so that they can be loaded meanwhile.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from screen.study.folder import Study
from screen.study.shards import forget, sweep
from screen.study.work.engine import Workers, count_workers, run_tasks
from screen.study.work.recipe import Recipe
from screen.study.work.recognition import SECONDS_A_PAGE, find_waiting, recognise, reopen
from screen.study.work.stages import ShardDone, do_shard, look_through
from screen.study.work.watching import Watch

# Stages that are done again where something in them failed.
_TRIED_AGAIN = ("signatures", "hits", "published")


def look_over(
    study: Study, stages: Sequence[tuple[str, str | None]], numbers: Iterable[int]
) -> Iterator[ShardDone]:
    """Yield how far each of these shards is done, in their order."""
    with ThreadPoolExecutor(count_workers(0)) as threads:
        # Most of the time goes into hashing, which threads do side by side.
        yield from threads.map(partial(look_through, study.folder, stages), numbers)


def find_made(study: Study, recipe: Recipe) -> Iterator[ShardDone]:
    """Yield the shards as they were last made, by whatever settings and pack, in order."""
    stages: list[tuple[str, str | None]] = [(stage, None) for stage, _ in recipe.stages]
    for shard in look_over(study, stages, study.shard_numbers()):
        if shard.is_done:
            yield shard


def prepare(study: Study, recipe: Recipe, *, alone: bool) -> None:
    """Make the folders of the stages; alone, also remove what killed writers left behind."""
    for folder in _list_folders(study, recipe):
        folder.mkdir(exist_ok=True)
    if alone:
        tidy(study, recipe)


def tidy(study: Study, recipe: Recipe) -> None:
    """Remove what killed writers left behind; nobody whose work still counts may be writing."""
    for folder in _list_folders(study, recipe):
        sweep(folder)


def _list_folders(study: Study, recipe: Recipe) -> list[Path]:
    return [study.folder / name for name in ("sources", *(stage for stage, _ in recipe.stages))]


def run(
    study: Study,
    recipe: Recipe,
    workers: Workers,
    watch: Watch,
    numbers: Sequence[int],
    *,
    retry_failed: bool = False,
) -> Generator[ShardDone, None, None]:
    """Bring shards of a study up to date and yield each as it is done, the finished ones first.

    Where pages are to be recognised, all shards are read up to there first: then it is known how
    many there are. `retry_failed` reads shards again in which something could not be done.
    """
    waiting = []
    papers = 0
    with watch.stage("checking what is done", len(numbers), "shards") as advance:
        for shard in look_over(study, recipe.stages, numbers):
            advance(1)
            is_finished = len(shard.manifests) == len(recipe.stages)
            if is_finished and not (retry_failed and shard.failures):
                yield shard
                continue
            if is_finished:
                _try_again(study, shard)
            waiting.append(shard.number)
            papers += shard.papers
    held = {}
    if waiting:
        with watch.stage("reading and matching", papers, "papers") as advance:
            for _, shard in run_tasks(workers, partial(do_shard, recipe), waiting):
                watch.shard(shard)
                advance(shard.papers)
                if shard.is_done:
                    yield shard
                else:
                    held[shard.number] = shard
    if held:
        _recognise(study, recipe, [held[number] for number in sorted(held)], workers, watch)
        papers = sum(shard.papers for shard in held.values())
        with watch.stage("matching what was recognised", papers, "papers") as advance:
            for number, shard in run_tasks(workers, partial(do_shard, recipe), sorted(held)):
                watch.shard(shard)
                advance(shard.papers)
                worked_on = shard.worked_on | held[number].worked_on | {"ocr"}
                yield replace(shard, worked_on=worked_on)


def _try_again(study: Study, shard: ShardDone) -> None:
    """Make the stages of a shard in which something failed count as not done."""
    if shard.manifests["ocr"].failures:
        forget(study.folder / "text", shard.number)
        reopen(study.folder, shard.number)
    for stage in _TRIED_AGAIN:
        if stage in shard.manifests and shard.manifests[stage].failures:
            forget(study.folder / stage, shard.number)


def _recognise(
    study: Study, recipe: Recipe, shards: Sequence[ShardDone], workers: Workers, watch: Watch
) -> None:
    """Give the pages of shards that have no text to optical character recognition."""
    pages = sum(len(find_waiting(study, shard.number)) for shard in shards)
    made_by = dict(recipe.stages)["ocr"] or ""
    inputs = {shard.number: shard.output for shard in shards}
    hours = pages * SECONDS_A_PAGE / workers.number / 3600
    length = f"{max(1, round(60 * hours))} min" if hours < 2 else f"{hours:.1f} h"
    watch.say(
        f"{pages} pages hold no text that can be read and go to optical character recognition: "
        f"about {length} with {workers.number} workers. It can be stopped at any time; what is "
        "read is kept."
    )
    with watch.stage("recognising characters", pages, "pages") as advance:
        recognise(study, inputs, made_by, recipe.ocr, recipe.limits, workers, partial(advance, 1))
