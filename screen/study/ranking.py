"""Rank the passages of a study: by a classifier, which may have learned from its verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from screen.errors import GoldError, ModelError
from screen.match.packs import find_pack, load_pack
from screen.rank.model import check_model, find_model, load_model, tell_model
from screen.settings import shipped_folder
from screen.study.contents import as_hit
from screen.study.folder import Study
from screen.study.notes import read_notes
from screen.study.orders import Order, keep, put_in_force, read_last
from screen.study.reading_list import is_read_itself
from screen.study.schema import drawn, hits, samples, verdicts
from screen.study.shards import digest
from screen.study.verdicts import Judgements, read_judgements

if TYPE_CHECKING:
    from screen.match.schema import Pack
    from screen.rank.classifier import Chance, Classifier, Example
    from screen.rank.training import Source
    from screen.types import Hit


# Of so many passages the text is in memory at a time.
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class _Ingredients:
    """What an order is made of: passages, each with its paper, the best by the pack's score first.

    `lots` are those that stand for drawn papers.
    """

    passages: list[tuple[str, str]]
    lots: frozenset[str]
    judgements: Judgements


def bring_up_to_date(study: Study, engine: sa.Engine) -> Order | None:
    """Put the queue in a new order if anything that decides it has changed; return it if so.

    That is: the passages, the model, the settings, the samples, or enough new verdicts. Raises
    ModelError for a model that cannot be used.
    """
    pack = load_pack(find_pack(study.settings.pack, study.folder))
    folder = find_classifier(study, pack)
    last = read_last(study)
    learning = study.settings.learning
    with engine.connect() as connection:
        states = read_notes(connection).values()
        taken = connection.scalars(sa.select(samples.c.number).order_by(samples.c.number)).all()
    taught = _list_learnable(study, engine)
    label = tell_model(check_model(folder)) if folder else None
    told = [f"{hit} {code}" for hit, code in taught]
    state = digest(*states, *map(str, taken), str(label), *told, learning.model_dump_json())
    if last is not None and last.state == state:
        put_in_force(study, engine, last)
        return None
    found = _collect(study, engine)
    names = [hit for hit, _ in found.passages]
    known = set(names)
    lessons = [pair for pair in taught if pair[0] in known]
    classifier = _learn(study, engine, pack, lessons) if taught else None
    learned_from = len(taught) if classifier is not None else 0
    if classifier is not None:
        label = f"learned from {learned_from} passages"
    elif folder is not None and found.passages:
        classifier = load_model(folder).classifier
    number = _next_number(engine, last)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    order = Order(number, now, label, learned_from, learning.strategy, learning.seed, state)
    chances = _judge(engine, classifier, names)
    keep(study, engine, order, _arrange(found, chances, order))
    return order


def _next_number(engine: sa.Engine, last: Order | None) -> int:
    """Return a number that no order had: verdicts tell in which one a passage stood."""
    with engine.connect() as connection:
        told = connection.scalar(sa.select(sa.func.max(verdicts.c.order)))
    return max(told or 0, last.number if last else 0) + 1


def find_classifier(study: Study, pack: "Pack") -> Path | None:
    """Return the folder of the model that a study's settings name, None for none.

    Raises ModelError if it cannot be used, or is for packs of another family.
    """
    folder = find_model(study.settings.model, pack.manifest.name, study.folder)
    if folder is not None:
        family = check_model(folder)["family"]
        if family != pack.manifest.family:
            raise ModelError(
                f"{folder}: a model for packs of family {family!r}, not {pack.manifest.family!r}"
            )
    return folder


def is_due(study: Study, engine: sa.Engine) -> bool:
    """Tell whether enough was judged since the last order for the classifier to learn again."""
    last = read_last(study)
    return len(_list_learnable(study, engine)) > (last.learned_from if last else 0)


def _list_learnable(study: Study, engine: sa.Engine) -> list[tuple[str, int]]:
    """Return the settled passages to learn from, with their codes: whole batches of `every`.

    Passages that no longer are in the study have nothing to be learned from. Without a classifier
    nothing is learned either.
    """
    every = study.settings.learning.every
    if not every or not study.settings.model:
        return []
    with engine.connect() as connection:
        known = {
            *connection.scalars(sa.select(hits.c.id)),
            *connection.scalars(sa.select(drawn.c.id)),
        }
    judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    settled = [pair for pair in judgements.list_settled() if pair[0] in known]
    return settled[: len(settled) // every * every]


def _collect(study: Study, engine: sa.Engine) -> _Ingredients:
    query = sa.select(hits.c.id, hits.c.paper).where(is_read_itself(hits.c.paper))
    lots = sa.select(drawn.c.id, drawn.c.paper).order_by(drawn.c.id)
    with engine.connect() as connection:
        ranked = connection.execute(query.order_by(hits.c.score.desc(), hits.c.id))
        passages = [(row.id, row.paper) for row in ranked]
        taken = [(row.id, row.paper) for row in connection.execute(lots)]
    known = {hit for hit, _ in passages}
    passages += [(hit, paper) for hit, paper in taken if hit not in known]
    judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    return _Ingredients(passages, frozenset(hit for hit, _ in taken), judgements)


def _read_passages(engine: sa.Engine, wanted: Sequence[str]) -> list["Hit"]:
    """Return the passages with these ids, in their order; those that are not there are left out."""
    found: dict[str, Hit] = {}
    with engine.connect() as connection:
        for table in (drawn, hits):
            for start in range(0, len(wanted), _BATCH):
                query = sa.select(table).where(table.c.id.in_(wanted[start : start + _BATCH]))
                for row in connection.execute(query).mappings():
                    found[row["id"]] = as_hit(dict(row))
    return [found[name] for name in wanted if name in found]


def _judge(
    engine: sa.Engine, classifier: "Classifier | None", wanted: Sequence[str]
) -> "list[Chance] | None":
    """Return the chances of passages, by their ids; None without a classifier."""
    if classifier is None:
        return None
    from screen.rank.features import Describer

    describer = Describer()
    chances: list[Chance] = []
    for start in range(0, len(wanted), _BATCH):
        passages = _read_passages(engine, wanted[start : start + _BATCH])
        chances += classifier.judge([describer.describe_hit(hit) for hit in passages])
    return chances


def find_shipped_labels(pack: "Pack") -> Path | None:
    """Return the labels that ship for a pack: those that its default model was trained on."""
    return shipped_folder("labels") if find_model("default", pack.manifest.name) else None


def _learn(
    study: Study, engine: sa.Engine, pack: "Pack", taught: Sequence[tuple[str, int]]
) -> "Classifier | None":
    """Return a classifier trained on the shipped labels and on what was judged in the study.

    None if those have nothing to tell apart: without shipped labels, as long as all are one code.
    """
    from screen.rank.classifier import train

    passages = _read_passages(engine, [hit for hit, _ in taught])
    examples = [*read_shipped_examples(pack), *make_own_examples(passages, taught)]
    try:
        return train(examples, study.settings.learning.seed)
    except GoldError:
        return None


def read_shipped_examples(pack: "Pack") -> "list[Example]":
    """Return the judged passages that ship for a pack, read with it; none for other packs."""
    from screen.match.cascade import Cascade
    from screen.rank.gold import read_labels
    from screen.rank.training import make_examples

    labels = find_shipped_labels(pack)
    return make_examples(Cascade(pack), read_labels([labels])) if labels else []


def read_own_source(study: Study, engine: sa.Engine) -> "Source":
    """Return what was judged in a study, to train a model on; its name is the folder's."""
    from screen.rank.training import Source

    with engine.connect() as connection:
        passages = [as_hit(dict(row)) for row in connection.execute(sa.select(hits)).mappings()]
    judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    settled = sorted((hit, str(item.code)) for hit, item in judgements.hits.items())
    examples = make_own_examples(passages, judgements.list_settled())
    name = study.folder.resolve().name
    return Source(name, digest(*(part for pair in settled for part in pair)), tuple(examples))


