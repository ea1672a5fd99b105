"""Whoever changes a bundle is found out, and what was changed is named."""

import hashlib
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from screen.findings.bundle.history import START, chain, check_chain
from screen.findings.bundle.report import Report
from screen.match.identity import identify_passage
from tests.conftest import Invoke
from tests.findings.bundle.conftest import Judged
from tests.forging import (
    CRATE,
    HISTORY,
    MANIFEST,
    Members,
    change_object,
    fit_chain,
    fit_manifest,
    put_together,
    read_rows,
    write_rows,
)

pytestmark = pytest.mark.database

Forge = Callable[[Members], object]


def check(invoke: Invoke, path: Path, *more: str | Path) -> list[str]:
    """Return the differences that are named, each as it is printed."""
    done = invoke("verify", path, *more)
    lines = done.stdout.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("Checked: "))
    assert done.exit_code == (1 if end > 1 else 0), done.output
    return lines[: end - 1]


def forge(judged: Judged, path: Path, change: Forge, *fitting: Forge) -> Path:
    members = dict(judged.members)
    for step in (change, *fitting):
        step(members)
    return put_together(members, path)


def change_rows(name: str, change: Callable[[list[Any]], object]) -> Forge:
    def forge(members: Members) -> None:
        rows = read_rows(members, name)
        change(rows)
        write_rows(members, name, rows)

    return forge


def set_in(name: str, **values: Any) -> Forge:
    """Return what changes the first row of a table."""
    return change_rows(name, lambda rows: rows[0].update(values))


def replace(name: str, old: str, new: str) -> Forge:
    def forge(members: Members) -> None:
        assert old.encode() in members[name]
        members[name] = members[name].replace(old.encode(), new.encode(), 1)

    return forge


def in_object(name: str, change: Callable[[Any], object]) -> Forge:
    return lambda members: change_object(members, name, change)


def drop_manifest_line(members: Members) -> None:
    lines = members[MANIFEST].splitlines(keepends=True)
    members[MANIFEST] = b"".join(line for line in lines if b"  hits.jsonl" not in line)


# ---- without care ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (replace("findings.jsonl", '"code": 2', '"code": 1'), "findings.jsonl: changed: SHA-256"),
        (lambda m: m.pop("failures.jsonl"), "failures.jsonl: missing: the manifest names it"),
        (lambda m: m.pop("pack/terms.yml"), "pack/terms.yml: missing"),
        (lambda m: m.update(more=b"x"), "more: added: the manifest does not name it"),
        (drop_manifest_line, "hits.jsonl: added: the manifest does not name it"),
        (lambda m: m.pop(MANIFEST), "manifest-sha256.txt: missing"),
        (lambda m: m.pop(CRATE), "ro-crate-metadata.json: missing"),
        (replace(CRATE, '"@graph"', '"@gruph"'), "no metadata of an RO-Crate"),
        (replace("hits.jsonl", '{"', '{"x": 1, "'), "hits.jsonl, line 1: an unknown field 'x'"),
        (replace("hits.jsonl", '"code": ', '"code": 0, "code": '), "line 1: not JSON: a name is"),
        (replace("hits.jsonl", '"page": 1', '"page": NaN'), "hits.jsonl, line 1: not JSON: NaN"),
        (set_in("hits.jsonl", page="1"), "hits.jsonl, line 1: page is no whole number"),
    ],
)  # fmt: skip
def test_a_change_is_named(
    judged: Judged, invoke: Invoke, tmp_path: Path, change: Forge, named: str
) -> None:
    found = check(invoke, forge(judged, tmp_path / "b.zip", change))
    assert [line for line in found if named in line] != [], found


