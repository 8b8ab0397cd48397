"""The declarative base all tables share: constraint names, and instants that are always UTC."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Dialect, Double, LargeBinary, MetaData, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase


class Utc(TypeDecorator[datetime]):
    """An instant. Refuses naive datetimes; what is read back is in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a datetime without a zone rather than guess one."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"instant without a time zone: {value!r}")
        return value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Turn the session's zone into UTC."""
        return None if value is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables of the model."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        float: Double,
        bytes: LargeBinary,
        datetime: Utc,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }
