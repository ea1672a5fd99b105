"""The sieve only saves work: with it the cascade finds what it finds without it."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screen.match.cascade import Cascade
from screen.match.events.sections import lay_out
from screen.match.lexicon import Lexicon
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


def is_worth_reading(whole: CleanText) -> bool:
    """Ask the sieve of the shipped pack, without its phrases."""
    exact = LEXICON.find(whole.text)
    terms = [*exact, *LEXICON.find_damaged(whole.text, exact)]
    return SIEVE.is_worth_reading(terms, lambda: lay_out(whole))


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
    if not is_worth_reading(whole):
        found = cascade().find_hits("paper", whole, sieved=False)
        assert all(match.rule.startswith("P-") for hit in found for match in hit.matches)


@pytest.mark.parametrize("name", BODIES)
def test_the_sieve_loses_nothing_of_the_corpus(name: str) -> None:
    whole = clean(BODIES[name])
    sieved = cascade().find_hits(name, whole, sieved=True)
    assert sieved == cascade().find_hits(name, whole, sieved=False)


@pytest.mark.parametrize(
    "text",
    [
        "患者因反复心悸入院，超声心动图示左室扩大，射血分数0.19。",
        "患者全麻，气管插管，正中开胸。",
        "1.1 供心切取：取心。1.2 受体手术：患者气管插管，正中开胸。",
        "供体取心。" + "患者术后恢复满意。" * 40 + "予气管插管。",
        "气管插管" + "，血压平稳" * 40 + "，供体取心。",
        "1.1 方法：气管插管。" + "血压平稳。" * 40 + "1.2 供体手术：取心。",
    ],
)
def test_a_text_without_a_donor_beside_its_trigger_is_not_worth_reading(text: str) -> None:
    assert not is_worth_reading(clean(text))


@pytest.mark.parametrize(
    "text",
    [
        "供体气管插管，正中开胸。",
        "行气臂插管的供体。",
        "供体" + "血压平稳" * 90 + "气管插管。",
        "供体取心。" + "血压平稳。" * 40 + "予气管插管。",
        "1.1 供体手术：" + "血压平稳。" * 90 + "予气管插管。",
        "一、供体手术：取心。1.1 方法：" + "血压平稳。" * 90 + "予气管插管。",
        "予气管插管，接麻醉机。" + "血压平稳。" * 12 + "切取后置于冰屑中。",
    ],
)
def test_a_donor_is_seen_wherever_the_reading_may_see_one(text: str) -> None:
    assert is_worth_reading(clean(text))


# ---- packs of other make ------------------------------------------------------------------------


TERMS: list[dict[str, Any]] = [
    {"kind": "tube", "role": "event", "trigger": True, "damaged": True, "spellings": ["插管术"]},
    {"kind": "hose", "role": "part", "trigger": True, "spellings": ["管"]},
    {"kind": "push", "role": "part", "spellings": ["置入"]},
    {"kind": "cut", "role": "event", "spellings": ["切开"]},
    {"kind": "death", "role": "event", "actor": "donor", "spellings": ["脑死亡"]},
    {"kind": "flight", "role": "event", "usually": "donor", "spellings": ["空运"]},
    {"kind": "donor", "role": "actor", "actor": "donor", "spellings": ["供体"]},
    {"kind": "donor_cue", "role": "cue", "actor": "donor", "spellings": ["供心", "冰"]},
    {"kind": "patient", "role": "actor", "usually": "recipient", "spellings": ["患者"]},
    {"kind": "recipient_cue", "role": "cue", "actor": "recipient", "spellings": ["转机", "机"]},
    {"kind": "animal", "role": "actor", "actor": "animal", "spellings": ["实验犬"]},
    {"kind": "living", "role": "actor", "actor": "living_donor", "spellings": ["亲属供者"]},
    {"kind": "human", "role": "cue", "undoes": ["animal"], "spellings": ["岁"]},
]
COMPOUND = {"kind": "tube", "part": "hose", "beside": ["push"], "within": 6, "scope": "clause"}


def pack_of(
    actors: tuple[str, ...], kinds: tuple[str, ...], scope: str = "section", order: str = "any"
) -> Pack:
    """Return a small pack whose one rule asks for these kinds of event of these actors."""
    steps = [{"kinds": [kind], "actors": actors} for kind in kinds]
    rule = {"id": "R-one", "criterion": "A", "gloss": "a tube", "weight": 0.5, "sequence": steps}
    return make_pack(TERMS, [COMPOUND | {"order": order}], [rule | {"scope": scope, "within": 30}])


@cache
def small_cascade(*wanted: Any) -> Cascade:
    return Cascade(pack_of(*wanted))


WHO = st.sampled_from(
    ["供体", "供体", "供心", "冰", "患者", "脑死亡", "脑死某", "实验犬", "亲属供者"]
)
HEADINGS = [
    "1.2 供体切取",
    "一、供体手术",
    "(一)实验犬手术",
    "1.2.1 患者手术",
    "2 方法",
    "参考文献",
]
HAPPENED = st.sampled_from(["插管术", "插某术", "置入管", "管置入", "空运", "脑死亡", "切开"])
# About as long as the distances that are asked for.
LENGTHS = st.sampled_from([0, 0, 1, 5, 7, 20, 55, 60, 62, 135, 140, 142, 255, 262, 400])
GAPS = st.tuples(st.sampled_from("某，。"), LENGTHS, st.sampled_from(["", "", "，", "。"]))


@st.composite
def stories(draw: st.DrawFn) -> str:
    """Draw a text in which somebody is named, spoken of in a heading, or hinted at about an event.

    Names and events alone would hardly ever stand as far from each other as a rule may reach.
    """
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        filler = [piece * length + end for piece, length, end in draw(st.lists(GAPS, max_size=2))]
        parts.append(
            "。" + draw(st.sampled_from(["", *HEADINGS])) + draw(st.sampled_from("：。，"))
        )
        parts += [*draw(st.lists(WHO, max_size=1)), *filler]
        parts += draw(st.lists(HAPPENED, min_size=1, max_size=3))
        filler = [piece * length + end for piece, length, end in draw(st.lists(GAPS, max_size=1))]
        parts += [*filler, *draw(st.lists(WHO, max_size=2))]
    return "".join(parts)


WANTED = st.sampled_from(
    [("donor",), ("donor", "unknown"), ("recipient",), ("animal",), ("living_donor", "recipient")]
)
ASKED = st.sampled_from(
    [
        (("tube",), "section", "any"),
        (("tube",), "section", "before"),
        (("tube", "cut"), "sentence", "after"),
        (("death", "tube"), "section", "any"),
        (("flight", "tube", "cut"), "clause", "any"),
    ]
)


@pytest.mark.slow(reason="many packs, each made ready anew")
@settings(max_examples=700)
@given(actors=WANTED, asked=ASKED, text=stories())
def test_the_sieve_loses_nothing_whatever_a_pack_asks_for(
    actors: tuple[str, ...], asked: tuple[tuple[str, ...], str, str], text: str
) -> None:
    small = small_cascade(actors, *asked)
    whole = clean(text)
    sieved = small.find_hits("paper", whole, sieved=True)
    assert sieved == small.find_hits("paper", whole, sieved=False)


@pytest.mark.parametrize(
    "text",
    [
        "供体{}插管术。",
        "供体切开。{}插管术。",
        "供体切开。{}管某某某某某某置入。",
        "供体切开。{}插某术。",
        "供心切开。{}插管术。",
        "插管术。{}供心。",
        "插管术{}供体。",
        "插管术。供心，飞机。{}",
        "1.2 供体切取：{}。插管术。",
        "一、供体手术。1.1 方法：{}。插管术。",
    ],
)
def test_the_sieve_loses_nothing_at_any_distance(text: str) -> None:
    small = small_cascade(("donor",), ("tube",), "section", "any")
    found = []
    for distance in range(300):
        whole = clean(text.format("某" * distance))
        hits = small.find_hits("paper", whole, sieved=False)
        assert small.find_hits("paper", whole) == hits
        found.append(bool(hits))
    assert any(found)


def test_a_term_that_usually_is_a_donors_makes_a_text_worth_reading() -> None:
    terms = [{"kind": "flight", "role": "event", "trigger": True, "usually": "donor"}]
    terms[0]["spellings"] = ["空运"]
    pack = pack_of(("donor",), ("flight",)).model_dump() | {"terms": terms, "compounds": []}
    whole = clean("用飞机空运。")
    assert Cascade(Pack.model_validate(pack)).find_hits("paper", whole)
