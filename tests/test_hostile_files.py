"""Files that are damaged, locked, mislabelled or made to do harm.

Each becomes a row that says where and why it failed, or is read all the same; none keeps another
paper from being done, and none lets a command hang. What could not be read is never a negative.
"""

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from screen.ingest.files import Reading, hash_file, read_source
from screen.settings import Limits
from tests.surroundings import on_sqlite

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy, RunCli

pytestmark = pytest.mark.database

MORE = pytest.mark.slow(reason="more of what may not be read or written")

_FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(_FONT))


def telling(name: str) -> str:
    """Return the text of a paper that is flagged, different for every name."""
    return f"{name}\n供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。"


# ---- PDFs, made here ------------------------------------------------------------------------


def make_pdf(
    *pages: str, encrypt: StandardEncryption | None = None, picture: Image.Image | None = None
) -> bytes:
    """Return a PDF with one page for each text; an empty text is a page with a drawing only."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, encrypt=encrypt)
    for text in pages:
        canvas.setFont(_FONT, 12)
        for number, line in enumerate(text.split("\n")):
            canvas.drawString(72, 760 - 20 * number, line)
        if picture is not None:
            canvas.drawImage(ImageReader(picture), 72, 72, 400, 400)
        elif not text:
            canvas.line(72, 72, 400, 400)
            canvas.circle(200, 200, 50, fill=1)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def break_stream(pdf: bytes) -> bytes:
    """Return a PDF whose first page's content is damaged: 40 bytes of it, as a bad disk does."""
    start = pdf.index(b"stream", pdf.index(b"/Filter")) + 12
    return pdf[:start] + b"!" * 40 + pdf[start + 40 :]


