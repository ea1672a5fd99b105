"""Verdicts from files: JSON Lines or CSV, all of a file or nothing of it."""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import sqlalchemy as sa

from screen.errors import GoldError
from screen.study.queries import list_papers, list_queue
from screen.study.verdicts import OUT_OF_SCOPE
from screen.types import Verdict

# Spreadsheets write whole numbers with a point.
_CODES = {"0": 0, "1": 1, "2": 2, "0.0": 0, "1.0": 1, "2.0": 2}


def read_verdicts(
    path: Path, reviewer: str, round_: int, engine: sa.Engine, criteria: Collection[str]
) -> list[Verdict]:
    """Read verdicts on passages (`hit_id`) and whole papers (`paper_id`, or `file`).

    `judgement` is 2, 1 or 0, or for a paper the reason for which it is out of scope; a row without
    one is passed over, so that an exported table can be filled in. `judged_criteria` and `note`
    may be there, and further fields, such as the criteria of the pack or a verdict that others
    gave. Raises GoldError with the file and the row.
    """
    known = _Known(engine, frozenset(criteria))
    found: dict[tuple[str | None, str], Verdict] = {}
    for where, row in _rows(path):
        verdict = _read(where, row, reviewer, known)
        verdict = verdict and replace(verdict, round=round_)
        if verdict is None:
            continue
        key = (verdict.hit, verdict.paper)
        if found.setdefault(key, verdict) != verdict:
            raise GoldError(f"{where}: judged before in this file, and otherwise")
    if not found:
        raise GoldError(f"{path}: no row holds a judgement")
    return list(found.values())


class _Known:
    """The passages and papers that a study has, by the names that a file may use."""

    def __init__(self, engine: sa.Engine, criteria: frozenset[str]) -> None:
        self.criteria = criteria
        queue = [*list_queue(engine), *list_queue(engine, unread=True)]
        self.hits = {row["id"]: row for row in queue}
        self.papers: dict[str, set[str]] = {}
        for row in list_papers(engine):
            for name in {row["sha256"], row["file"], PurePath(row["file"]).name}:
                self.papers.setdefault(name, set()).add(row["sha256"])


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise GoldError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise GoldError(f"{path}: not UTF-8") from None
    if path.suffix.lower() == ".csv":
        try:
            for row in (reader := csv.DictReader(io.StringIO(text, newline=""), strict=True)):
                yield f"{path}:{reader.line_num}", row
        except csv.Error as error:
            raise GoldError(f"{path}:{reader.line_num}: {error}") from None
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise GoldError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise GoldError(f"{path}:{number}: not an object")
        if "\\ud" in line.lower() and not _is_text(row):
            raise GoldError(f"{path}:{number}: half a character (a lone surrogate)")
        yield f"{path}:{number}", row


def _is_text(row: Mapping[str, Any]) -> bool:
    """Tell whether all of a row can be written down: JSON can hold halves of characters."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _read(where: str, row: Mapping[str, Any], reviewer: str, known: _Known) -> Verdict | None:
    said = row.get("judgement")
    if said is None or not str(said).strip():
        return None
    word = str(said).strip()
    hit = row.get("hit_id") or None
    code = _CODES.get(word)
    if code is None and (hit is not None or word not in OUT_OF_SCOPE):
        choice = "2, 1 or 0" if hit else f"2, 1, 0 or {', '.join(OUT_OF_SCOPE)}"
        raise GoldError(f"{where}: the judgement is {word!r:.30}, not {choice}")
    pack = model = None
    if hit is not None:
        if not isinstance(hit, str) or hit not in known.hits:
            raise GoldError(f"{where}: no passage {hit!r:.40} in this study")
        passage = known.hits[hit]
        paper, pack, model = passage["paper"], passage["pack"], passage["model"]
    else:
        paper = _find_paper(where, row, known)
    return Verdict(
        hit,
        paper,
        reviewer,
        code,
        criteria=_read_criteria(where, row.get("judged_criteria"), known.criteria),
        reason=word if code is None else "",
        note=str(row.get("note") or ""),
        pack=pack,
        model=model,
    )


def _find_paper(where: str, row: Mapping[str, Any], known: _Known) -> str:
    name = row.get("paper_id") or row.get("sha256") or row.get("file")
    if not isinstance(name, str):
        raise GoldError(f"{where}: neither hit_id nor paper_id nor file")
    found = known.papers.get(name, set())
    if len(found) != 1:
        many = f"{len(found)} papers" if found else "no paper"
        raise GoldError(f"{where}: {many} of this study named {name!r:.60}")
    return next(iter(found))


def _read_criteria(where: str, value: object, known: Collection[str]) -> tuple[str, ...]:
    """Return criteria from a list, or from the list as text that a CSV cell holds."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise GoldError(f"{where}: criteria that cannot be read") from None
    if isinstance(value, str):
        value = [part for part in value.replace(",", " ").split() if part]
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise GoldError(f"{where}: criteria that are no list of letters")
    for name in value:
        if name not in known:
            raise GoldError(f"{where}: {name!r:.20} is no criterion of the pack")
    return tuple(value)
