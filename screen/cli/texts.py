"""The commands on papers and passages outside a study: explain, evaluate, afind."""

import json
import sys
from contextlib import closing
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from screen.cli.common import (
    DONE_WITH_FAILURES,
    as_json_option,
    example,
    gold_option,
    pack_option,
    targets_option,
)
from screen.errors import DocumentError, ScreenError
from screen.findings.output import write_text
from screen.findings.search import Question, list_batches, search, write_found
from screen.ingest.files import hash_file
from screen.ingest.kinds import READ
from screen.match.afind import Targets, read_targets
from screen.match.packs import find_pack, load_pack
from screen.settings import Published, Settings
from screen.study.work.engine import count_workers
from screen.study.work.isolation import Isolated
from screen.study.work.stages import read_apart
from screen.terminal import printable, progress
from screen.terminal.texts import show_evaluation, show_explanation
from screen.text.normalise import clean_pages

if TYPE_CHECKING:
    from screen.rank.evaluate import Judged
    from screen.rank.gold import Gold

# What the published study asked for.
_RULE = Published()


@example("ddr-screen explain paper.pdf --page 2", "ddr-screen explain paper.pdf --html paper.html")
@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--page", type=click.IntRange(1), help="Only what touches this page.")
@pack_option
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page to this file instead of printing; - for standard output.",
)
def explain(file: Path, page: int | None, pack: str, html: Path | None) -> None:
    """Show one paper with terms, actors and the order of events marked, and why it is flagged.

    Ends with status 1 if a page could not be read.
    """
    from screen.findings.explain import explain, render_page
    from screen.match.cascade import Cascade

    loaded = load_pack(find_pack(pack))
    try:
        source = hash_file(file)
    except DocumentError as error:
        raise ScreenError(f"{printable(str(file))}: {error}") from None
    # The file may end the process that reads it: that is not to be this one.
    with closing(Isolated()) as process:
        reading, _ = read_apart(process, source, Settings().limits)
    if not any(page.text for page in reading.pages):
        why = "; ".join(failure.error for failure in reading.failures) or "it holds no text"
        if any(page.method == "unreadable" for page in reading.pages):
            why += " (optical character recognition is done only in a study, by run)"
        raise ScreenError(f"{printable(str(file))} could not be read: {why}")
    if page is not None and page > len(reading.pages):
        raise click.UsageError(f"--page {page}: the paper has {len(reading.pages)} pages")
    clean = clean_pages(reading.pages)
    analysis = Cascade(loaded).analyse(reading.pages[0].sha256, clean)
    explanation = explain(file.name, clean, analysis, loaded, reading.failures, page)
    if html is None:
        show_explanation(explanation)
    else:
        write_text(html, render_page(explanation))
        words = f"{printable(str(html))}: {len(explanation.hits)} passages marked."
        click.echo(words, err=str(html) == "-")
    if reading.failures:
        sys.exit(DONE_WITH_FAILURES)


@example(
    "ddr-screen evaluate --gold labels/passages.jsonl",
    "ddr-screen evaluate --study my-study --gold papers.jsonl",
)
@click.command()
@gold_option
@click.option("--study", type=click.Path(path_type=Path), help="Measure the papers of a study.")
@pack_option
@targets_option(required=False, words="; of a study, its settings say")
@as_json_option
def evaluate(
    gold: Path, study: Path | None, pack: str, targets: Path | None, as_json: bool
) -> None:
    """Measure codes against a gold standard: of passages, or of the papers of a study.

    Passages are read by themselves with the pack; papers have the code that the last run of the
    study gave them. Beside that, the published search: for passages with --targets, for papers if
    study.toml names targets.
    """
    from screen.rank.evaluate import evaluate
    from screen.rank.gold import read_gold

    chosen = click.get_current_context().get_parameter_source("pack")
    if study is not None and (chosen is not ParameterSource.DEFAULT or targets):
        raise click.UsageError("--pack and --targets are for passages; a study has its own")
    if study is None:
        title, judged, published = _judge_passages(
            find_pack(pack), targets, read_gold(gold, "text")
        )
    else:
        title, judged, published = _judge_papers(study, read_gold(gold, "file"))
    result = evaluate(judged)
    beside = evaluate(published) if published else None
    if as_json:
        figures = {**result.as_json(), "published": beside.as_json() if beside else None}
        click.echo(json.dumps(figures, ensure_ascii=False, indent=1))
    else:
        show_evaluation(title, judged, result, beside)


