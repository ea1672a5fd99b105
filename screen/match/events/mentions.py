"""What the components of the pipeline write on a document and read from it."""

from dataclasses import dataclass, field

from spacy.tokens import Doc

from screen.match.lexicon import TermMatch
from screen.match.schema import Actor, Polarity, Term


@dataclass(slots=True)
class Mention:
    """A term at its place in clean text, with what the components found out about it.

    `kinds` are the events that the term tells, alone or together with the terms beside it; a term
    that tells none may still name somebody or say how something is meant. `order` is the place in
    the story: an offset, as if the text told everything in the order in which it happened.
    """

    match: TermMatch
    term: Term = field(init=False)
    start: int = field(init=False)
    end: int = field(init=False)
    kinds: list[str] = field(default_factory=list)
    actor: Actor = "unknown"
    polarity: Polarity = "reported"
    order: float = 0.0

    def __post_init__(self) -> None:
        self.term, self.start, self.end = self.match.term, self.match.start, self.match.end


# What the pipeline is given: the clean text with its line starts, its sections, sentences and
# clauses, and the terms found in it.
Doc.set_extension("clean", default=None, force=True)
Doc.set_extension("layout", default=None, force=True)
Doc.set_extension("found", default=None, force=True)
# Where its words begin, as offsets, and the length of the text: reading token.idx is slow.
Doc.set_extension("words", default=None, force=True)
# What its components add: the mentions in their order.
Doc.set_extension("mentions", default=None, force=True)
