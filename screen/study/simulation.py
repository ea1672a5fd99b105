"""The papers of a study as what a simulated screening reads."""

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from screen.rank.evaluate import match_papers
from screen.rank.features import Describer
from screen.rank.gold import Gold
from screen.rank.simulate import Item
from screen.study.contents import as_hit
from screen.study.queries import list_papers, list_queue
from screen.types import Hit


def read_paper_items(engine: sa.Engine, gold: Sequence[Gold]) -> list[Item]:
    """Return judged papers with their passages; those that were not screened are left out.

    Raises GoldError for papers that the study does not have, or has several of.
    """
    describer = Describer()
    passages: dict[str, list[Hit]] = defaultdict(list)
    for row in list_queue(engine):
        passages[row["paper"]].append(as_hit(row))
    items = []
    for item, paper in match_papers(list_papers(engine), gold):
        if paper is None or paper["status"] != "screened":
            continue
        found = passages[paper["sha256"]]
        said = paper["published_distance"]
        items.append(
            Item(
                item.id,
                item.code,
                tuple(describer.describe_hit(hit) for hit in found),
                tuple(hit.context for hit in found),
                max((hit.code + min(hit.score, 0.999) for hit in found), default=-1.0),
                None if said is None else float(paper["published_flagged"]) + 1 - said,
            )
        )
    return items
