"""Measure how well readable pages are told from unreadable ones, and what repair brings back.

    python -m benchmarks.quality [--json] [--half both] [--pages 40]

Pages are pieces of 1,500 characters of the made papers and, if they are there, of the real ones,
clean and damaged. A page with 15 % of its hanzi wrong or less counts as readable, one with half of
them or more as unreadable; what lies between is shown apart and not counted. No text takes part in
the table of pairs. The bounds were corrected once after a look at all made and real papers, so that
these are no held-out measure; the judged excerpts were first measured when the bounds stood.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from random import Random

from benchmarks.material import CORPUS, ROOT, read_texts
from corpus import damage, unreadable
from screen.ingest.files import decode
from screen.ingest.pdf import read_pdf
from screen.ingest.quality import READABLE, text_quality
from screen.ingest.repair import repair

REAL = ROOT.parent / "shared" / "real" / "papers"
_PAGE = 1500
_LEAST = 200
READ, UNREAD, DOUBTFUL = "readable", "unreadable", "doubtful"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of damage at one level, and whether a reader could make out the page."""

    name: str
    truth: str
    spoil: Callable[[str, Random], str]
    repairable: bool = False


@dataclass(slots=True)
class Row:
    """What became of the pages of one kind: how many, and of them how many in each way."""

    kind: str
    truth: str
    pages: int = 0
    readable: int = 0
    repaired: int = 0
    letter_for_letter: int = 0
    refused: int = 0

    @property
    def right(self) -> int:
        """How many were told rightly before any repair."""
        return self.readable if self.truth == READ else self.pages - self.readable


def make_kinds(characters: str) -> list[Kind]:
    """Return the kinds of damage; `characters` are the hanzi that a wrong font puts in."""
    kinds = [
        Kind("clean", READ, lambda text, _: text),
        Kind("traditional", READ, lambda text, _: damage.traditional(text)),
        Kind("spaced", READ, lambda text, rng: damage.space_out(text, rng, 1.0)),
        Kind("lines broken", READ, damage.wrap_lines),
        Kind("columns read across", READ, damage.read_across),
        Kind("run together", READ, lambda text, _: damage.run_together(text)),
        Kind("full-width", READ, damage.widen),
        Kind("misread, every place", READ, partial(damage.misread, rate=0.15)),
        Kind("font remapped", UNREAD, partial(unreadable.remap_font, characters=characters)),
        Kind("font shifted by 1", UNREAD, lambda text, _: unreadable.shift_font(text, 1)),
        Kind("font shifted by 94", UNREAD, lambda text, _: unreadable.shift_font(text, 94)),
    ]
    for written, read in (
        ("gb18030", "latin-1"),
        ("gb18030", "cp1252"),
        ("utf-8", "latin-1"),
        ("utf-8", "cp1252"),
        ("big5hkscs", "latin-1"),
        ("utf-8", "gb18030"),
        ("gb18030", "big5hkscs"),
        ("big5hkscs", "gb18030"),
        ("gb18030", "shift-jis"),
        ("gb18030", "utf-8"),
        ("utf-16-le", "utf-16-be"),
    ):
        spoil = partial(_reread, written=written, read=read)
        kinds.append(Kind(f"{written} read as {read}", UNREAD, spoil, repairable=True))
    for rate in (0.05, 0.10, 0.15, 0.3, 0.5, 0.7, 1.0):
        truth = READ if rate <= 0.15 else DOUBTFUL if rate < 0.5 else UNREAD
        ways: tuple[tuple[str, Callable[..., str]], ...] = (
            ("(cid:n)", unreadable.number_characters),
            ("private use", unreadable.privatise),
            ("replacement characters", unreadable.lose_characters),
            ("random hanzi", unreadable.randomise),
            ("random common hanzi", partial(unreadable.randomise, characters=characters)),
            ("lines remapped", partial(unreadable.break_lines, characters=characters)),
        )
        for name, way in ways:
            kinds.append(Kind(f"{name} {rate:.0%}", truth, partial(way, rate=rate)))
    return kinds


