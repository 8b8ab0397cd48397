"""Fill in: what the hub knows goes into submissions by itself, each value with its receipt and its age."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.collection.cases import OWN, Filled
from model.collection.cycle import first_day
from model.template.template import Template
from model.template.values import is_absent
from sync.belonging import names_of
from sync.collection.answers import plain
from sync.collection.case import SHARED
from sync.collection.tailoring import Tailored, Where, fitted, in_force
from sync.collection.templates import Kept, kept
from sync.collection.waivers import Waived, standing
from sync.colours import colours
from sync.facts import Asked, Facts, ProjectFacts, gather
from sync.match import portfolio_of
from sync.policy.kept import policy_standing
from sync.record_rows import COLLECTION
from sync.records import Background, Checked, background, pulled_records
from sync.sight import being_read

_JUDGED: Final = frozenset({"approved", "retired"})
_MOVING: Final = frozenset({"as_of", "taken"})  # context that is made anew whenever a case is opened


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of projects on a day, read once for however many submissions."""

    facts: Facts
    background: Background
    previous: Mapping[UUID, Mapping[str, Any]]  # the own record that was published last, by project
    projects: Mapping[UUID, ProjectFacts]
    versions: Mapping[str, Kept]  # of the template that is collected
    tailorings: Sequence[Tailored]
    waived: Waived

    def project(self, project_id: UUID) -> ProjectFacts | None:
        """Return one project's facts; None where it is closed."""
        return self.projects.get(project_id)

    def template(self, version: str, project_id: UUID) -> Template:
        """Return a version of the template as it is tailored for a project.

        Raises:
            InvalidDeclaration: A tailoring no longer fits the version.
        """
        project = self.project(project_id)
        where = (
            Where()
            if project is None
            else Where(project.value("stage"), project.value("tier"), names_of(project))
        )
        return fitted(self.versions[version], self.tailorings, where)


def known_now(
    connection: Connection,
    projects: Sequence[UUID] | None,
    *,
    template: str,
    templates: Sequence[Template] | None = None,
    period_end: date | None,
    day: date,
    now: datetime,
) -> Known:
    """Read what can be filled in on a day.

    Args:
        connection: In a transaction.
        projects: None: all.
        template: The id of the template that is collected.
        templates: The versions whose records are wanted; None: all that ever judged.
        period_end: Of the cycle; what was published for an earlier one is the previous record.
        day: In the portfolio's time zone.
        now: The clock.
    """
    with Session(connection) as session:
        portfolio = portfolio_of(session)
        asked = Asked(
            None if projects is None else list(projects), day, now, portfolio.timezone, portfolio.currency,
            being_read(session, now),
        )  # fmt: skip
        facts = gather(session, asked)
        versions = {each.version: each for each in kept(connection, template)}
        asking = templates or [each.loaded() for each in versions.values() if each.state in _JUDGED]
        behind = background(
            session, facts, colours(facts, policy_standing(connection, day, now)).computed, asking
        )
    return Known(
        facts, behind, _published(connection, template, period_end),
        {project.id: project for project in facts.projects}, versions,
        in_force(connection, day, template=template), standing(connection, day),
    )  # fmt: skip


def _published(connection: Connection, template: str, before: date | None) -> dict[UUID, Mapping[str, Any]]:
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (s.project_id) s.project_id, s.frozen FROM submission s"
            " JOIN cycle c ON c.id = s.cycle_id WHERE c.template = :template AND s.published_at IS NOT NULL"
            " AND s.withdrawn_at IS NULL AND (CAST(:before AS date) IS NULL OR c.period_end < :before)"
            " ORDER BY s.project_id, c.period_end DESC, s.published_at DESC"
        ),
        {"template": template, "before": before},
    )
    found: dict[UUID, Mapping[str, Any]] = {}
    for project_id, frozen in rows:
        own = [record for record in frozen["records"] if record["ref"] == OWN]
        if own:
            found[project_id] = {name: each["value"] for name, each in own[0]["values"].items()}
    return found


def records_of(template: Template, project_id: UUID, known: Known, period: str) -> list[Checked]:
    """Return a project's records as a submission of a period begins with; none where the project is closed."""
    project = known.project(project_id)
    if project is None:
        return []
    return pulled_records(template, project, known.facts, known.background, period=period, blank=True)


def filled_in(template: Template, record: Checked, period: str, day: date) -> dict[str, Filled]:
    """Return what is filled in of a record as it is on record.

    What people are asked every period is filled in only where a source said it since the period began: last
    month's word is no answer for this month, and an answer of the cycle before is none either.
    """
    keeps = _keeps_asked(template, record, period, day)
    return {
        rule.id: _filled(record, rule.id)
        for rule in (field.rule for field in template.fields)
        if not is_absent(record.record.get(rule.id)) and (rule.fill != "ask" or keeps(rule.id))
    }


def _keeps_asked(template: Template, record: Checked, period: str, day: date) -> Callable[[str], bool]:
    cadence = template.header.cadence
    if record.ref != OWN or cadence is None or cadence.every == "continuous":
        return lambda _: True
    since = (day - first_day(period)).days

    def keeps(name: str) -> bool:
        receipt, age = record.receipts.get(name), record.ages.get(name)
        return receipt is not None and receipt.source != COLLECTION and age is not None and age <= since

    return keeps


def _filled(record: Checked, name: str) -> Filled:
    receipt = record.receipts.get(name)
    return Filled(
        plain(record.record[name]),
        None if receipt is None else receipt.source,
        record.locator if receipt is None else receipt.locator,
        None if receipt is None else receipt.url,
        record.ages.get(name),
    )


def context_of(
    project_id: UUID, records: Sequence[Checked], known: Known, period: str
) -> dict[str, dict[str, Any]]:
    """Return what the rules of each record know beside its values, as JSON; of all of them under `*`."""
    project = known.project(project_id)
    shared: dict[str, Any] = {"period": period, "report": {"period": period}}
    if project is not None:
        shared |= {
            "stage": project.value("stage"),
            "tier": project.value("tier"),
            "programme": project.programme,
            "programmes": list(names_of(project)),
            "computed": dict(known.background.computed.get(project_id, {})),
        }
    own = {record.ref: {**record.context} for record in records}
    if OWN in own and project_id in known.previous:
        own[OWN]["previous"] = known.previous[project_id]
    contexts: dict[str, dict[str, Any]] = {SHARED: _plain(shared)}
    for ref, context in own.items():
        more = {name: value for name, value in _plain(context).items() if name not in _MOVING}
        contexts[ref] = {
            name: value for name, value in more.items() if contexts[SHARED].get(name, more) != value
        }
    return contexts


def _plain(value: Any) -> Any:
    """Turn context into JSON; amounts become numbers, as expressions count with them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
