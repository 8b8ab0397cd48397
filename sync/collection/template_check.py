"""One record held to a template, as programs and the command line hand it in."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection

from model.membership import memberships
from model.template.check import check
from model.template.language import Stage
from model.template.template import Template
from model.template.values import shown
from sync.collection.tailoring import Where, fitted, in_force
from sync.collection.templates import (
    Kept,
    NoSuchTemplate,
    current_version,
    judging,
    kept_version,
    shipped_versions,
)

_PERIOD = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]|W(0[1-9]|[1-4][0-9]|5[0-3])))?")
Text = Annotated[str, Field(max_length=2000)]
Number = int | FiniteFloat
Dimension = Literal["schedule", "cost", "scope", "risk", "benefit", "resource", "overall"]


def _period(value: str) -> str:
    if not _PERIOD.fullmatch(value):
        raise ValueError(f"must be a period like 2025-06, not {shown(value)}")
    return value


def _strange(model: type[BaseModel], given: Any) -> str:
    names = [name for name in given if name not in model.model_fields] if isinstance(given, dict) else []
    return ", ".join(map(shown, names))


class RecordContext(BaseModel):
    """What the rules know beside the record. What is left out is unknown: a check that needs it is not run."""

    model_config = ConfigDict(extra="forbid")

    as_of: date | None = None
    tier: Annotated[int, Field(ge=1, le=3)] | None = None
    stage: Stage | None = None
    period: Annotated[str, AfterValidator(_period)] | None = None
    computed: dict[Dimension, Literal["GREEN", "AMBER", "RED", "GREY", "BLUE"] | None] | None = None
    previous: dict[str, Any] | None = None
    report: dict[str, Any] | None = None
    finance: dict[str, FiniteFloat | None] | None = None
    programme: Text | None = None
    active_people: list[Text] | None = None
    taken: dict[str, list[Any]] | None = None
    age_days: Number | None = None
    score_changes: Number | None = None
    linked_issue: Text | None = None
    similar_open_items: Number | None = None

    @model_validator(mode="before")
    @classmethod
    def _names_what_is_known(cls, given: Any) -> Any:
        if strange := _strange(cls, given):
            known = ", ".join(cls.model_fields)
            raise ValueError(f"no rule knows {strange}; a context has any of {known}")
        return given


def _number(value: Any) -> Any:
    """Refuse true and false, which a library would take for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("float_type", "no number")
    return value


class RecordDocument(BaseModel):
    """A record, how old its values are in days, and what the rules know beside it."""

    model_config = ConfigDict(extra="forbid")

    record: dict[str, Any]
    ages_days: dict[str, Annotated[FiniteFloat, BeforeValidator(_number), Field(ge=0)] | None] = {}
    context: RecordContext = RecordContext()

    @model_validator(mode="before")
    @classmethod
    def _has_its_parts(cls, given: Any) -> Any:
        if strange := _strange(cls, given):
            raise ValueError(f"holds {strange} beside {', '.join(cls.model_fields)}: nothing reads that")
        return given

    def where(self) -> Where:
        """Return what decides how a template is tailored: the record's own stage and tier, else the context's."""
        stage = self.record.get("stage") or self.context.stage
        tier = self.record.get("tier") or self.context.tier
        return Where(
            stage if isinstance(stage, str) else None,
            tier if isinstance(tier, int) else None,
            tuple(each.name for each in memberships(self.context.programme)),
        )


def judge_of(
    connection: Connection | None, template: str, version: str | None, day: date, where: Where
) -> Template:
    """Return what judges a record: a version, or (None) the one of a day, as it is tailored.

    Without a connection only what is shipped is known, and nothing is tailored.

    Raises:
        NoSuchTemplate: With those there are.
    """
    if connection is None:
        return _shipped(template, version, day).loaded()
    found = (
        current_version(connection, template, day)
        if version is None
        else kept_version(connection, template, version)
    )
    return fitted(found, in_force(connection, day, template=template), where)


def _shipped(template: str, version: str | None, day: date) -> Kept:
    found = [each for each in shipped_versions() if each.template == template]
    if not found:
        have = ", ".join(sorted({each.template for each in shipped_versions()}))
        raise NoSuchTemplate(f"there is no template {template!r}; there are {have}")
    judge = (
        judging(found, day)
        if version is None
        else next((each for each in found if each.version == version), None)
    )
    if judge is None:
        have = ", ".join(each.version for each in found)
        raise NoSuchTemplate(f"there is no version {version} of {template}; there are {have}")
    return judge


def check_record(template: Template, document: RecordDocument, day: date) -> dict[str, Any]:
    """Return the template check document of a record.

    `not_asked` names what the record or its ages hold and the template has no field for: it was not looked at.
    """
    given: Mapping[str, Any] = document.context.model_dump(exclude_unset=True)
    context = {
        name: value
        for name, value in given.items()
        if not (value is None and name in ("taken", "active_people"))
    }
    found = check(template, document.record, document.ages_days, {**context, "as_of": day}).to_json()
    fields = {each.rule.id for each in template.fields}
    ages = [f"ages_days.{name}" for name in document.ages_days if name not in fields]
    if strange := [name for name in document.record if name not in fields] + ages:
        found["not_asked"] = [name.encode("utf-8", "replace").decode() for name in strange]
    return found
