"""Trained classifiers on disk: a folder with the model, its card and a calibration plot.

model.skops       the pipeline; a skops file, since a pickle can run anything when it is read
card.json         what it was trained on, how it was measured, by which versions, and its hash
card.md           the same for people, with calibration.png

A model is untrusted: it is read only if its hash is the card's, if it holds no type but those that
`save_model` writes, and if the libraries are of the release that wrote it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screen.errors import ModelError
from screen.settings import shipped_folder

if TYPE_CHECKING:
    from sklearn.calibration import CalibratedClassifierCV

    from screen.rank.classifier import Classifier

# Raised whenever what `features` makes of a passage changes: older models would misread it.
FEATURES = 1
_FORMAT = 1
LIBRARIES = ("scikit-learn", "skops")
_MOST_BYTES = 200_000_000
_MOST_UNPACKED = 1_000_000_000
_NO_DATE = (1980, 1, 1, 0, 0, 0)

# Every type in a model, as module, class and loader of the skops schema.
_TYPES = frozenset(
    {
        ("builtins", "dict", "DictNode"),
        ("builtins", "list", "ListNode"),
        ("builtins", "slice", "SliceNode"),
        ("builtins", "str", "JsonNode"),
        ("builtins", "str", "TypeNode"),
        ("builtins", "tuple", "TupleNode"),
        ("numpy", "float64", "NdArrayNode"),
        ("numpy", "float64", "TypeNode"),
        ("numpy", "ndarray", "NdArrayNode"),
        ("sklearn.calibration", "CalibratedClassifierCV", "ObjectNode"),
        ("sklearn.calibration", "_CalibratedClassifier", "ObjectNode"),
        ("sklearn.calibration", "_TemperatureScaling", "ObjectNode"),
        ("sklearn.compose._column_transformer", "ColumnTransformer", "ObjectNode"),
        ("sklearn.feature_extraction._dict_vectorizer", "DictVectorizer", "ObjectNode"),
        ("sklearn.feature_extraction.text", "HashingVectorizer", "ObjectNode"),
        ("sklearn.feature_extraction.text", "TfidfTransformer", "ObjectNode"),
        ("sklearn.linear_model._logistic", "LogisticRegression", "ObjectNode"),
        ("sklearn.pipeline", "Pipeline", "ObjectNode"),
        ("sklearn.preprocessing._data", "MaxAbsScaler", "ObjectNode"),
    }
)
# Types that skops wants to be told of, of those above.
_TRUSTED = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._TemperatureScaling")


@dataclass(frozen=True, slots=True)
class Model:
    """A classifier with its card."""

    classifier: "Classifier"
    card: dict[str, Any]

    @property
    def label(self) -> str:
        """Name and the first digits of the hash, as queues and exports carry it."""
        return tell_model(self.card)


def save_model(folder: Path, classifier: "Classifier", card: dict[str, Any]) -> dict[str, Any]:
    """Write a classifier with its card and return the card as written, with hash and versions.

    The same classifier gives the same bytes. Raises ModelError if the folder cannot be written.
    """
    data = dump(classifier)
    whole = {
        "format": _FORMAT,
        **card,
        "sha256": hashlib.sha256(data).hexdigest(),
        "features": FEATURES,
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.skops").write_bytes(data)
        text = json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
        (folder / "card.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{folder} cannot be written: {error.strerror}") from None
    return whole


def tell_model(card: dict[str, Any]) -> str:
    """Return the name of a model and the first digits of its hash."""
    return f"{card['name']} {card['sha256'][:12]}"


def load_model(folder: Path) -> Model:
    """Read a model. Raises ModelError, in one line, for one that cannot or must not be used."""
    from screen.rank.classifier import Classifier

    card, data = _read(folder)
    return Model(Classifier(_undump(folder / "model.skops", data)), card)


def check_model(folder: Path) -> dict[str, Any]:
    """Return the card of a model that is what its card says, and of this program and its libraries.

    What is inside is not looked at; reading it takes scikit-learn, which is slow to start. Raises
    ModelError.
    """
    return _read(folder)[0]


def _read(folder: Path) -> tuple[dict[str, Any], bytes]:
    card = _read_card(folder / "card.json")
    path = folder / "model.skops"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path}: larger than any model of this program")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != card["sha256"]:
        raise ModelError(f"{path}: not the model of its card: changed or damaged")
    for name in LIBRARIES:
        made, here = card["libraries"].get(name, "none"), version(name)
        if _release(made) != _release(here):
            raise ModelError(
                f"{path}: made with {name} {made:.20}, here is {here}: train the model again"
            )
    if card["features"] != FEATURES:
        raise ModelError(f"{path}: made by another version of this program: train it again")
    return card, data


def find_model(name: str, pack: str, base: Path = Path()) -> Path | None:
    """Return the folder of a model: a path below `base`, or "default", the one for the pack.

    None for "", and where no model ships for that pack. Raises ModelError for a folder that holds
    none.
    """
    if name == "default":
        folder = shipped_folder("models") / pack
        return folder if (folder / "card.json").is_file() else None
    if not name:
        return None
    if not (base / name / "card.json").is_file():
        raise ModelError(f"no model {name!r}: not a folder with a card.json")
    return base / name


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ModelError(f"{path}: not JSON") from None
    wanted = {
        "format": int,
        "name": str,
        "family": str,
        "sha256": str,
        "features": int,
        "libraries": dict,
    }
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        raise ModelError(f"{path}: not the card of a model of this program")
    for name, kind in wanted.items():
        if not isinstance(card.get(name), kind):
            raise ModelError(f"{path}: {name!r} is missing or of another type")
    if not all(isinstance(made, str) for made in card["libraries"].values()):
        raise ModelError(f"{path}: 'libraries' holds something else than versions")
    return card


def _release(made: str) -> list[str]:
    """Return the part of a version within which a library keeps reading its own models."""
    return made.split(".")[:2]


def dump(classifier: "Classifier") -> bytes:
    """Return a classifier as a skops file without anything that differs between two runs.

    skops names objects by their place in memory and dates the files in its archive.
    """
    import skops.io

    source = zipfile.ZipFile(io.BytesIO(skops.io.dumps(classifier.estimator)))
    schema = json.loads(source.read("schema.json"))
    arrays: dict[str, str] = {}
    _rename(schema, {}, arrays)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        files = [("schema.json", json.dumps(schema).encode())]
        files += [(new, source.read(old)) for old, new in arrays.items()]
        for name, data in files:
            info = zipfile.ZipInfo(name, _NO_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return target.getvalue()


def _rename(node: Any, ids: dict[int, int], arrays: dict[str, str]) -> None:
    """Give the objects and the array files of a schema numbers in their order in it."""
    for part in _nodes(node):
        # A place in memory, by which scikit-learn knows that it has checked the stop words.
        part.pop("_stop_words_id", None)
        if "__id__" in part:
            part["__id__"] = ids.setdefault(part["__id__"], len(ids) + 1)
        if isinstance(part.get("file"), str):
            part["file"] = arrays.setdefault(part["file"], f"{len(arrays) + 1}.npy")


def _undump(path: Path, data: bytes) -> "CalibratedClassifierCV":
    import skops.io
    from sklearn.calibration import CalibratedClassifierCV

    from screen.rank.classifier import is_sound

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MOST_UNPACKED:
                raise ModelError(f"{path}: unpacks to more than any model of this program")
            schema = json.loads(archive.read("schema.json"))
            arrays = {part["file"] for part in _nodes(schema) if isinstance(part.get("file"), str)}
            if sorted(archive.namelist()) != sorted({"schema.json", *arrays}):
                raise ModelError(f"{path}: holds other files than a model")
            for part in _nodes(schema):
                told = (part.get("__module__"), part.get("__class__"), part.get("__loader__"))
                if "__class__" in part and "__loader__" in part and told not in _TYPES:
                    name = f"{told[0]}.{told[1]}"
                    raise ModelError(f"{path}: holds an unexpected type, {name:.80}: not read")
        estimator = skops.io.loads(data, trusted=list(_TRUSTED))
        if not isinstance(estimator, CalibratedClassifierCV) or not is_sound(estimator):
            raise ModelError(f"{path}: holds no classifier of this program")
    except ModelError:
        raise
    # What reads an archive, a schema and arrays that anybody may have written can fail in any way.
    except Exception as error:  # noqa: BLE001
        raise ModelError(f"{path}: cannot be read: {type(error).__name__}") from None
    return estimator


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects of a schema, without recursion: a hostile one may be deep."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(reversed(part.values()))
        elif isinstance(part, list):
            waiting.extend(reversed(part))
