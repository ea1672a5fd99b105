"""Packs are data: checked whole, known by their content, and enough for another question."""

import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.errors import PackError
from screen.match.cascade import Cascade
from screen.match.check import run_cases
from screen.match.packs import builtin_folder, find_pack, load_pack
from screen.match.schema import Pack, expand
from screen.text.normalise import clean_pages
from screen.types import Page
from tests.sources import clean_string

BUILTIN = sorted(path.parent for path in builtin_folder().glob("*/pack.yml"))

# A pack for another question: were animals operated on before they were anaesthetised?
PACK_YML = """\
name: late-anaesthesia
version: 1.2.3
title: Operated on before anaesthesia
question: Does the text say that an animal was cut before it was anaesthetised?
family: anaesthesia
criteria:
  P: {name: cut_first, code: 2, gloss: cut before the anaesthesia}
  Q: {name: restrained, code: 0, supporting: true, gloss: held fast}
"""
TERMS_YML = """\
# The words of the question.
terms:
- kind: cut
  role: event
  trigger: true
  spellings: ["{切开,剪开}{,腹部,胸部}皮肤"]
- kind: anaesthesia
  role: event
  spellings: [麻醉]
- kind: restraint
  role: event
  spellings: [捆绑固定]
- kind: rat
  role: actor
  actor: animal
  spellings: ["{,大}鼠"]
- kind: never
  role: polarity
  polarity: negated
  reach: clause
  spellings: [未]
"""
PHRASE = "- {id: P-1, criterion: P, similarity: 0.8, text: 大鼠先切开皮肤再行麻醉}"
PHRASES_YML = f"phrases:\n{PHRASE}\n"
CRITERIA_YML = """\
rules:
- id: P-cut-then-anaesthesia
  criterion: P
  gloss: cut, then anaesthetised
  weight: 0.9
  sequence:
  - {kinds: [cut], actors: [animal]}
  - {kinds: [anaesthesia], actors: [animal]}
  within: 30
- id: Q-restrained
  criterion: Q
  gloss: held fast
  weight: 0.2
  sequence:
  - {kinds: [restraint], actors: [animal]}
"""
CASES_YML = """\
cases:
- {id: P-01, criterion: P, match: true, code: 2, text: 大鼠剪开腹部皮肤后麻醉。}
- {id: P-n01, criterion: P, match: false, code: 0, text: 大鼠麻醉后剪开腹部皮肤。}
"""
FILES = {
    "pack.yml": PACK_YML,
    "terms.yml": TERMS_YML,
    "phrases.yml": PHRASES_YML,
    "criteria.yml": CRITERIA_YML,
    "cases.yml": CASES_YML,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "late-anaesthesia"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(folder: Path, file: str, words: str) -> int:
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    return 1 + next(index for index, line in enumerate(lines) if words in line)


def refusal(folder: Path) -> str:
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


# ---- the packs that ship ------------------------------------------------------------------------


@pytest.fixture(params=BUILTIN, ids=lambda path: path.name)
def shipped(request: pytest.FixtureRequest) -> Pack:
    path: Path = request.param
    return load_pack(path)


def test_the_pack_of_the_first_question_ships() -> None:
    assert "brain-death" in {path.name for path in BUILTIN}


def test_every_pack_that_ships_loads_and_is_named_like_its_folder(shipped: Pack) -> None:
    assert find_pack(shipped.manifest.name).name == shipped.manifest.name
    assert shipped.label.startswith(f"{shipped.manifest.name} {shipped.manifest.version} ")


def test_every_spelling_that_ships_can_be_met_in_clean_text(shipped: Pack) -> None:
    spellings = [
        words for term in shipped.terms for spelling in term.spellings for words in expand(spelling)
    ]
    assert [words for words in spellings if not words or set("{}") & set(words)] == []
    assert [words for words in spellings if clean_string(words) != words] == []


def test_no_spelling_that_ships_belongs_to_two_kinds(shipped: Pack) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for term in shipped.terms:
        for spelling in term.spellings:
            for words in expand(spelling):
                owners[words].add(term.kind)
    assert {words: kinds for words, kinds in owners.items() if len(kinds) > 1} == {}


def test_every_phrase_that_ships_can_be_met_in_clean_text(shipped: Pack) -> None:
    assert [p.id for p in shipped.phrases if clean_string(p.text) != p.text] == []


def test_every_criterion_that_ships_has_cases_that_must_and_must_not_match(shipped: Pack) -> None:
    for name in shipped.manifest.criteria:
        kinds = {case.match for case in shipped.cases if case.criterion == name}
        assert kinds == {True, False}, name


# ---- a pack for another question ----------------------------------------------------------------


def test_a_pack_for_another_question_works_without_any_code(folder: Path) -> None:
    text = "2.1 造模 大鼠20只。捆绑固定，切开皮肤，5min后麻醉。对照组大鼠麻醉后切开皮肤。"
    hits = Cascade(load_pack(folder)).find_hits(
        "paper", clean_pages([Page("paper", 1, text, "text", 1.0)])
    )
    assert [(hit.criteria, hit.code, hit.quote) for hit in hits] == [
        (("P", "Q"), 2, "捆绑固定，切开皮肤，5min后麻醉。")
    ]
    assert all(result.right for result in run_cases(load_pack(folder)))


def test_a_phrase_of_another_pack_finds_what_damage_hid_from_its_rules(folder: Path) -> None:
    text = "大鼠先切幵皮朕再行麻醉，观察4h。"
    hits = Cascade(load_pack(folder)).find_hits(
        "paper", clean_pages([Page("paper", 1, text, "text", 1.0)])
    )
    assert [(hit.criteria, hit.code, [m.rule for m in hit.matches]) for hit in hits] == [
        (("P",), 2, ["P-1"])
    ]


def test_a_pack_is_found_by_name_or_by_folder(folder: Path) -> None:
    assert find_pack(str(folder)) == folder
    assert find_pack("brain-death") == builtin_folder() / "brain-death"
    with pytest.raises(PackError, match="no-such-pack"):
        find_pack("no-such-pack")


# ---- braces ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "expanded"),
    [
        ("气管插管", ["气管插管"]),
        ("气管{,内}插管", ["气管插管", "气管内插管"]),
        ("{插,置}{入,}管", ["插入管", "插管", "置入管", "置管"]),
        ("{单}", ["单"]),
    ],
)
def test_braces_stand_for_alternatives(spelling: str, expanded: list[str]) -> None:
    assert list(expand(spelling)) == expanded