# ---- with a manifest that fits -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_rows(HISTORY, lambda r: r.pop(1)), "verdict 2: missing from the history"),
        (change_rows(HISTORY, lambda r: r.pop()), "by the metadata: expected 10, found 9"),
        (change_rows(HISTORY, lambda r: r.insert(1, r.pop(2))), "verdict 2: out of its order"),
        (set_in(HISTORY, note="never said"), "verdict 1: its chain does not follow"),
        (set_in(HISTORY, in_force=False), "verdict 1: in_force: expected True, found False"),
        (replace("pack/terms.yml", "呼吸机", "呼吸鸡"), "pack/: not the pack that found"),
        (replace("study.toml", '[database]\nurl = ""', '[database]\nurl = "postgresql://h/x"'),
         "leads out of the bundle"),
        (replace("study.toml", '"./pack"', '"/etc"'), "study.toml: pack is '/etc', which leads"),
        (replace("study.toml", "passage = 2", "passage = 3"), "findings.jsonl, line 1: code"),
        (change_rows("findings.jsonl", lambda r: r.pop(0)), "findings.jsonl: a finding is missing"),
        (set_in("findings.jsonl", code=1), "findings.jsonl, line 1: code: expected 2, found 1"),
        (set_in("findings.jsonl", criteria=["F"]), "findings.jsonl, line 1: criteria"),
        (set_in("findings.jsonl", reviewers=9), "line 1: reviewers: expected 2, found 9"),
        (set_in("hits.jsonl", criteria=["Q"]), "a criterion that the pack has not: found Q"),
        (set_in("hits.jsonl", code=1), "code, by its criteria: expected 2, found 1"),
        (set_in("hits.jsonl", quote="供体"), "the quote is not as long as its place"),
        (set_in("hits.jsonl", end=9999), "hits.jsonl, line 1: not within page 1"),
        (set_in("hits.jsonl", verdicts=[]), "verdicts, not as in verdicts.jsonl"),
        (set_in("hits.jsonl", recall_at_least=0.99), "recall_at_least, not as in completeness"),
        (change_rows("sources.jsonl", lambda r: r.pop(0)), "no source has its SHA-256"),
        (change_rows("papers.jsonl", lambda r: r.pop(0)), "no paper of this source"),
        (set_in("papers.jsonl", verdict=0), "papers.jsonl, line 1: verdict"),
        (in_object("counts.json", lambda c: c.update(unscreened=0)),
         "counts.json: unscreened: expected 1, found 0"),
        (in_object("prisma.json", lambda c: c["databases"].update(code_2=7)),
         "prisma.json: databases.code_2: expected 1, found 7"),
        (in_object("completeness.json", lambda c: c.update(recall_at_least=0.999)),
         "completeness.json: recall_at_least: expected"),
        (change_rows("samples.jsonl", lambda r: r[0].update(seed=r[0]["seed"] + 1)),
         "papers, drawn again with its seed"),
        (replace("versions.json", "brain-death", "other-words"), "versions.json: pack"),
    ],
)  # fmt: skip
def test_a_change_is_named_though_the_manifest_fits(
    judged: Judged, invoke: Invoke, tmp_path: Path, change: Forge, named: str
) -> None:
    found = check(invoke, forge(judged, tmp_path / "b.zip", change, fit_manifest))
    assert [line for line in found if named in line] != [], found


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (set_in(HISTORY, code=0), "verdicts, not as in verdicts.jsonl"),
        (change_rows(HISTORY, lambda r: r.pop(5)), "findings.jsonl: not a finding by the verdicts"),
        (change_rows(HISTORY, lambda r: r[3].update(supersedes=None)),
         "verdict 4: supersedes: not the reviewer's last verdict on it in that round: "
         "expected id 3, found none"),
    ],
)  # fmt: skip
def test_a_history_that_was_made_anew_does_not_fit_the_findings(
    judged: Judged, invoke: Invoke, tmp_path: Path, change: Forge, named: str
) -> None:
    path = forge(judged, tmp_path / "b.zip", change, fit_chain, fit_manifest)
    found = check(invoke, path)
    assert [line for line in found if named in line] != [], found


def test_who_makes_everything_anew_is_known_by_the_hash_of_the_whole(
    judged: Judged, invoke: Invoke, tmp_path: Path
) -> None:
    def soften(members: Members) -> None:
        # The withdrawn remark of a reviewer, where nothing else tells of it.
        for name in (HISTORY, "hits.jsonl", "findings.jsonl"):
            members[name] = members[name].replace(b"as reviewer-", b"not reviewer-")

    path = forge(judged, tmp_path / "b.zip", soften, fit_chain, fit_manifest)
    assert check(invoke, path) == []
    told = invoke("verify", judged.bundle).stdout.split()[-1]
    assert check(invoke, judged.bundle, "--sha256", told) == []
    assert "SHA-256 of the whole bundle" in check(invoke, path, "--sha256", told)[0]


# ---- against the sources -----------------------------------------------------------------------


