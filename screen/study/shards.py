"""Shards: the unit of work and of safety.

A shard is NNNNN.parquet with its manifest NNNNN.json beside it. Both are written under another
name, synced and renamed, the manifest last, so that a shard with a manifest is whole. It is done
if the manifest's input and recipe are the wanted ones and the data has the manifest's hash.
Nothing that differs between two runs (times, hosts, numbers of workers) is written, so the same
work gives the same bytes.
"""

import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from screen.errors import StudyError
from screen.study.signatures import Signature
from screen.types import Answer, Evidence, Failure, Hit, Line, Mark, Match, Page, Quote, Window

_MARK = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string())])
_SHARES = ("confidence", "left", "top", "right", "bottom")
_LINE = pa.struct(
    [("start", pa.int32()), ("end", pa.int32()), *((name, pa.float32()) for name in _SHARES)]
)
_PAGES = pa.schema(
    [
        ("sha256", pa.string()),
        ("number", pa.int32()),
        ("text", pa.large_string()),
        ("method", pa.string()),
        ("quality", pa.float64()),
        ("engine", pa.string()),
        ("route", pa.string()),
        ("marks", pa.list_(_MARK)),
        ("lines", pa.list_(_LINE)),
    ]
)
_QUOTE = pa.struct(
    [("page", pa.int32()), ("start", pa.int32()), ("end", pa.int32()), ("text", pa.string())]
)
_EVIDENCE = pa.struct(
    [
        ("kind", pa.string()),
        ("actor", pa.string()),
        ("polarity", pa.string()),
        ("text", pa.string()),
        ("page", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
    ]
)
_HITS = pa.schema(
    [
        ("id", pa.string()),
        ("paper", pa.string()),
        ("page", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("quote", pa.string()),
        ("continued", pa.list_(_QUOTE)),
        ("passage", pa.string()),
        ("context", pa.string()),
        ("section", pa.string()),
        ("events", pa.list_(_EVIDENCE)),
        ("criteria", pa.list_(pa.string())),
        ("reason", pa.string()),
        ("mitigating", pa.list_(_EVIDENCE)),
        ("matches", pa.list_(pa.struct([("rule", pa.string()), ("distance", pa.float64())]))),
        ("score", pa.float64()),
        ("code", pa.int8()),
        ("neighbour", pa.bool_()),
    ]
)

_ANSWERS = pa.schema(
    [
        ("paper", pa.string()),
        ("hit", pa.string()),
        ("target", pa.string()),
        ("location", pa.int64()),
        ("distance", pa.float64()),
        ("match", pa.string()),
        ("page", pa.int32()),
        ("flagged", pa.bool_()),
    ]
)

_SIGNATURES = pa.schema(
    [
        ("sha256", pa.string()),
        ("letters", pa.large_string()),
        ("numbers", pa.string()),
        ("length", pa.int32()),
        ("quality", pa.float64()),
        ("values", pa.binary()),
    ]
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a shard was made from (`input`, `recipe`), what it holds, and what could not be done."""

    input: str
    recipe: str
    data: str
    rows: int
    failures: tuple[Failure, ...]
    label: str = ""


def digest(*parts: str | bytes) -> str:
    """Return the SHA-256 of several parts, each with its length, so that no two lists collide."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is there wholly or not at all, also after a power cut."""
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep(folder: Path) -> None:
    """Remove what killed writers left behind."""
    for leftover in folder.glob("*.tmp-*"):
        leftover.unlink(missing_ok=True)


def read_manifest(folder: Path, number: int) -> Manifest | None:
    """Return the manifest of a shard, or None where there is none that can be used."""
    try:
        row = json.loads((folder / f"{number:05d}.json").read_text(encoding="ascii"))
        failures = tuple(Failure(**failure) for failure in row.pop("failures"))
        return Manifest(failures=failures, **row)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def find_done(folder: Path, number: int, source: str | None, recipe: str | None) -> Manifest | None:
    """Return the manifest of a shard if it is whole and made from this input by this recipe.

    None is any input, or any recipe.
    """
    manifest = read_manifest(folder, number)
    if manifest is None or source not in (None, manifest.input):
        return None
    if recipe not in (None, manifest.recipe):
        return None
    try:
        data = _data_path(folder, number).read_bytes()
    except OSError:
        return None
    return manifest if hashlib.sha256(data).hexdigest() == manifest.data else None


def forget(folder: Path, number: int) -> None:
    """Make a shard count as not done."""
    (folder / f"{number:05d}.json").unlink(missing_ok=True)


def write_pages(
    folder: Path,
    number: int,
    pages: Iterable[Page],
    failures: Sequence[Failure],
    source: str,
    recipe: str,
) -> Manifest:
    """Write a shard of pages."""
    rows = [as_page_row(page) for page in pages]
    return _write(folder, number, rows, _PAGES, failures, source, recipe, "")


def write_hits(
    folder: Path, number: int, hits: Iterable[Hit], source: str, recipe: str, label: str
) -> Manifest:
    """Write a shard of hits; `label` names the pack that found them."""
    rows = [as_row(hit) for hit in hits]
    return _write(folder, number, rows, _HITS, (), source, recipe, label)


def write_answers(
    folder: Path, number: int, answers: Iterable[Answer], source: str, recipe: str
) -> Manifest:
    """Write a shard of what the published search says."""
    rows = []
    for answer in answers:
        row = answer._asdict()
        rows.append({**row.pop("window")._asdict(), **row})
    return _write(folder, number, rows, _ANSWERS, (), source, recipe, "")


def write_signatures(
    folder: Path, number: int, signatures: Iterable[Signature], source: str, recipe: str
) -> Manifest:
    """Write a shard of signatures."""
    rows = [
        {
            "sha256": item.paper,
            "letters": item.letters,
            "numbers": " ".join(item.numbers),
            "length": len(item.letters),
            "quality": item.quality,
            "values": item.values.astype("<u4").tobytes(),
        }
        for item in signatures
    ]
    return _write(folder, number, rows, _SIGNATURES, (), source, recipe, "")


def as_page_row(page: Page) -> dict[str, Any]:
    """Return a page as plain data."""
    row = _fields(page)
    for name in ("marks", "lines"):
        row[name] = [part._asdict() for part in row[name]]
    return row


def as_page(row: Mapping[str, Any]) -> Page:
    """Return the page that `as_page_row` made plain."""
    parts = {
        "marks": tuple(Mark(**mark) for mark in row["marks"]),
        "lines": tuple(Line(**line) for line in row["lines"]),
    }
    return Page(**{**row, **parts})


def as_row(hit: Hit) -> dict[str, Any]:
    """Return a hit as plain data; `asdict` does the same, but copies all that it finds."""
    row = _fields(hit)
    for name in ("continued", "events", "mitigating", "matches"):
        row[name] = [_fields(part) for part in row[name]]
    return row


def _fields(item: Hit | Page | Quote | Evidence | Match) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


def read_pages(study: Path, number: int, paper: str | None = None) -> dict[str, list[Page]]:
    """Return the pages of a shard, or of one paper in it, by paper, in the order of writing.

    A page that optical character recognition read stands in place of what was there before it.
    """
    seen = {(page.sha256, page.number): page for page in read_recognised(study, number, paper)}
    papers: dict[str, list[Page]] = {}
    for page in read_extracted(study, number, paper):
        papers.setdefault(page.sha256, []).append(seen.get((page.sha256, page.number), page))
    return papers


def read_extracted(study: Path, number: int, paper: str | None = None) -> list[Page]:
    """Return the pages of a shard as they were before optical character recognition."""
    return [as_page(row) for row in _read(study / "text", number, paper=paper)]


def read_recognised(study: Path, number: int, paper: str | None = None) -> list[Page]:
    """Return the pages of a shard that were given to optical character recognition."""
    if not _data_path(study / "ocr", number).exists():
        return []
    return [as_page(row) for row in _read(study / "ocr", number, paper=paper)]


def count_methods(study: Path, number: int) -> dict[str, Counter[str]]:
    """Return for each paper of a shard how many pages each method read, without loading any text.

    Those that none could read are counted as "unreadable".
    """
    columns = ["sha256", "number", "method"]
    methods = {}
    for stage in ("text", "ocr"):
        if _data_path(study / stage, number).exists():
            rows = _read(study / stage, number, columns)
            methods.update({(row["sha256"], row["number"]): row["method"] for row in rows})
    counts: dict[str, Counter[str]] = {}
    for (paper, _), method in methods.items():
        counts.setdefault(paper, Counter())[method] += 1
    return counts


def read_measures(study: Path, number: int) -> list[tuple[str, int, float]]:
    """Return each signed paper of a shard with its length in letters and its quality."""
    if not _data_path(study / "signatures", number).exists():
        return []
    rows = _read(study / "signatures", number, ["sha256", "length", "quality"])
    return [(row["sha256"], row["length"], row["quality"]) for row in rows]


def read_values(study: Path, number: int) -> list[tuple[str, list[str], bytes]]:
    """Return each paper of a shard with its numbers and its signature, little-endian uint32."""
    rows = _read(study / "signatures", number, ["sha256", "numbers", "values"])
    return [(row["sha256"], row["numbers"].split(), row["values"]) for row in rows]


def read_letters(study: Path, number: int) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the letters and numbers by which each paper of a shard is compared."""
    rows = _read(study / "signatures", number, ["sha256", "letters", "numbers"])
    return {row["sha256"]: (row["letters"], tuple(row["numbers"].split())) for row in rows}


def read_hits(folder: Path, number: int) -> list[Hit]:
    """Return the hits of a shard in the order they were written."""
    return [as_hit(row) for row in _read(folder, number)]


def as_hit(row: Mapping[str, Any]) -> Hit:
    """Return the hit that `as_row` made plain; what else is in the row is passed over."""
    parts = {
        "continued": tuple(Quote(**part) for part in row["continued"]),
        "events": tuple(Evidence(**event) for event in row["events"]),
        "mitigating": tuple(Evidence(**event) for event in row["mitigating"]),
        "matches": tuple(Match(**match) for match in row["matches"]),
        "criteria": tuple(row["criteria"]),
    }
    # Samples that were drawn before there were neighbours do not tell of them.
    values = {"neighbour": False, **row, **parts}
    return Hit(**{name: values[name] for name in Hit.__slots__})


def read_answers(folder: Path, number: int) -> list[Answer]:
    """Return what the published search says of the papers of a shard, as it was written."""
    return [
        Answer(
            row["paper"],
            row["hit"],
            Window(row["target"], row["location"], row["distance"], row["match"]),
            row["page"],
            row["flagged"],
        )
        for row in _read(folder, number)
    ]


def _write(
    folder: Path,
    number: int,
    rows: list[dict[str, Any]],
    schema: pa.Schema,
    failures: Sequence[Failure],
    source: str,
    recipe: str,
    label: str,
) -> Manifest:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer, compression="zstd")
    data = buffer.getvalue()
    hashed = hashlib.sha256(data).hexdigest()
    manifest = Manifest(source, recipe, hashed, len(rows), tuple(failures), label)
    folder.mkdir(exist_ok=True)
    # The old manifest must not stand beside new data: without one the shard counts as not done.
    forget(folder, number)
    write_atomically(_data_path(folder, number), data)
    text = json.dumps(asdict(manifest), indent=1) + "\n"
    write_atomically(folder / f"{number:05d}.json", text.encode("ascii"))
    return manifest


def _read(
    folder: Path, number: int, columns: list[str] | None = None, *, paper: str | None = None
) -> list[dict[str, Any]]:
    path = _data_path(folder, number)
    try:
        # Shards are small: threads would cost more than they spare.
        with pq.ParquetFile(path) as file:
            table = file.read(columns=columns, use_threads=False)
        if paper is not None:
            table = table.filter(pc.equal(table["sha256"], paper))
        rows: list[dict[str, Any]] = table.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise StudyError(f"{path} cannot be read ({error}); delete it and run again") from None
    return rows


def _data_path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.parquet"
