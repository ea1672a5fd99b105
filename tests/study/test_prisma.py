"""The boxes of PRISMA 2020: each is the sum of those that follow from it."""

from hypothesis import given
from hypothesis import strategies as st

from screen.study.copies.groups import Groups
from screen.study.prisma import INCLUDED, Known, follow_reports
from screen.study.verdicts import Judgements, Settled

NAMES = [f"p{n}" for n in range(12)]
names = st.sets(st.sampled_from(NAMES))
decisions = st.tuples(st.sampled_from(["record", "text"]), st.sampled_from(["animal", "infant"]))
settled = st.builds(
    Settled,
    code=st.sampled_from([None, 0, 1, 2]), disputed=st.booleans(), pending=st.booleans(),
    highest=st.just(0), reason=st.sampled_from(["", "animal"]), judged=st.just(1),
    round=st.just(1), first=st.just(1), last=st.just(1),
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(NAMES), decisions),
    names,
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["waiting", "screened", "unreadable"])),
    names,
    names,
    st.dictionaries(st.sampled_from(NAMES), settled),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_every_box_is_the_sum_of_those_that_follow(
    out: dict[str, tuple[str, str]],
    told: set[str],
    statuses: dict[str, str],
    flagged: set[str],
    cleared: set[str],
    judged: dict[str, Settled],
    originals: dict[str, str],
    more: int,
    unread: int,
) -> None:
    # Only a text that could be read can leave a paper out.
    out = {p: told for p, told in out.items() if told[0] == "record" or p in statuses}
    judgements = Judgements({}, judged, {}, len(judged))
    members = {own: tuple(p for p in NAMES if originals.get(p) == own) for own in NAMES}
    groups = Groups(originals, frozenset(), members, frozenset(flagged))
    known = Known(out, statuses, cleared, judgements, groups)
    boxes = follow_reports(told, len(told) + more, unread, known)
    assert boxes["identified"] == boxes["duplicates_removed"] + boxes["screened"]
    assert boxes["screened"] == boxes["excluded"] + boxes["sought"]
    kept = ("not_retrieved", "unreadable", "waiting", "assessed")
    assert boxes["sought"] == sum(boxes[name] for name in kept)
    ends = ("excluded_by_scope", "excluded_by_reviewers", "included")
    assert boxes["assessed"] == sum(boxes[name] for name in ends)
    assert boxes["included"] == sum(boxes[name] for name in INCLUDED)
    for name in ("excluded", "excluded_by_scope", "excluded_by_reviewers"):
        assert boxes[name] == sum(boxes[f"{name}_by_reason"].values())
    assert min(n for n in boxes.values() if isinstance(n, int)) >= 0
