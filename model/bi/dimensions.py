"""What facts are grouped and filtered by: days, portfolios, programmes, projects, people, sources, sprints."""

from model.bi.declare import View, column, decimal, instant, view

NEWEST = (
    "(SELECT DISTINCT ON (project_id) * FROM public.snapshot ORDER BY project_id, as_of DESC, known_at DESC)"
)


def dim_date() -> View:
    """Declare the days."""
    return view(
        "dim_date",
        "Every day from 1970 to 2069; *_date_key of any fact joins date_key",
        [
            column("date_key", "to_char(d.day, 'YYYYMMDD')::integer", "Key: 20261122"),
            column("day", "d.day::date", "The day"),
            column("year", "extract(year FROM d.day)::integer", "Calendar year"),
            column("quarter", "extract(quarter FROM d.day)::integer", "1 to 4"),
            column("month", "extract(month FROM d.day)::integer", "1 to 12"),
            column("year_month", "to_char(d.day, 'YYYY-MM')", "2026-11"),
            column("month_start", "date_trunc('month', d.day)::date", "First day of the month"),
            column(
                "month_end", "(date_trunc('month', d.day) + interval '1 month - 1 day')::date", "Its last"
            ),
            column("iso_year", "extract(isoyear FROM d.day)::integer", "Year of the ISO week"),
            column("iso_week", "extract(week FROM d.day)::integer", "ISO week, 1 to 53"),
            column("week_start", "date_trunc('week', d.day)::date", "Its Monday"),
            column("weekday", "extract(isodow FROM d.day)::integer", "1 Monday to 7 Sunday"),
            column("is_weekend", "extract(isodow FROM d.day) > 5", "Saturday or Sunday"),
        ],
        "generate_series(timestamp '1970-01-01', timestamp '2069-12-31', interval '1 day') AS d(day)",
    )


def dim_portfolio() -> View:
    """Declare portfolios."""
    return view(
        "dim_portfolio",
        "The whole an office answers for",
        [
            column("portfolio_id", "p.id", "Key"),
            column("portfolio_key", "p.key", "Short name"),
            column("portfolio_name", "p.name", "Name"),
            column("timezone", "p.timezone", "IANA name; days are in it"),
            column("currency", "p.currency", "ISO 4217; amounts without one are in it"),
        ],
        "public.portfolio p",
    )


def dim_programme() -> View:
    """Declare programmes."""
    return view(
        "dim_programme",
        "Groups of projects",
        [
            column("programme_id", "p.id", "Key"),
            column("programme_name", "p.name", "Name"),
            column("portfolio_id", "p.portfolio_id", "Joins dim_portfolio"),
        ],
        "public.programme p",
    )


def bridge_programme_project() -> View:
    """Declare which project belongs to which programmes."""
    return view(
        "bridge_programme_project",
        "Which projects belong to which programmes; one of several stands once for each",
        [
            column("programme_id", "b.programme_id", "Joins dim_programme"),
            column("project_id", "b.project_id", "Joins dim_project"),
            column("is_first", "b.position = 0", "The programme that dim_project names"),
            column("share", "b.share", "Percent of the project's budget it carries; null: nobody divided it"),
            column("is_critical", "b.critical", "The programme stands or falls with it"),
        ],
        "public.programme_project b",
    )


def dim_project() -> View:
    """Declare projects."""
    return view(
        "dim_project",
        "Projects, with what their newest status says of them",
        [
            column("project_id", "p.id", "Key, for ever"),
            column("project_key", "p.key", "Short name, as people use it"),
            column("project_name", "coalesce(n.document ->> 'name', p.name)", "Name"),
            column("portfolio_id", "p.portfolio_id", "Joins dim_portfolio"),
            column("programme_id", "p.programme_id", "Joins dim_programme: the first; see the bridge"),
            column("programme_name", "g.name", "The first programme's name"),
            column("manager", "n.document ->> 'manager'", "Who manages it"),
            column("sponsor", "n.document ->> 'sponsor'", "Who answers for it"),
            column("stage", "n.document ->> 'stage'", "define, deliver or close"),
            column("tier", f"({decimal('''(n.document ->> 'tier')''')})::integer", "1 is the largest"),
            *instant("closed_at", "p.closed_at", "When it was closed; null: it is open"),
        ],
        f"public.project p LEFT JOIN public.programme g ON g.id = p.programme_id"
        f" LEFT JOIN {NEWEST} n ON n.project_id = p.id",
    )


def dim_person() -> View:
    """Declare people."""
    return view(
        "dim_person",
        "People, however many trackers know them; without addresses",
        [
            column("person_id", "p.id", "Key"),
            column("person_name", "p.display_name", "Name"),
        ],
        "public.person p WHERE p.same_as IS NULL",
    )


def dim_source() -> View:
    """Declare sources."""
    return view(
        "dim_source",
        "The trackers and workbooks that are read",
        [
            column("source_id", "s.id", "Key"),
            column("source_name", "s.name", "Name in the configuration"),
            column("source_kind", "s.kind", "jira, azure_devops, excel or collection"),
            column("precedence", "s.position", "Where sources disagree, the lowest counts"),
            column("is_enabled", "s.enabled", "It is read"),
        ],
        "public.source s",
    )


def dim_iteration() -> View:
    """Declare sprints."""
    return view(
        "dim_iteration",
        "Sprints and iterations",
        [
            column("iteration_id", "i.id", "Key"),
            column("project_id", "c.project_id", "Joins dim_project"),
            column("source_id", "i.source_id", "Joins dim_source"),
            column("iteration_name", "i.name", "Name"),
            column("path", "i.path", "Path in Azure DevOps"),
            column("state", "i.state", "past, current or future"),
            column("goal", "i.goal", "What it was for"),
            *instant("start_at", "i.start_at", "Begins"),
            *instant("finish_at", "i.finish_at", "Ends"),
            *instant("completed_at", "i.completed_at", "Was closed"),
        ],
        "public.iteration i LEFT JOIN public.scope c"
        " ON c.source_id = i.source_id AND c.external_id = i.scope_external_id WHERE i.deleted_at IS NULL",
    )
