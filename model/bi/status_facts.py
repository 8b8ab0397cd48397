"""What the numbers were: status by day, its colours and measures; and rates of exchange."""

from typing import Final

from model.bi.declare import View, column, date_of, day, decimal, instant, view

TAKEN: Final = (
    "(SELECT DISTINCT ON (project_id, as_of) * FROM public.snapshot"
    " ORDER BY project_id, as_of, known_at DESC)"
)


def fact_status() -> View:
    """Declare each project's status by day."""
    figure = "(v.document -> 'figures' ->> '{}')"
    milestone = "(v.document -> 'next_milestone' ->> '{}')"
    return view(
        "fact_status",
        "Each project's status on each day it was taken, as last known: one row a project and day",
        [
            column("snapshot_id", "v.id", "Key"),
            column("project_id", "v.project_id", "Joins dim_project"),
            *day("as_of", "v.as_of", "The day it speaks of"),
            *instant("known_at", "v.known_at", "What was known when"),
            column(
                "is_latest", "v.as_of = max(v.as_of) OVER (PARTITION BY v.project_id)", "Its newest status"
            ),
            column("overall", "v.overall", "GREEN, AMBER, RED, BLUE complete, GREY not enough data"),
            column("health", "v.health", "0 to 100; null: cannot be said"),
            column("reported", "v.reported", "The colour its manager reports"),
            column(
                "watermelon", "v.watermelon", "Computed less reported, in steps; 2: green outside, red inside"
            ),
            column("data_quality", decimal("(v.document -> 'data_quality' ->> 'score')"), "0 to 100"),
            column("data_quality_grade", "v.document -> 'data_quality' ->> 'grade'", "A to E"),
            column("percent_complete", decimal(figure.format("percent_complete")), "0 to 100"),
            column("budget", decimal(figure.format("budget")), "Approved money, in currency"),
            column("actual_cost", decimal(figure.format("actual_cost")), "Spent to date, in currency"),
            column("forecast_cost", decimal(figure.format("forecast_cost")), "At the end, in currency"),
            column("contingency", decimal(figure.format("contingency")), "Set aside, in currency"),
            column("currency", figure.format("currency"), "ISO 4217, of the four amounts"),
            *day("baseline_start", date_of(figure.format("baseline_start")), "Approved beginning"),
            *day("baseline_finish", date_of(figure.format("baseline_finish")), "Approved end"),
            *day("forecast_finish", date_of(figure.format("forecast_finish")), "Expected end"),
            *day("actual_finish", date_of(figure.format("actual_finish")), "When it ended"),
            column("next_milestone", milestone.format("name"), "Its name"),
            *day("next_milestone_forecast", date_of(milestone.format("forecast")), "When it is expected"),
            *day("next_milestone_baseline", date_of(milestone.format("baseline")), "When it was promised"),
            column("policy", "v.policy", "Name and version of the policy that coloured it"),
            column("receipt_hash", "v.sha256", "SHA-256 of the whole document; see `muster verify`"),
        ],
        f"{TAKEN} v",
    )


def fact_status_dimension() -> View:
    """Declare the colours by dimension."""
    return view(
        "fact_status_dimension",
        "The colour of each dimension of each status",
        [
            column("snapshot_id", "v.id", "Joins fact_status"),
            column("project_id", "v.project_id", "Joins dim_project"),
            *day("as_of", "v.as_of", "The day it speaks of"),
            column("dimension", "d.key", "schedule, cost, scope, risk, benefit or resource"),
            column("colour", "d.value ->> 'colour'", "GREEN, AMBER, RED, BLUE or GREY"),
            column(
                "rule",
                "d.value -> 'reasons' -> 0 ->> 'rule'",
                "The rule that decided, as the policy names it",
            ),
            column("reason", "d.value -> 'reasons' -> 0 ->> 'text'", "Its reason in words"),
        ],
        f"{TAKEN} v CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(v.document -> 'dimensions') = 'object'"
        " THEN v.document -> 'dimensions' END) AS d(key, value)",
    )


def fact_status_measure() -> View:
    """Declare the measures of each status."""
    value = "(m.value ->> 'value')"
    return view(
        "fact_status_measure",
        "Every measure of each status, one a row: SPI, CPI, EAC, done_p85 and the others",
        [
            column("snapshot_id", "v.id", "Joins fact_status"),
            column("project_id", "v.project_id", "Joins dim_project"),
            *day("as_of", "v.as_of", "The day it speaks of"),
            column("measure", "m.key", "Its name, as in docs/status.md"),
            column("unit", "m.value ->> 'unit'", "ratio, percent, days, date, or a currency; never mix two"),
            column("value", decimal(value), "The number; null: unknown, or no number; says tells why"),
            column("value_on", date_of(value), "The day, where it is one"),
            column("says", "m.value ->> 'says'", "What it says, in words"),
        ],
        f"{TAKEN} v CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(v.document -> 'measures') = 'object'"
        " THEN v.document -> 'measures' END) AS m(key, value)",
    )


def fact_rate() -> View:
    """Declare rates of exchange."""
    return view(
        "fact_rate",
        "Rates of exchange by day, as known now",
        [
            *day("rate_on", "r.day", "The day it holds from"),
            column("base", "r.base", "One unit of this currency, ISO 4217"),
            column("quote", "r.quote", "is worth so many of this"),
            column("rate", "r.rate", "so many"),
            column("said_by", "r.source", "Who says so"),
        ],
        "public.currency_rate r WHERE r.known_to IS NULL",
    )
