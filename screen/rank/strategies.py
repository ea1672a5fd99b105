"""Query strategies: which passage people read next, given the chances of all."""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from screen.rank.classifier import Chance

Strategy = Literal["certainty", "uncertainty", "mix"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
# In a mix, every so many passages one is taken for its uncertainty.
_MIX = 4


def arrange(chances: Sequence[Chance], strategy: Strategy) -> list[int]:
    """Return the indices of passages in the order of reading; ties keep their order.

    certainty: the highest expected code first, so that much is found early. uncertainty: those
    first of which it is least clear whether they are of code 0, so that the classifier learns most
    (Lewis and Gale 1994). mix: of the first kind, but every fourth of the second.
    """
    return _ORDERS[strategy](chances)


def _by_certainty(chances: Sequence[Chance]) -> list[int]:
    return sorted(range(len(chances)), key=lambda index: -chances[index].expected)


def _by_uncertainty(chances: Sequence[Chance]) -> list[int]:
    return sorted(range(len(chances)), key=lambda index: abs(chances[index].possible - 0.5))


def _by_both(chances: Sequence[Chance]) -> list[int]:
    queues = {name: iter(_ORDERS[name](chances)) for name in ("certainty", "uncertainty")}
    taken: dict[int, None] = {}
    while len(taken) < len(chances):
        turn = "uncertainty" if len(taken) % _MIX == _MIX - 1 else "certainty"
        taken[next(index for index in queues[turn] if index not in taken)] = None
    return list(taken)


_ORDERS: dict[str, Callable[[Sequence[Chance]], list[int]]] = {
    "certainty": _by_certainty,
    "uncertainty": _by_uncertainty,
    "mix": _by_both,
}
