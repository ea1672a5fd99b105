"""A whole study, from files to a table: what a user sees, and what stays as it was."""

import csv
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from screen.cli import main
from screen.findings.fields import TABLES
from screen.study.folder import Study
from tests.surroundings import lose_database, on_sqlite

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy, RunCli

pytestmark = pytest.mark.database

HIT_FIELDS, PAPER_FIELDS = (
    tuple(field.name for field in TABLES[what]) for what in ("hits", "papers")
)

DECLARED_THEN_TUBE = "供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。"
# Invented papers. The second page of the second one begins in the middle of a sentence.
PAPERS: dict[str, str | bytes] = {
    "供心切取.txt": (
        "原位心脏移植1例\n1 资料与方法\n1.1 受者 男,46岁,扩张型心肌病。\n"
        f"1.2 供心切取 {DECLARED_THEN_TUBE}\n2 结果 患者痊愈出院。\n"
    ),
    "two-pages.txt": (
        "心肺联合移植2例报告\n1 临床资料\n本组2例均为男性,术前心功能IV级。\n"
        "供者颅脑外伤,宣布脑死亡后立即行\f气管内插管,呼吸囊加压给氧,静脉注射肝素。\n"
        "2 讨论 术后早期监测十分重要。\n"
    ).encode("gb18030"),
    "ventilation.txt": (
        "肺移植的护理\n1.1 供体 供体脑死亡后迅速建立人工呼吸,维持循环。\n"
        "1.2 术后护理 监测体温、脉搏、血压。\n"
    ),
    "recipient.txt": (
        "心脏移植的麻醉\n1 方法 受者入室后行全麻气管插管,机械通气,体外循环下行原位心脏移植。\n"
        "2 结果 术后12h拔除气管插管。\n"
    ),
    "other.txt": "护理体会\n病房每日通风两次,家属探视须戴口罩,患者饮食清淡。\n",
}
CODES = {
    "供心切取.txt": 2,
    "two-pages.txt": 2,
    "ventilation.txt": 1,
    "recipient.txt": 0,
    "other.txt": 0,
}
# A spreadsheet would run each of these titles as a formula.
TITLES = {
    "供心切取.txt": "=HYPERLINK(1)原位心脏移植1例",
    "two-pages.txt": "+心肺联合移植2例报告",
    "ventilation.txt": "-肺移植的护理",
    "recipient.txt": "@心脏移植的麻醉",
    "other.txt": '护理体会,“引号”与"双引号"',
}
RECORDS = [
    {"file": name, "title": title, "journal": "虚构外科杂志", "year": 1998, "authors": ["甲", "乙"]}
    for name, title in TITLES.items()
]
COUNTS = {
    "files": 5, "duplicates": 0, "papers": 5, "waiting": 0, "screened": 5, "unscreened": 0,
    "screened_in_part": 0, "flagged_code_2": 2, "flagged_code_1": 1, "failures": 0,
    "records": 5, "records_without_file": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Finished:
    """A study as it was added, and a copy of it that was run, with what `run` said."""

    waiting: "MadeStudy"
    study: "MadeStudy"
    run: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def finished(
    make_study: "MakeStudy", run_cli: "RunCli", tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    waiting = make_study(PAPERS, RECORDS, shard_size=2)
    study = waiting.copy(tmp_path_factory.mktemp("finished") / "study")
    return Finished(waiting, study, run_cli("run", study.folder, "--workers", "2"))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_page_texts(folder: Path) -> dict[tuple[str, int], str]:
    """Return the raw text of every page that the text shards hold, by paper and number."""
    return {
        (row["sha256"], row["number"]): row["text"]
        for shard in sorted((folder / "text").glob("*.parquet"))
        for row in pq.read_table(shard).to_pylist()
    }


def read_status(invoke: "Invoke", folder: Path) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(invoke("status", folder, "--json").stdout)
    return counts


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files of a study but its lock, which names the last holder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def find_changes(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}


class TestFirstRun:
    def test_adding_and_running_sound_papers_ends_with_status_0(self, finished: Finished) -> None:
        assert finished.waiting.added.exit_code == 0
        assert finished.run.returncode == 0

    def test_there_is_no_progress_bar_in_a_pipe(self, finished: Finished) -> None:
        assert finished.waiting.added.stderr == ""
        assert finished.run.stderr == ""
        assert "\x1b" not in finished.run.stdout

    def test_status_counts_every_paper_once(self, finished: Finished, run_cli: "RunCli") -> None:
        shown = run_cli("status", finished.study.folder, "--json")
        assert shown.returncode == 0
        counts = json.loads(shown.stdout)
        assert {name: counts[name] for name in COUNTS} == COUNTS
        assert counts["failure_list"] == []

    def test_papers_wait_before_the_run(self, finished: Finished, invoke: "Invoke") -> None:
        counts = read_status(invoke, finished.waiting.folder)
        assert (counts["waiting"], counts["screened"]) == (5, 0)

    def test_the_queue_shows_the_telling_passage_first(
        self, finished: Finished, run_cli: "RunCli"
    ) -> None:
        shown = run_cli("queue", finished.study.folder, "-n", "1")
        assert shown.returncode == 0
        assert "确认脑死亡后行气管插管" in shown.stdout
        assert "criterion A" in shown.stdout

    def test_the_queue_in_json_is_in_the_order_of_the_codes(
        self, finished: Finished, invoke: "Invoke"
    ) -> None:
        as_json = invoke("queue", finished.study.folder, "-n", "3", "--json").stdout.splitlines()
        assert [json.loads(line)["code"] for line in as_json] == [2, 2, 1]

    @pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
    def test_a_reader_that_has_seen_enough_of_the_queue_is_no_wrong_use(
        self, finished: Finished, ddr_screen: Path, options: tuple[str, ...]
    ) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        arguments: list[str | Path] = [ddr_screen, "queue", finished.study.folder, *options]
        done = subprocess.run(
            arguments, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False
        )
        os.close(writer)
        assert done.stderr == b""
        assert done.returncode != 2


@dataclass(frozen=True)
class Exported:
    """The tables of the finished study, as read back from their files."""

    hits: list[dict[str, Any]]
    papers: list[dict[str, Any]]
    hits_csv: Path
    papers_csv: Path


@pytest.fixture(scope="module")
def exported(
    finished: Finished, invoke: "Invoke", tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    top = tmp_path_factory.mktemp("exported")
    for what in ("hits", "papers"):
        for format_ in ("jsonl", "csv"):
            target = top / f"{what}.{format_}"
            arguments = ("--what", what, "--format", format_, "-o", target)
            done = invoke("export", finished.study.folder, *arguments)
            assert done.exit_code == 0, done.output
    return Exported(
        read_jsonl(top / "hits.jsonl"),
        read_jsonl(top / "papers.jsonl"),
        top / "hits.csv",
        top / "papers.csv",
    )


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


class TestExport:
    def test_a_row_holds_exactly_the_fields_of_the_format(self, exported: Exported) -> None:
        assert {tuple(row) for row in exported.hits} == {HIT_FIELDS}
        assert {tuple(row) for row in exported.papers} == {PAPER_FIELDS}

    def test_each_paper_carries_the_code_of_its_weightiest_passage(
        self, exported: Exported
    ) -> None:
        assert {row["file"]: row["code"] for row in exported.papers} == CODES
        flagged = {row["file"] for row in exported.papers if row["flagged"]}
        assert flagged == {file for file, code in CODES.items() if code}

    def test_a_hit_carries_the_record_of_its_paper(self, exported: Exported) -> None:
        for hit in exported.hits:
            assert hit["title"] == TITLES[hit["file"]]
            assert (hit["journal"], hit["year"]) == ("虚构外科杂志", 1998)

    def test_every_quote_stands_verbatim_at_its_place_on_the_page(
        self, exported: Exported, finished: Finished
    ) -> None:
        texts = read_page_texts(finished.study.folder)
        for hit in exported.hits:
            for page, start, end, quote in (
                (hit["page"], hit["start"], hit["end"], hit["quote"]),
                *((c["page"], c["start"], c["end"], c["text"]) for c in hit["continued"]),
                *((e["page"], e["start"], e["end"], e["text"]) for e in hit["events"]),
                *((e["page"], e["start"], e["end"], e["text"]) for e in hit["mitigating"]),
            ):
                assert quote
                assert texts[hit["sha256"], page][start:end] == quote

    def test_a_passage_across_a_page_break_is_quoted_from_both_pages(
        self, exported: Exported
    ) -> None:
        (hit,) = (row for row in exported.hits if row["file"] == "two-pages.txt" and row["code"])
        assert hit["page"] == 1
        assert hit["quote"].endswith("宣布脑死亡后立即行")
        assert [part["page"] for part in hit["continued"]] == [2]
        assert hit["continued"][0]["text"].startswith("气管内插管")
        assert "脑死亡后立即行气管内插管" in hit["passage"]

    def test_csv_carries_the_same_values_as_json_lines(self, exported: Exported) -> None:
        assert exported.hits_csv.read_bytes().startswith(b"\xef\xbb\xbf")
        rows = list(read_csv(exported.hits_csv))
        assert len(rows) == len(exported.hits) > 0
        for cells, hit in zip(rows, exported.hits, strict=True):
            assert tuple(cells) == HIT_FIELDS
            assert cells["file"] == hit["file"]
            assert cells["quote"] == hit["quote"]
            assert cells["context"] == hit["context"]
            assert int(cells["code"]) == hit["code"]
            assert float(cells["score"]) == hit["score"]
            for name in ("criteria", "continued", "events", "mitigating", "matches"):
                assert json.loads(cells[name]) == hit[name]

    def test_a_title_that_a_spreadsheet_would_run_is_defused_in_csv_only(
        self, exported: Exported
    ) -> None:
        titles = {cells["file"]: cells["title"] for cells in read_csv(exported.papers_csv)}
        for file, title in TITLES.items():
            assert titles[file] == (f"'{title}" if title[0] in "=+-@" else title)
        assert {row["file"]: row["title"] for row in exported.papers} == TITLES

    def test_a_file_that_cannot_be_written_costs_one_line_and_leaves_nothing(
        self, finished: Finished, run_cli: "RunCli", tmp_path: Path
    ) -> None:
        target = tmp_path / "missing" / "hits.csv"
        done = run_cli("export", finished.study.folder, "--what", "hits", "-o", target)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class SecondRun:
    """The bytes of a study before and after it was run a second time."""

    before: dict[str, bytes]
    after: dict[str, bytes]
    run: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def second_run(
    finished: Finished, run_cli: "RunCli", tmp_path_factory: pytest.TempPathFactory
) -> SecondRun:
    study = finished.study.copy(tmp_path_factory.mktemp("second") / "study")
    before = snapshot(study.folder)
    run = run_cli("run", study.folder)
    return SecondRun(before, snapshot(study.folder), run)


class TestLaterRuns:
    def test_a_second_run_has_nothing_to_do(self, second_run: SecondRun) -> None:
        assert second_run.run.returncode == 0
        assert "nothing to do" in second_run.run.stdout

    def test_a_second_run_leaves_every_byte_of_the_files_as_it_was(
        self, second_run: SecondRun
    ) -> None:
        changes = find_changes(second_run.before, second_run.after) - {"screen.db"}
        assert {name for name in changes if not name.startswith("log/")} == set()

    @on_sqlite
    def test_a_second_run_leaves_every_byte_of_the_database_as_it_was(
        self, second_run: SecondRun
    ) -> None:
        assert second_run.before["screen.db"] == second_run.after["screen.db"]

    def test_the_number_of_workers_changes_no_byte_of_the_shards(
        self, finished: Finished, tmp_path: Path
    ) -> None:
        study = finished.waiting.copy(tmp_path / "study")
        # With a worker: `invoke` would do without.
        assert CliRunner().invoke(main, ["run", str(study.folder), "--workers", "1"]).exit_code == 0
        assert study.shards() == finished.study.shards()
        assert study.rows() == finished.study.rows()

    def test_a_database_that_was_deleted_is_built_anew_from_the_shards(
        self, finished: Finished, invoke: "Invoke", tmp_path: Path
    ) -> None:
        study = finished.study.copy(tmp_path / "study")
        lose_database(study.folder)
        done = invoke("run", study.folder)
        assert done.exit_code == 0
        assert "nothing to do" in done.stdout
        assert study.rows() == finished.study.rows()

    def test_a_shard_that_was_damaged_is_done_again(
        self, finished: Finished, invoke: "Invoke", tmp_path: Path
    ) -> None:
        study = finished.study.copy(tmp_path / "study")
        shard = study.folder / "text" / "00001.parquet"
        shard.write_bytes(shard.read_bytes()[:-100])
        (study.folder / "hits" / "00000.json").write_text("{", encoding="ascii")
        assert invoke("run", study.folder, "--workers", "1").exit_code == 0
        assert study.shards() == finished.study.shards()
        assert study.rows() == finished.study.rows()

    def test_a_file_added_later_is_a_shard_of_its_own_and_the_others_stay(
        self, finished: Finished, invoke: "Invoke", tmp_path: Path
    ) -> None:
        study = finished.study.copy(tmp_path / "study")
        later = tmp_path / "later.txt"
        later.write_text(f"另一篇。{DECLARED_THEN_TUBE}", encoding="utf-8")
        before = study.shards()
        assert invoke("add", study.folder, later).exit_code == 0
        done = invoke("run", study.folder)
        assert done.exit_code == 0
        assert "1 papers read, 1 matched, in 1 of 4 shards" in done.stdout
        stages = ("text", "ocr", "signatures", "hits")
        added = {f"{f}/00003.{kind}" for f in stages for kind in ("json", "parquet")}
        assert find_changes(before, study.shards()) == added

    def test_a_changed_pack_matches_again_and_reads_nothing_again(
        self, finished: Finished, invoke: "Invoke", tmp_path: Path
    ) -> None:
        study = finished.study.copy(tmp_path / "study")
        pack = tmp_path / "my-pack"
        assert invoke("pack", "copy", "brain-death", pack).exit_code == 0
        criteria = pack / "criteria.yml"
        rules = criteria.read_text(encoding="utf-8")
        criteria.write_text(re.sub(r"weight: [\d.]+", "weight: 0.51", rules), encoding="utf-8")
        settings = study.folder / "study.toml"
        named = settings.read_text(encoding="utf-8").replace(
            'pack = "brain-death"', f"pack = {json.dumps(str(pack))}"
        )
        settings.write_text(named, encoding="utf-8")
        texts = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in study.folder.glob("text/*")}
        ids, scores = read_hits(study)

        done = invoke("run", study.folder, "--workers", "1")

        assert done.exit_code == 0
        assert "0 papers read, 5 matched, in 3 of 3 shards" in done.stdout
        assert texts == {
            p: (p.stat().st_mtime_ns, p.read_bytes()) for p in study.folder.glob("text/*")
        }
        new_ids, new_scores = read_hits(study)
        assert new_ids == ids
        assert new_scores != scores


def read_hits(study: "MadeStudy") -> tuple[set[str], set[float]]:
    """Return the ids and the scores of the hits that the shards hold."""
    rows = [
        row
        for shard in sorted((study.folder / "hits").glob("*.parquet"))
        for row in pq.read_table(shard).to_pylist()
    ]
    return {row["id"] for row in rows}, {row["score"] for row in rows}


class TestManyPathsOnePaper:
    def test_the_same_bytes_under_two_names_are_one_paper_with_two_paths(
        self, make_study: "MakeStudy", invoke: "Invoke"
    ) -> None:
        record = {"file": "second name.txt", "title": "心脏移植1例"}
        files = dict.fromkeys(("a.txt", "sub/second name.txt"), DECLARED_THEN_TUBE)
        study = make_study(files, [record])
        assert invoke("run", study.folder, "--workers", "1").exit_code == 0
        counts = read_status(invoke, study.folder)
        assert (counts["files"], counts["papers"], counts["duplicates"]) == (2, 1, 1)
        assert (counts["screened"], counts["hits"]) == (1, 1)
        paths = {str(path) for path, _ in study.rows()["paths"]}
        assert paths == {str(study.papers / name) for name in files}
        # The record names the second path: it is this paper's all the same.
        assert counts["records_without_file"] == 0

    def test_a_paper_that_was_moved_and_added_again_is_read_at_its_new_place(
        self, make_study: "MakeStudy", invoke: "Invoke"
    ) -> None:
        study = make_study({"old.txt": DECLARED_THEN_TUBE})
        moved = (study.papers / "old.txt").rename(study.papers / "new.txt")
        assert invoke("add", study.folder, moved).exit_code == 0
        done = invoke("run", study.folder, "--workers", "1")
        assert done.exit_code == 0, read_status(invoke, study.folder)["failure_list"]

    def test_a_file_that_got_other_bytes_is_a_second_paper_and_no_count_is_negative(
        self, make_study: "MakeStudy", invoke: "Invoke"
    ) -> None:
        study = make_study({"a.txt": DECLARED_THEN_TUBE})
        assert invoke("run", study.folder, "--workers", "1").exit_code == 0
        (study.papers / "a.txt").write_text("病房每日通风两次。", encoding="utf-8")
        assert invoke("add", study.folder, study.papers).exit_code == 0
        counts = read_status(invoke, study.folder)
        assert (counts["papers"], counts["waiting"], counts["screened"]) == (2, 1, 1)
        assert min(value for value in counts.values() if isinstance(value, int)) >= 0


class TestExitStatus:
    def test_done_with_a_failure_recorded_is_1_each_time(
        self, make_study: "MakeStudy", invoke: "Invoke"
    ) -> None:
        study = make_study({"good.txt": DECLARED_THEN_TUBE, "empty.txt": ""})
        assert invoke("run", study.folder, "--workers", "1").exit_code == 1
        again = invoke("run", study.folder)
        assert "nothing to do" in again.stdout
        assert again.exit_code == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            ("run", "{tmp}/nowhere"),
            ("init", "{study}"),
            ("pack", "check", "no-such-pack"),
        ],
    )
    def test_what_cannot_be_done_is_2_and_one_line(
        self, finished: Finished, invoke: "Invoke", tmp_path: Path, arguments: tuple[str, ...]
    ) -> None:
        filled = [part.format(tmp=tmp_path, study=finished.study.folder) for part in arguments]
        done = invoke(*filled)
        assert done.exit_code == 2
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("ddr-screen: ")

    @pytest.mark.parametrize(
        "arguments", [("add", "{study}"), ("run",), ("run", "{study}", "--workers", "0")]
    )
    def test_wrong_use_is_2_and_says_what_is_wrong(
        self, finished: Finished, invoke: "Invoke", arguments: tuple[str, ...]
    ) -> None:
        done = invoke(*(part.format(study=finished.study.folder) for part in arguments))
        assert done.exit_code == 2
        assert done.stdout == ""
        assert done.stderr.splitlines()[-1].startswith("Error: ")

    @pytest.mark.parametrize(
        ("setting", "told"),
        [
            ("colour = 1", "colour"),
            ("[work]\nshard_size = 0", "shard_size"),
            ("pack = = 1", "line 1"),
        ],
    )
    def test_a_wrong_setting_is_2_and_named(
        self, invoke: "Invoke", tmp_path: Path, setting: str, told: str
    ) -> None:
        (tmp_path / "study.toml").write_text(setting, encoding="utf-8")
        done = invoke("run", tmp_path)
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
        assert "study.toml" in done.stderr
        assert told in done.stderr

    @on_sqlite
    def test_a_database_that_is_none_is_2_and_one_line(
        self, finished: Finished, invoke: "Invoke", tmp_path: Path
    ) -> None:
        study = finished.waiting.copy(tmp_path / "study")
        (study.folder / "screen.db").write_bytes(b"no database at all" * 100)
        done = invoke("status", study.folder)
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
        assert "screen.db" in done.stderr


