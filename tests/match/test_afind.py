"""The published search against a plain reference, against R itself, and on real papers."""

import csv
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from math import isnan, sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.errors import TargetsError
from screen.match.afind import Targets, answer, is_flagged, join_pages, read_targets
from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.settings import Published
from screen.text.normalise import clean_pages
from screen.types import Page, Window
from tests.sources import SENTENCES

ROOT = Path(__file__).resolve().parent.parent.parent
REAL = ROOT.parent / "shared" / "real"

# Few characters make many ties; one beyond the basic plane is one character all the same.
letters = st.sampled_from("供体脑死亡a, \U0001f600")
texts = st.one_of(st.text("ab", max_size=60), st.text(letters, max_size=60))
phrases = st.lists(
    st.one_of(st.text("ab", min_size=1, max_size=9), st.text(letters, min_size=1, max_size=30)),
    min_size=1,
    max_size=6,
)


def page(text: str, number: int = 1) -> Page:
    return Page("0" * 64, number, text, "text", 1.0)


def measure(text: str, phrase: str) -> list[tuple[int, float, str]]:
    """Return location, distance and text of every window, by the definition."""
    length = min(len(phrase), len(text))
    wanted = Counter(phrase)
    norm = sqrt(sum(count**2 for count in wanted.values()))
    windows = []
    for start in range(len(text) - length + 1):
        match = text[start : start + length]
        counts = Counter(match)
        dot = sum(count * wanted[c] for c, count in counts.items())
        other = sqrt(sum(count**2 for count in counts.values()))
        windows.append((start + 1, 1 - dot / (other * norm), match))
    return windows


def same(window: Window, plain: tuple[int, float, str]) -> bool:
    location, distance, match = plain
    close = abs(window.distance - distance) < 1e-12
    return close and (window.location, window.match) == (location, match)


# ---- against the definition ------------------------------------------------------------------


@given(texts.filter(bool), phrases)
def test_the_best_window_is_the_first_of_the_nearest(text: str, wanted: list[str]) -> None:
    found = Targets(wanted).find_best(text)
    assert [window.target for window in found] == wanted
    for window in found:
        assert same(window, min(measure(text, window.target), key=lambda row: row[1]))


@given(texts, phrases, st.floats(0, 1))
def test_all_windows_below_a_cutoff_are_found(text: str, wanted: list[str], cutoff: float) -> None:
    found = iter(Targets(wanted).find_all(text, cutoff))
    for phrase in wanted:
        for plain in measure(text, phrase) if text else []:
            if abs(plain[1] - cutoff) < 1e-9:
                return  # which side it falls on is up to the last bit
            if plain[1] < cutoff:
                window = next(found)
                assert window.target == phrase
                assert same(window, plain)
    assert next(found, None) is None


@given(st.lists(texts, min_size=1, max_size=4), phrases)
def test_one_text_leaves_nothing_behind_for_the_next(many: list[str], wanted: list[str]) -> None:
    targets = Targets(wanted)
    for text in many:
        assert repr(targets.find_best(text)) == repr(Targets(wanted).find_best(text))


@pytest.mark.parametrize(
    ("text", "phrase", "location", "distance", "match"),
    [
        # as R 4.2.2 with stringdist 0.9.10 answers
        ("bcdef", "abc", 1, 0.33333333333333326, "bcd"),
        ("abcabcabc", "abc", 1, 0.0, "abc"),
        ("xxcab", "abc", 3, 0.0, "cab"),
        ("aaxbb", "ab", 1, 0.29289321881345254, "aa"),
        ("a", "abc", 1, 0.42264973081037416, "a"),
        ("ab", "abc", 1, 0.18350341907227408, "ab"),
        ("x", "abc", 1, 1.0, "x"),
        ("xyzw", "abc", 1, 1.0, "xyz"),
        ("a供\U0001f600b", "\U0001f600b", 3, 0.0, "\U0001f600b"),
    ],
)
def test_answers_as_r_gives_them(
    text: str, phrase: str, location: int, distance: float, match: str
) -> None:
    [window] = Targets([phrase]).find_best(text)
    assert (window.location, window.match) == (location, match)
    assert window.distance == pytest.approx(distance, abs=1e-15)


