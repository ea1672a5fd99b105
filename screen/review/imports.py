"""Verdicts from files: checked against the study, all of a file or nothing of it."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from screen.errors import GoldError
from screen.match.schema import Manifest
from screen.review.exchange.entries import CODES, READING, Entry, Values, is_plain
from screen.study.database import write
from screen.study.queries import list_papers, list_queue
from screen.study.schema import reveals
from screen.study.verdicts import OUT_OF_SCOPE, read_own, read_papers, read_told, record
from screen.types import Verdict

_YES = frozenset({"yes", "true", "1"})
_NO = frozenset({"no", "false", "0", ""})


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict that a file gives: where, by whom as the tool says, and the file and page judged.

    `page` is None for a whole paper.
    """

    where: str
    by: tuple[str, ...]
    verdict: Verdict
    file: str
    page: int | None


@dataclass(frozen=True, slots=True)
class Filled:
    """What a file gives, and the places of rows that were begun: a note, but no judgement."""

    given: list[Given]
    begun: list[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What a verdict that is given changes; `before` is what stood, if anything did."""

    given: Given
    before: Verdict | None

    @property
    def status(self) -> str:
        """Return "new", "changed" or "same"."""
        if self.before is None:
            return "new"
        return "same" if _said(self.before) == _said(self.given.verdict) else "changed"


class Importer:
    """Takes in what one reviewer judged in one round of a study.

    `blind` says that the study hides what the program makes of a passage until it is judged.
    """

    def __init__(
        self, engine: sa.Engine, codebook: Manifest, reviewer: str, round_: int, *, blind: bool
    ) -> None:
        self._engine = engine
        self._codebook = codebook
        self._reviewer, self._round, self._blind = reviewer, round_, blind
        self._passages = {row["id"]: row for row in list_queue(engine, samples=True, every=True)}
        self._files: dict[str, str] = {}
        self._papers: dict[str, set[str]] = {}
        for row in list_papers(engine):
            self._files[row["sha256"]] = row["file"]
            for name in {row["sha256"], row["file"], PurePath(row["file"]).name}:
                self._papers.setdefault(name, set()).add(row["sha256"])
        with engine.connect() as connection:
            self._own = read_own(connection, reviewer, round_)
            seen = sa.select(reveals.c.hit).where(reveals.c.reviewer == reviewer)
            self._shown = set(connection.scalars(seen))

    def check(self, entries: Iterable[Entry]) -> Filled:
        """Return the verdicts in the rows of a file, each once.

        A row without a judgement is passed over, so that a file may be filled in in part. Raises
        GoldError with file and row for one that cannot be taken in, and for rows that contradict
        each other.
        """
        found: dict[tuple[str | None, str], Given] = {}
        begun = []
        for entry in entries:
            given = self._read(entry)
            for one in given:
                _add(found, one)
            if not given and (entry.values.get("note") or entry.values.get("judged_criteria")):
                begun.append(entry.where)
        return Filled(list(found.values()), begun)

    def compare(self, given: Collection[Given]) -> list[Change]:
        """Return what verdicts would change.

        Raises GoldError with file and row for one by who judged the paper and would decide on it,
        or the other way round.
        """
        with self._engine.connect() as connection:
            return self._compare(connection, given)

    def take_in(self, given: Collection[Given]) -> list[Change]:
        """Append the verdicts that say anything new, in one transaction, and return all.

        Raises GoldError as `compare` does.
        """
        with write(self._engine) as connection:
            changes = self._compare(connection, given)
            fresh = [change.given.verdict for change in changes if change.status != "same"]
            record(connection, fresh, read_told(connection, {item.paper for item in fresh}))
            return changes

    def _compare(self, connection: sa.Connection, given: Collection[Given]) -> list[Change]:
        own = read_own(connection, self._reviewer, self._round)
        decides = self._round > 1
        judged = read_papers(connection, self._reviewer, first_round=decides)
        for one in given:
            if one.verdict.paper in judged:
                done = (
                    "judged this paper in the first round" if decides else "decided on this paper"
                )
                raise GoldError(f"{one.where}: {self._reviewer} {done}")
        return [Change(one, own.get((one.verdict.hit, one.verdict.paper))) for one in given]

    def _read(self, entry: Entry) -> list[Given]:
        """Return the verdicts of one row: on a passage, on its paper, or on both."""
        values, where = entry.values, entry.where
        judgement = _read_word(where, values, "judgement")
        whole = _read_whole(where, values)
        hit = values.get("hit_id") or None
        if not judgement and not whole:
            return []
        if hit is None:
            if values.get("page") or values.get("passage"):
                # What was said of the passage must not become a verdict on the whole paper.
                raise GoldError(f"{where}: a passage without its hit_id")
            paper = self._find_paper(where, values)
            if judgement and whole and judgement != whole:
                raise GoldError(
                    f"{where}: the judgement is both {judgement!r:.30} and {whole!r:.30}"
                )
            return [self._make(entry, None, paper, judgement or whole, {}, detailed=True)]
        if not isinstance(hit, str) or hit not in self._passages:
            raise GoldError(f"{where}: no passage {hit!r:.40} in this study")
        passage = self._passages[hit]
        paper = passage["paper"]
        if values.get("paper_id") not in (None, "", paper):
            raise GoldError(f"{where}: passage {hit!r:.40} is not from the paper of this row")
        found = []
        if judgement:
            found.append(self._make(entry, hit, paper, judgement, passage, detailed=True))
        if whole:
            found.append(self._make(entry, None, paper, whole, passage, detailed=not judgement))
        return found

    def _make(
        self,
        entry: Entry,
        hit: str | None,
        paper: str,
        word: str,
        shown: Mapping[str, Any],
        *,
        detailed: bool,
    ) -> Given:
        """Return a verdict; unless `detailed` the criteria and the note of its row are not its."""
        where = entry.where
        values = entry.values if detailed else {}
        if word not in CODES and (hit is not None or word not in OUT_OF_SCOPE):
            choice = "2, 1 or 0" if hit else f"2, 1, 0 or {', '.join(OUT_OF_SCOPE)}"
            raise GoldError(f"{where}: the judgement is {word!r:.30}, not {choice}")
        before = self._own.get((hit, paper))
        known = (*self._codebook.criteria, *(before.criteria if before else ()))
        verdict = Verdict(
            hit,
            paper,
            self._reviewer,
            int(word) if word in CODES else None,
            round=self._round,
            criteria=_read_criteria(where, values.get("judged_criteria"), known),
            mitigating=_read_mitigating(where, values),
            reason="" if word in CODES else word,
            note=_read_note(where, values.get("note")),
            pack=shown.get("pack"),
            model=shown.get("model"),
            blind=self._blind and not _is_open(entry.values) and hit not in self._shown,
        )
        page = self._passages[hit]["page"] if hit else None
        return Given(where, entry.by, verdict, self._files[paper], page)

    def _find_paper(self, where: str, values: Values) -> str:
        name = values.get("paper_id") or values.get("sha256") or values.get("file")
        if not isinstance(name, str):
            raise GoldError(f"{where}: neither hit_id nor paper_id nor file")
        found = self._papers.get(name, set())
        if len(found) != 1:
            many = f"{len(found)} papers" if found else "no paper"
            raise GoldError(f"{where}: {many} of this study named {name!r:.60}")
        return next(iter(found))


def _said(verdict: Verdict) -> tuple[object, ...]:
    return (
        verdict.code, verdict.reason, frozenset(verdict.criteria), verdict.mitigating, verdict.note,
    )  # fmt: skip


def _add(found: dict[tuple[str | None, str], Given], given: Given) -> None:
    """Add a verdict to those found. Raises GoldError if another row says otherwise.

    Several rows may say the same of one paper, and one of them why.
    """
    verdict = given.verdict
    key = (verdict.hit, verdict.paper)
    other = found.setdefault(key, given)
    one, two = _said(verdict), _said(other.verdict)
    if one == two:
        return
    if verdict.hit is None and one[:2] == two[:2] and is_plain(other.verdict):
        found[key] = given
    elif not (verdict.hit is None and one[:2] == two[:2] and is_plain(verdict)):
        people = " by another annotator (--annotator takes one)" if given.by != other.by else ""
        raise GoldError(
            f"{given.where}: judged before in this file, and otherwise{people}: {other.where}"
        )


def _is_open(values: Values) -> bool:
    """Tell whether a row shows what the program makes of its passage."""
    return any(values.get(name) not in (None, "", []) for name in (*READING, "reading"))


def _read_word(where: str, values: Values, name: str) -> str:
    """Return one of the words between which people choose, "" for none."""
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise GoldError(f"{where}: {name} that is no word")
    word = str(value).strip()
    # Spreadsheets write whole numbers with a point.
    return word.removesuffix(".0") if word.removesuffix(".0") in CODES else word


def _read_whole(where: str, values: Values) -> str:
    """Return what is said of the whole paper: a code or a reason, "" for nothing."""
    code = _read_word(where, values, "paper_judgement")
    reason = _read_word(where, values, "out_of_scope")
    if code and reason:
        raise GoldError(f"{where}: both a judgement of the paper and why it is out of scope")
    if code and code not in CODES:
        raise GoldError(f"{where}: the judgement of the paper is {code!r:.30}, not 2, 1 or 0")
    if reason and reason not in OUT_OF_SCOPE:
        choice = ", ".join(OUT_OF_SCOPE)
        raise GoldError(f"{where}: out of scope is {reason!r:.30}, none of {choice}")
    return code or reason


def _read_mitigating(where: str, values: Values) -> bool:
    word = _read_word(where, values, "judged_mitigating").lower()
    if word not in _YES | _NO:
        raise GoldError(f"{where}: judged_mitigating is {word!r:.30}, not yes or no")
    return word in _YES


def _read_note(where: str, value: object) -> str:
    """Return a note; what a spreadsheet took for a number is one, too."""
    if value is None or isinstance(value, list | dict):
        if value:
            raise GoldError(f"{where}: a note that is no text")
        return ""
    note = str(value)
    try:
        note.encode()
    except UnicodeEncodeError:
        raise GoldError(f"{where}: half a character (a lone surrogate)") from None
    if "\x00" in note:
        raise GoldError(f"{where}: a note with a character that is none (NUL)")
    return note


def _read_criteria(where: str, value: object, known: Iterable[str]) -> tuple[str, ...]:
    """Return criteria in the order of the pack, from a list, or from words in a cell."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise GoldError(f"{where}: criteria that cannot be read") from None
    if isinstance(value, str):
        value = [part for part in value.replace(",", " ").replace(";", " ").split() if part]
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise GoldError(f"{where}: criteria that are no list of letters")
    names = dict.fromkeys(known)
    for name in value:
        if name not in names:
            raise GoldError(f"{where}: {name!r:.20} is no criterion of the pack")
    return tuple(name for name in names if name in value)
