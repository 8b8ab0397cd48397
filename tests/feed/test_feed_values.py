"""Values of every kind that a column may give: none of them keeps a whole page back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, Float, Numeric, column, select, text, values
from sqlalchemy.engine import make_url
from starlette.testclient import TestClient

from api.feed.models import model_of
from api.feed.projectdata.model import projectdata
from api.odata.edm import EntitySet, EntityType, Model, Property
from api.odata.exchange import Request
from api.odata.service import Service
from config.database import open_engine

ROOT = "/odata/v1/"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def rows(web: TestClient, what: str) -> list[dict[str, Any]]:
    answer = web.get(f"{ROOT}{what}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


@pytest.mark.parametrize(
    "asked",
    ["ProgrammeProjects?$filter=SharePercent ne null", "ProgrammeProjects?$filter=SharePercent gt 33"],
)
def test_a_share_of_a_budget_is_a_number(web: TestClient, asked: str) -> None:
    assert [row["SharePercent"] for row in rows(web, asked)] == [33.3]
    [share] = rows(web, f"{asked}&$select=SharePercent")
    assert share["SharePercent"] == 33.3
    through = rows(web, "Programmes?$expand=ProgrammeProjects")
    shares = [row["SharePercent"] for each in through for row in each["ProgrammeProjects"]]
    assert (len(shares), [share for share in shares if share is not None]) == (12, [33.3])


def test_no_property_is_held_in_a_column_that_is_exact_where_it_is_not() -> None:
    for each in (*model_of(None).sets, *projectdata().sets):
        for name, property_ in each.type.all_properties().items():
            kind = each.source.c[property_.held_in].type
            exact = isinstance(kind, Numeric) and not isinstance(kind, Float)
            assert not (exact and property_.type == "Edm.Double"), f"{each.name}/{name}"


@pytest.mark.parametrize(
    ("type_", "value", "shown"),
    [("Edm.Double", Decimal("12.5"), 12.5), ("Edm.Int64", Decimal(7), 7), ("Edm.Double", Decimal("NaN"), "NaN"),
     ("Edm.String", Decimal("1.10"), 1.1), ("Edm.String", timedelta(hours=1), "PT1H"), ("Edm.String", b"a", "YQ==")],
)  # fmt: skip
def test_a_column_of_another_type_than_its_property_is_written_all_the_same(
    seeded: Engine, type_: str, value: Any, shown: Any
) -> None:
    made = values(column("Id"), column("Held"), name="made").data([(1, value), (2, None)])
    source = select(made).subquery()
    kept = EntityType(
        "Thing", (Property("Id", "Edm.Int64", nullable=False), Property("Held", type_)), ("Id",)
    )
    service = Service(Model("Odd", (EntitySet("Things", kept, source),)))
    with seeded.connect() as connection:
        for query in ("", "$select=Held", "$top=1"):
            request = Request("GET", "Things", query, {}, "http://x/")
            answer = service.answer(request, connection, caller=None, now=NOW)
            assert answer.status == 200, answer.body
            assert f'"Held":{shown!r}'.replace("'", '"').encode() in answer.body


def test_a_day_that_no_calendar_has_is_said_and_the_other_columns_are_there(seeded: Engine) -> None:
    with seeded.connect() as connection, connection.begin() as work:
        connection.execute(text("UPDATE work_item SET created_at = 'infinity' WHERE id = 7"))
        service = Service(model_of(None))

        def asked(query: str) -> Any:
            request = Request("GET", "WorkItems", f"$filter=WorkItemId eq 7&{query}", {}, "http://x/")
            return service.answer(request, connection, caller=None, now=NOW)

        refused = asked("")
        assert refused.status == 400
        assert b"leave it out by $select" in refused.body
        assert asked("$select=WorkItemId,Title").status == 200
        work.rollback()


def test_a_database_that_writes_days_as_its_country_does_gives_the_same(seeded: Engine) -> None:
    name = make_url(str(seeded.url)).database
    with seeded.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in (
            "datestyle = 'German, DMY'",
            "intervalstyle = 'sql_standard'",
            "extra_float_digits = -5",
        ):
            connection.execute(text(f'ALTER DATABASE "{name}" SET {setting}'))
        other = open_engine(seeded.url.render_as_string(hide_password=False))
        try:
            with other.connect() as foreign:
                found = foreign.execute(
                    text(
                        "SELECT '2026-11-22 10:00Z'::timestamptz, interval '26 hours', 0.1::float8 + 0.2::float8"
                    )
                ).one()
            assert tuple(found) == (datetime(2026, 11, 22, 10, tzinfo=UTC), timedelta(hours=26), 0.1 + 0.2)
        finally:
            other.dispose()
            connection.execute(text(f'ALTER DATABASE "{name}" RESET ALL'))
