"""The commands on classifiers: train, simulate."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from screen.cli.common import example, gold_option, pack_option, targets_option
from screen.errors import GoldError, ModelError, ScreenError
from screen.findings.output import write_text
from screen.match.packs import find_pack, load_pack
from screen.study.folder import Study
from screen.terminal import printable, progress
from screen.terminal.models import show_card, show_simulation

if TYPE_CHECKING:
    from screen.match.schema import Pack
    from screen.rank.simulate import Item
    from screen.rank.training import Source


@example(
    "ddr-screen train labels/ -o my-model",
    "ddr-screen train my-study --with-shipped -o my-model",
)
@click.command()
@click.argument("labels", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder of the model: model.skops, card.json, card.md, calibration.png.",
)
@click.option("--with-shipped", is_flag=True, help="Learn from the labels that ship, too.")
@click.option("--name", help="The model's name; default: the folder's.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True)
@pack_option
def train(
    labels: tuple[Path, ...],
    output: Path,
    with_shipped: bool,
    name: str | None,
    seed: int,
    pack: str,
) -> None:
    """Train a classifier, with a model card that says how good it is.

    LABELS are JSON Lines of passages with codes {"text", "code"}, folders of them, or studies,
    whose verdicts are learned from. Use the model by its folder in study.toml.
    """
    from screen.rank.training import train_model

    if not labels and not with_shipped:
        raise click.UsageError("nothing to learn from: name labels or studies")
    loaded = load_pack(find_pack(pack))
    sources = _read_sources(loaded, labels, with_shipped)
    card = train_model(output, name or output.resolve().name, loaded, sources, seed)
    show_card(output, card)


def _read_sources(pack: "Pack", labels: tuple[Path, ...], with_shipped: bool) -> list["Source"]:
    from screen.match.cascade import Cascade
    from screen.rank.training import read_source
    from screen.study.ranking import find_shipped_labels

    cascade = Cascade(pack)
    files = [path for path in labels if not (path / "study.toml").is_file()]
    names = [printable(path.name) for path in files]
    if with_shipped:
        shipped = find_shipped_labels(pack)
        if shipped is None:
            raise GoldError(f"no labels ship for the pack {pack.manifest.name}")
        files, names = [shipped, *files], ["shipped labels", *names]
    # Read together: what stands in two places counts once, and with two codes is an error.
    sources = [read_source(cascade, ", ".join(names), files)] if files else []
    return sources + [_read_study(pack, path) for path in labels if (path / "study.toml").is_file()]


def _read_study(pack: "Pack", path: Path) -> "Source":
    from screen.study.database import open_database
    from screen.study.ranking import read_own_source

    study = Study(path)
    if load_pack(find_pack(study.settings.pack, study.folder)).manifest.family != (
        pack.manifest.family
    ):
        raise ScreenError(f"{path}: a study with a pack of another family; see --pack")
    return read_own_source(study, open_database(study))


@example(
    "ddr-screen simulate --gold judged.jsonl --plot recall.png",
    "ddr-screen simulate --study my-study --gold papers.jsonl -o simulation.json",
)
@click.command()
@gold_option
@click.option("--study", type=click.Path(path_type=Path), help="Screen the papers of a study.")
@click.option(
    "--order",
    "orders",
    multiple=True,
    type=click.Choice(["cold", "learning", "rules", "published", "random"]),
    help="The orders to compare; default: all that there is something for.",
)
@click.option(
    "--code",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="What is looked for: code 2, or codes 1 and 2.",
)
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True)
@click.option(
    "--every",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Items after which the learning classifier is trained again.",
)
@click.option("--model", default="default", show_default=True, help="A model's folder.")
@pack_option
@targets_option(required=False, words="; of a study, its settings say")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write everything as JSON to this file; - for standard output.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the recall curves to this file, .png or .svg.",
)
def simulate(
    gold: Path,
    study: Path | None,
    orders: tuple[str, ...],
    code: int,
    seeds: int,
    every: int,
    model: str,
    pack: str,
    targets: Path | None,
    output: Path | None,
    plot: Path | None,
) -> None:
    """Replay a screening of judged passages or papers, and compare orders of reading.

    Each replay begins with one relevant and one other item, drawn by its seed, that are known and
    not counted. The learning classifier is trained without those shipped labels that are the items
    themselves or like them.
    """
    from screen.rank.figures import check_figure

    if plot is not None:
        check_figure(plot)
    loaded, items = _read_items(gold, study, pack, targets)
    wanted = orders or tuple(
        order
        for order in ("cold", "learning", "rules", "published", "random")
        if order != "published" or all(item.published is not None for item in items)
    )
    result = _simulate(loaded, items, wanted, code, seeds, every, model)
    if output is not None:
        write_text(output, json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    if plot is not None:
        _plot(plot, result)
    if output is None or str(output) != "-":
        show_simulation(result)


def _read_items(
    gold: Path, study: Path | None, pack: str, targets: Path | None
) -> tuple["Pack", list["Item"]]:
    """Return the pack and the items of a simulation: judged passages, or papers of a study."""
    from screen.match.afind import Targets, read_targets
    from screen.match.cascade import Cascade
    from screen.rank.gold import read_gold, read_labels
    from screen.rank.items import read_passage_items

    if study is not None:
        from screen.study.database import open_database
        from screen.study.simulation import read_paper_items

        opened = Study(study)
        loaded = load_pack(find_pack(opened.settings.pack, opened.folder))
        return loaded, read_paper_items(open_database(opened), read_gold(gold, "file"))
    loaded = load_pack(find_pack(pack))
    phrases = Targets(read_targets(targets)) if targets else None
    judged = [item for item in read_labels([gold]) if not item.copy_of]
    return loaded, read_passage_items(Cascade(loaded), judged, phrases)


def _simulate(
    pack: "Pack",
    items: list["Item"],
    orders: Sequence[str],
    code: int,
    seeds: int,
    every: int,
    model: str,
) -> dict[str, Any]:
    """Return the measures and the curves of all replays, as plain data."""
    from screen.rank.classifier import train_for_order
    from screen.rank.model import find_model, load_model
    from screen.rank.simulate import apart, choose_priors, draw_curve, replay, summarise
    from screen.study.ranking import read_shipped_examples

    folder = find_model(model, pack.manifest.name)
    if folder is None:
        raise ModelError(f"no model ships for the pack {pack.manifest.name}: name one by --model")
    loaded = load_model(folder)
    if loaded.card["family"] != pack.manifest.family:
        raise ModelError(f"{folder}: a model for packs of family {loaded.card['family']!r:.40}")
    known = read_shipped_examples(pack)
    shipped, like = apart(known, items)
    start = loaded.classifier
    if like and len({example.code for example in shipped}) > 1:
        start = train_for_order(shipped)  # what learns must not begin with the answers
    replays = []
    with progress(seeds * len(orders), "replays") as report:
        for seed in range(1, seeds + 1):
            priors = choose_priors(items, code, seed)
            for order in orders:
                first = start if order == "learning" else loaded.classifier
                replays.append(replay(order, items, priors, code, seed, first, shipped, every))
                report(1)
    return {
        "items": len(items),
        "relevant": sum(item.code >= code for item in items),
        "code": code,
        "model": loaded.label,
        "pack": pack.label,
        "every": every,
        "like_shipped": like,
        "orders": summarise(replays),
        "replays": [{**asdict(each), "recall": draw_curve(each)} for each in replays],
    }


def _plot(path: Path, result: dict[str, Any]) -> None:
    from screen.rank.figures import plot_recall

    curves: dict[str, list[list[float]]] = {}
    for each in result["replays"]:
        curves.setdefault(each["order"], []).append(each["recall"])
    title = f"{result['items']} items, {result['relevant']} relevant (code {result['code']}+)"
    plot_recall(path, curves, title)
