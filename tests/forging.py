"""A bundle taken apart, changed, and put together again as a forger would."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from screen.findings.bundle.history import chain, find_head

Members = dict[str, bytes]
Row = dict[str, Any]
CRATE, MANIFEST, HISTORY = "ro-crate-metadata.json", "manifest-sha256.txt", "verdicts.jsonl"


def take_apart(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def put_together(members: Mapping[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def read_rows(members: Members, name: str) -> list[Row]:
    return [json.loads(line) for line in members[name].splitlines()]


def write_rows(members: Members, name: str, rows: list[Row]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    members[name] = text.encode()


def change_object(members: Members, name: str, change: Callable[[Any], object]) -> None:
    value = json.loads(members[name])
    change(value)
    members[name] = json.dumps(value, ensure_ascii=False).encode()


def fit_chain(members: Members) -> None:
    """Make numbers and chain anew, and the head in the metadata."""
    rows = read_rows(members, HISTORY)
    for number, row in enumerate(rows, start=1):
        row["number"] = number
    write_rows(members, HISTORY, list(chain(rows)))
    head = find_head(read_rows(members, HISTORY))

    def change(crate: Any) -> None:
        for entity in crate["@graph"]:
            if entity["@id"] == "#verdicts-count":
                entity["value"] = len(rows)
            if entity["@id"] == "#verdicts-head":
                entity["value"] = head

    change_object(members, CRATE, change)


def fit_manifest(members: Members) -> None:
    """Make hashes and sizes in metadata and manifest anew."""

    def change(crate: Any) -> None:
        graph = crate["@graph"]
        for entity in graph:
            data = members.get(entity["@id"])
            if data is not None and "sha256" in entity:
                entity["sha256"] = hashlib.sha256(data).hexdigest()
                entity["contentSize"] = str(len(data))

    change_object(members, CRATE, change)
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        for name, data in sorted(members.items())
        if name != MANIFEST
    ]
    members[MANIFEST] = "".join(lines).encode()
