"""The commands on a study and what is in it: init, add, queue, export."""

import json
import sys
from pathlib import Path

import click
import sqlalchemy as sa

from screen.cli.common import (
    DONE_WITH_FAILURES,
    as_json_option,
    example,
    study_argument,
)
from screen.findings.export import TABLES, write_export, write_queue
from screen.ingest.kinds import READ
from screen.match.packs import find_pack, load_pack
from screen.review.exchange.formats import CONFIGS, WRITTEN_FORMATS
from screen.review.worksheet import Worksheet, make_filled, make_worksheet
from screen.study.adding import add as add_files
from screen.study.completeness import measure_completeness
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.loading import load
from screen.study.queries import BLIND_FIELDS, list_queue
from screen.study.scope import apply_scope, name_scope
from screen.study.work.pipeline import find_made
from screen.study.work.recipe import make_recipe
from screen.terminal import printable
from screen.terminal.studies import show_blind_queue, show_queue


@example("ddr-screen init my-study")
@click.command()
@study_argument
def init(study: Path) -> None:
    """Make a study folder with a commented study.toml."""
    Study.create(study)
    click.echo(f"{study}: a new study. Its settings are in {study / 'study.toml'}.")


@example("ddr-screen add my-study papers/ --records records.jsonl")
@click.command()
@study_argument
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--records",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Bibliographic records: exports of CNKI, Wanfang and VIP (RefWorks, NoteExpress, EndNote, "
    "labelled text, .xls), RIS, BibTeX, CSV, TSV, XLSX, JSON Lines; tied to papers by the name of "
    "the file, then by the title.",
)
def add(study: Path, paths: tuple[Path, ...], records: tuple[Path, ...]) -> None:
    """Register source files (.pdf, .docx, .html, .txt) and bibliographic records.

    Folders are walked.
    """
    if not paths and not records:
        raise click.UsageError("nothing to add: name files, folders or --records")
    opened = Study(study)
    name_scope(opened)
    recipe = make_recipe(opened)  # a pack or setting at fault is known before anything is written
    added = add_files(opened, paths, records)
    with opened.lock("ddr-screen add"):
        engine = open_database(opened)
        load(opened, engine, find_made(opened, recipe))
        apply_scope(opened, engine)
    click.echo(
        f"{study}: {added.new} new papers, {added.duplicates} further paths of known papers, "
        f"{added.known} known already, {added.records} records."
    )
    if added.passed_over:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(added.passed_over.items()))
        click.echo(f"Not taken: {kinds} (only {READ} are read).")
    for bad in added.bad_records:
        click.echo(f"record skipped: {bad.file}:{bad.line}: {bad.reason}", err=True)
    for failure in added.unread:
        click.echo(f"not read: {printable(failure.path)}: {failure.error}", err=True)
    if added.unread or added.bad_records:
        sys.exit(DONE_WITH_FAILURES)


@example("ddr-screen queue my-study -n 5")
@click.command()
@study_argument
@click.option("-n", "number", type=click.IntRange(1, 2**31 - 1), default=20, show_default=True)
@click.option(
    "--order",
    type=click.Choice(["reading", "score", "published"]),
    default="reading",
    show_default=True,
    help="As the classifier orders it, by the pack's score, or as the published search would.",
)
@click.option("--all", "every", is_flag=True, help="Also what was judged already.")
@click.option("--blind", is_flag=True, help="Only the text: not what the program makes of it.")
@as_json_option
def queue(study: Path, number: int, order: str, every: bool, blind: bool, as_json: bool) -> None:
    """Print the top of the queue: passage, page, criteria, chances, and why.

    If study.toml names targets, also what the published search says of each passage. With --blind
    nothing tells a passage that stands for a paper of a sample from the others.
    """
    opened = Study(study)
    hits = list_queue(
        open_database(opened),
        number,
        order,
        wanting=None if every else opened.settings.review.reviewers_per_passage,
    )
    if blind:
        hits = [{name: hit[name] for name in BLIND_FIELDS} for hit in hits]
        if not as_json:
            show_blind_queue(hits)
            return
    if as_json:
        for hit in hits:
            click.echo(json.dumps(hit, ensure_ascii=False))
        return
    criteria = load_pack(find_pack(opened.settings.pack, opened.folder)).manifest.criteria
    glosses = {name: criterion.gloss for name, criterion in criteria.items()}
    show_queue(hits, glosses, opened.settings.published)


@example(
    "ddr-screen export my-study --what hits --format csv -o hits.csv",
    "ddr-screen export my-study --what queue --format xlsx --reviewer AB -o queue.xlsx",
)
@click.command()
@study_argument
@click.option("--what", type=click.Choice([*sorted(TABLES), "queue"]), required=True)
@click.option(
    "--format",
    "format_",
    type=click.Choice(WRITTEN_FORMATS),
    default="jsonl",
    show_default=True,
    help="All for queue; jsonl and csv for the others.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write; - for standard output.",
)
@click.option("--reviewer", help="queue: every passage, with what this reviewer judged filled in.")
@click.option("--round", "round_", type=click.IntRange(1), help="queue: of that reviewer; or 1.")
@click.option(
    "--blind/--open",
    "blind",
    default=None,
    help="queue: only the text, or also what the program makes of it; default: study.toml.",
)
def export(
    study: Path,
    what: str,
    format_: str,
    output: Path,
    reviewer: str | None,
    round_: int | None,
    blind: bool | None,
) -> None:
    """Write hits or papers to a file, or the queue to be judged elsewhere.

    Rows of hits and papers carry what is known of the recall of the screening, and what was not
    screened. The queue is what still wants verdicts; once filled in, import-verdicts takes it in.
    """
    opened = Study(study)
    engine = open_database(opened)
    if what == "queue":
        if round_ is not None and reviewer is None:
            raise click.UsageError("--round goes with --reviewer")
        if reviewer is not None and not reviewer.strip():
            raise click.UsageError("--reviewer needs a name")
        worksheet = _hand_out(opened, engine, reviewer, round_ or 1, blind)
        write_queue(worksheet.sheet, format_, output)
        filled = f", {worksheet.verdicts} verdicts by {reviewer} filled in" if reviewer else ""
        words = f"{len(worksheet.sheet.rows)} rows{printable(filled)}."
        if format_ in CONFIGS:
            words = "what the tool is set up with."
        click.echo(f"{printable(str(output))}: {words}", err=str(output) == "-")
        return
    if format_ not in {"jsonl", "csv"}:
        raise click.UsageError(f"--format {format_} is for --what queue")
    if (reviewer, round_, blind) != (None, None, None):
        raise click.UsageError("--reviewer, --round, --blind and --open are for --what queue")
    known = measure_completeness(opened, engine)
    count = write_export(opened, engine, known, what, format_, output)
    click.echo(f"{printable(str(output))}: {count} {what}.", err=str(output) == "-")
    click.echo(known.statement, err=True)


def _hand_out(
    study: Study, engine: sa.Engine, reviewer: str | None, round_: int, blind: bool | None
) -> Worksheet:
    """Return the rows to be judged, by what the command was told and by the study's settings."""
    rules = study.settings.review
    codebook = load_pack(find_pack(study.settings.pack, study.folder)).manifest
    hidden = rules.is_blind if blind is None else blind
    if reviewer is None:
        return make_worksheet(engine, codebook, rules.reviewers_per_passage, blind=hidden)
    return make_filled(engine, codebook, reviewer.strip(), round_, blind=hidden)
