"""What belongs to a review and what does not: the scopes of a pack, as rules over data of papers.

scope.yml holds named scopes, scope-cases.yml their cases. A condition is true, false or unknown:
what is missing (a record, an abstract, a text) decides nothing, and a paper in doubt stays in.
The hash of a scope is no part of the pack's: a scope changes what is read, never what is found.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from screen.errors import PackError
from screen.match.packs import PackFile, read_file
from screen.match.schema import Spelling, Strict, expand
from screen.text.normalise import clean_words

FieldName = Literal["title", "abstract", "keywords", "text"]
_NAME = r"^[a-z][a-z0-9-]*$"
# What a condition comes to, and the words that decided; None is unknown.
Truth = tuple[bool | None, tuple[str, ...]]


class Condition(Strict):
    """Words in `fields`, or years, or conditions joined by `all`, `any` or `none`: one of these.

    `words` must stand there `at_least` so often in all; what stands inside one of the words
    `unless` does not count. `first` looks only at so many characters from the beginning. Words that
    are not found say nothing unless all fields that it `needs` are there; if not told, all its
    fields but the keywords, which records often lack.
    """

    fields: tuple[FieldName, ...] = ("title", "abstract", "keywords")
    words: tuple[Spelling, ...] = ()
    unless: tuple[Spelling, ...] = ()
    at_least: int = Field(default=1, gt=0)
    first: int | None = Field(default=None, gt=0)
    needs: tuple[FieldName, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()
    none: tuple["Condition", ...] = ()

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        years = self.year_from is not None or self.year_to is not None
        if sum(map(bool, (self.words, years, self.all, self.any, self.none))) != 1:
            raise ValueError("a condition is one of: words, years, all, any, none")
        about_words = {"fields", "unless", "at_least", "first", "needs"} & self.model_fields_set
        if about_words and not self.words:
            raise ValueError(f"`{min(about_words)}` goes with `words`")
        if not self.fields:
            raise ValueError("`fields` names none")
        if not set(self.needs) <= set(self.fields):
            raise ValueError("`needs` names a field that is not looked at")
        return self

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
        """The words, and what hides those inside it."""
        return _compile(self.words), _compile(self.unless) if self.unless else None

    def names(self) -> Iterator[str]:
        """Yield the fields that the condition and those inside it look at."""
        if self.words:
            yield from self.fields
        for inner in (*self.all, *self.any, *self.none):
            yield from inner.names()

    def judge(self, subject: "Subject") -> Truth:
        """Return whether the condition is met, None if that cannot be known, and by what words."""
        if self.words:
            return self._look(subject)
        if self.all or self.any or self.none:
            return self._join(subject)
        if subject.year is None:
            return None, ()
        low, high = self.year_from or subject.year, self.year_to or subject.year
        return low <= subject.year <= high, (str(subject.year),)

    def _look(self, subject: "Subject") -> Truth:
        found: list[str] = []
        for name in self.fields:
            value = subject.fields.get(name, "")[: self.first]
            found += self._find(value)
        words = tuple(dict.fromkeys(found))
        if len(found) >= self.at_least:
            return True, words
        needs = self.needs or tuple(f for f in self.fields if f != "keywords") or self.fields
        known = all(subject.fields.get(name) for name in needs)
        return (False if known else None), words

    def _find(self, value: str) -> Iterator[str]:
        """Yield the words that stand in a field, apart from hidden ones; none overlaps another."""
        wanted, hiding = self._patterns
        hidden = [m.span(1) for m in hiding.finditer(value)] if hiding else []
        last = 0
        for match in wanted.finditer(value):
            start, end = match.span(1)
            if start < last or any(low <= start and end <= high for low, high in hidden):
                continue
            last = end
            yield match[1]

    def _join(self, subject: "Subject") -> Truth:
        told = [inner.judge(subject) for inner in (*self.all, *self.any, *self.none)]
        truths = [truth for truth, _ in told]
        if self.all:
            met = False if False in truths else None if None in truths else True
        else:
            met = True if True in truths else None if None in truths else False
        words = tuple(dict.fromkeys(w for truth, found in told if truth for w in found))
        if self.none:
            return (None if met is None else not met), words
        return met, words


def _compile(spellings: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds words wherever they begin, the longest of each place."""
    words = {clean_words(word).lower() for spelling in spellings for word in expand(spelling)}
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(f"(?=({'|'.join(map(_bounded, ordered))}))")


def _bounded(word: str) -> str:
    """Return a pattern for a word; one of Latin letters does not stand inside another."""
    before = r"(?<![a-z0-9])" if word[:1].isascii() and word[:1].isalnum() else ""
    after = r"(?![a-z0-9])" if word[-1:].isascii() and word[-1:].isalnum() else ""
    return f"{before}{re.escape(word)}{after}"


