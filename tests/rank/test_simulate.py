"""Replayed screenings: what is read when, what is learned, and what may not be known."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from screen.errors import GoldError
from screen.match.afind import Targets, read_targets
from screen.match.cascade import Cascade
from screen.rank.classifier import Classifier, Example
from screen.rank.gold import Gold, read_labels
from screen.rank.items import read_passage_items
from screen.rank.simulate import (
    ORDERS,
    Item,
    apart,
    choose_priors,
    draw_curve,
    judge,
    replay,
    summarise,
)

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def items(cascade: Cascade) -> list[Item]:
    gold = read_labels([ROOT / "labels" / "excerpts.jsonl"])[3::15]
    targets = Targets(read_targets(ROOT / "corpus" / "targets.txt"))
    return read_passage_items(cascade, gold, targets)


@pytest.mark.parametrize("order", ORDERS)
def test_all_but_the_priors_are_read_once_and_the_same_again(
    order: str, items: list[Item], classifier: Classifier, examples: list[Example]
) -> None:
    priors = choose_priors(items, 1, seed=2)
    replays = [
        replay(order, items, priors, 1, 2, classifier, examples[::2], every=25) for _ in range(2)
    ]
    assert replays[0] == replays[1]
    read = set(replays[0].items)
    assert len(read) == len(replays[0].items) == len(items) - 2
    assert read.isdisjoint(replays[0].priors)
    by_id = {item.id: item for item in items}
    assert replays[0].relevant == tuple(int(by_id[i].code >= 1) for i in replays[0].items)


def test_priors_are_one_of_each_kind_and_drawn_by_the_seed(items: list[Item]) -> None:
    drawn = [choose_priors(items, 2, seed) for seed in range(20)]
    assert drawn == [choose_priors(items, 2, seed) for seed in range(20)]
    assert all(items[one].code == 2 and items[other].code < 2 for one, other in drawn)
    assert len({tuple(pair) for pair in drawn}) > 5


def test_items_of_one_kind_cannot_be_simulated(items: list[Item]) -> None:
    with pytest.raises(GoldError, match="needs items"):
        choose_priors([item for item in items if item.code == 0], 1, 1)


def test_cold_and_learning_find_much_earlier_than_random(
    items: list[Item], classifier: Classifier, examples: list[Example]
) -> None:
    replays = [
        replay(order, items, choose_priors(items, 1, seed), 1, seed, classifier, examples, 20)
        for order in ("cold", "learning", "random")
        for seed in (1, 2)
    ]
    loss = {order: found["mean"]["loss"] for order, found in summarise(replays).items()}
    assert max(loss["cold"], loss["learning"]) < 0.1 < 0.3 < loss["random"]


def test_what_is_learned_changes_what_is_read_next(
    items: list[Item], classifier: Classifier, examples: list[Example]
) -> None:
    turned = [replace(item, code=2 - item.code) for item in items]
    priors = choose_priors(turned, 2, 1)
    cold = replay("cold", turned, priors, 2, 1, classifier)
    taught = replay("learning", turned, priors, 2, 1, classifier, [], every=10)
    # The codes are upside down: only who learns can find what is wanted.
    assert summarise([cold])["cold"]["mean"]["loss"] > 0.6
    assert summarise([taught])["learning"]["mean"]["loss"] < 0.5


def test_rules_order_by_code_then_score(items: list[Item], classifier: Classifier) -> None:
    done = replay("rules", items, choose_priors(items, 1, 1), 1, 1, classifier)
    scores = [next(item.score for item in items if item.id == i) for i in done.items]
    assert scores == sorted(scores, reverse=True)


def test_the_published_order_needs_target_phrases(
    items: list[Item], classifier: Classifier
) -> None:
    without = [replace(item, published=None) for item in items]
    with pytest.raises(GoldError, match="target phrases"):
        replay("published", without, [0, 1], 1, 1, classifier)


def test_a_paper_has_the_best_chances_of_its_passages_and_one_without_is_read_last(
    items: list[Item], classifier: Classifier
) -> None:
    passages = tuple(item.passages[0] for item in items[:10])
    paper = Item("paper", 2, passages, ("",) * 10, 2.5)
    empty = Item("empty", 0, (), (), -1.0)
    chances = judge([paper, empty], classifier)
    each = classifier.judge(passages)
    assert chances[0].problematic == max(chance.problematic for chance in each)
    assert chances[1].expected == 0


def test_shipped_labels_that_are_the_items_are_taken_apart(
    examples: Sequence[Example], items: list[Item], cascade: Cascade
) -> None:
    same = read_passage_items(cascade, [Gold("x", 2, examples[0].text[5:])], None)
    kept, like = apart(examples, same)
    assert like == 1
    assert examples[0] not in kept
    assert len(kept) == len(examples) - 1
    assert apart(examples, [replace(items[0], texts=("毫不相干的一句话。",))]) == (
        list(examples),
        0,
    )


def test_a_curve_ends_with_everything_found(items: list[Item], classifier: Classifier) -> None:
    curve = draw_curve(replay("random", items, choose_priors(items, 1, 1), 1, 1, classifier))
    assert curve == sorted(curve)
    assert curve[-1] == 1


def test_passages_of_one_id_are_told_apart(cascade: Cascade) -> None:
    gold = [Gold("a", 2, "供体脑死亡后插管。"), Gold("a", 0, "受者术后拔管。")]
    assert [item.id for item in read_passage_items(cascade, gold, None)] == ["a #1", "a #2"]
