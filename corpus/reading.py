"""Read what people wrote: the sources of the papers, their forms, the labelled passages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from corpus import damage


class BuildError(Exception):
    """Something in the sources, the forms or the machine keeps the corpus from being built."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One source: the record of the paper and its body, one string a heading or paragraph."""

    id: str
    title: str
    authors: tuple[str, ...]
    affiliations: tuple[str, ...]
    journal: str
    year: int
    volume: str
    issue: str
    pages: str
    abstract: str
    keywords: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def running_head(self) -> str:
        """Journal, year, volume and issue as they stand at the top of every page."""
        return f"{self.journal} {self.year}年第{self.volume}卷第{self.issue}期"

    @property
    def first_page(self) -> int:
        """The number printed on the first page."""
        found = re.match(r"\d+", self.pages)
        if found is None:
            raise BuildError(f"{self.id}: pages {self.pages!r} begins with no number")
        return int(found[0])

    @property
    def front(self) -> tuple[str, ...]:
        """Title, authors, affiliations, abstract and keywords as they stand above the text."""
        label = "摘要" if self.year >= 1995 else "提要"
        return (
            self.title,
            "　".join(self.authors),
            f"（{'；'.join(self.affiliations)}）",
            f"【{label}】　{self.abstract}",
            f"【关键词】　{'；'.join(self.keywords)}",
        )

    def in_traditional(self) -> Paper:
        """Return the paper as printed in traditional characters; its record stays simplified."""
        t = damage.traditional
        return replace(
            self,
            title=t(self.title),
            authors=tuple(map(t, self.authors)),
            affiliations=tuple(map(t, self.affiliations)),
            journal=t(self.journal),
            abstract=t(self.abstract),
            keywords=tuple(map(t, self.keywords)),
            body=tuple(map(t, self.body)),
        )


def read_paper(path: Path) -> Paper:
    """Read one source: YAML front matter between lines of `---`, then the body."""
    try:
        opening, front, body = re.split(r"^---\n", path.read_text("utf-8"), maxsplit=2, flags=re.M)
        fields: dict[str, Any] = yaml.safe_load(front)
        if opening:
            raise ValueError("text before the front matter")
        return Paper(
            id=path.stem,
            title=str(fields["title"]),
            authors=tuple(fields["authors"]),
            affiliations=tuple(fields["affiliations"]),
            journal=str(fields["journal"]),
            year=int(fields["year"]),
            volume=str(fields["volume"]),
            issue=str(fields["issue"]),
            pages=str(fields["pages"]),
            abstract=str(fields["abstract"]),
            keywords=tuple(map(str, fields["keywords"])),
            body=tuple(line.strip() for line in body.split("\n") if line.strip()),
        )
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise BuildError(f"{path.name}: not a source paper: {error!r}") from error


def write_records(papers: Sequence[Paper], forms: Mapping[str, Form], path: Path) -> None:
    """Write the bibliographic records, one JSON object a line, as a database would export them."""
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        for paper in papers:
            record = {
                "file": f"{paper.id}.{forms[paper.id].suffix}",
                "title": paper.title,
                "authors": paper.authors,
                "affiliations": paper.affiliations,
                "journal": paper.journal,
                "year": paper.year,
                "volume": paper.volume,
                "issue": paper.issue,
                "pages": paper.pages,
                "abstract": paper.abstract,
                "keywords": paper.keywords,
            }
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


@dataclass(frozen=True, slots=True)
class PdfForm:
    """How a paper is printed.

    `above` names the paper whose end stands above the title, as short papers share their first
    page with the one before; `cross` names the labelled passage that a page break must cut.
    """

    columns: int = 1
    size: float = 0.0
    folio: str = "head"
    rubric: str = ""
    boilerplate: bool = False
    superscript: bool = False
    traditional: bool = False
    above: str = ""
    cross: str = ""
    suffix: str = field(default="pdf", init=False)

    def __post_init__(self) -> None:
        if self.columns not in (1, 2) or self.folio not in ("head", "foot"):
            raise ValueError("columns is 1 or 2, folio is head or foot")


@dataclass(frozen=True, slots=True)
class TxtForm:
    """How a paper's text comes damaged: steps of damage in the order in which they are done."""

    encoding: str = "utf-8"
    damage: tuple[Mapping[str, Mapping[str, Any]], ...] = ()
    suffix: str = field(default="txt", init=False)


Form = PdfForm | TxtForm


def read_forms(path: Path) -> dict[str, Form]:
    """Read `forms.yml`; a key that no form knows is an error."""
    forms: dict[str, Form] = {}
    for paper, fields in yaml.safe_load(path.read_text("utf-8")).items():
        kind = {"pdf": PdfForm, "txt": TxtForm}.get(fields.pop("form", ""))
        try:
            if kind is None:
                raise ValueError("form is neither pdf nor txt")
            forms[paper] = kind(**fields)
        except (TypeError, ValueError) as error:
            raise BuildError(f"{path.name}: {paper}: {error}") from error
    return forms


def read_passages(folder: Path) -> dict[str, str]:
    """Read the text of every labelled passage by its id, from all label files of the folder."""
    passages: dict[str, str] = {}
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            label = json.loads(line)
            if not {"id", "text"} <= label.keys():
                continue
            if passages.setdefault(label["id"], label["text"]) != label["text"]:
                raise BuildError(f"{path.name}: {label['id']} is labelled twice, with two texts")
    return passages
