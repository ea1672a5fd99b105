"""Records find their papers by name, then by title; where in doubt, none."""

import random
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.study.matching import Match, match_records
from screen.types import Record

TITLE = "同种异体原位心脏移植五例临床体会"
HEAD = (
    f"拟山外科杂志 1998 年第 26 卷\n{TITLE}\n虚文远 拟思成\n虚州医学院附属第二医院\n【摘要】 目的"
)


def record(title: str = TITLE, **fields: object) -> Record:
    values = {"authors": ("虚文远", "拟思成"), "year": 1998, "file": "", **fields}
    return Record(title=title, **values)  # type: ignore[arg-type]


def match(
    records: list[Record],
    heads: Mapping[str, str] = {},
    names: Mapping[str, Iterable[str]] | None = None,
    copies: frozenset[str] = frozenset(),
) -> list[Match | None]:
    known = names or {paper: [f"{paper}.txt"] for paper in heads}
    return match_records(
        records,
        known,
        lambda wanted: {p: heads[p] for p in wanted if p in heads},
        lambda ties: [min(papers) if copies.issuperset(papers) else None for _, papers in ties],
    )


# ---- by name -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file", ["a/Paper.pdf", "Paper.pdf", "paper.PDF", "Paper", "Ｐaper.txt", "a\\Paper.pdf"]
)
def test_a_name_fits_without_suffix_case_and_width(file: str) -> None:
    assert match([record(file=file)], names={"x": ["a/Paper.pdf"], "y": ["a/other.pdf"]}) == [
        Match("x", "file")
    ]


def test_a_name_that_two_papers_have_is_nobodys() -> None:
    names = {"x": ["a/1.pdf"], "y": ["b/1.pdf"]}
    assert match([record("", file="1.pdf")], names=names) == [None]
    assert match([record("", file="b/1.pdf")], names=names) == [Match("y", "file")]


def test_an_exact_name_comes_before_one_that_is_nearly_so() -> None:
    names = {"x": ["1.pdf"], "y": ["1.txt"]}
    assert match([record(file="1.txt"), record("", file="1")], names=names) == [
        Match("y", "file"),
        None,
    ]


def test_a_name_below_another_folder_is_another_file() -> None:
    assert match([record("", file="b/1.pdf")], names={"x": ["a/1.pdf"]}) == [None]


# ---- by title ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        f"{TITLE}_虚文远.pdf",
        f"{TITLE}.pdf",
        f"{TITLE}_虚文远(1).pdf",
        "同種異體原位心臟移植五例臨床體會_虚文远.pdf",
        "同种异体原位心_省略_五例临床体会_虚文远.pdf",
    ],
)
def test_the_name_of_a_download_holds_the_title(name: str) -> None:
    assert match([record(), record("肾移植十例报告")], names={"x": [name], "y": ["2.pdf"]}) == [
        Match("x", "title"),
        None,
    ]


def test_of_papers_that_have_a_title_alike_one_stands_for_all_if_they_are_copies() -> None:
    heads = {"x": HEAD, "y": HEAD, "z": "供体的处理\n样其明\n例城医院"}
    told = [record(database="CNKI"), record(database="VIP"), record("供体的处理")]
    both = [Match("x", "title"), Match("x", "title"), None]
    assert match(told, heads, copies=frozenset("xy")) == both
    assert match(told, heads, copies=frozenset("xz")) == [None, None, None]
    # With one of them taken by its name the other has the record that names none.
    told[0] = record(file="x.txt")
    assert match(told, heads) == [Match("x", "file"), Match("y", "title"), None]


def test_papers_that_two_records_have_alike_are_nobodys_copies_or_not() -> None:
    told = [record(year=1998), record(year=1999)]
    head = HEAD.replace("1998 年", "")
    assert match(told, {"x": head, "y": head}, copies=frozenset("xy")) == [None, None]


def test_a_download_by_another_author_is_another_paper() -> None:
    assert match([record()], names={"x": [f"{TITLE}_样其明.pdf"]}) == [None]


