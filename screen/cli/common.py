"""What commands share: options, exit statuses, examples in the help."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

DONE_WITH_FAILURES = 1
WRONG_USE = 2
INTERRUPTED = 130


def example(*lines: str) -> Callable[[Any], Any]:
    """Add an example to a command's help."""
    text = "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)

    def decorate(command: click.Command) -> click.Command:
        command.epilog = text
        return command

    return decorate


study_argument = click.argument("study", type=click.Path(path_type=Path))
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
gold_option = click.option(
    "--gold",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help='JSON Lines: {"id", "code", "text"}; with --study {"file", "code"}.',
)
pack_option = click.option(
    "--pack", "pack", default="brain-death", show_default=True, help="A pack's name or folder."
)


def targets_option(*, required: bool, words: str = "") -> Callable[[Any], Any]:
    """Return the option that names the target phrases of the published search."""
    return click.option(
        "--targets",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        required=required,
        help=f"Target phrases of the published search, UTF-8, one a line{words}.",
    )
