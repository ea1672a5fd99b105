"""The commands on pattern packs: pack list, check, copy, suggest."""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import click

from screen.cli.common import (
    DONE_WITH_FAILURES,
    as_json_option,
    example,
    open_holdings,
    study_argument,
)
from screen.errors import PackError
from screen.match.packs import builtin_folder, find_pack, load_pack
from screen.match.scope import load_scope_cases, load_scopes
from screen.terminal.packs import show_cases, show_scope_cases


@click.group()
def pack() -> None:
    """List, check, copy and extend pattern packs."""


@example("ddr-screen pack list")
@pack.command("list")
def list_packs() -> None:
    """List the packs that ship with the program."""
    for manifest in sorted(builtin_folder().glob("*/pack.yml")):
        loaded = load_pack(manifest.parent)
        click.echo(f"{loaded.label}  {loaded.manifest.title}")


@example("ddr-screen pack check brain-death")
@pack.command()
@click.argument("name")
@as_json_option
def check(name: str, as_json: bool) -> None:
    """Check a pack's files and run its cases. Ends with status 1 if a case fails."""
    from screen.match.check import run_cases

    folder = find_pack(name)
    loaded, scopes, cases = load_pack(folder), load_scopes(folder), load_scope_cases(folder)
    results = list(run_cases(loaded))
    decided = [(case, case.decide(scopes)) for case in cases]
    wrong = [(case, told) for case, told in decided if told.reason != case.reason]
    failed = [result for result in results if result.right == bool(result.case.open)]
    if as_json:
        click.echo(
            json.dumps(
                {
                    "pack": loaded.label,
                    "cases": len(results),
                    "right": sum(result.right for result in results),
                    "open": sum(bool(result.case.open) for result in results),
                    "failed": [result.case.id for result in failed],
                    "scopes": sorted(scopes),
                    "scope_cases": len(decided),
                    "scope_failed": [case.id for case, _ in wrong],
                },
                indent=1,
            )
        )
    else:
        show_cases(loaded.label, results, failed)
        show_scope_cases(decided, wrong)
    if failed or wrong:
        sys.exit(DONE_WITH_FAILURES)


@example("ddr-screen pack copy brain-death my-pack")
@pack.command()
@click.argument("name")
@click.argument("target", type=click.Path(path_type=Path))
def copy(name: str, target: Path) -> None:
    """Copy a pack to a folder of your own, to change it and name it in study.toml."""
    try:
        shutil.copytree(find_pack(name), target)
    except OSError as error:
        raise PackError(f"{target}: {error.strerror or error}") from None
    click.echo(f"{target}: a copy of {name}.")


@example(
    "ddr-screen pack suggest my-study -n 30", "ddr-screen pack suggest my-study --gold more.jsonl"
)
@pack.command("suggest")
@study_argument
@click.option(
    "--gold",
    "gold",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Judged passages as well, JSON Lines: {"id", "code", "text"}; may be repeated.',
)
@click.option("-n", "number", type=click.IntRange(1, 100_000), default=30, show_default=True)
@click.option(
    "--min-papers",
    "fewest",
    type=click.IntRange(1, 10_000),
    default=2,
    show_default=True,
    help="Leave out what stands in the passages of fewer papers.",
)
@as_json_option
def suggest_wording(
    study: Path, gold: tuple[Path, ...], number: int, fewest: int, as_json: bool
) -> None:
    """List wording of confirmed passages that no term or phrase of the pack covers.

    First the confirmed passages that meet no rule at all; then phrases, by how much more frequent
    they are there than in other passages. Nothing is added to the pack.
    """
    from screen.findings.suggestions import gather, gather_gold, suggest
    from screen.rank.gold import read_gold
    from screen.study.folder import Study
    from screen.terminal.packs import show_suggestions

    holdings = open_holdings(Study(study), "names", "none")
    loaded = holdings.pack
    confirmed, others = gather(holdings)
    for path in gold:
        more, apart = gather_gold(loaded, read_gold(path, "text"))
        confirmed += more
        others += apart
    found = suggest(loaded, confirmed, others, fewest)
    if as_json:
        told = {**asdict(found), "pack": loaded.label}
        told["phrases"] = told["phrases"][:number]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        show_suggestions(loaded.label, found, number)
