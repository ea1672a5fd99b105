"""The figures of a bundle counted again from its own rows."""

from collections import Counter
from typing import Any

from screen.findings.bundle.reading import Contents
from screen.findings.bundle.report import Report
from screen.findings.bundle.settlement import Settlement
from screen.findings.bundle.tables import COUNTS, FLOW, KNOWN
from screen.rank.stopping import find_elusion
from screen.settings import Settings
from screen.study.prisma import Flow, Known, follow_reports
from screen.study.samples import draw_again

_FAR = 1e-9


def check_figures(
    contents: Contents, known: Settlement, settings: Settings, report: Report
) -> None:
    """Compare counts, flow, sample and the bound of recall with the rows they were made from."""
    for member, wanted in ((COUNTS, _count(contents, known)), (FLOW, _follow(contents, known))):
        found = contents.objects.get(member)
        if found is not None:
            _compare(member, "", wanted, found, report)
    _check_samples(contents, report)
    _check_completeness(contents, known, settings, report)


def _compare(member: str, name: str, wanted: Any, found: Any, report: Report) -> None:
    """Compare the figures that can be counted again; what else is in `found` is let be."""
    if not isinstance(wanted, dict):
        report.checked["figures"] += 1
        is_near = (
            isinstance(wanted, float) and isinstance(found, float) and abs(wanted - found) <= _FAR
        )
        if not is_near:
            report.compare(member, "", name, wanted, found)
        return
    if not isinstance(found, dict):
        report.differ(member, "", f"{name or 'all'}: no object")
        return
    for key, value in wanted.items():
        _compare(member, f"{name}.{key}" if name else key, value, found.get(key), report)


def _count(contents: Contents, known: Settlement) -> dict[str, Any]:
    sources, hits = contents.rows("sources.jsonl"), contents.rows("hits.jsonl")
    failures, records = contents.rows("failures.jsonl"), contents.rows("records.jsonl")
    statuses = Counter(row["status"] for row in sources)
    unread = sum(row["stage"] == "add" for row in failures)
    methods = Counter(page["method"] for row in sources for page in row["pages"])
    copies = {copy for members in known.groups.members.values() for copy in members}
    aside = copies | known.excluded.keys()
    best: dict[str, int] = {}
    for row in hits:
        if row["paper_id"] not in known.excluded:
            best[row["paper_id"]] = max(best.get(row["paper_id"], 0), row["code"])
    matched = Counter(row["matched"] for row in records)
    return {
        "papers": len(sources),
        "waiting": statuses["waiting"],
        "screened": statuses["screened"],
        "unscreened": statuses["unreadable"] + unread,
        "pages": methods.total(),
        "pages_by_method": dict(sorted(methods.items())),
        "excluded": len(known.excluded),
        "copies": len(copies),
        "flagged_code_2": sum(code == 2 for code in best.values()),
        "flagged_code_1": sum(code == 1 for code in best.values()),
        "hits": sum(row["paper_id"] not in aside for row in hits),
        "failures": len(failures),
        "records": len(records),
        "records_by_file": matched["file"],
        "records_by_title": matched["title"],
        "records_without_file": matched[None],
    }


def _follow(contents: Contents, known: Settlement) -> Flow:
    """Return the boxes of PRISMA, as a study counts them, from rows."""
    records = contents.rows("records.jsonl")
    statuses = {row["sha256"]: row["status"] for row in contents.rows("sources.jsonl")}
    out = {
        row["subject"]: (row["stage"], row["reason"]) for row in contents.rows("exclusions.jsonl")
    }
    unread = sum(row["stage"] == "add" for row in contents.rows("failures.jsonl"))
    judgements, groups = known.judgements, known.groups
    cleared = judgements.find_settled(known.flagged, 1) - judgements.papers.keys()
    told = Known(out, statuses, cleared, judgements, groups)
    subjects = {
        f"record {row['number']}" if row["sha256"] is None else groups.find_read(row["sha256"])
        for row in records
    }
    databases = follow_reports(subjects, len(records), 0, told)
    names = Counter(row["database"] or "not stated" for row in records)
    databases["by_database"] = dict(sorted(names.items()))
    alone = statuses.keys() - subjects - {row["sha256"] for row in records}
    rest = set(map(groups.find_read, alone)) - subjects
    return {
        "databases": databases,
        "other_methods": follow_reports(rest, len(alone), unread, told),
    }


def _check_samples(contents: Contents, report: Report) -> None:
    """Draw each sample again: the same population and seed give the same papers."""
    member = "samples.jsonl"
    for number, row in contents.tables[member]:
        where = f"line {number}"
        population, papers = row["population"], row["papers"]
        if len(papers) > len(population) or row["seed"] < 0:
            report.differ(member, where, "more papers than there are to draw from")
            continue
        drawn = draw_again(population, len(papers), row["seed"])
        report.compare(member, where, "papers, drawn again with its seed", list(drawn), papers)
        report.checked["samples"] += 1


def _check_completeness(
    contents: Contents, known: Settlement, settings: Settings, report: Report
) -> None:
    told = contents.objects.get(KNOWN)
    if told is None:
        return
    judgements = known.judgements
    wanted: dict[str, Any] = {
        "code": settings.stopping.code,
        "verdicts": len(known.verdicts),
        "judged": len(judgements.hits),
        "disputed": sum(x.disputed and not x.pending for x in judgements.hits.values()),
        "samples": len(contents.tables["samples.jsonl"]),
        "recall_at_least": _bound_recall(contents, known, settings),
    }
    _compare(KNOWN, "", wanted, told, report)
    for name in ("hits.jsonl", "papers.jsonl", "findings.jsonl"):
        for key, value in (
            ("recall_at_least", told.get("recall_at_least")),
            ("completeness", told.get("statement")),
        ):
            # It stands in every row: what is the same wrong value in many is told once.
            wrong: dict[Any, list[int]] = {}
            for number, row in contents.tables[name]:
                if row[key] != value:
                    wrong.setdefault(row[key], []).append(number)
            for found, lines in wrong.items():
                more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
                where = f"line {lines[0]}{more}"
                report.compare(name, where, f"{key}, not as in {KNOWN}", value, found)


def _bound_recall(contents: Contents, known: Settlement, settings: Settings) -> float | None:
    """Return the lower bound of recall that the last sample gives, None if it gives none."""
    samples = contents.rows("samples.jsonl")
    if not samples:
        return None
    last, code = samples[-1], settings.stopping.code
    population, judgements = set(last["population"]), known.judgements
    codes: dict[str, int] = {}
    for paper in last["papers"]:
        own, best = judgements.papers.get(paper), judgements.judge_paper(paper)
        if paper in known.excluded:
            codes[paper] = 0
        elif own is not None and own.is_settled:
            codes[paper] = own.code or 0
        elif own is None and best is not None:
            codes[paper] = best
    if len(codes) < len(last["papers"]) or len(last["papers"]) > len(population):
        return None
    originals = {copy: paper for paper, copies in known.groups.members.items() for copy in copies}
    found = judgements.find_papers(code) - population - known.excluded.keys()
    works = {originals.get(paper, paper) for paper in found} - population
    queue = {
        paper: hits
        for paper, hits in known.flagged.items()
        if paper not in known.excluded and paper not in originals
    }
    return find_elusion(
        len(population),
        len(last["papers"]),
        sum(given >= code for given in codes.values()),
        len(works),
        len(queue) - len(judgements.find_settled(queue, code)),
        settings.stopping.confidence,
    ).recall_at_least
