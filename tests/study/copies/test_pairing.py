"""Papers that may be copies are found among many: all of them, in linear time and little room."""

import random
from itertools import combinations
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screen.study.contents import write_signatures
from screen.study.copies.kernels import find_shared
from screen.study.copies.likeness import Linked, Outlines, Text, compare, find_likeness
from screen.study.copies.pairing import Pairs, pair_by_signature, pair_by_title
from screen.study.copies.signatures import SIZE, Signature, find_candidates
from screen.study.copies.texts import keep_texts

BAND = 3
LEAST = 0.15


def make_values(papers: int, seed: int, shares: tuple[float, ...]) -> npt.NDArray[np.uint32]:
    """Make signatures each of which has some values of an earlier one, as alike papers do."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2**32, (papers, SIZE), np.uint32)
    for row in range(1, papers):
        taken = rng.random(SIZE) < rng.choice(shares)
        values[row, taken] = values[rng.integers(row), taken]
    return values


def find(values: npt.NDArray[np.uint32]) -> list[tuple[int, int]]:
    return [(int(i), int(j)) for pairs in find_candidates(values, LEAST) for i, j in pairs]


def find_plainly(values: npt.NDArray[np.uint32]) -> set[tuple[int, int]]:
    found = set()
    for i, j in combinations(range(len(values)), 2):
        agree = values[i] == values[j]
        if agree.mean() >= LEAST and agree.reshape(-1, BAND).all(axis=1).any():
            found.add((i, j))
    return found


# ---- signatures ------------------------------------------------------------------------------


@pytest.mark.parametrize("papers", [0, 1, 2, 3, 64, 65, 150])
@pytest.mark.parametrize("shares", [(0.0, 0.1, 0.2, 0.3), (0.14, 0.15, 0.16), (0.0, 0.9, 1.0)])
def test_all_pairs_that_agree_are_found_once(papers: int, shares: tuple[float, ...]) -> None:
    values = make_values(papers, papers, shares)
    found = find(values)
    assert len(found) == len(set(found))
    expected = find_plainly(values)
    # Of more than 65 papers that agree in a band some pairs are left out.
    assert set(found) == expected if max(shares) < 0.9 or papers <= 65 else set(found) <= expected


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(65, 90), st.floats(0, 0.5))
def test_many_signatures_are_paired_as_few_are(seed: int, papers: int, share: float) -> None:
    values = make_values(papers, seed, (share,))
    assert set(find(values)) == find_plainly(values)


def test_a_low_byte_in_common_is_no_value_in_common() -> None:
    values = np.arange(70 * SIZE, dtype=np.uint32).reshape(70, SIZE) << np.uint32(8)
    values[:, :BAND] = 7
    assert find(values) == []


def test_a_paper_that_is_there_often_makes_few_pairs() -> None:
    papers = 3000
    values = np.repeat(make_values(1, 1, (0.0,)), papers, axis=0)
    found = find(values)
    assert len(found) == len(set(found)) < 65 * papers
    assert {j for i, j in found if i == 0} == set(range(1, papers))


# ---- numbers and lengths ---------------------------------------------------------------------

NUMBERS = st.lists(st.sampled_from([str(n) for n in range(10, 30)]), max_size=20)


@settings(max_examples=200)
@given(NUMBERS, st.data(), st.booleans(), st.integers(1, 1500))
def test_no_pair_is_told_apart_unseen_that_would_be_copies(
    numbers: list[str], data: st.DataObject, titled: bool, cut: int
) -> None:
    other = data.draw(st.lists(st.sampled_from(numbers), max_size=20) if numbers else NUMBERS)
    letters = "".join(chr(0x4E00 + place) for place in range(1600))
    title = "心脏移植的护理与随访" if titled else ""
    one = Text(letters, tuple(numbers), title)
    two = Text(letters[:-cut], tuple(other), title)
    outlines = Outlines([len(text.letters) for text in (one, two)], [titled, titled])
    for place, text in enumerate((one, two)):
        outlines.add_numbers(place, text.numbers)
    left = outlines.leave_open(np.array([[0, 1]], np.int32))
    likeness = compare(one, two)
    assert find_likeness(one, two) == (likeness if likeness.is_copy else None)
    assert len(left) == 1 or not likeness.is_copy
    # One text stands in the other, so nothing but numbers, titles and lengths can tell them apart.
    assert len(left) == likeness.is_copy


def test_other_numbers_tell_papers_apart() -> None:
    outlines = Outlines([500, 600, 700], [False] * 3)
    for place, start in [(2, 15), (0, 10), (1, 12)]:
        outlines.add_numbers(place, [str(n) for n in range(start, start + 10)])
    pairs: Linked = np.array([[0, 1], [0, 2], [1, 2]], np.int32)
    assert outlines.leave_open(pairs).tolist() == [[0, 1], [1, 2]]


# ---- n-grams in common -----------------------------------------------------------------------

GRAMS = st.lists(st.integers(0, 12) | st.integers(0, 2**64 - 1), max_size=60)


@given(GRAMS, GRAMS)
def test_grams_in_common(ours: list[int], theirs: list[int]) -> None:
    one, other = np.array(ours, np.uint64), np.array(theirs, np.uint64)
    inside, outside, common, different = find_shared(one, other)
    assert inside.tolist() == [gram in theirs for gram in ours]
    assert outside.tolist() == [gram in ours for gram in theirs]
    assert common == len(set(ours) & set(theirs))
    assert different == len(set(ours) | set(theirs))


def test_equal_letters_are_as_like_as_letters_laid_side_by_side() -> None:
    letters = "".join(chr(0x4E00 + place) for place in range(600))
    same = compare(Text(letters, ()), Text(letters, ()))
    longer = compare(Text(letters, ()), Text(letters + "一", ()))
    assert (same.similarity, same.covered, same.piece, same.solid) == (1, 1, 1, 1)
    assert (longer.covered, longer.piece, longer.solid) == (1, 1, 1)


# ---- papers of a study -----------------------------------------------------------------------


@pytest.mark.parametrize("size", [7, 100])
def test_pairs_do_not_depend_on_the_shards(tmp_path: Path, size: int) -> None:
    papers = 130
    values = make_values(papers, 5, (0.0, 0.0, 0.5, 0.9))
    numbers = tuple(str(n) for n in range(10, 30))
    names = [f"{place:03d}" for place in range(papers)]
    lengths = [299 if place % 10 == 3 else 500 for place in range(papers)]
    signed = [
        Signature(
            name, "心" * length, numbers, 1.0, values[place] if length >= 300 else values[0, :0]
        )
        for place, (name, length) in enumerate(zip(names, lengths, strict=True))
    ]
    random.Random(size).shuffle(signed)
    homes = {}
    for shard, start in enumerate(range(0, papers, size)):
        part = signed[start : start + size]
        write_signatures(tmp_path / "signatures", shard, part, [], "", "")
        homes.update({item.paper: shard for item in part})
    found = np.concatenate(
        list(pair_by_signature(tmp_path, homes, names, lengths, [False] * papers))
    )
    known = {place for place in range(papers) if lengths[place] >= 300}
    expected = {pair for pair in find_plainly(values) if known.issuperset(pair)}
    assert sorted(map(tuple, found.tolist())) == sorted(expected)
    assert expected


def test_signatures_of_another_size_wait_to_be_made_anew(tmp_path: Path) -> None:
    values = make_values(3, 1, (1.0,))
    signed = [
        Signature(name, "心" * 400, (), 1.0, row)
        for name, row in zip("abc", (values[0], values[1, :120], values[2]), strict=True)
    ]
    write_signatures(tmp_path / "signatures", 0, signed, [], "", "")
    homes = dict.fromkeys("abc", 0)
    (found,) = pair_by_signature(tmp_path, homes, "abc", [400] * 3, [True] * 3)
    assert found.tolist() == [[0, 2]]


def test_pairs_come_in_order_without_those_apart() -> None:
    found = np.array([[1, 3], [0, 3], [0, 1]], np.int32)
    pairs = Pairs([found, found[:1]], [(2, 4), (0, 1)], [(0, 3), (1, 2)], 6)
    assert list(pairs) == [(0, 1), (1, 3), (2, 4)]
    assert pairs.list_papers() == [0, 1, 2, 3, 4]
    assert list(Pairs([], [], [], 0)) == []


def test_a_heading_is_no_title() -> None:
    title = "同种原位心脏移植一例报告"
    assert list(pair_by_title({4: title, 2: title, 3: "简讯"})) == [(2, 4)]
    assert list(pair_by_title(dict.fromkeys(range(21), title))) == []


@given(st.lists(st.tuples(st.text(), st.lists(st.text(max_size=3), max_size=3), st.text())))
def test_texts_are_kept_as_they_are(parts: list[tuple[str, list[str], str]]) -> None:
    given = {str(n): Text(a, tuple(b), c, "\ud800\n") for n, (a, b, c) in enumerate(parts)}
    with keep_texts(Path(gettempdir())) as texts:
        for name, text in given.items():
            texts.add(name, text)
        for name, text in reversed(given.items()):
            assert texts.read(name) == text
