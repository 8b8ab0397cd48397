"""Which events of the log are asked for, the same on the page, in its export and on the command line."""

from datetime import date, timedelta, tzinfo
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.wire.values import Day
from model.audit import ACTIONS
from model.days import begin_of
from sync.audit_log import Wanted

GROUPS: Final = tuple(dict.fromkeys(action.partition(".")[0] for action in ACTIONS))
_KNOWN: Final = frozenset([*ACTIONS, *GROUPS])


class AuditQuery(BaseModel):
    """The filters of an address; days are whole ones where the reader is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    actor: Annotated[str, Field(max_length=200)] = ""
    way: Literal["", "page", "api", "command", "clock"] = ""
    action: Annotated[str, Field(max_length=60)] = ""
    subject: Annotated[str, Field(max_length=200)] = ""
    since: Day | None = None
    until: Day | None = None  # this day included
    before: Annotated[int | None, Field(ge=1, le=2**62)] = None  # a page goes on below this event

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, values: Any) -> Any:
        """Take a form's empty field for one not sent."""
        return {name: value for name, value in dict(values).items() if value != ""}

    @model_validator(mode="after")
    def _known(self) -> "AuditQuery":
        if self.action and self.action not in _KNOWN:
            raise ValueError(f"action: there is no {self.action!r}; docs/audit.md lists the actions")
        return self

    def but(self, **changed: Any) -> dict[str, Any]:
        """Return the address's parts with some changed and what is not set left out; the page starts over."""
        values = self.model_dump(mode="json", exclude={"before"}, exclude_none=True) | changed
        return {name: value for name, value in values.items() if value not in ("", None)}

    def wanted(self, zone: tzinfo) -> Wanted:
        """Return which events are meant, by days of a time zone."""
        last = self.until
        return Wanted(
            actor=self.actor or None,
            way=self.way or None,
            action=self.action or None,
            subject=self.subject or None,
            since=None if self.since is None else begin_of(self.since, zone),
            until=None if last in (None, date.max) else begin_of(last + timedelta(days=1), zone),
        )