def move_quote(members: Members, *, with_id: bool) -> None:
    """Move the first quote by one character, wherever it is told."""
    hits = read_rows(members, "hits.jsonl")
    old = hits[0]["hit_id"]
    hits[0].update(start=hits[0]["start"] + 1, end=hits[0]["end"] + 1)
    place = (hits[0]["page"], hits[0]["start"], hits[0]["end"])
    write_rows(members, "hits.jsonl", hits)
    findings = read_rows(members, "findings.jsonl")
    for passage in (passage for row in findings for passage in row["passages"]):
        if passage["hit_id"] == old:
            passage.update(start=place[1], end=place[2])
    write_rows(members, "findings.jsonl", findings)
    if with_id:
        new = identify_passage(hits[0]["paper_id"], *place, "airway")
        for name in ("hits.jsonl", "findings.jsonl", HISTORY):
            members[name] = members[name].replace(old.encode(), new.encode())


def test_a_moved_quote_has_another_id(judged: Judged, invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    forge(judged, path, lambda m: move_quote(m, with_id=False), fit_manifest)
    assert "the id is not that of its paper and place" in "\n".join(check(invoke, path))


def test_a_moved_quote_is_not_at_its_place(judged: Judged, invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    forge(judged, path, lambda m: move_quote(m, with_id=True), fit_chain, fit_manifest)
    assert check(invoke, path) == []
    found = check(invoke, path, "--sources", judged.made.papers)
    assert "the quote is not at its place, page 1" in "\n".join(found)
    assert "it stands on that page at" in "\n".join(found)


@pytest.mark.parametrize(
    ("name", "change", "named"),
    [
        ("sources.jsonl", {"pages": [{"text_sha256": "0" * 64}]}, "text of the page is not the"),
        ("hits.jsonl", {"passage": "供体无脑死亡"}, "passage is not at its place, page 1"),
        ("hits.jsonl", {"events": [{"text": "插管"}]}, "is not at its place, page 1"),
    ],
)
def test_words_are_looked_up_in_the_source(
    judged: Judged, invoke: Invoke, tmp_path: Path, name: str, change: Any, named: str
) -> None:
    def put(rows: list[Any]) -> None:
        row = next(row for row in rows if row.get("pages", True))
        for key, value in change.items():
            if isinstance(value, list):
                row[key][0].update(value[0])
            else:
                row[key] = value

    path = forge(judged, tmp_path / "b.zip", change_rows(name, put), fit_manifest)
    found = check(invoke, path, "--sources", judged.made.papers)
    assert [line for line in found if named in line] != [], found


def test_a_pack_that_was_changed_finds_other_hits(
    judged: Judged, invoke: Invoke, tmp_path: Path
) -> None:
    change = replace("pack/terms.yml", "呼吸机", "呼吸鸡")
    path = forge(judged, tmp_path / "b.zip", change, fit_manifest)
    done = invoke("reproduce", path, "--sources", judged.made.papers)
    assert done.exit_code == 1
    assert "hits.jsonl, line 1" in done.stdout
    assert "pack: expected brain-death" in done.stdout


# ---- what is no bundle at all ------------------------------------------------------------------


def write_special(members: Members, path: Path, name: str, **values: Any) -> None:
    put_together(members, path)
    info = zipfile.ZipInfo(name)
    for key, value in values.items():
        setattr(info, key, value)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(info, b"x")


def write_twice(members: Members, path: Path) -> None:
    put_together(members, path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("hits.jsonl", b"")


def write_bomb(members: Members, path: Path) -> None:
    put_together({**members, "failures.jsonl": b" " * 40_000_000}, path)


def write_encrypted(members: Members, path: Path) -> None:
    data = bytearray(put_together(members, path).read_bytes())
    place = data.index(b"PK\x01\x02") + 8
    struct.pack_into("<H", data, place, 1)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("write", "named"),
    [
        (lambda m, p: p.write_bytes(b""), "not a zip file"),
        (lambda m, p: p.write_text("hello"), "not a zip file"),
        (lambda m, p: p.write_bytes(put_together(m, p).read_bytes()[:-200]), "cut short"),
        (lambda m, p: p.write_bytes(b"MZ" + put_together(m, p).read_bytes()), "stands before"),
        (lambda m, p: put_together({"a.txt": b"x"}, p), "no bundle: neither ro-crate"),
        (lambda m, p: put_together({**m, "../../x": b""}, p), "a name that leads out"),
        (lambda m, p: put_together({**m, "/etc/x": b""}, p), "a name that leads out"),
        (lambda m, p: put_together({**m, "a\\b": b""}, p), "a name that leads out"),
        (lambda m, p: put_together({**m, "folder/": b""}, p), "a name that no bundle has"),
        (lambda m, p: put_together({**m, "HITS.jsonl": b""}, p), "is there twice"),
        (lambda m, p: write_special(m, p, "l", external_attr=0o120777 << 16, create_system=3),
         "a link or a device"),
        (write_twice, "hits.jsonl: is there twice"),
        (write_bomb, "failures.jsonl: unpacks to far more"),
        (write_encrypted, "under a password"),
    ],
)  # fmt: skip
def test_what_is_no_safe_bundle_is_refused_in_one_line(
    judged: Judged,
    invoke: Invoke,
    tmp_path: Path,
    write: Callable[[Members, Path], object],
    named: str,
) -> None:
    path = tmp_path / "b.zip"
    write(dict(judged.members), path)
    for command in ("verify", "reproduce"):
        done = invoke(command, path)
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
        assert named in done.stderr
        assert done.stdout == ""


_FEW: dict[str, Any] = {
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    "phases": (Phase.explicit, Phase.reuse, Phase.generate),
}


@settings(max_examples=10, **_FEW)
@given(data=st.data())
def test_any_changed_byte_of_any_file_is_named(
    judged: Judged, invoke: Invoke, tmp_path: Path, data: st.DataObject
) -> None:
    members = dict(judged.members)
    name = data.draw(st.sampled_from([name for name in members if members[name]]))
    content = bytearray(members[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    members[name] = bytes(content)
    found = check(invoke, put_together(members, tmp_path / "b.zip"))
    # One in the manifest is told as a difference of the file that its line is about.
    assert any(name in line for line in found) or (name == MANIFEST and found), found


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.floats(allow_nan=False),
    st.just([]), st.just({}), st.lists(st.text(max_size=2), max_size=2),
)  # fmt: skip


@settings(max_examples=12, **_FEW)
@given(data=st.data())
def test_whatever_stands_in_a_row_is_no_crash(
    judged: Judged, invoke: Invoke, tmp_path: Path, data: st.DataObject
) -> None:
    members = dict(judged.members)
    tables = [name for name in members if name.endswith(".jsonl") and members[name]]
    name = data.draw(st.sampled_from(tables))
    rows = read_rows(members, name)
    row: Any = data.draw(st.sampled_from(rows))
    while True:
        keys = list(row) if isinstance(row, dict) else list(range(len(row)))
        key = data.draw(st.sampled_from(keys))
        if not (isinstance(row[key], dict | list) and row[key] and data.draw(st.booleans())):
            break
        row = row[key]
    row[key] = data.draw(_VALUES)
    write_rows(members, name, rows)
    fit_manifest(members)
    check(invoke, put_together(members, tmp_path / "b.zip"))


def test_settings_that_lead_out_are_not_run(judged: Judged, invoke: Invoke, tmp_path: Path) -> None:
    for old, new in (('"./pack"', '"../pack"'), ('targets = ""', 'targets = "/etc/passwd"')):
        path = forge(judged, tmp_path / "b.zip", replace("study.toml", old, new), fit_manifest)
        done = invoke("reproduce", path, "--sources", judged.made.papers)
        assert done.exit_code == 2
        assert "leads out of the bundle" in done.stderr


# ---- the chain ---------------------------------------------------------------------------------

_ROWS = st.lists(
    st.fixed_dictionaries({"code": st.integers(0, 2), "note": st.text(max_size=4)}), max_size=6
)


def number(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"number": n, **row} for n, row in enumerate(rows, start=1)]


def find_breaks(rows: list[dict[str, Any]]) -> list[str]:
    report = Report()
    check_chain(rows, report)
    return [one.place for one in report.differences]


@given(_ROWS, _ROWS)
def test_a_later_history_begins_with_the_earlier_one(
    before: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    short, long = (list(chain(number(rows))) for rows in (before, [*before, *more]))
    assert long[: len(short)] == short
    assert find_breaks(long) == []


@given(_ROWS.filter(bool), st.data())
def test_any_changed_verdict_breaks_the_chain_at_its_place(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    linked = list(chain(number(rows)))
    index = data.draw(st.integers(0, len(rows) - 1))
    linked[index] = {**linked[index], "note": linked[index]["note"] + "x"}
    assert find_breaks(linked) == [f"verdict {index + 1}"]


def test_the_chain_is_what_the_documentation_says() -> None:
    row = {"number": 1, "note": "脑", "in_force": True, "file": "a.pdf"}
    (linked,) = chain([row])
    told = START + '{"note":"\\u8111","number":1}'
    assert linked["chain"] == hashlib.sha256(told.encode()).hexdigest()
