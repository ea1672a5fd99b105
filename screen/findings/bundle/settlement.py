"""The verdicts of a bundle settled again, and what was made of them compared with that."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from screen.findings.bundle.history import MEMBER
from screen.findings.bundle.reading import Contents
from screen.findings.bundle.report import Report
from screen.findings.fields import VERDICT_FIELDS
from screen.findings.output import Row
from screen.study.copies.groups import Groups
from screen.study.verdicts import Judgements, Told, find_deciding, find_in_force, settle

Thing = tuple[str, str | None]


class Settlement:
    """What the history of a bundle comes to, by the same rules as in a study."""

    def __init__(self, contents: Contents, reviewers_per_passage: int) -> None:
        self._contents = contents
        self._wanted = reviewers_per_passage

    @cached_property
    def verdicts(self) -> list[Row]:
        """The rows of the history."""
        return self._contents.rows(MEMBER)

    @cached_property
    def told(self) -> Told:
        """The history as a study has it, by paper and hit.

        Where names are left out, whatever supersedes one another is of one reviewer.
        """
        told: Told = {}
        first: dict[int, int] = {}
        for row in self.verdicts:
            before = row["supersedes"]
            first[row["id"]] = first[before] if before in first else row["id"]
            reviewer = row["reviewer"] or f"reviewer of verdict {first[row['id']]}"
            one = {**row, "reviewer": reviewer}
            told.setdefault((row["paper_id"], row["hit_id"]), []).append(one)
        return told

    @cached_property
    def judgements(self) -> Judgements:
        """What it settles to."""
        return settle(self.told, self._wanted)

    @cached_property
    def standing(self) -> set[int]:
        """The ids of the verdicts in force: of each thing those of the last round."""
        return {
            row["id"] for rows in self.told.values() for row in find_deciding(find_in_force(rows))
        }

    @cached_property
    def flagged(self) -> Mapping[str, list[str]]:
        """The papers with hits of code 1 or 2, each with the ids of those."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self._contents.rows("hits.jsonl"):
            if row["code"]:
                found[row["paper_id"]].append(row["hit_id"])
        return found

    @cached_property
    def groups(self) -> Groups:
        """Which papers are copies of each other."""
        originals, read = {}, set()
        members: dict[str, tuple[str, ...]] = {}
        for row in sorted(self._contents.rows("copies.jsonl"), key=lambda row: str(row["paper"])):
            originals[row["paper"]] = row["original"]
            if row["read_itself"]:
                read.add(row["paper"])
            else:
                members[row["original"]] = (*members.get(row["original"], ()), row["paper"])
        return Groups(originals, frozenset(read), members, frozenset(self.flagged))

    @cached_property
    def excluded(self) -> Mapping[str, str]:
        """The papers that the scope leaves out, with reasons."""
        rows = self._contents.rows("exclusions.jsonl")
        return {row["paper"]: row["reason"] for row in rows if row["paper"]}

    @cached_property
    def settled(self) -> set[str]:
        """The papers of which people said what they are."""
        known = self.judgements
        found = known.find_settled(self.flagged, 1) | known.find_papers(1)
        return found | {paper for paper, own in known.papers.items() if own.is_settled}

    @cached_property
    def found(self) -> set[str]:
        """The papers that are findings: settled at code 1 or 2, in scope, and each told once."""
        copies = {copy for members in self.groups.members.values() for copy in members}
        return {
            row["sha256"]
            for row in self._contents.rows("papers.jsonl")
            if self.judge(row["sha256"])
            and row["sha256"] not in self.excluded
            and row["sha256"] not in copies
        }

    def judge(self, paper: str) -> int | None:
        """Return the code of a paper, by its own verdicts or those of a copy."""
        return self.judgements.judge_paper(self.groups.find_source(self.judgements, paper))

    def code(self, thing: Thing) -> int | None:
        """Return the code of a passage, or of a whole paper by verdicts on it alone."""
        paper, hit = thing
        own = self.judgements.hits.get(hit) if hit else self.judgements.papers.get(paper)
        return own.code if own else None

    def criteria(self, thing: Thing) -> list[str]:
        """Return the criteria that any verdict in force on something names."""
        rows = [row for row in self.told.get(thing, ()) if row["id"] in self.standing]
        return sorted({name for row in rows for name in row["criteria"]})

    def list_given(self, thing: Thing) -> list[Row]:
        """Return the verdicts on something as they stand with it in other tables."""
        given = self._given.get(thing, ())
        return [{name: row[name] for name in VERDICT_FIELDS} for row in given]

    @cached_property
    def _given(self) -> Mapping[Thing, list[Row]]:
        found: dict[Thing, list[Row]] = defaultdict(list)
        for row in self.verdicts:
            found[row["paper_id"], row["hit_id"]].append(row)
        return found

    def things(self, paper: str) -> list[Thing]:
        """Return what was judged of a paper."""
        return self._things.get(paper, [])

    @cached_property
    def _things(self) -> Mapping[str, list[Thing]]:
        found: dict[str, list[Thing]] = defaultdict(list)
        for thing in self.told:
            found[thing[0]].append(thing)
        return found


def check_settlement(contents: Contents, known: Settlement, report: Report) -> None:
    """Compare what a bundle says of passages, papers and findings with what the history says."""
    _check_history(contents, known, report)
    _check_hits(contents, known, report)
    _check_papers(contents, known, report)
    _check_findings(contents, known, report)


