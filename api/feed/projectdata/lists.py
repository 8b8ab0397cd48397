"""Risks, issues and resources under their former names."""

from typing import Any

from sqlalchemy import ColumnElement, Subquery, cast, false, func, literal, select
from sqlalchemy.types import Double

from api.feed.declare import Rows, entity_set, many, one
from api.feed.projectdata.keys import guid, midnight
from api.feed.projectdata.names import ISSUE, RESOURCE, RISK, held
from api.feed.projectdata.projects import named
from api.feed.versions import Said
from api.odata.edm import EntitySet
from model.tables import Identity, Person, RaidItem

_PERCENT = 100


def _listed(said: Said, projects: Subquery) -> dict[str, Any]:
    """Return what risks and issues have in common."""
    return {
        "ProjectId": said.own("project_id"),
        "ProjectName": projects.c.name,
        "Title": said["title"],
        "Owner": said["owner"],
        "AssignedToResource": said["owner"],
        "Status": said["state"],
        "CreatedDate": midnight(said["raised_on"]),
        "DueDate": midnight(said["due"]),
        "ModifiedDate": said.own("changed_at"),
        "IsFolder": false(),
        "ItemRelativeUrlPath": said.own("url"),
    }


def _text(said: Said) -> ColumnElement[Any]:
    return func.nullif(func.concat_ws("\n", said["cause"], said["effect"]), "")


def _rows(said: Said, projects: Subquery, kind: str) -> Rows:
    rows = said.rows()
    project = said.own("project_id")
    source = rows.source.join(projects, projects.c.id == project)
    return Rows(source, (*rows.where, ~said.gone, said["kind"] == kind), project=project)


def risks() -> EntitySet:
    """Return the set of risks that are there."""
    said, projects = Said(RaidItem, None), named()
    cost: ColumnElement[float] = cast(said["cost_impact"], Double())
    carried = {
        **_listed(said, projects),
        "RiskId": guid("risk", said.own("source_id"), said.own("external_id")),
        "Description": _text(said),
        "MitigationPlan": said["action"],
        "Cost": cost,
        "CostExposure": cost * said["chance"],
        "Exposure": said["chance"] * said["impact"],
        "Impact": said["impact"],
        "Probability": _PERCENT * said["chance"],
    }
    return entity_set(
        "Risks",
        "Risk",
        held(RISK, carried, key=("ProjectId", "RiskId")),
        _rows(said, projects, "risk"),
        says="Risks of projects",
        search=("Title", "Owner"),
        ways=[one("Project", "Projects", "ProjectId", "ProjectId", partner="Risks")],
    )


def issues() -> EntitySet:
    """Return the set of issues that are there."""
    said, projects = Said(RaidItem, None), named()
    carried = {
        **_listed(said, projects),
        "IssueId": guid("issue", said.own("source_id"), said.own("external_id")),
        "Discussion": _text(said),
        "Priority": func.coalesce(said["rating"], said["severity"]),
        "Resolution": said["action"],
    }
    return entity_set(
        "Issues",
        "Issue",
        held(ISSUE, carried, key=("IssueId", "ProjectId")),
        _rows(said, projects, "issue"),
        says="Issues of projects",
        search=("Title", "Owner"),
        ways=[one("Project", "Projects", "ProjectId", "ProjectId", partner="Issues")],
    )


def resources() -> EntitySet:
    """Return the set of people; one who was found to be another is not there twice."""
    active = (
        select(func.bool_or(Identity.active))
        .where(Identity.person_id == Person.id)
        .correlate(Person)
        .scalar_subquery()
    )
    carried = {
        "ResourceId": Person.id,
        "ResourceName": Person.display_name,
        "ResourceIsActive": active,
        "ResourceIsGeneric": false(),
        "ResourceIsTeam": false(),
        "ResourceCreatedDate": Person.created_at,
        "ResourceModifiedDate": Person.changed_at,
        "TypeName": literal("Work Resource"),
    }
    return entity_set(
        "Resources",
        "Resource",
        held(RESOURCE, carried, key=("ResourceId",)),
        Rows(Person.__table__, (Person.same_as.is_(None),), everything=True),
        says="People",
        search=("ResourceName",),
        ways=[many("Assignments", "Assignments", "ResourceId", "ResourceId", partner="Resource")],
    )
