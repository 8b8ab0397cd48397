"""The fields, statuses, types and people the story's two Jiras start with."""

from typing import Final

from sandbox.jira.model import Catalogue, Field, IssueType, Person, Status

SPRINT_FIELD: Final = "com.pyxis.greenhopper.jira:gh-sprint"
RANK_FIELD: Final = "com.pyxis.greenhopper.jira:gh-lexo-rank"
EPIC_LINK_FIELD: Final = "com.pyxis.greenhopper.jira:gh-epic-link"
EPIC_NAME_FIELD: Final = "com.pyxis.greenhopper.jira:gh-epic-label"
ESTIMATE_FIELD: Final = "com.pyxis.greenhopper.jira:jsw-story-points"
FLOAT_FIELD: Final = "com.atlassian.jira.plugin.system.customfieldtypes:float"
DATE_FIELD: Final = "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"
SELECT_FIELD: Final = "com.atlassian.jira.plugin.system.customfieldtypes:select"

SYSTEM_FIELDS: Final = (
    ("summary", "Summary", "string", None), ("issuetype", "Issue Type", "issuetype", None),
    ("project", "Project", "project", None), ("status", "Status", "status", None),
    ("priority", "Priority", "priority", None), ("resolution", "Resolution", "resolution", None),
    ("resolutiondate", "Resolved", "datetime", None), ("assignee", "Assignee", "user", None),
    ("reporter", "Reporter", "user", None), ("creator", "Creator", "user", None),
    ("labels", "Labels", "array", "string"), ("components", "Components", "array", "component"),
    ("fixVersions", "Fix versions", "array", "version"), ("versions", "Affects versions", "array", "version"),
    ("duedate", "Due date", "date", None), ("created", "Created", "datetime", None),
    ("updated", "Updated", "datetime", None), ("description", "Description", "string", None),
    ("environment", "Environment", "string", None), ("parent", "Parent", "issuelink", None),
    ("subtasks", "Sub-tasks", "array", "issuelinks"), ("issuelinks", "Linked Issues", "array", "issuelinks"),
    ("workratio", "Work Ratio", "number", None), ("comment", "Comment", "comments-page", None),
    ("worklog", "Log Work", "array", "worklog"), ("timetracking", "Time tracking", "timetracking", None),
    ("timeoriginalestimate", "Original estimate", "number", None),
    ("timeestimate", "Remaining Estimate", "number", None), ("timespent", "Time Spent", "number", None),
    ("aggregatetimeoriginalestimate", "Σ Original Estimate", "number", None),
    ("aggregatetimeestimate", "Σ Remaining Estimate", "number", None),
    ("aggregatetimespent", "Σ Time Spent", "number", None),
    ("progress", "Progress", "progress", None), ("aggregateprogress", "Σ Progress", "progress", None),
)  # fmt: skip

NAMES: Final = (
    "Aino Salmela", "Ben Whitlock", "Carla Mendes", "Dmitri Volkov", "Elif Demir", "Farid Nasser",
    "Gwen Parry", "Hugo Blanc", "Isla Fraser", "Jonas Keller", "Kemi Adeyemi", "Liang Zhou",
    "Marta Kowalska", "Nils Borg", "Orla Byrne", "Pablo Ruiz", "Quinn Avery", "Rosa Conti",
    "Søren Holm", "Tessa Vermeer", "Uma Krishnan", "Vera Novak", "Wim de Boer", "Xenia Popova",
    "Yusuf Kaya", "Zoe Laurent", "Aiko Tanaka", "Bruno Costa", "Chloe Martin", "Deniz Aydin",
)  # fmt: skip


def address(name: str) -> str:
    """Return a demo person's mail address."""
    first, _, last = name.lower().replace("ø", "o").partition(" ")
    return f"{first}.{last.replace(' ', '')}@example.com"


def people(*, cloud: bool, more: tuple[str, ...] = ()) -> dict[str, Person]:
    """Return the people of a Jira; Cloud profiles hide every third address."""
    found: list[Person] = []
    for number, name in enumerate((*NAMES, *more)):
        username = address(name).partition("@")[0]
        if cloud:
            id_ = f"{557058 + number % 7}:{number * 7919 + 0x5B10A28:08x}-{number:04d}-4c20-a651-00ede21g{number:04d}"
            hidden = number % 3 == 2  # noqa: PLR2004 - every third
            zone = None if hidden else "Europe/London"
            found.append(Person(id_, name, None if hidden else address(name), username, zone=zone))
        else:
            found.append(Person(f"JIRAUSER{10100 + number}", name, address(name), username))
    if cloud:
        found.append(Person("unknown", "Former user", active=False, zone=None))
        found.append(Person("557058:automation", "Automation for Jira", kind="app", zone=None))
        found.append(Person("5d0000000000000000000001", "Muster sync", "sync@example.com", "sync"))
    else:
        found.append(Person("JIRAUSER10001", "Muster sync", "sync@example.com", "muster-sync"))
    return {one.id: one for one in found}


