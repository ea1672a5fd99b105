"""The recipe of a study: all that decides how a shard comes out, with a hash for each stage.

A shard that was made by another version of the program, of a library, a pack or a setting has
another recipe, and is made anew. So are two machines known to make the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import screen
from screen.ingest.ocr import RECOGNISER, find_engine
from screen.match.afind import read_targets
from screen.match.packs import find_pack, load_pack
from screen.settings import Limits, Published, Recognition, shipped_folder
from screen.study.contents import FORMATS
from screen.study.folder import Study
from screen.study.shards import digest

# A stage that no later one is made from.
ASIDE = "signatures"

_TEXT_CODE = ("ingest", "types.py")
_TEXT_LIBRARIES = ("pypdfium2", "pdfminer.six", "lxml")
_HITS_CODE = ("text", "match", "types.py")
_HITS_LIBRARIES = ("opencc", "ahocorasick-rs", "rapidfuzz", "rjieba", "spacy")
_SIGNATURES_CODE = ("text/normalise.py", "study/copies/signatures.py", "types.py")
_SIGNATURES_LIBRARIES = ("opencc", "numpy", "rensa")
_PUBLISHED_CODE = ("match/afind.py", "match/cosine.py", "compiled.py", "types.py")
_PUBLISHED_LIBRARIES = ("numba", "numpy")


@cache
def tell_program() -> str:
    """Return the version of this program, with a hash of its source and of what it builds on."""
    package = Path(screen.__file__).resolve().parent
    files = (*package.rglob("*.py"), *shipped_folder("patterns").rglob("*.yml"))
    parts = [path.read_bytes() for path in sorted(files)]
    libraries = sorted({*_TEXT_LIBRARIES, *_HITS_LIBRARIES, *_SIGNATURES_LIBRARIES})
    told = digest(*parts, *map(version, [*libraries, *_PUBLISHED_LIBRARIES]))
    return f"ddr-screen {screen.__version__} ({told[:12]})"


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides how a shard comes out; small, so that it can be sent to any worker.

    `stages` are the stages in order, each with the hash of all that decides it but its input.
    A stage without a hash takes what was made by whatever. Without `targets` there is no published
    search among them. The pack is named as in study.toml, since one that ships may lie elsewhere on
    another machine; `label` is its name with its version.
    """

    folder: Path
    limits: Limits
    ocr: Recognition
    pack: str
    label: str
    targets: tuple[str, ...]
    rule: Published
    stages: tuple[tuple[str, str | None], ...]

    @property
    def recognises(self) -> bool:
        """Whether pages without a text are given to optical character recognition."""
        return self.ocr.use != "no" and dict(self.stages)["ocr"] is not None


def make_recipe(study: Study) -> Recipe:
    """Return the recipe of a study as its settings, its pack and the program stand now."""
    folder = find_pack(study.settings.pack, study.folder)
    pack = load_pack(folder)
    limits, rule = study.settings.limits, study.settings.published
    stages: list[tuple[str, str | None]] = [
        ("text", _hash("text", _TEXT_CODE, _TEXT_LIBRARIES, limits.model_dump_json())),
        ("ocr", _recognised_by(study.settings.ocr)),
        (ASIDE, _hash(ASIDE, _SIGNATURES_CODE, _SIGNATURES_LIBRARIES)),
        ("hits", _hash("hits", _HITS_CODE, _HITS_LIBRARIES, pack.hash)),
    ]
    targets: tuple[str, ...] = ()
    if rule.targets:
        targets = tuple(read_targets(study.folder / rule.targets))
        asked = rule.model_dump_json(exclude={"targets"})
        made_by = _hash("published", _PUBLISHED_CODE, _PUBLISHED_LIBRARIES, asked, *targets)
        stages.append(("published", made_by))
    return Recipe(
        folder=study.folder.resolve(),
        limits=limits,
        ocr=study.settings.ocr,
        pack=study.settings.pack,
        label=pack.label,
        targets=targets,
        rule=rule,
        stages=tuple(stages),
    )


def _recognised_by(settings: Recognition) -> str | None:
    """Return the hash of what recognises characters; None, for any, where nothing is installed.

    So what was recognised elsewhere is kept. The program's own part has a number instead of a hash
    of its code: days of work are not to be done again for a comment.
    """
    if settings.use == "no":
        return digest("no")
    engine = find_engine()
    return None if engine is None else digest(RECOGNISER, engine)


def _hash(stage: str, code: Sequence[str], libraries: Sequence[str], *settings: str) -> str:
    return digest(FORMATS[stage], _code(*code), *map(version, libraries), *settings)


@cache
def _code(*names: str) -> str:
    """Return the hash of the program's own source that takes part in a stage.

    A folder stands for all modules in it but those that have no part in what all papers go through.
    """
    package = Path(screen.__file__).resolve().parent
    apart = {package / name for name in (*_PUBLISHED_CODE, "ingest/ocr.py")}
    apart.update((package / "ingest" / "records").rglob("*.py"))

    def files() -> Iterator[Path]:
        for name in names:
            path = package / name
            yield from sorted(set(path.rglob("*.py")) - apart) if path.is_dir() else [path]

    parts = [part for path in files() for part in (path.name, path.read_bytes())]
    return digest(*parts)
