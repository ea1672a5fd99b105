"""How the stopping test does: replayed screenings with few relevant passages among many.

Each replay draws passages from labels/, with replacement, and reads them in the order of chances
that were cross-validated, so that no passage is ranked by a classifier that had seen it.

    python -m benchmarks.stopping [--replays 200] [--total 2800] [--prevalence 0.025]
"""

import argparse
import json
from pathlib import Path
from statistics import fmean, median

import numpy as np

from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.rank.classifier import cross_validate
from screen.rank.evaluate import share
from screen.rank.gold import read_labels
from screen.rank.stopping import find_stop
from screen.rank.training import SEED, make_examples

LABELS = Path(__file__).resolve().parent.parent / "labels"


def main() -> None:
    """Print how often recall at the stop was below the target, and the work saved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--total", type=int, default=2800)
    parser.add_argument("--prevalence", type=float, default=0.025)
    parser.add_argument("--target", type=float, default=0.95)
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--random", action="store_true", help="read in random order")
    wanted = parser.parse_args()
    examples = make_examples(Cascade(load_pack(find_pack("brain-death"))), read_labels([LABELS]))
    chances = cross_validate(examples, SEED)
    for code in (1, 2):
        pool = [
            (chance.expected, example.code >= code)
            for chance, example in zip(chances, examples, strict=True)
            if not example.copy
        ]
        recalls, saved = [], []
        for seed in range(wanted.replays):
            order = draw_order(pool, wanted, seed)
            stop = find_stop(order, wanted.target, wanted.confidence, wanted.every)
            recalls.append(sum(order[:stop]) / sum(order))
            saved.append(1 - stop / len(order))
        below = share(sum(r < wanted.target for r in recalls), len(recalls))
        print(
            json.dumps(
                {
                    "relevant": f"code {code} and above",
                    "below": below.count,
                    "of": below.total,
                    "interval": [below.low, below.high],
                    "least_recall": min(recalls),
                    "mean_recall": fmean(recalls),
                    "work_saved_mean": fmean(saved),
                    "work_saved_median": median(saved),
                }
            )
        )


def draw_order(pool: list[tuple[float, bool]], wanted: argparse.Namespace, seed: int) -> list[bool]:
    """Return the labels of a screening in the order of reading, ties in random order."""
    rng = np.random.default_rng(seed)
    relevant = round(wanted.total * wanted.prevalence)
    drawn = []
    for kind, number in ((True, relevant), (False, wanted.total - relevant)):
        choice = [chance for chance, label in pool if label == kind]
        drawn += [(chance, kind) for chance in rng.choice(choice, number)]
    noise = rng.random(len(drawn))
    keys = np.array([0.0 if wanted.random else -chance for chance, _ in drawn])
    return [drawn[index][1] for index in np.lexsort((noise, keys))]


if __name__ == "__main__":
    main()
