"""The hits of a bundle by themselves: their ids, their pack, the papers and pages they are on."""

from collections.abc import Mapping
from typing import Any

from screen.findings.bundle.reading import Contents
from screen.findings.bundle.report import Report
from screen.findings.bundle.setup import Book
from screen.findings.output import Row
from screen.match.identity import identify_passage

_HITS = "hits.jsonl"


def check_evidence(contents: Contents, book: Book | None, report: Report) -> None:
    """Check hits against the pack, papers against the sources; without a pack only the rest."""
    sources = {row["sha256"]: row for row in contents.rows("sources.jsonl")}
    _check_papers(contents, sources, report)
    if book is not None:
        _check_label(contents, book, report)
    seen: set[str] = set()
    for number, row in contents.tables[_HITS]:
        where = f"line {number}"
        if row["hit_id"] in seen:
            report.differ(_HITS, where, "this hit is there twice", found=row["hit_id"])
        seen.add(row["hit_id"])
        report.compare(_HITS, where, "sha256", row["paper_id"], row["sha256"])
        if book is not None:
            _check_hit(row, book, where, report)
        _check_place(row, sources.get(row["paper_id"]), where, report)
    for number, sample in contents.tables["samples.jsonl"]:
        for index, passage in enumerate(sample["passages"], start=1):
            where = f"line {number}, passage {index}"
            if book is not None:
                _check_id("samples.jsonl", where, passage, book, report)
    report.checked["hits"] += len(contents.tables[_HITS])


def _check_papers(contents: Contents, sources: Mapping[str, Row], report: Report) -> None:
    papers: set[str] = set()
    for number, row in contents.tables["papers.jsonl"]:
        where, paper = f"line {number}", row["sha256"]
        if paper in papers:
            report.differ("papers.jsonl", where, "this paper is there twice", found=paper)
        papers.add(paper)
        report.compare("papers.jsonl", where, "paper_id", paper, row["paper_id"])
        source = sources.get(paper)
        if source is None:
            report.differ("papers.jsonl", where, "no source has its SHA-256", paper, "none")
            continue
        report.compare("papers.jsonl", where, "file", source["file"], row["file"])
        if row["status"] != "excluded":
            report.compare("papers.jsonl", where, "status", source["status"], row["status"])
        report.compare("papers.jsonl", where, "pages", len(source["pages"]), row["pages"])
    for paper in sorted(sources.keys() - papers):
        report.differ("papers.jsonl", "", "no paper of this source", paper, "none")
    for name in ("hits.jsonl", "findings.jsonl", "verdicts.jsonl"):
        for number, row in contents.tables[name]:
            if row["paper_id"] not in papers:
                where = f"line {number}"
                report.differ(name, where, "its paper is not in papers.jsonl", row["paper_id"])
    report.checked["papers"] += len(papers)


def _check_label(contents: Contents, book: Book, report: Report) -> None:
    told = contents.objects.get("versions.json", {}).get("pack")
    report.compare("versions.json", "", "pack", book.label, told)
    labels = {row["pack"] for row in contents.rows(_HITS)} - {book.label}
    for label in sorted(labels):
        report.differ("pack/", "", "not the pack that found the hits", label, book.label)


def _check_id(member: str, where: str, row: Row, book: Book, report: Report) -> None:
    paper = row.get("paper_id") or row["paper"]
    place = (row["page"], row["start"], row["end"])
    wanted = identify_passage(paper, *place, book.family)
    told = row.get("hit_id") or row.get("id")
    report.compare(member, where, "the id is not that of its paper and place", wanted, told)


def _check_hit(row: Row, book: Book, where: str, report: Report) -> None:
    _check_id(_HITS, where, row, book, report)
    unknown = [name for name in row["criteria"] if name not in book.criteria]
    for name in unknown:
        report.differ(_HITS, where, "a criterion that the pack has not", found=name)
    for match in row["matches"]:
        if match["rule"] not in book.rules:
            report.differ(_HITS, where, "a rule that the pack has not", found=match["rule"])
    if not unknown:
        codes = [book.criteria[c] for c in row["criteria"] if c not in book.supporting]
        report.compare(_HITS, where, "code, by its criteria", max(codes, default=0), row["code"])
    if not 0 <= row["score"] <= 1:
        report.differ(_HITS, where, "score", "0 to 1", row["score"])


def _check_place(row: Row, source: Row | None, where: str, report: Report) -> None:
    """Check that a passage is within its page, and that each quote is as long as its place."""
    pages: dict[int, Any] = {p["number"]: p for p in source["pages"]} if source else {}
    for part in list_parts(row):
        place = f"{part['start']}:{part['end']}"
        page = pages.get(part["page"])
        if source is not None and page is None:
            report.differ(_HITS, where, "its file has no such page", found=part["page"])
        elif (
            not 0 <= part["start"] <= part["end"] <= (page or part)["characters" if page else "end"]
        ):
            report.differ(_HITS, where, f"not within page {part['page']}", found=place)
        elif len(part["text"]) != part["end"] - part["start"]:
            length = f"{len(part['text'])} characters"
            report.differ(_HITS, where, "the quote is not as long as its place", place, length)


def list_parts(row: Row) -> list[Row]:
    """Return the quote of a hit and what goes on on further pages: `page, start, end, text`."""
    first = {"page": row["page"], "start": row["start"], "end": row["end"], "text": row["quote"]}
    return [first, *row["continued"]]