def cloud_catalogue(more: tuple[str, ...] = (), *, scoped: tuple[int, int] | None = None) -> Catalogue:
    """Return Cloud's: `scoped` are the ids of the two team-managed projects with things of their own."""
    statuses = [
        Status("10000", "To Do", "new"), Status("3", "In Progress", "indeterminate"),
        Status("10010", "In Review", "indeterminate"), Status("10011", "Blocked", "indeterminate"),
        Status("10002", "Done", "done"),
    ]  # fmt: skip
    types = [
        IssueType("10000", "Epic", 1), IssueType("10001", "Story"), IssueType("10002", "Task"),
        IssueType("10004", "Bug"), IssueType("10003", "Unteraufgabe", -1, untranslated="Sub-task"),
    ]  # fmt: skip
    fields = [
        Field("customfield_10121", "Sprint", "array", custom=SPRINT_FIELD, items="json"),
        Field("customfield_10119", "Rank", "any", custom=RANK_FIELD),
        Field("customfield_10128", "Story Points", "number", custom=FLOAT_FIELD),
        Field("customfield_10116", "Story point estimate", "number", custom=ESTIMATE_FIELD),
        Field("customfield_10140", "Story Points (old tool)", "number", custom=FLOAT_FIELD),
        Field("customfield_10115", "Start date", "date", custom=DATE_FIELD),
        Field("customfield_10131", "Value stream", "option", custom=SELECT_FIELD),
    ]
    if scoped:
        first, second = scoped
        statuses += [
            Status("10101", "To Do", "new", first),
            Status("10102", "In Progress", "indeterminate", first),
            Status("10103", "Erledigt", "done", first, untranslated="Done", category_name="Fertig"),
            Status("10111", "To Do", "new", second),
            Status("10112", "In Progress", "indeterminate", second),
            Status("10113", "Done", "done", second),
        ]
        types += [
            IssueType("10200", "Epic", 1, first), IssueType("10201", "Story", 0, first),
            IssueType("10202", "Aufgabe", 0, first, untranslated="Task"), IssueType("10204", "Bug", 0, first),
            IssueType("10203", "Subtask", -1, first),
            IssueType("10210", "Epic", 1, second), IssueType("10211", "Story", 0, second),
            IssueType("10212", "Task", 0, second), IssueType("10214", "Bug", 0, second),
            IssueType("10213", "Subtask", -1, second),
        ]  # fmt: skip
        fields.append(Field("customfield_10150", "Start date", "date", custom=DATE_FIELD, project=first))
    system = [Field(id_, name, kind, system=id_, items=items) for id_, name, kind, items in SYSTEM_FIELDS]
    system.append(
        Field(
            "statuscategorychangedate",
            "Status Category Changed",
            "datetime",
            system="statuscategorychangedate",
        )
    )
    return Catalogue(
        people=people(cloud=True, more=more),
        statuses={one.id: one for one in statuses},
        types={one.id: one for one in types},
        fields=system + fields,
        projects={},
        points="customfield_10128",
        estimate="customfield_10116",
        sprint="customfield_10121",
        rank="customfield_10119",
    )


def datacenter_catalogue(more: tuple[str, ...] = ()) -> Catalogue:
    """Return Data Center's."""
    statuses = [
        Status("10000", "To Do", "new"), Status("3", "In Progress", "indeterminate"),
        Status("10010", "In Review", "indeterminate"), Status("10011", "Blocked", "indeterminate"),
        Status("10002", "Done", "done"),
    ]  # fmt: skip
    types = [
        IssueType("10000", "Epic", 1), IssueType("10001", "Story"), IssueType("10002", "Task"),
        IssueType("10004", "Bug"), IssueType("10003", "Sub-task", -1),
    ]  # fmt: skip
    fields = [
        Field("customfield_10101", "Epic Link", "any", custom=EPIC_LINK_FIELD),
        Field("customfield_10103", "Epic Name", "string", custom=EPIC_NAME_FIELD),
        Field("customfield_10105", "Sprint", "array", custom=SPRINT_FIELD, items="string"),
        Field("customfield_10106", "Story Points", "number", custom=FLOAT_FIELD),
        Field("customfield_10107", "Rank", "any", custom=RANK_FIELD),
        Field("customfield_10131", "Value stream", "option", custom=SELECT_FIELD),
    ]
    system = [Field(id_, name, kind, system=id_, items=items) for id_, name, kind, items in SYSTEM_FIELDS]
    return Catalogue(
        people=people(cloud=False, more=more),
        statuses={one.id: one for one in statuses},
        types={one.id: one for one in types},
        fields=system + fields,
        projects={},
        points="customfield_10106",
        sprint="customfield_10105",
        rank="customfield_10107",
        epic_link="customfield_10101",
    )
