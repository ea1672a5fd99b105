"""What stands in a bundle, as plain data whose form was checked; the rest becomes differences.

A row that is not as it should be is named and left out of all further checks.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from screen.errors import BundleError
from screen.findings.bundle.archive import Archive, DamagedMemberError
from screen.findings.bundle.report import Report
from screen.findings.bundle.tables import (
    FORMAT,
    OBJECTS,
    ORDER,
    PACK,
    PACK_FILES,
    README,
    SETTINGS,
    TABLES,
    VERSIONS,
    find_faults,
)
from screen.findings.output import Row

# What every bundle holds beside its metadata and its manifest.
NEEDED = (*TABLES, *OBJECTS, README, SETTINGS, *(PACK + name for name in PACK_FILES))


@dataclass(frozen=True, slots=True)
class Contents:
    """The rows of each table by name, each with its line in the file; and the objects by name."""

    tables: Mapping[str, list[tuple[int, Row]]]
    objects: Mapping[str, Mapping[str, Any]]

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a table."""
        return [row for _, row in self.tables[name]]


def read_contents(archive: Archive, report: Report) -> Contents:
    """Return what stands in a bundle. Raises BundleError for one of a newer format."""
    objects = {}
    for name in (*OBJECTS, ORDER):
        if name in archive.names:
            found = _read_object(archive, name, report)
            if found is not None:
                objects[name] = found
    number = objects.get(VERSIONS, {}).get("bundle")
    if isinstance(number, int) and number > FORMAT:
        raise BundleError(f"{archive.path}: made by a newer version of this program: update it")
    tables = {name: _read_table(archive, name, report) for name in TABLES}
    return Contents(tables, objects)


def parse(data: bytes) -> Any:
    """Return what JSON says. Raises ValueError also for what programs would read differently."""
    try:
        return json.loads(data, object_pairs_hook=_pairs, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _read_object(archive: Archive, name: str, report: Report) -> dict[str, Any] | None:
    try:
        found = parse(archive.read(name))
    except DamagedMemberError:
        return None  # told when it was hashed
    except ValueError as error:
        report.differ(name, "", f"not JSON: {error}")
        return None
    if not isinstance(found, dict):
        report.differ(name, "", "not an object")
        return None
    return found


def _read_table(archive: Archive, name: str, report: Report) -> list[tuple[int, Row]]:
    data = archive.find(name)
    rows = []
    for number, line in enumerate((data or b"").split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            row = parse(line)
        except ValueError as error:
            report.differ(name, where, f"not JSON: {error}")
            continue
        if not isinstance(row, dict):
            report.differ(name, where, "not an object")
            continue
        faults = list(find_faults(name, row))
        for fault in faults:
            report.differ(name, where, fault)
        if not faults:
            rows.append((number, row))
    report.checked["rows"] += len(rows)
    return rows
