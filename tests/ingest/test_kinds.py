"""The kinds of file: told by their bytes, read whole, or named with advice."""

import io
import zipfile
from pathlib import Path

import pytest

from screen.ingest.files import Reading, hash_file, read_source
from screen.settings import Limits

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def read(path: Path, data: bytes) -> Reading:
    path.write_bytes(data)
    return read_source(hash_file(path), Limits())


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def docx(body: str, notes: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "word/document.xml", f"<w:document {_W}><w:body>{body}</w:body></w:document>"
        )
        archive.writestr("word/footnotes.xml", f"<w:footnotes {_W}>{notes}</w:footnotes>")
    return buffer.getvalue()


def test_deleted_text_of_a_word_file_does_not_count_and_inserted_text_does(tmp_path: Path) -> None:
    deleted = "<w:del><w:r><w:delText>未</w:delText></w:r></w:del>"
    body = f"<w:p>{run('供体')}{deleted}<w:ins>{run('确认脑死亡')}</w:ins></w:p>"
    (page,) = read(tmp_path / "x.pdf", docx(body)).pages
    assert (page.text, page.method) == ("供体确认脑死亡", "docx")


def test_breaks_part_pages_and_notes_stand_at_the_foot_of_theirs(tmp_path: Path) -> None:
    body = (
        f'<w:p>{run("第一页")}<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
        "<w:p><w:r><w:lastRenderedPageBreak/><w:t>第二页</w:t></w:r></w:p>"
    )
    notes = f'<w:footnote w:id="2"><w:p>{run("脚注")}</w:p></w:footnote>'
    first, second = read(tmp_path / "x.docx", docx(body, notes)).pages
    assert (first.text, second.text) == ("第一页\n脚注", "第二页")
    ((start, end, kind),) = first.marks
    assert (first.text[start:end], kind) == ("脚注", "footnote")


def test_a_web_page_is_read_in_its_encoding_without_what_is_not_shown(tmp_path: Path) -> None:
    html = (
        '<!DOCTYPE html><html><head><meta charset="gb2312"></head><body><nav>首页</nav>'
        "<script>x</script><p>供体<b>脑死亡</b><p hidden>隐<table><tr><td>甲<td>乙</table>"
    )
    (page,) = read(tmp_path / "x.txt", html.encode("gbk")).pages
    assert page.text.split() == ["供体脑死亡", "甲", "乙"]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"CAJ\0" + b"x" * 99, "CAJViewer"),
        (b"KDH 2.00" + b"x" * 99 + b"\0", "CAJViewer"),
        (b"HN\0\0", "CAJViewer"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Word file"),
        (b"PK\x03\x04", "archive"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"AT&TFORM", "DjVu"),
    ],
)
def test_a_kind_that_is_not_read_is_named_with_advice(
    tmp_path: Path, head: bytes, words: str
) -> None:
    (failure,) = read(tmp_path / "x.pdf", head + bytes(99)).failures
    assert words in failure.error


def test_a_text_that_begins_like_a_caj_file_is_a_text(tmp_path: Path) -> None:
    assert read(tmp_path / "x.txt", "CAJ 是知网的格式。".encode()).failures == ()
