"""The exchange with other people's tools: what goes out comes back, and what they make is read."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape as escape_xml
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from screen.errors import GoldError, ScreenError
from screen.ingest.records.cells import defuse, restore
from screen.review.exchange.cells import escape, unescape
from screen.review.exchange.entries import FILLED, Sheet
from screen.review.exchange.formats import READ_FORMATS, read_entries
from screen.review.exchange.workbook import read_workbook
from screen.review.worksheet import make_filled
from screen.study.verdicts import OUT_OF_SCOPE, append
from screen.types import Verdict
from tests.exchanged import (
    SHEET,
    STRINGS,
    Made,
    annotate,
    check,
    make_sheet,
    make_small,
    make_task,
    open_made,
    pack,
    save,
    tell,
    write,
)

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

NASTY = (
    "=cmd|' /C calc'!A0", "'=1+1", "''+1", "-x", "＝1", "@a", "\tx", "\r\n", "a\rb\nc", "_x000D_",
    "_x005F_x0041_", "x005F_", "_x0041\x01", "x0041x0042_", "\x0b", "\x7f\x85\u2028", "\ufffe",
    '"quoted", with; all\ttogether', "肝素 3mg/kg，静注；“备注”", "😀👩‍⚕️", " a ", "2.0", "NaN",
    "[1]", "null", "#N/A", "yes",
)  # fmt: skip
notes = st.one_of(
    st.sampled_from(("", *NASTY)),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
    st.text(st.sampled_from("_x0F5D'=+\r\n\x01 A"), max_size=16),
)
# Of a passage and of a paper: code or reason, criteria, mitigating, note.
Said = tuple[int | str, set[str], bool, str]
said_of_passage: st.SearchStrategy[Said] = st.tuples(
    st.sampled_from((2, 1, 0)), st.sets(st.sampled_from("ABCDEF")), st.booleans(), notes
)
said_of_paper: st.SearchStrategy[Said] = st.one_of(
    st.tuples(
        st.sampled_from((2, 1, 0, *OUT_OF_SCOPE)),
        st.sets(st.sampled_from("ABCDEF")),
        st.booleans(),
        notes,
    ),
    # What is no more than a code stands with a passage.
    st.tuples(
        st.sampled_from((2, 1, 0, *OUT_OF_SCOPE)), st.just(set()), st.just(False), st.just("")
    ),
)


@pytest.fixture(scope="module")
def small(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    return make_small(make_study, invoke)


@pytest.fixture(scope="module")
def made(small: "MadeStudy") -> Iterator[Made]:
    with open_made(small.folder) as found:
        yield found


@pytest.fixture(scope="module")
def judged(small: "MadeStudy", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The same study, to be judged."""
    with open_made(small.copy(tmp_path_factory.mktemp("judged") / "study").folder) as found:
        yield found


# ---- there and back --------------------------------------------------------------------------

numbers = count()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_a_reviewer_judged_comes_back_from_every_format(
    judged: Made, tmp_path: Path, data: st.DataObject
) -> None:
    reviewer = f"R{next(numbers)}"
    wanted: dict[tuple[str | None, str], Said] = {}
    for hit, paper in judged.hits.items():
        if data.draw(st.booleans()):
            wanted[hit, paper] = data.draw(said_of_passage)
    for paper in judged.papers:
        if data.draw(st.booleans()):
            wanted[None, paper] = data.draw(said_of_paper)
    append(
        judged.engine,
        [
            Verdict(
                hit,
                paper,
                reviewer,
                said if isinstance(said, int) else None,
                criteria=tuple(sorted(criteria)),
                mitigating=mitigating,
                reason="" if isinstance(said, int) else said,
                note=note,
            )
            for (hit, paper), (said, criteria, mitigating, note) in wanted.items()
        ],
    )
    blind = data.draw(st.booleans())
    worksheet = make_filled(judged.engine, judged.codebook, reviewer, 1, blind=blind)
    assert worksheet.verdicts == len(wanted)
    told = {
        key: (said, frozenset(criteria), mitigating, note)
        for key, (said, criteria, mitigating, note) in wanted.items()
    }
    for format_ in READ_FORMATS:
        path = write(worksheet.sheet, format_, tmp_path, format_)
        entries = read_entries(path, format_ if blind else None)
        assert {key: tell(v) for key, v in check(judged, entries).items()} == told, format_
        own = judged.importer(reviewer)
        changes = own.compare(own.check(entries).given)
        assert {change.status for change in changes} <= {"same"}


