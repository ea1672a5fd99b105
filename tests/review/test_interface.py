"""The words of the workbench: all that are used are there, in both languages, and all are used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import jinja2
import jinja2.nodes
import pytest

import screen
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Actor, Polarity
from screen.review.access import ROLES
from screen.review.interface import LANGUAGES, Interface, load_interface
from screen.settings import shipped_folder
from screen.study.verdicts import OUT_OF_SCOPE

REVIEW = Path(screen.__file__).parent / "review"
TEMPLATES = sorted((REVIEW / "templates").glob("*.html"))
MODULES = sorted(REVIEW.rglob("*.py"))
# Errors whose first argument is a key; calls whose argument at this place is one.
CALLS = {"ReviewError": 0, "AccessError": 0, "say": 0, "tell": 1, "Comparison": 0}


@pytest.fixture(scope="module")
def interface() -> Interface:
    return load_interface()


# ---- which words are asked for ---------------------------------------------------------------


def list_constants(node: jinja2.nodes.Node) -> Iterator[str]:
    """Yield the keys that an expression may come to; of one that is put together, its beginning."""
    if isinstance(node, jinja2.nodes.Const):
        yield str(node.value)
    elif isinstance(node, jinja2.nodes.CondExpr):
        yield from list_constants(node.expr1)
        assert node.expr2 is not None
        yield from list_constants(node.expr2)
    elif isinstance(node, jinja2.nodes.Concat):
        first = node.nodes[0]
        assert isinstance(first, jinja2.nodes.Const)
        yield f"{first.value}*"


def list_template_keys() -> dict[str, str]:
    """Return the keys that templates ask for, each with where."""
    found: dict[str, str] = {}
    for path in TEMPLATES:
        tree = jinja2.Environment().parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(jinja2.nodes.Call):
            name = call.node.name if isinstance(call.node, jinja2.nodes.Name) else ""
            if name == "t":
                found |= dict.fromkeys(list_constants(call.args[0]), path.name)
            elif name == "show_place":
                found |= dict.fromkeys(list_constants(call.args[1]), path.name)
        for loop in tree.find_all(jinja2.nodes.For):
            # Loops over pairs of a key and its words.
            if isinstance(loop.iter, jinja2.nodes.List):
                for item in loop.iter.items:
                    if isinstance(item, jinja2.nodes.Tuple):
                        found |= dict.fromkeys(list_constants(item.items[1]), path.name)
    return found


def list_code_keys() -> dict[str, str]:
    """Return the keys that the code asks for, each with where."""
    found: dict[str, str] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = CALLS.get(name)
            if place is None or len(node.args) <= place:
                continue
            for key in read_key(node.args[place]):
                # Accounts are told of in words by the commands, too.
                if re.fullmatch(r"[a-z_0-9]+\*?", key):
                    found[key] = path.name
    return found


def read_key(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from read_key(node.body)
        yield from read_key(node.orelse)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield f"{node.values[0].value!s}*"


def spell_out(prefix: str) -> list[str]:
    """Return what a key that is put together may come to."""
    members = {
        "actor_": set(get_args(Actor)),
        "polarity_": set(get_args(Polarity)),
        "role_": set(ROLES),
        "code_": {"0", "1", "2"},
        "record_": {"title", "authors", "affiliations", "journal", "year", "doi"},
        "flow_": list_flow(),
    }
    return [prefix + member for member in sorted(members[prefix])]


def list_flow() -> set[str]:
    html = (REVIEW / "templates" / "dashboard.html").read_text(encoding="utf-8")
    [listed] = re.findall(r'for name in (\["files".*?\])', html)
    names: list[str] = ast.literal_eval(listed)
    return {*names, "found", "open"}


def list_asked() -> dict[str, str]:
    asked: dict[str, str] = {}
    for key, where in {**list_template_keys(), **list_code_keys()}.items():
        keys = spell_out(key[:-1]) if key.endswith("*") else [key]
        asked |= dict.fromkeys(keys, where)
    return asked | dict.fromkeys(OUT_OF_SCOPE, "verdicts.py")


# ---- tests -----------------------------------------------------------------------------------


def test_all_words_that_are_asked_for_are_there(interface: Interface) -> None:
    asked = list_asked()
    assert len(asked) > 150
    assert {key: where for key, where in asked.items() if not interface.has(key)} == {}


def test_all_words_that_are_there_are_asked_for(interface: Interface) -> None:
    assert sorted(set(interface.words) - set(list_asked())) == []


def test_everything_is_said_in_every_language(interface: Interface) -> None:
    for key, words in interface.words.items():
        assert set(words) == set(LANGUAGES), key
        assert all(isinstance(text, str) and text.strip() == text != "" for text in words.values())


def test_what_is_filled_in_is_the_same_in_every_language(interface: Interface) -> None:
    for key, words in interface.words.items():
        filled = [
            sorted(name for _, name, _, _ in Formatter().parse(words[language]) if name is not None)
            for language in LANGUAGES
        ]
        assert filled[0] == filled[1], key
        assert all(re.fullmatch("[a-z]+", name) for name in filled[0]), key


def test_chinese_is_chinese_and_english_is_not(interface: Interface) -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    same = set()
    for key, words in interface.words.items():
        assert not chinese.search(words["en"]), key
        if not chinese.search(words["zh"]):
            same.add(key)
    assert all("κ" in interface.words[key]["zh"] or len(key) < 12 for key in same), same


def test_the_words_in_the_file_are_there_once() -> None:
    text = (REVIEW / "interface.yml").read_text(encoding="utf-8")
    keys = re.findall(r"(?m)^(\w+):$", text)
    assert len(keys) == len(set(keys))


def test_words_are_filled_in(interface: Interface) -> None:
    assert interface.say("en", "page_n", number=3) == "page 3"
    assert interface.say("zh", "page_n", number=3) == "第 3 页"
    # What is filled in is not read for braces.
    assert interface.say("en", "saved_passage", told="{number} {0}") == "Saved: {number} {0}."
    with pytest.raises(KeyError):
        interface.say("en", "no such words")
    with pytest.raises(KeyError):
        interface.say("fr", "page_n", number=3)


@pytest.mark.parametrize("pack", sorted(path.name for path in shipped_folder("patterns").iterdir()))
def test_criteria_and_signs_of_a_pack_have_words_in_both_languages(pack: str) -> None:
    manifest = load_pack(find_pack(pack)).manifest
    for criterion in manifest.criteria.values():
        assert criterion.gloss
        assert criterion.gloss_zh
    for sign in manifest.signs.values():
        assert sign.gloss
        assert sign.gloss_zh
