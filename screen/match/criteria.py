"""Apply a pack's rules to the events of a text: which criteria does which passage meet, and why."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from screen.match.events import Layout
from screen.match.schema import Bar, Pack, Rule, Step
from screen.types import Event

_UNREAL = frozenset({"negated", "hypothetical"})


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A rule of the pack met by these events, in their order; `text` offsets are clean."""

    rule: Rule
    events: tuple[Event, ...]

    @property
    def start(self) -> int:
        """Where the first event begins."""
        return self.events[0].start

    @property
    def end(self) -> int:
        """Where the last event ends."""
        return self.events[-1].end

    def explain(self, text: str) -> str:
        """Return the reason in words: brain_death(donor) "脑死亡" -> intubation(donor) ... ."""
        parts = []
        last = None
        for event in self.events:
            words = f'{event.kind}({event.actor}) "{text[event.start : event.end]}"'
            if event.polarity != "reported":
                words += f" [{event.polarity}]"
            if last is not None:
                words += f" {event.start - last.end} characters later"
            parts.append(words)
            last = event
        reason = " -> ".join(parts)
        for words in dict.fromkeys(bar.says for bar in self.rule.without if bar.says):
            reason += f"; {words}"
        criterion = self.rule.criterion
        return f"{reason}; {f'criterion {criterion}' if criterion else 'no criterion'}"


def match_rules(
    pack: Pack, events: Sequence[Event], layout: Layout, *, supporting: bool
) -> list[RuleMatch]:
    """Return all matches of the pack's rules, ordered by place.

    `supporting` chooses between the rules of supporting criteria and all the others.
    """
    found: list[RuleMatch] = []
    for rule in pack.rules:
        if pack.is_supporting(rule) == supporting:
            found.extend(_match_rule(rule, events, layout))
    return sorted(found, key=lambda match: (match.start, match.end, match.rule.id))


def _match_rule(rule: Rule, events: Sequence[Event], layout: Layout) -> Iterator[RuleMatch]:
    first = rule.sequence[0]
    for index, event in enumerate(events):
        if not _fits(first, event) or (len(rule.sequence) > 1 and event.timing == "before"):
            continue
        chain = _follow(rule, events, index, layout)
        if chain and not any(_barred(bar, chain, events, layout) for bar in rule.without):
            yield RuleMatch(rule, chain)


def _follow(
    rule: Rule, events: Sequence[Event], index: int, layout: Layout
) -> tuple[Event, ...] | None:
    """Return the nearest events that carry on the rule's sequence from one event, if they do.

    Gives up where the first step stands again before the second: the later start is the tighter.
    """
    chain = [events[index]]
    home = layout.place(rule.scope, chain[0].start)
    position = index + 1
    for step in rule.sequence[1:]:
        while True:
            if position >= len(events):
                return None
            event = events[position]
            position += 1
            if event.start - chain[-1].end > rule.within:
                return None
            if layout.place(rule.scope, event.start) != home:
                return None
            if _fits(step, event):
                break
            if len(chain) == 1 and event.kind == chain[0].kind and _fits(rule.sequence[0], event):
                return None
        chain.append(event)
    return tuple(chain)


def _fits(step: Step, event: Event) -> bool:
    return (
        event.kind in step.kinds
        and event.actor in step.actors
        and event.polarity in step.polarity
        and step.timing in (None, event.timing)
    )


def _barred(bar: Bar, chain: tuple[Event, ...], events: Sequence[Event], layout: Layout) -> bool:
    """Tell whether an event of the bar's kinds stands where the bar forbids it."""
    start, end = chain[0].start, chain[-1].end
    section = layout.section(start)
    first = bisect_left(events, start - bar.within, key=_place)
    last = bisect_right(events, end + bar.within, key=_place)
    for event in events[first:last]:
        if event.kind not in bar.kinds or event.actor not in bar.actors or event in chain:
            continue
        if event.polarity in _UNREAL or layout.section(event.start) != section:
            continue
        before = event.end <= start
        between = start <= event.start and event.end <= end
        after = end <= event.start
        where = {"before": before, "between": between, "after": after}
        if any(where.values()) if bar.where == "around" else where[bar.where]:
            return True
    return False


def _place(event: Event) -> int:
    return event.start
