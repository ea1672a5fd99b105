"""The commands that work on a study: run, merge; and status, which looks on."""

import json
import os
import re
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
import sqlalchemy as sa

from screen.cli.common import (
    DONE_WITH_FAILURES,
    INTERRUPTED,
    as_json_option,
    example,
    study_argument,
)
from screen.match.packs import find_pack, load_pack
from screen.study.completeness import measure_completeness
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.loading import forget_all
from screen.study.merging import find_mergeable
from screen.study.merging import merge as merge_shards
from screen.study.prisma import count_flow
from screen.study.queries import count_everything, list_failures
from screen.study.ranking import find_classifier
from screen.study.scope import name_scope
from screen.study.work.cluster import ClusterWorkers
from screen.study.work.engine import LocalWorkers, Workers, count_workers
from screen.study.work.isolation import BrokenOffError
from screen.study.work.pipeline import prepare, tidy
from screen.study.work.pipeline import run as run_study
from screen.study.work.recipe import make_recipe
from screen.study.work.stages import ShardDone
from screen.study.work.watching import Watch, list_working
from screen.terminal import printable
from screen.terminal.running import count_work, open_display, show_time, show_work, show_working
from screen.terminal.scope import show_flow
from screen.terminal.studies import show_completeness, show_counts, show_failures

_PART = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,8})", re.ASCII)
_STOPPING = b"\nstopping: what is under way is ended first (once more: it is broken off)\n"


class _Part(click.ParamType):  # type: ignore[type-arg]
    """A part of the shards, as 3/10: the third of ten."""

    name = "I/N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        found = _PART.fullmatch(str(value))
        if found is None or int(found[1]) > int(found[2]):
            self.fail(f"{value!r} is no part: as 3/10, the third of ten", param, ctx)
        return int(found[1]), int(found[2])


@example(
    "ddr-screen run my-study --workers 4",
    "ddr-screen run my-study --scheduler tcp://10.0.0.5:8786",
    "ddr-screen run my-study --shard 3/10",
)
@click.command()
@study_argument
@click.option("--workers", type=click.IntRange(1), help="Processes; default: study.toml.")
@click.option("--scheduler", metavar="URL", help="Work on the Dask cluster of this scheduler.")
@click.option(
    "--scheduler-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The same, by the file in which the scheduler tells its address.",
)
@click.option(
    "--shard",
    "part",
    type=_Part(),
    help="Only a part of the shards, as a task of an array job; merge loads them afterwards.",
)
@click.option("--retry-failed", is_flag=True, help="Read papers again that could not be read.")
@as_json_option
def run(
    study: Path,
    workers: int | None,
    scheduler: str | None,
    scheduler_file: Path | None,
    part: tuple[int, int] | None,
    retry_failed: bool,
    as_json: bool,
) -> None:
    """Read, clean and match all papers that are not done yet; then load and order the queue.

    Can be stopped at any time and run again: only what is not done is done. Ends with status 1 if
    anything could not be screened.
    """
    where = [name for name in (workers, scheduler, scheduler_file) if name is not None]
    if len(where) > 1:
        raise click.UsageError("--workers, --scheduler and --scheduler-file exclude one another")
    opened = Study(study)
    number = count_workers(workers or opened.settings.work.workers)
    what = "ddr-screen run" + (f" --shard {part[0]}/{part[1]}" if part else "")
    with (
        _told_how_to_go_on(study, what),
        opened.lock(what, shared=part is not None),
        open_display() as display,
        Watch(opened.folder, what, display) as watch,
    ):
        recipe = make_recipe(opened)
        engine = None
        if part is None:
            engine = _open_engine(opened)
        prepare(opened, recipe, alone=part is None)
        numbers = opened.shard_numbers()
        if part is not None:
            numbers = numbers[part[0] - 1 :: part[1]]
        done: list[ShardDone] = []
        with closing(_start_workers(number, scheduler or scheduler_file, watch)) as pool:
            shards = run_study(opened, recipe, pool, watch, numbers, retry_failed=retry_failed)
            with closing(_keep(shards, done)) as kept:
                if engine is None:
                    loaded = 0
                    for _ in kept:
                        pass
                else:
                    loaded = merge_shards(opened, engine, kept, watch)
            number = pool.number
        if part is None:
            # A worker may have been killed while it wrote, and another have done its shards.
            tidy(opened, recipe)
    work = count_work(done, loaded)
    failed = sum(len(shard.failures) for shard in done)
    if engine is not None:
        counts = count_everything(engine)
        failed = counts["failures"]
        if as_json:
            click.echo(json.dumps({**work, "time": watch.account(), **counts}))
    elif as_json:
        click.echo(json.dumps({**work, "time": watch.account(), "failures": failed}))
    if not as_json:
        show_work(study, work)
        show_time(watch.account(), number)
        if engine is not None:
            show_counts(counts)
        else:
            click.echo(f"Once all parts are done: ddr-screen merge {printable(str(study))}")
    if failed:
        if not as_json:
            click.echo(f"See ddr-screen status {study}; once mended: run --retry-failed.")
        sys.exit(DONE_WITH_FAILURES)


