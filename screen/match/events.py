"""Turn terms into events: what happens in the text, to whom, and how it is said.

Chinese surgical prose names its subject once and then leaves it out, often in a heading. So who an
event happens to is decided in this order, and the first answer counts:

1. somebody named in the same sentence before the event;
2. somebody named just after it in the same clause (行气管插管的供体);
3. somebody named in an earlier sentence of the same section;
4. somebody named in the section's heading, or in the heading above it;
5. the side to which most cues near the event point (停搏液, 切取 / 体外循环, 漂浮导管);

and "unknown" otherwise. Somebody who is only compared with (与受者血型相符) or described
(供者为车祸患者) is not who the text goes on to speak of. Donors are animals or living donors in a
text that speaks of these more than of patients or of the brain-dead, and elsewhere to the end of
the section in which they are named.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from screen.match.schema import Actor, Compound
from screen.match.sieve import TermMatch
from screen.text.segment import Section, find_clauses, find_sections, find_sentences, locate
from screen.types import CleanText, Event

_HEADING_REACH = 16
_CARRY_REACH = 260
_CUE_BEFORE, _CUE_AFTER = 60, 140
_AFTERTHOUGHT = 8
_LEAD_IN = 3
# What donors may be instead, and over how many quarters of a text it must be spoken of: papers on
# other matters tell of their animal experiments at some length, of living donors only in passing.
_OTHER_DONORS: tuple[tuple[Actor, int], ...] = (("animal", 3), ("living_donor", 2))
_NEGATION_REACH = 8
_BEFORE = re.compile(r"(?:的?(?:诊断|判定|宣布|确定|发生|成立))?(?:之前|以前|前(?![胸正纵外臂]))")
_AFTER = re.compile(r"(?:的?(?:诊断|判定|宣布|宣告|确定|确认|成立))?(?:之后|以后|后)")
_BESIDE = re.compile(r"(?:[与和同较比]|高出|大于|小于|低于|高于|超过|轻于|重于)$")
_POLARITIES = ("negated", "quoted", "hypothetical", "advised")
_MEASURE = re.compile(
    r"的?(?:体重|身高|血型|胸围|胸廓|体表面积|之差|之比)(?:的|之|相|差|一致|匹配|不符)"
)
_IS_A = re.compile(r"^[^,。;:]{0,12}?(?:为|系|是|来自|来源于|选自)[^,。;:]{0,16}$")


@dataclass(frozen=True, slots=True)
class Layout:
    """The structure of one text: sections, and where sentences and clauses begin."""

    sections: tuple[Section, ...]
    sentences: tuple[int, ...]
    clauses: tuple[int, ...]
    section_starts: tuple[int, ...]
    parents: tuple[int | None, ...]

    def section(self, offset: int) -> int:
        """Return the index of the section that holds an offset."""
        return locate(self.section_starts, offset)

    def sentence(self, offset: int) -> int:
        """Return the index of the sentence that holds an offset."""
        return locate(self.sentences, offset)

    def clause(self, offset: int) -> int:
        """Return the index of the clause that holds an offset."""
        return locate(self.clauses, offset)

    def place(self, scope: str, offset: int) -> int:
        """Return the index of the section, sentence or clause that holds an offset."""
        starts = {"section": self.section_starts, "sentence": self.sentences}
        return locate(starts.get(scope, self.clauses), offset)


def lay_out(clean: CleanText) -> Layout:
    """Find the sections, sentences and clauses of a text."""
    sections = find_sections(clean)
    sentences = find_sentences(clean.text, sections)
    clauses = find_clauses(clean.text, sentences)
    starts = tuple(section.start for section in sections)
    return Layout(sections, sentences, clauses, starts, _find_parents(sections))


def _find_parents(sections: tuple[Section, ...]) -> tuple[int | None, ...]:
    """Return for each section the nearest one before it whose heading stands above its own."""
    parents: list[int | None] = []
    open_headings: list[tuple[int, int]] = []
    for place, section in enumerate(sections):
        depth = _depth(section.title)
        while open_headings and open_headings[-1][0] >= depth:
            open_headings.pop()
        parents.append(open_headings[-1][1] if open_headings else None)
        if section.title:
            open_headings.append((depth, place))
    return tuple(parents)


@dataclass(slots=True)
class _Named:
    """Somebody the text named: who, where, and whether as the first words of a clause."""

    actor: Actor
    start: int
    end: int
    leads: bool = False


@dataclass(slots=True)
class _Reader:
    """Walks through the terms of one text and keeps in mind who it speaks of."""

    text: str
    layout: Layout
    terms: Sequence[TermMatch]
    compounds: Mapping[str, Sequence[Compound]]
    named: _Named | None = None
    headings: dict[int, Actor] = field(default_factory=dict)
    kind_of_donor: Actor = "donor"

    def read(self) -> list[Event]:
        events: list[Event] = []
        usual = self._usual_donor()
        section = -1
        for index, match in enumerate(self.terms):
            term = match.term
            if self.layout.section(match.start) != section:
                section = self.layout.section(match.start)
                self.kind_of_donor = usual
            if self.kind_of_donor in term.undoes:
                self.kind_of_donor = "donor"
            if term.role == "actor":
                self._meet(match)
            if term.role == "event" or (term.role == "actor" and term.actor == "donor"):
                events.append(self._event(index, match, term.kind))
            if term.role == "event" and term.actor:
                self._name(term.actor, match)
            for kind in self._compound_kinds(index, match):
                events.append(self._event(index, match, kind))
        return events

    def _usual_donor(self) -> Actor:
        """Return what a donor is in the text as a whole.

        A file may hold the end of a neighbouring paper, so mentions must be spread over the text.
        """
        quarter = max(len(self.text) // 4, 1)
        for kind, quarters in _OTHER_DONORS:
            named = [match.start // quarter for match in self.terms if match.term.actor == kind]
            undone = sum(kind in match.term.undoes for match in self.terms)
            if len(named) > undone and len(set(named)) >= quarters:
                return kind
        return "donor"

    def _compound_kinds(self, index: int, match: TermMatch) -> list[str]:
        """Return the kinds of event that a term makes together with a term beside it."""
        kinds = []
        for compound in self.compounds.get(match.term.kind, ()):
            sides = {"before": (-1,), "after": (1,), "any": (-1, 1)}[compound.order]
            if any(self._stands_beside(index, compound, step) for step in sides):
                kinds.append(compound.kind)
        return list(dict.fromkeys(kinds))

    def _stands_beside(self, index: int, compound: Compound, step: int) -> bool:
        home = self.layout.place(compound.scope, self.terms[index].start)
        for other in self._around(index, step, compound.within):
            if self.layout.place(compound.scope, other.start) != home:
                return False
            if other.term.kind in compound.beside:
                return True
        return False

    def _around(self, index: int, step: int, reach: int) -> Iterator[TermMatch]:
        """Yield the terms before (step -1) or after (1) one, the nearest first, within reach."""
        match = self.terms[index]
        place = index + step
        while 0 <= place < len(self.terms):
            other = self.terms[place]
            if (match.start - other.end if step < 0 else other.start - match.end) > reach:
                return
            yield other
            place += step

    def _meet(self, match: TermMatch) -> None:
        """Take note of somebody named, unless the words only compare or describe."""
        actor = match.term.actor or "unknown"
        if actor in {"animal", "living_donor"}:
            self.kind_of_donor = actor
        clause = self.layout.clauses[self.layout.clause(match.start)]
        before = self.text[max(clause, match.start - 2) : match.start]
        if _BESIDE.search(before) or _MEASURE.match(self.text, match.end):
            return
        named = self.named
        described = (
            named is not None
            and named.start >= clause
            and actor == "recipient" != named.actor
            and _IS_A.match(self.text[named.end : match.start])
        )
        if described:
            return
        self._name(actor, match)

    def _name(self, actor: Actor, match: TermMatch) -> None:
        """Keep in mind who the text speaks of from here on, and in a heading for its section."""
        clause = self.layout.clauses[self.layout.clause(match.start)]
        leads = match.start - clause <= _LEAD_IN
        self.named = _Named(self._as_donor(actor), match.start, match.end, leads)
        index = self.layout.section(match.start)
        section = self.layout.sections[index]
        title_end = section.start + min(len(section.title), _HEADING_REACH)
        if match.start < title_end:
            self.headings.setdefault(index, self.named.actor)

    def _as_donor(self, actor: Actor) -> Actor:
        return self.kind_of_donor if actor == "donor" else actor

    def _event(self, index: int, match: TermMatch, kind: str) -> Event:
        term = match.term
        actor = self._as_donor(term.actor) if term.actor else self._actor(index, match)
        timing = "before" if _BEFORE.match(self.text, match.end) else ""
        timing = timing or ("after" if _AFTER.match(self.text, match.end) else "")
        clause = self.layout.clause(match.start)
        polarity = self._polarity(index, match)
        return Event(kind, actor, polarity, match.start, match.end, clause, timing)

    def _actor(self, index: int, match: TermMatch) -> Actor:
        sentence = self.layout.sentences[self.layout.sentence(match.start)]
        if self.named and self.named.start >= sentence:
            return self.named.actor
        later = self._named_after(index, match)
        if later:
            return self._as_donor(later)
        place = self.layout.section(match.start)
        section = self.layout.sections[place].start
        heading = self._heading(place)
        if (
            self.named
            and self.named.start >= section
            and match.start - self.named.end <= _CARRY_REACH
            and (self.named.leads or heading is None)
        ):
            return self.named.actor
        if heading:
            return heading
        return self._as_donor(self._cued(index))

    def _named_after(self, index: int, match: TermMatch) -> Actor | None:
        """Return who is named right after the event, in the same clause: 气管插管供体."""
        clause = self.layout.clause(match.start)
        for other in self.terms[index + 1 : index + 3]:
            if other.start - match.end > _AFTERTHOUGHT or self.layout.clause(other.start) != clause:
                break
            if other.term.role == "actor":
                return other.term.actor
        return None

    def _heading(self, place: int) -> Actor | None:
        """Return who the heading of a section names, or the nearest heading above it."""
        above: int | None = place
        while above is not None:
            if above in self.headings:
                return self.headings[above]
            above = self.layout.parents[above]
        return None

    def _cued(self, index: int) -> Actor:
        """Weigh the cues on both sides of an event that nobody is named for."""
        balance = 0
        for step, reach in ((-1, _CUE_BEFORE), (1, _CUE_AFTER)):
            for other in self._around(index, step, reach):
                actor = other.term.actor
                balance += (actor == "donor") - (actor == "recipient")
        if balance > 0:
            return "donor"
        return "recipient" if balance < 0 else "unknown"

    def _polarity(self, index: int, match: TermMatch) -> str:
        """Return how an event is said, by the polarity terms before it that reach it."""
        sentence = self.layout.sentence(match.start)
        clause = self.layout.clause(match.start)
        said = set()
        for other in reversed(self.terms[max(index - 16, 0) : index]):
            if self.layout.sentence(other.start) != sentence:
                break
            if other.term.role != "polarity" or other.term.polarity is None:
                continue
            near = match.start - other.end <= _NEGATION_REACH
            same = self.layout.clause(other.start) == clause
            if other.term.reach == "sentence" or (near and same):
                said.add(other.term.polarity)
        return next((polarity for polarity in _POLARITIES if polarity in said), "reported")


def _depth(title: str) -> int:
    """Return how deep a heading stands: 一、 0, (一) 1, 1 2, (1) 6, 1.2 3, 1.2.1 4; none 9."""
    if re.match(r"[一二三四五六七八九十]+、|【|\[", title):
        return 0
    if re.match(r"\([一二三四五六七八九十]", title):
        return 1
    decimal = re.match(r"\d+((?:\s?\.\s?\d+)*)", title)
    if decimal:
        return 2 + decimal.group(1).count(".")
    return 6 if title.startswith("(") else 9


def read_events(
    clean: CleanText,
    layout: Layout,
    terms: Sequence[TermMatch],
    compounds: Mapping[str, Sequence[Compound]],
) -> list[Event]:
    """Return the events of a text in the order of its words.

    `compounds` holds the pack's compounds by the kind of their part.
    """
    return _Reader(clean.text, layout, terms, compounds).read()
