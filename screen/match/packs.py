"""Read a pattern pack: the terms, phrases, rules and cases of one question, as data.

A pack is a folder of YAML files. Everything in it is checked against the schema below; an unknown
key or a name that nothing defines is an error with file and line. The pack's hash covers the
parsed content, so that comments and layout may change and hits stay comparable.
"""

import hashlib
import re
from collections.abc import Hashable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from screen.errors import PackError

Actor = Literal["donor", "recipient", "animal", "living_donor", "unknown"]
Polarity = Literal["reported", "negated", "advised", "hypothetical", "quoted"]
Model = TypeVar("Model", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(_Strict):
    """One letter of the codebook: what a passage is judged to be when a rule for it is met."""

    name: str
    gloss: str
    code: Literal[0, 1, 2]
    supporting: bool = False


class Manifest(_Strict):
    """pack.yml: what the pack is for, its version and its codebook."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: str
    question: str
    family: str
    criteria: dict[str, Criterion]


class Term(_Strict):
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
    spellings: tuple[str, ...] = Field(min_length=1)
    gloss: str = ""
    trigger: bool = False
    actor: Actor | None = None
    polarity: Polarity | None = None
    mitigating: bool = False
    undoes: tuple[Actor, ...] = ()
    reach: Literal["clause", "sentence", "section"] = "section"


class Compound(_Strict):
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


class Step(_Strict):
    """One event of a rule's sequence: any of these kinds, of one of these actors."""

    kinds: tuple[str, ...] = Field(min_length=1)
    actors: tuple[Actor, ...] = ("donor",)
    polarity: tuple[Polarity, ...] = ("reported",)
    timing: Literal["before", "after"] | None = None


class Bar(_Strict):
    """Kinds whose presence forbids the rule: before its first event, between them, after, or any.

    `within` counts the characters looked at before the first and after the last event; `says` is
    what the reason tells the reader when nothing of the kind was found.
    """

    kinds: tuple[str, ...] = Field(min_length=1)
    where: Literal["before", "between", "after", "around"]
    within: int = Field(gt=0, default=60)
    actors: tuple[Actor, ...] = ("donor", "unknown")
    says: str = ""


class Rule(_Strict):
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


class Phrase(_Strict):
    """Wording to be found again in spite of damage; `similarity` is the least share alike."""

    id: str
    text: str = Field(min_length=6)
    criterion: str
    similarity: float = Field(gt=0.5, le=1)


class Case(_Strict):
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


class Pack(_Strict):
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


class _Terms(_Strict):
    terms: tuple[Term, ...]
    compounds: tuple[Compound, ...] = ()


class _Phrases(_Strict):
    phrases: tuple[Phrase, ...]


class _Rules(_Strict):
    rules: tuple[Rule, ...]


class _Cases(_Strict):
    cases: tuple[Case, ...]


def builtin_folder() -> Path:
    """Return the folder of the packs that ship with the program."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "patterns"
    return inside if inside.is_dir() else package.parent / "patterns"


def find_pack(name: str) -> Path:
    """Return the folder of a pack given a built-in name or a path. Raises PackError."""
    for folder in (Path(name), builtin_folder() / name):
        if (folder / "pack.yml").is_file():
            return folder
    known = sorted(path.parent.name for path in builtin_folder().glob("*/pack.yml"))
    raise PackError(f"no pack {name!r}: neither a folder with a pack.yml nor one of {known}")


def load_pack(folder: Path) -> Pack:
    """Read and check the pack in `folder`. Raises PackError with file and line."""
    manifest = _read(folder / "pack.yml", Manifest)
    words = _read(folder / "terms.yml", _Terms)
    phrases = _read(folder / "phrases.yml", _Phrases).phrases
    rules = _read(folder / "criteria.yml", _Rules).rules
    cases = _read(folder / "cases.yml", _Cases).cases
    _check_names(folder, manifest, words, phrases, rules, cases)
    parts = [manifest, words, *phrases, *rules]
    digest = hashlib.sha256("\n".join(part.model_dump_json() for part in parts).encode())
    return Pack(
        manifest=manifest,
        terms=words.terms,
        compounds=words.compounds,
        phrases=phrases,
        rules=rules,
        cases=cases,
        hash=digest.hexdigest(),
    )


def expand(spelling: str) -> Iterator[str]:
    """Yield the spellings that braces stand for: 气管{,内}插管 is 气管插管 and 气管内插管."""
    parts = re.split(r"\{([^{}]*)\}", spelling)
    choices = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    return ("".join(choice) for choice in product(*choices))


def _check_names(
    folder: Path,
    manifest: Manifest,
    words: _Terms,
    phrases: tuple[Phrase, ...],
    rules: tuple[Rule, ...],
    cases: tuple[Case, ...],
) -> None:
    """Raise PackError where a rule, compound, phrase or case names what nothing defines."""
    known = {term.kind for term in words.terms}
    for compound in words.compounds:
        for kind in (compound.part, *compound.beside):
            if kind not in known:
                raise PackError(f"{folder / 'terms.yml'}: {compound.kind}: no term of kind {kind}")
    kinds = {term.kind for term in words.terms if term.role in {"event", "actor"}}
    kinds.update(compound.kind for compound in words.compounds)
    for rule in rules:
        named = [step.kinds for step in rule.sequence] + [bar.kinds for bar in rule.without]
        for part in named:
            for kind in part:
                if kind not in kinds:
                    raise PackError(f"{folder / 'criteria.yml'}: {rule.id}: no term of kind {kind}")
    _check_triggers(folder, manifest, words, rules)
    for file, items in (("criteria.yml", rules), ("phrases.yml", phrases), ("cases.yml", cases)):
        seen: set[str] = set()
        for item in items:
            if item.criterion is not None and item.criterion not in manifest.criteria:
                raise PackError(f"{folder / file}: {item.id}: no criterion {item.criterion}")
            if item.id in seen:
                raise PackError(f"{folder / file}: {item.id} is there twice")
            seen.add(item.id)


def _check_triggers(
    folder: Path, manifest: Manifest, words: _Terms, rules: tuple[Rule, ...]
) -> None:
    """Raise PackError for a rule that a text without any trigger term could meet."""
    plain = {term.kind for term in words.terms if not term.trigger}
    by_part = {compound.kind for compound in words.compounds if compound.part in plain}
    safe = {term.kind for term in words.terms if term.trigger}
    safe.update(compound.kind for compound in words.compounds)
    safe -= by_part | (plain - {compound.kind for compound in words.compounds})
    for rule in rules:
        supporting = rule.criterion is not None and manifest.criteria[rule.criterion].supporting
        if not supporting and not any(safe.issuperset(step.kinds) for step in rule.sequence):
            raise PackError(
                f"{folder / 'criteria.yml'}: {rule.id}: no step consists of trigger kinds only"
            )


class _Loader(yaml.SafeLoader):
    """Safe YAML without silent duplicates: a key given twice would lose the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise PackError(f"{key.start_mark.name}:{line}: {key.value!r} is there twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read(path: Path, model: type[Model]) -> Model:
    """Read one YAML file into its model. Raises PackError naming file and line."""
    try:
        with path.open(encoding="utf-8") as file:
            loader = _Loader(file)
            node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise PackError(f"{path}:1: expected keys and values")
        return model.model_validate(loader.construct_document(node))
    except FileNotFoundError:
        raise PackError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PackError(f"{path}: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        keys = ".".join(str(key) for key in first["loc"])
        line = _line(node, first["loc"])
        raise PackError(f"{path}:{line}: {keys}: {first['msg']}") from None


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the line, from 1, of the deepest node on the way to `location`."""
    line: int = node.start_mark.line if node else 0
    for step in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line = found[0][0].start_mark.line
            node = found[0][1]
            continue
        else:
            break
        line = node.start_mark.line
    return line + 1
