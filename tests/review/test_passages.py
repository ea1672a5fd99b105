"""What is shown of a passage: the clean text around it, marked where its words and events stand."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screen.errors import StudyError
from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Pack
from screen.review.passages import Block, Glossary, Piece, Reader, Texts
from screen.study.folder import Study
from screen.study.queries import list_queue
from screen.text.normalise import clean_pages
from screen.types import CleanText, Hit, Page
from tests import sources
from tests.conftest import MadeStudy

PAPER = "f" * 64
TELLING = "供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(find_pack("brain-death"))


@pytest.fixture(scope="module")
def cascade(pack: Pack) -> Cascade:
    return Cascade(pack)


@pytest.fixture(scope="module")
def glossary(pack: Pack) -> Glossary:
    return Glossary(pack)


class Kept(Texts):
    """The text of one paper, kept without a study."""

    def __init__(self, clean: CleanText | None) -> None:
        self._clean_text = clean

    def find(self, shard: int, paper: str) -> CleanText | None:
        return self._clean_text


def paginate(text: str, size: int = 0) -> CleanText:
    """Return a text cleaned, on pages of so many characters."""
    parts = [text[n : n + size] for n in range(0, len(text), size)] if size else [text]
    return clean_pages([Page(PAPER, n, part, "text", 1.0) for n, part in enumerate(parts, start=1)])


def as_passage(hit: Hit) -> dict[str, Any]:
    """Return a hit as the database gives it."""
    return {**asdict(hit), "home": 0}


def read(blocks: Sequence[Block], kind: str = "") -> str:
    """Return the text of blocks, of one kind if asked."""
    return "".join(
        piece.text for block in blocks for piece in block.pieces if kind in {"", block.kind}
    )


def list_pieces(blocks: Sequence[Block], role: str) -> list[Piece]:
    return [piece for block in blocks for piece in block.pieces if piece.role == role]


# ---- there and back --------------------------------------------------------------------------

# Characters that clean text keeps, drops, or makes several of; with what damaged papers hold.
ODD = [
    "供", "体", "脑死亡", " ", "  ", "\n", "\r\n", "a", "Word", "12", ".", "。", "㎎", "㈠", "①",
    "ｆ", "（", "\0", "\u200b", "\ufeff", "\u202e", "🫀", "臟", "(cid:12)", "\u3000", "-\n", "½",
]  # fmt: skip
texts = st.lists(st.sampled_from(ODD), max_size=25).map("".join)


@settings(max_examples=300)
@given(pages=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_locating_is_the_way_back_from_the_source(pages: list[str], data: st.DataObject) -> None:
    clean = clean_pages([Page(PAPER, n, t, "text", 1.0) for n, t in enumerate(pages, start=1)])
    start = data.draw(st.integers(0, len(clean.text)))
    end = data.draw(st.integers(start, len(clean.text)))
    quotes = clean.source(start, end)
    # What stands for characters of a page: all but single spaces that join words.
    touched = [run for run in clean.runs if run.start < end and run.end > start]
    if start == end or not touched:
        assert quotes == ()
        return
    places = [clean.locate(quote.page, quote.start, quote.end) for quote in quotes]
    found = [place for place in places if place is not None]
    assert len(found) == len(quotes)
    first, last = touched[0], touched[-1]
    is_even = {run: run.end - run.start == run.raw_end - run.raw_start for run in (first, last)}
    assert min(s for s, _ in found) == (max(start, first.start) if is_even[first] else first.start)
    assert max(e for _, e in found) == (min(end, last.end) if is_even[last] else last.end)
    for (_, before), (after, _) in pairwise(found):
        assert before <= after
    assert clean.source(min(s for s, _ in found), max(e for _, e in found)) == quotes


def test_what_is_not_in_the_clean_text_is_nowhere() -> None:
    clean = paginate("供体 \n 脑死亡")
    assert clean.locate(1, 2, 5) is None
    assert clean.locate(2, 0, 1) is None
    assert clean.locate(1, 0, 2) == (0, 2)
    assert clean.locate(1, 0, 99) == (0, 5)


# ---- every hit of the corpus -----------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 61], ids=["one page", "many pages"])
def test_every_passage_of_the_corpus_is_shown_where_it_stands(
    cascade: Cascade, glossary: Glossary, size: int
) -> None:
    shown = 0
    for name, body in sources.BODIES.items():
        clean = paginate(body, size)
        reader = Reader(Kept(clean), glossary)
        for hit in cascade.find_hits(PAPER, clean):
            passage = as_passage(hit)
            for blocks in (reader.show_paper(passage), reader.show_section(passage)):
                assert read(blocks) in clean.text, name
                assert read(blocks, "passage") == hit.passage, name
                assert_events(blocks, hit)
            assert read(reader.show_paper(passage)) == clean.text, name
            shown += 1
    assert shown > 25


def assert_events(blocks: Sequence[Block], hit: Hit) -> None:
    """Assert that the events of a hit are marked, with who they happen to."""
    marked = list_pieces(blocks, "event")
    told = {(e.kind, e.actor, e.polarity) for e in hit.events}
    assert {(piece.kind, piece.actor, piece.polarity) for piece in marked} <= told
    words = "".join(piece.text for piece in marked)
    assert [event.text for event in hit.events if event.text not in words] == []


# ---- one passage -----------------------------------------------------------------------------


def show(
    cascade: Cascade, glossary: Glossary, text: str, size: int = 0
) -> tuple[CleanText, dict[str, Any], Reader]:
    clean = paginate(text, size)
    hit = cascade.find_hits(PAPER, clean)[0]
    return clean, as_passage(hit), Reader(Kept(clean), glossary)


def test_events_are_marked_with_who_they_happen_to_and_words_glossed(
    cascade: Cascade, glossary: Glossary
) -> None:
    text = f"心脏移植1例\n1.2 供心切取 {TELLING}\n1.3 受者手术 受者行气管插管,接呼吸机。"
    _, passage, reader = show(cascade, glossary, text)
    blocks = reader.show_paper(passage)
    events = {piece.text: piece for piece in list_pieces(blocks, "event")}
    assert events["确认脑死亡"].actor == events["气管插管"].actor == "donor"
    assert events["气管插管"].kind == "intubation"
    assert events["气管插管"].gloss == "tracheal intubation"
    assert {piece.polarity for piece in events.values()} == {"reported"}
    # The recipient's intubation is no part of the passage: it has a gloss, and nothing more.
    glossed = list_pieces(blocks, "term")
    assert "气管插管" in [piece.text for piece in glossed]
    assert all(piece.gloss and not piece.actor for piece in glossed)
    assert all(len(piece.text) > 1 for piece in glossed)
    kinds = dict(reader.list_events(passage))
    assert set(kinds) == {event["kind"] for event in passage["events"]}
    assert all(kinds.values())


def test_headings_and_the_section_of_the_passage_are_found(
    cascade: Cascade, glossary: Glossary
) -> None:
    filling = "护士清点器械。" * 20
    text = (
        f"心脏移植\n1.1 一般资料 男性。\n1.2 供心切取 如下。{filling}{TELLING}\n1.3 受者手术 入室。"
    )
    clean, passage, reader = show(cascade, glossary, text)
    section = reader.show_section(passage)
    assert read(section).startswith("1.2供心切取")
    assert TELLING in read(section)
    assert "1.3" not in read(section)
    assert "1.1" not in read(section)
    headings = [read([block]) for block in reader.show_paper(passage) if block.kind == "heading"]
    assert [heading[:3] for heading in headings] == ["1.1", "1.2", "1.3"]
    assert read(reader.show_paper(passage)) == clean.text


def test_a_heading_within_the_passage_is_a_part_of_it(cascade: Cascade, glossary: Glossary) -> None:
    _, passage, reader = show(cascade, glossary, f"心脏移植1例\n1.2 供心切取 {TELLING}")
    assert passage["passage"].startswith("1.2供心切取")
    assert read(reader.show_section(passage), "passage") == passage["passage"]
    assert not read(reader.show_section(passage), "heading")


def test_a_passage_goes_on_on_the_next_page(cascade: Cascade, glossary: Glossary) -> None:
    text = f"心脏移植1例\n1.1 供心切取 {TELLING}受者取仰卧位,体外循环。"
    clean, passage, reader = show(cascade, glossary, text, size=30)
    assert passage["continued"]
    blocks = reader.show_section(passage)
    parts = [block for block in blocks if block.kind == "passage"]
    assert [block.page for block in parts][1:] == [2]
    assert read(blocks, "passage") == passage["passage"]
    pages = [block.page for block in reader.show_paper(passage) if block.page]
    assert pages == [page.number for page in clean.pages]


@pytest.mark.parametrize("before", [0, 100, 5000])
@pytest.mark.parametrize("after", [0, 100, 5000])
def test_of_a_very_long_section_what_is_near_is_shown(
    cascade: Cascade, glossary: Glossary, before: int, after: int
) -> None:
    text = f"{'受者入室。' * before}另一例。{TELLING}{'受者出室。' * after}"
    clean, passage, reader = show(cascade, glossary, text)
    shown = read(reader.show_section(passage))
    assert len(shown) <= 4000
    assert passage["passage"] in shown
    assert len(shown) > min(1900, len(clean.text) - 1)
    assert read(reader.show_paper(passage)) == clean.text


def test_of_a_very_long_passage_nothing_is_lost(glossary: Glossary) -> None:
    clean = paginate("供体脑死亡。" * 2000)
    passage = {
        "home": 0, "paper": PAPER, "page": 1, "start": 600, "end": 9600, "continued": [],
        "events": [], "passage": clean.text[600:9600], "context": "",
    }  # fmt: skip
    blocks = Reader(Kept(clean), glossary).show_section(passage)
    assert read(blocks) == read(blocks, "passage") == clean.text[600:9600]


def test_without_the_text_the_context_is_shown(cascade: Cascade, glossary: Glossary) -> None:
    clean, passage, _ = show(cascade, glossary, f"心脏移植1例。受者入室。{TELLING}受者出室。")
    for text in (None, paginate("")):
        reader = Reader(Kept(text), glossary)
        blocks = reader.show_section(passage)
        assert read(blocks) == passage["context"]
        assert read(blocks, "passage") == passage["passage"]
        assert not list_pieces(blocks, "event")
        assert list_pieces(blocks, "term")
        assert read(reader.show_paper(passage)) == ""
    assert passage["context"] in clean.text


@pytest.mark.parametrize(
    ("context", "words"), [("甲乙", "丁"), ("甲乙", ""), ("", ""), ("", "甲"), ("甲乙", "甲乙")]
)
def test_any_context_is_shown_whole(glossary: Glossary, context: str, words: str) -> None:
    passage = {"home": 0, "paper": PAPER, "context": context, "passage": words, "events": []}
    blocks = Reader(Kept(None), glossary).show_section(passage)
    assert read(blocks) == context


offsets = st.integers(0, 60)


@settings(max_examples=60)
@given(
    pages=st.lists(texts, min_size=1, max_size=3),
    places=st.lists(st.tuples(st.integers(1, 4), offsets, offsets), min_size=1),
)
def test_whatever_a_passage_says_of_its_place_the_text_is_whole(
    glossary: Glossary, pages: list[str], places: list[tuple[int, int, int]]
) -> None:
    """Places of another run of the study, and events that overlap, harm nothing."""
    clean = clean_pages([Page(PAPER, n, t, "text", 1.0) for n, t in enumerate(pages, start=1)])
    quotes = [{"page": page, "start": start, "end": end} for page, start, end in places]
    event = {"kind": "intubation", "actor": "donor", "polarity": "reported", "text": "插管"}
    passage: Mapping[str, Any] = {
        **quotes[0],
        "home": 0,
        "paper": PAPER,
        "continued": quotes[1:2],
        "events": [{**quote, **event} for quote in quotes],
        "passage": "供体",
        "context": "供体",
    }
    reader = Reader(Kept(clean), glossary)
    assert read(reader.show_paper(passage)) == clean.text
    section = read(reader.show_section(passage))
    assert section in clean.text or section == "供体"


def test_a_gloss_is_of_the_longest_word(glossary: Glossary) -> None:
    text = "脑死亡后气管插管"
    found = {text[start:end]: gloss for start, end, gloss in glossary.find(text)}
    assert set(found) >= {"脑死亡", "气管插管"}
    assert all(found.values())
    assert glossary.explain("no_such_kind") == "no such kind"


# ---- of a study ------------------------------------------------------------------------------


@pytest.mark.database
def test_texts_are_those_of_the_study_as_it_is(reviewed: MadeStudy, tmp_path: Path) -> None:
    with reviewed.database() as engine:
        passage = next(row for row in list_queue(engine) if row["file"].endswith("c.txt"))
    folder = tmp_path / "study"
    (folder / "text").mkdir(parents=True)
    (folder / "study.toml").write_text("", encoding="utf-8")
    shard = folder / "text" / "00000.parquet"
    texts = Texts(Study(reviewed.folder))
    clean = texts.find(passage["home"], passage["paper"])
    assert clean is not None
    assert passage["passage"] in clean.text
    assert texts.find(passage["home"], passage["paper"]) is clean
    assert texts.find(passage["home"], "0" * 64) is None
    assert texts.find(99, passage["paper"]) is None
    assert [page.number for page in texts.find_pages(0, passage["paper"])] == [1]
    assert texts.find_pages(99, passage["paper"]) == ()
    # Another run may write the shard anew, or lose it.
    other = Texts(Study(folder))
    assert other.find(0, passage["paper"]) is None
    shard.write_bytes((reviewed.folder / "text" / "00000.parquet").read_bytes())
    assert other.find(0, passage["paper"]) == clean
    shard.write_bytes(b"PAR1 damaged")
    os.utime(shard, ns=(1, 1))
    with pytest.raises(StudyError):
        other.find(0, passage["paper"])
    shard.unlink()
    assert other.find(0, passage["paper"]) is None
