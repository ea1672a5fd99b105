"""The cascade from clean text to hits: terms, sieve, events, criteria, passages.

A hit is a passage: the sentences (of long ones the clauses) around the events of the rules that
were met there, joined where they overlap. The rules say which criteria and which code; the phrases
add what damage hid from the rules; mitigating signs found anywhere in the paper are attached with
their place.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter

from screen.match.criteria import RuleMatch, match_rules, tell_unmet
from screen.match.events.pipeline import Account, EventReader
from screen.match.events.sections import Layout, lay_out
from screen.match.identity import identify_passage
from screen.match.lexicon import Lexicon, TermMatch
from screen.match.phrases import PhraseFinder, PhraseMatch
from screen.match.schema import Pack
from screen.match.sieve import Sieve
from screen.match.signs import Signs
from screen.text.segment import locate
from screen.types import CleanText, Event, Evidence, Hit, Match

_LONGEST_SENTENCE = 160
_CONTEXT = 70
_SUPPORT_REACH = 80
_PHRASE_WEIGHT = 0.5
_START = attrgetter("start")


@dataclass(slots=True)
class _Passage:
    """A stretch of clean text under construction, with everything that speaks for it."""

    start: int
    end: int
    rules: list[RuleMatch] = field(default_factory=list)
    phrases: list[PhraseMatch] = field(default_factory=list)
    by_phrase: bool = False


@dataclass(frozen=True)
class _Found:
    """What one pass over a text finds: terms, places that may be damaged terms, phrases."""

    clean: CleanText
    exact: Sequence[TermMatch]
    damaged: Sequence[TermMatch]
    phrases: Sequence[PhraseMatch]

    @cached_property
    def layout(self) -> Layout:
        """The structure of the text, made when it is first asked for."""
        return lay_out(self.clean)


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that the pack finds in one paper: what the text tells, the signs in it, and the hits.

    `spans` holds where in the clean text the passage of each hit begins and ends.
    """

    account: Account
    signs: tuple[Evidence, ...]
    hits: tuple[Hit, ...]
    spans: tuple[tuple[int, int], ...]


