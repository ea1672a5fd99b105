"""Files made to exhaust, to crash, or to make the reader open something else."""

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from benchmarks.fuzz import fuzz
from screen.ingest.files import hash_file
from screen.ingest.limits import within
from screen.settings import Limits
from screen.study.work.isolation import Death, Isolated
from screen.study.work.stages import read_apart

_TIGHT = Limits(seconds=10, memory_mb=300)
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_BOMB = 400_000_000


def pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """Return a PDF of these objects, numbered from 1, whose first is the catalogue."""
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size + table
    words = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n"
    return data + head + words % (size, trailer, len(data))


def stream(content: bytes, words: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n" % (len(content), words) + content + b"\nendstream"


def one_page(content: bytes, *more: bytes, page: bytes = b"", catalogue: bytes = b"") -> bytes:
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 500] /Contents 4 0 R %s >>" % page,
            content,
            *more,
        ]
    )


def squeezed(times: int = 1) -> bytes:
    packer = zlib.compressobj(9)
    block = b"0 0 m " * 1_000_000
    data = b"".join(packer.compress(block) for _ in range(_BOMB // len(block))) + packer.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def docx(document: str, *more: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", document)
        for name, content in more:
            archive.writestr(name, content)
    return buffer.getvalue()


def word(text: str) -> str:
    body = f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body>"
    return f"<w:document {_W}>{body}</w:document>"


_LAUGHS = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
_FORM = b"/Resources << /XObject << /X 5 0 R >> >>"
HOSTILE = {
    "flate bomb": lambda: one_page(stream(squeezed(), b"/Filter /FlateDecode")),
    "nested bomb": lambda: one_page(stream(squeezed(2), b"/Filter [/FlateDecode /FlateDecode]")),
    "kids in a circle": lambda: pdf(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]
    ),
    "parents in a circle": lambda: one_page(stream(b""), page=b"/Parent 3 0 R"),
    "tables in a circle": lambda: pdf(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"], b"/Prev 9"
    ),
    "huge count": lambda: pdf(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 999999999 >>"]
    ),
    "deep nesting": lambda: one_page(stream(b"[" * 500_000)),
    "form of itself": lambda: one_page(
        stream(b"/X Do"), stream(b"/X Do", b"/Type /XObject /Subtype /Form " + _FORM), page=_FORM
    ),
    "endless page": lambda: one_page(stream(b"")).replace(b"500 500", b"9999999999 99999999"),
    "word bomb": lambda: docx(word("供" * 50_000_000)),
    "laughs": lambda: docx(f'<!DOCTYPE x [<!ENTITY a0 "ha">{_LAUGHS}]>' + word("&a9;")),
    "deep word": lambda: docx(f"<w:document {_W}>" + "<w:p>" * 100_000),
    "deep web": lambda: b"<html><body>" + b"<div>" * 200_000 + "供体".encode(),
}


# The worst of each kind of file is in every test run.
_ALWAYS = ("nested bomb", "endless page", "word bomb", "laughs", "deep web")
_MORE = pytest.mark.slow(reason="more files made to exhaust")


@pytest.mark.parametrize(
    "name", [*_ALWAYS, *(pytest.param(n, marks=_MORE) for n in HOSTILE if n not in _ALWAYS)]
)
def test_a_file_made_to_exhaust_is_read_or_a_row_and_the_next_one_is_read(
    tmp_path: Path, name: str
) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good.txt"
    bad.write_bytes(HOSTILE[name]())
    good.write_text("供体确认脑死亡后行气管插管。", encoding="utf-8")
    with closing(Isolated()) as process:
        reading, _ = read_apart(process, hash_file(bad), _TIGHT)
        assert reading.failures or any(page.method != "unreadable" for page in reading.pages)
        assert read_apart(process, hash_file(good), _TIGHT)[0].failures == ()


def hang(_: int) -> None:
    with within(0.2, 300):
        while True:
            pass


def withstand(_: int) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    hang(0)


@pytest.mark.parametrize("work", [hang, withstand])
def test_a_reader_that_takes_too_long_is_ended(work: "partial[None]") -> None:
    with closing(Isolated()) as isolated:
        assert isolated.ask(work, 1, seconds=20 if work is hang else 3) == Death(timed_out=True)


# ---- nothing else is opened -----------------------------------------------------------------


def referring(canary: str, url: str) -> dict[str, bytes]:
    """Return files that refer to a file and to an address in every way their format knows."""
    entity = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{canary}"><!ENTITY u SYSTEM "{url}">]>'
    related = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r" Type="attachedTemplate" Target="{url}" TargetMode="External"/>'
        "</Relationships>"
    )
    actions = f"/OpenAction << /S /URI /URI ({url}) >> /AA << /WC << /S /Launch /F ({canary}) >> >>"
    return {
        "entities.docx": docx(entity + word("&f;&u;")),
        "outside.docx": docx(f'<!DOCTYPE x SYSTEM "{url}">' + word("供体")),
        "related.docx": docx(
            word("供体确认脑死亡。"), ("word/_rels/document.xml.rels", related.encode())
        ),
        "paths.docx": docx(word("供体确认脑死亡。"), (f"../..{canary}", b"x")),
        "page.html": (
            f'<!DOCTYPE html SYSTEM "{url}"><html><meta http-equiv="refresh" content="0;{url}">'
            f'<base href="{url}"><link rel="stylesheet" href="file://{canary}">'
            f'<body><img src="{url}"><iframe src="file://{canary}"></iframe>供体确认脑死亡。'
        ).encode(),
        "stream.pdf": one_page(stream(b"", f"/F ({canary})".encode()), catalogue=actions.encode()),
        "url.pdf": one_page(stream(b"", f"/F << /FS /URL /F ({url}) >>".encode())),
    }


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def test_no_file_makes_the_reader_open_another_or_connect(
    tmp_path: Path, server: socket.socket
) -> None:
    strace = shutil.which("strace")
    canary = tmp_path / "canary"
    canary.write_text("金丝雀" * 20, encoding="utf-8")
    url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
    paths = []
    for name, data in referring(os.fspath(canary), url).items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from screen.ingest.files import hash_file, read_source\n"
        "from screen.settings import Limits\n"
        "for path in sys.argv[1:]:\n"
        "    print(read_source(hash_file(Path(path)), Limits()))\n"
    )
    trace = tmp_path / "trace"
    words = [sys.executable, "-c", script, *map(str, paths)]
    if strace:
        traced = [strace, "-f", "-e", "trace=open,openat,connect", "-o", os.fspath(trace), *words]
        if subprocess.run([strace, "true"], capture_output=True, check=False).returncode == 0:
            words = traced
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=True)
    assert len(done.stdout.splitlines()) == len(paths)
    assert "金丝雀" not in done.stdout
    with pytest.raises(BlockingIOError):
        server.accept()
    if trace.exists():
        calls = trace.read_text(encoding="utf-8", errors="replace")
        assert "paths.docx" in calls
        assert '/canary"' not in calls
        assert "127.0.0.1" not in calls


@pytest.mark.slow(reason="a small run of `make fuzz`")
def test_every_mutated_file_is_accounted_for(tmp_path: Path) -> None:
    batches = fuzz(30, 1, 30, tmp_path)
    assert sum(batch.files for batch in batches) == 30
