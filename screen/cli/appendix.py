"""The appendix table of a paper: appendix."""

from pathlib import Path

import click

from screen.cli.common import (
    criterion_option,
    example,
    open_holdings,
    people_options,
    study_argument,
    year_option,
)
from screen.errors import ExportError
from screen.findings.appendix.formats import FORMATS, find_format, write_appendix
from screen.findings.appendix.table import choose_findings, make_appendix
from screen.findings.appendix.translations import (
    Translations,
    find_template_format,
    make_template,
    read_translations,
)
from screen.findings.filters import Filters, Years
from screen.findings.holdings import Holdings
from screen.findings.people import Treatment
from screen.findings.writing.formats import write_table
from screen.study.folder import Study
from screen.terminal import printable


@example(
    "ddr-screen appendix my-study --to-translate passages.xlsx",
    "ddr-screen appendix my-study --translations passages.xlsx -o appendix.docx",
    "ddr-screen appendix my-study --code 2 --year 2000-2015 -o appendix.html",
)
@click.command()
@study_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write: *.docx, *.html or *.md; - for standard output.",
)
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Default: as the file's name says."
)
@click.option(
    "--translations",
    "translated",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="XLSX, CSV or JSON Lines with hit_id and translation; translator, if wanted.",
)
@click.option(
    "--to-translate",
    "template",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the passages to this file (*.xlsx, *.csv, *.jsonl), to be translated.",
)
@click.option("--code", "codes", type=click.IntRange(1, 2), multiple=True, help="May be repeated.")
@criterion_option
@year_option
@people_options
def appendix(
    study: Path,
    output: Path | None,
    format_: str | None,
    translated: Path | None,
    template: Path | None,
    codes: tuple[int, ...],
    criteria: tuple[str, ...],
    years: Years | None,
    authors: Treatment,
    reviewers: Treatment,
) -> None:
    """Write the findings as the numbered table that journals print in an appendix.

    Findings are the papers that people settled at code 1 or 2. Each excerpt has room for its
    translation; --to-translate writes a file for them, and --translations takes it back.
    """
    if output is None and template is None:
        raise click.UsageError("-o for the table, or --to-translate for the passages")
    if template and template.is_file() and not (translated and translated.samefile(template)):
        raise ExportError(
            f"{template} is there already: add --translations {template}, and what is filled in "
            "there stays"
        )
    form = (format_ or find_format(output)) if output else ""
    template_form = find_template_format(template) if template else ""
    holdings = open_holdings(Study(study), authors, reviewers)
    codebook = holdings.pack.manifest
    filters = Filters(frozenset(codes), frozenset(criteria), years)
    filters.check("findings", codebook.criteria)
    translations = _read(translated, holdings)
    if template:
        table = make_template(choose_findings(holdings, filters), translations.found)
        written = write_table(table, template_form, template)
        click.echo(f"{printable(str(template))}: {written.rows} passages.", err=True)
    if output:
        made = make_appendix(holdings, codebook, filters, translations.found)
        write_appendix(made, form, output)
        click.echo(f"{printable(str(output))}: {len(made.rows)} findings.", err=str(output) == "-")
        if made.untranslated:
            click.echo(f"{made.untranslated} excerpts have no translation.", err=True)
    click.echo(holdings.completeness.statement, err=True)


def _read(path: Path | None, holdings: Holdings) -> Translations:
    if path is None:
        return Translations()
    read = read_translations(path, holdings.findings)
    for row in read.unknown:
        click.echo(f"{printable(row)} is no passage of a finding: passed over.", err=True)
    return read
