"""From judged passages to a model on disk, with a card that says how good it is."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import screen
from screen.errors import GoldError
from screen.match.cascade import Cascade
from screen.match.schema import Pack
from screen.rank.calibration import measure_chances
from screen.rank.card import render_card
from screen.rank.classifier import (
    FOLDS,
    Chance,
    Example,
    combine,
    cross_validate,
    find_groups,
    train,
)
from screen.rank.features import Describer
from screen.rank.figures import plot_calibration
from screen.rank.gold import CODES, Gold, read_labels
from screen.rank.model import save_model

SEED = 1
_VERSIONS = ("numpy", "scipy", "rjieba", "opencc")


@dataclass(frozen=True, slots=True)
class Source:
    """Judged passages from one place, as the card names it; `sha256` is of what was read there."""

    name: str
    sha256: str
    examples: tuple[Example, ...]


def read_source(cascade: Cascade, name: str, paths: Iterable[Path]) -> Source:
    """Return the judged passages of files or folders, read by themselves with a pack.

    Raises GoldError with file and line.
    """
    gold = read_labels(paths)
    return Source(name, _hash(gold), tuple(make_examples(cascade, gold)))


def make_examples(cascade: Cascade, gold: Sequence[Gold]) -> list[Example]:
    """Return judged passages as examples."""
    describer = Describer()
    return [
        Example(
            describer.describe_text(cascade, item.text),
            item.code,
            item.text,
            item.paper,
            bool(item.copy_of),
        )
        for item in gold
    ]


def _hash(gold: Sequence[Gold]) -> str:
    rows = sorted(f"{item.code} {item.copy_of} {item.text}" for item in gold)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def train_model(
    folder: Path, name: str, pack: Pack, sources: Sequence[Source], seed: int = SEED
) -> dict[str, Any]:
    """Train a model on all sources, measure it, write it with its card, and return the card.

    What the card says of its quality comes from classifiers that had seen nothing of the passage's
    paper. Raises GoldError where there is nothing to tell apart, ModelError if the folder cannot
    be written.
    """
    examples = [example for source in sources for example in source.examples]
    if not examples:
        raise GoldError("no judged passages to learn from")
    classifier = train(examples, seed)
    chances = cross_validate(examples, seed)
    groups = find_groups(examples)
    measured = [index for index, example in enumerate(examples) if not example.copy]
    codes = [examples[index].code for index in measured]
    found = measure_chances([chances[i] for i in measured], codes, groups[measured], seed)
    card = {
        "name": name,
        "family": pack.manifest.family,
        "pack": pack.label,
        "program": screen.__version__,
        "seed": seed,
        "folds": FOLDS,
        "data": [_count(source) for source in sources],
        "passages": len(measured),
        "copies": len(examples) - len(measured),
        "groups": len(np.unique(groups)),
        "codes": {str(code): codes.count(code) for code in CODES},
        "cross_validated": found,
        "papers": _measure_papers(examples, chances, seed),
        "other_libraries": {library: version(library) for library in _VERSIONS},
    }
    whole = save_model(folder, classifier, card)
    plot_calibration(folder / "calibration.png", found)
    (folder / "card.md").write_text(render_card(whole), encoding="utf-8")
    return whole


def _count(source: Source) -> dict[str, Any]:
    originals = [example for example in source.examples if not example.copy]
    return {
        "name": source.name,
        "sha256": source.sha256,
        "passages": len(originals),
        "copies": len(source.examples) - len(originals),
        "codes": {str(c): sum(example.code == c for example in originals) for c in CODES},
    }


def _measure_papers(
    examples: Sequence[Example], chances: Sequence[Chance], seed: int
) -> dict[str, Any] | None:
    """Return the measures of whole papers, of those with several judged passages."""
    held: dict[str, list[int]] = {}
    for index, example in enumerate(examples):
        if not example.copy:
            held.setdefault(example.paper, []).append(index)
    papers = [places for places in held.values() if len(places) > 1]
    if len(papers) < 2:
        return None
    combined = [combine([chances[index] for index in places]) for places in papers]
    codes = [max(examples[index].code for index in places) for places in papers]
    return measure_chances(combined, codes, np.arange(len(papers)), seed)
