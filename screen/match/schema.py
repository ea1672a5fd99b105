"""The schema of a pattern pack: what its files may hold. docs/packs.md describes it for authors."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Actor = Literal["donor", "recipient", "animal", "living_donor", "unknown"]
Polarity = Literal["reported", "negated", "advised", "hypothetical", "quoted", "general"]


class Strict(BaseModel):
    """A part of a pack file: unknown keys are an error, and nothing can be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(Strict):
    """One letter of the codebook: what a passage is judged to be when a rule for it is met."""

    name: str
    gloss: str
    gloss_zh: str = ""
    code: Literal[0, 1, 2]
    supporting: bool = False


class Sign(Strict):
    """Something that speaks against a hit wherever it is told: it is shown and lowers the score.

    `weight` is the share of its score that a passage loses if it holds the sign itself; a sign in
    the same section takes half of that, one elsewhere in the paper a fifth. Beyond its `reach` a
    sign says nothing about a passage.
    """

    gloss: str
    gloss_zh: str = ""
    weight: float = Field(gt=0, lt=1)
    reach: Literal["passage", "section", "paper"] = "paper"


class Manifest(Strict):
    """pack.yml: what the pack is for, its version and its codebook."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: str
    question: str
    family: str
    criteria: dict[str, Criterion]
    signs: dict[str, Sign] = {}


def expand(spelling: str) -> Iterator[str]:
    """Yield the spellings that braces stand for: 气管{,内}插管 is 气管插管 and 气管内插管."""
    parts = re.split(r"\{([^{}]*)\}", spelling)
    choices = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    return ("".join(choice) for choice in product(*choices))


def _check_spelling(spelling: str) -> str:
    for words in expand(spelling):
        if not words:
            raise ValueError(f"{spelling!r} may stand for nothing at all")
        if set("{}") & set(words):
            raise ValueError(f"{spelling!r}: braces do not pair, or stand inside others")
    return spelling


Spelling = Annotated[str, AfterValidator(_check_spelling)]


class Term(Strict):
    """One kind of event or mention with all its spellings.

    `role` says what the words do: `event` (they become an event), `part` (they may become one
    together with another term, see `Compound`), `actor` (they name who the text speaks of), `cue`
    (they hint at who, when nobody is named), `polarity` (they change how the events near them are
    meant: negated, advised, hypothetical, quoted, general; or reported again), `neutral` (they
    hide shorter terms inside them).
    A `trigger` is what the pack is about: a text without one is not read further.
    A term that `undoes` animal or living_donor says that from here on the text's donors are no
    longer such. Spellings may use braces for alternatives: 气管{,内}插管. With `damaged` they are
    found with one character wrong or missing, too, if they have three or more.
    `actor` says who an event always happens to; `usually` who, if its sentence names nobody.
    A polarity term `changes` the events after it, before it or on both sides, within its `reach`.
    """

    kind: str
    role: Literal["event", "part", "actor", "cue", "polarity", "neutral"]
    spellings: tuple[Spelling, ...] = Field(min_length=1)
    gloss: str = ""
    trigger: bool = False
    damaged: bool = False
    actor: Actor | None = None
    usually: Actor | None = None
    undoes: tuple[Actor, ...] = ()
    polarity: Polarity | None = None
    changes: Literal["after", "before", "both"] = "after"
    reach: Literal["clause", "sentence"] = "clause"

    @model_validator(mode="after")
    def _check_role(self) -> Self:
        if (self.role == "polarity") != (self.polarity is not None):
            raise ValueError("`polarity` is for terms of role polarity, and they need it")
        told = self.actor or self.usually or self.undoes
        if self.role in {"actor", "cue"} and not told:
            raise ValueError(f"a term of role {self.role} needs `actor`, `usually` or `undoes`")
        return self

    @property
    def tells_event(self) -> bool:
        """Whether the term becomes an event by itself: what happens, or a donor spoken of."""
        return self.role == "event" or (self.role == "actor" and self.actor == "donor")


class Compound(Strict):
    """An event told in two words that may stand apart: 插入 ... 气管导管.

    A term of kind `part` becomes an event of kind `kind` if a term of one of the kinds `beside`
    stands within `within` characters of it (before or after it, or either) in the same scope, and
    none of the kinds `without` between them.
    """

    kind: str
    part: str
    beside: tuple[str, ...] = Field(min_length=1)
    without: tuple[str, ...] = ()
    within: int = Field(gt=0)
    order: Literal["any", "before", "after"] = "any"
    scope: Literal["clause", "sentence"] = "sentence"


class Step(Strict):
    """One event of a rule's sequence: any of these kinds, of one of these actors."""

    kinds: tuple[str, ...] = Field(min_length=1)
    actors: tuple[Actor, ...] = ("donor",)
    polarity: tuple[Polarity, ...] = ("reported",)


