"""What is exchanged, in the one shape that all formats share: rows by the columns of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from screen.errors import GoldError
from screen.match.schema import Manifest
from screen.study.verdicts import OUT_OF_SCOPE
from screen.types import Verdict

# A passage and where it stands, and what the program makes of it.
PASSAGE = (
    "hit_id", "paper_id", "file", "title", "year", "page", "section", "passage", "context",
)  # fmt: skip
READING = ("code", "criteria", "score", "reason", "mitigating")
# What people fill in. With a judgement the criteria, the mitigating and the note are about the
# passage; without one, about the whole paper.
FILLED = (
    "judgement", "judged_criteria", "judged_mitigating", "out_of_scope", "paper_judgement", "note",
)  # fmt: skip
# What a tool is trusted to give back as it was; `reading` is what `describe` says.
KEPT = ("hit_id", "paper_id", "file", "page", "reading")
CODES = {"2": "problematic", "1": "possible", "0": "not problematic"}
MITIGATING = "mitigating"
_PAPER, _SCOPE = "paper:", "out_of_scope:"

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows to be filled in, by `columns`, and the codebook that they are judged by.

    In a row `criteria` and `judged_criteria` are lists, `judgement` and `paper_judgement` 2, 1 or
    0, `judged_mitigating` true or false; what is not known or not filled in is "".
    """

    rows: Sequence[Values]
    columns: tuple[str, ...]
    codebook: Manifest


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it came back: nothing of it is checked yet, and any column may be missing.

    `where` is its place in the file, for errors; `by` the names by which the tool knows who filled
    it in, empty where it does not say.
    """

    where: str
    values: Values
    by: tuple[str, ...] = ()


def is_plain(verdict: Verdict) -> bool:
    """Tell whether a verdict is a code, or a reason, and nothing else."""
    return not (verdict.criteria or verdict.mitigating or verdict.note)


def describe(row: Values) -> str:
    """Return what the program makes of a passage in words, "" where that is left out."""
    if row.get("code", "") == "":
        return ""
    said = f"code {row['code']}, score {row['score']:.2f}, criteria {', '.join(row['criteria'])}"
    lines = (said if row["criteria"] else f"{said}none", row["reason"], row["mitigating"])
    return "\n".join(line for line in lines if line)


def name_task(row: Values) -> str:
    """Return the text that a tool shows as its task: the passage, or what paper it is about."""
    return str(row["passage"] or row["title"] or row["file"])


# ---- as labels, for tools that know nothing else -----------------------------------------------


def list_labels(codebook: Manifest) -> dict[str, str]:
    """Return all labels, with what they mean."""
    return {
        **CODES,
        **{name: criterion.gloss for name, criterion in codebook.criteria.items()},
        MITIGATING: "something speaks against a problematic reading",
        **{f"{_PAPER}{code}": f"the whole paper is {gloss}" for code, gloss in CODES.items()},
        **{f"{_SCOPE}{reason}": "the whole paper is out of scope" for reason in OUT_OF_SCOPE},
    }


def to_labels(row: Values) -> list[str]:
    """Return what is filled in of a row as labels."""
    found = [str(row["judgement"])] if row["judgement"] != "" else []
    found += row["judged_criteria"] or []
    found += [MITIGATING] if row["judged_mitigating"] is True else []
    found += [paper] if (paper := to_paper_label(row)) else []
    return found


def from_labels(where: str, labels: object) -> dict[str, Any]:
    """Return what labels fill in of a row. Raises GoldError if they cannot all be meant."""
    if not isinstance(labels, list) or not all(isinstance(label, str | int) for label in labels):
        raise GoldError(f"{where}: labels that are no list of words")
    found: dict[str, Any] = {"judged_criteria": []}
    for label in map(str, labels):
        if label in CODES:
            put(where, found, "judgement", label)
        elif label == MITIGATING:
            found["judged_mitigating"] = True
        elif label.startswith((_PAPER, _SCOPE)):
            put_paper_label(where, found, label)
        else:
            found["judged_criteria"].append(label)
    return found


def to_paper_label(row: Values) -> str:
    """Return what is said of the whole paper as one label, "" for nothing."""
    if row["out_of_scope"]:
        return f"{_SCOPE}{row['out_of_scope']}"
    return f"{_PAPER}{row['paper_judgement']}" if row["paper_judgement"] != "" else ""


def put_paper_label(where: str, values: dict[str, Any], label: str) -> None:
    """Note what a label says of the whole paper; before a code `paper:` may be missing."""
    if label.startswith(_SCOPE):
        put(where, values, "out_of_scope", label.removeprefix(_SCOPE))
    else:
        put(where, values, "paper_judgement", label.removeprefix(_PAPER))


def put(where: str, values: dict[str, Any], name: str, word: str) -> None:
    """Note one of the words between which people choose. Raises GoldError for a second one."""
    if values.setdefault(name, word) != word:
        raise GoldError(f"{where}: {name} is both {values[name]!r:.30} and {word!r:.30}")
