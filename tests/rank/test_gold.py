"""Judged passages to learn from: what is taken, what is refused, and what belongs together."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.errors import GoldError
from screen.rank.gold import group, read_labels

LONG = "供者确认脑死亡后立即行气管插管,接呼吸机,常规消毒铺巾,正中劈开胸骨,切开心包。"
OTHER = "受者全身麻醉下经口气管插管,建立体外循环,切除病心,植入供心,开放循环后复跳。"


def write(path: Path, *rows: Mapping[str, object]) -> Path:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(lines, encoding="utf-8")
    return path


def test_a_folder_stands_for_its_files_of_passages(tmp_path: Path) -> None:
    write(tmp_path / "papers.jsonl", {"file": "a.txt", "code": 2})
    write(tmp_path / "affiliations.jsonl", {"text": OTHER, "city": "Nanjing"})
    write(tmp_path / "b.jsonl", {"id": "b", "code": 0, "text": OTHER})
    write(tmp_path / "a.jsonl", {"id": "a", "code": 2, "text": LONG, "paper": "p1"})
    (first, second) = read_labels([tmp_path])
    assert (first.id, first.paper, second.id) == ("a", "p1", "b")
    assert second.paper.endswith("b.jsonl:1")  # of no known paper: one by itself


def test_a_folder_without_passages_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "papers.jsonl", {"file": "a.txt", "code": 2})
    with pytest.raises(GoldError, match=r"no \.jsonl file of passages"):
        read_labels([tmp_path])


def test_a_passage_given_twice_with_one_code_counts_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"code": 2, "text": LONG}, {"code": 2, "text": f" {LONG}\n"})
    assert len(read_labels([path])) == 1


def test_a_passage_with_two_codes_is_an_error_that_names_both_places(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", {"code": 0, "text": OTHER}, {"code": 2, "text": LONG})
    second = write(tmp_path / "b.jsonl", {"code": 0, "text": LONG})
    with pytest.raises(GoldError, match=r"b\.jsonl:1: code 0 .* judged 2 in .*a\.jsonl:2$"):
        read_labels([first, second])


@pytest.mark.parametrize("code", [3, -1, "2", 2.0, True, None])
def test_an_unknown_code_is_an_error_with_its_row(tmp_path: Path, code: object) -> None:
    path = write(tmp_path / "a.jsonl", {"code": 0, "text": OTHER}, {"code": code, "text": LONG})
    with pytest.raises(GoldError, match=r"a\.jsonl:2: 'code' is"):
        read_labels([path])


def test_another_encoding_is_an_error_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [json.dumps({"code": 0, "text": text}, ensure_ascii=False) for text in ("abc", OTHER)]
    path.write_bytes("\n".join(rows).encode("gb18030"))
    with pytest.raises(GoldError, match=r"a\.jsonl:2: not UTF-8"):
        read_labels([path])


def test_a_copy_needs_its_original_and_has_its_code(tmp_path: Path) -> None:
    original = {"id": "a", "code": 2, "text": LONG}
    copy = {"id": "a-damaged", "copy_of": "a", "code": 2, "text": LONG.replace("插", "捅")}
    path = write(tmp_path / "a.jsonl", copy, original)
    assert [gold.copy_of for gold in read_labels([path])] == ["", "a"]
    with pytest.raises(GoldError, match=r"a\.jsonl:1: a copy of 'a', which is not there"):
        read_labels([write(tmp_path / "a.jsonl", copy)])
    with pytest.raises(GoldError, match=r"a\.jsonl:1: code 0, the original's is another"):
        read_labels([write(tmp_path / "a.jsonl", {**copy, "code": 0}, original)])


def test_near_duplicates_papers_and_chains_of_them_belong_together() -> None:
    texts = [
        LONG,
        OTHER,
        "另一段完全不同的文字,讲的是术后抗排异治疗。",
        LONG.replace("立即", "随即")[3:],
    ]
    assert group(texts, ["", "", "", ""]) == [0, 1, 2, 0]
    # one and four are alike, four is of the paper of three
    assert group(texts, ["", "", "p", "p"]) == [0, 1, 0, 0]


def test_a_running_head_makes_no_two_passages_alike() -> None:
    head = "(C)1994-2021 China Academic Journal Electronic Publishing House. All rights reserved."
    texts = [head + LONG, OTHER + head]
    assert len(set(group(texts, ["", ""]))) == 2


@given(st.lists(st.text("供者脑死亡后气管插管受心abc ", max_size=30), max_size=12))
def test_every_passage_has_a_group_and_equal_ones_the_same(texts: list[str]) -> None:
    numbers = group(texts, [""] * len(texts))
    assert len(numbers) == len(texts)
    for one, number in zip(texts, numbers, strict=True):
        for other, another in zip(texts, numbers, strict=True):
            assert one != other or number == another
