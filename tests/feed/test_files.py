"""Bulk files: the same rows as the feed's in every format, tags and parts, what changed, and who sees what."""

import csv
import gzip
import io
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.feed.models import has_past, model_of
from api.files.columns import _read, schema
from api.files.formats import FORMATS, by_column
from api.files.kept import Kept
from api.files.ranges import Unsatisfiable, part
from api.files.statement import Asked
from api.signin.tokens import create_token
from api.wire.problems import Problem
from tests.support.feed_rows import AMENDED, FORMULA, GONE, MARKED

ROOT = "/files/v1/"
PLAIN = {"accept-encoding": "identity"}
SETS = [each.name for each in model_of(None).sets]


def get(web: TestClient, name: str, **headers: str) -> Any:
    answer = web.get(f"{ROOT}{name}", headers={**PLAIN, **headers})
    assert answer.status_code == 200, answer.text
    return answer


def objects(web: TestClient, name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in get(web, name).content.splitlines()]


def told(value: Any) -> Any:
    """What a value of a column is in JSON."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat() if hasattr(value, "isoformat") else value


def alike(value: Any) -> Any:
    """A value of JSON, instants to the microsecond."""
    if isinstance(value, str) and value.endswith("Z") and value[4:5] == "-":
        return told(datetime.fromisoformat(value))
    return value


@pytest.mark.parametrize("name", SETS)
def test_every_format_has_the_rows_that_the_feed_has(web: TestClient, name: str) -> None:
    lines = objects(web, f"{name}.ndjson")
    fed = web.get(f"/odata/v1/{name}").json()["value"]
    assert [{key: alike(value) for key, value in row.items()} for row in lines[:1000]] == [
        {key: alike(value) for key, value in row.items()} for row in fed
    ]
    table = pa.ipc.open_file(get(web, f"{name}.arrow").content).read_all()
    assert pyarrow.parquet.read_table(io.BytesIO(get(web, f"{name}.parquet").content)).equals(table)
    assert [{key: told(value) for key, value in row.items()} for row in table.to_pylist()] == [
        {key: alike(value) for key, value in row.items()} for row in lines
    ]
    written = list(csv.reader(io.StringIO(get(web, f"{name}.csv").text, newline="")))
    assert written[0] == table.column_names
    assert len(written) - 1 == len(lines)


def test_what_a_spreadsheet_would_run_is_written_as_text_in_csv_and_as_it_is_elsewhere(
    web: TestClient,
) -> None:
    row = next(csv.DictReader(io.StringIO(get(web, "WorkItems.csv").text, newline="")))
    assert row["Title"] == f"'{FORMULA}"
    assert objects(web, "WorkItems.ndjson")[0]["Title"] == FORMULA
    for each in csv.reader(io.StringIO(get(web, "Claims.csv").text, newline="")):
        assert not any(cell[:1] in ("=", "+", "@", "\t", "\r") for cell in each)


def test_an_empty_text_is_not_unknown(web: TestClient) -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(get(web, "WorkItems.parquet").content))
    titles = table.column("Title").to_pylist()
    assert titles[2] == ""
    assert None in table.column("Resolution").to_pylist()
    line = get(web, "WorkItems.csv").text.splitlines()[4]
    assert ',"",' in line
    assert ",," in line


def safe(given: str) -> str:
    """Put an apostrophe before whatever a spreadsheet would take for a formula, character by character."""
    found, begins = "", True
    for at, each in enumerate(given):
        if begins and (each in "=+-@＝＋－＠" or (at == 0 and each in "\t\r\n")):  # noqa: RUF001
            found += "'"
        begins = each in ";\t\r\n" or (begins and at > 0 and each in ' "')
        found += each
    return found


_HOSTILE = [
    "x;=cmd|' /C calc'!A0;y", "a\n =1", "a\n- b", 'x;"@A1',
    "\\.", "\\N", '"', '""', "a\r\nb", "\x01\x02", " lead", "null", "NULL", "=1+1", "'", "\u2028", "𝄞", "t", ",", "\t",
]  # fmt: skip


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12), min_size=4, max_size=4
    )
)
def test_every_format_gives_texts_back_as_they_are(seeded: Engine, drawn: list[str]) -> None:
    texts = [*_HOSTILE, *drawn]
    asked = Asked(model_of(None).by_name["WorkItems"], None)
    files = {}
    with seeded.connect() as connection, connection.begin() as work:
        for number, each in enumerate(texts, start=10):
            connection.execute(
                text("UPDATE work_item SET title = :title WHERE id = :id"), {"title": each, "id": number}
            )
        for kind, format_ in FORMATS.items():
            out = io.BytesIO()
            format_.write(connection, asked, out)
            files[kind] = out.getvalue()
        work.rollback()
    span = slice(9, 9 + len(texts))
    assert [orjson.loads(line)["Title"] for line in files["ndjson"].split(b"\n")[span]] == texts
    assert pa.ipc.open_file(files["arrow"]).read_all().column("Title").to_pylist()[span] == texts
    table = pyarrow.parquet.read_table(io.BytesIO(files["parquet"]))
    assert table.column("Title").to_pylist()[span] == texts
    lines = list(csv.DictReader(io.StringIO(files["csv"].decode(), newline="")))
    read = [row["Title"] for row in lines[span]]
    assert read == [safe(each) for each in texts]
    assert "x;'=cmd|' /C calc'!A0;y" in read  # where a semicolon parts the cells, one begins here


def test_columns_have_the_feeds_types_and_say_what_they_are(web: TestClient) -> None:
    found = pyarrow.parquet.read_schema(io.BytesIO(get(web, "CostLines.parquet").content))
    assert found.field("Amount").type == pa.decimal128(38, 12)
    assert found.field("Period").type == pa.date32()
    assert found.field("ChangedAt").type == pa.timestamp("us", tz="UTC")
    assert not found.field("ExternalId").nullable
    assert b"baseline, forecast" in found.field("Kind").metadata[b"description"]


def test_a_number_beyond_the_format_is_refused_and_never_cut() -> None:
    columns = pa.schema([("A", pa.decimal128(38, 12))])
    assert _read(bytearray(b"1.5\n"), columns).to_pylist() == [{"A": Decimal("1.500000000000")}]
    with pytest.raises(Problem, match="ask for csv or ndjson"):
        _read(bytearray(b"1.0000000000001\n"), columns)


def test_without_pyarrow_the_answer_says_what_to_install() -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    with pytest.raises(Problem, match=r"muster\[bi\]") as raised:
        by_column("write_parquet", missing)
    assert raised.value.status == 501


def test_every_type_that_the_feed_has_has_a_column() -> None:
    for each in model_of(None).sets:
        assert len(schema(Asked(each, None))) == len(each.type.all_properties())


def test_the_same_state_has_the_same_tag_and_is_not_sent_again(web: TestClient) -> None:
    first = get(web, "Milestones.csv")
    tag = first.headers["etag"]
    assert tag.startswith('"')
    again = web.get(f"{ROOT}Milestones.csv", headers={**PLAIN, "if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert get(web, "Milestones.csv", **{"if-none-match": '"other"'}).content == first.content
    assert get(web, "Milestones.ndjson").headers["etag"] != tag


def test_a_part_can_be_asked_for_and_the_parts_make_the_whole(web: TestClient) -> None:
    whole = get(web, "WorkItems.csv")
    assert whole.headers["accept-ranges"] == "bytes"
    length, tag = len(whole.content), whole.headers["etag"]
    assert whole.headers["content-length"] == str(length)

    def asked(range_: str, **more: str) -> Any:
        return web.get(f"{ROOT}WorkItems.csv", headers={**PLAIN, "range": range_, **more})

    first, rest = asked("bytes=0-999", **{"if-range": tag}), asked("bytes=1000-", **{"if-range": tag})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.headers["content-range"] == f"bytes 0-999/{length}"
    assert first.content + rest.content == whole.content
    assert asked("bytes=-7").content == whole.content[-7:]
    assert asked("bytes=0-999", **{"if-range": '"old"'}).status_code == 200
    assert asked("bytes=0-1,4-5").status_code == 200
    assert asked("bytes=1000-").content == whole.content  # the rest of what, nobody knows
    assert asked("bytes=1000-", **{"if-match": tag}).content == rest.content
    assert asked("bytes=1000-", **{"if-match": '"old"'}).status_code == 412
    beyond = asked(f"bytes={length}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{length}")
    assert beyond.headers["content-type"] == "application/problem+json"
    head = web.head(f"{ROOT}WorkItems.csv", headers=PLAIN)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(length))


@given(st.binary(max_size=40), st.none() | st.integers(0, 50), st.none() | st.integers(0, 50))
def test_parts_are_those_of_the_standard(body: bytes, first: int | None, last: int | None) -> None:
    asked = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    try:
        found = part(asked, '"t"', tag='"t"', length=len(body))
    except Unsatisfiable:
        assert first is None or first >= len(body)
        return
    if first is None and last is None:
        assert found is None
    elif first is None:
        assert found is not None
        assert body[found.first : found.last + 1] == body[-(last or 0) :]
    elif last is not None and last < first:
        assert found is None
    else:
        assert found is not None
        assert body[found.first : found.last + 1] == body[first : None if last is None else last + 1]
        assert found.length == len(body[found.first : found.last + 1])


def test_gzip_is_sent_where_asked_for_under_a_tag_of_its_own(web: TestClient) -> None:
    plain = get(web, "WorkItems.ndjson")
    with web.stream("GET", f"{ROOT}WorkItems.ndjson", headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["etag"] != plain.headers["etag"]
    assert gzip.decompress(packed) == plain.content
    assert len(packed) < len(plain.content) / 3
    parquet = web.get(f"{ROOT}WorkItems.parquet", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in parquet.headers


def test_what_changed_is_given_with_what_is_gone_and_where_to_go_on_from(web: TestClient) -> None:
    changed = get(web, "Milestones.ndjson?changed_since=2000-01-01T00:00:00Z")
    everything = [orjson.loads(line) for line in changed.content.splitlines()]
    assert everything == objects(web, "Milestones.ndjson")
    stamps = sorted({row["ChangedAt"] for row in everything})
    assert len(stamps) == 2  # as it was seeded, and an hour later
    lately = objects(web, f"Milestones.ndjson?changed_since={stamps[1].replace('+', '%2B')}")
    assert {row["ExternalId"]: row["IsDeleted"] for row in lately} == {
        AMENDED: False,
        GONE: True,
        MARKED: True,
    }
    upcoming = changed.headers["muster-changed-since"]
    assert objects(web, f"Milestones.ndjson?changed_since={upcoming}") == []
    items = objects(web, f"WorkItems.ndjson?changed_since={stamps[1]}")
    assert [(row["WorkItemId"], row["IsDeleted"]) for row in items] == [(1, False), (2, True), (3, False)]


def test_what_was_still_being_written_comes_the_next_time(seeded: Engine, web: TestClient) -> None:
    one = "external_id = 'PORTAL:M4'"
    with seeded.connect() as writer:
        was = writer.execute(text(f"SELECT name, changed_at FROM milestone WHERE {one}")).one()
        writer.execute(text(f"UPDATE milestone SET name = 'Later' WHERE {one}"))
        meanwhile = get(web, "Milestones.ndjson?changed_since=2001-01-01T00:00:00Z")
        writer.commit()
    assert b"Later" not in meanwhile.content
    upcoming = meanwhile.headers["muster-changed-since"]
    assert "Later" in {
        row["MilestoneName"] for row in objects(web, f"Milestones.ndjson?changed_since={upcoming}")
    }
    with seeded.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # as if it had not been
        connection.execute(
            text(f"UPDATE milestone SET name = :name, changed_at = :changed_at WHERE {one}"), was._asdict()
        )


def test_a_past_day_has_the_records_that_were_known_then(web: TestClient) -> None:
    now = {row["ExternalId"]: row for row in objects(web, "Milestones.ndjson")}
    then = {row["ExternalId"]: row for row in objects(web, "Milestones.ndjson?as_of=2026-11-21")}
    assert set(now) == set(then)
    assert now[GONE]["IsDeleted"]
    assert not then[GONE]["IsDeleted"]
    assert now[AMENDED]["Forecast"] == "2027-03-01"
    assert then[AMENDED]["Forecast"] != "2027-03-01"
    assert objects(web, "Milestones.ndjson?as_of=2020-01-01") == []


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [("WorkItems.xlsx", 404, "parquet, arrow, csv, ndjson"), ("Nothing.csv", 404, "no set Nothing"),
     ("WorkItems.csv?as_of=2026-11-22", 400, "with a past: "), ("Milestones.csv?as_of=yesterday", 400, "2026-11-22"),
     ("Milestones.csv?as_of=20261122", 400, "2026-11-22"), ("Milestones.csv?as_of=9999-12-31", 400, "2026-11-22"),
     ("Milestones.csv?changed_since=2026-11-22", 400, "with its zone"),
     ("Milestones.csv?changed_since=0001-01-01T00:00:00%2B14:00", 400, "with its zone"),
     ("CurrencyRates.csv?changed_since=2026-11-22T00:00:00Z", 400, "ask for all of it"),
     ("Milestones.csv?as_of=2026-11-22&changed_since=2026-11-22T00:00:00Z", 400, "one of them"),
     ("Milestones.csv?since=1", 400, "known: as_of, changed_since"),
     ("Milestones.csv?as_of=2026-11-22&as_of=2026-11-21", 400, "more than once")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(web: TestClient, asked: str, status: int, says: str) -> None:
    answer = web.get(f"{ROOT}{asked}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.json()["detail"]


def test_the_list_says_which_files_there_are(web: TestClient) -> None:
    found = {each["name"]: each for each in web.get(ROOT).json()["items"]}
    assert list(found) == SETS
    assert found["Milestones"]["files"] == [f"Milestones.{kind}" for kind in FORMATS]
    assert {name for name, each in found.items() if each["as_of"]} == {
        name for name in SETS if has_past(name)
    }
    assert found["CurrencyRates"]["changed_since"] is False


def test_who_may_see_some_projects_gets_their_rows_in_a_file_of_their_own(
    seeded: Engine, web: TestClient, some: TestClient
) -> None:
    project = objects(some, "Projects.ndjson")
    assert [row["ProjectKey"] for row in project] == ["PORTAL"]
    for name in SETS:
        rows = objects(some, f"{name}.ndjson")
        if rows and "ProjectId" in rows[0]:
            assert {row["ProjectId"] for row in rows} == {project[0]["ProjectId"]}
    assert objects(some, "Runs.ndjson") == []
    assert get(some, "Projects.csv").headers["etag"] != get(web, "Projects.csv").headers["etag"]
    unknown = some.get(f"{ROOT}Projects.csv", headers={"authorization": "Bearer x"})
    assert unknown.status_code == 401
    assert unknown.headers["www-authenticate"].startswith("Basic realm=")
    may_not = create_token(seeded, "may not read", scopes=("sync",))
    refused = web.get(f"{ROOT}Projects.csv", headers={"authorization": f"Bearer {may_not}"})
    assert refused.status_code == 403


def test_files_are_kept_until_the_room_is_needed_and_read_on_after_that() -> None:
    kept, written = Kept(room=10), []

    def write(tag: str, body: bytes) -> Any:
        def into(out: Any) -> tuple[str, dict[str, str]]:
            written.append(body)
            out.write(body)
            return tag, {"X": "1"}

        return into

    first = kept.get("a", write("a", b"123456"))
    again = kept.get("a", write("a", b"never"))
    assert again.read(2, 3) == b"345"
    again.file.close()
    kept.get("b", write("b", b"abcdef")).file.close()
    assert kept.held("a") is None
    assert first.read(0, 99) == b"123456"
    assert (first.length, first.headers) == (6, {"X": "1"})
    assert written == [b"123456", b"abcdef"]

    def broken(out: Any) -> tuple[str, dict[str, str]]:
        out.write(b"half")
        raise Problem(503, "too-long", "stopped")

    with pytest.raises(Problem):
        kept.get("c", broken)
    assert kept.held("c") is None
    first.file.close()
    later = kept.get("d", write("e", b"x"))  # the data went on while it was written
    assert (later.tag, kept.held("d")) == ("e", None)
    later.file.close()


def test_of_several_that_want_one_file_one_writes_it_and_not_too_many_wait() -> None:
    kept, written, gate = Kept(), [], threading.Event()

    def write(out: Any) -> tuple[str, dict[str, str]]:
        gate.wait(5)
        written.append(1)
        out.write(b"x")
        return "a", {}

    def take() -> None:
        kept.get("a", write).file.close()

    takers = [threading.Thread(target=take) for _ in range(4)]
    for each in takers:
        each.start()
    while kept.waiting() < 4:
        time.sleep(0.001)
    more = [threading.Thread(target=take) for _ in range(4)]
    for each in more:
        each.start()
    while kept.waiting() < 8:
        time.sleep(0.001)
    with pytest.raises(Problem, match="try again"):
        kept.get("b", write)
    takers += more
    gate.set()
    for each in takers:
        each.join(5)
    assert written == [1]