def make_own_examples(
    passages: Sequence["Hit"], taught: Sequence[tuple[str, int]]
) -> "list[Example]":
    """Return judged passages of a study, given by hit id and code, as examples."""
    from screen.rank.classifier import OWN_WEIGHT, Example
    from screen.rank.features import Describer

    describer = Describer()
    known = {passage.id: passage for passage in passages}
    return [
        Example(
            describer.describe_hit(known[hit]),
            code,
            known[hit].context,
            known[hit].paper,
            weight=OWN_WEIGHT,
        )
        for hit, code in taught
        if hit in known
    ]


def _arrange(
    found: _Ingredients, chances: "Sequence[Chance] | None", order: Order
) -> list[dict[str, Any]]:
    """Return the passages in the order of reading, those of drawn papers among the unread.

    Without chances the score decides. A drawn passage stands at a random place, so that its place
    does not tell what it is.
    """
    from screen.rank.strategies import arrange

    sequence = list(range(len(found.passages)))
    if chances is not None:
        sequence = arrange(chances, order.strategy)  # type: ignore[arg-type]
    placed = _mix_in(found, sequence, Random(order.seed))  # noqa: S311 - to be repeated, not secret
    rows = []
    for place, index in enumerate(placed):
        chance = chances[index] if chances is not None else None
        rows.append(
            {
                "hit": found.passages[index][0],
                "place": place,
                "problematic": chance.problematic if chance else None,
                "possible": chance.possible if chance else None,
            }
        )
    return rows


def _mix_in(found: _Ingredients, sequence: Sequence[int], rng: Random) -> list[int]:
    """Return a sequence with the passages of drawn papers moved to random places in the unread."""
    read = {
        index
        for index, (hit, paper) in enumerate(found.passages)
        if found.judgements.is_read(hit, paper)
    }
    waiting = [i for i in sequence if found.passages[i][0] in found.lots and i not in read]
    apart = set(waiting)
    rest = [index for index in sequence if index not in apart]
    places: list[int | None] = [*(index for index in rest if index not in read), None]
    before: dict[int | None, list[int]] = {}
    for index in waiting:
        before.setdefault(rng.choice(places), []).append(index)
    placed = [each for index in rest for each in (*before.get(index, ()), index)]
    return placed + before.get(None, [])