@given(notes)
def test_a_cell_is_what_it_was_after_it_was_made_harmless(note: str) -> None:
    assert restore(str(defuse(note))) == note
    assert not str(defuse(note)).startswith(tuple("=+-@\t\r\n"))
    escaped = escape(note)
    assert unescape(escaped) == note
    assert "x005F_" not in escaped.replace("_x005F_", "")
    text = ElementTree.fromstring(f"<t>{escape_xml(escaped)}</t>").text or ""
    assert unescape(text) == note


@pytest.mark.parametrize("format_", READ_FORMATS)
def test_what_nobody_filled_in_holds_no_judgement(made: Made, tmp_path: Path, format_: str) -> None:
    sheet = make_sheet(made)
    assert len(sheet.rows) == len(made.hits)
    filled = made.importer("XY").check(read_entries(write(sheet, format_, tmp_path)))
    assert (filled.given, filled.begun) == ([], [])


@pytest.mark.parametrize("format_", READ_FORMATS)
def test_a_blind_file_holds_nothing_that_the_program_makes_of_a_passage(
    made: Made, tmp_path: Path, format_: str
) -> None:
    told = [row["reason"] for row in make_sheet(made).rows]
    assert all(told)
    for blind in (False, True):
        path = write(make_sheet(made, blind=blind), format_, tmp_path)
        shown = str([entry.values for entry in read_entries(path)])
        if format_ == "xlsx":
            shown = str(list(load_workbook(path)["queue"].values))
        elif format_ != "prodigy":  # of which nothing is read before it is accepted
            shown = path.read_text(encoding="utf-8")
        for words in ("declaration(donor)", "criterion A", "score"):
            assert (words in shown) is not (blind or format_ == "prodigy")
        if format_ == "prodigy":
            assert ("declaration(donor)" in path.read_text(encoding="utf-8")) is not blind


def test_a_verdict_is_blind_if_the_study_is_and_the_file_was(made: Made, tmp_path: Path) -> None:
    for in_study in (False, True):
        for in_file in (False, True):
            rows = [dict(row) for row in make_sheet(made, blind=in_file).rows]
            rows[0]["judgement"] = 2
            sheet = Sheet(rows, tuple(rows[0]), made.codebook)
            for format_ in ("jsonl", "labelstudio", "doccano", "prodigy", "csv", "xlsx"):
                entries = read_entries(write(sheet, format_, tmp_path))
                [given] = made.importer("XY", blind=in_study).check(entries).given
                assert given.verdict.blind is (in_study and in_file), format_


# ---- the workbook ----------------------------------------------------------------------------


@pytest.fixture
def book(made: Made, tmp_path: Path) -> Path:
    rows = [dict(row) for row in make_sheet(made).rows]
    for row, note in zip(rows, NASTY, strict=False):
        row.update(judgement=1, judged_criteria=["A"], note=note, section=note)
    return write(Sheet(rows, (*rows[0],), made.codebook), "xlsx", tmp_path)


def test_nothing_in_a_workbook_is_a_formula(book: Path) -> None:
    for table in load_workbook(book):
        for row in table.iter_rows():
            for cell in row:
                assert cell.data_type in {"s", "n"}
                assert cell.data_type == "n" or cell.quotePrefix
    with ZipFile(book) as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name)


def test_a_formula_counts_by_its_value_and_is_refused_without(made: Made, tmp_path: Path) -> None:
    """Programs that do not calculate write formulas without what they come to."""
    path = tmp_path / "formula.xlsx"
    workbook = Workbook()
    table = workbook.create_sheet("queue")
    table.append(["hit_id", "mine", "judgement"])
    table.append([next(iter(made.hits)), "=1+1", "2"])
    workbook.save(path)
    [entry] = read_workbook(path, path.read_bytes())
    assert entry.values == {"hit_id": next(iter(made.hits)), "judgement": "2"}
    table.append([next(iter(made.hits)), "", "=1+1"])
    workbook.save(path)
    with pytest.raises(GoldError, match="row 3: judgement is a formula without its value"):
        list(read_workbook(path, path.read_bytes()))