class Bar(Strict):
    """Kinds whose presence forbids the rule: before its first event, between them, after, or any.

    `within` counts the characters looked at before the first and after the last event; `says` is
    what the reason tells the reader when nothing of the kind was found.
    """

    kinds: tuple[str, ...] = Field(min_length=1)
    where: Literal["before", "between", "after", "around"]
    within: int = Field(gt=0, default=60)
    actors: tuple[Actor, ...] = ("donor", "unknown")
    says: str = ""


class Rule(Strict):
    """A criterion or a sign as a sequence of events, each `within` characters of the one before.

    The sequence is the order of the events in the story, which is that of the text unless its
    words say otherwise. A rule with neither criterion nor sign is a lead: the passage only
    resembles one that meets a criterion. `weight` says how explicit the text is that meets it.
    """

    id: str = Field(pattern=r"^[A-Z][A-Za-z0-9-]+$")
    criterion: str | None = None
    sign: str | None = None
    gloss: str
    gloss_zh: str = ""
    weight: float = Field(gt=0, le=1, default=1)
    sequence: tuple[Step, ...] = Field(min_length=1)
    within: int = Field(gt=0, default=60)
    scope: Literal["clause", "sentence", "section"] = "section"
    without: tuple[Bar, ...] = ()

    @model_validator(mode="after")
    def _check_aim(self) -> Self:
        if self.criterion is not None and self.sign is not None:
            raise ValueError("a rule is for a criterion or for a sign, not for both")
        return self


class Phrase(Strict):
    """Wording to be found again in spite of damage; `similarity` is the least share alike."""

    id: str
    text: str = Field(min_length=6)
    criterion: str
    similarity: float = Field(gt=0.5, le=1)


class Case(Strict):
    """A passage that the rules of a criterion or a sign must match, or must not.

    `code` is the whole passage's. `open` gives the reason why the rules do not meet the case yet;
    such a case is counted apart, and it is an error once they do.
    """

    id: str
    criterion: str | None = None
    sign: str | None = None
    match: bool
    code: Literal[0, 1, 2]
    text: str = Field(min_length=1)
    note: str = ""
    open: str = ""

    @model_validator(mode="after")
    def _check_aim(self) -> Self:
        if (self.criterion is None) == (self.sign is None):
            raise ValueError("a case is for a criterion or for a sign")
        return self


class Pack(Strict):
    """A whole pack, checked; `hash` is the SHA-256 of its content (cases apart)."""

    manifest: Manifest
    terms: tuple[Term, ...]
    compounds: tuple[Compound, ...]
    phrases: tuple[Phrase, ...]
    rules: tuple[Rule, ...]
    cases: tuple[Case, ...]
    hash: str

    @property
    def label(self) -> str:
        """Name, version and the first digits of the hash, as hits and exports carry it."""
        return f"{self.manifest.name} {self.manifest.version} {self.hash[:12]}"

    def is_supporting(self, rule: Rule) -> bool:
        """Tell whether a rule only adds to others and never makes a hit of its own."""
        return rule.criterion is not None and self.manifest.criteria[rule.criterion].supporting

    def makes_hits(self, rule: Rule) -> bool:
        """Tell whether a passage that meets a rule is a hit by that alone."""
        return rule.sign is None and not self.is_supporting(rule)


class Terms(Strict):
    """terms.yml."""

    terms: tuple[Term, ...]
    compounds: tuple[Compound, ...] = ()


class Phrases(Strict):
    """phrases.yml."""

    phrases: tuple[Phrase, ...]


class Rules(Strict):
    """criteria.yml."""

    rules: tuple[Rule, ...]


class Cases(Strict):
    """cases.yml."""

    cases: tuple[Case, ...]