def _reread(text: str, _: Random, written: str, read: str) -> str:
    source = damage.traditional(text) if written.startswith("big5") else text
    return unreadable.read_as(source, written, read)


def read_corpus(odd: bool) -> Iterator[str]:
    """Yield the pages of the made papers with odd, or with even, numbers."""
    for path in sorted(CORPUS.iterdir()):
        if int(path.stem[1:]) % 2 == odd:
            if path.suffix == ".pdf":
                yield from (page.text for page in read_pdf("", path.read_bytes()))
            else:
                yield from _cut(decode(path.read_bytes()))


def _cut(text: str) -> Iterator[str]:
    yield from (text[start : start + _PAGE] for start in range(0, len(text), _PAGE))


def measure(pages: Sequence[str], kinds: Sequence[Kind], most: int) -> list[Row]:
    """Return what becomes of the pages with each kind of damage, of about `most` of them."""
    rows = []
    for kind in kinds:
        row = Row(kind.name, kind.truth)
        step = 1 if kind.name == "clean" else max(len(pages) // most, 1)
        for number, page in enumerate(pages[::step]):
            # Too little is left of the last page of some papers to be damaged by rates.
            if kind.name != "clean" and sum("\u4e00" <= sign <= "\u9fff" for sign in page) < _LEAST:
                continue
            spoilt = kind.spoil(page, Random(f"{kind.name} {number}"))
            row.pages += 1
            readable = text_quality(spoilt) >= READABLE
            row.readable += readable
            fixed = repair(spoilt)
            if fixed is not None:
                row.repaired += 1
                source = damage.traditional(page) if kind.name.startswith("big5") else page
                codec = kind.name.split()[0] if kind.repairable else "utf-8"
                row.letter_for_letter += fixed.text == unreadable.read_as(source, codec, codec)
            elif not readable:
                row.refused += 1
        rows.append(row)
    return rows


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the rows as a table in Markdown, and the accuracy over all that is counted."""
    counted = [row for row in rows if row.truth != DOUBTFUL]
    right, pages = sum(row.right for row in counted), sum(row.pages for row in counted)
    clean = rows[0]
    print(
        f"\n{title}: {right} of {pages} pages told rightly ({right / max(pages, 1):.2%}); ", end=""
    )
    print(f"clean pages refused: {clean.pages - clean.readable} of {clean.pages}\n")
    print("| damage | a reader | pages | told rightly | kept | repaired | exactly | refused |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        share = "-" if row.truth == DOUBTFUL else f"{row.right / max(row.pages, 1):.1%}"
        kept = row.pages - row.repaired - row.refused
        cells = (row.pages, share, kept, row.repaired, row.letter_for_letter, row.refused)
        print(f"| {row.kind} | {row.truth} | {' | '.join(map(str, cells))} |")


def main() -> None:
    """Print a table for each source of pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--half", choices=("odd", "even", "both"), default="odd")
    parser.add_argument("--pages", type=int, default=40, help="damaged in each way, about so many")
    options = parser.parse_args()
    halves = ("odd", "even") if options.half == "both" else (options.half,)
    sources = {f"made papers, {half} numbers": list(read_corpus(half == "odd")) for half in halves}
    rows = (ROOT / "labels" / "excerpts.jsonl").read_text(encoding="utf-8").splitlines()
    sources["judged excerpts"] = list(_cut("\n".join(json.loads(row)["text"] for row in rows)))
    if REAL.is_dir():
        sources["real papers"] = [page for text in read_texts(REAL) for page in _cut(text)]
    else:
        print("real papers: not here, not measured", file=sys.stderr)
    common = "".join(sorted(set("".join(read_corpus(odd=False)))))
    kinds = make_kinds("".join(sign for sign in common if "\u4e00" <= sign <= "\u9fff"))
    tables = {name: measure(pages, kinds, options.pages) for name, pages in sources.items()}
    if options.json:
        print(json.dumps({name: [asdict(row) for row in rows] for name, rows in tables.items()}))
        return
    for name, table in tables.items():
        show(name, table)


if __name__ == "__main__":
    main()
