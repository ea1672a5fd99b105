"""The commands on what people judge: import-verdicts, sample."""

import json
from dataclasses import asdict
from pathlib import Path

import click
import sqlalchemy as sa

from screen.cli.common import as_json_option, example, study_argument
from screen.errors import GoldError
from screen.match.packs import find_pack, load_pack
from screen.review.exchange.formats import READ_FORMATS, read_entries
from screen.review.imports import Importer
from screen.review.learning import Learner
from screen.study.completeness import measure_completeness
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.ranking import bring_up_to_date, find_classifier
from screen.study.samples import draw
from screen.terminal import printable
from screen.terminal.judging import count_changes, list_changes, show_changes, tell_changes

# How many places of rows that were passed over are named.
_SHOWN = 5


@example("ddr-screen import-verdicts my-study judged.xlsx --reviewer AB --dry-run")
@click.command("import-verdicts")
@study_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reviewer", required=True, help="Whose verdicts these are.")
@click.option("--round", "round_", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option(
    "--format", "format_", type=click.Choice(READ_FORMATS), help="Default: as the file looks."
)
@click.option("--annotator", help="Only what this one did, as Label Studio or Prodigy name people.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@as_json_option
def import_verdicts(
    study: Path,
    file: Path,
    reviewer: str,
    round_: int,
    format_: str | None,
    annotator: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take in verdicts on passages and papers, all of a file or nothing.

    The file is what `export --what queue` wrote, filled in with a spreadsheet (.xlsx, .csv), Label
    Studio, doccano, Prodigy or by hand. What stands already is not added again. Once enough is
    judged the classifier learns from it and the queue gets a new order.
    """
    if not reviewer.strip():
        raise click.UsageError("--reviewer needs a name")
    opened = Study(study)
    engine = open_database(opened)
    pack = load_pack(find_pack(opened.settings.pack, opened.folder))
    blind = opened.settings.review.is_blind
    importer = Importer(engine, pack.manifest, reviewer.strip(), round_, blind=blind)
    filled = importer.check(read_entries(file, format_, annotator))
    if not filled.given:
        raise GoldError(f"{file}: no row holds a judgement")
    changes = importer.compare(filled.given) if dry_run else importer.take_in(filled.given)
    if as_json:
        shown = {**count_changes(changes), "dry_run": dry_run, "begun": filled.begun}
        shown["verdicts"] = list_changes(changes)
        click.echo(json.dumps(shown, ensure_ascii=False, indent=1))
    else:
        if dry_run:
            show_changes(changes)
        by = f"{tell_changes(changes)}{'; nothing was written' if dry_run else ''}."
        click.echo(f"{printable(str(study))}: by {printable(reviewer.strip())}, {by}")
    if filled.begun:
        rows = ", ".join(filled.begun[:_SHOWN])
        more = f" and {len(filled.begun) - _SHOWN} more" if len(filled.begun) > _SHOWN else ""
        click.echo(f"Passed over, begun but without a judgement: {rows}{more}", err=True)
    if not dry_run:
        _learn(opened, engine)
        click.echo(measure_completeness(opened, engine).statement, err=as_json)


def _learn(study: Study, engine: sa.Engine) -> None:
    """Let the queue learn from what was judged, if that is enough."""
    learner = Learner(study, engine)
    if learner.notice():
        click.echo("Enough was judged to learn from: putting the queue in a new order.", err=True)
        learner.wait()
        if learner.has_failed:
            again = f"ddr-screen run {study.folder}"
            click.echo(f"The order stays as it was; to try again: {again}", err=True)


@example("ddr-screen sample my-study -n 150 --seed 20")
@click.command()
@study_argument
@click.option("-n", "number", type=click.IntRange(1), required=True, help="Papers to draw.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), required=True, help="Is written down.")
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
    with opened.lock("ddr-screen sample"):
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
