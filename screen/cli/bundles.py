"""The commands on bundles: bundle, verify, reproduce."""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click

from screen.cli.common import (
    as_json_option,
    example,
    open_holdings,
    output_option,
    people_options,
    study_argument,
)
from screen.findings.bundle.packing import LostSources, write_bundle
from screen.findings.bundle.quotes import Check
from screen.findings.bundle.reproducing import Again
from screen.findings.bundle.reproducing import reproduce as reproduce_bundle
from screen.findings.bundle.verifying import verify as verify_bundle
from screen.findings.people import Treatment
from screen.study.folder import Study
from screen.terminal import printable, progress
from screen.terminal.bundles import show_packed, show_report
from screen.terminal.running import open_display

_DIFFERENT = 1

bundle_argument = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
sources_option = click.option(
    "--sources",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the source files, whatever they are called there.",
)
workers_option = click.option(
    "--workers", type=click.IntRange(1, 1024), help="Processes; default: one for each processor."
)


@example(
    "ddr-screen bundle my-study -o evidence.zip",
    "ddr-screen bundle my-study --pseudonymise --with-sources -o evidence.zip",
)
@click.command()
@study_argument
@output_option
@click.option("--with-sources", is_flag=True, help="Put the source files in too.")
@people_options
@as_json_option
def bundle(
    study: Path,
    output: Path,
    with_sources: bool,
    authors: Treatment,
    reviewers: Treatment,
    as_json: bool,
) -> None:
    """Write all that a study found, and who judged it, as one file for others to check.

    Findings, the whole history of verdicts, hits, records, settings, pack, versions, and the
    SHA-256 of every source and page; an RO-Crate. The same study gives the same bytes. With
    --with-sources nothing is written if a source is gone or changed (status 1).
    """
    opened = Study(study)
    holdings = open_holdings(opened, authors, reviewers)
    try:
        packed = write_bundle(holdings, output, with_sources=with_sources)
    except LostSources as error:
        for line in error.lines:
            click.echo(printable(line), err=True)
        click.echo(f"ddr-screen: {error}", err=True)
        sys.exit(_DIFFERENT)
    quiet = str(output) == "-"
    if as_json:
        click.echo(json.dumps(asdict(packed)), err=quiet)
    else:
        for line in show_packed(packed, output):
            click.echo(line, err=quiet)
        click.echo(holdings.completeness.statement, err=True)
    if packed.naming:
        click.echo(
            f"{packed.naming} passages quote the name of an author of their paper. What is quoted "
            "stands as it is, or nobody could check it.",
            err=True,
        )
    if packed.outdated:
        click.echo(
            f"Made by another version, pack or setting than these: {', '.join(packed.outdated)}; "
            "versions.json says so. ddr-screen run brings them up to date.",
            err=True,
        )


@example(
    "ddr-screen verify evidence.zip --sha256 9f86d081884c7d65...",
    "ddr-screen verify evidence.zip --sources ~/papers",
)
@click.command()
@bundle_argument
@sources_option
@click.option("--sha256", help="What the whole file must have, as it was published.")
@click.option("--ocr", is_flag=True, help="Recognise again what was read by recognition (slow).")
@workers_option
@as_json_option
def verify(
    file: Path,
    folder: Path | None,
    sha256: str | None,
    ocr: bool,
    workers: int | None,
    as_json: bool,
) -> None:
    """Check a bundle and name every difference; with --sources, every quote at its place.

    A bundle that somebody made anew, with a manifest and history that fit, can be told only by the
    SHA-256 of the whole file. Ends with status 1 if anything differs, 2 for no bundle.
    """
    if ocr and folder is None:
        raise click.UsageError("--ocr goes with --sources")
    with ExitStack() as stack:
        check = None
        if folder is not None:
            check = Check(folder, ocr, workers or 0, watch=_watch(stack, "reading sources"))
        found = verify_bundle(file, check, sha256)
    report = found.report
    if as_json:
        told = {"sha256": found.sha256, "size": found.size, "members": found.members}
        click.echo(json.dumps({**told, **report.as_json()}, ensure_ascii=False, indent=1))
    else:
        show_report(report, "Everything that was checked is as it was written.")
        click.echo(
            f"SHA-256 {found.sha256}{' (as expected)' if _is_as(sha256, found.sha256) else ''}"
        )
    sys.exit(_DIFFERENT if report.differences else 0)


@example("ddr-screen reproduce evidence.zip --sources ~/papers --workers 4")
@click.command()
@bundle_argument
@sources_option
@workers_option
@as_json_option
def reproduce(file: Path, folder: Path | None, workers: int | None, as_json: bool) -> None:
    """Run the screening of a bundle again on its sources, and compare hit by hit.

    By the settings and the pack in the bundle, in a temporary folder. --sources may be left out if
    the bundle holds them. Ends with status 1 if anything differs or is missing.
    """
    with open_display() as display:
        report = reproduce_bundle(file, Again(folder, workers or 0, display))
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        show_report(report, "Every hit was found again, the same in all its fields.")
    sys.exit(_DIFFERENT if report.differences else 0)


def _is_as(wanted: str | None, found: str) -> bool:
    return wanted is not None and wanted.lower() == found


def _watch(stack: ExitStack, what: str) -> Callable[[int], Callable[[int], None]]:
    """Return what shows how many of a number are done, until the stack is left."""
    return lambda total: stack.enter_context(progress(total, what))