def list_commands(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command there is."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from list_commands(command, (*above, name))
        else:
            yield (*above, name)


class TestHelp:
    @pytest.mark.parametrize("words", list(list_commands(main)), ids=" ".join)
    def test_every_command_says_what_it_does_and_gives_an_example(
        self, words: tuple[str, ...]
    ) -> None:
        shown = CliRunner().invoke(main, [*words, "--help"])
        assert shown.exit_code == 0
        _, found, example = shown.output.partition("Example:")
        assert found
        assert f"ddr-screen {' '.join(words)}" in example

    def test_the_command_without_words_shows_its_commands(self, run_cli: "RunCli") -> None:
        assert "queue" in run_cli("--help").stdout


@pytest.mark.slow(reason="a run that meets another")
class TestTwoAtOnce:
    def test_a_second_run_is_refused_and_told_who_is_at_work(
        self, finished: Finished, invoke: "Invoke", ddr_screen: Path, tmp_path: Path
    ) -> None:
        study = finished.waiting.copy(tmp_path / "study")
        arguments: list[str | Path] = [ddr_screen, "run", study.folder, "--workers", "1"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, encoding="utf-8") as first:
            try:
                wait_for_lock(study.folder, first.pid)
                first.send_signal(signal.SIGSTOP)
                second = invoke("run", study.folder)
                adding = invoke("add", study.folder, study.papers)
            finally:
                first.send_signal(signal.SIGCONT)
            first.communicate(timeout=60)
        for refused in (second, adding):
            assert refused.exit_code == 2
            assert len(refused.stderr.splitlines()) == 1
            assert f"in use: ddr-screen run (process {first.pid} of " in refused.stderr
        assert first.returncode == 0
        assert study.shards() == finished.study.shards()

    def test_a_lock_that_a_dead_process_left_holds_nobody_up(
        self, finished: Finished, invoke: "Invoke", tmp_path: Path
    ) -> None:
        study = finished.study.copy(tmp_path / "study")
        (study.folder / ".lock").write_text("process 1", encoding="ascii")
        assert invoke("run", study.folder).exit_code == 0

    def test_reading_a_study_needs_no_lock(self, finished: Finished, invoke: "Invoke") -> None:
        with Study(finished.study.folder).lock("a test"):
            assert invoke("status", finished.study.folder).exit_code == 0


def wait_for_lock(folder: Path, holder: int) -> None:
    """Return as soon as a process holds the lock of a study."""
    until = time.monotonic() + 30
    while f"(process {holder} of " not in (folder / ".lock").read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.001)


