"""What a study holds, read once, as typed objects: the one source of all that leaves it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from screen.findings.finding import Finding, Given, Judged, PaperState, Passage
from screen.findings.people import People
from screen.findings.places import find_paper_place
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Pack
from screen.study.completeness import Completeness, measure_completeness
from screen.study.copies.groups import Groups, read_groups
from screen.study.folder import Study
from screen.study.passages import list_criteria, list_hits, list_passages
from screen.study.queries import (
    list_failures,
    list_flagged,
    list_packs,
    list_papers,
    list_records,
)
from screen.study.reading_list import list_excluded
from screen.study.verdicts import Judgements, Told, find_deciding, find_in_force, read_told, settle
from screen.types import Failure, Record, Verdict

# No year sorts behind all years.
_LAST = 10_000


class Holdings:
    """A study whose database is open, and how the names of people are to leave it.

    `holdings.people` decides over names; in all else that is said here they stand as they leave.
    """

    def __init__(self, study: Study, engine: sa.Engine, people: People) -> None:
        self.study = study
        self.engine = engine
        self.people = people

    # ---- what was judged -------------------------------------------------------------------

    @cached_property
    def told(self) -> Told:
        """All verdicts as they are in the database, with their names, by paper and hit."""
        with self.engine.connect() as connection:
            return read_told(connection)

    @cached_property
    def judgements(self) -> Judgements:
        """What they settle to."""
        return settle(self.told, self.study.settings.review.reviewers_per_passage)

    @cached_property
    def completeness(self) -> Completeness:
        """How far the screening has come, and what is known of its recall."""
        return measure_completeness(self.study, self.engine, self.judgements)

    @cached_property
    def groups(self) -> Groups:
        """Which papers are copies of each other."""
        return read_groups(self.engine)

    @cached_property
    def excluded(self) -> Mapping[str, str]:
        """The papers that the scope leaves out, each with its reason."""
        return list_excluded(self.engine)

    @cached_property
    def verdicts(self) -> tuple[Given, ...]:
        """The whole history of verdicts, in the order in which they were given."""
        rows = sorted((row for rows in self.told.values() for row in rows), key=lambda r: r["id"])
        standing = {
            row["id"] for told in self.told.values() for row in find_deciding(find_in_force(told))
        }
        return tuple(
            Given(
                number=number,
                id=row["id"],
                verdict=self._make_verdict(row),
                file=self.files.get(row["paper"], ""),
                supersedes=row["supersedes"],
                order=row["order"],
                in_force=row["id"] in standing,
            )
            for number, row in enumerate(rows, start=1)
        )

    def _make_verdict(self, row: Mapping[str, Any]) -> Verdict:
        return Verdict(
            hit=row["hit"],
            paper=row["paper"],
            reviewer=self.people.name_reviewer(row["reviewer"]),
            code=row["code"],
            round=row["round"],
            criteria=tuple(row["criteria"]),
            mitigating=row["mitigating"],
            reason=row["reason"],
            note=self.clear_note(row["note"], row["paper"]),
            at=row["at"],
            pack=row["pack"],
            model=row["model"],
            blind=row["blind"],
            withdrawn=row["withdrawn"],
        )

    def clear_note(self, note: str, paper: str) -> str:
        """Return what was said of a paper as it leaves."""
        return self.people.clear_note(note, self.reviewers, self._authors.get(paper, ""))

    @cached_property
    def reviewers(self) -> frozenset[str]:
        """Everybody who ever gave a verdict, with their real names: to be counted, not shown."""
        return frozenset(self.names.values())

    @cached_property
    def _hospitals(self) -> Path | None:
        """The table of hospitals that the study has of its own."""
        own = self.study.settings.places.hospitals
        return self.study.folder / own if own else None

    @cached_property
    def names(self) -> Mapping[int, str]:
        """The reviewer of each verdict, with the real name: people are counted by it."""
        return {row["id"]: row["reviewer"] for rows in self.told.values() for row in rows}

    @cached_property
    def judged(self) -> Mapping[tuple[str, str | None], Judged]:
        """What was said, by paper and hit; with None for the hit, of the paper as a whole."""
        given: dict[tuple[str, str | None], list[Given]] = defaultdict(list)
        for one in self.verdicts:
            given[one.verdict.paper, one.verdict.hit].append(one)
        return {thing: self._judge(thing, rows) for thing, rows in given.items()}

    def _judge(self, thing: tuple[str, str | None], rows: list[Given]) -> Judged:
        paper, hit = thing
        settled = self.judgements.hits.get(hit) if hit else self.judgements.papers.get(paper)
        standing = [one.verdict for one in rows if one.in_force]
        return Judged(
            code=settled.code if settled else None,
            criteria=_unite(verdict.criteria for verdict in standing),
            mitigating=any(verdict.mitigating for verdict in standing),
            reason=settled.reason if settled else "",
            is_settled=settled is not None and settled.is_settled,
            verdicts=tuple(rows),
        )

    # ---- papers ----------------------------------------------------------------------------

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        return list_papers(self.engine)

    @cached_property
    def _authors(self) -> Mapping[str, str]:
        return {row["sha256"]: row["record_authors"] or "" for row in self._rows}

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The file name of each paper, as it leaves."""
        return {
            row["sha256"]: self.people.name_file(row["file"], self._authors[row["sha256"]])
            for row in self._rows
        }

    @cached_property
    def papers(self) -> tuple[PaperState, ...]:
        """All papers, in the order of their file names."""
        return tuple(map(self._make_paper, self._rows))

    @cached_property
    def paper(self) -> Mapping[str, PaperState]:
        """All papers by their SHA-256."""
        return {paper.sha256: paper for paper in self.papers}

    def _make_paper(self, row: Mapping[str, Any]) -> PaperState:
        sha256 = row["sha256"]
        status, reason = row["status"], row["reason"]
        if sha256 in self.excluded:
            status, reason = "excluded", self.excluded[sha256]
        source = self.groups.find_source(self.judgements, sha256)
        verdict = self.judgements.judge_paper(source)
        record = self._make_record(row)
        screened = status == "screened"
        return PaperState(
            sha256=sha256,
            file=self.files[sha256],
            record=record,
            place=find_paper_place(record.affiliations, self._hospitals),
            status=status,
            reason=reason,
            pages=row["pages"],
            unread_pages=row["unread_pages"],
            code=(row["code"] or 0) if screened else None,
            criteria=self._criteria.get(sha256, ()) if screened else (),
            score=(row["score"] or 0.0) if screened else None,
            hits=row["hits"] or 0,
            problematic=row["problematic"],
            possible=row["possible"],
            verdict=verdict,
            is_settled=source in self._settled,
            out_of_scope=self.judgements.find_reason(source),
            judged_criteria=self._list_judged_criteria(source) if verdict else (),
            carried=source != sha256,
            copy_of=self.groups.originals.get(sha256),
            published=(
                row["published_flagged"], row["published_distance"], row["published_target"],
            ),
        )  # fmt: skip

    def _make_record(self, row: Mapping[str, Any]) -> Record:
        def part(name: str) -> tuple[str, ...]:
            return tuple(filter(None, (row[f"record_{name}"] or "").split("; ")))

        return Record(
            file=self.files[row["sha256"]],
            title=row["record_title"] or "",
            authors=tuple(
                filter(None, self.people.name_authors(row["record_authors"] or "").split("; "))
            ),
            affiliations=part("affiliations"),
            keywords=part("keywords"),
            year=row["record_year"],
            **{
                name: row[f"record_{name}"] or ""
                for name in ("journal", "volume", "issue", "pages", "doi", "abstract", "database")
            },
        )

    @cached_property
    def _settled(self) -> set[str]:
        """The papers of which people said what they are, be it out of scope."""
        with self.engine.connect() as connection:
            flagged = list_flagged(connection)
        found = self.judgements.find_settled(flagged, 1) | self.judgements.find_papers(1)
        return found | {paper for paper, own in self.judgements.papers.items() if own.is_settled}

    def _list_judged_criteria(self, paper: str) -> tuple[str, ...]:
        things = [(paper, None), *((paper, hit) for hit in self._judged_hits.get(paper, ()))]
        return _unite(
            self.judged[thing].criteria
            for thing in things
            if thing in self.judged and self.judged[thing].code
        )

    @cached_property
    def _judged_hits(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for paper, hit in self.told:
            if hit is not None:
                found[paper].append(hit)
        return found

    # ---- passages --------------------------------------------------------------------------

    def list_hits(self) -> Iterator[dict[str, Any]]:
        """Yield all hits as the database has them, in the order of reading, of whatever paper."""
        return list_hits(self.engine)

    @cached_property
    def pack(self) -> Pack:
        """The pack that the study's settings name. Raises PackError."""
        return load_pack(find_pack(self.study.settings.pack, self.study.folder))

    @cached_property
    def packs(self) -> tuple[str, ...]:
        """The packs that found the hits, by name: one, unless a run with another is not done."""
        return list_packs(self.engine)

    @cached_property
    def _criteria(self) -> Mapping[str, tuple[str, ...]]:
        return list_criteria(self.engine)

    def list_passages(self, paper: str) -> tuple[Passage, ...]:
        """Return the passages of a paper that were judged or that the rules flag, in its order.

        What stands for a paper that was drawn is one of them if it was judged.
        """
        judged = dict.fromkeys(self._judged_hits.get(paper, ()))
        found = {hit.id: hit for hit in list_passages(self.engine, paper, judged)}
        passages = [
            Passage(hit.id, hit, self.judged.get((paper, hit.id)))
            for hit in sorted(found.values(), key=lambda hit: (hit.page, hit.start, hit.id))
            if hit.code or hit.id in judged
        ]
        lost = [Passage(hit, None, self.judged[paper, hit]) for hit in judged if hit not in found]
        return (*passages, *lost)

    # ---- findings --------------------------------------------------------------------------

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The papers settled at code 1 or 2, each told once, by year and title."""
        copies = {paper for members in self.groups.members.values() for paper in members}
        found = [
            paper
            for paper in self.papers
            if paper.verdict and paper.status != "excluded" and paper.sha256 not in copies
        ]
        # Not by their files' names: those leave otherwise if authors are left out.
        found.sort(key=lambda p: (p.record.year or _LAST, not p.record.title, p.record.title))
        return tuple(self._make_finding(*item) for item in enumerate(found, start=1))

    def _make_finding(self, number: int, paper: PaperState) -> Finding:
        source = self.groups.find_source(self.judgements, paper.sha256)
        passages = self.list_passages(source)
        whole = self.judged.get((source, None))
        parts = [whole, *(passage.judged for passage in passages)]
        weighty = [part for part in parts if part is not None and part.code]
        signs = {
            sign: None for passage in passages if passage.hit for sign in passage.hit.mitigating
        }
        return Finding(
            number=number,
            paper=paper,
            code=paper.verdict or 0,
            criteria=_unite(part.criteria for part in weighty),
            mitigating=any(part.mitigating for part in parts if part is not None),
            signs=tuple(signs),
            passages=passages,
            whole=whole,
            judged_as=source,
            reviewers=len(
                {self.names[one.id] for part in parts if part is not None for one in part.in_force}
            ),
            copies=tuple(
                self.paper[copy].file for copy in self.groups.members.get(paper.sha256, ())
            ),
        )

    # ---- what could not be screened ----------------------------------------------------------

    def list_failures(self) -> Iterator[Failure]:
        """Yield what could not be screened, a file or a page each, in a stable order."""
        for row in list_failures(self.engine):
            # Where on a disk a file lay is nobody's business; a file that is no paper has no other
            # name than its last one.
            file = row["file"] or row["path"].rpartition("/")[2]
            authors = self._authors.get(row["sha256"]) or self._authors_of_files.get(file, "")
            yield Failure(
                sha256=row["sha256"],
                path=self.people.name_file(file, authors),
                page=row["page"],
                stage=row["stage"],
                error=self.people.clear_note(row["error"], (), authors),
            )

    @cached_property
    def _authors_of_files(self) -> Mapping[str, str]:
        """The authors of files that are named by a record and could not be read."""
        return {
            row["file"].rpartition("/")[2]: row["authors"]
            for row in list_records(self.engine)
            if row["file"] and row["sha256"] is None
        }


def _unite(parts: "Iterator[Any] | Any") -> tuple[str, ...]:
    return tuple(sorted({name for part in parts for name in part}))
