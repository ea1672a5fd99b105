"""Build the made corpus: papers as PDF and text files, and their records, out of `sources`.

    python corpus/build.py            rebuild corpus/papers and corpus/records.jsonl
    python corpus/build.py --check    build elsewhere, compare byte by byte, exit 1 if they differ

`forms.yml` says for every paper whether it becomes a PDF or a text file and what is done to it.
Nothing is left to chance or to the clock: the same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

# Started as a script, Python has the folder of the script on its path, not that of the project.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from corpus.converted import make_txt
from corpus.lines import HAN_FONT, LATIN_FONT, Fonts, find_font
from corpus.pages import make_pdf
from corpus.reading import (
    BuildError,
    PdfForm,
    read_forms,
    read_paper,
    read_passages,
    write_records,
)

CORPUS = Path(__file__).resolve().parent
LABELS = CORPUS.parent / "labels"


def build(target: Path, fonts: Fonts) -> None:
    """Build papers and records below `target`; what a former build left behind is removed."""
    papers = {path.stem: read_paper(path) for path in sorted((CORPUS / "sources").glob("p*.txt"))}
    forms = read_forms(CORPUS / "forms.yml")
    if forms.keys() != papers.keys():
        odd = ", ".join(sorted(forms.keys() ^ papers.keys()))
        raise BuildError(f"in only one of sources and forms.yml: {odd}")
    passages = read_passages(LABELS)
    contents: dict[str, bytes] = {}
    for paper in papers.values():
        form = forms[paper.id]
        if isinstance(form, PdfForm):
            content = make_pdf(paper, form, papers, passages, fonts)
        else:
            content = make_txt(paper, form, papers)
        contents[f"{paper.id}.{form.suffix}"] = content
    folder = target / "papers"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("p*.*"):
        path.unlink()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    write_records(list(papers.values()), forms, target / "records.jsonl")


def differences(built: Path, kept: Path) -> list[str]:
    """List the files, by path from the corpus, that are not the same bytes in both folders."""

    def contents(root: Path) -> dict[str, bytes]:
        paths = [root / "records.jsonl", *(root / "papers").glob("*")]
        return {str(p.relative_to(root)): p.read_bytes() for p in paths if p.is_file()}

    new, old = contents(built), contents(kept)
    return sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))


def check(fonts: Fonts) -> int:
    """Compare what is kept with a fresh build."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), fonts)
        changed = differences(Path(folder), CORPUS)
    for name in changed:
        print(f"differs: {name}")
    return 1 if changed else 0


def main() -> int:
    """Build or check; 0 done, 1 differences found, 2 not possible."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with a fresh build")
    parser.add_argument("--font", type=Path, metavar="FILE", help="TrueType font for the hanzi")
    arguments = parser.parse_args()
    try:
        fonts = Fonts(arguments.font or find_font(*HAN_FONT), find_font(*LATIN_FONT))
        if arguments.check:
            return check(fonts)
        build(CORPUS, fonts)
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
