"""The first step of the cascade tells whether a text is worth reading at all.

It is if some rule that makes hits may be met in it. What a rule asks for is looked for among the
terms, before the words of the text are known: for each step of its sequence a term that may tell
the event, the steps as near to each other as the rule wants them and in the same section, sentence
or clause, and beside each event something by which it may happen to whom the rule asks for.

Nothing is lost by that, since every question asked here is wider than the one asked in reading.
Which terms stand in a text, only its words tell; so all that may stand there count, damaged ones
too, except where a sum of cues would grow by leaving one out. How events are said, in which order
they happened and what bars a rule are left to the reading. A text with wording near a phrase of
the pack is read whatever its terms.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter

from screen.match.events.actors import (
    AFTERTHOUGHT,
    CARRY_REACH,
    CUE_AFTER,
    CUE_BEFORE,
    HEADING_REACH,
)
from screen.match.events.sections import Layout
from screen.match.lexicon import TermMatch, spell_out
from screen.match.schema import Actor, Compound, Pack, Rule, Term

_START = attrgetter("start")
_OPPOSITE: dict[Actor, Actor] = {"donor": "recipient", "recipient": "donor"}


class Sieve:
    """Tells the texts that can meet a pack's rules from those that cannot."""

    def __init__(self, pack: Pack) -> None:
        self._rules = [rule for rule in pack.rules if pack.makes_hits(rule)]
        wanted = {kind for rule in self._rules for step in rule.sequence for kind in step.kinds}
        # The events that a term of some kind may tell, alone (None) or with another beside it.
        self._tells: dict[str, list[tuple[str, Compound | None]]] = {}
        for kind in dict.fromkeys(term.kind for term in pack.terms if term.tells_event):
            if kind in wanted:
                self._tells[kind] = [(kind, None)]
        for compound in pack.compounds:
            if compound.kind in wanted:
                self._tells.setdefault(compound.part, []).append((compound.kind, compound))
        # A damaged term may be longer by a speck.
        self._longest = max(map(len, spell_out(pack.terms)), default=0) + 1

    def is_worth_reading(self, terms: Sequence[TermMatch], lay_out: Callable[[], Layout]) -> bool:
        """Tell whether a text can meet a rule at all, by the terms that may stand in it.

        `lay_out` returns the structure of the text; it is called only if the terms do not decide.
        """
        if not any(match.term.trigger for match in terms):
            return False
        text = _Terms(sorted(terms, key=_START), lay_out, self._longest)
        told: dict[str, list[TermMatch]] = {}
        for match in text.matches:
            for kind, compound in self._tells.get(match.term.kind, ()):
                if compound is None or text.has_beside(match, compound):
                    told.setdefault(kind, []).append(match)
        return any(_may_be_met(rule, told, text) for rule in self._rules)


def _may_be_met(rule: Rule, told: dict[str, list[TermMatch]], text: "_Terms") -> bool:
    """Tell whether a rule may be met by the terms that may tell its events."""
    steps = [
        sorted((match for kind in step.kinds for match in told.get(kind, ())), key=_START)
        for step in rule.sequence
    ]
    # From both ends, so that few are left of whom it has to be asked who they happen to.
    for way in (range(1, len(steps)), range(len(steps) - 2, -1, -1)):
        for place in way:
            others = steps[place - 1 if way.step > 0 else place + 1]
            steps[place] = [one for one in steps[place] if text.is_near(one, others, rule)]
    before: list[TermMatch] = []
    for place, step in enumerate(rule.sequence):
        before = [
            match
            for match in steps[place]
            if (place == 0 or text.is_near(match, before, rule))
            and text.may_happen_to(match, step.actors)
        ]
    return bool(before)


