"""What commands share: options, exit statuses, examples in the help."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from screen.findings.filters import Years
    from screen.findings.holdings import Holdings
    from screen.findings.people import Treatment
    from screen.study.folder import Study

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


def _read_years(_: click.Context, __: click.Parameter, value: str | None) -> "Years | None":
    from screen.findings.filters import read_years

    try:
        return None if value is None else read_years(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


criterion_option = click.option(
    "--criterion", "criteria", multiple=True, help="A letter of the codebook; may be repeated."
)
year_option = click.option(
    "--year", "years", callback=_read_years, help="Of publication: 2000-2010, 2000-, 2005."
)
output_option = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write; - for standard output.",
)


def people_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how the names of people leave a study."""

    @wraps(command)
    def decide(*args: Any, pseudonymise: bool, **kwargs: Any) -> Any:
        if pseudonymise and kwargs["authors"] == "names":
            kwargs["authors"] = "pseudonyms"
        if pseudonymise and kwargs["reviewers"] == "names":
            kwargs["reviewers"] = "pseudonyms"
        return command(*args, **kwargs)

    for option in (
        click.option(
            "--pseudonymise", is_flag=True, help="No names of people: authors as pseudonyms too."
        ),
        click.option(
            "--reviewers",
            type=click.Choice(["names", "pseudonyms", "none"]),
            default="pseudonyms",
            show_default=True,
            help="The names of reviewers; a pseudonym is the same in all that leaves this study.",
        ),
        click.option(
            "--authors",
            type=click.Choice(["names", "pseudonyms", "none"]),
            default="names",
            show_default=True,
            help="The names of the papers' authors, also in the names of their files.",
        ),
    ):
        decide = option(decide)
    return decide


def open_holdings(study: "Study", authors: "Treatment", reviewers: "Treatment") -> "Holdings":
    """Return what a study holds, to leave it with people's names as was asked for."""
    from screen.findings.holdings import Holdings
    from screen.findings.people import make_people
    from screen.study.database import open_database

    people = make_people(study.folder, authors, reviewers)
    return Holdings(study, open_database(study), people)
