"""What a study was set up with, in a bundle: settings, pattern pack, target phrases.

On the way out nothing of the machine is kept: no database, no address, no path. On the way back in
all of it is untrusted: only files of known names are written, and the pack is read within limits.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from screen.errors import BundleError, DocumentError, ScreenError
from screen.findings.bundle.tables import PACK, PACK_FILES, SCOPE_FILES, SETTINGS, TARGETS
from screen.ingest.limits import within
from screen.match.packs import find_pack, load_pack
from screen.settings import Limits, Settings, read_settings
from screen.study.folder import Study
from screen.study.work.isolation import GRACE, Death, Isolated

_HEAD = (
    "# The settings that were in force, every value written out. Paths lead to files of this "
    "bundle;\n# what belongs to one machine (database, address, processes) is left out.\n"
)
# What reading a pack may cost: patterns with braces may stand for very many spellings.
_SECONDS, _MEGABYTES = 60.0, 2000.0
# Of the limits that a bundle asks for, on the machine of whoever checks it.
_MOST = {"seconds": 600.0, "memory_mb": 8000.0}


@dataclass(frozen=True, slots=True)
class Book:
    """What a check needs of a pack: its label and family, its criteria with codes, its rules."""

    label: str
    family: str
    criteria: Mapping[str, int]
    supporting: frozenset[str]
    rules: frozenset[str]


# ---- out ---------------------------------------------------------------------------------------


def tell_settings(settings: Settings) -> str:
    """Return settings as a study.toml that works in a bundle, and tells nothing of the machine."""
    model = settings.model if settings.model in ("", "default") else "./model"
    values: dict[str, Any] = settings.model_dump()
    values["pack"], values["model"] = f"./{PACK.rstrip('/')}", model
    values["database"]["url"] = values["review"]["public_url"] = ""
    values["work"]["workers"] = 0
    values["published"]["targets"] = TARGETS if settings.published.targets else ""
    parts = [_tell_values({k: v for k, v in values.items() if not isinstance(v, dict)})]
    for name, section in values.items():
        if isinstance(section, dict):
            parts.append(f"[{name}]\n{_tell_values(section)}")
    return _HEAD + "\n".join(parts)


def _tell_values(values: Mapping[str, Any]) -> str:
    # Strings, numbers and truths look alike in JSON and TOML, but for DEL.
    told = ((key, json.dumps(value, ensure_ascii=False)) for key, value in values.items())
    return "".join(f"{key} = {value}\n".replace("\x7f", "\\u007f") for key, value in told)


def read_pack_files(study: Study) -> dict[str, bytes]:
    """Return the files of the study's pack by their names in a bundle."""
    folder = find_pack(study.settings.pack, study.folder)
    found = {}
    for name in (*PACK_FILES, *SCOPE_FILES):
        path = folder / name
        if path.is_file():
            found[PACK + name] = path.read_bytes()
    return found


# ---- and back in -------------------------------------------------------------------------------


@contextmanager
def unpack(read: Callable[[str], bytes | None]) -> Iterator[Study]:
    """Give a study in a temporary folder, with the settings, pack and targets of a bundle.

    `read` returns a member, or None where there is none. The database, if one is asked for, is
    SQLite in that folder; no model is used. Raises BundleError for what cannot or must not be used.
    """
    with TemporaryDirectory(prefix="ddr-screen-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        study = Study.create(folder / "study")
        for member in (SETTINGS, TARGETS, *(PACK + file for file in (*PACK_FILES, *SCOPE_FILES))):
            data = read(member)
            if data is None and member == SETTINGS:
                raise BundleError(f"{SETTINGS}: not there, or damaged")
            if data is not None:
                path = study.folder / member
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data)
        settings = _read_settings(study.folder)
        allowed = {name: min(getattr(settings.limits, name), most) for name, most in _MOST.items()}
        limits = Limits(**{**settings.limits.model_dump(), **allowed})
        settings = settings.model_copy(update={"limits": limits, "model": ""})
        (study.folder / SETTINGS).write_text(tell_settings(settings), encoding="utf-8")
        yield Study(study.folder)


def _read_settings(folder: Path) -> Settings:
    """Return the settings of a bundle. Raises BundleError if they lead out of it."""
    try:
        settings = read_settings(folder / SETTINGS)
    except ScreenError as error:
        raise BundleError(_without(folder, str(error))) from None
    wanted = {
        "pack": (settings.pack, (f"./{PACK.rstrip('/')}",)),
        "model": (settings.model, ("", "default", "./model")),
        "published.targets": (settings.published.targets, ("", TARGETS)),
        "database.url": (settings.database.url, ("",)),
        "review.public_url": (settings.review.public_url, ("",)),
    }
    for key, (found, allowed) in wanted.items():
        if found not in allowed:
            raise BundleError(f"{SETTINGS}: {key} is {found!r:.80}, which leads out of the bundle")
    return settings


def read_book(study: Study, apart: Isolated) -> Book:
    """Return what is to be known of the pack of an unpacked bundle, read in another process.

    Raises BundleError for a pack that breaks its schema, or takes more than it may.
    """
    pack = study.folder / PACK.rstrip("/")
    try:
        book = apart.ask(_read_book, pack, seconds=_SECONDS + GRACE)
    except (ScreenError, DocumentError) as error:
        raise BundleError(_without(study.folder, str(error))) from None
    if isinstance(book, Death):
        raise BundleError(f"{PACK}: reading it takes more time or memory than a pack may")
    return book


def _read_book(folder: Path) -> Book:
    with within(_SECONDS, _MEGABYTES):
        pack = load_pack(folder)
    criteria = pack.manifest.criteria
    return Book(
        label=pack.label,
        family=pack.manifest.family,
        criteria={name: item.code for name, item in criteria.items()},
        supporting=frozenset(name for name, item in criteria.items() if item.supporting),
        rules=frozenset([rule.id for rule in pack.rules] + [one.id for one in pack.phrases]),
    )


def _without(folder: Path, words: str) -> str:
    return words.replace(f"{folder}/", "")
