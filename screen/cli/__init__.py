"""The door: the commands of ddr-screen. Each is thin; the work is done where the data is."""

import sys

import click

import screen
from screen.cli import packs, studies, texts
from screen.cli.common import Commands


@click.group(cls=Commands)
@click.version_option(screen.__version__, prog_name="ddr-screen")
def main() -> None:
    """Screen Chinese transplant papers for passages inconsistent with a declaration of brain death.

    The software flags text for people to judge; it never asserts what happened.
    """
    for stream in (sys.stdout, sys.stderr):
        # Quotes are Chinese, and file names may hold anything: print what can be printed.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")


for command in (
    studies.init,
    studies.add,
    studies.run,
    studies.status,
    studies.queue,
    studies.export,
    texts.explain,
    texts.evaluate,
    texts.afind,
    packs.pack,
):
    main.add_command(command)
