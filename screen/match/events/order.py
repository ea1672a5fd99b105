"""The component that puts events in the order in which they happened.

Chinese surgical prose tells things in the order in which they were done, so the order of the text
is the order of events, except where its words say otherwise:

- 开胸前行气管插管: what is still to come happens after what the sentence goes on to tell;
- 气管插管系在宣布脑死亡后进行: what is told first happens after what stands between 在 and 后;
- 判定脑死亡,此前已行气管插管: a clause may go back before everything the sentence told;
- 开胸同时插入气管导管: what happens at the same time has the same place in the order.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from spacy.language import Language
from spacy.tokens import Doc

from screen.match.events.mentions import Mention
from screen.match.events.sections import Layout

_DONE = r"(?:的?(?:诊断|判定|宣布|宣告|确定|确认|成立|发生))?"
_BEFORE = re.compile(rf"{_DONE}(?:之前|以前|前(?![胸正纵外臂壁]))")
_AFTER = re.compile(rf"{_DONE}(?:之后|以后|后)")
_AT = re.compile(r"(?<!由)[于在是系][^,。;]{0,12}$")
_ALL = frozenset("均皆都")
_EARLIER = re.compile(r"[,、]?(?:但|而|且|其)?(?:在?此之?前|在这之前|先前|事先|早在)")
_MEANWHILE = re.compile(r"同时|同步")
_TOGETHER = re.compile("(?:几乎)?(?:同时|同步)")
_AND = frozenset("与和及")
_AT_ONCE = 12
# An event that is moved goes half a character before or after its new neighbour, so that it shares
# no other event's place; those moved together keep their order by ever so little.
_ASIDE, _STEP = 0.5, 1e-3


@Language.component("order", requires=["doc._.mentions"])
def mark_order(doc: Doc) -> Doc:
    """Set the order of every event; equal orders mean at the same time."""
    text: str = doc._.clean.text
    layout: Layout = doc._.layout
    sentence: list[Mention] = []
    home = -1
    for mention in (mention for mention in doc._.mentions if mention.kinds):
        if layout.sentence(mention.start) != home:
            _order_sentence(text, layout, sentence)
            sentence, home = [], layout.sentence(mention.start)
        sentence.append(mention)
    _order_sentence(text, layout, sentence)
    return doc


def _order_sentence(text: str, layout: Layout, events: Sequence[Mention]) -> None:
    """Set the order of the events of one sentence, which come in the order of the text."""
    for index, event in enumerate(events):
        clause = layout.clauses[layout.clause(event.start)]
        if _BEFORE.match(text, event.end):
            last = max(other.end for other in events[index:])
            event.order = last - _ASIDE + index * _STEP
        elif _AFTER.match(text, event.end):
            _turn_round(text, layout, events, index)
        told = [other.order for other in events[:index] if other.start < clause]
        if told and _EARLIER.match(text, clause):
            event.order = min(told) - _ASIDE + index * _STEP
    for previous, event in pairwise(other for other in events if other.term.role != "actor"):
        between = text[max(previous.end, event.start - _AT_ONCE) : event.start]
        paired = between in _AND and _TOGETHER.match(text, event.end)
        if paired or _MEANWHILE.search(between):
            event.order = previous.order


def _turn_round(text: str, layout: Layout, events: Sequence[Mention], index: int) -> None:
    """Put what stands between 在 and 后 before what the clause told first: 插管在脑死亡后进行.

    Where the clause goes on to tell something (在插管后开胸) its order is that of the text.
    """
    event = events[index]
    place = layout.clause(event.start)
    at = _AT.search(text, layout.clauses[place], event.start)
    goes_on = index + 1 < len(events) and layout.clause(events[index + 1].start) == place
    if at is None or goes_on:
        return
    everything = text[at.start() - 1 : at.start()] in _ALL
    start = 0 if everything else layout.clauses[place]
    told = [other.order for other in events[:index] if start <= other.start < at.start()]
    for number, other in enumerate(events[: index + 1]):
        if told and other.start >= at.start():
            other.order = min(told) - _ASIDE + number * _STEP