def make_scattered_pdf() -> bytes:
    """Return a PDF of two pages that holds its second page's content last, after a first trailer.

    So are PDFs for the web laid out, and those that were saved again; cut short they still open.
    """
    contents = [
        f"BT /F1 12 Tf 72 760 Td <{text.encode('utf-16-be').hex()}> Tj ET".encode()
        for text in ("肺移植一例报告," * 20, telling("scattered.pdf").replace("\n", ""))
    ]
    page = (
        "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >>"
    )
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        f"<< {page} /Contents 8 0 R >>",
        f"<< {page} /Contents 9 0 R >>",
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{_FONT} /Encoding /UniGB-UCS2-H "
        "/DescendantFonts [6 0 R] >>",
        f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /{_FONT} /FontDescriptor 7 0 R "
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 0 >> >>",
        f"<< /Type /FontDescriptor /FontName /{_FONT} /Flags 6 /FontBBox [-25 -254 1000 880] "
        "/ItalicAngle 0 /Ascent 752 /Descent -271 /CapHeight 737 /StemV 58 >>",
    ]
    data = b"%PDF-1.4\n"
    places = []

    def put(number: int, body: bytes) -> None:
        nonlocal data
        places.append(len(data))
        data += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"

    for number, body in enumerate(objects, start=1):
        put(number, body.encode())
    data += b"trailer\n<< /Root 1 0 R /Size 10 >>\n"
    for number, content in enumerate(contents, start=8):
        put(number, f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    xref = f"xref\n0 10\n0000000000 65535 f \n{table}trailer\n<< /Root 1 0 R /Size 10 >>\n"
    return data + xref.encode() + f"startxref\n{len(data)}\n%%EOF\n".encode()


WHOLE_PDF = make_pdf("心脏移植1例\n受者恢复良好。", telling("whole.pdf"))
SCATTERED_PDF = make_scattered_pdf()
_NOISE = random.Random(1)

# ---- one folder with everything in it -------------------------------------------------------

SOUND: dict[str, str | bytes] = {
    "sound.txt": telling("sound.txt"),
    "sound.pdf": make_pdf(telling("sound.pdf")),
    "scattered.pdf": SCATTERED_PDF,
    "no-print.pdf": make_pdf(telling("no-print.pdf"), encrypt=StandardEncryption("", "owner")),
    "text-inside.pdf": telling("text-inside.pdf"),
    "pdf-inside.txt": make_pdf(telling("pdf-inside.txt")),
    "with space.txt": telling("with space"),
    "quotes ' \" `$(x)` & ; \\.txt": telling("quotes"),
    "line\nbreak\ttab.txt": telling("line break"),
    "-n --help.txt": telling("option"),
    "\u202egnp.txt": telling("right to left"),
    os.fsdecode(b"no-utf8-\xff\xb9\xa9.txt"): telling("no utf-8"),
}
# What is wrong with a file: the stage at which that is found, and words of the reason.
BROKEN: dict[str, tuple[str | bytes, str, str]] = {
    "empty.txt": ("", "read", "empty"),
    "blank.txt": (" \n\f\u3000\n", "text", "no text"),
    "junk.txt": (_NOISE.randbytes(20_000), "text", "not a text"),
    "junk.pdf": (b"%PDF-1.7\n" + _NOISE.randbytes(20_000), "parse", "damaged"),
    "locked.pdf": (
        make_pdf(telling("locked"), encrypt=StandardEncryption("secret", "owner")),
        "parse",
        "password",
    ),
    "picture.pdf": (
        make_pdf("", picture=Image.effect_noise((64, 64), 80)),
        "text",
        "no readable text",
    ),
    "drawing.pdf": (make_pdf(""), "text", "no readable text"),
    "large.txt": (
        "供体确认脑死亡后行气管插管,接呼吸机。\n".encode() * 900_000,
        "read",
        "too large",
    ),
    **{
        f"cut-at-{length}.pdf": (WHOLE_PDF[:length], "parse", "cut short")
        for length in (10, 300, len(WHOLE_PDF) // 2, len(WHOLE_PDF) - 300)
    },
}
# What is met on the walk and is no file that could be read.
UNREAD = {
    "itself.txt": "symbolic links",
    "dangling.txt": "No such file",
    "pipe.txt": "not a regular file",
}


@dataclass(frozen=True)
class Hostile:
    """A study of all these files, what `add` and `run` said, and what `status` counts."""

    study: "MadeStudy"
    added: subprocess.CompletedProcess[str]
    run: subprocess.CompletedProcess[str]
    status: dict[str, Any]


@pytest.fixture(scope="module")
def hostile(make_study: "MakeStudy", run_cli: "RunCli", invoke: "Invoke") -> Hostile:
    files = SOUND | {name: content for name, (content, _, _) in BROKEN.items()}
    study = make_study(files, shard_size=5)
    papers = study.papers
    (papers / "itself.txt").symlink_to("itself.txt")
    (papers / "dangling.txt").symlink_to("nowhere.txt")
    (papers / "folder").mkdir()
    (papers / "folder" / "up").symlink_to("..")
    (papers / "folder" / "itself").symlink_to("itself")
    os.mkfifo(papers / "pipe.txt")
    added = run_cli("add", study.folder, papers)
    run = run_cli("run", study.folder, "--workers", "2")
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    return Hostile(study, added, run, status)


def printable(name: str) -> str:
    """Return a file name as it is kept and exported: stray bytes as \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def find_failures(status: dict[str, Any], name: str) -> list[tuple[str, str]]:
    """Return stage and reason of every failure of the file with this name."""
    return [
        (failure["stage"], failure["error"])
        for failure in status["failure_list"]
        if failure["path"].endswith(f"/{printable(name)}")
    ]


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_a_row_with_stage_and_reason(hostile: Hostile, name: str) -> None:
    _, stage, reason = BROKEN[name]
    ((found_stage, found_reason), *more) = find_failures(hostile.status, name)
    assert found_stage == stage
    assert reason in found_reason
    assert more == []


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_no_file_is_a_row_of_the_stage_add(hostile: Hostile, name: str) -> None:
    ((stage, reason),) = find_failures(hostile.status, name)
    assert stage == "add"
    assert UNREAD[name] in reason


@pytest.mark.parametrize("name", SOUND)
def test_every_other_paper_in_the_folder_is_screened(
    hostile: Hostile, invoke: "Invoke", name: str
) -> None:
    hits = invoke("queue", hostile.study.folder, "-n", "1000", "--json").stdout.splitlines()
    flagged = {hit["file"] for hit in map(json.loads, hits) if hit["code"] == 2}
    assert printable(name) in flagged
    assert find_failures(hostile.status, name) == []


def test_the_commands_end_with_status_1_and_without_a_traceback(hostile: Hostile) -> None:
    assert hostile.added.returncode == 1
    assert len(hostile.added.stderr.splitlines()) == len(UNREAD)
    assert hostile.run.returncode == 1
    (estimate,) = hostile.run.stderr.splitlines()
    assert estimate.startswith("2 pages hold no text that can be read and go to optical character")


def test_the_unreadable_are_counted_as_unscreened_and_never_as_negative(
    hostile: Hostile, invoke: "Invoke", tmp_path: Path
) -> None:
    assert hostile.status["unscreened"] == len(BROKEN) + len(UNREAD)
    assert hostile.status["screened"] == len(SOUND)
    assert hostile.status["papers"] == len(SOUND) + len(BROKEN)
    target = tmp_path / "papers.jsonl"
    invoke("export", hostile.study.folder, "--what", "papers", "-o", target)
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    unreadable = {row["file"] for row in rows if row["status"] == "unreadable"}
    assert unreadable == set(BROKEN)
    assert all(row["flagged"] is None for row in rows if row["file"] in BROKEN)


def test_a_loop_of_links_is_walked_once(hostile: Hostile) -> None:
    assert hostile.status["duplicates"] == 0
    assert hostile.status["files"] == len(SOUND) + len(BROKEN) + len(UNREAD)


def test_a_file_name_is_shown_on_one_line_whatever_it_holds(
    hostile: Hostile, invoke: "Invoke", tmp_path: Path
) -> None:
    queue = invoke("queue", hostile.study.folder, "-n", "1000").stdout
    assert "line\\nbreak\\ttab.txt page 1" in queue
    assert "no-utf8-\\xff\\xb9\\xa9.txt page 1" in queue
    assert "\u202e" not in queue
    target = tmp_path / "papers.csv"
    arguments = ("--what", "papers", "--format", "csv", "-o", target)
    assert invoke("export", hostile.study.folder, *arguments).exit_code == 0
    assert b"no-utf8-\\xff\\xb9\\xa9.txt" in target.read_bytes()


# ---- a part of a paper that is lost ---------------------------------------------------------


def read(path: Path, data: bytes) -> Reading:
    """Return what becomes of a file with these bytes."""
    path.write_bytes(data)
    return read_source(hash_file(path), Limits())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(break_stream(WHOLE_PDF), id="damaged-in-the-content-of-a-page"),
        pytest.param(
            SCATTERED_PDF.partition(b"> Tj ET\nendstream\nendobj\nxref")[0], id="cut-in-it"
        ),
        pytest.param(SCATTERED_PDF.partition(b"9 0 obj")[0], id="cut-before-it"),
    ],
)
def test_a_page_whose_content_is_lost_is_unread_and_never_blank(
    tmp_path: Path, data: bytes
) -> None:
    reading = read(tmp_path / "lost.pdf", data)
    assert len(reading.pages) in {0, 2}
    assert reading.failures
    assert all(page.method == "unreadable" for page in reading.pages if not page.text)


def test_a_page_on_which_nothing_stands_is_blank_and_no_failure(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    canvas.setFont(_FONT, 12)
    canvas.drawString(72, 760, "受者恢复良好。")
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    reading = read(tmp_path / "blank.pdf", buffer.getvalue())
    assert [page.text for page in reading.pages] == ["受者恢复良好。", ""]
    assert reading.failures == ()


@pytest.mark.parametrize("lost", [8, 100])
def test_a_pdf_cut_near_its_end_is_read_and_said_to_be_cut_short(tmp_path: Path, lost: int) -> None:
    reading = read(tmp_path / "cut.pdf", SCATTERED_PDF[:-lost])
    assert any("气管插管" in page.text for page in reading.pages)
    (failure,) = reading.failures
    assert "cut short" in failure.error


# ---- files that change ----------------------------------------------------------------------


def test_a_file_changed_or_removed_before_the_run_fails_until_it_is_put_right(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    names = ("changed.txt", "removed.txt", "same.txt")
    study = make_study({name: telling(name) for name in names}, shard_size=1)
    (study.papers / "changed.txt").write_text("别的内容。", encoding="utf-8")
    (study.papers / "removed.txt").unlink()

    assert invoke("run", study.folder, "--workers", "1").exit_code == 1
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    ((stage, reason),) = find_failures(status, "changed.txt")
    assert stage == "read"
    assert "changed" in reason
    assert find_failures(status, "removed.txt") == [("read", "No such file or directory")]
    assert (status["screened"], status["unscreened"], status["hits"]) == (1, 2, 1)

    for name in names:
        (study.papers / name).write_text(telling(name), encoding="utf-8")
    again = invoke("run", study.folder)
    assert again.exit_code == 1
    assert "nothing to do" in again.stdout
    done = invoke("run", study.folder, "--workers", "1", "--retry-failed")
    assert done.exit_code == 0
    assert "2 papers read, 2 matched, in 2 of 3 shards" in done.stdout
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    assert (status["screened"], status["unscreened"], status["hits"]) == (3, 0, 3)
    assert status["failure_list"] == []


# ---- what may not be read or written --------------------------------------------------------

# Root reads everything by two capabilities. Without them it is bound by permissions like any user,
# and can still run a Python that stands in root's own home.
_DROP = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    if libc.prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
        sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture(scope="module")
def as_user(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """Return the words before a command that is to be bound by the permissions of files."""
    wrapper = () if os.geteuid() else (sys.executable, "-c", _DROP)
    closed = tmp_path_factory.mktemp("probe") / "closed"
    closed.touch(mode=0)
    probe = subprocess.run(
        [*wrapper, "/bin/cat", closed], capture_output=True, encoding="utf-8", check=False
    )
    if "Permission denied" not in probe.stderr:
        pytest.skip(f"permissions do not bind this user: {probe.stderr or 'all is readable'}")
    return wrapper


@MORE
def test_a_file_that_may_not_be_read_is_a_row_until_it_may(
    make_study: "MakeStudy", run_cli: "RunCli", invoke: "Invoke", as_user: Sequence[str]
) -> None:
    study = make_study({name: telling(name) for name in ("open.txt", "closed-later.txt")})
    settings = study.folder / "study.toml"  # no order of reading, which takes longer than the rest
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('# model = "default"', 'model = ""'), encoding="utf-8")
    closed, closed_later = study.papers / "closed.txt", study.papers / "closed-later.txt"
    closed.write_text(telling("closed.txt"), encoding="utf-8")

    closed.chmod(0)
    added = run_cli("add", study.folder, study.papers, wrapper=as_user)
    assert added.returncode == 1
    assert added.stderr == f"not read: {closed}: Permission denied\n"
    closed_later.chmod(0)
    assert run_cli("run", study.folder, "--workers", "1", wrapper=as_user).returncode == 1
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    assert find_failures(status, "closed.txt") == [("add", "Permission denied")]
    assert find_failures(status, "closed-later.txt") == [("read", "Permission denied")]
    assert (status["files"], status["screened"], status["unscreened"]) == (3, 1, 2)

    closed.chmod(0o644)
    closed_later.chmod(0o644)
    assert invoke("add", study.folder, study.papers).exit_code == 0
    assert invoke("run", study.folder, "--workers", "1", "--retry-failed").exit_code == 0
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    assert (status["files"], status["screened"], status["unscreened"]) == (3, 3, 0)
    assert status["failure_list"] == []


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(0o000, id="shut"),
        pytest.param(0o444, id="names-only", marks=MORE),
        pytest.param(0o111, id="nameless", marks=MORE),
    ],
)
def test_a_folder_that_may_not_be_read_is_a_row_until_it_may(
    make_study: "MakeStudy",
    run_cli: "RunCli",
    invoke: "Invoke",
    as_user: Sequence[str],
    mode: int,
) -> None:
    study = make_study({})
    for name in ("before.txt", "folder/inside.txt", "later.txt"):
        (study.papers / name).parent.mkdir(exist_ok=True)
        (study.papers / name).write_text(telling(name), encoding="utf-8")
    folder = study.papers / "folder"
    folder.chmod(mode)

    added = run_cli("add", study.folder, study.papers, wrapper=as_user)
    assert added.returncode == 1
    assert "Traceback" not in added.stderr
    assert "Permission denied" in added.stderr
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    assert (status["waiting"], status["unscreened"]) == (2, 1)

    folder.chmod(0o755)
    assert invoke("add", study.folder, study.papers).exit_code == 0
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    assert (status["waiting"], status["unscreened"]) == (3, 0)


def test_a_folder_in_a_folder_of_which_only_names_are_shown_is_not_passed_over(
    make_study: "MakeStudy", run_cli: "RunCli", invoke: "Invoke", as_user: Sequence[str]
) -> None:
    study = make_study({})
    inner = study.papers / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / "paper.txt").write_text(telling("paper.txt"), encoding="utf-8")
    inner.parent.chmod(0o444)
    added = run_cli("add", study.folder, study.papers, wrapper=as_user)
    assert added.returncode == 1
    assert "Permission denied" in added.stderr


@on_sqlite
def test_a_study_that_may_not_be_written_can_be_read(
    make_study: "MakeStudy", run_cli: "RunCli", invoke: "Invoke", as_user: Sequence[str]
) -> None:
    study = make_study({"paper.txt": telling("paper.txt")})
    assert invoke("run", study.folder).exit_code == 0
    before = json.loads(invoke("status", study.folder, "--json").stdout)
    study.folder.chmod(0o555)
    (study.folder / "screen.db").chmod(0o444)
    done = run_cli("status", study.folder, "--json", wrapper=as_user)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == before


@pytest.mark.parametrize("closed", [".", pytest.param("text", marks=MORE)])
def test_a_study_that_may_not_be_written_is_refused_in_one_line(
    make_study: "MakeStudy", run_cli: "RunCli", as_user: Sequence[str], closed: str
) -> None:
    study = make_study({"paper.txt": telling("paper.txt")})
    (study.folder / closed).chmod(0o555)
    for path in (study.folder / closed).iterdir():
        if path.is_file():
            path.chmod(0o444)
    done = run_cli("run", study.folder, "--workers", "1", wrapper=as_user)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
