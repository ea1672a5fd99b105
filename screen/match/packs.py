"""Read a pattern pack: the terms, phrases, rules and cases of one question, as data.

A pack is a folder of YAML files, checked against `schema`. An unknown key, a key given twice or a
name that nothing defines is an error with file and line. The pack's hash covers the parsed content,
so that comments and layout may change and hits stay comparable.
"""

import hashlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from screen.errors import PackError
from screen.match.schema import Case, Cases, Manifest, Pack, Phrase, Phrases, Rule, Rules, Terms
from screen.settings import shipped_folder

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


@dataclass(frozen=True)
class PackFile(Generic[Model]):
    """One file of a pack, read and checked by itself, with the tree that knows its lines."""

    path: Path
    content: Model
    tree: yaml.Node

    def refuse(self, location: Location, reason: str) -> PackError:
        """Return the error that names file and line of what stands at `location`."""
        return PackError(f"{self.path}:{_line(self.tree, location)}: {reason}")


def builtin_folder() -> Path:
    """Return the folder of the packs that ship with the program."""
    return shipped_folder("patterns")


def find_pack(name: str, base: Path = Path()) -> Path:
    """Return the folder of a pack given a built-in name, or a path below `base`.

    A built-in name wins, so that a folder that happens to lie about changes nothing; write
    ./brain-death for such a folder. Raises PackError.
    """
    builtin = [builtin_folder() / name] if name == Path(name).name else []
    for folder in (*builtin, base / name):
        if (folder / "pack.yml").is_file():
            return folder
    known = sorted(path.parent.name for path in builtin_folder().glob("*/pack.yml"))
    raise PackError(f"no pack {name!r}: neither a folder with a pack.yml nor one of {known}")


def load_pack(folder: Path) -> Pack:
    """Read and check the pack in `folder`. Raises PackError with file and line."""
    manifest = read_file(folder / "pack.yml", Manifest)
    terms = read_file(folder / "terms.yml", Terms)
    rules = read_file(folder / "criteria.yml", Rules)
    phrases = read_file(folder / "phrases.yml", Phrases)
    cases = read_file(folder / "cases.yml", Cases)
    _check_ids(manifest.content, rules, phrases, cases)
    _check_kinds(terms, rules)
    parts = [manifest.content, terms.content, *phrases.content.phrases, *rules.content.rules]
    digest = hashlib.sha256("\n".join(part.model_dump_json() for part in parts).encode())
    pack = Pack(
        manifest=manifest.content,
        terms=terms.content.terms,
        compounds=terms.content.compounds,
        phrases=phrases.content.phrases,
        rules=rules.content.rules,
        cases=cases.content.cases,
        hash=digest.hexdigest(),
    )
    _check_triggers(pack, rules)
    return pack


def _check_ids(
    manifest: Manifest, rules: PackFile[Rules], phrases: PackFile[Phrases], cases: PackFile[Cases]
) -> None:
    """Raise PackError for an id that is there twice or an aim that pack.yml does not have."""
    lists: list[tuple[PackFile[Any], str, tuple[Rule | Phrase | Case, ...]]] = [
        (rules, "rules", rules.content.rules),
        (phrases, "phrases", phrases.content.phrases),
        (cases, "cases", cases.content.cases),
    ]
    for file, key, items in lists:
        seen: set[str] = set()
        for index, item in enumerate(items):
            for aim, known in (("criterion", manifest.criteria), ("sign", manifest.signs)):
                name = getattr(item, aim, None)
                if name is not None and name not in known:
                    raise file.refuse((key, index, aim), f"{item.id}: no {aim} {name}")
            if item.id in seen:
                raise file.refuse((key, index, "id"), f"{item.id} is there twice")
            seen.add(item.id)


