"""Source files are found in order, known by their bytes, and decoded right or refused."""

import codecs
import gzip
import hashlib
import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from screen.errors import DocumentError
from screen.ingest.files import Reading, decode, hash_file, read_source, walk
from screen.settings import Limits
from tests.sources import SENTENCES

SIMPLIFIED = {
    "UTF-8": ("utf-8", b""),
    "UTF-8 with a mark": ("utf-8", codecs.BOM_UTF8),
    "UTF-16 LE": ("utf-16-le", b""),
    "UTF-16 LE with a mark": ("utf-16-le", codecs.BOM_UTF16_LE),
    "UTF-16 BE": ("utf-16-be", b""),
    "UTF-16 BE with a mark": ("utf-16-be", codecs.BOM_UTF16_BE),
    "GB18030": ("gb18030", b""),
    "GBK": ("gbk", b""),
}
TRADITIONAL = OpenCC("s2t")
PASSAGE = "\n".join(SENTENCES[:8])

sentences = st.lists(st.sampled_from(SENTENCES), min_size=5, max_size=15).map("\n".join)


def in_big5(text: str) -> str:
    """Return the text in traditional characters, without those in which kinds of Big5 differ."""
    return "".join(
        c
        for c in TRADITIONAL.convert(text)
        if c.encode("big5", "ignore") and c.encode("big5") == c.encode("big5hkscs", "ignore")
    )


def read(path: Path, limits: Limits | None = None) -> Reading:
    return read_source(hash_file(path), limits or Limits())


def write(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


# ---- encodings -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIMPLIFIED)
@settings(max_examples=40)
@given(text=sentences)
def test_clinical_chinese_comes_back_from_every_encoding(name: str, text: str) -> None:
    encoding, mark = SIMPLIFIED[name]
    text = text.encode(encoding, "ignore").decode(encoding)
    assert decode(mark + text.encode(encoding)) == text


@settings(max_examples=40)
@given(text=sentences.map(in_big5))
def test_clinical_chinese_in_traditional_characters_comes_back_from_big5(text: str) -> None:
    assert decode(text.encode("big5")) == text


@settings(max_examples=40)
@given(text=sentences.map(TRADITIONAL.convert))
def test_traditional_characters_come_back_from_gb18030_too(text: str) -> None:
    assert decode(text.encode("gb18030")) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "gb18030", "big5"])
@settings(max_examples=40)
@given(text=st.sampled_from(SENTENCES).map(in_big5))
@example(text="供體腦死亡後立即氣管插管\n")
@example(text="供體腦死亡後立即氣管插管，接呼吸機")
def test_one_sentence_comes_back_or_is_refused_but_never_becomes_another(
    text: str, encoding: str
) -> None:
    try:
        found = decode(text.encode(encoding))
    except DocumentError:
        return
    assert found == text


def test_english_comes_back() -> None:
    text = "The donor was intubated – PaO2 ≥ 300 mmHg.\r\n"
    assert decode(text.encode()) == text


@pytest.mark.parametrize("size", [1000, 4096, 50_000])
@pytest.mark.parametrize("seed", range(5))
def test_binary_junk_is_refused(seed: int, size: int) -> None:
    with pytest.raises(DocumentError):
        decode(random.Random(seed).randbytes(size))


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 5000,
        b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(3000),
        gzip.compress(PASSAGE.encode(), mtime=0),
        Path(sys.executable).read_bytes()[:8192],
        b"\xff\xfe" + b"\x00\xd8" * 500,
        codecs.BOM_UTF8 + b"\xb9\xa9" * 500,
    ],
    ids=["zeros", "image", "archive", "program", "lone surrogates", "false mark"],
)
def test_what_is_no_text_gives_no_page_and_a_failure(tmp_path: Path, data: bytes) -> None:
    reading = read(write(tmp_path / "junk.txt", data))
    assert not any(page.is_read for page in reading.pages)
    assert len(reading.failures) >= 1


@pytest.mark.parametrize("seed", range(30))
def test_short_junk_never_becomes_a_readable_page(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(chance.choice([256, 400, 700]))
    reading = read(write(tmp_path / "junk.txt", data))
    assert [page for page in reading.pages if page.method != "unreadable"] == []


def test_gbk_read_as_latin_and_saved_as_utf8_is_repaired_and_the_route_tells(
    tmp_path: Path,
) -> None:
    spoiled = PASSAGE.encode("gb18030").decode("latin-1").encode()
    (page,) = read(write(tmp_path / "spoiled.txt", spoiled)).pages
    assert (page.text, page.method) == (PASSAGE, "text")
    assert page.route == "text 0, repaired (GBK read as Latin-1) 1"


# ---- pages -----------------------------------------------------------------------------------


def test_form_feeds_part_pages_which_are_numbered_from_1(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "paper.txt", f"{PASSAGE}\f受体麻醉\n\f"))
    assert [(page.number, page.text) for page in reading.pages] == [(1, PASSAGE), (2, "受体麻醉\n")]
    assert {page.method for page in reading.pages} == {"text"}
    assert reading.failures == ()


def test_an_empty_page_of_a_text_does_not_shift_the_numbers_of_those_after_it(
    tmp_path: Path,
) -> None:
    reading = read(write(tmp_path / "paper.txt", f"{PASSAGE}\f\n\f受体麻醉"))
    assert {page.number: page.text for page in reading.pages if page.text.strip()} == {
        1: PASSAGE,
        3: "受体麻醉",
    }


