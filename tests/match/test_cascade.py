"""Hits: what they quote, who does what in them, and what speaks against them."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Pack
from screen.text.normalise import clean_pages
from screen.types import Evidence, Hit, Page
from tests.sources import BODIES, SENTENCES

PASSAGE = "供体脑死亡后立即气管插管，接呼吸机。"
ODD_PASSAGE = "供體腦死亡後　氣管 揷管，㈠開胸４㎝。"
# Words about nobody in particular, longer than a name is carried.
FILLER = "血压平稳，循环满意，尿量正常。" * 25


@cache
def pack() -> Pack:
    return load_pack(find_pack("brain-death"))


@cache
def cascade() -> Cascade:
    return Cascade(pack())


def paginate(*texts: str) -> list[Page]:
    return [Page("sha", number, text, "text", 1.0) for number, text in enumerate(texts, start=1)]


def hits(*texts: str) -> list[Hit]:
    return list(cascade().find_hits("sha", clean_pages(paginate(*texts))))


def code(*texts: str) -> int:
    return max((hit.code for hit in hits(*texts)), default=0)


def events(kind: str, *texts: str) -> list[Evidence]:
    return [event for hit in hits(*texts) for event in hit.events if event.kind == kind]


def actors(kind: str, *texts: str) -> list[str]:
    return [event.actor for event in events(kind, *texts)]


def check_places(pages: Sequence[Page], found: Sequence[Hit]) -> None:
    """Assert that everything in the hits stands where they say it does."""
    texts = {page.number: page.text for page in pages}
    for hit in found:
        assert texts[hit.page][hit.start : hit.end] == hit.quote
        for quote in hit.continued:
            assert texts[quote.page][quote.start : quote.end] == quote.text
        numbers = [hit.page, *(quote.page for quote in hit.continued)]
        assert numbers == sorted(set(numbers))
        for event in (*hit.events, *hit.mitigating):
            assert 0 <= event.start < event.end <= len(texts[event.page])
            assert hit.passage in hit.context


# ---- places ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BODIES)
def test_every_hit_of_the_corpus_is_quoted_verbatim(name: str) -> None:
    pages = paginate(BODIES[name])
    check_places(pages, cascade().find_hits(name, clean_pages(pages)))


def test_the_corpus_has_hits_of_every_code() -> None:
    assert {hit.code for body in BODIES.values() for hit in hits(body)} == {0, 1, 2}


@given(
    st.lists(st.sampled_from([*SENTENCES, PASSAGE, ODD_PASSAGE]), min_size=1),
    st.data(),
)
def test_hits_are_quoted_verbatim_wherever_pages_break_and_spaces_stand(
    sentences: list[str], data: st.DataObject
) -> None:
    text = "".join(sentences)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    gap = data.draw(st.sampled_from(["", " ", "\n"]))
    pages = paginate(*(gap.join(part) for part in parts))
    check_places(pages, cascade().find_hits("sha", clean_pages(pages)))


def test_hits_come_in_the_order_of_the_text_and_do_not_overlap() -> None:
    found = hits(PASSAGE + FILLER + "供者气管插管，消毒铺巾，正中开胸。" + FILLER, PASSAGE)
    places = [(hit.page, hit.start, hit.end) for hit in found]
    assert len(places) >= 3
    assert places == sorted(places)
    for one, other in pairwise(places):
        assert one[0] < other[0] or one[2] <= other[1]


def test_a_hit_that_crosses_a_page_break_goes_on_on_the_next_page() -> None:
    (hit,) = hits("待确认供体脑死亡后立即气", "管插管，接呼吸机，正中开胸。")
    assert (hit.page, hit.quote) == (1, "待确认供体脑死亡后立即气")
    assert [(quote.page, quote.start, quote.text) for quote in hit.continued] == [
        (2, 0, "管插管，接呼吸机，正中开胸。")
    ]
    assert hit.code == 2


def test_a_hit_on_one_page_goes_on_nowhere() -> None:
    (hit,) = hits(PASSAGE)
    assert (hit.quote, hit.continued) == (PASSAGE, ())


def test_a_hit_keeps_the_damage_of_the_page_in_its_quote_and_not_in_its_passage() -> None:
    (hit,) = hits("供 体 腦 死 亡 後\n立即 氣管揷管，肝素３㎎。")
    assert hit.quote == "供 体 腦 死 亡 後\n立即 氣管揷管，肝素３㎎。"
    assert hit.passage == "供体脑死亡后立即气管插管,肝素3mg。"


def test_a_running_head_inside_a_passage_does_not_hide_it() -> None:
    pages = (
        "中华仿制外科杂志 1998年第3期\n供心切取：供体脑死亡\n· 12 ·",
        "中华仿制外科杂志 1998年第3期\n后立即气管插管，接呼吸机。\n· 13 ·",
    )
    (hit,) = hits(*pages)
    assert hit.code == 2
    assert [quote.page for quote in hit.continued] == [2]


# ---- identity --------------------------------------------------------------------------------


def with_other_rules(*, weight: float) -> Pack:
    rules = tuple(
        rule.model_copy(update={"id": f"Z-{index}", "weight": weight})
        for index, rule in enumerate(reversed(pack().rules))
    )
    return pack().model_copy(update={"rules": rules})


@pytest.mark.parametrize("weight", [0.01, 1.0])
def test_hit_ids_do_not_depend_on_the_ids_order_and_weights_of_rules(weight: float) -> None:
    other = Cascade(with_other_rules(weight=weight))
    for name, body in BODIES.items():
        clean = clean_pages(paginate(body))
        mine, theirs = cascade().find_hits(name, clean), other.find_hits(name, clean)
        assert [hit.id for hit in mine] == [hit.id for hit in theirs]
        assert [(hit.code, hit.criteria) for hit in mine] == [
            (hit.code, hit.criteria) for hit in theirs
        ]


def test_hit_ids_differ_between_papers_pages_and_places() -> None:
    clean = clean_pages(paginate(PASSAGE + FILLER + PASSAGE, PASSAGE + "随访。"))
    found = [hit for paper in ("one", "two") for hit in cascade().find_hits(paper, clean)]
    assert len({hit.id for hit in found}) == len(found) == 6


def test_a_cascade_remembers_nothing_of_the_paper_before() -> None:
    before = hits(PASSAGE)
    hits("供犬3只。受犬3只。实验动物麻醉后气管插管，切取供心。")
    assert hits(PASSAGE) == before


# ---- who -------------------------------------------------------------------------------------


def test_who_is_named_in_the_sentence_is_who_it_happens_to() -> None:
    assert actors("intubation", "患者全麻。供体脑死亡后立即气管插管。") == ["donor"]
    assert code("供体脑死亡。受体全麻后气管插管，正中开胸。") == 0
    assert code("供体脑死亡后，受体全麻气管插管，体外循环。") == 0


def test_who_is_named_right_after_counts_where_nobody_was_named_before() -> None:
    assert code("气管插管供体后消毒铺巾，正中开胸。") == 2
    assert code("气管插管受体后消毒铺巾，正中开胸。") == 0


def test_who_was_named_in_an_earlier_sentence_is_carried_on() -> None:
    assert actors("intubation", "供体仰卧。血压平稳。气管插管，消毒铺巾，正中开胸。") == ["donor"]
    assert code("受体仰卧。血压平稳。气管插管，消毒铺巾，正中开胸。") == 0


def test_the_last_one_named_is_carried_on() -> None:
    assert code("供体仰卧。受体入室。气管插管，消毒铺巾，正中开胸。") == 0
    assert code("受体仰卧。供体入室。气管插管，消毒铺巾，正中开胸。") == 2


def test_nobody_is_carried_into_another_section() -> None:
    text = "1.1 供体手术 供体入室。1.2 受体手术 仰卧，气管插管，消毒铺巾，正中开胸。"
    assert code(text) == 0


@pytest.mark.parametrize(
    "heading", ["1.2 供体手术：", "一、供体：", "1.2 供心切取：", "（二）供肺获取："]
)
def test_a_heading_names_who_where_the_text_leaves_it_out(heading: str) -> None:
    text = f"随访6个月。{heading}{FILLER}仰卧位，气管插管，消毒铺巾，正中开胸。"
    assert set(actors("intubation", text)) == {"donor"}
    assert code(text) == 2


@pytest.mark.parametrize("heading", ["1.3 受体手术：", "三、受者手术："])
def test_a_heading_of_the_recipient_does_so_too(heading: str) -> None:
    assert code(f"随访6个月。{heading}{FILLER}仰卧位，气管插管，消毒铺巾，正中开胸。") == 0


def test_a_heading_at_the_very_start_of_a_text_names_who_too() -> None:
    text = f"1.2 供体手术：{FILLER}仰卧位，气管插管，消毒铺巾，正中开胸。"
    assert set(actors("intubation", text)) == {"donor"}


def test_a_heading_above_names_who_where_the_heading_itself_does_not() -> None:
    text = f"随访。1.2 供体手术：1.2.1 麻醉方法：{FILLER}仰卧，气管插管，消毒铺巾，正中开胸。"
    assert set(actors("intubation", text)) == {"donor"}


def test_animals_and_living_donors_are_not_the_donors_of_the_question() -> None:
    assert code("供犬3只，受犬3只。供体脑死亡后气管插管，正中开胸。") == 0
    assert code("亲属活体供体全麻后气管插管，正中开胸，切取肺叶。") == 0


# ---- how it is said ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "供体脑死亡后未行气管插管。",
        "若供体脑死亡后立即气管插管，则不合格。",
        "国外文献报道供体脑死亡后立即气管插管。",
        "供体脑死亡后应立即气管插管。",
    ],
)
def test_what_is_denied_supposed_quoted_or_advised_meets_no_criterion(text: str) -> None:
    assert code(text) == 0


def test_a_negation_reaches_no_further_than_its_clause() -> None:
    assert code("供体脑死亡后未用药物，立即气管插管，接呼吸机。") == 2


@pytest.mark.parametrize(
    "text",
    [
        "供体脑死亡之前已气管插管。",
        "供体在宣布脑死亡前行气管插管，接呼吸机。",
        "供体在脑死亡诊断以前气管插管。",
    ],
)
def test_an_intubation_before_the_declaration_meets_no_criterion(text: str) -> None:
    assert code(text) == 0


def test_an_intubation_named_first_and_said_to_come_after_meets_one() -> None:
    assert code("供体气管插管于脑死亡之后。") == 2
    assert code("供体气管插管于脑死亡之前。") == 0


# ---- what speaks against it ----------------------------------------------------------------------


def test_mitigating_signs_anywhere_in_the_paper_are_attached_with_their_place() -> None:
    pages = (
        "一、供体。自主呼吸激发试验阳性，家属签署知情同意书。",
        "二、手术。供体脑死亡后立即气管插管。",
    )
    (hit,) = hits(*pages)
    assert hit.page == 2
    signs = {sign.kind: sign for sign in hit.mitigating}
    assert {"apnea_test", "consent"} <= set(signs)
    test = signs["apnea_test"]
    assert pages[test.page - 1][test.start : test.end] == test.text == "自主呼吸激发试验"


def test_mitigating_signs_lower_the_score_the_more_the_nearer_and_never_hide_the_hit() -> None:
    sign, passage = "自主呼吸激发试验阳性。", "供体脑死亡后立即气管插管。"
    (alone,) = hits(f"一、手术。{passage}")
    (far,) = hits(f"一、供体。{sign}二、手术。{passage}")
    (near,) = hits(f"二、手术。{sign}{FILLER}{passage}")
    assert alone.mitigating == ()
    assert alone.score > far.score > near.score > 0
    assert alone.code == far.code == near.code == 2


def test_a_sign_of_the_recipient_is_none() -> None:
    (hit,) = hits("受体转入ICU，呼吸机维持2天。1.2 供体手术：供体脑死亡后立即气管插管。")
    assert hit.mitigating == ()


@pytest.mark.parametrize(
    "words", ["呼吸机维持下", "呼吸机支持下", "呼吸机治疗第3天", "呼吸机维持呼吸中", "呼吸机依赖"]
)
def test_a_donor_on_a_ventilator_before_the_declaration_is_a_mitigating_sign(words: str) -> None:
    (hit,) = hits(f"供体{words}，转来我院。{FILLER}供体脑死亡后立即气管插管。")
    assert "ventilated_before" in {sign.kind for sign in hit.mitigating}


# ---- damage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "供 体 脑 死 亡 后 立 即 气 管 插 管",
        "供体脑死亡后立即气\n管插管",
        "供體腦死亡後立即氣管揷管",
        "供体脑死亡后立即气管插管".replace("后", "后［１］"),
        "供体脑死亡(C)1994-2021 China Academic Journal Electronic Publishing House. "
        "All rights reserved.后立即气管插管",
        "供体脑死亡后立即气臂捅管",
    ],
)
def test_damage_does_not_hide_a_passage(text: str) -> None:
    assert code(f"1.2 供心切取。{text}，循环平稳。") == 2


def test_a_damaged_passage_is_found_though_its_intact_wording_is_quoted_just_before() -> None:
    damaged = "我院供体脑死亡后立即气臂捅管"
    assert code(f"{damaged}。") == 2
    assert code(f"国外文献报道供体脑死亡后立即气管插管。{damaged}。") == 2


# ---- what a hit says -----------------------------------------------------------------------------


@given(st.lists(st.sampled_from([*SENTENCES, PASSAGE]), max_size=12).map("".join))
def test_scores_and_codes_keep_their_bounds_and_criteria_their_codes(text: str) -> None:
    book = pack().manifest.criteria
    for hit in hits(text):
        assert 0 <= hit.score <= 1
        assert hit.code == max((book[name].code for name in hit.criteria), default=0)
        assert hit.reason
        assert hit.matches


def test_the_reason_names_events_their_words_and_the_criterion() -> None:
    (hit,) = hits(PASSAGE)
    for words in ("脑死亡", "气管插管", "donor", "criterion A"):
        assert words in hit.reason


def test_supporting_criteria_add_to_a_hit_and_never_make_one() -> None:
    (hit,) = hits("供体脑死亡后立即气管插管，肌注肝素，建立静脉通道。")
    assert "E" in hit.criteria
    assert [hit for hit in hits("供体肌注肝素，建立静脉通道。") if hit.criteria] == []


def test_a_text_without_anything_to_find_has_no_hits() -> None:
    assert hits() == []
    assert hits("") == []
    assert hits(FILLER) == []


@pytest.mark.parametrize(
    "text",
    [
        "国外文献报道供体脑死亡后立即气管插管。",
        "若供体无自主呼吸,可行气管插管。",
        "供体脑死亡后未行气管插管。",
        "供体已行机械通气3d,脑死亡后迅速建立人工呼吸,用麻醉机维持呼吸。",
    ],
)
def test_what_is_quoted_hypothetical_negated_or_barred_stays_in_the_queue(text: str) -> None:
    found = hits(text)
    assert found
    assert {(hit.code, hit.criteria) for hit in found} == {(0, ())}


@pytest.mark.parametrize(
    "text",
    [
        "参照国外方法,供体脑死亡后立即气管插管,正中开胸。",
        "供者未婚男性,脑死亡后气管插管,正中开胸。",
        "供体肺顺应性良好,脑死亡后立即气管插管,正中开胸。",
        "供体脑死亡后不能自主呼吸立即行气管插管,正中开胸。",
    ],
)
def test_words_that_only_look_like_doubt_do_not_weaken_a_report(text: str) -> None:
    assert code(text) == 2
