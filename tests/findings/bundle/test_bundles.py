"""A bundle holds a study, says nothing of people or machines, and is the same whoever makes it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import screen
from screen.findings.bundle.setup import tell_settings
from screen.findings.bundle.tables import TABLES
from screen.findings.fields import TABLES as EXPORTED
from screen.settings import Database, Published, Review, Settings, read_settings
from tests.conftest import Invoke
from tests.findings.bundle.conftest import AUTHORS, REVIEWERS, Judged
from tests.forging import CRATE, read_rows, take_apart

pytestmark = pytest.mark.database

ROOT = Path(screen.__file__).parent.parent


def test_a_bundle_is_whole_and_every_quote_is_at_its_place(judged: Judged, invoke: Invoke) -> None:
    done = invoke("verify", judged.bundle, "--sources", judged.made.papers, "--json")
    told = json.loads(done.stdout)
    assert told["differences"] == []
    assert done.exit_code == 0
    assert told["checked"]["verdicts"] == 10
    assert told["checked"]["findings"] == 2
    assert told["checked"]["sources"] == 5
    assert told["checked"]["quotes"] == len(read_rows(judged.members, "hits.jsonl")) + 1


def test_what_was_not_checked_is_said(judged: Judged, invoke: Invoke) -> None:
    done = invoke("verify", judged.bundle)
    assert done.exit_code == 0
    assert "Not checked: " in done.stdout
    assert "quotes at their places" in done.stdout
    assert "agreement.json" in done.stdout


def test_the_same_study_gives_the_same_bytes(
    judged: Judged, invoke: Invoke, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    invoke("bundle", judged.made.folder, "--pseudonymise", "-o", again)
    assert again.read_bytes() == judged.bundle.read_bytes()


def test_no_name_of_a_person_or_a_place_of_this_machine_is_in_it(judged: Judged) -> None:
    everything = {**judged.members, "names": "\n".join(judged.members).encode()}
    words = [*AUTHORS, *REVIEWERS, str(judged.made.papers), str(judged.made.folder)]
    found = [
        (name, word) for name, data in everything.items() for word in words if word.encode() in data
    ]
    assert found == []
    row = read_rows(judged.members, "verdicts.jsonl")[0]
    assert row["reviewer"].startswith("reviewer-")
    assert row["note"] == f"as {read_rows(judged.members, 'verdicts.jsonl')[1]['reviewer']} said"


@pytest.mark.slow(reason="a bundle without names")
def test_without_names_a_history_still_settles(
    judged: Judged, invoke: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "nameless.zip"
    invoke("bundle", judged.made.folder, "--reviewers", "none", "-o", path)
    assert {row["reviewer"] for row in read_rows(take_apart(path), "verdicts.jsonl")} == {None}
    assert invoke("verify", path).exit_code == 0


@pytest.mark.slow(reason="a bundle with its sources, run again")
def test_sources_in_a_bundle_are_checked_and_run_again(
    judged: Judged, invoke: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "whole.zip"
    assert invoke("bundle", judged.made.folder, "--with-sources", "-o", path).exit_code == 0
    told = json.loads(invoke("verify", path, "--json").stdout)
    assert told["differences"] == []
    assert told["checked"]["sources"] == 5
    assert invoke("reproduce", path).exit_code == 0


def test_a_bundle_with_sources_is_not_written_without_one_of_them(
    judged: Judged, invoke: Invoke, tmp_path: Path
) -> None:
    paper = judged.made.papers / "b.txt"
    before = paper.read_bytes()
    paper.write_bytes(before + b"!")
    try:
        done = invoke("bundle", judged.made.folder, "--with-sources", "-o", tmp_path / "b.zip")
    finally:
        paper.write_bytes(before)
    assert done.exit_code == 1
    assert "b.txt" in done.stderr
    assert "changed since it was added" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_row_is_described() -> None:
    page = (ROOT / "docs" / "bundle.md").read_text(encoding="utf-8")
    own = {
        field.name
        for name in TABLES
        if name.removesuffix(".jsonl") not in EXPORTED
        for field in TABLES[name]
    }
    assert "`chain`" in page
    assert [name for name in sorted(own) if f"`{name}`" not in page] == []


def test_settings_leave_without_what_belongs_to_a_machine(tmp_path: Path) -> None:
    settings = Settings(
        pack="/home/ann/words",
        model="../models/mine",
        database=Database(url="postgresql://ann:secret@db.example.org/x"),
        review=Review(public_url="https://review.example.org"),
        published=Published(targets="/home/ann/phrases.txt", require='"供\\'),
    )
    text = tell_settings(settings)
    assert not any(word in text for word in ("ann", "secret", "example.org", "mine"))
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    read = read_settings(tmp_path / "study.toml")
    assert read.published.require == settings.published.require
    assert read.limits == settings.limits


# ---- for other programs ------------------------------------------------------------------------


def read_graph(judged: Judged) -> dict[str, dict[str, Any]]:
    return {entity["@id"]: entity for entity in json.loads(judged.members[CRATE])["@graph"]}


def test_every_file_is_an_entity_and_every_reference_leads_somewhere(judged: Judged) -> None:
    graph = read_graph(judged)
    assert graph[CRATE]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert {part["@id"] for part in graph["./"]["hasPart"]} == judged.members.keys() - {CRATE}
    for name in judged.members.keys() - {CRATE, "manifest-sha256.txt"}:
        assert graph[name]["contentSize"] == str(len(judged.members[name]))
        assert {"name", "encodingFormat", "sha256"} <= graph[name].keys()

    def list_references(value: Any) -> list[str]:
        if isinstance(value, dict) and value.keys() == {"@id"}:
            return [value["@id"]]
        parts = value.values() if isinstance(value, dict) else value
        return (
            [name for part in parts for name in list_references(part)]
            if isinstance(value, dict | list)
            else []
        )

    named = {name for entity in graph.values() for name in list_references(entity)}
    assert {name for name in named if not name.startswith("https:")} <= graph.keys()


def test_an_independent_reader_reads_the_crate(judged: Judged, tmp_path: Path) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate")
    for name, data in judged.members.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    crate = rocrate.ROCrate(tmp_path)
    assert {file.id for file in crate.data_entities} == judged.members.keys() - {CRATE}
    action = crate.dereference("#screening")
    assert action["instrument"][0]["name"] == "ddr-screen"
    assert crate.dereference("hits.jsonl")["sha256"]


# ---- run again ---------------------------------------------------------------------------------


def test_a_screening_run_again_finds_the_same(judged: Judged, invoke: Invoke) -> None:
    done = invoke("reproduce", judged.bundle, "--sources", judged.made.papers, "--json")
    told = json.loads(done.stdout)
    assert told["differences"] == []
    assert done.exit_code == 0
    assert told["checked"]["hits"] == len(read_rows(judged.members, "hits.jsonl"))


def test_sources_that_are_missing_or_changed_are_named(
    judged: Judged, invoke: Invoke, tmp_path: Path
) -> None:
    papers = tmp_path / "papers"
    shutil.copytree(judged.made.papers, papers)
    (papers / "b.txt").write_bytes((papers / "b.txt").read_bytes() + b"!")
    (papers / "c.txt").unlink()
    for command in ("verify", "reproduce"):
        done = invoke(command, judged.bundle, "--sources", papers)
        assert done.exit_code == 1
        assert "b.txt: source changed" in done.stdout
        assert "c.txt: source missing" in done.stdout
        assert "of missing sources" in done.stdout
