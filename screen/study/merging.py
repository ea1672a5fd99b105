"""Shards into the database and the queue: what `run` ends with, and all that `merge` does."""

from collections.abc import Generator, Iterable

import sqlalchemy as sa

from screen.study.folder import Study
from screen.study.loading import load
from screen.study.ranking import bring_up_to_date
from screen.study.samples import load_samples
from screen.study.scope import apply_scope
from screen.study.work.pipeline import look_over
from screen.study.work.recipe import Recipe
from screen.study.work.stages import ShardDone, look_through
from screen.study.work.watching import Watch


def merge(study: Study, engine: sa.Engine, shards: Iterable[ShardDone], watch: Watch) -> int:
    """Load shards as they come, then apply scope and samples and put the queue in order.

    Returns how many shards had to be loaded.
    """
    count = load(study, engine, shards, watch)
    with watch.spending("applying the scope"):
        apply_scope(study, engine)
    with watch.spending("ordering the queue"):
        load_samples(study, engine)
        bring_up_to_date(study, engine)
    return count


def find_mergeable(study: Study, recipe: Recipe, watch: Watch) -> Generator[ShardDone, None, None]:
    """Yield the shards that were done, in order; say how many are not, or not as things stand.

    One that was made by another version, pack or setting is taken as it is until it is run again.
    """
    numbers = study.shard_numbers()
    any_recipe: list[tuple[str, str | None]] = [(stage, None) for stage, _ in recipe.stages]
    undone = outdated = 0
    with watch.stage("checking what is done", len(numbers), "shards") as advance:
        for shard in look_over(study, recipe.stages, numbers):
            advance(1)
            found = shard
            if len(shard.manifests) < len(recipe.stages):
                found = look_through(study.folder, any_recipe, shard.number)
                outdated += found.is_done
                undone += not found.is_done
            if found.is_done:
                yield found
    if undone or outdated:
        watch.say(
            f"{undone + outdated} of {len(numbers)} shards want a run: {undone} are not done, "
            f"{outdated} were made by another version, pack or setting"
        )
