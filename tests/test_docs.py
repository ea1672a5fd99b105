"""What the documentation says of packs is what the program takes."""

import re
from pathlib import Path

import pytest

from screen.match import schema
from screen.match.check import run_cases
from screen.match.packs import load_pack

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "packs.md").read_text(encoding="utf-8")
MODELS = [
    schema.Manifest, schema.Criterion, schema.Sign, schema.Term, schema.Compound, schema.Rule,
    schema.Step, schema.Bar, schema.Phrase, schema.Case,
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_a_pack_is_described(model: type[schema.Strict]) -> None:
    assert [name for name in model.model_fields if f"`{name}" not in PAGE] == []


def test_the_pack_of_the_page_is_a_whole_pack(tmp_path: Path) -> None:
    example = PAGE[PAGE.index("## A whole pack") :]
    for name, lines in re.findall(r"    # (\w+\.yml)\n((?:    .*\n)+)", example):
        text = "".join(line[4:] + "\n" for line in lines.splitlines())
        (tmp_path / name).write_text(text, encoding="utf-8")
    results = list(run_cases(load_pack(tmp_path)))
    assert len(results) == 2
    assert all(result.right for result in results)
