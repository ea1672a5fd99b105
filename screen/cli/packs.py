"""The commands on pattern packs: pack list, check, copy."""

import json
import shutil
import sys
from pathlib import Path

import click

from screen.cli.common import DONE_WITH_FAILURES, as_json_option, example
from screen.errors import PackError
from screen.match.packs import builtin_folder, find_pack, load_pack
from screen.match.scope import load_scope_cases, load_scopes
from screen.terminal.packs import show_cases, show_scope_cases


@click.group()
def pack() -> None:
    """List, check and copy pattern packs."""


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
