"""The door: the commands of ddr-screen. Each is thin; the work is done where the data is."""

import sys
from importlib import import_module
from typing import Any

import click

import screen
from screen.cli.common import INTERRUPTED, WRONG_USE
from screen.errors import ScreenError

# The commands, each with the module that it is in.
_COMMANDS = {
    "init": "studies",
    "add": "studies",
    "run": "running",
    "merge": "running",
    "status": "running",
    "scope": "scope",
    "records": "records",
    "queue": "studies",
    "review": "review",
    "reviewer": "review",
    "import-verdicts": "judging",
    "sample": "judging",
    "copies": "copies",
    "concordance": "concordance",
    "export": "exporting",
    "report": "reports",
    "appendix": "appendix",
    "bundle": "bundles",
    "verify": "bundles",
    "reproduce": "bundles",
    "train": "models",
    "simulate": "models",
    "explain": "texts",
    "evaluate": "texts",
    "afind": "texts",
    "pack": "packs",
}


class _Commands(click.Group):
    """A group that imports only the command in use: every worker process imports it too.

    The program's own errors end a command with one line and exit status 2.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of their use."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"screen.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and end it as its errors ask for."""
        try:
            return super().invoke(ctx)
        except ScreenError as error:
            click.echo(f"ddr-screen: {error}", err=True)
            ctx.exit(WRONG_USE)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has seen enough; click ends quietly.
            raise
        except OSError as error:
            from screen.terminal import printable

            # What is wrong with a paper never gets here: this is the study's folder or the disk.
            where = f"{printable(str(error.filename))}: " if error.filename else ""
            click.echo(f"ddr-screen: {where}{error.strerror or error}", err=True)
            ctx.exit(WRONG_USE)


@click.group(cls=_Commands)
@click.version_option(screen.__version__, prog_name="ddr-screen")
def main() -> None:
    """Screen Chinese transplant papers for passages inconsistent with a declaration of brain death.

    The software flags text for people to judge; it never asserts what happened.
    """
    for stream in (sys.stdout, sys.stderr):
        # Quotes are Chinese, and file names may hold anything: print what can be printed.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
