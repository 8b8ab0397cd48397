"""Answers that are kept: the same bytes while nothing is written, never another's, never an old one."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, Table, event, text
from sqlalchemy.sql.visitors import iterate
from starlette.testclient import TestClient

from api.app import create_app
from api.feed.declare import Moment
from api.feed.models import model_of
from api.feed.projectdata.model import projectdata
from api.signin.tokens import create_token
from tests.support.undisturbed import fewest

ITEMS = "/odata/v1/WorkItems?$select=WorkItemId,Title&$orderby=ChangedAt desc&$top=20"
NAMES = "/odata/v1/Portfolios?$select=PortfolioName"


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Note what is asked of the database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def connections(engine: Engine) -> Iterator[list[Any]]:
    """Note each time a connection is taken."""
    taken: list[Any] = []

    def note(connection: Any, *_rest: Any) -> None:
        taken.append(connection)

    event.listen(engine, "checkout", note)
    try:
        yield taken
    finally:
        event.remove(engine, "checkout", note)


def test_a_question_asked_again_costs_one_statement_and_gives_the_same(
    seeded: Engine, web: TestClient
) -> None:
    first = web.get(ITEMS)
    with statements(seeded) as seen:
        again, asked = fewest(seen, lambda: web.get(ITEMS))
    assert again.content == first.content
    assert len(asked) == 1, asked


def test_who_has_the_answer_is_told_so_and_whoever_takes_gzip_gets_the_same_rows(web: TestClient) -> None:
    plain = web.get(ITEMS, headers={"Accept-Encoding": "identity"})
    packed = web.get(ITEMS, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert packed.headers["etag"] != plain.headers["etag"]
    assert web.get(ITEMS, headers={"If-None-Match": plain.headers["etag"]}).status_code == 304
    assert web.get(ITEMS, headers={"If-None-Match": '"another"'}).status_code == 200


def test_what_is_written_shows_in_the_next_answer(seeded: Engine, web: TestClient) -> None:
    before = web.get(NAMES)
    [name] = [row["PortfolioName"] for row in before.json()["value"]]
    rename = text("UPDATE portfolio SET name = :name")
    try:
        with seeded.begin() as connection:
            connection.execute(rename, {"name": "Another name"})
        after = web.get(NAMES, headers={"If-None-Match": before.headers["etag"]})
    finally:
        with seeded.begin() as connection:
            connection.execute(rename, {"name": name})
    assert after.json()["value"] == [{"PortfolioName": "Another name"}]


def test_a_kept_answer_is_given_to_nobody_who_sees_other_rows_and_to_nobody_without_a_token(
    seeded: Engine,
) -> None:
    app = create_app(seeded)
    all_, some, other = (
        create_token(seeded, f"kept-{name}", projects=projects)
        for name, projects in (("all", None), ("some", ["PORTAL"]), ("other", ["NOTIFY"]))
    )
    web = TestClient(app)
    path = "/odata/v1/Projects?$select=ProjectKey"

    def seen(token: str) -> set[str]:
        rows = web.get(path, headers={"Authorization": f"Bearer {token}"}).json()["value"]
        return {row["ProjectKey"] for row in rows}

    assert {"PORTAL", "NOTIFY"} < seen(all_)
    assert (seen(some), seen(other), seen(some)) == ({"PORTAL"}, {"NOTIFY"}, {"PORTAL"})
    assert web.get(path).status_code == 401


def test_what_decides_the_form_of_an_answer_parts_the_kept_ones(web: TestClient) -> None:
    path = "/odata/v1/WorkItems?$select=WorkItemId"
    small = web.get(path, headers={"Prefer": "odata.maxpagesize=3"})
    large = web.get(path, headers={"Prefer": "odata.maxpagesize=5"})
    none = web.get(path, headers={"Accept": "application/json;odata.metadata=none"})
    assert [len(each.json()["value"]) for each in (small, large)] == [3, 5]
    assert small.headers["preference-applied"] == "odata.maxpagesize=3"
    assert "@odata.context" not in none.json()


def test_what_asks_for_the_time_and_what_is_wrong_is_answered_anew(seeded: Engine, web: TestClient) -> None:
    for path in (f"{ITEMS}&$filter=ChangedAt lt now()", f"{ITEMS}&$filter=Nothing eq 1"):
        web.get(NAMES)  # so that the state is known
        with connections(seeded) as taken:
            one, other = web.get(path), web.get(path)
        assert one.status_code == other.status_code
        assert "etag" not in one.headers or one.status_code != 200
        assert len(taken) >= 4, f"{path}: each looks up who asks, and reads"


def test_a_head_has_the_headers_and_no_body(web: TestClient) -> None:
    answer = web.head(ITEMS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["odata-version"] == "4.0"


def test_what_was_packed_once_is_a_sound_gzip(web: TestClient) -> None:
    with web.stream("GET", ITEMS, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert b'"WorkItemId"' in gzip.decompress(raw)


def test_counts_and_sums_that_need_no_other_table_read_none_and_hold_the_rights_all_the_same(
    seeded: Engine, web: TestClient
) -> None:
    count = "/odata/v1/WorkItems/$count?$filter=StatusCategory eq 'doing'"
    summed = "/odata/v1/WorkItems?$apply=groupby((CommonType),aggregate($count as Items))"
    by_project = "/odata/v1/WorkItems?$apply=groupby((ProjectId),aggregate($count as Items))"
    with statements(seeded) as seen:
        number = int(web.get(count).text)
        items = sum(row["Items"] for row in web.get(summed).json()["value"])
    assert not any("JOIN scope" in each for each in seen)
    rows = web.get("/odata/v1/WorkItems?$select=StatusCategory,ProjectId").json()["value"]
    assert (number, items) == (sum(row["StatusCategory"] == "doing" for row in rows), len(rows))
    groups = {row["ProjectId"]: row["Items"] for row in web.get(by_project).json()["value"]}
    [portal] = web.get("/odata/v1/Projects?$filter=ProjectKey eq 'PORTAL'&$select=ProjectId").json()["value"]
    some = TestClient(web.app)
    token = create_token(seeded, "kept-counts", projects=["PORTAL"])
    seen_by_some = some.get(summed, headers={"Authorization": f"Bearer {token}"}).json()["value"]
    assert sum(row["Items"] for row in seen_by_some) == groups[portal["ProjectId"]] < items


def test_what_is_kept_outlives_writes_of_what_the_feed_does_not_give(seeded: Engine, web: TestClient) -> None:
    before = web.get(NAMES)
    create_token(seeded, "kept-elsewhere")
    with statements(seeded) as seen:
        after = web.get(NAMES, headers={"If-None-Match": before.headers["etag"]})
        again = web.get(NAMES)
    assert (after.status_code, again.content) == (304, before.content)
    assert not any("FROM portfolio" in each for each in seen)


def test_a_writer_that_began_before_the_answer_and_ends_after_it_is_not_missed(
    seeded: Engine, web: TestClient
) -> None:
    [name] = [row["PortfolioName"] for row in web.get(NAMES).json()["value"]]
    rename = text("UPDATE portfolio SET name = :name")
    try:
        with seeded.begin() as connection:
            connection.execute(rename, {"name": "In between"})
            create_token(seeded, "kept-between")  # the newest transaction is not the writer's
            during = [web.get(NAMES).json()["value"] for _ in range(2)]
        after = web.get(NAMES).json()["value"]
    finally:
        with seeded.begin() as connection:
            connection.execute(rename, {"name": name})
    assert during == [[{"PortfolioName": name}]] * 2
    assert after == [{"PortfolioName": "In between"}]
    assert web.get(NAMES).json()["value"] == [{"PortfolioName": name}]


def test_every_table_that_the_feed_is_read_from_counts_its_writes(seeded: Engine) -> None:
    day = Moment(date(2026, 11, 1), datetime(2026, 11, 2, tzinfo=UTC))
    sets = [each for model in (model_of(None), model_of(day), projectdata()) for each in model.sets]
    gone = [
        each.changes.removed for each in sets if each.changes is not None and each.changes.removed is not None
    ]
    sources = [each.source for each in sets] + gone
    read = {part.name for source in sources for part in iterate(source) if isinstance(part, Table)}
    with seeded.connect() as connection:
        counted = set(
            connection.scalars(
                text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'count_write'")
            )
        )
    assert read == counted