class ScopeRule(Strict):
    """A condition with the reason for which a paper is left out by it.

    As a rule of `include` it leaves out what does not meet it, as one of `exclude` what does.
    """

    id: str = Field(pattern=_NAME)
    reason: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    gloss: str
    gloss_zh: str = ""
    when: Condition


class Scope(Strict):
    """What a review is about: papers that meet all of `include` and none of `exclude`."""

    gloss: str
    gloss_zh: str = ""
    include: tuple[ScopeRule, ...] = ()
    exclude: tuple[ScopeRule, ...] = ()

    @property
    def hash(self) -> str:
        """The SHA-256 of the rules."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def rules(self) -> tuple[ScopeRule, ...]:
        """All rules in the order in which they are asked."""
        return (*self.exclude, *self.include)

    @property
    def reads_text(self) -> bool:
        """Whether any rule looks at the full text."""
        return any("text" in rule.when.names() for rule in self.rules)

    def judge(self, subject: "Subject") -> "Decision":
        """Return what a paper comes to: the first rule that leaves it out decides."""
        undecided = []
        for rule in self.rules:
            met, words = rule.when.judge(subject)
            if met is None:
                undecided.append(rule.id)
            elif met == (rule in self.exclude):
                return Decision(rule, words, ())
        return Decision(None, (), tuple(undecided))


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of a paper, in its clean form; a field that is missing is not there or ""."""

    fields: Mapping[str, str]
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What leaves a paper out, with the words that were found; None if it stays in.

    `undecided` are the rules that could not be decided for want of data.
    """

    rule: ScopeRule | None
    words: tuple[str, ...]
    undecided: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why the paper is left out, "" if it stays in."""
        return self.rule.reason if self.rule else ""


def make_subject(
    title: str = "", abstract: str = "", keywords: str = "", text: str = "", year: int | None = None
) -> Subject:
    """Return a subject from raw data of a record; `text` is clean already."""
    raw = {"title": title, "abstract": abstract, "keywords": keywords}
    fields = {name: clean_words(value).lower() for name, value in raw.items()}
    return Subject({**fields, "text": text.lower()}, year)


class ScopeCase(Strict):
    """A paper that a scope must leave out for a `reason`, or, without one, must not."""

    id: str
    scope: str
    title: str = ""
    abstract: str = ""
    keywords: str = ""
    text: str = ""
    year: int | None = None
    reason: str = ""
    note: str = ""

    def decide(self, scopes: Mapping[str, Scope]) -> Decision:
        """Return what the case comes to."""
        words = clean_words(self.text)
        subject = make_subject(self.title, self.abstract, self.keywords, words, self.year)
        return scopes[self.scope].judge(subject)


class _Scopes(Strict):
    """scope.yml."""

    scopes: dict[str, Scope]


class _Cases(Strict):
    """scope-cases.yml."""

    cases: tuple[ScopeCase, ...]


def load_scopes(folder: Path) -> dict[str, Scope]:
    """Return the scopes of the pack in `folder`; none without a scope.yml. Raises PackError."""
    if not (folder / "scope.yml").exists():
        return {}
    file = read_file(folder / "scope.yml", _Scopes)
    for name, scope in file.content.scopes.items():
        seen: set[str] = set()
        for key in ("include", "exclude"):
            for index, rule in enumerate(getattr(scope, key)):
                if rule.id in seen:
                    place = ("scopes", name, key, index, "id")
                    raise file.refuse(place, f"{rule.id} is there twice")
                seen.add(rule.id)
    return file.content.scopes


def find_scope(folder: Path, name: str) -> Scope | None:
    """Return a scope of the pack by its name, None for "". Raises PackError for an unknown one."""
    if not name:
        return None
    scopes = load_scopes(folder)
    if name not in scopes:
        raise PackError(f"{folder}: no scope {name!r}; it has {sorted(scopes) or 'none'}")
    return scopes[name]


def load_scope_cases(folder: Path) -> tuple[ScopeCase, ...]:
    """Return the cases of the scopes of a pack, if it has any. Raises PackError."""
    if not (folder / "scope-cases.yml").exists():
        return ()
    file: PackFile[Any] = read_file(folder / "scope-cases.yml", _Cases)
    scopes = load_scopes(folder)
    seen: set[str] = set()
    for index, case in enumerate(file.content.cases):
        if case.scope not in scopes:
            raise file.refuse(("cases", index, "scope"), f"{case.id}: no scope {case.scope!r}")
        if case.id in seen:
            raise file.refuse(("cases", index, "id"), f"{case.id} is there twice")
        seen.add(case.id)
    cases: tuple[ScopeCase, ...] = file.content.cases
    return cases
