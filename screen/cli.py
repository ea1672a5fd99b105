"""The door: the commands of ddr-screen. Each is thin; the work is done where the data is."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from click.core import ParameterSource

import screen
from screen import terminal
from screen.errors import DocumentError, PackError, ScreenError
from screen.findings.export import TABLES, write_export, write_text
from screen.ingest.files import hash_file, read_source
from screen.match.packs import builtin_folder, find_pack, load_pack
from screen.settings import Settings
from screen.study.database import (
    count_everything,
    list_failures,
    list_queue,
    list_reasons,
    load,
    open_database,
)
from screen.study.engine import count_workers
from screen.study.folder import Study
from screen.study.pipeline import find_finished, make_recipe
from screen.study.pipeline import run as run_study
from screen.text.normalise import clean_pages

_DONE_WITH_FAILURES = 1
_WRONG_USE = 2
_INTERRUPTED = 130


class _Commands(click.Group):
    """A group of commands that turns the program's own errors into one line and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ScreenError as error:
            click.echo(f"ddr-screen: {error}", err=True)
            ctx.exit(_WRONG_USE)
        except sa.exc.DatabaseError as error:
            why = f"screen.db is damaged ({error.orig}): delete it and run again"
            click.echo(f"ddr-screen: {why}", err=True)
            ctx.exit(_WRONG_USE)
        except BrokenPipeError:
            # Whoever read the output has seen enough; click ends quietly.
            raise
        except OSError as error:
            # What is wrong with a paper never gets here: this is the study's folder or the disk.
            where = f"{terminal.printable(str(error.filename))}: " if error.filename else ""
            click.echo(f"ddr-screen: {where}{error.strerror or error}", err=True)
            ctx.exit(_WRONG_USE)


def _example(*lines: str) -> Callable[[Any], Any]:
    """Add an example to a command's help."""
    text = "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)

    def decorate(command: click.Command) -> click.Command:
        command.epilog = text
        return command

    return decorate


_study = click.argument("study", type=click.Path(path_type=Path))
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group(cls=_Commands)
@click.version_option(screen.__version__, prog_name="ddr-screen")
def main() -> None:
    """Screen Chinese transplant papers for passages inconsistent with a declaration of brain death.

    The software flags text for people to judge; it never asserts what happened.
    """
    for stream in (sys.stdout, sys.stderr):
        # Quotes are Chinese, and file names may hold anything: print what can be printed.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")


@_example("ddr-screen init my-study")
@main.command()
@_study
def init(study: Path) -> None:
    """Make a study folder with a commented study.toml."""
    Study.create(study)
    click.echo(f"{study}: a new study. Its settings are in {study / 'study.toml'}.")


@_example("ddr-screen add my-study papers/ --records records.jsonl")
@main.command()
@_study
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--records",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Bibliographic records (.jsonl or .csv), tied to files by their field `file`.",
)
def add(study: Path, paths: tuple[Path, ...], records: tuple[Path, ...]) -> None:
    """Register source files (.pdf, .txt) and bibliographic records. Folders are walked."""
    if not paths and not records:
        raise click.UsageError("nothing to add: name files, folders or --records")
    opened = Study(study)
    recipe = make_recipe(opened)  # a pack or setting at fault is known before anything is written
    added = opened.add(paths, records)
    with opened.lock():
        load(opened, open_database(opened), find_finished(opened, recipe))
    click.echo(
        f"{study}: {added.new} new papers, {added.duplicates} further paths of known papers, "
        f"{added.known} known already, {added.records} records."
    )
    if added.passed_over:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(added.passed_over.items()))
        click.echo(f"Not taken: {kinds} (only .pdf and .txt are read).")
    for bad in added.bad_records:
        click.echo(f"record skipped: {bad.file}:{bad.line}: {bad.reason}", err=True)
    for failure in added.unread:
        click.echo(f"not read: {terminal.printable(failure.path)}: {failure.error}", err=True)
    if added.unread or added.bad_records:
        sys.exit(_DONE_WITH_FAILURES)


@_example("ddr-screen run my-study --workers 4")
@main.command()
@_study
@click.option("--workers", type=click.IntRange(1), help="Processes; default: study.toml.")
@click.option("--retry-failed", is_flag=True, help="Read papers again that could not be read.")
@_as_json
def run(study: Path, workers: int | None, retry_failed: bool, as_json: bool) -> None:
    """Read, clean and match all papers that are not done yet; then load the database.

    Can be stopped at any time and run again: only what is not done is done. Ends with status 1 if
    anything could not be screened.
    """
    opened = Study(study)
    wanted = count_workers(workers or opened.settings.work.workers)
    try:
        with opened.lock(), terminal.progress(len(opened.shard_numbers())) as report:
            done = run_study(opened, wanted, report, retry_failed=retry_failed)
            engine = open_database(opened)
            loaded = load(opened, engine, done)
    except KeyboardInterrupt:
        click.echo(f"stopped; what is done is kept. To go on: ddr-screen run {study}", err=True)
        sys.exit(_INTERRUPTED)
    counts = count_everything(engine)
    if as_json:
        click.echo(json.dumps({**terminal.count_work(done, loaded), **counts}))
    else:
        terminal.show_work(study, terminal.count_work(done, loaded))
        terminal.show_counts(counts)
    if counts["failures"]:
        if not as_json:
            click.echo(f"See ddr-screen status {study}; once mended: run --retry-failed.")
        sys.exit(_DONE_WITH_FAILURES)


@_example("ddr-screen status my-study --json")
@main.command()
@_study
@_as_json
def status(study: Path, as_json: bool) -> None:
    """Show the counts of every stage and everything that could not be screened."""
    engine = open_database(Study(study))
    counts, failures = count_everything(engine), list_failures(engine)
    if as_json:
        click.echo(json.dumps({**counts, "failure_list": failures}, ensure_ascii=False, indent=1))
        return
    terminal.show_counts(counts)
    terminal.show_failures(failures)


