"""The sieve only saves work: with it the cascade finds what it finds without it."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screen.match.cascade import Cascade
from screen.match.lexicon import Lexicon, TermMatch
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Pack, Term, expand
from screen.match.sieve import Sieve
from screen.text.normalise import clean_pages
from screen.text.tokens import Segmenter
from screen.types import CleanText, Page
from tests.match.events.reading import make_pack
from tests.sources import BODIES, SENTENCES

PACK = load_pack(find_pack("brain-death"))
SLIPS = str.maketrans("插供脑死呼术开未入氧后", "捅拱恼夗乎木幵末人氣厉")


SIEVE = Sieve(PACK)
LEXICON = Lexicon(PACK, Segmenter().is_word)


def find_all(text: str) -> list[TermMatch]:
    """Return the terms of a text, unharmed ones and those that may be damaged."""
    exact = LEXICON.find(text)
    return [*exact, *LEXICON.find_damaged(text, exact)]


@cache
def cascade() -> Cascade:
    return Cascade(PACK)


def first_spellings(keep: Callable[[Term], bool]) -> list[str]:
    """Return some spellings of every kept term, the first of each way to write it."""
    return [
        next(iter(expand(spelling)))
        for term in PACK.terms
        if keep(term)
        for spelling in term.spellings
    ]


TRIGGERS = first_spellings(lambda term: term.trigger)
OTHERS = first_spellings(lambda term: not term.trigger)
PHRASES = [phrase.text for phrase in PACK.phrases]
FILLER = ["血压平稳，循环满意。", "1.2 供心切取：", "（2）受体手术：", *"。，\n后前未"]

pieces = st.one_of(
    st.sampled_from(SENTENCES),
    st.sampled_from(TRIGGERS),
    st.sampled_from(OTHERS),
    st.sampled_from(PHRASES),
    st.sampled_from(FILLER),
)


@st.composite
def damaged(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """Draw a text and do to it what scanners and converters do."""
    characters = list(draw(texts))
    for _ in range(draw(st.integers(0, 6))):
        if not characters:
            break
        place = draw(st.integers(0, len(characters) - 1))
        kind = draw(st.sampled_from(["drop", "double", "slip", "space", "break", "noise"]))
        old = characters[place]
        characters[place] = {
            "drop": "",
            "double": old * 2,
            "slip": old.translate(SLIPS),
            "space": f"{old} ",
            "break": f"{old}\n",
            "noise": draw(st.sampled_from("鑫。1(，")),
        }[kind]
    return "".join(characters)


texts = damaged(st.lists(pieces, max_size=8).map("".join))


def clean(text: str) -> CleanText:
    return clean_pages([Page("paper", 1, text, "text", 1.0)])


@settings(max_examples=400)
@given(texts)
def test_the_sieve_loses_nothing(text: str) -> None:
    whole = clean(text)
    sieved = cascade().find_hits("paper", whole, sieved=True)
    assert sieved == cascade().find_hits("paper", whole, sieved=False)


@given(damaged(st.lists(st.sampled_from(OTHERS + PHRASES + FILLER), max_size=10).map("".join)))
def test_a_text_that_the_sieve_passes_over_has_no_hits(text: str) -> None:
    whole = clean(text)
    if not SIEVE.is_worth_reading(find_all(whole.text)):
        found = cascade().find_hits("paper", whole, sieved=False)
        assert all(match.rule.startswith("P-") for hit in found for match in hit.matches)


@pytest.mark.parametrize("name", BODIES)
def test_the_sieve_loses_nothing_of_the_corpus(name: str) -> None:
    whole = clean(BODIES[name])
    sieved = cascade().find_hits(name, whole, sieved=True)
    assert sieved == cascade().find_hits(name, whole, sieved=False)


def test_a_text_about_something_else_is_not_worth_reading() -> None:
    terms = find_all("患者因反复心悸入院，超声心动图示左室扩大，射血分数0.19。")
    assert not SIEVE.is_worth_reading(terms)


# ---- packs of other make ------------------------------------------------------------------------


def pack_of(actors: tuple[str, ...], kinds: tuple[str, ...]) -> Pack:
    """Return a small pack whose one rule asks for these kinds of event of these actors."""
    steps = [{"kinds": [kind], "actors": actors} for kind in kinds]
    rule = {"id": "R-one", "criterion": "A", "gloss": "a tube", "weight": 0.5, "sequence": steps}
    terms: list[dict[str, Any]] = [
        {"kind": "tube", "role": "event", "trigger": True, "spellings": ["插管"]},
        {"kind": "cut", "role": "event", "spellings": ["切开"]},
        {"kind": "donor", "role": "actor", "actor": "donor", "spellings": ["供体"]},
        {"kind": "donor_cue", "role": "cue", "actor": "donor", "spellings": ["供心"]},
        {"kind": "patient", "role": "actor", "actor": "recipient", "spellings": ["患者"]},
    ]
    return make_pack(terms, rules=[rule])


@cache
def small_cascade(actors: tuple[str, ...], kinds: tuple[str, ...]) -> Cascade:
    return Cascade(pack_of(actors, kinds))


words = st.sampled_from(["插管", "切开", "供体", "供心", "患者", "。", "，无关"])


@pytest.mark.parametrize("actors", [("donor",), ("donor", "unknown"), ("recipient",)])
@pytest.mark.parametrize("kinds", [("tube",), ("tube", "cut"), ("cut", "tube")])
@given(text=st.lists(words, max_size=12).map("".join))
def test_the_sieve_loses_nothing_whoever_a_pack_asks_for(
    actors: tuple[str, ...], kinds: tuple[str, ...], text: str
) -> None:
    small = small_cascade(actors, kinds)
    whole = clean(text)
    sieved = small.find_hits("paper", whole, sieved=True)
    assert sieved == small.find_hits("paper", whole, sieved=False)


def test_a_term_that_usually_is_a_donors_makes_a_text_worth_reading() -> None:
    terms = [{"kind": "flight", "role": "event", "trigger": True, "usually": "donor"}]
    terms[0]["spellings"] = ["空运"]
    pack = pack_of(("donor",), ("flight",)).model_dump() | {"terms": terms}
    whole = clean("用飞机空运。")
    assert Cascade(Pack.model_validate(pack)).find_hits("paper", whole)