def test_a_workbook_is_easy_to_fill_in(made: Made, book: Path) -> None:
    workbook = load_workbook(book)
    assert workbook.sheetnames == ["queue", "codebook"]
    table = workbook["queue"]
    assert table.freeze_panes == "A2"
    heads = {name: number for number, name in enumerate(next(table.values), start=1)}
    last = len(made.hits) + 1
    choices = {
        str(choice.sqref): str(choice.formula1).strip('"').split(",")
        for choice in table.data_validations.dataValidation
        if choice.type == "list" and not choice.showDropDown
    }
    for name, words in {
        "judgement": ["2", "1", "0"],
        "paper_judgement": ["2", "1", "0"],
        "judged_mitigating": ["yes", "no"],
        "out_of_scope": [*OUT_OF_SCOPE],
    }.items():
        letter = get_column_letter(heads[name])
        assert choices[f"{letter}2:{letter}{last}"] == words
    assert table.column_dimensions[get_column_letter(heads["passage"])].width >= 50
    for name in ("passage", "note"):
        assert table.cell(2, heads[name]).alignment.wrap_text
    assert table.cell(2, heads["note"]).number_format == "@"
    words = [str(cell) for row in workbook["codebook"].values for cell in row]
    for name, criterion in made.codebook.criteria.items():
        assert name in words
        assert any(criterion.gloss in word for word in words)
    assert {*OUT_OF_SCOPE, *made.codebook.signs, *FILLED, "2", "1", "0"} <= set(words)


def test_a_text_that_no_cell_can_hold_is_cut_but_never_a_note(made: Made, tmp_path: Path) -> None:
    row = dict(make_sheet(made).rows[0])
    long = row | {"context": "😀" * 40_000, "judgement": 2, "note": "n" * 32_767}
    path = write(Sheet([long], tuple(row), made.codebook), "xlsx", tmp_path)
    [verdict] = check(made, read_entries(path)).values()
    assert len(verdict.note) == 32_767
    with pytest.raises(ScreenError, match="a note of 32768 characters"):
        write(Sheet([long | {"note": "n" * 32_768}], tuple(row), made.codebook), "xlsx", tmp_path)


def test_a_workbook_as_excel_saves_it_is_read(made: Made, tmp_path: Path) -> None:
    (one, two, *_), rat = made.hits, made.papers[-1]
    strings = [
        "<t>hit_id</t>", "<t>paper_id</t>", "<t>judgement</t>", "<t>judged_mitigating</t>",
        '<t xml:space="preserve">note </t>', f"<t>{one}</t>", f"<t>{two}</t>", f"<t>{rat}</t>",
        # As Excel keeps a line break, bold characters and how Chinese is read aloud.
        '<r><t>查 </t></r><r><rPr><b/></rPr><t xml:space="preserve">p. 3_x000D_\nend</t></r>'
        '<rPh sb="0" eb="1"><t>チャ</t></rPh>',
        "<t>animal</t>",
    ]  # fmt: skip
    sheet = SHEET.format(
        '<dimension ref="A1"/><sheetData>'
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
        '<c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c><c r="E1" t="s"><v>4</v></c></row>'
        '<row r="3"><c r="A3" t="s"><v>5</v></c><c r="C3"><v>2.0</v></c>'
        '<c r="D3" t="b"><v>1</v></c><c r="E3" t="s"><v>8</v></c></row>'
        '<row r="4"><c r="A4" t="s"><v>6</v></c><c r="C4"><f>1-1</f><v>0</v></c>'
        '<c r="E4"><v>17</v></c></row>'
        '<row r="7"><c r="B7" t="s"><v>7</v></c><c r="C7" t="s"><v>9</v></c></row>'
        "</sheetData>"
    )
    items = "".join(f"<si>{string}</si>" for string in strings)
    path = pack(tmp_path / "saved.xlsx", sheet, STRINGS.format(items))
    entries = read_entries(path)
    assert [entry.where for entry in entries] == [f"{path}: row {n}" for n in (3, 4, 7)]
    assert {key: tell(verdict) for key, verdict in check(made, entries).items()} == {
        (one, made.hits[one]): (2, frozenset(), True, "查 p. 3\r\nend"),
        (two, made.hits[two]): (0, frozenset(), False, "17"),
        (None, rat): ("animal", frozenset(), False, ""),
    }


# ---- files as the tools make them ------------------------------------------------------------