@_example("ddr-screen queue my-study -n 5")
@main.command()
@_study
@click.option("-n", "number", type=click.IntRange(1), default=20, show_default=True)
@_as_json
def queue(study: Path, number: int, as_json: bool) -> None:
    """Print the top of the queue: passage, page, criteria, and why."""
    opened = Study(study)
    hits = list_queue(open_database(opened), number)
    if as_json:
        for hit in hits:
            click.echo(json.dumps(hit, ensure_ascii=False))
        return
    criteria = load_pack(find_pack(opened.settings.pack, opened.folder)).manifest.criteria
    terminal.show_queue(hits, {name: criterion.gloss for name, criterion in criteria.items()})


@_example("ddr-screen export my-study --what hits --format csv -o hits.csv")
@main.command()
@_study
@click.option("--what", type=click.Choice(sorted(TABLES)), required=True)
@click.option("--format", "format_", type=click.Choice(["jsonl", "csv"]), default="jsonl")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write; - for standard output.",
)
def export(study: Path, what: str, format_: str, output: Path) -> None:
    """Write hits or papers to a file, as JSON Lines or CSV."""
    engine = open_database(Study(study))
    count = write_export(engine, what, format_, output)
    click.echo(f"{terminal.printable(str(output))}: {count} {what}.", err=str(output) == "-")


_pack = click.option(
    "--pack", "name", default="brain-death", show_default=True, help="A pack's name or folder."
)


@_example("ddr-screen explain paper.pdf --page 2", "ddr-screen explain paper.pdf --html paper.html")
@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--page", type=click.IntRange(1), help="Only what touches this page.")
@_pack
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page to this file instead of printing; - for standard output.",
)
def explain(file: Path, page: int | None, name: str, html: Path | None) -> None:
    """Show one paper with terms, actors and the order of events marked, and why it is flagged.

    Ends with status 1 if a page could not be read.
    """
    from screen.findings.explain import explain, render_page
    from screen.match.cascade import Cascade

    loaded = load_pack(find_pack(name))
    try:
        reading = read_source(hash_file(file), limits=Settings().limits)
    except DocumentError as error:
        raise ScreenError(f"{terminal.printable(str(file))}: {error}") from None
    if not any(page.text for page in reading.pages):
        why = "; ".join(failure.error for failure in reading.failures) or "it holds no text"
        raise ScreenError(f"{terminal.printable(str(file))} could not be read: {why}")
    if page is not None and page > len(reading.pages):
        raise click.UsageError(f"--page {page}: the paper has {len(reading.pages)} pages")
    clean = clean_pages(reading.pages)
    analysis = Cascade(loaded).analyse(reading.pages[0].sha256, clean)
    explanation = explain(file.name, clean, analysis, loaded, reading.failures, page)
    if html is None:
        terminal.show_explanation(explanation)
    else:
        write_text(html, render_page(explanation))
        words = f"{terminal.printable(str(html))}: {len(explanation.hits)} passages marked."
        click.echo(words, err=str(html) == "-")
    if reading.failures:
        sys.exit(_DONE_WITH_FAILURES)


@_example(
    "ddr-screen evaluate --gold labels/passages.jsonl",
    "ddr-screen evaluate --study my-study --gold papers.jsonl",
)
@main.command()
@click.option(
    "--gold",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help='JSON Lines: {"id", "code", "text"}; with --study {"file", "code"}.',
)
@click.option("--study", type=click.Path(path_type=Path), help="Measure the papers of a study.")
@_pack
@_as_json
def evaluate(gold: Path, study: Path | None, name: str, as_json: bool) -> None:
    """Measure codes against a gold standard: of passages, or of the papers of a study.

    Passages are read by themselves with the pack; papers have the code that the last run of the
    study gave them.
    """
    from screen.match.cascade import Cascade
    from screen.rank.evaluate import evaluate, judge_papers, judge_passages, read_gold

    chosen = click.get_current_context().get_parameter_source("name")
    if study is not None and chosen is not ParameterSource.DEFAULT:
        raise click.UsageError("--pack is for passages; a study has the codes of its own pack")
    if study is None:
        loaded = load_pack(find_pack(name))
        judged = list(judge_passages(Cascade(loaded), read_gold(gold, "text")))
        title = f"{loaded.label}: {len(judged)} passages"
    else:
        engine = open_database(Study(study))
        judged = judge_papers(list_reasons(engine), read_gold(gold, "file"))
        title = f"{terminal.printable(str(study))}: {len(judged)} papers"
    result = evaluate(judged)
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False, indent=1))
    else:
        terminal.show_evaluation(title, judged, result)


@main.group()
def pack() -> None:
    """List, check and copy pattern packs."""


@_example("ddr-screen pack list")
@pack.command("list")
def list_packs() -> None:
    """List the packs that ship with the program."""
    for manifest in sorted(builtin_folder().glob("*/pack.yml")):
        loaded = load_pack(manifest.parent)
        click.echo(f"{loaded.label}  {loaded.manifest.title}")


@_example("ddr-screen pack check brain-death")
@pack.command()
@click.argument("name")
@_as_json
def check(name: str, as_json: bool) -> None:
    """Check a pack's files and run its cases. Ends with status 1 if a case fails."""
    from screen.match.check import run_cases

    loaded = load_pack(find_pack(name))
    results = list(run_cases(loaded))
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
                },
                indent=1,
            )
        )
    else:
        terminal.show_cases(loaded.label, results, failed)
    if failed:
        sys.exit(_DONE_WITH_FAILURES)


@_example("ddr-screen pack copy brain-death my-pack")
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