def test_a_page_that_is_not_readable_is_kept_without_text_and_reported(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "paper.txt", f"{PASSAGE}\f{'(cid:12)' * 50}\f受体麻醉"))
    assert [(page.number, page.method) for page in reading.pages] == [
        (1, "text"),
        (2, "unreadable"),
        (3, "text"),
    ]
    assert reading.pages[1].text == ""
    assert [(failure.page, failure.stage) for failure in reading.failures] == [(2, "text")]


@pytest.mark.parametrize("data", [b"", b" \n\f \n", codecs.BOM_UTF8])
def test_a_file_without_text_is_a_failure_and_no_paper(tmp_path: Path, data: bytes) -> None:
    reading = read(write(tmp_path / "empty.txt", data))
    assert reading.pages == ()
    assert len(reading.failures) == 1
    assert reading.failures[0].page is None


# ---- identity --------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [PASSAGE.encode(), b"%PDF-1.4 broken", b"\x00\xff junk"])
def test_a_file_is_known_by_its_bytes_before_they_are_understood(
    tmp_path: Path, data: bytes
) -> None:
    one, other = write(tmp_path / "one.txt", data), write(tmp_path / "other.pdf", data)
    source = hash_file(one)
    assert source.sha256 == hashlib.sha256(data).hexdigest() == hash_file(other).sha256
    assert source.size == len(data)
    assert Path(source.path) == one
    reading = read(one)
    assert {page.sha256 for page in reading.pages} <= {source.sha256}
    assert {failure.sha256 for failure in reading.failures} <= {source.sha256}


def test_the_first_bytes_and_not_the_name_say_what_a_file_is(tmp_path: Path) -> None:
    assert hash_file(write(tmp_path / "a.pdf", PASSAGE)).media_type == "text/plain"
    assert hash_file(write(tmp_path / "b.txt", b"\n%PDF-1.4 ...")).media_type == "application/pdf"
    assert read(tmp_path / "a.pdf").pages[0].text == PASSAGE


def test_a_file_that_changed_after_it_was_hashed_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "paper.txt", PASSAGE)
    source = hash_file(path)
    path.write_text("受体麻醉", encoding="utf-8")
    reading = read_source(source, Limits())
    assert reading.pages == ()
    assert [(failure.sha256, failure.stage) for failure in reading.failures] == [
        (source.sha256, "read")
    ]


def test_a_file_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    path = write(tmp_path / "paper.txt", PASSAGE)
    source = hash_file(path)
    path.unlink()
    assert [failure.stage for failure in read_source(source, Limits()).failures] == ["read"]
    with pytest.raises(DocumentError):
        hash_file(path)


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "paper.txt", PASSAGE * 20)
    reading = read(path, Limits(text_mb=0.001))
    assert reading.pages == ()
    assert "too large" in reading.failures[0].error
    assert read(path).failures == ()


# ---- walks -----------------------------------------------------------------------------------


def names(path: Path) -> list[str]:
    return [found.name for found in walk(path) if found.taken]


def test_a_walk_yields_papers_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a.pdf", "c/z.TXT", "c/b/y.PDF", "d.txt"):
        write(tmp_path / name, "x")
    assert names(tmp_path) == ["a.pdf", "b.txt", "c/b/y.PDF", "c/z.TXT", "d.txt"]


def test_a_walk_passes_over_other_files_unless_they_are_named(tmp_path: Path) -> None:
    other = write(tmp_path / "notes.epub", "x")
    write(tmp_path / "paper.txt", "x")
    assert names(tmp_path) == ["paper.txt"]
    assert names(other) == ["notes.epub"]


def test_a_walk_follows_links_but_ends_where_they_loop(tmp_path: Path) -> None:
    write(tmp_path / "study/a/paper.txt", "x")
    outside = write(tmp_path / "elsewhere/other.txt", "x")
    (tmp_path / "study/a/loop").symlink_to(tmp_path / "study", target_is_directory=True)
    (tmp_path / "study/b").symlink_to(outside.parent, target_is_directory=True)
    (tmp_path / "study/c.txt").symlink_to(outside)
    assert names(tmp_path / "study") == ["a/paper.txt", "b/other.txt", "c.txt"]


def test_a_walk_reports_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dangling.pdf").symlink_to(tmp_path / "nowhere.pdf")
    os.mkfifo(tmp_path / "pipe.txt")
    write(tmp_path / "paper.txt", "x")
    found = {item.name: bool(item.error) for item in walk(tmp_path)}
    assert found == {"dangling.pdf": True, "paper.txt": False, "pipe.txt": True}


def test_a_walk_of_a_path_that_does_not_exist_reports_it(tmp_path: Path) -> None:
    found = list(walk(tmp_path / "nowhere"))
    assert [item.name for item in found] == ["nowhere"]
    assert found[0].error


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_text_cut_off_within_a_character_is_read_but_for_that(encoding: str) -> None:
    text = PASSAGE * 5 + "供体"
    assert decode(text.encode(encoding)[:-1], forgive=True) == text[:-1] + "\ufffd"


def test_a_utf8_text_with_a_damaged_byte_is_read_but_for_that() -> None:
    data = (PASSAGE * 5).encode()
    found = decode(data[:60] + b"\xff" + data[61:], forgive=True)
    assert found.endswith(PASSAGE * 4)
    assert "\ufffd" in found


def test_a_page_of_the_web_within_a_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<html><body><form id='aspnetForm'><p>{PASSAGE}</p></form></body></html>")
    (page,) = read_source(hash_file(path), Limits()).pages
    assert "".join(page.text.split()) == "".join(PASSAGE.split())
