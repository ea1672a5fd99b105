"""The commands on what people judge: import-verdicts, sample."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from screen.cli.common import as_json_option, example, study_argument
from screen.match.packs import find_pack, load_pack
from screen.review.imports import read_verdicts
from screen.review.learning import Learner
from screen.study.completeness import measure_completeness
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.ranking import bring_up_to_date, find_classifier
from screen.study.samples import draw
from screen.study.verdicts import append
from screen.terminal import printable


@example("ddr-screen import-verdicts my-study judged.csv --reviewer AB")
@click.command("import-verdicts")
@study_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reviewer", required=True, help="Whose verdicts these are.")
@click.option("--round", "round_", type=click.IntRange(1), default=1, show_default=True)
def import_verdicts(study: Path, file: Path, reviewer: str, round_: int) -> None:
    """Take in verdicts on passages and papers (.jsonl or .csv), all of a file or nothing.

    An exported table with a column `judgement` (2, 1, 0) added will do. Once enough is judged the
    classifier learns from it and the queue gets a new order.
    """
    if not reviewer.strip():
        raise click.UsageError("--reviewer needs a name")
    opened = Study(study)
    engine = open_database(opened)
    pack = load_pack(find_pack(opened.settings.pack, opened.folder))
    verdicts = read_verdicts(file, reviewer.strip(), round_, engine, pack.manifest.criteria)
    append(engine, verdicts)
    click.echo(f"{printable(str(study))}: {len(verdicts)} verdicts by {reviewer}.")
    learner = Learner(opened, engine)
    if learner.notice():
        click.echo("Enough was judged to learn from: putting the queue in a new order.", err=True)
        learner.wait()
        if learner.has_failed:
            click.echo(f"The order stays as it was; to try again: ddr-screen run {study}", err=True)
    click.echo(measure_completeness(opened, engine).statement)


@example("ddr-screen sample my-study -n 150 --seed 20")
@click.command()
@study_argument
@click.option("-n", "number", type=click.IntRange(1), required=True, help="Papers to draw.")
@click.option("--seed", type=click.IntRange(0), required=True, help="Any number; is written down.")
@as_json_option
def sample(study: Path, number: int, seed: int, as_json: bool) -> None:
    """Draw papers at random from the unflagged and unread, to learn what was missed.

    They are put in the queue unmarked, each with one passage. Once people have judged each paper as
    a whole, `status`, exports and reports give the exact lower bound of recall.
    """
    opened = Study(study)
    engine = open_database(opened)
    pack = load_pack(find_pack(opened.settings.pack, opened.folder))
    find_classifier(opened, pack)  # a model that cannot be used is known before anything is drawn
    with opened.lock():
        taken = draw(opened, engine, number, seed)
        bring_up_to_date(opened, engine)
    if as_json:
        click.echo(json.dumps(asdict(taken), ensure_ascii=False))
        return
    click.echo(
        f"{printable(str(study))}: {len(taken.papers)} papers drawn from "
        f"{len(taken.population)} unflagged and unread, now somewhere in the queue. Each needs a "
        "verdict on the paper as a whole."
    )
