"""Run mutated files through a whole study and check that every one is accounted for.

    python -m benchmarks.fuzz --files 2000 --records 1000 --seed 1

Papers of the corpus, as PDF, text, .docx and .html, are damaged at random and screened in batches
with tight limits. Printed for each batch: what became of its files, and the largest memory of any
process of the batch, which must not grow from batch to batch. Then bibliographic records in every
format: each file gives records, malformed ones, or one error. They are read in a process that may
die; ends with status 1 if it did.
"""

import argparse
import io
import json
import random
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.material import count_records, run_watched
from screen.ingest.files import decode
from screen.study.work.isolation import Death, Isolated

_EXPORTS = Path(__file__).resolve().parent.parent / "tests" / "ingest" / "records" / "exports"
_CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "papers"
_COMMAND = Path(sys.executable).with_name("ddr-screen")
_SECONDS, _MEMORY_MB = 10, 500
_COUNTED = ("read", "refused", "records", "malformed", "deaths")
_WORDS = (
    b"/Kids [1 0 R]",
    b"/Prev 0",
    b"/Count 999999999",
    b"<<",
    b"]",
    b"endobj",
    b"<w:p>",
    b"&#0;",
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch; `peak_mb` is the largest resident memory of one of its processes."""

    files: int
    papers: int
    screened: int
    unscreened: int
    duplicates: int
    seconds: float
    peak_mb: float


def find_material(corpus: Path = _CORPUS) -> list[tuple[str, bytes]]:
    """Return suffix and bytes of sound files: the corpus, and its texts as .docx and .html."""
    found = []
    for path in sorted(corpus.iterdir()):
        data = path.read_bytes()
        found.append((path.suffix, data))
        if path.suffix == ".txt":
            text = decode(data)
            found += [(".docx", _as_docx(text)), (".html", _as_html(text))]
    return found


def _as_html(text: str) -> bytes:
    lines = "".join(f"<p>{escape(line)}</p>\n" for line in text.splitlines())
    return f'<!DOCTYPE html><html><meta charset="utf-8"><body>{lines}</body></html>'.encode()


def _as_docx(text: str) -> bytes:
    lines = "".join(
        f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>"
        for line in text.replace("\f", "\n").splitlines()
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        body = f'<w:document xmlns:w="{_WORD}"><w:body>{lines}</w:body></w:document>'
        archive.writestr(zipfile.ZipInfo("word/document.xml"), body)
    return buffer.getvalue()


def mutate(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return the bytes of a file damaged in one to three ways; `other` is spliced in by some."""
    for _ in range(chance.randint(1, 3)):
        way = chance.randrange(7)
        size = max(len(data), 1)
        here, there = sorted((chance.randrange(size), chance.randrange(size)))
        if way == 0:
            flipped = bytearray(data)
            for _ in range(min(chance.choice((1, 10, 200)), len(data))):
                flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            data = bytes(flipped)
        elif way == 1:
            data = data[:there]
        elif way == 2:
            data = data[:here] + data[there:] + data[here:there]
        elif way == 3:
            data = _change_number(data, chance)
        elif way == 4:
            data = data[:here] + chance.choice(_WORDS) + data[here:]
        elif way == 5:
            data = data[:here] + other[min(here, len(other)) :]
        else:
            data = _change_stream(data, chance)
    return data


def _change_number(data: bytes, chance: random.Random) -> bytes:
    places = [n for n, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    place = chance.choice(places)
    number = chance.choice((b"0", b"-1", b"99999999999", b"1 0 R"))
    return data[:place] + number + data[place + 1 :]


def _change_stream(data: bytes, chance: random.Random) -> bytes:
    """Damage what a compressed stream holds, and compress it again."""
    starts = [n for n in range(len(data) - 2) if data[n] == 0x78 and data[n + 1] in b"\x01\x9c\xda"]
    if not starts:
        return data
    start = chance.choice(starts)
    unpacker = zlib.decompressobj()
    try:
        content = bytearray(unpacker.decompress(data[start:], 10_000_000))
    except zlib.error:
        return data
    for _ in range(min(20, len(content))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    rest = unpacker.unused_data
    return data[:start] + zlib.compress(bytes(content)) + rest


def run_batch(
    folder: Path,
    files: Sequence[tuple[str, bytes]],
    timeout: float,
    workers: int = 2,
    *,
    ocr: bool = False,
) -> Batch:
    """Screen files as a study in a new folder. Raises RuntimeError where one is not accounted for.

    Raises subprocess.TimeoutExpired for a command that hangs.
    """
    papers, study = folder / "papers", folder / "study"
    papers.mkdir(parents=True)
    for number, (suffix, data) in enumerate(files):
        (papers / f"{number:05d}{suffix}").write_bytes(data)
    begun = time.monotonic()
    _command(timeout, "init", study)
    settings = study / "study.toml"
    text = settings.read_text(encoding="utf-8").replace('# model = "default"', 'model = ""')
    limits = f"[limits]\nseconds = {_SECONDS}\nmemory_mb = {_MEMORY_MB}"
    text = text.replace("[limits]", limits)
    if not ocr:
        text = text.replace('# use = "auto"', 'use = "no"')
    settings.write_text(text, encoding="utf-8")
    _command(timeout, "add", study, papers)
    run = run_watched(_COMMAND, "run", study, "--workers", str(workers), timeout=timeout)
    _check("run", run)
    status = json.loads(_command(timeout, "status", study, "--json"))
    if status["files"] != len(files) or status["waiting"]:
        raise RuntimeError(f"{len(files)} files, of which not all are accounted for: {status}")
    if status["screened"] + status["unscreened"] != status["papers"]:
        raise RuntimeError(f"papers neither screened nor unscreened: {status}")
    peak = int(run.stdout) / 1000
    return Batch(
        len(files),
        status["papers"],
        status["screened"],
        status["unscreened"],
        status["duplicates"],
        _since(begun),
        round(peak),
    )


@dataclass(frozen=True, slots=True)
class Records:
    """What became of mutated files of records; `deaths` are crashes and hangs of the reader."""

    files: int
    read: int
    refused: int
    records: int
    malformed: int
    deaths: int
    seconds: float


def fuzz_records(files: int, seed: int, folder: Path) -> Records:
    """Read so many mutated files of records, and return what became of them."""
    chance = random.Random(seed)
    material = [(path.name, path.read_bytes()) for path in sorted(_EXPORTS.iterdir())]
    material += [("own.jsonl", (_CORPUS.parent / "records.jsonl").read_bytes())]
    counts: Counter[str] = Counter()
    begun = time.monotonic()
    isolated = Isolated()
    for number in range(files):
        name, data = chance.choice(material)
        path = folder / f"{number:05d}-{name}"
        path.write_bytes(mutate(data, chance.choice(material)[1], chance))
        limits = _SECONDS, _MEMORY_MB
        answer = isolated.ask(count_records, path, *limits, seconds=2 * _SECONDS)
        counts.update({"deaths": 1} if isinstance(answer, Death) else answer)
        path.unlink()
    isolated.close()
    told = Records(files, **{name: counts[name] for name in _COUNTED}, seconds=_since(begun))
    if told.read + told.refused + told.deaths != files:
        raise RuntimeError(f"{files} files of records, not all accounted for: {told}")
    return told


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 1)


def _command(timeout: float, *words: str | Path) -> str:
    done = subprocess.run(
        [_COMMAND, *words], capture_output=True, encoding="utf-8", timeout=timeout, check=False
    )
    _check(words[0], done)
    return done.stdout


def _check(name: str | Path, done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode not in {0, 1} or "Traceback" in done.stderr:
        raise RuntimeError(f"{name} ended with status {done.returncode}: {done.stderr}")


def fuzz(
    files: int, seed: int, batch: int, folder: Path, timeout: float = 600, *, ocr: bool = False
) -> list[Batch]:
    """Screen so many mutated files, in batches, and return what became of them."""
    chance = random.Random(seed)
    material = find_material()
    batches = []
    for first in range(0, files, batch):
        mutants = []
        for _ in range(min(batch, files - first)):
            suffix, data = chance.choice(material)
            mutants.append((suffix, mutate(data, chance.choice(material)[1], chance)))
        batches.append(run_batch(folder / f"{first:06d}", mutants, timeout, ocr=ocr))
    return batches


def main() -> None:
    """Print a row for each batch, or all of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--ocr", action="store_true", help="recognise what has no text: far slower")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        batches = fuzz(options.files, options.seed, options.batch, Path(folder), ocr=options.ocr)
        records = fuzz_records(options.records, options.seed, Path(folder))
    if options.json:
        told = {"papers": [asdict(batch) for batch in batches], "records": asdict(records)}
        print(json.dumps(told, indent=1))
        return
    print("files  papers  screened  unscreened  duplicates  seconds  peak MB")
    for row in batches:
        cells = (row.files, row.papers, row.screened, row.unscreened, row.duplicates)
        print("  ".join(f"{cell:>8}" for cell in (*cells, row.seconds, row.peak_mb)))
    print(
        f"records: {records.files} files, {records.read} read, {records.refused} refused; "
        f"{records.records} records, {records.malformed} malformed; {records.deaths} crashes or "
        f"hangs; {records.seconds} s"
    )
    if records.deaths:
        sys.exit(1)


if __name__ == "__main__":
    main()
