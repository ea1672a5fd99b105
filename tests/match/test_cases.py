"""The cases of every pack that ships come out as the pack says, and open ones do not yet."""

from functools import cache
from pathlib import Path

import pytest

from screen.match.check import CaseResult, run_cases
from screen.match.packs import builtin_folder, load_pack
from screen.match.schema import Case

FOLDERS = sorted(path.parent for path in builtin_folder().glob("*/pack.yml"))
CASES = [(folder, case) for folder in FOLDERS for case in load_pack(folder).cases]


@cache
def results(folder: Path) -> dict[str, CaseResult]:
    return {result.case.id: result for result in run_cases(load_pack(folder))}


def explain(result: CaseResult) -> str:
    aim = result.case.criterion or result.case.sign
    wanted = f"{aim} {'met' if result.case.match else 'not met'}"
    return (
        f"{result.case.text}\nwanted {wanted}, code {result.case.code}; "
        f"got {result.criteria} {result.signs}, code {result.code}: {result.reasons}"
    )


def name_case(value: object) -> str:
    return value.name if isinstance(value, Path) else value.id if isinstance(value, Case) else ""


@pytest.mark.parametrize(
    ("folder", "case"), [item for item in CASES if not item[1].open], ids=name_case
)
def test_a_case_comes_out_right(folder: Path, case: Case) -> None:
    result = results(folder)[case.id]
    assert result.right, explain(result)


@pytest.mark.parametrize(
    ("folder", "case"), [item for item in CASES if item[1].open], ids=name_case
)
def test_an_open_case_comes_out_wrong(folder: Path, case: Case) -> None:
    result = results(folder)[case.id]
    assert not result.right, f"no longer open: {explain(result)}"


@pytest.mark.parametrize("folder", FOLDERS, ids=name_case)
def test_the_code_of_a_case_is_that_of_the_criterion_it_must_match(folder: Path) -> None:
    pack = load_pack(folder)
    for case in pack.cases:
        if case.criterion is None:
            continue
        criterion = pack.manifest.criteria[case.criterion]
        if case.match and not criterion.supporting:
            assert case.code >= criterion.code, case.id
