"""What the classifier is shown of a passage: its characters, its words, and the evidence in it.

The evidence is what the cascade found, as numbers by name: the code, the score, the criteria, the
rules and phrases met, each event with who it happens to and how it is meant, which event follows
which and how closely, the mitigating signs, and the heading above.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from screen.text.normalise import clean_pages
from screen.text.tokens import Segmenter
from screen.types import Event, Evidence, Hit, Match, Page

if TYPE_CHECKING:
    # Not imported to rank hits that were found: spaCy is slow to start.
    from screen.match.cascade import Cascade

# Two events this many characters apart count 1/e of what they would side by side.
_REACH = 60.0


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as the classifier sees it.

    `text` is clean text, `words` the same cut by jieba with spaces between, `evidence` the names
    of what was found with a number each, mostly 1.
    """

    text: str
    words: str
    evidence: Mapping[str, float]


class Describer:
    """Makes a `Passage` of a hit, or of a text that is read by itself. Build it once."""

    def __init__(self) -> None:
        self._segmenter = Segmenter()

    def describe_hit(self, hit: Hit) -> Passage:
        """Return a hit of a study with the text around it."""
        evidence = {
            f"code {hit.code}": 1.0,
            "score": hit.score,
            **{f"criterion {name}": 1.0 for name in hit.criteria},
            **dict(_tell_matches(hit.matches)),
            **dict(_tell_events(hit.events)),
            **{f"sign {sign.kind}": 1.0 for sign in hit.mitigating},
        }
        return self._make(hit.context, hit.section, evidence)

    def describe_text(self, cascade: "Cascade", text: str) -> Passage:
        """Return a text that stands for itself: its best hit, or what was read where none is."""
        clean = clean_pages([Page("", 1, text, "text", 1.0)])
        analysis = cascade.analyse("", clean)
        best = max(analysis.hits, key=lambda hit: (hit.code, hit.score), default=None)
        if best is not None:
            found = self.describe_hit(best)
            return Passage(clean.text, self._cut(clean.text), found.evidence)
        account = analysis.account
        told = [_as_evidence(event, clean.text) for event in account.events]
        evidence = {
            "no hit": 1.0,
            **dict(_tell_events(told)),
            **{f"sign {sign.kind}": 1.0 for sign in analysis.signs},
        }
        title = account.layout.sections[-1].title if account.layout.sections else ""
        return self._make(clean.text, title, evidence)

    def _make(self, text: str, section: str, evidence: Mapping[str, float]) -> Passage:
        heading = {f"heading {word}": 1.0 for word in self._segmenter.cut(section) if word.strip()}
        return Passage(text, self._cut(text), {**evidence, **heading})

    def _cut(self, text: str) -> str:
        return " ".join(word for word in self._segmenter.cut(text) if word.strip())


def _tell_matches(matches: Iterable[Match]) -> Iterator[tuple[str, float]]:
    for match in matches:
        yield f"met {match.rule}", 1 - match.distance


def _tell_events(events: Sequence[Evidence]) -> Iterator[tuple[str, float]]:
    """Yield each event, and each pair of events in the order of the text, nearer ones higher."""
    told = sorted(events, key=lambda event: (event.page, event.start))
    pairs: dict[str, float] = {}
    for index, event in enumerate(told):
        yield f"{event.kind} of {event.actor}", 1.0
        yield f"{event.kind} {event.polarity}", 1.0
        for later in told[index + 1 :]:
            if later.page != event.page:
                break
            name = f"{event.kind} of {event.actor}, then {later.kind} of {later.actor}"
            near = exp(-max(later.start - event.end, 0) / _REACH)
            pairs[name] = max(pairs.get(name, 0.0), near)
    yield from pairs.items()


def _as_evidence(event: Event, text: str) -> Evidence:
    words = text[event.start : event.end]
    return Evidence(event.kind, event.actor, event.polarity, words, 1, event.start, event.end)


def as_array(passages: Sequence[Passage]) -> npt.NDArray[np.object_]:
    """Return passages as rows of text, words and evidence, for scikit-learn: shape (n, 3)."""
    rows = np.empty((len(passages), 3), dtype=object)
    for index, passage in enumerate(passages):
        rows[index] = (passage.text, passage.words, dict(passage.evidence))
    return rows
