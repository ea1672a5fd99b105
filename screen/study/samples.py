"""Elusion samples: papers drawn at random from the unflagged, to learn what was missed.

A sample is a file, samples/NNNNN.json, with the whole population that it was drawn from, so that
anybody can draw it again. Each paper drawn gets one passage that stands for it in the queue, where
nothing tells it from the others; the verdict that counts is the one on the paper.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Self

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from screen.errors import StudyError
from screen.match.packs import find_pack, load_pack
from screen.rank.stopping import Elusion, find_elusion
from screen.study.contents import as_hit, as_row, read_pages
from screen.study.database import write
from screen.study.folder import Study
from screen.study.queries import list_flagged
from screen.study.reading_list import is_read_itself, list_excluded, list_originals
from screen.study.schema import drawn, hits, papers, samples
from screen.study.shards import write_atomically
from screen.study.verdicts import Judgements, read_judgements
from screen.text.normalise import clean_pages
from screen.types import CleanText, Hit

if TYPE_CHECKING:
    from screen.match.cascade import Analysis, Cascade


@dataclass(frozen=True, slots=True)
class Sample:
    """One draw: `papers` from `population`, both as SHA-256, sorted."""

    number: int
    drawn_at: str
    seed: int
    population: tuple[str, ...]
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What a sample says so far; `elusion` is None until all its papers are judged.

    `population` papers were unflagged and unread when it was drawn. `open` are the papers drawn
    that still need a verdict, by SHA-256; `uncovered` papers are unflagged and unread now and were
    not in the population: nothing is known of those.
    """

    number: int
    population: int
    drawn: int
    judged: int
    open: tuple[str, ...]
    uncovered: int
    elusion: Elusion | None


def draw(study: Study, engine: sa.Engine, size: int, seed: int) -> Sample:
    """Draw papers at random from those screened that have no code and no verdict.

    The same population, size and seed give the same papers. Raises StudyError if the last sample
    is not judged wholly, or if there are fewer papers to draw from than asked for.
    """
    from screen.match.cascade import Cascade

    judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    known = read_samples(study)
    last = judge_sample(engine, known[-1], judgements, 1, 0.95) if known else None
    if last is not None and last.open:
        raise StudyError(
            f"{len(last.open)} papers of the last sample are not judged yet: "
            "drawing until a sample pleases would prove nothing"
        )
    population = sorted(find_unread(engine, judgements))
    if size > len(population):
        raise StudyError(
            f"{size} papers are asked for, but only {len(population)} are screened, unflagged and "
            "unread"
        )
    chosen = draw_again(population, size, seed)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    number = max((sample.number for sample in known), default=0) + 1
    sample = Sample(number, now, seed, tuple(population), tuple(chosen))
    cascade = Cascade(load_pack(find_pack(study.settings.pack, study.folder)))
    passages = _find_passages(study, engine, cascade, sample.papers)
    row = {
        "number": sample.number,
        "drawn_at": sample.drawn_at,
        "seed": seed,
        "population": list(population),
        "papers": list(chosen),
        "pack": cascade.pack.label,
        "passages": [as_row(passage) for passage in passages],
    }
    (study.folder / "samples").mkdir(exist_ok=True)
    text = json.dumps(row, ensure_ascii=False) + "\n"
    write_atomically(study.folder / "samples" / f"{sample.number:05d}.json", text.encode())
    load_samples(study, engine)
    return sample


def draw_again(population: Sequence[str], size: int, seed: int) -> list[str]:
    """Return the papers that a seed draws from a population, which is sorted; sorted too."""
    rng = Random(seed)  # noqa: S311 - to be repeated, not secret
    return sorted(rng.sample(population, size))


def find_unflagged(engine: sa.Engine) -> set[str]:
    """Return the papers to be read that were screened and have no passage of code 1 or 2."""
    flagged = sa.select(hits.c.paper).where(hits.c.code >= 1)
    query = sa.select(papers.c.sha256).where(
        papers.c.status == "screened",
        papers.c.sha256.not_in(flagged),
        is_read_itself(papers.c.sha256),
    )
    with engine.connect() as connection:
        return set(connection.scalars(query))


def find_unread(engine: sa.Engine, judgements: Judgements) -> set[str]:
    """Return the unflagged papers of which nobody has said what they are.

    A verdict of code 0 on one passage says nothing of the paper.
    """
    return find_unflagged(engine) - set(judgements.papers) - judgements.find_papers(1)


def find_works(engine: sa.Engine, found: set[str]) -> set[str]:
    """Return some papers, but for a copy the one that is read for it: told twice is once."""
    with engine.connect() as connection:
        read_for = list_originals(connection)
    return {read_for.get(paper, paper) for paper in found}


def count_open(engine: sa.Engine, judgements: Judgements, code: int) -> int:
    """Return how many flagged papers are not settled, by `code` and above as what is wanted."""
    with engine.connect() as connection:
        flagged = list_flagged(connection, is_read_itself(hits.c.paper))
    return len(flagged) - len(judgements.find_settled(flagged, code))


