"""How good an order of reading is, by the measures of screening in systematic reviews.

All take the labels in the order in which they were read: 1 for relevant, 0 for not. They give what
ASReview gives: recall, work saved over sampling and time to discovery as ASReview Insights 1.6
(van de Schoot and others 2021, "An open source machine learning framework for efficient and
transparent systematic reviews"; Ferdinands and others 2023, "Performance of active learning models
for screening prioritization in systematic reviews"), loss and NDCG as ASReview 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = Sequence[int] | npt.NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class ScreeningMetrics:
    """The measures of one order.

    `recall_25` is the share of the relevant found (0-1) once 25 % are read, `rrf_10` once 10 % are
    ("relevant references found"). `wss_95` is the work saved over sampling at 95 % recall, 0-1,
    `atd` the average time to discovery, in items read. `ndcg` is 1 and `loss` 0 for the best order.
    """

    recall_25: float
    rrf_10: float
    wss_95: float
    atd: float
    ndcg: float
    loss: float


def measure(labels: Labels) -> ScreeningMetrics:
    """Return all measures of one order. Raises ValueError unless both labels are in it."""
    order = np.asarray(labels, dtype=np.int64)
    if not 0 < order.sum() < len(order):
        raise ValueError("an order needs items that are relevant and items that are not")
    return ScreeningMetrics(
        recall_25=recall(order, 0.25),
        rrf_10=recall(order, 0.10),
        wss_95=work_saved(order, 0.95),
        atd=time_to_discovery(order),
        ndcg=ndcg(order),
        loss=loss(order),
    )


def recall(labels: Labels, share: float) -> float:
    """Return the share of the relevant items that is found once `share` of all are read."""
    order = np.asarray(labels)
    read = int(np.searchsorted(np.arange(1, len(order) + 1) / len(order), share, side="right"))
    return float(order[:read].sum() / order.sum())


def work_saved(labels: Labels, target: float) -> float:
    """Return the work saved over sampling: how much earlier than in random order, as a share.

    Measured where the last relevant item within `target` recall is found; the random order finds
    them evenly, rounded to whole items.
    """
    order = np.asarray(labels)
    relevant = int(order.sum())
    numbers = np.arange(1, relevant + 1)
    evenly = np.round(np.linspace(0, relevant, len(order)))
    earlier = np.searchsorted(evenly, numbers) - np.searchsorted(order.cumsum(), numbers)
    last = int(np.searchsorted(numbers / relevant, target, side="right")) - 1
    return float(earlier[last] / len(order))


def time_to_discovery(labels: Labels) -> float:
    """Return the average place, from 1, at which a relevant item is read."""
    return float(np.flatnonzero(np.asarray(labels)).mean() + 1)


def ndcg(labels: Labels) -> float:
    """Return the normalised discounted cumulative gain (Wang and others 2013), 0-1."""
    order = np.asarray(labels)
    gain = (order / np.log2(np.arange(2, len(order) + 2))).sum()
    best = (1 / np.log2(np.arange(2, int(order.sum()) + 2))).sum()
    return float(gain / best)


def loss(labels: Labels) -> float:
    """Return how far the area under the recall curve is from the best, 0, towards the worst, 1."""
    order = np.asarray(labels)
    total, relevant = len(order), int(order.sum())
    best = relevant * (total - (relevant - 1) / 2)
    return float((best - order.cumsum().sum()) / (relevant * (total - relevant)))
