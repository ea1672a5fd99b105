"""The commands on a study and what is in it: init, add, queue."""

import json
import sys
from pathlib import Path

import click

from screen.cli.common import (
    DONE_WITH_FAILURES,
    as_json_option,
    example,
    study_argument,
)
from screen.ingest.kinds import READ
from screen.match.packs import find_pack, load_pack
from screen.study.adding import add as add_files
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