def test_an_empty_text_has_no_distance_and_is_never_flagged() -> None:
    [window] = Targets(["abc"]).find_best("")
    assert isnan(window.distance)
    assert (window.location, window.match) == (1, "")
    assert not is_flagged("", window, Published(cutoff=1, require=""))
    assert Targets(["abc"]).find_all("", 1.0) == []


def test_half_a_character_in_a_text_does_not_stop_the_search() -> None:
    [window] = Targets(["脑死亡"]).find_best("供体\ud800脑死亡后")
    assert (window.location, window.distance) == (4, 0.0)


# As on a machine where neither the package's folder nor a home can be written.
_NO_CACHE = """
from numba.core import caching
for name in ("CacheImpl", "CompileResultCacheImpl"):
    getattr(caching, name)._locator_classes = []
from screen.match.afind import Targets
print(Targets(["abc"]).find_best("xxcab")[0])
"""


@pytest.mark.slow(reason="a process that compiles the search anew")
def test_the_search_works_where_compiled_code_cannot_be_kept() -> None:
    asked = [sys.executable, "-c", _NO_CACHE]
    done = subprocess.run(asked, capture_output=True, encoding="utf-8", check=True)
    assert "location=3, distance=0.0" in done.stdout


# ---- against R itself ------------------------------------------------------------------------

# One text and one phrase a call: after a text no longer than its window stringdist 0.9.10 answers
# wrongly for what follows in the same call.
_R = """
library(stringdist)
texts <- readLines("texts", encoding = "UTF-8")
phrases <- readLines("phrases", encoding = "UTF-8")
for (i in seq_along(texts)) {
  a <- afind(texts[i], phrases[i], window = nchar(phrases[i]), method = "running_cosine")
  cat(a$location, sprintf("%.17g", a$distance), "\\n")
}
"""


