"""The command on bibliographic records: what they are matched to, and what is left over."""

import json
from pathlib import Path

import click

from screen.cli.common import as_json_option, example, study_argument
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.loading import read_heads
from screen.study.queries import count_everything, list_records, list_unmatched
from screen.terminal.records import show_counts, show_records, show_unmatched

COUNTS = (
    "records", "records_by_file", "records_by_title", "records_without_file", "papers",
    "papers_without_record",
)  # fmt: skip


@example("ddr-screen records my-study --unmatched")
@click.command()
@study_argument
@click.option(
    "--unmatched", is_flag=True, help="Records without a paper, and papers without a record."
)
@as_json_option
def records(study: Path, unmatched: bool, as_json: bool) -> None:
    """List the bibliographic records with the papers they are matched to, or what is not matched.

    A record is matched by the name of its file, or by its title where only one paper can be meant.
    """
    opened = Study(study)
    engine = open_database(opened)
    every = count_everything(engine)
    counts = {name: every[name] for name in COUNTS}
    if not unmatched:
        rows = list_records(engine)
        if as_json:
            click.echo(json.dumps({**counts, "list": rows}, ensure_ascii=False, indent=1))
            return
        show_records(rows)
        show_counts(counts)
        return
    alone, bare = list_unmatched(engine)
    heads = read_heads(opened, {row["sha256"] for row in bare})
    for row in bare:
        row["first_line"] = find_first_line(heads.get(row["sha256"], ""))
    if as_json:
        lists = {"unmatched_records": alone, "papers_without_record_list": bare}
        click.echo(json.dumps({**counts, **lists}, ensure_ascii=False, indent=1))
        return
    show_unmatched(alone, bare)
    show_counts(counts)


def find_first_line(text: str) -> str:
    """Return the first line of a text that holds a word, or ""."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return next((line for line in lines if any(map(str.isalpha, line))), "")
