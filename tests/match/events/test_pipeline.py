"""The pipeline reads every text for itself, and its components find what they need."""

from functools import cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from screen.match.events.pipeline import Account
from tests.match.events.reading import Reading, as_clean, make_pack, shipped
from tests.sources import SENTENCES

PIECES = [
    *SENTENCES,
    "供体脑死亡后立即气管插管，接呼吸机，正中开胸。",
    "供體行氣臂插管。",
    "供犬3只，受犬3只，气管插管。",
    "亲属供肾者1例。",
    "1.2 供心切取：仰卧。",
    "1.3 受体手术：全麻。",
    "国外文献报道开胸前气管插管。",
]
texts = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
TUBE = {"kind": "tube", "role": "event", "spellings": ["气管插管"]}
DONOR = {"kind": "donor", "role": "actor", "actor": "donor", "spellings": ["供体"]}

witnessed: list[tuple[str, list[str]]] = []


@Language.component("witness")
def witness(doc: Doc) -> Doc:
    """Keep what a document holds once all other components are through with it."""
    witnessed.append((doc.text, [span.text for span in doc.spans["sections"]]))
    return doc


@cache
def witnessing() -> Reading:
    reading = Reading(make_pack([TUBE, DONOR]))
    reading.reader.nlp.add_pipe("witness")
    return reading


@cache
def other() -> Reading:
    """Return another reader of the shipped pack, which has read nothing but what it is given."""
    return Reading(shipped().pack)


# ---- components ------------------------------------------------------------------------------


def test_the_components_come_in_their_order() -> None:
    assert shipped().reader.nlp.pipe_names == ["sections", "terms", "actors", "polarity", "order"]


def test_every_component_finds_what_an_earlier_one_left() -> None:
    analysis = shipped().reader.nlp.analyze_pipes()
    assert analysis is not None
    assert not any(analysis["problems"].values())


@given(texts)
def test_the_document_holds_the_clean_text(text: str) -> None:
    witnessing().account(text)
    assert witnessed[-1][0] == as_clean(text).text


@given(texts)
def test_the_sections_of_the_document_tile_it(text: str) -> None:
    witnessing().account(text)
    whole, sections = witnessed[-1]
    assert "".join(sections) == whole


def test_the_sections_of_the_document_are_those_of_the_text() -> None:
    account = witnessing().account("随访。1.2 供心切取：仰卧。1.3 受体手术：全麻。")
    _, sections = witnessed[-1]
    assert sections == ["随访。", "1.2供心切取:仰卧。", "1.3受体手术:全麻。"]
    assert len(account.layout.sections) == len(sections)


# ---- accounts --------------------------------------------------------------------------------


@given(texts)
def test_events_stand_in_the_order_of_the_text_in_their_clause(text: str) -> None:
    account = shipped().account(text)
    places = [(event.start, event.end) for event in account.events]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(as_clean(text).text) for start, end in places)
    for event in account.events:
        assert event.clause == account.layout.clause(event.start)


@given(texts)
def test_mentions_do_not_overlap_and_every_event_is_told_by_one(text: str) -> None:
    account = shipped().account(text)
    for one, following in pairwise(account.mentions):
        assert one.end <= following.start
    told = [
        (kind, mention.start, mention.end, mention.actor, mention.polarity, mention.order)
        for mention in account.mentions
        for kind in mention.kinds
    ]
    assert told == [
        (event.kind, event.start, event.end, event.actor, event.polarity, event.order)
        for event in account.events
    ]


def test_an_event_carries_all_that_was_found_out_about_it() -> None:
    death, tube = shipped().events(
        "受体入室。供体脑死亡后应立即气臂插管。", "brain_death", "intubation"
    )
    assert (death.actor, death.polarity, death.read_as) == ("donor", "reported", "")
    assert (tube.actor, tube.polarity, tube.read_as) == ("donor", "advised", "气管插管")
    assert death.clause == tube.clause == 1
    assert death.order < tube.order


@pytest.mark.parametrize("text", ["", "。", " \n", "血压平稳。"])
def test_a_text_that_tells_nothing_has_no_events(text: str) -> None:
    account = shipped().account(text)
    assert (account.mentions, account.events) == ((), ())
    assert len(account.layout.sections) == 1


# ---- memory ----------------------------------------------------------------------------------


@given(st.lists(texts, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_texts_are_read_the_same_in_any_order(several: list[str], random: Random) -> None:
    once = [shipped().account(text) for text in several]
    order = list(range(len(several)))
    random.shuffle(order)
    again: dict[int, Account] = {index: shipped().account(several[index]) for index in order}
    assert [again[index] for index in range(len(several))] == once


@pytest.mark.parametrize(
    "between",
    [
        "供犬3只，受犬3只。" * 9,
        "亲属供肾者1例。活体供肾。" * 9,
        "1.3 受体手术：全麻。",
        "国外文献报道，若",
        "",
    ],
)
def test_a_text_between_two_readings_of_another_leaves_no_trace(between: str) -> None:
    text = "供体脑死亡后气管插管，开胸前行消毒。1.2 供心切取：仰卧，气臂插管。"
    before = shipped().account(text)
    shipped().account(between)
    assert shipped().account(text) == before


@given(texts)
def test_a_reader_that_has_read_other_texts_reads_as_a_new_one(text: str) -> None:
    assert shipped().account(text) == other().account(text)


def test_an_account_outlasts_the_document_it_came_from() -> None:
    account = shipped().account("供体脑死亡后气管插管。")
    for text in SENTENCES[:20]:
        shipped().account(text)
    assert account == other().account("供体脑死亡后气管插管。")


def test_readers_of_two_packs_do_not_mix_their_words() -> None:
    other_words = [TUBE | {"kind": "other", "spellings": ["龘管"]}, DONOR]
    one, two = Reading(make_pack([TUBE, DONOR])), Reading(make_pack(other_words))
    text = "供体气管插管,龘管。"
    assert one.kinds(text) == ["donor", "tube"]
    assert two.kinds(text) == ["donor", "other"]
    assert one.kinds(text) == ["donor", "tube"]
    assert two.reader.is_word("龘管")
    assert not one.reader.is_word("龘管")
