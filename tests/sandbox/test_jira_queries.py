"""The sandbox's JQL: what it understands, and how it refuses the rest."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.jira.clauses import Asker, BadQuery
from sandbox.jira.jql import parse
from sandbox.jira.model import Row

PROJECTS = {"AAA": 1, "BBB": 2}
STATUSES = {"To Do": "10", "In Progress": "11", "Done": "12"}


def asker(*, strict: bool = False) -> Asker:
    """Somebody in Helsinki, on the evening of 20 November."""
    return Asker(
        zone=ZoneInfo("Europe/Helsinki"),
        now=datetime(2026, 11, 20, 18, tzinfo=UTC),
        project=lambda name: PROJECTS.get(name.upper()),
        issue=lambda name: int(name.rpartition("-")[2]) if name.rpartition("-")[2].isdigit() else None,
        types=lambda name: frozenset({"1"} if name == "Bug" else ()),
        statuses=lambda name: frozenset({STATUSES[name]} if name in STATUSES else ()),
        in_category=lambda name: frozenset({"12"} if name == "Done" else {"10"} if name == "To Do" else ()),
        strict=strict,
    )


def row(
    id_: int = 100,
    project: int = 1,
    *,
    updated: str = "2026-11-20T12:00:00+00:00",
    status: str = "10",
    kind: str = "1",
) -> Row:
    """One issue as search sees it."""
    at = round(datetime.fromisoformat(updated).timestamp() * 1000)
    return Row(id_, project, id_ % 100, at, at, kind, status)


def finds(jql: str, one: Row) -> bool:
    """Whether a query finds an issue."""
    test = parse(jql, asker()).test
    assert test is not None
    return test(one)


@pytest.mark.parametrize(
    ("jql", "found"),
    [
        ("project = AAA", True),
        ("project = aaa", True),
        ('project in ("AAA", BBB)', True),
        ("project not in (AAA)", False),
        ("project != BBB", True),
        ("id in (99, 100)", True),
        ("key = AAA-100", True),
        ("issuekey in (AAA-99)", False),
        ("id > 99 AND id < 101", True),
        ("id > 100", False),
        ("key > BBB-1", False),
        ("issuetype = Bug and status in ('To Do', Done)", True),
        ("statusCategory != Done", True),
        ("statusCategory = Done or project = AAA", True),
        ("project = BBB or (status = Done or type = Bug) and project = AAA", True),
        ("not project = AAA", False),
        ("NOT (project = BBB)", True),
        ("project is not EMPTY", True),
        ('updated >= "2026-11-20 14:00"', True),  # noon UTC is 14:00 in Helsinki
        ('updated >= "2026/11/20 14:01"', False),
        ('updated > "2026-11-20 14:00"', False),
        ("updated < 2026-11-21", True),
        ("updated >= 1795176000000", True),
        ("updated >= 1795176000001", False),
        ("updated >= -6h", True),
        ("updated >= -359m", False),
        ("updated >= -359", False),
        ('created <= "-1d" OR created >= -1w', True),
    ],
)
def test_what_a_query_finds(jql: str, *, found: bool) -> None:
    assert finds(jql, row()) is found


@pytest.mark.parametrize(
    ("jql", "says"),
    [
        ("colour = red", "Field 'colour' does not exist or you do not have permission to view it."),
        ("project AAA", "Expecting operator but got 'AAA'. (line 1, character 9)"),
        ("project =", "Expecting either a value, list or function but got the end of the query."),
        ("project = AAA BBB", "Expecting either 'OR' or 'AND' but got 'BBB'."),
        ("project in AAA", "Expecting '(' but got 'AAA'."),
        ("(project = AAA", "Expecting ')' but got the end of the query."),
        ("project > AAA", "The operator '>' is not supported by the 'project' field."),
        (
            'updated >= "2026-11-20 14:00:30"',
            "Date value '2026-11-20 14:00:30' for field 'updated' is invalid.",
        ),
        ('updated >= "1795176000000"', "Date value '1795176000000' for field 'updated' is invalid."),
        ("project = AAA ORDER BY colour", "Not able to sort using field 'colour'."),
        ("project = AAA ORDER created", "Expecting 'BY' but got 'created'."),
        ("project = AAA ORDER BY " + ", ".join(["created"] * 8), "JQL can be ordered by at most 7 fields."),
        ('project = "AAA', "The character '\"' is not understood here."),
    ],
)
def test_how_a_query_is_refused(jql: str, says: str) -> None:
    with pytest.raises(BadQuery) as refused:
        parse(jql, asker())
    assert says in str(refused.value)


def test_data_center_refuses_values_that_do_not_exist() -> None:
    for jql in ("project = NOPE", "status = Nowhere", "key = AAA-x"):
        parse(jql, asker())
        with pytest.raises(BadQuery, match="does not exist"):
            parse(jql, asker(strict=True))


def test_order_and_the_projects_a_query_is_confined_to_are_known() -> None:
    query = parse("project in (AAA, BBB) AND project = AAA ORDER BY updated DESC, id ASC, key", asker())
    assert query.order == [("updated", True), ("key", False), ("key", False)]
    assert query.projects == frozenset({1})
    assert parse("project = AAA OR updated > 0", asker()).projects is None
    assert parse("", asker()).test is None
