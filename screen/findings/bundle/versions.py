"""The versions of everything that took part, as a bundle tells them."""

import platform
import re
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

import screen
from screen.findings.bundle.tables import FORMAT
from screen.study.folder import Study
from screen.study.shards import read_manifest
from screen.study.work.recipe import make_recipe, tell_program

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# What takes no part in a result.
_APART = re.compile(r"extra\s*==\s*['\"](?:dev|labels)['\"]")


def tell_versions(study: Study) -> dict[str, Any]:
    """Return the versions of program, Python, libraries and each stage, as plain data.

    `stages` tells the recipes by which the shards of the study were made, and whether they are
    those of this program, this pack and these settings.
    """
    made: dict[str, set[str]] = defaultdict(set)
    recipe = make_recipe(study)
    for stage, _ in recipe.stages:
        for number in study.shard_numbers():
            manifest = read_manifest(study.folder / stage, number)
            if manifest is not None:
                made[stage].add(manifest.recipe)
    return {
        "bundle": FORMAT,
        "program": tell_program(),
        "version": screen.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.machine()}",
        "pack": recipe.label,
        "libraries": list_libraries(),
        "stages": {
            stage: {
                "recipes": sorted(made[stage]),
                "as_here": made[stage] <= {wanted} or wanted is None,
            }
            for stage, wanted in recipe.stages
        },
    }


def list_libraries() -> dict[str, str]:
    """Return the libraries that the program builds on, as far as installed, with versions."""
    found: dict[str, str] = {}
    waiting = ["ddr-screen"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            known = distribution(name)
        except PackageNotFoundError:
            continue
        found[name] = known.version
        for line in known.requires or ():
            match = _NAME.match(line)
            is_own = name == "ddr-screen"
            if match and not _APART.search(line) and (is_own or "extra" not in line):
                waiting.append(match[0])
    found.pop("ddr-screen", None)
    return dict(sorted(found.items()))
