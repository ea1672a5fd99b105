"""Label Studio: tasks with annotations, and the labeling interface that they are made with."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TextIO
from xml.sax.saxutils import quoteattr

from screen.errors import GoldError
from screen.match.schema import Manifest
from screen.review.exchange.entries import (
    CODES,
    KEPT,
    PASSAGE,
    Entry,
    Sheet,
    Values,
    describe,
    name_task,
    put,
    put_paper_label,
    to_paper_label,
)
from screen.study.verdicts import OUT_OF_SCOPE

_TEXT = "passage"
# In JSON-MIN these stand among the data of the task, so no data may be named like them.
_CONTROLS = ("judgement", "criteria", "mitigating", "paper", "note")


def write_tasks(sheet: Sheet, file: TextIO) -> None:
    """Write a sheet as a JSON list of tasks; what is filled in becomes an annotation."""
    tasks = []
    for row in sheet.rows:
        shown = {name: row[name] for name in PASSAGE}
        data = {**shown, _TEXT: name_task(row), "reading": describe(row)}
        result = list(_annotate(row))
        annotated = {"annotations": [{"result": result}]} if result else {}
        tasks.append({"data": data, **annotated})
    json.dump(tasks, file, ensure_ascii=False, indent=1)


def _annotate(row: Values) -> Iterator[dict[str, Any]]:
    """Yield the results of the annotation that says what is filled in."""
    mitigating = row["judged_mitigating"]
    chosen = {
        "judgement": [str(row["judgement"])] if row["judgement"] != "" else [],
        "criteria": row["judged_criteria"] or [],
        "mitigating": [] if mitigating == "" else ["yes" if mitigating else "no"],
        "paper": [label.removeprefix("paper:")] if (label := to_paper_label(row)) else [],
    }
    for name, choices in chosen.items():
        if choices:
            yield _make_result(name, "choices", choices)
    if row["note"]:
        yield _make_result("note", "text", [row["note"]])


def _make_result(name: str, kind: str, words: list[str]) -> dict[str, Any]:
    type_ = "textarea" if kind == "text" else kind
    named = {"id": name, "from_name": name, "to_name": _TEXT, "type": type_}
    return {**named, "value": {kind: words}}


def write_interface(sheet: Sheet, file: TextIO) -> None:
    """Write the labeling interface for a pack's codebook, to be pasted into the project."""
    file.write(
        '<View>\n  <Header value="$title"/>\n'
        f'  <Text name="{_TEXT}" value="${_TEXT}"/>\n'
        '  <Text name="around" value="$context"/>\n'
        '  <Text name="program" value="$reading"/>\n'
    )
    for name, (title, many, choices) in _list_controls(sheet.codebook).items():
        kind = "multiple" if many else "single-radio"
        file.write(
            f'  <Header value="{title}" size="5"/>\n'
            f'  <Choices name="{name}" toName="{_TEXT}" choice="{kind}" showInline="true">\n'
        )
        for choice, meaning in choices.items():
            shown = quoteattr(f"{choice}: {meaning}" if meaning else choice)
            file.write(f"    <Choice value={shown} alias={quoteattr(choice)}/>\n")
        file.write("  </Choices>\n")
    file.write(
        f'  <TextArea name="note" toName="{_TEXT}" rows="3" maxSubmissions="1" editable="true"/>\n'
        "</View>\n"
    )


def _list_controls(codebook: Manifest) -> dict[str, tuple[str, bool, Mapping[str, str]]]:
    """Return what is to be chosen: the words above it, whether several may be, and between what."""
    criteria = {name: criterion.gloss for name, criterion in codebook.criteria.items()}
    papers = {**CODES, **{f"out_of_scope:{reason}": "" for reason in OUT_OF_SCOPE}}
    return {
        "judgement": ("The passage is", False, CODES),
        "criteria": ("It meets the criteria", True, criteria),
        "mitigating": ("Something speaks against a problematic reading", False, _YES_NO),
        "paper": ("The whole paper is", False, papers),
    }


_YES_NO = {"yes": "", "no": ""}


def read_task(where: str, task: dict[str, Any]) -> Iterator[Entry]:
    """Yield what the annotations of a task say, or the row that it is in JSON-MIN.

    Annotations that were skipped (`was_cancelled`) say nothing. Raises GoldError.
    """
    if type(task.get("id")) is int:
        where = f"{where} (id {task['id']})"
    if "annotations" not in task and "data" not in task:
        said = {name: _read_words(where, name, task.get(name)) for name in _CONTROLS}
        yield _make_entry(where, task, said, task.get("annotator"))
        return
    data, annotations = task.get("data", {}), task.get("annotations", [])
    if not isinstance(data, dict) or not isinstance(annotations, list):
        raise GoldError(f"{where}: no task of Label Studio")
    for annotation in annotations:
        if not isinstance(annotation, dict):
            raise GoldError(f"{where}: an annotation that is no object")
        if not annotation.get("was_cancelled"):
            said = _read_results(where, annotation.get("result") or [])
            yield _make_entry(where, data, said, annotation.get("completed_by"))


def _read_results(where: str, results: object) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {name: [] for name in _CONTROLS}
    if not isinstance(results, list) or not all(isinstance(part, dict) for part in results):
        raise GoldError(f"{where}: results that are no list of objects")
    for part in results:
        name = part.get("from_name")
        if isinstance(name, str) and name in said:
            said[name] += _read_words(where, name, part.get("value"))
    return said


def _read_words(where: str, name: str, value: object) -> list[str]:
    """Return what was chosen or written, in any of the ways in which exports say it."""
    found: list[str] = []
    for part in value if isinstance(value, list) else [value]:
        inner = part.get("choices", part.get("text")) if isinstance(part, dict) else part
        for word in inner if isinstance(inner, list) else [inner]:
            if isinstance(word, str):
                found.append(word)
            elif word is not None:
                raise GoldError(f"{where}: {name} that is neither choices nor text")
    return found


def _make_entry(where: str, data: Values, said: Mapping[str, list[str]], by: object) -> Entry:
    values = {name: data.get(name) for name in KEPT}
    for word in said["judgement"]:
        put(where, values, "judgement", word)
    for word in said["mitigating"]:
        put(where, values, "judged_mitigating", word)
    for word in said["paper"]:
        put_paper_label(where, values, word)
    values["judged_criteria"] = said["criteria"]
    values["note"] = "\n".join(said["note"])
    names = [by.get("id"), by.get("email")] if isinstance(by, dict) else [by]
    return Entry(where, values, tuple(str(n) for n in names if isinstance(n, str | int)))