def test_an_export_of_label_studio_is_read(made: Made, tmp_path: Path) -> None:
    one, two, three, four = made.hits
    full = {"judgement": ["2"], "criteria": ["E", "A"], "mitigating": ["yes"], "note": ["a", "b"]}
    tasks = [
        make_task(61, made, one, annotate(1, full)),
        make_task(62, made, two, annotate(1, {"judgement": ["2"]}, was_cancelled=True)),
        make_task(
            63, made, three, annotate(1, {"paper": ["out_of_scope:animal"], "note": ["rat"]})
        ),
        make_task(64, made, four),
    ]
    found = check(made, read_entries(save(tmp_path / "export.json", tasks, as_list=True)))
    assert {key: tell(verdict) for key, verdict in found.items()} == {
        (one, made.hits[one]): (2, frozenset("AE"), True, "a\nb"),
        (None, made.hits[three]): ("animal", frozenset(), False, "rat"),
    }


def test_a_short_export_of_label_studio_is_read(made: Made, tmp_path: Path) -> None:
    one, two, three, four = made.hits
    more = {"annotation_id": 3, "created_at": "2026-05-04T08:12:11Z", "lead_time": 2.1}
    data = make_task(1, made, one)["data"] | {"annotator": 2, **more}
    tasks = [
        {**data, "id": 1, "judgement": "2", "criteria": {"choices": ["A", "E"]}, "mitigating": "no",
         "note": {"text": ["a", "b"]}},
        {**data, "id": 2, "hit_id": two, "paper_id": made.hits[two], "judgement": "0",
         "criteria": "D", "note": "one"},
        {**data, "id": 3, "hit_id": three, "paper_id": made.hits[three], "paper": "1"},
        {**data, "id": 4, "hit_id": four, "paper_id": made.hits[four], "annotator": None},
    ]  # fmt: skip
    path = save(tmp_path / "min.json", tasks, as_list=True)
    found = check(made, read_entries(path))
    assert {key: tell(verdict) for key, verdict in found.items()} == {
        (one, made.hits[one]): (2, frozenset("AE"), False, "a\nb"),
        (two, made.hits[two]): (0, frozenset("D"), False, "one"),
        (None, made.hits[three]): (1, frozenset(), False, ""),
    }
    assert len(read_entries(path, annotator="2")) == 3


def test_of_several_annotators_one_is_taken_or_all_agree(made: Made, tmp_path: Path) -> None:
    one, two, *_ = made.hits
    anne = {"id": 4, "email": "anne@example.org", "first_name": "", "last_name": ""}
    two_of, nought = {"judgement": ["2"]}, {"judgement": ["0"]}
    tasks = [
        make_task(1, made, one, annotate(1, two_of), annotate(anne, two_of)),
        make_task(2, made, two, annotate(1, two_of), annotate(anne, nought)),
    ]
    path = save(tmp_path / "export.json", tasks, as_list=True)
    with pytest.raises(GoldError, match=r"task 2 \(id 2\): judged before.*--annotator"):
        check(made, read_entries(path))
    assert len(check(made, read_entries(save(path, tasks[:1], as_list=True)))) == 1
    save(path, tasks, as_list=True)
    for name, code in (("1", 2), ("4", 0), ("anne@example.org", 0)):
        found = check(made, read_entries(path, annotator=name))
        assert found[two, made.hits[two]].code == code
    with pytest.raises(GoldError, match="nothing by 'bob', only by: 1, 4, anne@"):
        read_entries(path, annotator="bob")


@pytest.mark.parametrize("style", ["beside", "meta", "list"])
def test_an_export_of_doccano_is_read(made: Made, tmp_path: Path, style: str) -> None:
    one, two, three, four = made.hits
    rows = []
    for hit, labels, comments in (
        (one, ["2", "A", "E", "mitigating"], ["see p. 3", "和第4页"]),
        (two, ["0", "paper:1"], []),
        (three, [], ["later"]),
        (four, ["out_of_scope:duplicate"], []),
    ):
        meta = {"hit_id": hit, "paper_id": made.hits[hit], "year": 2003.0, "note": "old"}
        if style == "meta":
            old: dict[str, Any] = {
                "annotation_approver": None,
                "labels": labels,
                "comments": comments,
            }
            rows.append({"id": 5, "text": "供体", "meta": meta, **old})
        else:
            rows.append({"id": 5, "text": "供体", **meta, "label": labels, "Comments": comments})
    filled = made.importer("XY").check(
        read_entries(save(tmp_path / "all.jsonl", rows, as_list=style == "list"))
    )
    assert {(g.verdict.hit, g.verdict.paper): tell(g.verdict) for g in filled.given} == {
        (one, made.hits[one]): (2, frozenset("AE"), True, "see p. 3\n和第4页"),
        (two, made.hits[two]): (0, frozenset(), False, "old"),
        (None, made.hits[two]): (1, frozenset(), False, ""),
        (None, made.hits[four]): ("duplicate", frozenset(), False, "old"),
    }
    assert len(filled.begun) == 1