def _judge_passages(
    pack: Path, targets: Path | None, gold: list["Gold"]
) -> tuple[str, list["Judged"], list["Judged"]]:
    """Return a title and what the pack, and if asked the published search, make of passages."""
    from screen.match.cascade import Cascade
    from screen.rank.evaluate import judge_passages

    loaded = load_pack(pack)
    judged = list(judge_passages(Cascade(loaded), gold))
    published = []
    if targets:
        from screen.rank.published import judge_passages_as_published

        ready = Targets(read_targets(targets))
        published = list(judge_passages_as_published(ready, _RULE, gold))
    return f"{loaded.label}: {len(judged)} passages", judged, published


def _judge_papers(study: Path, gold: list["Gold"]) -> tuple[str, list["Judged"], list["Judged"]]:
    """Return a title and what a study, and its published search, made of papers."""
    from screen.rank.evaluate import judge_papers
    from screen.rank.published import judge_papers_as_published
    from screen.study.database import open_database
    from screen.study.folder import Study
    from screen.study.queries import list_reasons

    opened = Study(study)
    papers = list_reasons(open_database(opened))
    judged = judge_papers(papers, gold)
    asked = any(paper["published_flagged"] is not None for paper in papers)
    rule = opened.settings.published
    published = judge_papers_as_published(papers, rule, gold) if asked else []
    return f"{printable(str(study))}: {len(judged)} papers", judged, published


@example(
    "ddr-screen afind --targets targets.txt papers/ -o windows.csv",
    "ddr-screen afind --targets targets.txt --all --format jsonl my-study > windows.jsonl",
)
@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@targets_option(required=True)
@click.option(
    "--cutoff",
    type=click.FloatRange(0, 1),
    default=_RULE.cutoff,
    show_default=True,
    help="A window below this distance is flagged.",
)
@click.option(
    "--context",
    type=click.IntRange(0, 1_000_000),
    default=_RULE.context,
    show_default=True,
    help="Characters before and after a window's first one in which --require must stand.",
)
@click.option(
    "--require",
    default=_RULE.require,
    show_default=True,
    help="What must stand close to a window for it to be flagged; '' for nothing.",
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="All windows below the cut-off, not the best one of each phrase.",
)
@click.option(
    "--format", "format_", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default="-",
    help="The file to write; default: standard output.",
)
@click.option("--workers", type=click.IntRange(1), help="Processes; default: one a processor.")
def afind(
    paths: tuple[Path, ...],
    targets: Path,
    cutoff: float,
    context: int,
    require: str,
    every: bool,
    format_: str,
    output: Path,
    workers: int | None,
) -> None:
    """Search papers as the published study did: the nearest window to each target phrase.

    PATHS are files, folders, or studies; those are searched in the text that their run has read.
    The same windows and distances as R's stringdist::afind with running cosine, q = 1. Ends with
    status 1 if something could not be read; it has a row with the error.
    """
    if isnan(cutoff):
        raise click.BadParameter("not a number", param_hint="--cutoff")
    rule = Published(cutoff=cutoff, context=context, require=require)
    question = Question(tuple(read_targets(targets)), rule, every, format_)
    wanted = count_workers(workers or 0)
    batches = list_batches(paths, wanted, apart=targets)
    if not batches:
        raise ScreenError(f"no papers there: {READ} are read, and studies")
    with progress(sum(len(batch.papers) for batch in batches), "papers") as report:
        found = search(question, batches, wanted)
        papers, flagged, errors = write_found(output, format_, found, report)
    unread = f"; {errors} errors: what could not be read is unscreened" if errors else ""
    click.echo(f"{papers} papers searched, {flagged} flagged{unread}.", err=True)
    if errors:
        sys.exit(DONE_WITH_FAILURES)
