"""What all commands share: options, examples in the help, and how errors end a command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from screen import terminal
from screen.errors import ScreenError

DONE_WITH_FAILURES = 1
WRONG_USE = 2
INTERRUPTED = 130


class Commands(click.Group):
    """A group of commands that turns the program's own errors into one line and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and end it as its errors ask for."""
        try:
            return super().invoke(ctx)
        except ScreenError as error:
            click.echo(f"ddr-screen: {error}", err=True)
            ctx.exit(WRONG_USE)
        except sa.exc.DatabaseError as error:
            why = f"screen.db is damaged ({error.orig}): delete it and run again"
            click.echo(f"ddr-screen: {why}", err=True)
            ctx.exit(WRONG_USE)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has seen enough; click ends quietly.
            raise
        except OSError as error:
            # What is wrong with a paper never gets here: this is the study's folder or the disk.
            where = f"{terminal.printable(str(error.filename))}: " if error.filename else ""
            click.echo(f"ddr-screen: {where}{error.strerror or error}", err=True)
            ctx.exit(WRONG_USE)


def example(*lines: str) -> Callable[[Any], Any]:
    """Add an example to a command's help."""
    text = "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)

    def decorate(command: click.Command) -> click.Command:
        command.epilog = text
        return command

    return decorate


study_argument = click.argument("study", type=click.Path(path_type=Path))
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
