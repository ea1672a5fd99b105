"""Apply a pack's rules to the events of a text: which criteria does which passage meet, and why."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter

from screen.match.events.sections import Layout
from screen.match.schema import Bar, Pack, Rule, Step
from screen.types import Event

# How far the order in which things happened strays from the order in which they are told.
_DETOUR = 200
# How many events are named where none of them met a rule.
_MOST_TOLD = 8
_START, _ORDER = attrgetter("start"), attrgetter("order")


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A rule of the pack met by these events, in the order in which they happened.

    `start` and `end` are where the first of them begins and the last ends in clean text.
    """

    rule: Rule
    events: tuple[Event, ...]
    start: int
    end: int

    def explain(self, text: str) -> str:
        """Return the reason in words: brain_death(donor) "脑死亡" -> intubation(donor) ... ."""
        parts: list[str] = []
        last: Event | None = None
        for event in self.events:
            words = name_event(event, text)
            if event.read_as:
                words += f" read as {event.read_as}"
            if event.polarity != "reported":
                words += f" [{event.polarity}]"
            if last is not None:
                words += f" {_tell_distance(last, event)}"
            parts.append(words)
            last = event
        reason = " -> ".join(parts)
        for words in dict.fromkeys(bar.says for bar in self.rule.without if bar.says):
            reason += f"; {words}"
        criterion = self.rule.criterion
        return f"{reason}; {f'criterion {criterion}' if criterion else 'no criterion'}"


def name_event(event: Event, text: str) -> str:
    """Return an event in words: what happens, to whom, and the words that tell it."""
    return f'{event.kind}({event.actor}) "{text[event.start : event.end]}"'


def tell_unmet(events: Sequence[Event], text: str) -> str:
    """Return in words that no rule is met, and by which events."""
    told = [name_event(event, text) for event in events]
    if not told:
        return "no event of the pack was read"
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return f"no rule is met by {', '.join(told[:_MOST_TOLD])}{more}"


def _tell_distance(last: Event, event: Event) -> str:
    if event.order == last.order:
        return "at the same time"
    gap = event.start - last.end
    if gap >= 0:
        return f"{gap} character{'' if gap == 1 else 's'} later"
    return f"told {last.start - event.end} characters earlier, but as what came after"


def match_rules(pack: Pack, events: Sequence[Event], layout: Layout) -> list[RuleMatch]:
    """Return all matches of all rules of a pack, ordered by place.

    `events` come in the order of the text.
    """
    story = sorted(events, key=_ORDER)
    places: dict[str, list[int]] = {}
    for place, event in enumerate(story):
        places.setdefault(event.kind, []).append(place)
    found: list[RuleMatch] = []
    for rule in pack.rules:
        kinds = rule.sequence[0].kinds
        firsts = sorted(place for kind in kinds for place in places.get(kind, ()))
        found.extend(_match_rule(rule, [story[place] for place in firsts], events, story, layout))
    return sorted(found, key=lambda match: (match.start, match.end, match.rule.id))


def _match_rule(
    rule: Rule,
    firsts: Sequence[Event],
    events: Sequence[Event],
    story: Sequence[Event],
    layout: Layout,
) -> Iterator[RuleMatch]:
    """Yield the matches of a rule; `firsts` are of the kinds that begin it, as they happened."""
    chains: dict[tuple[str, tuple[Event, ...]], tuple[Event, ...]] = {}
    for event in firsts:
        chain = _follow(rule, story, event, layout) if _fits(rule.sequence[0], event) else None
        if chain:
            # Of several like beginnings that lead to the same events the nearest is the tightest.
            rest = chain[1:] or chain
            known = chains.get((event.kind, rest))
            if known is None or _gap(event, rest[0]) < _gap(known[0], rest[0]):
                chains[event.kind, rest] = chain
    for chain in chains.values():
        start, end = min(e.start for e in chain), max(e.end for e in chain)
        match = RuleMatch(rule, chain, start, end)
        if not any(_barred(bar, match, events, layout) for bar in rule.without):
            yield match


def _follow(
    rule: Rule, story: Sequence[Event], first: Event, layout: Layout
) -> tuple[Event, ...] | None:
    """Return the nearest events that carry on the rule's sequence from one event, if they do."""
    chain = [first]
    home = layout.place(rule.scope, first.start)
    for step in rule.sequence[1:]:
        last = chain[-1]
        for event in islice(story, bisect_left(story, last.order, key=_ORDER), None):
            if event.order > last.order + rule.within + _DETOUR:
                return None
            if not _fits(step, event) or _gap(last, event) > rule.within or event in chain:
                continue
            if layout.place(rule.scope, event.start) == home:
                chain.append(event)
                break
        else:
            return None
    return tuple(chain)


def _gap(one: Event, other: Event) -> int:
    """Return how many characters stand between two events."""
    return max(other.start - one.end, one.start - other.end)


def _fits(step: Step, event: Event) -> bool:
    return (
        event.kind in step.kinds and event.actor in step.actors and event.polarity in step.polarity
    )


def _barred(bar: Bar, match: RuleMatch, events: Sequence[Event], layout: Layout) -> bool:
    """Tell whether an event of the bar's kinds stands where the bar forbids it."""
    chain = match.events
    opens, closes = chain[0].order, chain[-1].order
    section = layout.section(match.start)
    first = bisect_left(events, match.start - bar.within, key=_START)
    last = bisect_right(events, match.end + bar.within, key=_START)
    for event in events[first:last]:
        if event.kind not in bar.kinds or event.actor not in bar.actors or event in chain:
            continue
        if event.polarity != "reported" or layout.section(event.start) != section:
            continue
        before = event.order < opens
        between = opens <= event.order <= closes
        after = closes < event.order
        where = {"before": before, "between": between, "after": after}
        if any(where.values()) if bar.where == "around" else where[bar.where]:
            return True
    return False
