"""The trained classifier: how likely a passage is to be judged code 2, or code 1 and above.

One scikit-learn pipeline: character n-grams, words and evidence, weighed together by a multinomial
logistic regression over the three codes. Its probabilities are calibrated by temperature scaling
(Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", section 4.2), the
temperature found on passages that were held out group by group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler
from threadpoolctl import threadpool_limits

from screen.errors import GoldError
from screen.rank.features import Passage, as_array
from screen.rank.gold import group

FOLDS = 5
# A passage judged in a study counts for so many of the shipped ones: it is of the papers that are
# to be ordered.
OWN_WEIGHT = 3.0
# Papers (or groups of them) of each code: fewer cannot be split twice, to measure and to calibrate.
_FEWEST = 4
# The rules that make the evidence were written with part of the labels in sight, so that on those
# they look better than they are on papers nobody has seen: they are given less room.
_EVIDENCE_WEIGHT = 0.1
_HASHES = 2**15

Folds = list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]


class Chance(NamedTuple):
    """Calibrated probabilities (0-1) that a passage is code 2, and that it is code 1 or 2."""

    problematic: float
    possible: float

    @property
    def expected(self) -> float:
        """The expected code, 0-2."""
        return self.problematic + self.possible


def combine(chances: Sequence[Chance]) -> Chance:
    """Return the chances of a paper with passages of these chances: the highest of each.

    Not one minus the product of all that are left: what misleads the classifier about one passage
    of a paper misleads it about the others.
    """
    if not chances:
        return Chance(0.0, 0.0)
    return Chance(max(c.problematic for c in chances), max(c.possible for c in chances))


@dataclass(frozen=True, slots=True)
class Example:
    """A judged passage to learn from.

    `paper` and `text` tell which examples belong in one fold; `weight` is how many passages it
    counts for. A damaged `copy` is learned from and never measured on.
    """

    passage: Passage
    code: int
    text: str
    paper: str = ""
    copy: bool = False
    weight: float = 1.0


class Classifier:
    """A trained pipeline. Make one with `train` or `model.load_model`."""

    def __init__(self, estimator: CalibratedClassifierCV | Pipeline) -> None:
        self.estimator = estimator

    def judge(self, passages: Sequence[Passage]) -> list[Chance]:
        """Return the chances of each passage."""
        if not passages:
            return []
        given = _by_code(self.estimator, as_array(passages))
        return [Chance(float(row[2]), float(row[1] + row[2])) for row in given]


def train(examples: Sequence[Example], seed: int) -> Classifier:
    """Return a classifier trained and calibrated on examples; the same bits for the same seed.

    Raises GoldError where there is nothing to tell apart: fewer than two codes, or a code with
    passages of fewer than two papers.
    """
    check(examples)
    return Classifier(_fit(examples, find_groups(examples), seed))


def train_for_order(examples: Sequence[Example]) -> Classifier:
    """Return a classifier whose order is as good and whose probabilities are not calibrated.

    It takes a sixth of the time; for simulations, which train it many times. Raises GoldError where
    all examples are of one code.
    """
    _check_codes(examples)
    return Classifier(_fit_pipeline(examples))


def cross_validate(examples: Sequence[Example], seed: int) -> list[Chance]:
    """Return the chances of each example by a classifier that saw nothing of its group.

    A group is all passages of a paper with their near-duplicates and damaged copies. Raises
    GoldError as `train` does.
    """
    check(examples)
    groups = find_groups(examples)
    chances = [Chance(0.0, 0.0)] * len(examples)
    for seen, held in _split(examples, groups, seed):
        part = [examples[index] for index in seen]
        trained = Classifier(_fit(part, groups[seen], seed))
        found = trained.judge([examples[index].passage for index in held])
        for index, chance in zip(held, found, strict=True):
            chances[index] = chance
    return chances


def find_groups(examples: Sequence[Example]) -> npt.NDArray[np.intp]:
    """Return the group of each example: what hangs together must stay in one fold."""
    return np.array(group([e.text for e in examples], [e.paper for e in examples]), dtype=np.intp)


def check(examples: Sequence[Example]) -> None:
    """Raise GoldError unless two codes are there, and each of those in enough groups."""
    _check_codes(examples)
    groups = find_groups(examples)
    held = {
        code: {int(g) for e, g in zip(examples, groups, strict=True) if e.code == code}
        for code in sorted({example.code for example in examples})
    }
    for code, where in held.items():
        if len(where) < _FEWEST:
            raise GoldError(
                f"the passages of code {code} are of {len(where)} papers, counting those alike as "
                f"one: at least {_FEWEST} are needed to learn and to measure what was learned"
            )


def _check_codes(examples: Sequence[Example]) -> None:
    held = {example.code for example in examples}
    if len(held) < 2:
        codes = "".join(f", all of code {code}" for code in held)
        raise GoldError(f"{len(examples)} judged passages{codes}: two codes are needed to learn")


def is_sound(estimator: CalibratedClassifierCV) -> bool:
    """Tell whether a classifier that was read is one that `train` makes, and gives probabilities.

    Its steps and their settings must be ours, since some of those read files or never end. What is
    wrong with it may also raise an error of any kind.
    """
    (calibrated,) = estimator.calibrated_classifiers_
    fitted, ours = calibrated.estimator, _pipeline()
    columns = {name: part for name, part, _ in fitted["columns"].transformers_}
    for name, part, column in ours["columns"].transformers:
        if _tell(columns.pop(name)) != _tell(part):
            return False
        if [c for n, _, c in fitted["columns"].transformers_ if n == name] != [column]:
            return False
    if columns or list(fitted.named_steps) != list(ours.named_steps):
        return False
    if any(type(fitted[name]) is not type(ours[name]) for name in ours.named_steps):
        return False
    if not set(estimator.classes_.tolist()) <= {0, 1, 2}:
        return False
    given = _by_code(estimator, as_array([Passage("供体 脑死亡", "供体 脑死亡", {"score": 0.5})]))
    return bool(np.isfinite(given).all() and np.allclose(given.sum(), 1) and (given >= 0).all())


def _tell(part: Pipeline) -> dict[str, str]:
    """Return the settings of a part, steps of it included, as text."""
    return {name: repr(value) for name, value in part.get_params().items()}


def _fit(
    examples: Sequence[Example], groups: npt.NDArray[np.intp], seed: int
) -> CalibratedClassifierCV:
    estimator = CalibratedClassifierCV(
        _pipeline(),
        method="temperature",
        cv=_split(examples, groups, seed),
        ensemble=False,
    )
    _fit_estimator(estimator, examples)
    # What is kept need not remember which examples were held out.
    estimator.cv = None
    return estimator


def _fit_pipeline(examples: Sequence[Example]) -> Pipeline:
    pipeline = _pipeline()
    _fit_estimator(pipeline, examples)
    return pipeline


def _fit_estimator(
    estimator: CalibratedClassifierCV | Pipeline, examples: Sequence[Example]
) -> None:
    weights = np.array([example.weight for example in examples])
    passages = as_array([example.passage for example in examples])
    # One thread: the order of additions, and so the last bits, would follow the number of them.
    with threadpool_limits(limits=1):
        try:
            estimator.fit(passages, _codes(examples), logistic__sample_weight=weights)
        except ValueError as error:
            # Folds that hold whole groups may leave a code of few groups out of what is seen.
            raise GoldError(f"too few or too similar passages of some code: {error}") from None


def _pipeline() -> Pipeline:
    columns = ColumnTransformer(
        [
            ("characters", _count("char", (2, 4)), 0),
            ("words", _count("word", (1, 2)), 1),
            ("evidence", Pipeline([("names", DictVectorizer()), ("scale", MaxAbsScaler())]), 2),
        ],
        transformer_weights={"evidence": _EVIDENCE_WEIGHT},
    )
    regression = LogisticRegression(max_iter=3000, class_weight="balanced")
    return Pipeline([("columns", columns), ("logistic", regression)])


def _count(what: str, lengths: tuple[int, int]) -> Pipeline:
    """Return weighed counts of n-grams; hashed, since a vocabulary makes models much larger."""
    hashed = HashingVectorizer(
        analyzer=what,
        token_pattern=r"\S+" if what == "word" else None,
        ngram_range=lengths,
        n_features=_HASHES,
        alternate_sign=False,
        norm=None,
    )
    return Pipeline([("count", hashed), ("weigh", TfidfTransformer(sublinear_tf=True))])


def _split(examples: Sequence[Example], groups: npt.NDArray[np.intp], seed: int) -> Folds:
    """Return the folds: no group in two of them, the codes as evenly spread as that allows."""
    codes = _codes(examples)
    fewest = min(len(set(groups[codes == code])) for code in set(codes.tolist()))
    folds = StratifiedGroupKFold(max(2, min(FOLDS, fewest)), shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(len(codes)), codes, groups))


def _codes(examples: Sequence[Example]) -> npt.NDArray[np.intp]:
    return np.array([example.code for example in examples], dtype=np.intp)


def _by_code(
    estimator: CalibratedClassifierCV | Pipeline, passages: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Return probabilities of shape (n, 3), by code; 0 for a code that was never seen."""
    given = np.zeros((len(passages), 3))
    with threadpool_limits(limits=1):
        given[:, estimator.classes_] = estimator.predict_proba(passages)
    return given
