"""A small classifier, trained once for all tests that need one."""

from pathlib import Path

import pytest

from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.rank.classifier import Classifier, Example, train
from screen.rank.gold import read_labels
from screen.rank.training import make_examples

LABELS = Path(__file__).resolve().parent.parent.parent / "labels"


@pytest.fixture(scope="session")
def cascade() -> Cascade:
    return Cascade(load_pack(find_pack("brain-death")))


@pytest.fixture(scope="session")
def examples(cascade: Cascade) -> list[Example]:
    """Every sixth passage of the project's labels, of all codes."""
    return make_examples(cascade, read_labels([LABELS / "excerpts.jsonl"])[::6])


@pytest.fixture(scope="session")
def classifier(examples: list[Example]) -> Classifier:
    return train(examples, seed=1)