def _check_kinds(terms: PackFile[Terms], rules: PackFile[Rules]) -> None:
    """Raise PackError for a kind that no term and no compound has."""
    words = terms.content
    known = {term.kind for term in words.terms}
    for index, compound in enumerate(words.compounds):
        named = {"part": (compound.part,), "beside": compound.beside, "without": compound.without}
        for key, kind in ((key, kind) for key, kinds in named.items() for kind in kinds):
            if kind not in known:
                reason = f"{compound.kind}: no term of kind {kind}"
                raise terms.refuse(("compounds", index, key), reason)
    events = {term.kind for term in words.terms if term.tells_event}
    events.update(compound.kind for compound in words.compounds)
    for number, rule in enumerate(rules.content.rules):
        for place, kind in _named_kinds(number, rule):
            if kind not in events:
                raise rules.refuse(place, f"{rule.id}: no term of kind {kind} becomes an event")


def _named_kinds(number: int, rule: Rule) -> Iterator[tuple[Location, str]]:
    """Yield each kind that a rule names, with its place in the file."""
    steps = [("sequence", index, step.kinds) for index, step in enumerate(rule.sequence)]
    bars = [("without", index, bar.kinds) for index, bar in enumerate(rule.without)]
    for key, index, kinds in steps + bars:
        for position, kind in enumerate(kinds):
            yield ("rules", number, key, index, "kinds", position), kind


def _check_triggers(pack: Pack, rules: PackFile[Rules]) -> None:
    """Raise PackError for a rule that makes hits and that a text without a trigger could meet.

    The sieve would hide what such a rule finds.
    """
    triggers = {term.kind for term in pack.terms if term.trigger}
    plain = {term.kind for term in pack.terms if not term.trigger}
    plain.update(item.kind for item in pack.compounds if item.part in plain)
    safe = (triggers | {compound.kind for compound in pack.compounds}) - plain
    for number, rule in enumerate(pack.rules):
        if pack.makes_hits(rule) and not any(safe.issuperset(s.kinds) for s in rule.sequence):
            reason = f"{rule.id}: no step consists of trigger kinds only"
            raise rules.refuse(("rules", number, "sequence"), reason)


class _Loader(yaml.CSafeLoader):
    """Safe YAML without silent duplicates: a key given twice would lose the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is no word", problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"{key.value!r} is there twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_file(path: Path, model: type[Model]) -> PackFile[Model]:
    """Read one YAML file into its model. Raises PackError naming file and line."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise PackError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise PackError(f"{path}: {' '.join(str(error).split())}") from None
    return _parse(path, data, model)


def _parse(path: Path, data: bytes, model: type[Model]) -> PackFile[Model]:
    tree: yaml.Node | None = None
    try:
        loader = _Loader(data.decode("utf-8"))
        tree = loader.get_single_node()
        if not isinstance(tree, yaml.MappingNode):
            raise PackError(f"{path}:1: expected keys and values")
        return PackFile(path, model.model_validate(loader.construct_document(tree)), tree)
    except ValidationError as error:
        raise PackError(_explain(path, tree, error)) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PackError(f"{path}:{line}: {error.problem}") from None
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise PackError(f"{path}: {' '.join(str(error).split())}") from None


def _explain(path: Path, tree: yaml.Node | None, error: ValidationError) -> str:
    """Return the first fault with file and line: an unknown key before what it leaves missing."""
    faults = error.errors()
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    *above, key = fault["loc"]
    where = ".".join(str(part) for part in above)
    line = _line(tree, fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{path}:{line}: unknown key {key!r}{f' in {where}' if where else ''}"
    words = fault["msg"].removeprefix("Value error, ")
    return f"{path}:{line}: {'.'.join(str(part) for part in fault['loc'])}: {words}"


def _line(node: yaml.Node | None, location: Location) -> int:
    """Return the line, from 1, of the deepest node on the way to `location`."""
    line: int = node.start_mark.line if node else 0
    for step in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line = found[0][0].start_mark.line
            node = found[0][1]
        else:
            break
    return line + 1
