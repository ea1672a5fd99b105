"""The command on copies: which files are the same paper, and what people say of that."""

import getpass
import json
from pathlib import Path

import click
import sqlalchemy as sa

from screen.cli.common import as_json_option, example, study_argument
from screen.study.copies.corrections import add_word
from screen.study.copies.groups import list_groups
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.loading import load_records
from screen.study.ranking import bring_up_to_date
from screen.terminal.copies import show_groups


@example(
    "ddr-screen copies my-study",
    "ddr-screen copies my-study --apart 1998/012.pdf 2001/044.pdf --by AB",
)
@click.command()
@study_argument
@click.option("--apart", nargs=2, metavar="FILE FILE", help="Note that these are two papers.")
@click.option("--together", nargs=2, metavar="FILE FILE", help="Note that these are one paper.")
@click.option("--by", help="Who says so; default: the user of this computer.")
@as_json_option
def copies(
    study: Path,
    apart: tuple[str, str] | None,
    together: tuple[str, str] | None,
    by: str | None,
    as_json: bool,
) -> None:
    """List the files that are copies of another one, which is read for all of them.

    What somebody says of two files (names, paths or SHA-256) is kept in apart.jsonl and holds from
    then on; the last word counts.
    """
    if by is not None and not (apart or together):
        raise click.UsageError("--by goes with --apart or --together")
    if apart and together:
        raise click.UsageError("either --apart or --together")
    opened = Study(study)
    engine = open_database(opened)
    pair = apart or together
    if pair is not None:
        _note(opened, engine, pair, by, same=pair is together)
    groups = list_groups(engine)
    if as_json:
        click.echo(json.dumps(groups, ensure_ascii=False, indent=1))
    else:
        show_groups(groups)


def _note(
    study: Study, engine: sa.Engine, pair: tuple[str, str], by: str | None, *, same: bool
) -> None:
    """Keep what somebody says of two papers, and bring groups and order up to date with it."""
    name = (getpass.getuser() if by is None else by).strip()
    if not name:
        raise click.UsageError("--by needs a name")
    with study.lock("ddr-screen copies"):
        add_word(study, engine, pair, name, same=same)
        load_records(study, engine)
        bring_up_to_date(study, engine)
