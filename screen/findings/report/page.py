"""Put the report together: what is counted, drawn and shown, as one page of HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from screen.findings.holdings import Holdings
from screen.findings.report.cards import Card, CardMaker
from screen.findings.report.charts import draw_map, draw_trust, draw_years
from screen.findings.report.counts import count
from screen.findings.report.flow import draw_flow
from screen.findings.report.methods import tell_methods, tell_recall, tell_versions
from screen.findings.report.trust import measure_trust
from screen.findings.report.words import LANGUAGES, Words, load_words, pair
from screen.match.schema import Pack
from screen.review.figures import compare, draw_recall
from screen.study.completeness import list_read
from screen.study.prisma import count_flow
from screen.study.queries import count_everything
from screen.types import Failure

# More rows than this of what could not be screened are left to the export.
_MOST_FAILURES = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a report is to be: its title, the language it opens in, and whether it shows pages."""

    title: str = ""
    language: str = "en"
    pictures: bool = False


def render_report(holdings: Holdings, wanted: Wanted) -> str:
    """Return the report of a study as a page that needs nothing else.

    It holds no script, and nothing in it is fetched from anywhere.
    """
    pack = holdings.pack
    words = load_words()
    maker = CardMaker(holdings, pack, pictures=wanted.pictures)
    try:
        cards = [maker.make(finding) for finding in holdings.findings]
    finally:
        maker.close()
    return _render(words, wanted, _gather(holdings, pack, words, cards))


def _gather(holdings: Holdings, pack: Pack, words: Words, cards: list[Card]) -> dict[str, Any]:
    """Return everything that the page shows, by the names that its template knows."""
    counts = count(holdings)
    known = holdings.completeness
    flow = count_flow(holdings.study, holdings.engine)
    totals = count_everything(holdings.engine)
    read, queued = list_read(holdings.engine, holdings.judgements, known.code)
    agreement = compare(holdings.engine, list(pack.manifest.criteria))
    trust = measure_trust(holdings)
    failures = list(holdings.list_failures())
    return {
        "study": holdings.study.folder.resolve().name,
        "last_at": max((one.verdict.at for one in holdings.verdicts), default=""),
        "counts": counts,
        "known": known,
        "totals": totals,
        "unread_pages": sum(p.unread_pages for p in holdings.papers if p.status == "screened"),
        "flows": _draw_flows(flow, words),
        "flow": flow,
        "years": draw_years(counts.years),
        "map": draw_map(counts),
        "criteria": pack.manifest.criteria,
        "signs": pack.manifest.signs,
        "agreement": agreement,
        "name_reviewer": holdings.people.name_reviewer,
        "people": holdings.people,
        "curve": draw_recall(read, queued) if read else None,
        "trust": trust,
        "trust_drawing": draw_trust(trust.bins) if trust.bins else None,
        "failures": sorted(failures, key=_weigh)[:_MOST_FAILURES],
        "more_failures": max(len(failures) - _MOST_FAILURES, 0),
        "cards": cards,
        "methods": tell_methods(holdings, pack, counts, totals, agreement, words),
        "recall": {
            language: tell_recall(holdings, partial(words.say, language)) for language in LANGUAGES
        },
        "versions": tell_versions(holdings, pack),
    }


def _weigh(failure: Failure) -> tuple[bool, str, int]:
    """Return what puts whole papers first."""
    return failure.page is not None, failure.path, failure.page or 0


def _draw_flows(flow: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """Draw the way of the records, and that of files without one if there are any, per language."""
    drawn = []
    for name, way in (("databases", "databases"), ("others", "other_methods")):
        # A study whose files have no records at all has one way only.
        if flow[way]["identified"]:
            by_language = {
                language: draw_flow(
                    flow[way], partial(words.say, language), databases=way == "databases"
                )
                for language in LANGUAGES
            }
            drawn.append({"name": name, "flow": flow[way], "drawings": by_language})
    return drawn


def _render(words: Words, wanted: Wanted, values: dict[str, Any]) -> str:
    package = files("screen.findings.report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("screen.findings.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        t=words.both,
        say=words.say,
        has=words.has,
        pair=pair,
        style=Markup(package.joinpath("report.css").read_text("utf-8")),  # noqa: S704 - our own
        program=f"ddr-screen {version('ddr-screen')}",
    )
    template = environment.get_template("report.html")
    return template.render(wanted=wanted, **values)
