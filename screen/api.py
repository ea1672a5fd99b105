"""The door for programs: screen a text, and read what a study holds.

Everything here is also there as an attribute of `screen`. What is slow to start is imported when it
is first used.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from os import PathLike
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from screen.errors import ExportError, ScreenError, StudyError
from screen.findings.finding import Finding, Given, Judged, PaperState, Passage
from screen.findings.places import Place
from screen.types import Evidence, Failure, Hit, Match, Quote, Record, Verdict

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from screen.findings.holdings import Holdings
    from screen.findings.people import Treatment
    from screen.match.cascade import Cascade
    from screen.study.completeness import Completeness

__all__ = [
    "Evidence",
    "Failure",
    "Finding",
    "Given",
    "Hit",
    "Judged",
    "Match",
    "OpenedStudy",
    "PaperState",
    "Passage",
    "Place",
    "Quote",
    "Record",
    "ScreenError",
    "Screening",
    "Verdict",
    "open_study",
    "screen_text",
]

# Packs that are kept ready, each with its word list.
_MOST_PACKS = 4
_HALVES = re.compile("[\ud800-\udfff]")
# A pack reads one text at a time.
_TURN = Lock()


# ---- texts -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Screening:
    """What a pack finds in a text: passages for people to judge.

    `hits` are in the order of the text, their offsets in its pages. `text` is the clean text, in
    which each hit's `passage` stands; `pack` the pack's name, version and first digits of its hash.
    `unread` are the numbers, from 1, of pages that are no readable text.
    """

    hits: tuple[Hit, ...]
    text: str
    pack: str
    unread: tuple[int, ...] = ()

    @property
    def code(self) -> int | None:
        """The highest code of the hits, 2, 1 or 0; None if there was nothing to be read."""
        return max((hit.code for hit in self.hits), default=0) if self.text else None

    @property
    def is_flagged(self) -> bool | None:
        """Whether a hit is of code 1 or 2; None if there was nothing to be read."""
        return None if self.code is None else self.code > 0

    @property
    def criteria(self) -> tuple[str, ...]:
        """The letters of all criteria that are met, sorted."""
        return tuple(sorted({letter for hit in self.hits for letter in hit.criteria}))

    @property
    def reason(self) -> str:
        """Why: of the first hit of the highest code; "" if there is no hit."""
        return max(self.hits, key=lambda hit: hit.code).reason if self.hits else ""

    @property
    def mitigating(self) -> tuple[Evidence, ...]:
        """The signs anywhere in the text that speak against its hits, each once."""
        return tuple(dict.fromkeys(sign for hit in self.hits for sign in hit.mitigating))


def screen_text(text: str, pack: str | PathLike[str] = "brain-death") -> Screening:
    r"""Screen a text as a study screens a .txt file that holds it; form feeds part its pages.

    `pack` is the name or the folder of a pattern pack, which is read once for all texts. It flags
    text for people to judge, and never asserts what happened. Raises TypeError for anything but a
    str, PackError for a pack that cannot be used. Half a character (a lone surrogate) is read as �.

    >>> import screen
    >>> found = screen.screen_text("供心切取：供体确认脑死亡后行气管插管，接呼吸机，开胸。")
    >>> found.code, found.criteria
    (2, ('A', 'B'))
    >>> [hit.quote for hit in found.hits]
    ['供心切取：供体确认脑死亡后行气管插管，接呼吸机，开胸。']

    The reason tells the events in their order, and who they happened to:

    >>> print(found.reason.split(" 2 characters")[0])
    declaration(donor) "确认脑死亡" -> intubation(donor) "气管插管"

    Offsets count in the raw text of a page:

    >>> pages = "病房护理。\f供者脑死亡后\n气管插管,开胸。"
    >>> [hit] = screen.screen_text(pages).hits
    >>> hit.page, pages.split("\f")[hit.page - 1][hit.start : hit.end] == hit.quote
    (2, True)

    What speaks against a problematic reading is told with the same care:

    >>> told = "供者行自主呼吸激发试验，判定脑死亡后行气管插管，开胸。"
    >>> [(sign.kind, sign.text) for sign in screen.screen_text(told).mitigating]
    [('apnea_test', '自主呼吸激发试验')]

    A text without a hit has code 0; where there is nothing to be read there is no code:

    >>> screen.screen_text("受者全麻气管插管，建立体外循环。").is_flagged
    False
    >>> screen.screen_text("").code is None
    True
    """
    if not isinstance(text, str):
        raise TypeError(f"a text is str, not {type(text).__name__}")
    from screen.ingest.files import read_pages
    from screen.text.normalise import clean_pages

    whole = _HALVES.sub("\ufffd", text)
    sha256 = hashlib.sha256(whole.encode()).hexdigest()
    pages = read_pages(sha256, whole)
    clean = clean_pages(pages)
    unread = tuple(page.number for page in pages if not page.is_read)
    with _TURN:
        cascade = _make_ready(str(pack))
        hits = cascade.find_hits(sha256, clean)
    return Screening(hits, clean.text, cascade.pack.label, unread)


@lru_cache(_MOST_PACKS)
def _make_ready(pack: str) -> "Cascade":
    from screen.match.cascade import Cascade
    from screen.match.packs import find_pack, load_pack

    return Cascade(load_pack(find_pack(pack)))


# ---- studies ---------------------------------------------------------------------------------


def open_study(
    path: str | PathLike[str],
    authors: "Treatment" = "names",
    reviewers: "Treatment" = "pseudonyms",
) -> "OpenedStudy":
    """Open a study to read what it holds, also while a run is at work on it.

    `authors` and `reviewers` say how the names of people leave it: as "names", "pseudonyms" or
    "none". Raises StudyError if the folder is no study, if nothing was added to it yet, or if its
    database cannot be read.

    >>> import screen
    >>> with screen.open_study("my-study") as study:
    ...     print(study.counts["screened"], "papers screened")
    ...     best = next(study.hits())
    13 papers screened
    >>> best.code, best.page
    (2, 1)
    """
    return OpenedStudy(Path(path), authors, reviewers)


class OpenedStudy:
    """A study that is open for reading; to be closed, or used in `with`.

    What it tells is read once, when it is first asked for: open the study again to see what came
    since. Nothing is written, except that pseudonyms need a key, which is made in the study's
    folder if there is none. All its methods raise StudyError once it is closed.

    >>> with screen.open_study("my-study") as study:
    ...     years = [paper.record.year for paper in study.papers() if paper.is_flagged]
    ...     codes = [finding.code for finding in study.findings()]
    >>> min(years)
    1988
    >>> sorted(codes)
    [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]
    """

    def __init__(self, path: Path, authors: "Treatment", reviewers: "Treatment") -> None:
        from screen.findings.people import TREATMENTS
        from screen.study.database import open_to_read
        from screen.study.folder import Study

        for treatment in (authors, reviewers):
            if treatment not in TREATMENTS:
                raise ExportError(f"names leave as {', '.join(TREATMENTS)}, not {treatment!r:.40}")
        self.path = path
        self._study = Study(path)
        self._treatments = authors, reviewers
        self._engine = open_to_read(self._study)
        self._is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; closing twice does no harm."""
        self._is_open = False
        self._engine.dispose()

    def papers(self) -> Iterator[PaperState]:
        """Iterate over all papers, by file name."""
        return iter(self._open().papers)

    def hits(self) -> Iterator[Hit]:
        """Iterate over all passages found, in the order of reading; also of papers not read."""
        from screen.study.contents import as_hit

        return map(as_hit, self._open().list_hits())

    def findings(self) -> Iterator[Finding]:
        """Iterate over the papers that people settled at code 1 or 2, by year and title."""
        return iter(self._open().findings)

    def verdicts(self) -> Iterator[Given]:
        """Iterate over the whole history of verdicts, in the order in which they were given."""
        return iter(self._open().verdicts)

    def failures(self) -> Iterator[Failure]:
        """Iterate over what could not be screened, a file or a page each."""
        return self._open().list_failures()

    @property
    def counts(self) -> dict[str, Any]:
        """The counts of every stage, as `ddr-screen status --json` has them."""
        from screen.study.queries import count_everything

        return count_everything(self._open().engine)

    @property
    def completeness(self) -> "Completeness":
        """How far the screening has come, and what is known of its recall."""
        return self._open().completeness

    @property
    def flow(self) -> dict[str, Any]:
        """The boxes of the PRISMA 2020 flow diagram, by `databases` and `other_methods`."""
        from screen.study.prisma import count_flow

        return count_flow(self._study, self._open().engine)

    def to_arrow(self, what: str) -> "pa.Table":
        """Return hits, papers, findings, verdicts or failures as a table of Arrow.

        Rows and columns are those of `ddr-screen export`, with lists and objects as they are.
        Raises ExportError for another name.

        >>> with screen.open_study("my-study") as study:
        ...     table = study.to_arrow("papers")
        >>> table.column("status").to_pylist().count("screened")
        13
        """
        from screen.findings.fields import TABLES
        from screen.findings.rows import list_rows
        from screen.findings.writing.columns import make_table

        names = [name for name in TABLES if name != "queue"]
        if what not in names:
            raise ExportError(f"no table {what!r:.40}: there are {', '.join(names)}")
        return make_table(TABLES[what], list_rows(self._open(), what))

    def to_pandas(self, what: str) -> "pd.DataFrame":
        """Return the same as a table of pandas, with whole numbers and truths that may be missing.

        Raises ScreenError if pandas is not there, which is no part of the package.

        >>> with screen.open_study("my-study") as study:
        ...     papers = study.to_pandas("papers")
        >>> int(papers["flagged"].sum())
        12
        """
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise ScreenError("tables of pandas need: pip install pandas") from None
        import pyarrow as pa

        may_lack = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        return self.to_arrow(what).to_pandas(types_mapper=may_lack.get)

    def _open(self) -> "Holdings":
        if not self._is_open:
            raise StudyError(f"{self.path} is closed")
        return self._holdings

    @cached_property
    def _holdings(self) -> "Holdings":
        from screen.findings.holdings import Holdings
        from screen.findings.people import make_people

        people = make_people(self._study.folder, *self._treatments)
        return Holdings(self._study, self._engine, people)
