"""The orders of reading of a study: kept in a folder each, and the last one in the database.

NNNNN.parquet holds every passage with its place and its chances, NNNNN.json what made the order, so
that a screening can be replayed. The queue is read from the database.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from pydantic import TypeAdapter

from screen.errors import StudyError
from screen.study.database import write
from screen.study.folder import Study
from screen.study.schema import orders, ranks
from screen.study.shards import sweep, write_atomically

# Rows written at once: a writer that holds the database longer would keep a reviewer waiting.
_BATCH = 2000
_RANKS = pa.schema(
    [
        ("hit", pa.string()),
        ("place", pa.int32()),
        ("problematic", pa.float64()),
        ("possible", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Order:
    """How an order of reading was made.

    `learned_from` counts the judged passages of the study that the classifier was trained on beside
    the shipped labels, 0 if it is the `model` as it was loaded. `state` is a hash of everything
    that decides the order.
    """

    number: int
    made_at: str
    model: str | None
    learned_from: int
    strategy: str
    seed: int
    state: str


_ORDERS = TypeAdapter(Order)


def read_last(study: Study) -> Order | None:
    """Return how the last order was made, None if there is none that is whole."""
    for path in sorted((study.folder / "orders").glob("[0-9]*.json"), reverse=True):
        try:
            order = _ORDERS.validate_json(path.read_bytes())
        except (OSError, ValueError):
            continue
        if _path(study, order.number).is_file():
            return order
    return None


def read_order(study: Study, number: int) -> list[dict[str, Any]]:
    """Return the passages of an order, first to last: `hit, place, problematic, possible`.

    Raises StudyError for a damaged file.
    """
    path = _path(study, number)
    try:
        table = pq.read_table(path)
        if not table.schema.equals(_RANKS):
            raise StudyError(f"{path} is no order; delete it and run again")
        rows: list[dict[str, Any]] = table.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise StudyError(f"{path} cannot be read ({error}); delete it and run again") from None
    return rows


def put_in_force(study: Study, engine: sa.Engine, order: Order) -> None:
    """Load an order that was kept, unless the database has it: it may have been built anew."""
    with engine.connect() as connection:
        known = sa.select(orders.c.ready).where(orders.c.number == order.number)
        if connection.scalar(known):
            return
    _load(engine, order, read_order(study, order.number))


def keep(study: Study, engine: sa.Engine, order: Order, rows: Sequence[dict[str, Any]]) -> None:
    """Write an order down and put it in force: rows of `hit, place, problematic, possible`."""
    _write(study, order, rows)
    _load(engine, order, rows)


def _path(study: Study, number: int) -> Path:
    return study.folder / "orders" / f"{number:05d}.parquet"


def _write(study: Study, order: Order, rows: Sequence[dict[str, Any]]) -> None:
    (study.folder / "orders").mkdir(exist_ok=True)
    sweep(study.folder / "orders")
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=_RANKS), buffer, compression="zstd")
    path = _path(study, order.number)
    write_atomically(path, buffer.getvalue())
    text = json.dumps(asdict(order), ensure_ascii=False, indent=1) + "\n"
    write_atomically(path.with_suffix(".json"), text.encode())


def _load(engine: sa.Engine, order: Order, rows: Sequence[dict[str, Any]]) -> None:
    """Load an order in small transactions; the last one puts it in force."""
    values = {name: getattr(order, name) for name in Order.__slots__ if name in orders.c}
    with write(engine) as connection:
        connection.execute(ranks.delete().where(ranks.c.order == order.number))
        connection.execute(orders.delete().where(orders.c.number == order.number))
        connection.execute(orders.insert().values(**values, ready=False))
    for start in range(0, len(rows), _BATCH):
        batch = [{**row, "order": order.number} for row in rows[start : start + _BATCH]]
        with write(engine) as connection:
            connection.execute(ranks.insert(), batch)
    with write(engine) as connection:
        same = orders.c.number == order.number
        connection.execute(orders.update().where(same).values(ready=True))
        connection.execute(orders.delete().where(orders.c.number != order.number))
    while True:
        old = sa.select(ranks.c.hit).where(ranks.c.order != order.number).limit(_BATCH)
        with write(engine) as connection:
            names = connection.scalars(old).all()
            if not names:
                return
            others = ranks.c.order != order.number
            connection.execute(ranks.delete().where(others, ranks.c.hit.in_(names)))
