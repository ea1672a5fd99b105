"""What leaves a study as a table: export."""

from pathlib import Path

import click
import sqlalchemy as sa

from screen.cli.common import (
    criterion_option,
    example,
    open_holdings,
    output_option,
    people_options,
    study_argument,
    year_option,
)
from screen.findings.export import (
    FORMATS,
    QUEUE_FORMATS,
    Wanted,
    clear_sheet,
    write_export,
    write_queue,
)
from screen.findings.fields import TABLES
from screen.findings.filters import Filters, Years
from screen.findings.people import Treatment
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Manifest
from screen.review.exchange.formats import CONFIGS
from screen.review.worksheet import Worksheet, make_filled, make_worksheet
from screen.study.database import open_database
from screen.study.folder import Study
from screen.terminal import printable


@example(
    "ddr-screen export my-study --what findings --code 2 --year 2000-2010 --format xlsx -o f.xlsx",
    "ddr-screen export my-study --what papers --settled --format ris -o for-zotero.ris",
    "ddr-screen export my-study --what queue --format xlsx --reviewer AB -o queue.xlsx",
)
@click.command()
@study_argument
@click.option("--what", type=click.Choice(list(TABLES)), required=True)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(dict.fromkeys((*FORMATS, *QUEUE_FORMATS)))),
    default="jsonl",
    show_default=True,
    help="bibtex, ris and asreview: papers and findings; those of other tools: queue.",
)
@output_option
@click.option("--code", "codes", type=click.IntRange(0, 2), multiple=True, help="May be repeated.")
@criterion_option
@year_option
@click.option(
    "--settled",
    is_flag=True,
    help="Only what people settled; codes and criteria are then theirs. Of verdicts: in force.",
)
@click.option("--columns", help="Names of fields, parted by commas: only these, in this order.")
@people_options
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
    codes: tuple[int, ...],
    criteria: tuple[str, ...],
    years: Years | None,
    settled: bool,
    columns: str | None,
    authors: Treatment,
    reviewers: Treatment,
    reviewer: str | None,
    round_: int | None,
    blind: bool | None,
) -> None:
    """Write hits, papers, findings, verdicts, the queue or failures to a file.

    Findings are the papers that people settled at code 1 or 2. Rows carry what is known of the
    recall of the screening, and what was not screened. The queue is what still wants verdicts; once
    filled in, import-verdicts takes it in. docs/formats.md describes every field.
    """
    opened = Study(study)
    names = tuple(name.strip() for name in columns.split(",")) if columns else ()
    filters = Filters(frozenset(codes), frozenset(criteria), years, settled)
    wanted = Wanted(what, format_, filters, names)
    # Reading the pack takes half a second, which only some exports need.
    codebook = _read_codebook(opened) if criteria or what == "queue" else None
    wanted.check(list(codebook.criteria) if codebook else [])
    if what != "queue" and (reviewer, round_, blind) != (None, None, None):
        raise click.UsageError("--reviewer, --round, --blind and --open are for --what queue")
    if codebook is not None and what == "queue":
        # The verdicts of the reviewer who is named come back: only who wants no names loses any.
        people = None if authors == "names" else (authors, reviewers)
        _export_queue(opened, wanted, output, codebook, (reviewer, round_, blind), people)
        return
    holdings = open_holdings(opened, authors, reviewers)
    written = write_export(holdings, wanted, output)
    quiet = str(output) == "-"
    click.echo(f"{printable(str(output))}: {written.rows} {what}.", err=quiet)
    if written.cut:
        click.echo(
            f"{written.cut} cells were longer than a cell may be, and were cut: other formats have "
            "them whole.",
            err=True,
        )
    click.echo(holdings.completeness.statement, err=True)


def _read_codebook(study: Study) -> Manifest:
    return load_pack(find_pack(study.settings.pack, study.folder)).manifest


def _export_queue(
    study: Study,
    wanted: Wanted,
    output: Path,
    codebook: Manifest,
    whose: tuple[str | None, int | None, bool | None],
    people: tuple[Treatment, Treatment] | None,
) -> None:
    reviewer, round_, blind = whose
    if round_ is not None and reviewer is None:
        raise click.UsageError("--round goes with --reviewer")
    if reviewer is not None and not reviewer.strip():
        raise click.UsageError("--reviewer needs a name")
    hidden = study.settings.review.is_blind if blind is None else blind
    if hidden and (wanted.filters.codes or wanted.filters.criteria):
        raise click.UsageError(
            "--code and --criterion would tell what the program makes of a passage, which the "
            "study hides until the verdict: add --open"
        )
    worksheet = _hand_out(study, open_database(study), codebook, reviewer, round_, blind=hidden)
    sheet = worksheet.sheet
    if people is not None:
        sheet = clear_sheet(sheet, open_holdings(study, *people))
    written = write_queue(sheet, wanted, output)
    filled = f", {worksheet.verdicts} verdicts by {reviewer} filled in" if reviewer else ""
    words = f"{written.rows} rows{printable(filled)}."
    if wanted.format_ in CONFIGS:
        words = f"what {wanted.format_.partition('-')[0]} is set up with."
    click.echo(f"{printable(str(output))}: {words}", err=str(output) == "-")


def _hand_out(
    study: Study,
    engine: sa.Engine,
    codebook: Manifest,
    reviewer: str | None,
    round_: int | None,
    *,
    blind: bool,
) -> Worksheet:
    """Return the rows to be judged, or those that one reviewer has judged."""
    if reviewer is None:
        wanted = study.settings.review.reviewers_per_passage
        return make_worksheet(engine, codebook, wanted, blind=blind)
    return make_filled(engine, codebook, reviewer.strip(), round_ or 1, blind=blind)