class TestWhatIsNotLost:
    """What a user could believe to be screened, found or written, and is not."""

    def test_files_of_other_kinds_are_named_and_counted(self, make_study: "MakeStudy") -> None:
        study = make_study({"a.txt": "供体脑死亡后气管插管。", "b.epub": "x", "c.EPUB": "y"})
        assert "2 .epub" in study.added.output

    def test_a_record_of_a_file_elsewhere_is_not_taken_for_this_one(
        self, make_study: "MakeStudy", invoke: "Invoke"
    ) -> None:
        records = [{"file": "other/short.txt", "title": "another paper"}]
        study = make_study({"short.txt": "供体脑死亡后气管插管。"}, records)
        counts = json.loads(invoke("status", study.folder, "--json").output)
        assert counts["records_without_file"] == 1

    def test_an_export_to_a_pipe_is_written_to_it(
        self, make_study: "MakeStudy", invoke: "Invoke", run_cli: "RunCli", tmp_path: Path
    ) -> None:
        study = make_study({"short.txt": "供体脑死亡后气管插管。"})
        assert invoke("run", study.folder).exit_code == 0
        link = tmp_path / "link.jsonl"
        link.symlink_to(tmp_path / "target.jsonl")
        for output in ("-", "/dev/stdout"):
            done = run_cli("export", study.folder, "--what", "papers", "-o", output)
            assert '"file": "short.txt"' in done.stdout
        invoke("export", study.folder, "--what", "papers", "-o", link)
        assert link.is_symlink()
        assert "short.txt" in (tmp_path / "target.jsonl").read_text(encoding="utf-8")

    @on_sqlite
    def test_a_damaged_database_is_one_clear_line(
        self, make_study: "MakeStudy", run_cli: "RunCli"
    ) -> None:
        study = make_study({"short.txt": "供体脑死亡后气管插管。"})
        database = study.folder / "screen.db"
        database.write_bytes(database.read_bytes()[:4096] + b"\xff" * 40_000)
        done = run_cli("queue", study.folder)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