class _Terms:
    """The terms that may stand in one text, in order, and what can be asked of them."""

    def __init__(
        self, matches: Sequence[TermMatch], lay_out: Callable[[], Layout], longest: int
    ) -> None:
        self.matches = matches
        self._lay_out = lay_out
        self._longest = longest
        self._answers: dict[tuple[int, tuple[Actor, ...]], bool] = {}

    @cached_property
    def _layout(self) -> Layout:
        return self._lay_out()

    def _within(self, matches: Sequence[TermMatch], start: int, end: int) -> Iterator[TermMatch]:
        """Yield those of the matches that end after `start` and begin before `end`, or there."""
        for index in range(bisect_left(matches, start - self._longest, key=_START), len(matches)):
            match = matches[index]
            if match.start > end:
                return
            if match.end >= start:
                yield match

    def is_near(self, match: TermMatch, others: Sequence[TermMatch], rule: Rule) -> bool:
        """Tell whether one of the others stands as near as a rule asks for, and in its scope."""
        near = self._within(others, match.start - rule.within, match.end + rule.within)
        return any(self._share(rule.scope, match, other) for other in near)

    def has_beside(self, match: TermMatch, compound: Compound) -> bool:
        """Tell whether a term stands where it makes an event of a part."""
        first, last = match.start - compound.within, match.end + compound.within
        if compound.order == "before":
            last = match.start
        elif compound.order == "after":
            first = match.end
        return any(
            other.term.kind in compound.beside and self._share(compound.scope, match, other)
            for other in self._within(self.matches, first, last)
            if other.end <= match.start or other.start >= match.end
        )

    def _share(self, scope: str, one: TermMatch, other: TermMatch) -> bool:
        return self._layout.place(scope, one.start) == self._layout.place(scope, other.start)

    def may_happen_to(self, match: TermMatch, actors: tuple[Actor, ...]) -> bool:
        """Tell whether what a term tells may happen to one of the actors."""
        key = id(match), actors
        if key not in self._answers:
            self._answers[key] = self._may_happen_to(match, frozenset(actors))
        return self._answers[key]

    def _may_happen_to(self, match: TermMatch, actors: frozenset[Actor]) -> bool:
        """Ask what `actors.py` asks, of terms that only may stand there."""
        wanted = actors
        if not actors.isdisjoint({"animal", "living_donor"}):
            # A donor may be read as such, by what the text tells elsewhere.
            wanted |= {"donor"}
        term = match.term
        if term.actor:
            return term.actor in wanted
        if "unknown" in wanted or term.usually in wanted:
            return True
        return any(
            self._is_named_before(match, actor)
            or self._is_named_after(match, actor)
            or self._is_cued(match, actor)
            or self._is_in_heading(match, actor)
            for actor in wanted
        )

    @cached_property
    def _named(self) -> dict[Actor, list[TermMatch]]:
        """The terms that name somebody, by whom."""
        named: dict[Actor, list[TermMatch]] = {}
        for match in self.matches:
            who = _names(match.term)
            if who:
                named.setdefault(who, []).append(match)
        return named

    def _is_named_before(self, match: TermMatch, actor: Actor) -> bool:
        """Tell whether somebody is named before an event, in its sentence or not far away."""
        named = self._named.get(actor, ())
        place = bisect_right(named, match.start, key=_START) - 1
        if place < 0:
            return False
        # Nobody named further away can be nearer; where it ends may differ by a term's length.
        nearest = named[place]
        if match.start - nearest.start <= CARRY_REACH + self._longest:
            return self._share("section", match, nearest)
        return self._share("sentence", match, nearest)

    def _is_named_after(self, match: TermMatch, actor: Actor) -> bool:
        after = self._within(self._named.get(actor, ()), match.end, match.end + AFTERTHOUGHT)
        return any(other.start >= match.end for other in after)

    def _is_cued(self, match: TermMatch, actor: Actor) -> bool:
        """Tell whether more cues near an event may be for an actor than surely are against."""
        opposite = _OPPOSITE.get(actor)
        if opposite is None:
            return False
        balance = 0
        for other in self._within(self.matches, match.start - CUE_BEFORE, match.end + CUE_AFTER):
            if other.end > match.start and other.start < match.end:
                continue
            told = other.term.actor or other.term.usually
            if told == actor:
                balance += 1
            elif told == opposite and self._is_sure(other):
                balance -= 1
        return balance > 0

    def _is_sure(self, match: TermMatch) -> bool:
        """Tell whether a term stands in the text whatever its words are."""
        if match.damaged or match.end - match.start == 1:
            return False
        near = self._within(self._damaged, match.start, match.end)
        return not any(other.start < match.end and match.start < other.end for other in near)

    @cached_property
    def _damaged(self) -> list[TermMatch]:
        return [match for match in self.matches if match.damaged]

    def _is_in_heading(self, match: TermMatch, actor: Actor) -> bool:
        """Tell whether the heading of an event's section, or one above it, may name an actor."""
        if actor not in self._named:
            return False
        section: int | None = self._layout.section(match.start)
        while section is not None:
            if section in self._headings.get(actor, ()):
                return True
            section = self._layout.parents[section]
        return False

    @cached_property
    def _headings(self) -> dict[Actor, set[int]]:
        """The sections whose headings may name somebody, by whom."""
        headings: dict[Actor, set[int]] = {}
        for actor, matches in self._named.items():
            for match in matches:
                place = self._layout.section(match.start)
                section = self._layout.sections[place]
                if match.start < section.start + min(len(section.title), HEADING_REACH):
                    headings.setdefault(actor, set()).add(place)
        return headings


def _names(term: Term) -> Actor | None:
    """Return whom a term may make the text go on to speak of."""
    if term.role == "actor":
        return term.actor or term.usually
    return term.actor if term.role == "event" else None
