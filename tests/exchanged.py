"""A small study whose passages are judged elsewhere, and files as other tools write them."""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from screen.errors import GoldError
from screen.findings.export import Wanted, write_queue
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Manifest
from screen.review.exchange.entries import Entry, Sheet
from screen.review.exchange.formats import read_entries
from screen.review.imports import Importer
from screen.review.worksheet import make_worksheet
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.queries import list_papers, list_queue
from screen.types import Verdict

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

TELLING = "供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。"
FILES: dict[str, str | bytes] = {
    "a.txt": f"心脏移植1例\n1.2 供心切取 {TELLING}\n",
    "b.txt": f"心脏移植2例\n{TELLING}术后恢复好。\n" + "受者入室。\n" * 40 + f"另一例。{TELLING}\n",
    "=c.txt": f"肺移植1例\n供肺切取:{TELLING}\n",
    "d.txt": "病房护理体会,每日通风两次,饮食清淡。\n",
}
SUFFIXES = {"xlsx": "xlsx", "csv": "csv", "labelstudio": "json"}


@dataclass(frozen=True)
class Made:
    """A study with its codebook, its passages and its papers."""

    study: Study
    engine: sa.Engine
    codebook: Manifest
    hits: Mapping[str, str]
    papers: Sequence[str]

    def importer(self, reviewer: str, *, blind: bool = False) -> Importer:
        return Importer(self.engine, self.codebook, reviewer, 1, blind=blind)


def make_small(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    """Make the study, without a classifier."""
    records = [{"file": "=c.txt", "title": "=1+1 肺移植", "year": 2003}]
    small = make_study(FILES, records)
    toml = small.folder / "study.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('# model = "default"', 'model = ""'), encoding="utf-8")
    assert invoke("run", small.folder, "--workers", "1").exit_code == 0
    return small


@contextmanager
def open_made(folder: Path) -> Iterator[Made]:
    study = Study(folder)
    engine = open_database(study)
    codebook = load_pack(find_pack("brain-death", folder)).manifest
    hits = {row["id"]: row["paper"] for row in list_queue(engine)}
    assert len(hits) == 4
    yield Made(study, engine, codebook, hits, [row["sha256"] for row in list_papers(engine)])
    engine.dispose()


def find_refusal(importer: Importer, path: Path) -> str:
    """Return why a file is refused, "" if it is taken in."""
    try:
        importer.check(read_entries(path))
    except GoldError as error:
        return str(error)
    return ""


def make_sheet(made: Made, *, blind: bool = False) -> Sheet:
    return make_worksheet(made.engine, made.codebook, 1, blind=blind).sheet


def write(sheet: Sheet, format_: str, folder: Path, name: str = "queue") -> Path:
    path = folder / f"{name}.{SUFFIXES.get(format_, 'jsonl')}"
    write_queue(sheet, Wanted("queue", format_), path)
    return path


def tell(verdict: Verdict) -> tuple[object, ...]:
    said = verdict.reason if verdict.code is None else verdict.code
    return said, frozenset(verdict.criteria), verdict.mitigating, verdict.note


def check(made: Made, entries: Sequence[Entry]) -> dict[tuple[str | None, str], Verdict]:
    filled = made.importer("XY").check(entries)
    return {(one.verdict.hit, one.verdict.paper): one.verdict for one in filled.given}


def save(path: Path, rows: Sequence[object], *, as_list: bool = False) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    text = f"[{', '.join(lines)}]" if as_list else "".join(f"{line}\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def annotate(by: object, results: Mapping[str, Sequence[str]], **more: Any) -> dict[str, Any]:
    """Return an annotation as Label Studio exports it."""
    result = [
        {
            "id": f"x{number}",
            "type": "textarea" if name == "note" else "choices",
            "value": {"text" if name == "note" else "choices": [*words]},
            "origin": "manual",
            "to_name": "passage",
            "from_name": name,
        }
        for number, (name, words) in enumerate(results.items())
    ]
    return {
        "id": 7, "completed_by": by, "result": result, "was_cancelled": False,
        "ground_truth": False, "created_at": "2026-05-04T08:12:11.303944Z", "lead_time": 12.4,
        "prediction": {}, "result_count": len(result), "unique_id": "2f1e", "task": 1, "project": 3,
        "parent_annotation": None, "last_created_by": None, **more,
    }  # fmt: skip


def make_task(number: int, made: Made, hit: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    data = {"hit_id": hit, "paper_id": made.hits[hit], "page": 1, "passage": "供体", "reading": ""}
    return {
        "id": number, "annotations": [*annotations], "file_upload": "5c-queue.json", "drafts": [],
        "predictions": [], "data": data, "meta": {}, "inner_id": 1, "project": 3, "updated_by": 1,
        "total_annotations": len(annotations), "cancelled_annotations": 0, "comment_authors": [],
    }  # fmt: skip


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
)
STRINGS = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</sst>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def pack(path: Path, sheet: str, strings: str = STRINGS.format(""), dtd: str = "") -> Path:
    """Write a workbook as Excel does, with shared strings."""
    head = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{dtd}'
    members = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_MAIN}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_MAIN}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_MAIN}.sharedStrings+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/'
        f'main" xmlns:r="{_OFFICE}"><sheets><sheet name="Tabelle1" sheetId="1" r:id="rId1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": head + sheet,
        "xl/sharedStrings.xml": head + strings,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path
