"""Our order of reading beside ASReview's, on the same judged passages with the same priors.

ASReview is not installed with this project; give the Python of an environment that has it:

    python3 -m venv /tmp/asreview && /tmp/asreview/bin/pip install asreview
    python -m benchmarks.asreview GOLD --python /tmp/asreview/bin/python [--cross-validated]

GOLD holds passages {"text", "code"}. ASReview learns from one relevant and one other passage and
then from each that it reads (its default, ELAS u4), on words cut by jieba. Ours is the model that
ships, or with --cross-validated, for GOLD files of labels/, chances from classifiers that saw
nothing of the passage's group.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.rank.calibration import calibration_error
from screen.rank.classifier import Chance, Classifier, cross_validate
from screen.rank.features import Passage
from screen.rank.gold import Gold, read_labels
from screen.rank.items import read_passage_items
from screen.rank.model import load_model
from screen.rank.simulate import Item, Replay, choose_priors, replay, summarise
from screen.rank.training import SEED, make_examples
from screen.settings import shipped_folder
from screen.text.tokens import Segmenter

_MEASURES = ("recall_25", "rrf_10", "wss_95", "atd", "ndcg", "loss")
_READ_ORDER = """
import sys, asreview
with asreview.open_state(sys.argv[1]) as state:
    print(" ".join(map(str, state.get_results_table(priors=False)["record_id"])))
"""


class _HeldOut(Classifier):
    """Chances that were found beforehand, by passage."""

    def __init__(self, chances: dict[int, Chance]) -> None:
        self._chances = chances

    def judge(self, passages: Sequence[Passage]) -> list[Chance]:
        return [self._chances[id(passage)] for passage in passages]


def main() -> None:
    """Print one table for code 2 and one for codes 1 and 2."""
    parser = argparse.ArgumentParser()
    parser.add_argument("gold", type=Path, nargs="+")
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--cross-validated", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    wanted = parser.parse_args()
    cascade = Cascade(load_pack(find_pack("brain-death")))
    gold = [item for item in read_labels(wanted.gold) if not item.copy_of]
    items = read_passage_items(cascade, gold, None)
    classifier = load_model(shipped_folder("models") / "brain-death").classifier
    if wanted.cross_validated:
        classifier = _cross_validate(cascade, gold, items)
    chances = classifier.judge([item.passages[0] for item in items])
    for code in (1, 2):
        replays = []
        for seed in range(1, wanted.seeds + 1):
            priors = choose_priors(items, code, seed)
            for order in ("cold", "rules"):
                replays.append(replay(order, items, priors, code, seed, classifier))
            replays.append(_run_asreview(wanted.python, items, priors, code, seed))
        relevant = sum(item.code >= code for item in items)
        print(f"\n{len(items)} passages, {relevant} of code {code} and above")
        print(f"| order | {' | '.join(_MEASURES)} |")
        for order, found in summarise(replays).items():
            cells = [f"{found['mean'][name]:.4f}" for name in _MEASURES]
            print(f"| {order} | {' | '.join(cells)} |")
        given = [c.problematic if code == 2 else c.possible for c in chances]
        print(f"calibration error {_error(given, items, code):.4f}")


def _cross_validate(cascade: Cascade, gold: Sequence[Gold], items: Sequence[Item]) -> _HeldOut:
    """Return chances as the model's card has them: trained on all labels, copies included."""
    labels = read_labels([shipped_folder("labels")])
    chances = cross_validate(make_examples(cascade, labels), SEED)
    by_id = {label.id: chance for label, chance in zip(labels, chances, strict=True)}
    return _HeldOut(
        {id(item.passages[0]): by_id[one.id] for item, one in zip(items, gold, strict=True)}
    )


def _error(given: Sequence[float], items: Sequence[Item], code: int) -> float:
    import numpy as np

    return calibration_error(np.array(given), np.array([item.code >= code for item in items]))


def _run_asreview(
    python: Path, items: Sequence[Item], priors: Sequence[int], code: int, seed: int
) -> Replay:
    """Return the order in which ASReview reads the items, all of them."""
    segmenter = Segmenter()
    with tempfile.TemporaryDirectory() as scratch:
        table, state = Path(scratch) / "items.csv", Path(scratch) / "state.asreview"
        with table.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("title", "abstract", "included"))
            for item in items:
                cut = segmenter.cut("".join(item.texts[0].split()))
                words = [word for word in cut if word.strip()]
                writer.writerow((" ".join(words[:12]), " ".join(words), int(item.code >= code)))
        command: list[str | Path] = [
            python, "-m", "asreview", "simulate", table, "--prior-idx", *map(str, priors),
            "--seed", str(seed), "--n-stop", "-1", "-o", state,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            sys.exit(f"ASReview failed: {done.stderr[-500:]}")
        read = subprocess.run(
            [python, "-c", _READ_ORDER, state], capture_output=True, encoding="utf-8", check=True
        )
    order = [int(number) for number in read.stdout.split()]
    assert sorted([*order, *priors]) == list(range(len(items)))
    return Replay(
        "asreview",
        seed,
        tuple(items[i].id for i in order),
        tuple(int(items[i].code >= code) for i in order),
        tuple(items[i].id for i in priors),
    )


if __name__ == "__main__":
    main()