@given(st.lists(st.lists(st.sampled_from("甲乙丙丁"), min_size=1, max_size=4), max_size=4))
def test_braces_expand_to_all_combinations(choices: list[list[str]]) -> None:
    spelling = "".join("{" + ",".join(options) + "}" for options in choices)
    expanded = list(expand(spelling))
    total = 1
    for options in choices:
        total *= len(options)
    assert len(expanded) == total
    for words in expanded:
        assert len(words) == len(choices)
        assert all(c in options for c, options in zip(words, choices, strict=True))


@pytest.mark.parametrize("spelling", ["麻{,深{,度}}醉", "麻{醉", "麻}醉", "{,麻醉}", ""])
def test_braces_that_do_not_match_and_empty_spellings_are_refused(
    folder: Path, spelling: str
) -> None:
    change(folder, "terms.yml", "[麻醉]", f'["{spelling}"]')
    assert "terms.yml" in refusal(folder)


# ---- what is refused, with file and line ---------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "at"),
    [
        ("pack.yml", "family:", "familly: x\nfamily:", "familly"),
        ("terms.yml", "  role: actor\n", "  role: actor\n  colour: red\n", "colour"),
        ("phrases.yml", "similarity: 0.8", "similarty: 0.8", "P-1"),
        ("criteria.yml", "  within: 30\n", "  within: 30\n  wthin: 30\n", "wthin"),
        ("criteria.yml", "{kinds: [cut],", "{kind: cut, kinds: [cut],", "kind: cut"),
        ("cases.yml", "match: true,", "match: true, mach: true,", "mach"),
        # values that cannot be
        ("pack.yml", "version: 1.2.3", "version: one", "version"),
        ("pack.yml", "code: 2", "code: 3", "P:"),
        ("terms.yml", "role: event", "role: verb", "role: verb"),
        ("terms.yml", "[捆绑固定]", "[]", "[]"),
        ("phrases.yml", "similarity: 0.8", "similarity: 80", "similarity"),
        ("criteria.yml", "weight: 0.9", "weight: 9", "weight: 9"),
        ("criteria.yml", "id: Q-restrained", "id: q restrained", "id: q"),
        ("cases.yml", "code: 2", "code: two", "code: two"),
    ],
)
def test_an_unknown_key_and_a_value_that_cannot_be_are_refused_by_file_and_line(
    folder: Path, file: str, old: str, new: str, at: str
) -> None:
    change(folder, file, old, new)
    assert f"{folder / file}:{line_of(folder, file, at)}: " in refusal(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "at"),
    [
        ("pack.yml", "family: anaesthesia\n", "family: a\nfamily: b\n", "family: b"),
        ("pack.yml", "  Q: {", "  P: {", "restrained"),
        ("terms.yml", "  trigger: true\n", "  trigger: true\n  trigger: false\n", "trigger: false"),
        ("criteria.yml", "  weight: 0.2\n", "  weight: 0.2\n  weight: 0.3\n", "weight: 0.3"),
        ("cases.yml", "match: true,", "match: true, match: false,", "match: false"),
    ],
)
def test_a_key_given_twice_is_refused_by_file_and_line(
    folder: Path, file: str, old: str, new: str, at: str
) -> None:
    change(folder, file, old, new)
    message = refusal(folder)
    assert f"{folder / file}:{line_of(folder, file, at)}: " in message
    assert "twice" in message