@example("ddr-screen merge my-study", "ddr-screen merge my-study --rebuild")
@click.command()
@study_argument
@click.option(
    "--rebuild",
    is_flag=True,
    help="Empty what is loaded from files first; verdicts and accounts stay.",
)
@as_json_option
def merge(study: Path, rebuild: bool, as_json: bool) -> None:
    """Load what `run --shard` did on other machines into the database, and order the queue.

    Nothing is read or matched. Ends with status 1 if shards want a run, or anything could not be
    screened.
    """
    opened = Study(study)
    with (
        _told_how_to_go_on(study, "ddr-screen merge"),
        opened.lock("ddr-screen merge"),
        open_display() as display,
        Watch(opened.folder, "ddr-screen merge", display) as watch,
    ):
        recipe = make_recipe(opened)
        engine = _open_engine(opened)
        prepare(opened, recipe, alone=True)
        if rebuild:
            forget_all(engine)
        done: list[ShardDone] = []
        with closing(_keep(find_mergeable(opened, recipe, watch), done)) as kept:
            loaded = merge_shards(opened, engine, kept, watch)
    counts = count_everything(engine)
    undone = len(opened.shard_numbers()) - len(done)
    if as_json:
        facts = {"shards": len(done), "shards_undone": undone, "shards_loaded": loaded}
        click.echo(json.dumps({**facts, "time": watch.account(), **counts}))
    else:
        click.echo(f"{printable(str(study))}: {loaded} of {len(done)} shards loaded.")
        show_time(watch.account(), 0)
        show_counts(counts)
    if counts["failures"] or undone:
        sys.exit(DONE_WITH_FAILURES)


@example("ddr-screen status my-study --json")
@click.command()
@study_argument
@as_json_option
def status(study: Path, as_json: bool) -> None:
    """Show the counts of every stage, how far the reading has come, and what was not screened.

    Also who is at work on the study at this moment, and how far they are.
    """
    opened = Study(study)
    working = list_working(opened.folder)
    engine = open_database(opened)
    counts, failures = count_everything(engine), list_failures(engine)
    known = measure_completeness(opened, engine)
    flow = count_flow(opened, engine)
    if as_json:
        figures = {
            **counts,
            "working": working,
            "prisma": flow,
            "screening": known.as_json(),
            "failure_list": failures,
        }
        click.echo(json.dumps(figures, ensure_ascii=False, indent=1))
        return
    show_working(working)
    show_counts(counts)
    show_flow(flow)
    show_completeness(known)
    show_failures(failures)


def _keep(
    shards: Generator[ShardDone, None, None], kept: list[ShardDone]
) -> Generator[ShardDone, None, None]:
    """Pass shards on and keep them in a list; closed, it closes what they come from."""
    with closing(shards):
        for shard in shards:
            kept.append(shard)
            yield shard


def _open_engine(study: Study) -> sa.Engine:
    """Open the database; what cannot be used is known before the work: it, model or scope."""
    engine = open_database(study)
    find_classifier(study, load_pack(find_pack(study.settings.pack, study.folder)))
    name_scope(study)
    return engine


def _start_workers(number: int, scheduler: str | Path | None, watch: Watch) -> Workers:
    return LocalWorkers(number) if scheduler is None else ClusterWorkers(scheduler, watch.say)


@contextmanager
def _told_how_to_go_on(study: Path, command: str) -> Iterator[None]:
    """Stop on SIGINT and SIGTERM once what is under way is ended, and say how to go on."""

    def stop(*_: object) -> None:
        # Written past Python's buffers, which may be in the middle of a line.
        os.write(2, _STOPPING)
        raise KeyboardInterrupt

    before: dict[signal.Signals, object] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, stop)
    except ValueError:
        pass  # not in the main thread, where no signals come
    try:
        yield
    except (KeyboardInterrupt, BrokenOffError):
        rest = command.removeprefix("ddr-screen ").split(" ", 1)
        again = " ".join([rest[0], printable(str(study)), *rest[1:]])
        click.echo(f"stopped; what is done is kept. To go on: ddr-screen {again}", err=True)
        sys.exit(INTERRUPTED)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