class Cascade:
    """A pack made ready to be applied to many texts. Build it once per process."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._reader = EventReader(pack)
        self._lexicon = Lexicon(pack, self._reader.is_word)
        self._sieve = Sieve(pack)
        self._phrases = PhraseFinder(pack.phrases)
        self._triggers = {term.kind for term in pack.terms if term.trigger}

    def find_hits(self, paper: str, clean: CleanText, *, sieved: bool = True) -> tuple[Hit, ...]:
        """Return the hits of one paper, whose id is `paper`, in the order of the text.

        `sieved=False` reads every text to the end; it exists to prove that the sieve loses
        nothing, and to measure what it saves.
        """
        found = self._find(clean)
        if sieved and not self._is_worth_reading(found):
            return ()
        return self._analyse(paper, found).hits

    def analyse(self, paper: str, clean: CleanText) -> Analysis:
        """Return everything that the pack finds in one paper, hits or none."""
        return self._analyse(paper, self._find(clean))

    def is_trigger(self, event: Event) -> bool:
        """Tell whether an event is of the kinds that the pack is about."""
        return event.kind in self._triggers

    def make_lead(
        self, paper: str, clean: CleanText, analysis: Analysis, start: int, end: int
    ) -> Hit:
        """Return the sentences around a stretch of a paper as a passage of code 0, by no rule."""
        passage = _Passage(*_widen(clean.text, analysis.account.layout, start, end))
        return self._hit(
            paper, clean, analysis.account, passage, Signs([], analysis.account.layout, {})
        )

    def _find(self, clean: CleanText) -> _Found:
        exact = self._lexicon.find(clean.text)
        damaged = self._lexicon.find_damaged(clean.text, exact)
        return _Found(clean, exact, damaged, self._phrases.find(clean.text))

    def _is_worth_reading(self, found: _Found) -> bool:
        terms = [*found.exact, *found.damaged]
        return bool(found.phrases) or self._sieve.is_worth_reading(terms, lambda: found.layout)

    def _analyse(self, paper: str, found: _Found) -> Analysis:
        clean, layout = found.clean, found.layout
        account = self._reader.read(clean, layout, found.exact, found.damaged)
        events = account.events
        matches = match_rules(self.pack, events, layout)
        rules = [match for match in matches if self.pack.makes_hits(match.rule)]
        passages = self._passages(clean, layout, rules, found.phrases, events)
        support = [match for match in matches if self.pack.is_supporting(match.rule)]
        for passage in passages:
            passage.rules.extend(_nearby(support, passage, layout))
        found_signs = [match for match in matches if match.rule.sign is not None]
        signs = Signs(found_signs, layout, self.pack.manifest.signs)
        hits = (self._hit(paper, clean, account, passage, signs) for passage in passages)
        spans = tuple((passage.start, passage.end) for passage in passages)
        return Analysis(account, _sign_evidence(clean, found_signs), tuple(hits), spans)

    def _passages(
        self,
        clean: CleanText,
        layout: Layout,
        rules: Sequence[RuleMatch],
        phrases: Sequence[PhraseMatch],
        events: Sequence[Event],
    ) -> list[_Passage]:
        passages = [
            _Passage(*_widen(clean.text, layout, match.start, match.end), rules=[match])
            for match in rules
        ]
        passages = _join(passages)
        for match in phrases:
            home = [p for p in passages if p.start < match.end and match.start < p.end]
            for passage in home:
                passage.phrases.append(match)
            if not home and not self._read(match, events):
                start, end = _widen(clean.text, layout, match.start, match.end)
                passages.append(_Passage(start, end, phrases=[match], by_phrase=True))
        return _join(passages)

    def _read(self, match: PhraseMatch, events: Sequence[Event]) -> bool:
        """Tell whether the rules could read the trigger in a phrase's place: then they decide."""
        return any(
            self.is_trigger(event) and event.start < match.end and match.start < event.end
            for event in events
        )

    def _hit(
        self,
        paper: str,
        clean: CleanText,
        account: Account,
        passage: _Passage,
        signs: Signs,
    ) -> Hit:
        start, end = passage.start, passage.end
        layout, events = account.layout, account.events
        neighbour = layout.neighbour((start + end) // 2)
        first, *rest = clean.source(start, end)
        criteria, code = self._judge(passage)
        inside = _inside(events, start, end)
        reason = self._reason(passage, criteria, inside, clean.text)
        used = {event for match in passage.rules for event in match.events}
        used.update(event for event in inside if event.end <= end)
        family = self.pack.manifest.family
        return Hit(
            id=identify_passage(paper, first.page, first.start, first.end, family),
            paper=paper,
            page=first.page,
            start=first.start,
            end=first.end,
            quote=first.text,
            continued=tuple(rest),
            passage=clean.text[start:end],
            context=clean.text[max(start - _CONTEXT, 0) : end + _CONTEXT],
            section=layout.sections[layout.section(start)].title,
            # One place may hold several events, and the order of a set differs between processes.
            events=tuple(
                _evidence(clean, event.kind, event, event.start, event.end)
                for event in sorted(used, key=lambda e: (e.start, e.end, e.kind))
            ),
            criteria=criteria,
            reason=f"{reason} | {neighbour.reason}" if neighbour else reason,
            mitigating=_sign_evidence(clean, signs.nearest(start, end)),
            matches=tuple(_matches(passage)),
            score=self._score(passage, signs),
            code=code,
            neighbour=neighbour is not None,
        )

    def _judge(self, passage: _Passage) -> tuple[tuple[str, ...], int]:
        """Return a passage's criteria and code: the highest code counts, lower ones fall away."""
        book = self.pack.manifest.criteria
        met = {match.rule.criterion for match in passage.rules if match.rule.criterion}
        if passage.by_phrase:
            met.update(match.phrase.criterion for match in passage.phrases)
        code = max((book[name].code for name in met), default=0)
        kept = (name for name in met if book[name].supporting or book[name].code == code)
        return tuple(sorted(kept)) if code else (), code

    def _reason(
        self, passage: _Passage, criteria: Sequence[str], inside: Sequence[Event], text: str
    ) -> str:
        """Return why, for each criterion by its weightiest rule, or by the nearest phrase."""
        if not passage.rules and not passage.phrases:
            return tell_unmet(inside, text)
        if not passage.rules:
            phrase = min(passage.phrases, key=lambda match: match.distance)
            return (
                f'resembles "{phrase.phrase.text}" ({1 - phrase.distance:.0%} alike); '
                f"criterion {phrase.phrase.criterion}"
            )
        ranked = sorted(passage.rules, key=lambda match: (-match.rule.weight, match.start))
        best: dict[str | None, RuleMatch] = {}
        for match in ranked:
            if match.rule.criterion in criteria:
                best.setdefault(match.rule.criterion, match)
        return " | ".join(match.explain(text) for match in best.values() or ranked[:1])

    def _score(self, passage: _Passage, signs: Signs) -> float:
        """Return 1 - prod(1 - weight) of the rules met, lowered by the signs."""
        weights = {match.rule.id: match.rule.weight for match in passage.rules}
        if passage.by_phrase:
            weights.update(
                (match.phrase.id, _PHRASE_WEIGHT * (1 - match.distance))
                for match in passage.phrases
            )
        missing = 1.0
        for weight in weights.values():
            missing *= 1 - weight
        return round(signs.lower(1 - missing, passage.start, passage.end), 4)


def _inside(events: Sequence[Event], start: int, end: int) -> Sequence[Event]:
    """Return the events that begin within a stretch."""
    return events[_first(events, start) : _first(events, end)]


def _first(events: Sequence[Event], place: int) -> int:
    """Return the index of the first event that begins at or after a place."""
    return bisect_left(events, place, key=_START)


def _widen(text: str, layout: Layout, start: int, end: int) -> tuple[int, int]:
    """Return the sentences around a stretch, or its clauses where the sentences are long."""
    for starts in (layout.sentences, layout.clauses):
        first = starts[locate(starts, start)]
        last = locate(starts, max(end - 1, start)) + 1
        stop = starts[last] if last < len(starts) else len(text)
        if stop - first <= _LONGEST_SENTENCE:
            break
    else:
        first, stop = max(first, start - _LONGEST_SENTENCE // 2), min(stop, end + _CONTEXT)
    trimmed = text[first:stop].rstrip()
    return first, first + len(trimmed)


def _join(passages: list[_Passage]) -> list[_Passage]:
    """Return the passages in order, joined where they overlap."""
    joined: list[_Passage] = []
    for passage in sorted(passages, key=lambda part: (part.start, part.end)):
        if joined and passage.start < joined[-1].end:
            last = joined[-1]
            last.end = max(last.end, passage.end)
            last.rules.extend(passage.rules)
            last.phrases.extend(passage.phrases)
            last.by_phrase |= passage.by_phrase
        else:
            joined.append(passage)
    return joined


def _nearby(support: Sequence[RuleMatch], passage: _Passage, layout: Layout) -> list[RuleMatch]:
    """Return the matches of supporting rules in or close to a passage that meets a criterion."""
    if not any(match.rule.criterion for match in passage.rules):
        return []
    section = layout.section(passage.start)
    first = bisect_left(support, passage.start - 2 * _SUPPORT_REACH, key=_START)
    last = bisect_left(support, passage.end + _SUPPORT_REACH, key=_START)
    return [
        match
        for match in support[first:last]
        if match.end > passage.start - _SUPPORT_REACH and layout.section(match.start) == section
    ]


def _sign_evidence(clean: CleanText, signs: Iterable[RuleMatch]) -> tuple[Evidence, ...]:
    """Return signs as they are kept, each of several at one place once."""
    kept = (
        _evidence(clean, sign.rule.sign or "", sign.events[0], sign.start, sign.end)
        for sign in signs
    )
    return tuple(dict.fromkeys(kept))


def _evidence(clean: CleanText, kind: str, event: Event, start: int, end: int) -> Evidence:
    """Return what `event` says of a stretch of clean text, with the stretch's place on its page."""
    quote = clean.source(start, end)[0]
    place = (quote.page, quote.start, quote.end)
    return Evidence(kind, event.actor, event.polarity, clean.text[start:end], *place)


def _matches(passage: _Passage) -> Iterable[Match]:
    rules = sorted({match.rule.id for match in passage.rules})
    nearest: dict[str, float] = {}
    for match in passage.phrases:
        known = nearest.get(match.phrase.id, 1.0)
        nearest[match.phrase.id] = min(known, round(match.distance, 4))
    yield from (Match(rule, 0.0) for rule in rules)
    yield from (Match(phrase, distance) for phrase, distance in sorted(nearest.items()))
