"""The command on the scope of a study: what is left out, why, and a sample of it to be checked."""

import json
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import click

from screen.cli.common import as_json_option, example, study_argument
from screen.errors import StudyError
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.scope import Judged, count_undecided, judge_study, name_scope
from screen.terminal.scope import show_decisions, show_rules


@example(
    "ddr-screen scope my-study --sample 20 --seed 1",
    "ddr-screen scope my-study --paper 供心切取.txt",
)
@click.command()
@study_argument
@click.option("--sample", type=click.IntRange(1), help="Show so many excluded papers, by chance.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same.")
@click.option("--stage", type=click.Choice(["record", "text"]), help="Only what this decided.")
@click.option("--rule", help="Only what this rule leaves out.")
@click.option("--paper", help="Why this paper is in or out: its file, or how its SHA-256 begins.")
@as_json_option
def scope(
    study: Path,
    sample: int | None,
    seed: int,
    stage: str | None,
    rule: str | None,
    paper: str | None,
    as_json: bool,
) -> None:
    """Show what the scope of a study leaves out, by rule, and a sample of it to be checked.

    Nothing is deleted: what is left out is counted and can be looked up here. A paper without the
    data that a rule needs stays in, and is counted as not decided.
    """
    opened = Study(study)
    engine = open_database(opened)
    wanted = name_scope(opened)
    if wanted is None:
        raise StudyError(f"{study}: study.toml names no scope, nothing is left out")
    names = {item.id for item in wanted.rules}
    if rule is not None and rule not in names:
        raise click.BadParameter(f"no rule {rule!r}; there are {sorted(names)}")
    judged = list(judge_study(opened, engine, wanted))
    if paper is not None:
        chosen = [item for item in judged if _is_meant(item, paper)]
        if not chosen:
            raise StudyError(f"{study}: no paper {paper!r}")
        counts = []
    else:
        out = [
            item
            for item in judged
            if item.decision.rule is not None
            and stage in {None, item.stage}
            and rule in {None, item.decision.rule.id}
        ]
        some = min(sample or 0, len(out))
        chosen = Random(seed).sample(out, some)  # noqa: S311 - to be repeated, not secret
        _, undecided = count_undecided(engine)
        counts = [
            {
                "rule": item.id,
                "reason": item.reason,
                "gloss": item.gloss,
                **{
                    name: sum(x.decision.rule == item and x.stage == name for x in out)
                    for name in ("record", "text")
                },
                "undecided": undecided.get(item.id, 0),
            }
            for item in wanted.rules
        ]
    if as_json:
        figures: dict[str, Any] = {
            "scope": opened.settings.scope,
            "hash": wanted.hash,
            "papers_and_records": len(judged),
            "excluded": sum(item.decision.rule is not None for item in judged),
            "undecided": sum(bool(item.decision.undecided) for item in judged),
            "rules": counts,
            "papers": [_flat(item) for item in chosen],
        }
        click.echo(json.dumps(figures, ensure_ascii=False, indent=1))
        return
    if counts:
        show_rules(opened.settings.scope, wanted.gloss, counts, judged)
    show_decisions(chosen)


def _is_meant(item: Judged, paper: str) -> bool:
    if item.file in {paper, Path(paper).name} or Path(item.file).name == paper:
        return True
    return len(paper) >= 6 and item.subject.startswith(paper)


def _flat(item: Judged) -> dict[str, Any]:
    row = {k: v for k, v in asdict(item).items() if k != "decision"}
    rule = item.decision.rule
    told = {"rule": rule.id, "reason": rule.reason, "gloss": rule.gloss} if rule else {"rule": None}
    lists = {"words": list(item.decision.words), "undecided": list(item.decision.undecided)}
    return {**row, **told, **lists}