def test_an_export_of_prodigy_is_read(made: Made, tmp_path: Path) -> None:
    one, two, three, four = made.hits
    rows = [
        {
            "text": "供体", "options": [{"id": "2", "text": "2: problematic"}],
            "meta": {"hit_id": hit, "paper_id": made.hits[hit], "page": 1}, "accept": accept,
            "answer": answer, "_input_hash": 1735, "_task_hash": -12, "_view_id": "choice",
            "config": {"choice_style": "multiple"}, "_timestamp": 1768212345,
            "_annotator_id": f"ddr-{name}", "_session_id": f"ddr-{name}", "note": note,
        }
        for hit, accept, answer, name, note in (
            (one, ["2", "A", "mitigating", "paper:2"], "accept", "li", "一"),
            (one, ["0"], "accept", "wu", None),
            (two, ["2"], "reject", "li", ""),
            (three, ["2"], "ignore", "li", ""),
            (four, [], "accept", "li", "?"),
        )
    ]  # fmt: skip
    rows.append({"text": "供体", "options": [], "meta": {"hit_id": two}})  # not seen yet
    path = save(tmp_path / "db.jsonl", rows)
    found = check(made, read_entries(path, annotator="ddr-li"))
    assert {key: tell(verdict) for key, verdict in found.items()} == {
        (one, made.hits[one]): (2, frozenset("A"), True, "一"),
        (None, made.hits[one]): (2, frozenset(), False, ""),
    }
    with pytest.raises(GoldError, match=r":2: judged before.*by another annotator"):
        check(made, read_entries(path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_as_spreadsheets_save_it_is_read(
    made: Made, tmp_path: Path, delimiter: str
) -> None:
    one, two, *_ = made.hits
    lines = [
        ["hit_id", "judgement", "judged_criteria", "judged_mitigating", "note"],
        [one, "2.0", '"A, E"', "TRUE", '"zwei\nZeilen"'],
        [two, "0", "", "", "'=1"],
        ["", "", "", "", ""],
    ]
    text = "\ufeff" + "".join(delimiter.join(line) + "\r\n" for line in lines)
    path = tmp_path / "saved.csv"
    path.write_bytes(text.encode())
    assert [tell(verdict) for verdict in check(made, read_entries(path)).values()] == [
        (2, frozenset("AE"), True, "zwei\nZeilen"),
        (0, frozenset(), False, "=1"),
    ]


def test_the_interface_for_label_studio_offers_all_that_is_read(made: Made, tmp_path: Path) -> None:
    path = write(make_sheet(made), "labelstudio-config", tmp_path)
    view = ElementTree.parse(path).getroot()
    offered = {
        control.get("name"): [choice.get("alias") for choice in control]
        for control in view.iter("Choices")
    }
    assert offered["judgement"] == ["2", "1", "0"]
    assert offered["criteria"] == [*made.codebook.criteria]
    assert offered["paper"] == ["2", "1", "0", *(f"out_of_scope:{name}" for name in OUT_OF_SCOPE)]
    values = {text.get("value", "$")[1:] for text in view.iter("Text")}
    [data] = {tuple(task["data"]) for task in json.loads(
        write(make_sheet(made), "labelstudio", tmp_path).read_text(encoding="utf-8")
    )}  # fmt: skip
    assert values <= set(data)
    # In JSON-MIN data and answers stand side by side.
    controls = {node.get("name") for tag in ("Choices", "TextArea") for node in view.iter(tag)}
    assert controls.isdisjoint(data)


def test_doccano_and_prodigy_are_offered_the_same_labels(made: Made, tmp_path: Path) -> None:
    labels = json.loads(write(make_sheet(made), "doccano-labels", tmp_path).read_text("utf-8"))
    path = write(make_sheet(made), "prodigy", tmp_path)
    task = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert [label["text"] for label in labels] == [option["id"] for option in task["options"]]
    assert {"2", "F", "mitigating", "paper:0", "out_of_scope:infant"} <= {
        label["text"] for label in labels
    }
