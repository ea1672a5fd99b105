"""Replay a screening of items that people have judged, to compare orders of reading.

An item is a passage, or a paper with its passages. A policy gives every unread item a number, the
highest is read next, and what was read may teach the policy. Ties are broken at random, by seed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np

from screen.errors import GoldError
from screen.rank.classifier import OWN_WEIGHT, Chance, Classifier, Example, combine, train_for_order
from screen.rank.features import Passage
from screen.rank.gold import group
from screen.rank.metrics import measure

ORDERS = ("cold", "learning", "rules", "published", "random")


@dataclass(frozen=True, slots=True)
class Item:
    """A judged passage, or a judged paper, to be read in a simulation.

    `passages` are what the classifier sees of it and `texts` their words; a paper without any is
    read last. `score` is that of the pack's rules, with the code before the point. `published` is
    what the published search says, the higher the earlier; None without it.
    """

    id: str
    code: int
    passages: tuple[Passage, ...]
    texts: tuple[str, ...]
    score: float
    published: float | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """One simulated screening: the items in the order of reading, priors left out."""

    order: str
    seed: int
    items: tuple[str, ...]
    relevant: tuple[int, ...]
    priors: tuple[str, ...]


def choose_priors(items: Sequence[Item], code: int, seed: int) -> list[int]:
    """Return the indices of one relevant and one other item, drawn at random."""
    rng = np.random.default_rng(seed)
    found = []
    for wanted in (True, False):
        choice = [i for i, item in enumerate(items) if (item.code >= code) == wanted]
        if len(choice) < 2:
            raise GoldError(
                f"a simulation needs items of code {code} and above, and others, two of each"
            )
        found.append(int(rng.choice(choice)))
    return found


def replay(
    order: str,
    items: Sequence[Item],
    priors: Sequence[int],
    code: int,
    seed: int,
    classifier: Classifier,
    shipped: Sequence[Example] = (),
    every: int = 10,
) -> Replay:
    """Read all items but the priors by one of `ORDERS`; of `code` and above they are relevant.

    cold: by the classifier as it is. learning: by the same, trained again after every `every` items
    on `shipped` and on what was read, the priors included. rules: by the pack alone. published: as
    the published search ranks them. random: not at all.
    """
    rng = np.random.default_rng(seed)
    noise = rng.random(len(items))
    unread = set(range(len(items))) - set(priors)
    read = list(priors)
    done: list[int] = []
    ranking: list[int] = []
    while unread:
        if not ranking:
            ranking = _rank(order, items, sorted(unread), noise, classifier)
            if order == "learning":
                ranking = ranking[:every]
        index = ranking.pop(0)
        unread.discard(index)
        read.append(index)
        done.append(index)
        if order == "learning" and not ranking and unread:
            classifier = learn([items[i] for i in read], shipped, classifier)
    return Replay(
        order,
        seed,
        tuple(items[i].id for i in done),
        tuple(int(items[i].code >= code) for i in done),
        tuple(items[i].id for i in priors),
    )


def _rank(
    order: str,
    items: Sequence[Item],
    unread: Sequence[int],
    noise: Any,
    classifier: Classifier,
) -> list[int]:
    if order == "random":
        values = [0.0] * len(unread)
    elif order == "rules":
        values = [items[i].score for i in unread]
    elif order == "published":
        values = [_or_raise(items[i].published) for i in unread]
    else:
        values = [chance.expected for chance in judge([items[i] for i in unread], classifier)]
    return [i for _, _, i in sorted(zip([-v for v in values], noise[unread], unread, strict=True))]


def _or_raise(value: float | None) -> float:
    if value is None:
        raise GoldError("the order of the published search needs its target phrases")
    return value


def judge(items: Sequence[Item], classifier: Classifier) -> list[Chance]:
    """Return the chances of items: those of a paper are the highest of its passages."""
    flat = classifier.judge([passage for item in items for passage in item.passages])
    chances, start = [], 0
    for item in items:
        chances.append(combine(flat[start : start + len(item.passages)]))
        start += len(item.passages)
    return chances


def learn(read: Sequence[Item], shipped: Sequence[Example], classifier: Classifier) -> Classifier:
    """Return a classifier trained on shipped labels and on items that were read.

    Of a paper of code 0 all passages teach that code; of another the likeliest one its code. As
    long as all are of one code the classifier stays as it is.
    """
    own = []
    for item in read:
        places = range(len(item.passages))
        if item.code and item.passages:
            chances = classifier.judge(item.passages)
            places = range(best := max(places, key=lambda i: chances[i].expected), best + 1)
        own += [
            Example(item.passages[i], item.code, item.texts[i], item.id, weight=OWN_WEIGHT)
            for i in places
        ]
    known = [*shipped, *own]
    if len({example.code for example in known}) < 2:
        return classifier
    return train_for_order(known)


def apart(shipped: Sequence[Example], items: Sequence[Item]) -> tuple[list[Example], int]:
    """Return the examples that share no paper and no wording with any item, and the items that do.

    What a classifier was trained on tells nothing of how it does on the unknown.
    """
    texts = [text for item in items for text in item.texts]
    homes = [item.id for item in items for _ in item.texts]
    papers = [example.paper for example in shipped] + [""] * len(texts)
    groups = group([*(example.text for example in shipped), *texts], papers)
    ours, theirs = groups[: len(shipped)], groups[len(shipped) :]
    seen, wanted = set(ours), set(theirs)
    like = {home for home, number in zip(homes, theirs, strict=True) if number in seen}
    kept = [e for e, number in zip(shipped, ours, strict=True) if number not in wanted]
    return kept, len(like)


def summarise(replays: Sequence[Replay]) -> dict[str, Any]:
    """Return the measures of each order, the mean over its replays and each by itself."""
    by_order: dict[str, list[Replay]] = {}
    for item in replays:
        by_order.setdefault(item.order, []).append(item)
    found = {}
    for order, of_order in by_order.items():
        each = [asdict(measure(item.relevant)) for item in of_order]
        mean = {name: fmean(row[name] for row in each) for name in each[0]}
        found[order] = {"mean": mean, "replays": each}
    return found


def draw_curve(item: Replay) -> list[float]:
    """Return the recall after each item read."""
    found = np.cumsum(item.relevant)
    return [float(value) for value in found / found[-1]]
