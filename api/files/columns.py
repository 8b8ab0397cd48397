"""The same rows by column, as Arrow and Parquet. Needs pyarrow, the extra `bi`."""

from collections.abc import Iterator
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from sqlalchemy import Connection

from api.files.statement import Asked, copied, plain
from api.odata.edm import Property
from api.wire.problems import Problem

_ROWS: Final = 32_768  # of one batch, which is one row group
_BYTES: Final = 8 << 20  # of one batch's text at most, give or take a row
# Twelve digits behind the point and twenty-six before it: what every reader of Parquet can hold.
_TYPES: Final[dict[str, Any]] = {
    "Edm.String": pa.string(),
    "Edm.Guid": pa.string(),
    "Edm.Boolean": pa.bool_(),
    "Edm.Int16": pa.int16(),
    "Edm.Int32": pa.int32(),
    "Edm.Int64": pa.int64(),
    "Edm.Double": pa.float64(),
    "Edm.Decimal": pa.decimal128(38, 12),
    "Edm.Date": pa.date32(),
    "Edm.DateTimeOffset": pa.timestamp("us", tz="UTC"),
}


def schema(asked: Asked) -> pa.Schema:
    """Return the columns with their types; what each is stands in its metadata."""
    return pa.schema([_field(each) for each in asked.properties])


def _field(each: Property) -> pa.Field:
    says = {"description": each.says} if each.says else None
    return pa.field(each.name, _TYPES[str(each.type)], nullable=each.nullable, metadata=says)


def write_parquet(connection: Connection, asked: Asked, out: IO[bytes]) -> None:
    """Write Parquet, a row group a batch.

    Raises:
        Problem: 501, when an amount has more digits than its column holds.
    """
    columns = schema(asked)
    with pyarrow.parquet.ParquetWriter(out, columns, compression="zstd") as writer:
        for batch in _batches(connection, asked, columns):
            writer.write_table(batch, row_group_size=_ROWS)


def write_arrow(connection: Connection, asked: Asked, out: IO[bytes]) -> None:
    """Write an Arrow IPC file.

    Raises:
        Problem: 501, when an amount has more digits than its column holds.
    """
    columns = schema(asked)
    with pa.ipc.new_file(out, columns) as writer:
        for batch in _batches(connection, asked, columns):
            writer.write_table(batch)


def _batches(connection: Connection, asked: Asked, columns: pa.Schema) -> Iterator[pa.Table]:
    text, rows = bytearray(), 0
    for row in copied(connection, plain(asked)):
        text += row
        rows += 1
        if rows >= _ROWS or len(text) >= _BYTES:
            yield _read(text, columns)
            text, rows = bytearray(), 0
    if rows:
        yield _read(text, columns)


def _read(text: bytearray, columns: pa.Schema) -> pa.Table:
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(text),
            read_options=pyarrow.csv.ReadOptions(
                column_names=columns.names, block_size=len(text) + 1, use_threads=False
            ),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=columns, null_values=[""], strings_can_be_null=True,
                quoted_strings_can_be_null=False, true_values=["t"], false_values=["f"],
            ),
        )  # fmt: skip
    except pa.ArrowInvalid as error:
        raise Problem(
            501, "beyond-the-format",
            "A number has more digits than a column of this format holds; ask for csv or ndjson.",
        ) from error  # fmt: skip
    return table.cast(columns)
