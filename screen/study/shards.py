"""Shards: the unit of work and of safety.

A shard is NNNNN.parquet with its manifest NNNNN.json beside it. Both are written under another
name and renamed, the manifest last. A shard is done if the manifest's input and recipe are the
wanted ones, and if manifest and data have the hashes that the manifest tells; so what a crash, a
power cut or a bad disk left of one is found, and made anew. Nothing that differs between two runs
(times, hosts, numbers of workers) is written, so the same work gives the same bytes.
"""

import hashlib
import io
import json
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from screen.errors import StudyError
from screen.types import Failure


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


def write_atomically(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write a file so that it is there wholly or not at all; with `sync` also after a power cut.

    Others may write the same file at the same time, on other machines too.
    """
    who = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.with_name(f"{path.name}.tmp-{who}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        temporary.rename(path)
    except OSError:
        # A full disk is not to be filled with what nobody will read.
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sweep(folder: Path) -> None:
    """Remove what killed writers left behind; nobody may be writing there."""
    for leftover in folder.glob("*.tmp-*"):
        leftover.unlink(missing_ok=True)


class Wanting(Enum):
    """Why a shard does not count as done; the values are for people."""

    MISSING = "not done yet"
    CHANGED = "made by another version, pack or setting, or from other files"
    DAMAGED = "damaged: not as it was written"


def read_manifest(folder: Path, number: int) -> Manifest | None:
    """Return the manifest of a shard, or None where there is none that can be used."""
    try:
        row = json.loads((folder / f"{number:05d}.json").read_text(encoding="ascii"))
        own = row.pop("own", None)
        # Those of older versions do not tell their own hash.
        if own is not None and own != _hash_row(row):
            return None
        failures = tuple(Failure(**failure) for failure in row.pop("failures"))
        return Manifest(failures=failures, **row)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _hash_row(row: Mapping[str, Any]) -> str:
    return digest(json.dumps(row, sort_keys=True))


def find_done(
    folder: Path, number: int, source: str | None, recipe: str | None
) -> Manifest | Wanting:
    """Return the manifest of a shard if it is whole and made from this input by this recipe.

    None is any input, or any recipe. Otherwise tells what is wanting.
    """
    manifest = read_manifest(folder, number)
    if manifest is None:
        is_there = (folder / f"{number:05d}.json").exists()
        return Wanting.DAMAGED if is_there else Wanting.MISSING
    if source not in (None, manifest.input) or recipe not in (None, manifest.recipe):
        return Wanting.CHANGED
    try:
        data = find_data(folder, number).read_bytes()
    except OSError:
        return Wanting.DAMAGED
    is_whole = hashlib.sha256(data).hexdigest() == manifest.data
    return manifest if is_whole else Wanting.DAMAGED


def forget(folder: Path, number: int) -> None:
    """Make a shard count as not done."""
    (folder / f"{number:05d}.json").unlink(missing_ok=True)


def write_rows(
    folder: Path,
    number: int,
    rows: list[dict[str, Any]],
    schema: pa.Schema,
    failures: Sequence[Failure],
    source: str,
    recipe: str,
    label: str,
) -> Manifest:
    """Write a shard with its manifest; `label` names what made it, for people."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer, compression="zstd")
    data = buffer.getvalue()
    hashed = hashlib.sha256(data).hexdigest()
    manifest = Manifest(source, recipe, hashed, len(rows), tuple(failures), label)
    folder.mkdir(exist_ok=True)
    # The old manifest must not stand beside new data: without one the shard counts as not done.
    forget(folder, number)
    # Not synced: that would take longer than the work, and what is lost is found by its hash.
    write_atomically(find_data(folder, number), data, sync=False)
    write_manifest(folder, number, manifest)
    return manifest


def write_manifest(folder: Path, number: int, manifest: Manifest) -> None:
    """Write a manifest with its own hash; the data are to be there already."""
    row = asdict(manifest)
    text = json.dumps({**row, "own": _hash_row(row)}, indent=1) + "\n"
    write_atomically(folder / f"{number:05d}.json", text.encode("ascii"), sync=False)


def read_rows(
    folder: Path, number: int, columns: list[str] | None = None, *, paper: str | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a shard, or those of one paper in it, in the order of writing."""
    table = read_table(folder, number, columns)
    if paper is not None:
        table = table.filter(pc.equal(table["sha256"], paper))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def read_table(folder: Path, number: int, columns: list[str] | None = None) -> pa.Table:
    """Return a shard as a table. Raises StudyError if it cannot be read."""
    path = find_data(folder, number)
    try:
        # Shards are small: threads would cost more than they spare.
        with pq.ParquetFile(path) as file:
            return file.read(columns=columns, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise StudyError(f"{path} cannot be read ({error}); delete it and run again") from None


def find_data(folder: Path, number: int) -> Path:
    """Return where the data of a shard is, or would be."""
    return folder / f"{number:05d}.parquet"
