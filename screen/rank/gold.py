"""What people judged, read from files: passages with their codes, or papers by file name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from screen.errors import GoldError
from screen.ingest.jsonlines import read_lines

CODES = (2, 1, 0)
# Two passages are near-duplicates if the shorter shares this part of its strings of so many
# characters with the longer. Of two made independently few share a tenth.
_ALIKE = 0.5
_STRING = 5
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Gold:
    """One passage or paper as people judged it; `text` is a paper's file name or a passage.

    `paper` is the paper that a passage is from, if that is known; `copy_of` the id of the passage
    that this one is a damaged copy of. `where` is the file and line.
    """

    id: str
    code: int
    text: str
    paper: str = ""
    copy_of: str = ""
    where: str = field(default="", compare=False)


def read_gold(path: Path, text: str) -> list[Gold]:
    """Read JSON Lines with `code` and the field `text` ("text" for passages, "file" for papers).

    `id`, `paper` and `copy_of` are read if they are there; blank lines and further fields are
    passed over. Raises GoldError with file and line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GoldError(f"{path}: {error.strerror}") from None
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GoldError(f"{path}:{line}: not UTF-8") from None
    found = [
        _read_row(f"{path}:{number}", number, row, text) for number, row in read_lines(decoded)
    ]
    if not found:
        raise GoldError(f"{path}: holds no judgements")
    return found


def _read_row(where: str, number: int, row: dict[str, Any] | str, text: str) -> Gold:
    if isinstance(row, str):
        raise GoldError(f"{where}: {row}")
    words, code = row.get(text), row.get("code")
    if not isinstance(words, str) or not words.strip():
        raise GoldError(f"{where}: no {text!r}")
    if type(code) is not int or code not in CODES:
        raise GoldError(f"{where}: 'code' is {code!r:.20}, not 0, 1 or 2")
    name = _name(row, "id") or (words if text == "file" else str(number))
    gold = Gold(name, code, words, _name(row, "paper"), _name(row, "copy_of"), where)
    try:
        "".join((gold.text, gold.id, gold.paper, gold.copy_of)).encode()
    except UnicodeEncodeError:
        raise GoldError(f"{where}: half a character (a lone surrogate)") from None
    return gold


def _name(row: dict[str, Any], field_name: str) -> str:
    value = row.get(field_name)
    return str(value) if isinstance(value, str | int) else ""


def read_labels(paths: Iterable[Path]) -> list[Gold]:
    """Read judged passages to learn from, of several files, each passage once.

    A folder stands for the .jsonl files in it that hold passages. A passage of no known paper is a
    paper by itself, together with its copies. Raises GoldError as `read_gold`
    does, and for a passage that stands there with two codes, naming both places.
    """
    found = [gold for path in paths for file in _expand(path) for gold in read_gold(file, "text")]
    found.sort(key=lambda gold: bool(gold.copy_of))  # of a copy without damage the original stays
    by_id: dict[str, list[Gold]] = {}
    for gold in found:
        if not gold.copy_of:
            by_id.setdefault(gold.id, []).append(gold)
    known: dict[str, Gold] = {}
    for gold in found:
        words = "".join(gold.text.split())
        other = known.setdefault(words, gold)
        if other.code != gold.code:
            raise GoldError(
                f"{gold.where}: code {gold.code} for the passage judged {other.code} "
                f"in {other.where}"
            )
        if gold.copy_of and len(by_id.get(gold.copy_of, ())) > 1:
            raise GoldError(f"{gold.where}: a copy of {gold.copy_of!r}, which several are called")
        if gold.copy_of and gold.copy_of not in by_id:
            raise GoldError(f"{gold.where}: a copy of {gold.copy_of!r}, which is not there")
        if gold.copy_of and by_id[gold.copy_of][0].code != gold.code:
            raise GoldError(f"{gold.where}: code {gold.code}, the original's is another")
    return [_settle_paper(gold, by_id) for gold in known.values()]


def _settle_paper(gold: Gold, by_id: Mapping[str, Sequence[Gold]]) -> Gold:
    """Return a passage with the paper that it is from: one of no known paper is its own."""
    original = by_id[gold.copy_of][0] if gold.copy_of else gold
    return replace(gold, paper=original.paper or f"passage of {original.where}")


def _expand(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = [file for file in sorted(path.glob("*.jsonl")) if _holds_passages(file)]
    if not files:
        raise GoldError(f"{path}: no .jsonl file of passages in this folder")
    return files


def _holds_passages(path: Path) -> bool:
    """Tell by its first line whether a file holds judged passages: a folder has others too."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = next((line for line in file if line.strip()), "")
    return '"text"' in first and '"code"' in first


def group(texts: Sequence[str], papers: Sequence[str]) -> list[int]:
    """Return a number for each passage, the same for those that must stay in one fold.

    Those are passages of one paper ("" for an unknown one, of its own) and near-duplicates, and
    whatever hangs together by a chain of them.
    """
    total = len(texts)
    first: dict[str, int] = {}
    same_paper = [
        (first.setdefault(paper, index), index) for index, paper in enumerate(papers) if paper
    ]
    pairs = np.array([*same_paper, *_find_alike(texts)], dtype=np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(total, total))
    numbers: list[int] = connected_components(graph, directed=False)[1].tolist()
    return numbers


def _find_alike(texts: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Yield the pairs of near-duplicates, by index."""
    columns: dict[str, int] = {}
    rows = []
    for text in texts:
        # A running head of the database stands in many passages and makes none of them alike.
        words = "".join(c for c in text if not c.isascii() and not c.isspace()) or text
        strings = {words[i : i + _STRING] for i in range(max(len(words) - _STRING + 1, 1))}
        rows.append([columns.setdefault(string, len(columns)) for string in strings])
    if not rows:
        return
    sizes = np.array([len(row) for row in rows])
    where = np.repeat(np.arange(len(rows)), sizes)
    has = coo_matrix(
        (np.ones(len(where), dtype=np.int32), (where, np.concatenate(rows))),
        shape=(len(rows), len(columns)),
    ).tocsr()
    turned = has.T.tocsc()
    for start in range(0, len(rows), _BLOCK):
        shared = (has[start : start + _BLOCK] @ turned).tocoo()
        left, right = shared.row + start, shared.col
        alike = (left < right) & (shared.data >= _ALIKE * np.minimum(sizes[left], sizes[right]))
        yield from zip(left[alike].tolist(), right[alike].tolist(), strict=True)
