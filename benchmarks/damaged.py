"""Measure what random damage costs: passages as they are, then with wrong characters and spaces.

    python benchmarks/damaged.py labels/passages.jsonl labels/excerpts.jsonl --seeds 8

Of the Chinese characters 2 % are replaced by others of the passages, and 5 % get a space behind
them. Every figure is a count of passages by judged and given code.
"""

import argparse
import random
from pathlib import Path

from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.rank.evaluate import evaluate, judge_passages
from screen.rank.gold import CODES, Gold, read_gold

_WRONG, _SPACES = 0.02, 0.05


def damage(text: str, characters: str, chance: random.Random) -> str:
    """Return a text with characters replaced and spaces put in at random."""
    kept = []
    for character in text:
        chinese = "\u4e00" <= character <= "\u9fff"
        wrong = chinese and chance.random() < _WRONG
        kept.append(chance.choice(characters) if wrong else character)
        kept.append(" " if chance.random() < _SPACES else "")
    return "".join(kept)


def main() -> None:
    """Print a row for the passages unharmed and one for each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", type=Path, nargs="+")
    parser.add_argument("--pack", default="brain-death")
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    cascade = Cascade(load_pack(find_pack(options.pack)))
    for path in options.gold:
        gold = read_gold(path, "text")
        written = "".join(item.text for item in gold)
        characters = "".join(sorted({c for c in written if "\u4e00" <= c <= "\u9fff"}))
        print(path)
        print(
            "seed     judged 2: given 2 1 0   judged 1: 2 1 0   judged 0: 2 1 0   recall of code 2"
        )
        recalls = []
        for seed in range(options.seeds + 1):
            chance = random.Random(seed)
            harmed = [
                Gold(
                    item.id, item.code, damage(item.text, characters, chance) if seed else item.text
                )
                for item in gold
            ]
            result = evaluate(list(judge_passages(cascade, harmed)))
            rows = ("   ".join(f"{result.confusion[g][c]:>4}" for c in CODES) for g in CODES)
            recalls.append(result.measures[0].recall.value or 0.0)
            print(f"{seed or 'none':>4}   {'   |   '.join(rows)}   |   {recalls[-1]:.3f}")
        whole, *rest = recalls
        if rest:
            losses = [100 * (whole - recall) for recall in rest]
            mean = sum(losses) / len(losses)
            print(
                f"recall of code 2 falls by {mean:.1f} points on average, {max(losses):.1f} at most"
            )


if __name__ == "__main__":
    main()