@pytest.mark.parametrize(
    "head",
    [
        HEAD,
        HEAD.replace(TITLE, "同种异体原位心脏移植\n五例临床体会"),
        HEAD.replace(TITLE, " ".join(TITLE)),
        HEAD.replace(TITLE, "同種異體原位心臟移植五例臨床體會"),
        HEAD.replace(TITLE, f"·临床研究·\n{TITLE}*"),
        HEAD.replace("临床体会\n虚", "临床体会 虚"),
        HEAD.replace("临床体会", "临庆体会"),
        HEAD.replace("异体", "异休"),
        HEAD.replace("虚文远 拟思成\n虚州医学院附属第二医院\n", ""),
    ],
)
def test_a_title_is_found_spaced_broken_traditional_or_damaged(head: str) -> None:
    other = "供体的处理\n样其明\n例城医院"
    assert match([record()], {"x": head, "y": other}) == [Match("x", "title")]


@pytest.mark.parametrize(
    "title",
    [
        "同种异体原位心脏移植三例临床体会",
        "同种异体原位肝脏移植五例临床体会",
        "同种异体原位心脏移植",
        "心脏移植",
        "临床体会",
        "同种异体原位心脏移植五例临床体会续",
        "",
    ],
)
def test_a_title_that_is_only_like_it_is_that_of_another_paper(title: str) -> None:
    assert match([record(title)], {"x": HEAD}) == [None]


def test_a_title_in_running_text_is_no_title() -> None:
    head = f"供心的保存\n样其明\n我们曾在《{TITLE}》一文中报告过虚文远等的经验。"
    assert match([record()], {"x": head}) == [None]


def test_a_damaged_title_counts_only_beside_its_author() -> None:
    head = HEAD.replace("临床", "临庆").replace("虚文远 拟思成", "某某 某某")
    assert match([record()], {"x": head}) == [None]


def test_the_longer_of_two_titles_is_meant() -> None:
    head = "肝移植术后感染的诊断和防治\n附十例报告\n虚文远"
    records = [record("肝移植术后感染的诊断和防治"), record("肝移植术后感染的诊断和防治附十例报告")]
    assert match(records, {"x": head}) == [None, Match("x", "title")]


def test_of_two_papers_of_one_title_the_author_or_the_year_decides_or_else_none() -> None:
    heads = {"x": HEAD, "y": HEAD.replace("虚文远 拟思成", "样其明 例成").replace("1998", "2003")}
    other = record(authors=("样其明",), year=2003)
    assert match([record(), other], heads) == [Match("x", "title"), Match("y", "title")]
    bare = {"x": HEAD, "y": HEAD.replace("第二医院", "第一医院")}
    assert match([record()], bare) == [None]


def test_records_of_one_paper_from_two_databases_both_find_it() -> None:
    again = record(authors=("虚文远",), year=None, database="VIP")
    assert match([record(), again], {"x": HEAD}) == [Match("x", "title")] * 2


def test_a_paper_that_has_a_record_by_name_is_not_asked_for_its_title() -> None:
    records = [record("肾移植十例报告", file="x.txt"), record()]
    assert match(records, {"x": HEAD}) == [Match("x", "file"), None]


han = "虚拟样例城山供心保存肝肾移植术后感染诊断防治临床体会报告研究"


@given(st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_of_records_or_papers(chance: random.Random) -> None:
    titles = ["".join(chance.choices(han, k=chance.randint(5, 16))) for _ in range(8)]
    titles += [titles[0], titles[1] + "续", titles[2][:-1]]
    names = ["虚文远", "拟思成", "样其明"]
    records = [record(t, authors=(chance.choice(names),), year=None) for t in titles]
    heads = {
        f"p{n}": f"{title}\n{chance.choice(names)}\n正文"
        for n, title in enumerate(chance.choices(titles, k=9))
    }
    found = dict(zip(map(id, records), match(records, heads), strict=True))
    chance.shuffle(records)
    again = dict(zip(map(id, records), match(records, dict(reversed(heads.items()))), strict=True))
    assert found == again