def has_r() -> bool:
    if not shutil.which("Rscript"):
        return False
    asked = ["Rscript", "-e", "library(stringdist)"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def draw_pairs(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield texts and phrases: short, long, with many ties, texts no longer than the phrase."""
    alphabets = ["ab", "abcdefg", "供体脑死亡后气管插", "供者,开胸 呼吸0123456789麻醉机维持😀"]
    for _ in range(2500):
        characters = chance.choice(alphabets)
        text = "".join(chance.choices(characters, k=chance.randint(1, 80)))
        yield text, "".join(chance.choices(characters + "x", k=chance.randint(1, 15)))
    for _ in range(250):
        text = "".join(chance.choices("供体脑死亡后", k=chance.randint(1, 20)))
        yield text, "".join(chance.choices("供体脑死亡后气", k=len(text) + chance.randint(0, 3)))
    written = "".join(SENTENCES)
    for _ in range(250):
        start, length = chance.randrange(len(written) - 5000), chance.randint(1, 400)
        phrase = "".join(chance.sample(written[start : start + length], length))
        yield written[start + length : start + 4000], phrase


@pytest.mark.skipif(not has_r(), reason="R with stringdist is not on this machine")
def test_random_texts_get_the_answers_of_r(tmp_path: Path) -> None:
    pairs = list(draw_pairs(random.Random(22)))
    for name, side in (("texts", 0), ("phrases", 1)):
        lines = "".join(f"{pair[side]}\n" for pair in pairs)
        (tmp_path / name).write_text(lines, encoding="utf-8")
    (tmp_path / "search.R").write_text(_R, encoding="utf-8")
    said = subprocess.run(
        ["Rscript", "search.R"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    answers = [line.split() for line in said.stdout.splitlines()]
    assert len(answers) == len(pairs)
    for (text, phrase), (location, distance) in zip(pairs, answers, strict=True):
        [window] = Targets([phrase]).find_best(text)
        assert window.location == int(location), (text, phrase)
        assert window.distance == pytest.approx(float(distance), abs=1e-9)


@pytest.mark.skipif(
    not (REAL / "afind_r.csv").exists(), reason="the real material is not beside this checkout"
)
def test_every_recorded_answer_of_r_on_real_papers_is_given() -> None:
    with (REAL / "afind_r.csv").open(encoding="utf-8", newline="") as file:
        recorded = {(row["file"], row["target"]): row for row in csv.DictReader(file)}
    targets = Targets(read_targets(REAL / "targets.txt"))
    rule = Published()
    for path in sorted((REAL / "papers").glob("*.txt")):
        text = join_pages([page(path.read_text(encoding="utf-8"))]).text
        for window in targets.find_best(text):
            row = recorded.pop((path.name, window.target))
            assert window.location == int(row["location"])
            assert window.match == row["match"]
            assert window.distance == pytest.approx(float(row["distance"]), abs=1e-9)
            assert is_flagged(text, window, rule) == (row["flagged"] == "1")
    assert not recorded


# ---- what flags a paper ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "flagged"),
    [(70, None, True), (71, None, False), (None, 70, True), (None, 71, False), (None, None, False)],
)
def test_what_is_required_must_stand_within_the_context_of_the_first_character(
    before: int | None, after: int | None, flagged: bool
) -> None:
    text = ["x"] * 300
    text[150:154] = "脑死亡后"
    if before is not None:
        text[150 - before] = "供"
    if after is not None:
        text[150 + after] = "供"
    joined = "".join(text)
    [window] = Targets(["脑死亡后"]).find_best(joined)
    assert window.location == 151
    assert is_flagged(joined, window, Published()) is flagged
    assert is_flagged(joined, window, Published(require=""))


def test_a_window_at_the_cutoff_is_not_flagged() -> None:
    [window] = Targets(["abc"]).find_best("ab")
    assert not is_flagged("ab", window, Published(cutoff=window.distance, require=""))
    assert is_flagged("ab", window, Published(cutoff=window.distance + 1e-9, require=""))


# ---- papers ----------------------------------------------------------------------------------


@given(st.lists(st.text("供体\n\r ab", max_size=20), min_size=1, max_size=4))
def test_lines_are_joined_and_pages_parted_by_a_form_feed(pages: list[str]) -> None:
    joined = join_pages([page(text, number) for number, text in enumerate(pages, start=1)])
    dense = ["".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) for text in pages]
    assert joined.text == "\f".join(dense)
    for number, text in enumerate(dense, start=1):
        start = joined.starts[number - 1]
        assert joined.text[start : start + len(text)] == text
        if text:
            assert joined.page(Window("", start + 1, 0.0, "")) == number


def test_blank_pages_that_were_left_out_keep_their_form_feeds() -> None:
    joined = join_pages([page("甲", 2), page("乙", 4)])
    assert joined.text == "\f甲\f\f乙"
    assert joined.page(Window("", 5, 0.0, "乙")) == 4


def test_a_paper_is_answered_phrase_by_phrase_and_a_hit_by_itself() -> None:
    first = (
        "受者全麻后气管插管。\n术中血压平稳。\n供体确认脑死亡后行气管\n插管,正中开胸,切取供心。\n"
    )
    second = "讨论 供心保护十分重要。"
    pages = [page(first, 1), page(second, 2)]
    hits = Cascade(load_pack(find_pack("brain-death"))).find_hits("0" * 64, clean_pages(pages))
    assert len(hits) == 1
    targets = Targets(["供心保护十分重要", "气管插管"])
    joined = join_pages(pages)
    elsewhere, tube, of_hit = answer(targets, Published(), "0" * 64, joined, hits)
    assert (elsewhere.hit, elsewhere.page, elsewhere.flagged) == ("", 2, True)
    # The first of two like windows is the paper's; the passage has the other.
    assert (tube.window.location, tube.flagged) == (6, True)
    assert of_hit.hit == hits[0].id
    assert of_hit.window.match == "气管插管"
    assert joined.text[of_hit.window.location - 1 :].startswith("气管插管,正中开胸")
    assert (of_hit.page, of_hit.flagged) == (1, True)


# ---- target phrases --------------------------------------------------------------------------


def test_target_phrases_are_lines_and_blank_ones_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "targets.txt"
    path.write_bytes("\ufeff脑死亡后\r\n\n  \n气管 插管,\n".encode())
    assert read_targets(path) == ["脑死亡后", "气管 插管,"]


@pytest.mark.parametrize("data", [b"", b"\n \n", "脑死亡".encode("gb18030")])
def test_a_file_without_usable_phrases_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "targets.txt"
    path.write_bytes(data)
    with pytest.raises(TargetsError, match=r"targets\.txt"):
        read_targets(path)


def test_an_empty_phrase_is_an_error() -> None:
    with pytest.raises(TargetsError):
        Targets(["a", ""])
    with pytest.raises(TargetsError):
        Targets([])