class _File(BaseModel):
    """What samples/NNNNN.json holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: int
    drawn_at: str
    seed: int
    population: list[str]
    papers: Annotated[list[str], Field(min_length=1)]
    pack: str
    passages: list[dict[str, Any]]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not set(self.papers) <= set(self.population):
            raise ValueError("papers that are not in the population")
        for passage in self.passages:
            as_hit(passage)
        return self


def read_samples(study: Study) -> list[Sample]:
    """Return all draws in order. Raises StudyError for a damaged file."""
    return [
        Sample(file.number, file.drawn_at, file.seed, tuple(file.population), tuple(file.papers))
        for file in _read(study)
    ]


def list_files(study: Study) -> list[dict[str, Any]]:
    """Return all that is kept of each draw, in order, as plain data.

    `number, drawn_at, seed, population, papers, pack` and `passages`, one that stands for each
    paper. Raises StudyError for a damaged file.
    """
    return [file.model_dump() for file in _read(study)]


def _read(study: Study) -> list[_File]:
    found = []
    for path in sorted((study.folder / "samples").glob("[0-9]*.json")):
        try:
            found.append(_File.model_validate_json(path.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError) as error:
            why = str(error).splitlines()[-2 if isinstance(error, ValidationError) else 0].strip()
            raise StudyError(f"{path} is damaged: {why}") from None
    return found


def load_samples(study: Study, engine: sa.Engine) -> None:
    """Bring the samples in the database up to date with the files."""
    files = _read(study)
    wanted = {(file.number, file.drawn_at, file.seed) for file in files}
    with write(engine) as connection:
        query = sa.select(samples.c.number, samples.c.drawn_at, samples.c.seed)
        if {tuple(row) for row in connection.execute(query)} == wanted:
            return
        connection.execute(samples.delete())
        connection.execute(drawn.delete())
        for file in files:
            row = file.model_dump(include={"number", "drawn_at", "seed"})
            connection.execute(samples.insert().values(**row, population=len(file.population)))
            more = {"sample": file.number, "pack": file.pack}
            if file.passages:
                connection.execute(drawn.insert(), [{**one, **more} for one in file.passages])


def _find_passages(
    study: Study, engine: sa.Engine, cascade: "Cascade", chosen: Sequence[str]
) -> list[Hit]:
    """Return the passage that stands for each paper: what looks most like a hit in it."""
    query = sa.select(papers.c.sha256, papers.c.shard).where(papers.c.sha256.in_(chosen))
    with engine.connect() as connection:
        shards: dict[int, list[str]] = {}
        for sha256, shard in connection.execute(query):
            shards.setdefault(shard, []).append(sha256)
    found = {}
    for shard, wanted in shards.items():
        pages = read_pages(study.folder, shard)
        for sha256 in wanted:
            clean = clean_pages(pages[sha256])
            found[sha256] = choose_passage(cascade, sha256, clean)
    return [found[sha256] for sha256 in chosen]


def choose_passage(cascade: "Cascade", paper: str, clean: CleanText) -> Hit:
    """Return the passage of an unflagged paper that a reader should see first.

    Its best hit, if it has one; or else the sentences around the event of the pack that is most
    often what a hit is about, a donor's before anybody else's; or else the beginning.
    """
    analysis = cascade.analyse(paper, clean)
    if analysis.hits:
        return max(analysis.hits, key=lambda hit: (hit.code, hit.score))
    return cascade.make_lead(paper, clean, analysis, *_find_place(cascade, analysis))


def _find_place(cascade: "Cascade", analysis: "Analysis") -> tuple[int, int]:
    ranked = sorted(
        analysis.account.events,
        key=lambda event: (
            not cascade.is_trigger(event),
            event.actor != "donor",
            event.actor != "unknown",
            event.start,
        ),
    )
    return (ranked[0].start, ranked[0].end) if ranked else (0, 0)


def judge_sample(
    engine: sa.Engine, sample: Sample, judgements: Judgements, code: int, confidence: float
) -> SampleResult:
    """Return what a sample says of recall, for what was judged `code` or above.

    A paper drawn is judged once it is settled by verdicts of its own (one out of scope
    is not relevant), or a passage of it is settled at code 1 or 2. Found by screening is what was
    settled outside of the sample's population, copies as one paper. A paper that the scope leaves
    out since is judged by that, as by a reviewer who finds it out of scope.
    """
    left_out = list_excluded(engine)
    codes: dict[str, int] = {}
    for paper in sample.papers:
        own, best = judgements.papers.get(paper), judgements.judge_paper(paper)
        if paper in left_out:
            codes[paper] = 0
        elif own is not None and own.is_settled:
            codes[paper] = own.code or 0
        elif own is None and best is not None:
            codes[paper] = best
    elusion = None
    found = judgements.find_papers(code) - set(sample.population) - left_out.keys()
    if len(codes) == len(sample.papers):
        elusion = find_elusion(
            len(sample.population),
            len(sample.papers),
            sum(given >= code for given in codes.values()),
            len(find_works(engine, found) - set(sample.population)),
            count_open(engine, judgements, code),
            confidence,
        )
    return SampleResult(
        sample.number,
        len(sample.population),
        len(sample.papers),
        len(codes),
        tuple(paper for paper in sample.papers if paper not in codes),
        len(find_unread(engine, judgements) - set(sample.population)),
        elusion,
    )
