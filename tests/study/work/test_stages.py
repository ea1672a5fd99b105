"""The stages of a shard in a process that outlives a run, as the workers of a cluster may."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from screen.errors import StudyError
from screen.study.contents import read_hits
from screen.study.folder import Study
from screen.study.work.recipe import make_recipe
from screen.study.work.stages import run_shard

if TYPE_CHECKING:
    from tests.conftest import Invoke, MakeStudy

pytestmark = pytest.mark.database


@pytest.fixture
def study(make_study: "MakeStudy", invoke: "Invoke", tmp_path: Path) -> Study:
    """Return a study with a pack of its own."""
    made = make_study({"a.txt": "供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。"})
    assert invoke("pack", "copy", "brain-death", tmp_path / "pack").exit_code == 0
    settings = made.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    named = text.replace('pack = "brain-death"', f"pack = {json.dumps(str(tmp_path / 'pack'))}")
    settings.write_text(named, encoding="utf-8")
    (made.folder / "sources").mkdir(exist_ok=True)
    return Study(made.folder)


def weigh(pack: Path, weight: str) -> None:
    rules = pack / "criteria.yml"
    text = re.sub(r"weight: [\d.]+", f"weight: {weight}", rules.read_text(encoding="utf-8"))
    rules.write_text(text, encoding="utf-8")


def test_a_process_that_goes_on_matches_with_the_pack_as_it_is_now(
    study: Study, tmp_path: Path
) -> None:
    scores = []
    for weight in ("0.5", "0.25"):
        weigh(tmp_path / "pack", weight)
        done = run_shard(make_recipe(study), 0)
        assert "hits" in done.worked_on
        scores.append({hit.score for hit in read_hits(study.folder / "hits", 0)})
    assert scores[0].isdisjoint(scores[1])


def test_a_pack_that_is_edited_while_a_run_lasts_ends_it(study: Study, tmp_path: Path) -> None:
    recipe = make_recipe(study)
    weigh(tmp_path / "pack", "0.75")
    with pytest.raises(StudyError, match="no longer the pack that this run began with"):
        run_shard(recipe, 0)
    assert not (study.folder / "hits" / "00000.json").exists()
