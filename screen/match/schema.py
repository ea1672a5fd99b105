"""The schema of a pattern pack: what its files may hold. docs/packs.md describes it for authors."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Actor = Literal["donor", "recipient", "animal", "living_donor", "unknown"]
Polarity = Literal["reported", "negated", "advised", "hypothetical", "quoted"]


class Strict(BaseModel):
    """A part of a pack file: unknown keys are an error, and nothing can be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(Strict):
    """One letter of the codebook: what a passage is judged to be when a rule for it is met."""

    name: str
    gloss: str
    code: Literal[0, 1, 2]
    supporting: bool = False


class Manifest(Strict):
    """pack.yml: what the pack is for, its version and its codebook."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: str
    question: str
    family: str
    criteria: dict[str, Criterion]


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
    """One kind of event or mention with all its spellings, damaged ones among them.

    `role` says what the words do: `event` (they become an event), `part` (they may become one
    together with another term, see `Compound`), `actor` (they name who the text speaks of), `cue`
    (they hint at who, when nobody is named), `polarity` (they make the events near them negated,
    advised, hypothetical or quoted), `neutral` (they hide shorter terms inside them).
    A `trigger` is what the pack is about: a text without one is not read further.
    A term that `undoes` animal or living_donor says that from here on the text's donors are no
    longer such. Spellings may use braces for alternatives: 气管{,内}插管.
    """

    kind: str
    role: Literal["event", "part", "actor", "cue", "polarity", "neutral"]
    spellings: tuple[Spelling, ...] = Field(min_length=1)
    gloss: str = ""
    trigger: bool = False
    actor: Actor | None = None
    polarity: Polarity | None = None
    mitigating: bool = False
    undoes: tuple[Actor, ...] = ()
    reach: Literal["clause", "sentence", "section"] = "section"


class Compound(Strict):
    """An event told in two words that may stand apart: 插入 ... 气管导管.

    A term of kind `part` becomes an event of kind `kind` if a term of one of the kinds `beside`
    stands within `within` characters of it (before or after it, or either) in the same scope.
    """

    kind: str
    part: str
    beside: tuple[str, ...] = Field(min_length=1)
    within: int = Field(gt=0)
    order: Literal["any", "before", "after"] = "any"
    scope: Literal["clause", "sentence"] = "sentence"


class Step(Strict):
    """One event of a rule's sequence: any of these kinds, of one of these actors."""

    kinds: tuple[str, ...] = Field(min_length=1)
    actors: tuple[Actor, ...] = ("donor",)
    polarity: tuple[Polarity, ...] = ("reported",)
    timing: Literal["before", "after"] | None = None


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
    """A criterion as an ordered sequence of events, each `within` characters of the one before.

    A rule without a criterion is a lead: the passage only resembles one that meets a criterion.
    """

    id: str = Field(pattern=r"^[A-Z][A-Za-z0-9-]+$")
    criterion: str | None = None
    gloss: str
    weight: float = Field(gt=0, le=1)
    sequence: tuple[Step, ...] = Field(min_length=1)
    within: int = Field(gt=0, default=60)
    scope: Literal["clause", "sentence", "section"] = "section"
    without: tuple[Bar, ...] = ()


class Phrase(Strict):
    """Wording to be found again in spite of damage; `similarity` is the least share alike."""

    id: str
    text: str = Field(min_length=6)
    criterion: str
    similarity: float = Field(gt=0.5, le=1)


class Case(Strict):
    """A passage that a criterion's rules must match, or must not; `code` is the whole passage's.

    `open` gives the reason why the rules do not meet the case yet; such a case is counted apart,
    and it is an error once they do.
    """

    id: str
    criterion: str
    match: bool
    code: Literal[0, 1, 2]
    text: str = Field(min_length=1)
    note: str = ""
    open: str = ""


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
