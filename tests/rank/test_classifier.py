"""The classifier: what it is trained on, what it gives, and that it does so again."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from screen.errors import GoldError
from screen.match.cascade import Cascade
from screen.rank.classifier import (
    Chance,
    Classifier,
    Example,
    combine,
    cross_validate,
    find_groups,
    train,
)
from screen.rank.features import Describer, Passage
from screen.rank.model import dump
from screen.text.normalise import clean_pages
from screen.types import Page

TUBED = "1.2供心切取 供者确认脑死亡后行气管插管,接呼吸机,正中劈开胸骨。"
RECIPIENT = "受者全麻气管插管后仰卧,正中切口开胸,建立体外循环。"


def test_it_tells_a_problematic_passage_from_a_recipients(
    classifier: Classifier, cascade: Cascade
) -> None:
    describer = Describer()
    told, other = classifier.judge(
        [describer.describe_text(cascade, text) for text in (TUBED, RECIPIENT)]
    )
    assert told.problematic > 0.8
    assert other.possible < 0.2


def test_chances_are_probabilities_and_code_2_is_never_likelier_than_1_or_2(
    classifier: Classifier, examples: Sequence[Example]
) -> None:
    for chance in classifier.judge([example.passage for example in examples]):
        assert 0 <= chance.problematic <= chance.possible <= 1 + 1e-9
        assert chance.expected == chance.problematic + chance.possible


def test_no_passages_get_no_chances(classifier: Classifier) -> None:
    assert classifier.judge([]) == []


def test_the_same_examples_and_seed_give_the_same_bytes(
    classifier: Classifier, examples: Sequence[Example]
) -> None:
    assert dump(train(examples, seed=1)) == dump(classifier)


def test_names_that_were_never_seen_are_passed_over(classifier: Classifier) -> None:
    strange = Passage("완전히 다른 글", "완전히 다른 글", {"no such evidence": 1.0})
    assert 0 <= classifier.judge([strange])[0].problematic <= 1


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count n-grams in fewer columns, in which is trained several times as fast."""
    monkeypatch.setattr("screen.rank.classifier._HASHES", 2**12)


@pytest.mark.usefixtures("narrow")
def test_held_out_chances_come_from_classifiers_that_saw_nothing_of_the_group(
    examples: Sequence[Example],
) -> None:
    """A passage whose copy has another code: seen, the copy would give the code away."""
    texts = [f"某院报告第{n}例,{chr(0x4E00 + 37 * n) * 9}一段独一无二的文字" for n in range(40)]
    twins = [
        Example(Passage(text, text, {f"only {n}": 1.0}), code, text, f"paper {n}")
        for n, text in enumerate(texts)
        for code in (0, 2)
    ]
    chances = cross_validate([*examples, *twins], seed=1)[len(examples) :]
    groups = find_groups([*examples, *twins])[len(examples) :]
    assert all(groups[i] == groups[i + 1] for i in range(0, len(groups), 2))
    # Both of a pair look the same to a classifier that saw neither, and neither code is sure.
    for one, other in zip(chances[::2], chances[1::2], strict=True):
        assert one == other
    assert np.mean([chance.problematic for chance in chances]) < 0.9


def test_a_code_that_was_never_seen_gets_no_chance(examples: Sequence[Example]) -> None:
    trained = train([example for example in examples if example.code != 1], seed=1)
    for chance in trained.judge([example.passage for example in examples[:5]]):
        assert chance.problematic == pytest.approx(chance.possible)


@pytest.mark.usefixtures("narrow")
def test_weights_count_as_so_many_passages(examples: Sequence[Example]) -> None:
    doubtful = replace(examples[0], code=2 if examples[0].code == 0 else 0)
    chances = []
    for weight in (1.0, 50.0):
        others = [*examples[1:], replace(doubtful, weight=weight)]
        chances.append(train(others, seed=1).judge([doubtful.passage])[0].expected)
    closer = chances[1] > chances[0] if doubtful.code else chances[1] < chances[0]
    assert closer


@pytest.mark.parametrize("code", [0, 1, 2])
def test_one_code_only_is_an_error_that_says_so(examples: Sequence[Example], code: int) -> None:
    with pytest.raises(GoldError, match=f"all of code {code}: two codes are needed"):
        train([example for example in examples if example.code == code], seed=1)


def test_a_code_of_one_passage_is_an_error(examples: Sequence[Example]) -> None:
    ones = [example for example in examples if example.code == 1][:1]
    rest = [example for example in examples if example.code != 1]
    with pytest.raises(GoldError, match="passages of code 1 are of 1 papers"):
        train([*rest, *ones], seed=1)


def test_the_chances_of_a_paper_are_the_highest_of_its_passages() -> None:
    assert combine([Chance(0.1, 0.9), Chance(0.4, 0.5)]) == Chance(0.4, 0.9)
    assert combine([]) == Chance(0, 0)


def test_a_hit_and_the_same_text_by_itself_are_shown_the_same_evidence(cascade: Cascade) -> None:
    describer = Describer()
    hit = cascade.find_hits("x", clean_pages([Page("x", 1, TUBED, "text", 1.0)]))[0]
    by_hit, by_text = describer.describe_hit(hit), describer.describe_text(cascade, TUBED)
    assert by_hit.evidence == by_text.evidence
    assert {"code 2", "criterion A", "score"} <= set(by_hit.evidence)
    order = "declaration of donor, then intubation of donor"
    assert 0.5 < by_hit.evidence[order] < 1
