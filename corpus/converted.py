"""Papers as text files, the way converters leave them: damaged, in the encodings of their time."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from random import Random
from typing import Any

from corpus import damage
from corpus.reading import BuildError, Paper, TxtForm

# Forms that Big5 lacks -> those that it has; a Taiwanese typesetter knew only the latter.
BIG5_FORMS = str.maketrans("爲牀着衆羣峯啓裏竈瘻脣～≤≥", "為床著眾群峰啟裡灶瘺唇∼≦≧")


def make_txt(paper: Paper, form: TxtForm, papers: Mapping[str, Paper]) -> bytes:
    """Make the bytes of a text file: the paper as a converter left it."""
    text = plain_text(paper)
    for step in form.damage:
        for kind, parameters in step.items():
            text = damaged(text, kind, parameters, paper, papers)
    return encoded(text, form.encoding, paper)


def plain_text(paper: Paper) -> str:
    """Join all that is printed, undamaged, one line a heading or paragraph."""
    body = (line.removeprefix("# ") for line in paper.body)
    return "\n".join((paper.running_head, *paper.front, *body, ""))


def damaged(
    text: str,
    kind: str,
    parameters: Mapping[str, Any],
    paper: Paper,
    papers: Mapping[str, Paper],
) -> str:
    """Do one step of damage, seeded by paper and kind: no step changes the chance of another."""
    rng = Random(f"{paper.id} {kind}")
    match kind:
        case "neighbours":
            texts = {side: plain_text(papers[other]) for side, other in parameters.items()}
            return damage.add_neighbours(text, rng, **texts)
        case "pages":
            heads = [
                f"{damage.BOILERPLATE}\n·{paper.first_page + page}· {paper.running_head}"
                for page in range(1, 10)
            ]
            return damage.break_pages(text, rng, heads, **parameters)
        case "traditional":
            return damage.traditional(text)
        case "together":
            return damage.run_together(text)
    steps = {
        "spaces": damage.space_out,
        "wraps": damage.wrap_lines,
        "across": damage.read_across,
        "wide": damage.widen,
        "dots": damage.dot_stops,
        "citations": damage.run_in_citations,
        "misread": damage.misread,
    }
    if kind not in steps:
        raise BuildError(f"{paper.id}: no damage is called {kind!r}")
    return steps[kind](text, rng, **parameters)


def encoded(text: str, encoding: str, paper: Paper) -> bytes:
    """Encode as Windows programs of the time did: UTF-16 is little endian with a mark."""
    try:
        if encoding == "utf-16":
            return codecs.BOM_UTF16_LE + text.encode("utf-16-le")
        if encoding == "big5":
            text = text.translate(BIG5_FORMS)
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        missing = sorted({c for c in text if not c.encode(encoding, "ignore")})
        raise BuildError(f"{paper.id}: {encoding} has no {''.join(missing)}") from error
