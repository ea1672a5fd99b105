"""The reason of a match in words: its events, how they follow, and what was not found."""

from functools import cache
from typing import Any

import pytest

from screen.match.criteria import match_rules
from tests.match.events.reading import Reading, make_pack

END = "no ventilation before; criterion A"
BARS = (
    {"kinds": ["vent"], "where": "before", "says": "no ventilation before"},
    {"kinds": ["vent"], "where": "between", "says": "no ventilation before"},
    {"kinds": ["cut"], "where": "after"},
)


@cache
def small(criterion: str | None = "A") -> Reading:
    words = {"宣告": "death", "气管插管": "tube", "通气": "vent"}
    terms: list[dict[str, Any]] = [
        {"kind": kind, "role": "event", "spellings": [word], "damaged": True}
        for word, kind in words.items()
    ]
    terms += [
        {"kind": "donor", "role": "actor", "actor": "donor", "spellings": ["供体"]},
        {"kind": "advice", "role": "polarity", "polarity": "advised", "spellings": ["必须"]},
    ]
    steps = [{"kinds": ["death"]}, {"kinds": ["tube"], "polarity": ["reported", "advised"]}]
    rule = {"id": "R-one", "gloss": "g", "sequence": steps}
    bars = {"criterion": "A", "without": BARS} if criterion else {}
    return Reading(make_pack(terms, rules=[rule | bars]))


def explain(text: str, criterion: str | None = "A") -> list[str]:
    reading = small(criterion)
    account = reading.account(text)
    matches = match_rules(reading.pack, account.events, account.layout)
    return [match.explain(text) for match in matches]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "供体宣告后立即气管插管。",
            f'death(donor) "宣告" -> tube(donor) "气管插管" 3 characters later; {END}',
        ),
        (
            "供体宣告后,气臂插管。",
            'death(donor) "宣告" -> tube(donor) "气臂插管" read as 气管插管 2 characters later; '
            f"{END}",
        ),
        (
            "供体宣告后必须气管插管。",
            f'death(donor) "宣告" -> tube(donor) "气管插管" [advised] 3 characters later; {END}',
        ),
        (
            "供体宣告同时气管插管。",
            f'death(donor) "宣告" -> tube(donor) "气管插管" at the same time; {END}',
        ),
        (
            "供体气管插管在宣告后进行。",
            'death(donor) "宣告" -> tube(donor) "气管插管" told 1 characters earlier, but as what '
            f"came after; {END}",
        ),
    ],
)
def test_the_reason_tells_the_events_their_order_and_what_was_not_found(
    text: str, reason: str
) -> None:
    assert explain(text) == [reason]


def test_there_is_no_reason_where_a_bar_forbids_the_rule() -> None:
    assert explain("供体通气,宣告后立即气管插管。") == []


def test_what_several_bars_say_alike_is_said_once_and_silent_bars_say_nothing() -> None:
    (reason,) = explain("供体宣告后立即气管插管。")
    assert reason.count("no ventilation before") == 1
    assert "cut" not in reason


def test_the_reason_of_a_lead_names_no_criterion() -> None:
    assert explain("供体宣告,气管插管。", None) == [
        'death(donor) "宣告" -> tube(donor) "气管插管" 1 character later; no criterion'
    ]
