"""Measures against a gold standard: values, intervals, and what is in no measure at all."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.errors import GoldError
from screen.rank.evaluate import Judged, evaluate, judge_papers, share
from screen.rank.gold import Gold, read_gold

codes = st.sampled_from([0, 1, 2])
pairs = st.lists(st.tuples(codes, st.one_of(st.none(), codes)), max_size=40)


def judge(items: Sequence[tuple[int, int | None]]) -> list[Judged]:
    return [
        Judged(Gold(str(number), gold, "text"), given, "why")
        for number, (gold, given) in enumerate(items)
    ]


# ---- shares ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # Clopper and Pearson: of 0 in 10 the upper bound is 1 - 0.025 ** (1 / 10)
        (0, 10, 0.0, 1 - 0.025**0.1),
        (10, 10, 0.025**0.1, 1.0),
        # Newcombe 1998, table I, method 5
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_intervals_are_exact(count: int, total: int, low: float, high: float) -> None:
    found = share(count, total)
    assert found.value == count / total
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_a_share_of_nothing_has_no_value() -> None:
    assert share(0, 0).value is None
    assert share(0, 0).low is None


# ---- measures --------------------------------------------------------------------------------


def test_measures_of_a_small_table() -> None:
    counts = {(2, 2): 6, (2, 0): 2, (1, 2): 1, (0, 2): 1, (0, 0): 10}
    table = [pair for pair, count in counts.items() for _ in range(count)]
    strong, any_code = evaluate(judge(table)).measures
    assert (strong.recall.count, strong.recall.total) == (6, 8)
    assert (strong.precision.count, strong.precision.total) == (6, 8)
    assert strong.f1.value == pytest.approx(0.75)
    assert strong.to_read == 8
    assert strong.work_saved == pytest.approx(12 / 20)
    assert strong.work_saved_over_sampling == pytest.approx(12 / 20 - 2 / 8)
    assert (any_code.recall.count, any_code.recall.total) == (7, 9)
    assert (any_code.precision.count, any_code.precision.total) == (7, 8)


@given(pairs)
def test_measures_agree_with_their_definitions(items: list[tuple[int, int | None]]) -> None:
    result = evaluate(judge(items))
    assert sum(sum(row.values()) for row in result.confusion.values()) == len(items)
    for measure in result.measures:
        screened = [(g, c) for g, c in items if c is not None]
        both = sum(g >= measure.code <= c for g, c in screened)
        assert measure.recall.count == measure.precision.count == both
        p, r, f1 = measure.precision, measure.recall, measure.f1
        for item in (p, r, f1):
            if item.value is not None and item.low is not None and item.high is not None:
                assert 0 <= item.low <= item.value <= item.high <= 1
        if p.value and r.value:
            assert f1.value == pytest.approx(2 * p.value * r.value / (p.value + r.value))


@given(pairs)
def test_every_error_is_told_and_nothing_else(items: list[tuple[int, int | None]]) -> None:
    told = {int(error.gold.id) for error in evaluate(judge(items)).errors}
    assert told == {number for number, (gold, given) in enumerate(items) if gold != given}


def test_the_missed_come_before_the_falsely_flagged() -> None:
    result = evaluate(judge([(0, 2), (2, 0), (1, 1), (1, 2), (2, None)]))
    assert [error.gold.id for error in result.errors] == ["1", "4", "0", "3"]


def test_what_was_not_screened_is_no_negative() -> None:
    result = evaluate(judge([(2, 2), (2, None), (0, None)]))
    assert result.confusion[2][None] == result.confusion[0][None] == 1
    assert result.measures[0].recall.value == 1.0
    assert result.measures[0].to_read == 1
    assert json.dumps(result.as_json())


# ---- gold files ------------------------------------------------------------------------------


def write(folder: Path, text: str) -> Path:
    path = folder / "gold.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_gold_is_read_with_further_fields_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '\ufeff{"id": "a", "code": 2, "text": "气管插管", "year": 1990}\n\n'
        '{"code": 0, "text": "x"}\n',
    )
    assert read_gold(path, "text") == [Gold("a", 2, "气管插管"), Gold("3", 0, "x")]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not an object"),
        ('{"code": 1}', "no 'text'"),
        ('{"text": " ", "code": 1}', "no 'text'"),
        ('{"text": 3, "code": 1}', "no 'text'"),
        ('{"text": "a"}', "'code' is None"),
        ('{"text": "a", "code": 3}', "'code' is 3"),
        ('{"text": "a", "code": true}', "'code' is True"),
        ('{"text": "a", "code": "2"}', "'code' is '2'"),
    ],
)
def test_a_line_that_is_no_judgement_is_refused_with_its_place(
    tmp_path: Path, line: str, word: str
) -> None:
    path = write(tmp_path, '{"code": 0, "text": "x"}\n' + line)
    with pytest.raises(GoldError, match=f"gold.jsonl:2: .*{word}"):
        read_gold(path, "text")


def test_a_file_without_judgements_or_of_other_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="no judgements"):
        read_gold(write(tmp_path, "\n\n"), "text")
    (tmp_path / "gold.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GoldError):
        read_gold(tmp_path / "gold.jsonl", "text")


# ---- papers ----------------------------------------------------------------------------------


def paper(file: str, code: int | None = None, status: str = "screened") -> dict[str, object]:
    return {"file": file, "status": status, "code": code, "reason": None}


def test_papers_are_known_by_their_whole_name_or_its_last_part() -> None:
    papers = [paper("a/x.pdf", 2), paper("b/y.pdf"), paper("c.pdf", None, "unreadable")]
    gold = [Gold("", 2, "x.pdf"), Gold("", 0, "b/y.pdf"), Gold("", 0, "c.pdf"), Gold("", 1, "z")]
    assert [item.given for item in judge_papers(papers, gold)] == [2, 0, None, None]


def test_a_name_of_several_papers_is_refused() -> None:
    papers = [paper("a/x.pdf"), paper("b/x.pdf")]
    with pytest.raises(GoldError, match="2 papers"):
        judge_papers(papers, [Gold("", 0, "x.pdf")])
    assert judge_papers(papers, [Gold("", 0, "a/x.pdf")])[0].given == 0


def test_judgements_of_other_papers_altogether_are_refused() -> None:
    with pytest.raises(GoldError, match="none of the judged"):
        judge_papers([paper("a.pdf")], [Gold("", 0, "b.pdf")])


def test_a_paper_judged_twice_is_refused() -> None:
    with pytest.raises(GoldError, match="judged twice"):
        judge_papers([paper("a/x.pdf")], [Gold("", 0, "x.pdf"), Gold("", 2, "a/x.pdf")])


@pytest.mark.parametrize("key", ["text", "id"])
def test_half_a_character_is_refused(tmp_path: Path, key: str) -> None:
    row = {"id": "a", "text": "x", "code": 0} | {key: "\ud800"}
    with pytest.raises(GoldError, match=r"gold\.jsonl:1: half a character"):
        read_gold(write(tmp_path, json.dumps(row)), "text")
