"""The commands of the review workbench: review, reviewer."""

import getpass
import json
import sys
import webbrowser
from pathlib import Path

import click

from screen.cli.common import as_json_option, example, study_argument
from screen.errors import AccessError
from screen.review.access import ROLES, add_account, change_account, list_accounts
from screen.review.desk import Desk
from screen.review.serve import serve
from screen.study.database import open_database
from screen.study.folder import Study
from screen.terminal import printable

# Connections to the database, one for each request that is answered at the same time.
_CONNECTIONS = 14


@example("ddr-screen review my-study", "ddr-screen review my-study --host 0.0.0.0 --port 8080")
@click.command()
@study_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to serve at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True)
@click.option("--reviewer", help="Your name, while nobody has an account; default: your login.")
@click.option("--browser/--no-browser", default=False, help="Open the link in a browser.")
def review(study: Path, host: str, port: int, reviewer: str | None, browser: bool) -> None:
    """Serve the review workbench, in which people judge the passages of the queue.

    As long as nobody has an account, the link that is printed lets one person in, on this machine
    only. For a team make accounts with `ddr-screen reviewer add`. Stop it with Ctrl-C.
    """
    opened = Study(study)
    engine = open_database(opened, connections=_CONNECTIONS)
    name = (reviewer or getpass.getuser()).strip()
    if not name:
        raise click.UsageError("--reviewer needs a name")
    desk = Desk(opened, engine, name)

    def announce(address: str) -> None:
        who = f"for {name}, works once" if desk.alone else "for those who have accounts"
        click.echo(
            f"{printable(str(study))}: the workbench is at\n\n  {address}\n\n"
            f"({who}; Ctrl-C ends it)"
        )
        sys.stdout.flush()
        if browser:
            webbrowser.open(address)

    serve(desk, host, port, announce)


@click.group()
def reviewer() -> None:
    """Accounts of those who review together: add, list, close, password, role.

    Without STUDY the commands are about the study in the current folder.
    """


_named = click.argument("study_and_name", nargs=-1, metavar="[STUDY] NAME")
_password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, without asking."
)
_role_option = click.option("--role", type=click.Choice(list(ROLES)), required=True)


@example("ddr-screen reviewer add my-study AB --role reviewer")
@reviewer.command()
@_named
@_role_option
@_password_option
def add(study_and_name: tuple[str, ...], role: str, password_stdin: bool) -> None:
    """Give somebody an account.

    A reviewer judges; an adjudicator decides where reviewers differ; an observer only reads; an
    admin may do all of it. Once there is an account the link for one person no longer works.
    """
    study, name = _read_names(study_and_name)
    add_account(open_database(study), name, role, _ask_password(name, stdin=password_stdin))
    click.echo(f"{printable(str(study.folder))}: {name} can log in as {role}.")


@example("ddr-screen reviewer password my-study AB")
@reviewer.command()
@_named
@_password_option
def password(study_and_name: tuple[str, ...], password_stdin: bool) -> None:
    """Give somebody another password, and end their sessions."""
    study, name = _read_names(study_and_name)
    engine = open_database(study)
    change_account(engine, name, password=_ask_password(name, stdin=password_stdin))
    click.echo(f"{printable(str(study.folder))}: {name} has a new password.")


@example("ddr-screen reviewer role my-study AB --role adjudicator")
@reviewer.command()
@_named
@_role_option
def role(study_and_name: tuple[str, ...], role: str) -> None:
    """Give somebody another role, and end their sessions."""
    study, name = _read_names(study_and_name)
    change_account(open_database(study), name, role=role)
    click.echo(f"{printable(str(study.folder))}: {name} is {role}.")


@example("ddr-screen reviewer close my-study AB")
@reviewer.command()
@_named
@click.option("--reopen", is_flag=True, help="Open it again.")
def close(study_and_name: tuple[str, ...], reopen: bool) -> None:
    """Close an account: its verdicts stay, but nobody can log in with it."""
    study, name = _read_names(study_and_name)
    change_account(open_database(study), name, closed=not reopen)
    click.echo(f"{printable(str(study.folder))}: {name} {'can' if reopen else 'cannot'} log in.")


@example("ddr-screen reviewer list my-study")
@reviewer.command("list")
@click.argument("study", type=click.Path(path_type=Path), default=Path())
@as_json_option
def list_(study: Path, as_json: bool) -> None:
    """List the accounts of a study."""
    found = list_accounts(open_database(Study(study)))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in found:
        closed = f", closed {row['closed_at']}" if row["closed_at"] else ""
        click.echo(f"{row['name']}  {row['role']}, since {row['added_at']}{closed}")
    if not found:
        click.echo("Nobody has an account: ddr-screen review lets in one person, by a link.")


def _read_names(given: tuple[str, ...]) -> tuple[Study, str]:
    if len(given) not in (1, 2):
        raise click.UsageError(
            "give the study's folder and a name, or a name in the study's folder"
        )
    return Study(Path(given[0]) if len(given) == 2 else Path()), given[-1]


def _ask_password(name: str, *, stdin: bool) -> str:
    if stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("Once more: ") != first:
        raise AccessError("the two passwords differ")
    return first