NAMES_NOTHING = [
    ("criteria.yml", "kinds: [anaesthesia]", "kinds: [anesthesia]", "anesthesia"),
    ("criteria.yml", "within: 30", "without: [{kinds: [sedation], where: before}]", "sedation"),
    ("criteria.yml", "criterion: P", "criterion: X", "X"),
    ("phrases.yml", "criterion: P", "criterion: X", "X"),
    ("cases.yml", "criterion: P", "criterion: X", "X"),
    (
        "terms.yml",
        "terms:",
        "compounds: [{kind: cut, part: knife, beside: [rat], within: 5}]\nterms:",
        "knife",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "name"), NAMES_NOTHING)
def test_a_name_that_nothing_defines_is_refused_by_file_and_name(
    folder: Path, file: str, old: str, new: str, name: str
) -> None:
    change(folder, file, old, new)
    message = refusal(folder)
    assert str(folder / file) in message
    assert name in message


@pytest.mark.parametrize(("file", "old", "new", "name"), NAMES_NOTHING)
def test_a_name_that_nothing_defines_is_refused_by_line(
    folder: Path, file: str, old: str, new: str, name: str
) -> None:
    change(folder, file, old, new)
    assert refusal(folder).startswith(f"{folder / file}:{line_of(folder, file, name)}: ")


@pytest.mark.parametrize(
    ("file", "old", "new", "name"),
    [
        ("criteria.yml", "id: Q-restrained", "id: P-cut-then-anaesthesia", "P-cut"),
        ("cases.yml", "id: P-n01", "id: P-01", "P-01"),
        ("phrases.yml", "phrases:\n", f"phrases:\n{PHRASE}\n", "P-1"),
    ],
)
def test_an_id_given_twice_is_refused(
    folder: Path, file: str, old: str, new: str, name: str
) -> None:
    change(folder, file, old, new)
    message = refusal(folder)
    assert str(folder / file) in message
    assert name in message
    assert "twice" in message


def test_a_rule_that_a_text_without_trigger_could_meet_is_refused(folder: Path) -> None:
    change(folder, "criteria.yml", "{kinds: [cut],", "{kinds: [cut, restraint],")
    assert "P-cut-then-anaesthesia" in refusal(folder)


def test_a_kind_told_by_a_trigger_word_pair_and_by_plain_words_is_no_trigger(folder: Path) -> None:
    change(folder, "terms.yml", "  trigger: true\n", "")
    change(
        folder,
        "terms.yml",
        "terms:\n",
        "compounds: [{kind: cut, part: knife, beside: [rat], within: 5}]\n"
        "terms:\n- {kind: knife, role: part, trigger: true, spellings: [手术刀]}\n",
    )
    assert "P-cut-then-anaesthesia" in refusal(folder)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_refused_by_name(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert str(folder / file) in refusal(folder)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"- a\n- b\n",
        b"terms: [\n",
        b"terms: \xb9\xa9\n",
        b"terms: !!python/object:os.system {}\n",
        b"terms: 2001-99-99\n",
        b"terms: &a [*a]\n",
        b"? [a, b]\n: c\n",
        b"terms:\n\t- x\n",
    ],
    ids=["empty", "list", "open", "GBK", "code", "no date", "loop", "list as key", "tab"],
)
def test_what_is_no_pack_file_is_refused_by_name(folder: Path, data: bytes) -> None:
    (folder / "terms.yml").write_bytes(data)
    assert str(folder / "terms.yml") in refusal(folder)


# ---- the hash ----------------------------------------------------------------------------------


def test_comments_layout_and_cases_do_not_change_the_hash(folder: Path) -> None:
    before = load_pack(folder).hash
    change(folder, "terms.yml", "terms:", "# another remark\n\nterms:")
    change(folder, "terms.yml", "  spellings: [麻醉]", "  spellings:\n  - '麻醉'")
    change(folder, "criteria.yml", "  weight: 0.9\n", "  weight:   0.90  # a remark\n")
    change(folder, "cases.yml", "match: true,", "match: true, note: a remark,")
    assert load_pack(folder).hash == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("criteria.yml", "weight: 0.9", "weight: 0.91"),
        ("criteria.yml", "within: 30", "within: 31"),
        ("terms.yml", "[麻醉]", "[麻醉, 全麻]"),
        ("phrases.yml", "similarity: 0.8", "similarity: 0.81"),
        ("pack.yml", "code: 2", "code: 1"),
        ("pack.yml", "version: 1.2.3", "version: 1.2.4"),
    ],
)
def test_whatever_changes_hits_changes_the_hash(
    folder: Path, file: str, old: str, new: str
) -> None:
    before = load_pack(folder).hash
    change(folder, file, old, new)
    assert load_pack(folder).hash != before


def test_a_copied_pack_has_the_hash_of_the_original(tmp_path: Path) -> None:
    original = find_pack("brain-death")
    copy = shutil.copytree(original, tmp_path / "mine")
    assert load_pack(copy).hash == load_pack(original).hash
