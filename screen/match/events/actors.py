"""The component that tells who an event happens to.

Chinese surgical prose names its subject once and then leaves it out, often in a heading. So who an
event happens to is decided in this order, and the first answer counts:

1. somebody named in the same sentence before the event;
2. somebody named just after it in the same clause (行气管插管的供体);
3. somebody named in an earlier sentence of the same section;
4. somebody named in the section's heading, or in the heading above it;
5. the side to which most cues near the event point (切取, 冰屑 / 麻醉诱导, 转机), names among them,
   also across a heading;

and "unknown" otherwise. Somebody who is only compared with (与受者血型相符) or described
(供者为车祸患者) is not who the text goes on to speak of. Donors are animals or living donors in a
text that speaks of these more than of patients or of the brain-dead, and elsewhere to the end of
the section in which they are named.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from spacy.language import Language
from spacy.tokens import Doc

from screen.match.events.mentions import Mention
from screen.match.events.sections import Layout
from screen.match.events.terms import look_around
from screen.match.schema import Actor

HEADING_REACH = 16
CARRY_REACH = 260
CUE_BEFORE, CUE_AFTER = 60, 140
AFTERTHOUGHT = 8
_LEAD_IN = 3
_START = attrgetter("start")
# What donors may be instead, and over how many quarters of a text it must be spoken of: papers on
# other matters tell of their animal experiments at some length, of living donors only in passing.
_OTHER_DONORS: tuple[tuple[Actor, int], ...] = (("animal", 3), ("living_donor", 2))
_BESIDE = re.compile(r"(?:[与和同较比]|高出|大于|小于|低于|高于|超过|轻于|重于)$")
_MEASURE = re.compile(
    r"的?(?:体重|身高|血型|胸围|胸廓|体表面积|之差|之比)(?:的|之|相|差|一致|匹配|不符)"
)
_ORGAN_OF = re.compile(r"的?(?:心脏|心肺|双肺|肺脏|器官|供心|供肺|心|肺)(?!者)")
_IS_A = re.compile(r"^[^,。;:]{0,12}?(?:为|系|是|来自|来源于|选自)[^,。;:]{0,16}$")


@Language.component("actors", requires=["doc._.mentions"])
def mark_actors(doc: Doc) -> Doc:
    """Set the actor of every mention that tells an event."""
    _Reader(doc._.clean.text, doc._.layout, doc._.mentions).read()
    return doc


@dataclass(slots=True)
class _Named:
    """Somebody the text named: who, where, and whether as the first words of a clause."""

    actor: Actor
    start: int
    end: int
    leads: bool = False


@dataclass(slots=True)
class _Reader:
    """Walks through the mentions of one text and keeps in mind who it speaks of."""

    text: str
    layout: Layout
    mentions: Sequence[Mention]
    named: _Named | None = None
    headings: dict[int, Actor] = field(default_factory=dict)
    kind_of_donor: Actor = "donor"

    def read(self) -> None:
        usual = self._usual_donor()
        section = -1
        for index, mention in enumerate(self.mentions):
            term = mention.term
            if self.layout.section(mention.start) != section:
                section = self.layout.section(mention.start)
                self.kind_of_donor = self._donor_of(section) or usual
            if self.kind_of_donor in term.undoes:
                self.kind_of_donor = "donor"
            if term.role == "actor":
                self._meet(mention)
            if mention.kinds:
                mention.actor = self._actor(index, mention)
            if term.role == "event" and term.actor:
                self._name(term.actor, mention)

    def _usual_donor(self) -> Actor:
        """Return what a donor is in the text as a whole.

        A file may hold the end of a neighbouring paper, so mentions must be spread over the text.
        """
        quarter = max(len(self.text) // 4, 1)
        for kind, quarters in _OTHER_DONORS:
            named = [other.start // quarter for other in self.mentions if other.term.actor == kind]
            undone = sum(kind in other.term.undoes for other in self.mentions)
            if len(named) > undone and len(set(named)) >= quarters:
                return kind
        return "donor"

    def _donor_of(self, section: int) -> Actor | None:
        """Return what a donor is in a section that speaks of animals or living donors alone."""
        home = self.layout.sections[section]
        first = bisect_left(self.mentions, home.start, key=_START)
        last = bisect_left(self.mentions, home.end, key=_START)
        terms = [mention.term for mention in self.mentions[first:last]]
        for kind, _ in _OTHER_DONORS:
            spoken_of = any(term.actor == kind for term in terms)
            if spoken_of and not any(kind in term.undoes for term in terms):
                return kind
        return None

    def _meet(self, mention: Mention) -> None:
        """Take note of somebody named, unless the words only compare or describe."""
        heading = self._heading(self.layout.section(mention.start))
        if mention.term.actor is None and heading is not None:
            return
        actor = mention.term.actor or mention.term.usually or "unknown"
        if actor in {"animal", "living_donor"}:
            self.kind_of_donor = actor
        clause = self.layout.clauses[self.layout.clause(mention.start)]
        before = self.text[max(clause, mention.start - 2) : mention.start]
        if _BESIDE.search(before) or _MEASURE.match(self.text, mention.end):
            return
        if heading not in {None, actor} and _ORGAN_OF.match(self.text, mention.end):
            return
        named = self.named
        described = (
            named is not None
            and named.start >= clause
            and actor == "recipient" != named.actor
            and _IS_A.match(self.text[named.end : mention.start])
        )
        if described:
            return
        self._name(actor, mention)

    def _name(self, actor: Actor, mention: Mention) -> None:
        """Keep in mind who the text speaks of from here on, and in a heading for its section."""
        clause = self.layout.clauses[self.layout.clause(mention.start)]
        leads = mention.start - clause <= _LEAD_IN
        self.named = _Named(self._as_donor(actor), mention.start, mention.end, leads)
        index = self.layout.section(mention.start)
        section = self.layout.sections[index]
        title_end = section.start + min(len(section.title), HEADING_REACH)
        if mention.start < title_end:
            self.headings.setdefault(index, self.named.actor)

    def _as_donor(self, actor: Actor) -> Actor:
        return self.kind_of_donor if actor == "donor" else actor

    def _actor(self, index: int, mention: Mention) -> Actor:
        if mention.term.actor:
            return self._as_donor(mention.term.actor)
        sentence = self.layout.sentences[self.layout.sentence(mention.start)]
        if self.named and self.named.start >= sentence:
            return self.named.actor
        later = self._named_after(index, mention) or mention.term.usually
        if later:
            return self._as_donor(later)
        place = self.layout.section(mention.start)
        section = self.layout.sections[place].start
        heading = self._heading(place)
        if (
            self.named
            and self.named.start >= section
            and mention.start - self.named.end <= CARRY_REACH
            and (self.named.leads or heading is None)
        ):
            return self.named.actor
        if heading:
            return heading
        return self._as_donor(self._cued(index))

    def _named_after(self, index: int, mention: Mention) -> Actor | None:
        """Return who is named right after the event, in the same clause: 气管插管供体."""
        clause = self.layout.clause(mention.start)
        for other in self.mentions[index + 1 : index + 3]:
            far = other.start - mention.end > AFTERTHOUGHT
            if far or self.layout.clause(other.start) != clause:
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
        for step, reach in ((-1, CUE_BEFORE), (1, CUE_AFTER)):
            for other in look_around(self.mentions, index, step, reach):
                actor = other.term.actor or other.term.usually
                balance += (actor == "donor") - (actor == "recipient")
        if balance > 0:
            return "donor"
        return "recipient" if balance < 0 else "unknown"
