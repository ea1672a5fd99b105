"""How fast hits are loaded: a study of many hits, its database built anew from the shards alone.

    python -m benchmarks.loading
    python -m benchmarks.loading --server postgresql://postgres@127.0.0.1/postgres

The hits are those of the corpus, again and again under other ids. Measured is what `merge` with
`--rebuild` spends on loading.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from benchmarks.material import CORPUS, read_texts, run_sql
from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.study.contents import write_hits
from screen.study.folder import Study
from screen.study.work.recipe import make_recipe
from screen.study.work.stages import look_through, run_shard
from screen.text.normalise import clean_pages
from screen.types import Hit, Page

_COMMAND = Path(sys.executable).with_name("ddr-screen")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print hits a second."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--hits", type=int, default=100_000)
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--server", help="URL of a PostgreSQL server where databases may be made")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_study(Path(scratch), options.papers, options.hits)
        database = f"loading_{uuid4().hex[:8]}"
        if options.server:
            run_sql(options.server, f"CREATE DATABASE {database}")
            _set_url(folder, sa.make_url(options.server).set(database=database))
        done = subprocess.run(
            [_COMMAND, "merge", folder, "--rebuild", "--json"], capture_output=True, check=False
        )
        if options.server:
            run_sql(options.server, f"DROP DATABASE {database} WITH (FORCE)")
        told = json.loads(done.stdout)
    name = "PostgreSQL" if options.server else "SQLite"
    seconds = told["time"]["seconds_here"]["loading"]
    print(
        f"{name}: {told['hits']:,} hits of {told['papers']:,} papers in {seconds:.2f} s: "
        f"{told['hits'] / seconds:,.0f} hits a second, papers included"
    )


def make_study(scratch: Path, papers: int, wanted: int) -> Path:
    """Return a study with so many papers and hits, all stages done, nothing loaded."""
    home = scratch / "papers"
    home.mkdir()
    for serial in range(papers):
        (home / f"{serial:06d}.txt").write_text(f"{serial} 供体气管插管。", encoding="utf-8")
    folder = scratch / "study"
    for words in (("init", folder), ("add", folder, home)):
        subprocess.run([_COMMAND, *words], check=True, stdout=subprocess.DEVNULL)
    settings = folder / "study.toml"
    text = settings.read_text("utf-8").replace("# find = true", "find = false")
    settings.write_text(text.replace('# model = "default"', 'model = ""'), encoding="utf-8")
    study = Study(folder)
    recipe = make_recipe(study)
    known = find_hits()
    made_by = dict(recipe.stages)
    for stage in made_by:
        (folder / stage).mkdir(exist_ok=True)
    each = wanted // papers
    for number in study.shard_numbers():
        run_shard(recipe, number)
        shard = look_through(folder, recipe.stages, number)
        hits = [
            _rename(hit, item.source.sha256, serial)
            for item in study.shard_sources(number)
            for serial, hit in enumerate(islice(cycle(known), each))
        ]
        manifest = shard.manifests["hits"]
        write_hits(folder / "hits", number, hits, (), manifest.input, manifest.recipe, recipe.label)
    return folder


def find_hits() -> list[Hit]:
    """Return the hits of the corpus."""
    cascade = Cascade(load_pack(find_pack("brain-death")))
    return [
        hit
        for text in read_texts(CORPUS)
        for hit in cascade.find_hits("0" * 64, clean_pages([Page("", 1, text, "text", 1.0)]))
    ]


def _rename(hit: Hit, paper: str, serial: int) -> Hit:
    name = hashlib.sha256(f"{paper} {serial}".encode()).hexdigest()[:16]
    return replace(hit, id=name, paper=paper)


def _set_url(folder: Path, url: sa.URL) -> None:
    settings = folder / "study.toml"
    named = f'url = "{url.render_as_string(hide_password=False)}"'
    text = settings.read_text("utf-8").replace('# url = ""', named)
    settings.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
