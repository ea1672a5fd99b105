"""One paper with what was read in it: nothing lost, nothing made up, nothing run."""

from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.findings.explain import Explanation, explain, render_page
from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.text.normalise import clean_pages
from screen.types import Page
from tests.sources import BODIES, SENTENCES

PASSAGE = "1.2 供心切取。供体脑死亡后立即气管插管，接呼吸机，开胸。"


@cache
def cascade() -> Cascade:
    return Cascade(load_pack(find_pack("brain-death")))


def show(*texts: str, page: int | None = None) -> Explanation:
    pages = [Page("sha", number, text, "text", 1.0) for number, text in enumerate(texts, start=1)]
    clean = clean_pages(pages)
    return explain("a.txt", clean, cascade().analyse("sha", clean), cascade().pack, (), page)


def words(explanation: Explanation) -> str:
    return "".join(piece.text for block in explanation.blocks for piece in block.pieces)


@given(st.lists(st.sampled_from([*SENTENCES, PASSAGE]), max_size=8).map("".join))
def test_the_blocks_hold_the_whole_clean_text_in_order(text: str) -> None:
    assert words(show(text)) == clean_pages([Page("sha", 1, text, "text", 1.0)]).text


@pytest.mark.parametrize("name", sorted(BODIES)[:12])
def test_every_hit_of_a_paper_is_one_block(name: str) -> None:
    explanation = show(BODIES[name])
    shown = [block for block in explanation.blocks if block.hit is not None]
    assert [block.hit for block in shown] == list(explanation.hits)
    for block in shown:
        assert block.hit is not None
        assert "".join(piece.text for piece in block.pieces) == block.hit.passage


def test_events_are_marked_with_gloss_actor_and_order() -> None:
    (block,) = [block for block in show(PASSAGE).blocks if block.hit]
    marks = {piece.text: piece.mark for piece in block.pieces if piece.mark}
    tube = marks["气管插管"]
    assert tube is not None
    assert (tube.role, tube.gloss, tube.actor) == ("event", "tracheal intubation", "donor")
    steps = [mark.step for mark in marks.values() if mark and mark.step]
    assert steps == sorted(steps)
    assert steps[0] == 1


def test_events_told_out_of_order_are_numbered_as_they_happened() -> None:
    (block,) = [b for b in show("供体手术：气管插管于宣布脑死亡后进行，随即开胸。").blocks if b.hit]
    steps = {piece.text: piece.mark.step for piece in block.pieces if piece.mark}
    assert steps["宣布脑死亡"] == 1
    assert steps["气管插管"] == 2


def test_one_page_shows_what_touches_it() -> None:
    texts = ("一、资料。供体男性。待供体脑死亡后立即气", "管插管，开胸。", "三、讨论。术后恢复好。")
    assert "术后恢复好" not in words(show(*texts, page=1))
    assert "气管插管" in words(show(*texts, page=1))
    assert "气管插管" in words(show(*texts, page=2))
    assert words(show(*texts, page=3)).endswith("术后恢复好。")
    assert "气管插管" not in words(show(*texts, page=3))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_holds_the_text_and_runs_and_loads_nothing() -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    parser = _Tags()
    parser.feed(render_page(show(hostile + PASSAGE + "</mark></div><b onclick=x>")))
    assert not parser.tags & {"script", "img", "link", "iframe", "object"}
    assert "<script>alert(1)</script>" in parser.text.replace(" ", "")
    assert "criterion A" in parser.text


def test_a_paper_with_nothing_in_it_is_a_page_all_the_same() -> None:
    assert "0 passages" in " ".join(render_page(show("Hello.")).split())
