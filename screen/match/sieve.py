"""The first step of the cascade tells whether a text is worth reading at all.

It is if it holds a trigger term (in the brain-death pack: something done to an airway) and, where
every rule of the pack asks for a donor, a term that can make somebody a donor; damaged ones count
as long as they are not ruled out. No rule can be met otherwise (packs.py sees to it), so nothing
is lost. A text with wording near a phrase of the pack is read whatever its terms.
"""

from collections.abc import Iterable

from screen.match.lexicon import TermMatch
from screen.match.schema import Pack


class Sieve:
    """Tells the texts that can meet a pack's rules from those that cannot."""

    def __init__(self, pack: Pack) -> None:
        self._asks_for_donor = all(
            any(step.actors == ("donor",) for step in rule.sequence)
            for rule in pack.rules
            if pack.makes_hits(rule)
        )

    def is_worth_reading(self, terms: Iterable[TermMatch]) -> bool:
        """Tell whether a text with these terms can meet a rule at all."""
        trigger = donor = False
        for match in terms:
            trigger |= match.term.trigger
            donor |= "donor" in (match.term.actor, match.term.usually)
        return trigger and (donor or not self._asks_for_donor)