def _check_history(contents: Contents, known: Settlement, report: Report) -> None:
    files = {row["sha256"]: row["file"] for row in contents.rows("papers.jsonl")}
    for row in known.verdicts:
        where = f"verdict {row['number']}"
        report.compare(MEMBER, where, "in_force", row["id"] in known.standing, row["in_force"])
        report.compare(MEMBER, where, "file", files.get(row["paper_id"], ""), row["file"])
        report.compare(MEMBER, where, "sha256", row["paper_id"], row["sha256"])
    report.checked["verdicts"] += len(known.verdicts)


def _check_hits(contents: Contents, known: Settlement, report: Report) -> None:
    for number, row in contents.tables["hits.jsonl"]:
        thing, where = (row["paper_id"], row["hit_id"]), f"line {number}"
        wanted = {
            "judged_code": known.code(thing),
            "judged_criteria": known.criteria(thing),
            "verdicts": known.list_given(thing),
            "excluded": known.excluded.get(row["paper_id"]),
        }
        for name, value in wanted.items():
            _compare("hits.jsonl", where, name, value, row[name], report)


def _check_papers(contents: Contents, known: Settlement, report: Report) -> None:
    for number, row in contents.tables["papers.jsonl"]:
        paper, where = row["sha256"], f"line {number}"
        source = known.groups.find_source(known.judgements, paper)
        verdict = known.judge(paper)
        judged = [known.criteria(thing) for thing in known.things(source) if known.code(thing)]
        wanted = {
            "verdict": verdict,
            "settled": source in known.settled,
            "out_of_scope": known.judgements.find_reason(source),
            "verdict_carried": source != paper,
            "copy_of": known.groups.originals.get(paper),
            "judged_criteria": sorted({c for part in judged for c in part}) if verdict else [],
        }
        for name, value in wanted.items():
            _compare("papers.jsonl", where, name, value, row[name], report)


def _check_findings(contents: Contents, known: Settlement, report: Report) -> None:
    member = "findings.jsonl"
    hits = {row["hit_id"]: row for row in contents.rows("hits.jsonl")}
    drawn = {
        passage["id"]: {**passage, "hit_id": passage["id"], "paper_id": passage["paper"]}
        for sample in contents.rows("samples.jsonl")
        for passage in sample["passages"]
    }
    seen: set[str] = set()
    for number, row in contents.tables[member]:
        where = f"line {number}"
        if row["sha256"] in seen:
            report.differ(member, where, "this paper is there twice", found=row["sha256"])
        seen.add(row["sha256"])
        _compare(member, where, "code", known.judge(row["sha256"]), row["code"], report)
        source = known.groups.find_source(known.judgements, row["sha256"])
        _compare(member, where, "judged_as", source, row["judged_as"], report)
        whole = known.list_given((source, None))
        _compare(member, where, "verdicts", whole, row["verdicts"], report)
        _check_judges(known, source, row, where, report)
        for index, passage in enumerate(row["passages"], start=1):
            place = f"{where}, passage {index}"
            _check_passage(known, source, passage, {**drawn, **hits}, place, report)
    report.checked["findings"] += len(contents.tables[member])
    for paper in sorted(known.found - seen):
        report.differ(member, "", "a finding is missing", known.judge(paper), f"no {paper}")
    for paper in sorted(seen - known.found):
        report.differ(member, "", "not a finding by the verdicts", "none", paper)


def _check_judges(known: Settlement, source: str, row: Row, where: str, report: Report) -> None:
    """Compare who and what stands behind a finding: criteria, mitigating, adjudication."""
    things = known.things(source)
    standing = [v for t in things for v in known.told[t] if v["id"] in known.standing]
    criteria = {c for thing in things if known.code(thing) for c in known.criteria(thing)}
    wanted: dict[str, Any] = {
        "criteria": sorted(criteria),
        "mitigating": any(verdict["mitigating"] for verdict in standing),
        "adjudicated": any(verdict["round"] > 1 for verdict in standing),
    }
    if all(verdict["reviewer"] for thing in things for verdict in known.list_given(thing)):
        wanted["reviewers"] = len({verdict["reviewer"] for verdict in standing})
    for name, value in wanted.items():
        _compare("findings.jsonl", where, name, value, row[name], report)


def _check_passage(
    known: Settlement,
    source: str,
    passage: Row,
    hits: Mapping[str, Row],
    where: str,
    report: Report,
) -> None:
    member, thing = "findings.jsonl", (source, passage["hit_id"])
    _compare(member, where, "code", known.code(thing), passage["code"], report)
    _compare(member, where, "criteria", known.criteria(thing), passage["criteria"], report)
    _compare(member, where, "verdicts", known.list_given(thing), passage["verdicts"], report)
    hit = hits.get(passage["hit_id"])
    if hit is None:
        # A passage that a changed pack finds no more tells of no place either.
        if passage["quote"] is not None or not known.told.get(thing):
            report.differ(member, where, "not in hits.jsonl", passage["hit_id"], "none")
        return
    wanted = {"rule_code": hit["code"], "rule_criteria": hit["criteria"]}
    same = ("page", "start", "end", "quote", "continued", "passage", "section", "reason")
    for name, value in (*wanted.items(), *((name, hit[name]) for name in same)):
        _compare(member, where, f"{name}, not as in hits.jsonl", value, passage[name], report)
    report.compare(member, where, "paper of the passage", source, hit["paper_id"])


def _compare(member: str, where: str, name: str, wanted: Any, found: Any, report: Report) -> None:
    if name != "verdicts":
        report.compare(member, where, name, wanted, found)
        return
    what = f"verdicts, not as in {MEMBER}"
    ids = [[one["id"] for one in rows] for rows in (wanted, found)]
    report.compare(member, where, what, *ids)
    if ids[0] == ids[1]:
        for one, other in zip(wanted, found, strict=True):
            for key, value in one.items():
                report.compare(member, where, f"{what}: id {one['id']}, {key}", value, other[key])
