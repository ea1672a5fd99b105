"""The report of a study: report."""

from pathlib import Path

import click

from screen.cli.common import (
    example,
    open_holdings,
    output_option,
    people_options,
    study_argument,
)
from screen.findings.output import write_text
from screen.findings.people import Treatment
from screen.study.folder import Study
from screen.terminal import printable


@example(
    "ddr-screen report my-study -o report.html",
    'ddr-screen report my-study -o report.html --page-images --title "Heart transplants 1980-2015"',
)
@click.command()
@study_argument
@output_option
@click.option("--title", default="", help="Default: Screening report.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="In which the page opens; it holds both.",
)
@click.option(
    "--page-images", is_flag=True, help="With pictures of the pages; about 200 kB for each."
)
@people_options
def report(
    study: Path,
    output: Path,
    title: str,
    language: str,
    page_images: bool,
    authors: Treatment,
    reviewers: Treatment,
) -> None:
    """Write what was found, and what is known of it, as one page for a browser or a printer.

    PRISMA flow, findings by year, place, hospital and criterion with the papers behind them, what
    speaks against them, agreement, calibration, what may have been missed, what was not screened,
    every finding with its evidence and verdicts, and a paragraph on methods. The page needs no
    network.
    """
    from screen.findings.report.page import Wanted, render_report

    opened = Study(study)
    holdings = open_holdings(opened, authors, reviewers)
    write_text(output, render_report(holdings, Wanted(title, language, page_images)))
    quiet = str(output) == "-"
    click.echo(f"{printable(str(output))}: {len(holdings.findings)} findings.", err=quiet)
    click.echo(holdings.completeness.statement, err=True)
