"""Parquet: the one format that keeps every value as it is, lists and objects included."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from screen.findings.fields import Field
from screen.findings.output import Row, make_whole

# Rows held in memory at a time.
_BATCH = 1_000


def make_schema(fields: Sequence[Field]) -> pa.Schema:
    """Return the schema of a table."""
    return pa.schema([(field.name, field.type) for field in fields])


def make_table(fields: Sequence[Field], rows: Iterable[Row]) -> pa.Table:
    """Return rows as a table of Arrow."""
    return pa.Table.from_pylist(list(rows), make_schema(fields))


def write_parquet(fields: Sequence[Field], rows: Iterable[Row], file: BinaryIO) -> int:
    """Write rows as Parquet and return their number."""
    schema = make_schema(fields)
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        left = iter(rows)
        while batch := list(islice(left, _BATCH)):
            try:
                table = pa.RecordBatch.from_pylist(batch, schema)
            except UnicodeEncodeError:
                table = pa.RecordBatch.from_pylist(_make_whole(batch), schema)
            writer.write_batch(table)
            count += len(batch)
    return count


def _make_whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _make_whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_make_whole(part) for part in value]
    return make_whole(value) if isinstance(value, str) else value
