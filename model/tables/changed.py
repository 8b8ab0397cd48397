"""When a row was last written, for those who follow changes; put down by the database itself (revision 0024)."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column


class Stamped:
    """`changed_at` is the beginning of the transaction that wrote the row or last changed anything in it."""

    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=90)
