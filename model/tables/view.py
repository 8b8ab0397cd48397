"""Views that people keep: an address of a page, under a name of their own."""

from datetime import datetime

from sqlalchemy import Identity, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class SavedView(Base):
    """A page with its filters, sorting and day, for whoever kept it or for everybody who is signed in.

    It is an address and no copy: whoever opens it sees what they may see.
    """

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("owner", "name"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    owner: Mapped[str]  # whose it is: `account 3`, `person …` or `token 5`
    kept_by: Mapped[str]  # their name, as others are shown it
    name: Mapped[str]
    address: Mapped[str]  # begins with /, of our own pages
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime]
