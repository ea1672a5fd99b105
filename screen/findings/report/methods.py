"""The paragraph on methods, to be pasted into a paper, and the versions behind it."""

from collections.abc import Iterator, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

from screen.findings.holdings import Holdings
from screen.findings.report.counts import Counts
from screen.findings.report.words import LANGUAGES, Words
from screen.ingest.ocr import find_engine
from screen.match.schema import Pack
from screen.review.figures import Comparisons
from screen.study.work.recipe import tell_program

# What each method of `Page.method` is in a paper.
_METHODS = {
    "text": "text files",
    "docx": "Word files",
    "html": "web pages",
    "pdfium": "PDFium (pypdfium2 {pypdfium2})",
    "pdfminer": "pdfminer.six {pdfminer.six}",
    "ocr": "optical character recognition ({ocr})",
}
# The libraries that decide what a hit is, and how it is ordered.
_LIBRARIES = (
    "pypdfium2", "pdfminer.six", "rapidocr", "onnxruntime", "opencc", "rjieba", "spacy",
    "ahocorasick-rs", "rapidfuzz", "scikit-learn", "numpy",
)  # fmt: skip


def tell_methods(
    holdings: Holdings,
    pack: Pack,
    counts: Counts,
    totals: Mapping[str, Any],
    agreement: Comparisons,
    words: Words,
) -> dict[str, str]:
    """Return the paragraph on methods by language."""
    return {
        language: " ".join(
            _tell(holdings, pack, counts, totals, agreement, partial(words.say, language), language)
        )
        for language in LANGUAGES
    }


def _tell(
    holdings: Holdings,
    pack: Pack,
    counts: Counts,
    totals: Mapping[str, Any],
    agreement: Comparisons,
    say: Any,
    language: str,
) -> Iterator[str]:
    settings = holdings.study.settings
    years = list(counts.years)
    methods = _name_methods(totals["pages_by_method"])
    yield say(
        "methods_read",
        screened=f"{counts.screened:,}",
        years=say("methods_years", first=years[0], last=years[-1]) if years else "",
        program=tell_program(),
        text=say("methods_pages", methods=", ".join(methods)) if methods else "",
        unscreened=f"{totals['unscreened']:,}",
    )
    yield say("methods_rules", pack=pack.label)
    if settings.scope:
        yield say("methods_scope", scope=settings.scope, n=f"{totals['excluded']:,}")
    if totals["copies"]:
        yield say("methods_copies", n=f"{totals['copies']:,}")
    known = holdings.completeness
    if known.order is not None and known.order.model:
        yield say("methods_order", model=known.order.model)
    if holdings.verdicts:
        yield say(
            "methods_review",
            reviewers=len(holdings.reviewers),
            verdicts=f"{known.verdicts:,}",
            wanted=settings.review.reviewers_per_passage,
            blind=say("methods_blind") if settings.review.is_blind else "",
        )
    ordinal = next(row.agreement for row in agreement.rows if row.what == "codes_ordinal")
    if ordinal.alpha.value is not None:
        told = f"{ordinal.alpha.value:.2f}"
        if ordinal.alpha.low is not None and ordinal.alpha.low != ordinal.alpha.high:
            told += f" [{ordinal.alpha.low:.2f}, {ordinal.alpha.high:.2f}]"
        yield say("methods_agreement", alpha=told, items=ordinal.items)
    yield say("methods_found", found=counts.by_code[2], possible=counts.by_code[1])
    yield tell_recall(holdings, say)


def tell_recall(holdings: Holdings, say: Any) -> str:
    """Say what is known of the recall of the screening, or that nothing is."""
    known = holdings.completeness
    sample = known.sample
    if sample is None:
        return str(say("recall_none"))
    drawn = {"drawn": sample.drawn, "population": sample.population}
    elusion = sample.elusion
    if elusion is None:
        return str(say("recall_part", judged=sample.judged, **drawn))
    told = {**drawn, "relevant": elusion.relevant, "wanted": say(f"wanted_{known.code}")}
    if elusion.recall_at_least is None:
        return str(say("recall_nothing", **told))
    bound = say(
        "recall_bound",
        bound=f"{elusion.recall_at_least:.3f}",
        confidence=f"{elusion.confidence:.0%}",
        found=elusion.found,
        missed=elusion.missed_at_most,
        open=elusion.open,
        **told,
    )
    more = say("recall_uncovered", n=sample.uncovered) if sample.uncovered else ""
    return f"{bound} {more}".strip()


def _name_methods(pages: Mapping[str, int]) -> list[str]:
    """Return what read the pages, with versions, the most used first."""
    versions = {name: version(name) for name in ("pypdfium2", "pdfminer.six")}
    versions["ocr"] = find_engine() or "an engine that is not installed here"
    named = []
    for name, number in sorted(pages.items(), key=lambda item: -item[1]):
        if name in _METHODS:
            words = _METHODS[name]
            for library, told in versions.items():
                words = words.replace(f"{{{library}}}", told)
            named.append(f"{words}: {number:,} pages")
    return named


def tell_versions(holdings: Holdings, pack: Pack) -> list[tuple[str, str]]:
    """Return what took part, each with its version; a key of words.yml, or a library's name."""
    order = holdings.completeness.order
    rows = [("part_program", tell_program()), ("part_pack", pack.label)]
    rows += [("part_shards", label) for label in holdings.packs if label != pack.label]
    rows.append(("part_model", (order.model if order else None) or "–"))
    for name in _LIBRARIES:
        try:
            rows.append((name, version(name)))
        except ModuleNotFoundError:
            # An extra that is not installed took no part.
            continue
    return rows
