"""Wording in context: concordance."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from screen.cli.common import DONE_WITH_FAILURES, as_json_option, example, study_argument
from screen.findings.concordance import Searched, Sort, Wording, list_lines, sort_lines
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.queries import count_everything
from screen.terminal.concordance import show_lines, show_searched


@example(
    "ddr-screen concordance my-study 气管插管 --width 20 --sort left",
    "ddr-screen concordance my-study 面罩加压给氧 --fuzzy 0.7",
    "ddr-screen concordance my-study '(喉罩|口咽通气道).{0,10}供' --regex --json",
)
@click.command()
@study_argument
@click.argument("pattern")
@click.option("--regex", is_flag=True, help="PATTERN is a regular expression of Python.")
@click.option(
    "--fuzzy",
    "similarity",
    type=click.FloatRange(0.5, 1),
    is_flag=False,
    flag_value=0.75,
    help="Also what is as alike as this, 0.5-1, measured as for the phrases of a pack; 0.75 if no "
    "number is given.",
)
@click.option(
    "--width",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="Characters on either side.",
)
@click.option(
    "--sort",
    type=click.Choice(["place", "left", "right", "distance"]),
    default="place",
    show_default=True,
    help="By place, by what stands before (read backwards) or after, or the nearest first.",
)
@click.option("-n", "number", type=click.IntRange(1, 10_000_000), help="Print so many at most.")
@click.option("--all", "every", is_flag=True, help="Also copies, and papers out of scope.")
@as_json_option
def concordance(
    study: Path,
    pattern: str,
    regex: bool,
    similarity: float | None,
    width: int,
    sort: Sort,
    number: int | None,
    every: bool,
    as_json: bool,
) -> None:
    """Print where a wording stands in the texts of a study, with what is around it.

    The texts are clean: simplified, without the spaces and breaks of the page; so is PATTERN, but
    for a regular expression.
    """
    opened = Study(study)
    engine = open_database(opened)
    searched = Searched()
    wording = Wording(pattern, regex, similarity)
    lines = sort_lines(
        list(list_lines(opened, engine, wording, width, searched, every=every)), sort
    )
    shown = lines if number is None else lines[:number]
    if as_json:
        for line in shown:
            click.echo(json.dumps(asdict(line), ensure_ascii=False))
    else:
        show_lines(shown, width, fuzzy=similarity is not None)
    show_searched(searched, len(shown), count_everything(engine)["unscreened"])
    if searched.given_up:
        sys.exit(DONE_WITH_FAILURES)
