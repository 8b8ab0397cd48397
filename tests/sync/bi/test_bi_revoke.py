"""Granting and revoking: always to be undone, by who is no superuser too."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from config.database import open_engine
from sync.bi_revoke import Revoked, revoke
from sync.bi_roles import CannotGrant, grant, readers
from tests.support.bi_roles import as_role, refused, rows
from tests.support.databases import cloned


def test_granting_again_makes_a_new_password_and_revoking_ends_it_at_once(seeded: Engine, name: str) -> None:
    first = grant(seeded, name, until=datetime(2027, 1, 1, tzinfo=UTC))
    second = grant(seeded, name)
    assert (first.made, second.made) == (True, False)
    assert first.password != second.password
    [mine] = [each for each in readers(seeded) if each.name == name]
    assert mine.made_here
    with as_role(seeded, name) as connection:
        assert revoke(seeded, name)
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    assert not revoke(seeded, name)
    assert rows(seeded, "SELECT 1 FROM pg_roles WHERE rolname = :name", name=name) == []


def test_a_role_that_was_there_keeps_its_password_and_is_not_dropped(seeded: Engine, name: str) -> None:
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    assert grant(seeded, name).password is None
    assert revoke(seeded, name)
    assert rows(seeded, "SELECT 1 FROM pg_roles WHERE rolname = :name", name=name)


def test_no_superuser_is_needed_to_grant_and_to_revoke(seeded: Engine, owner: Engine, name: str) -> None:
    assert grant(owner, name).made
    assert grant(owner, name).password
    with as_role(seeded, name) as connection:
        assert connection.scalar(text("SHOW search_path")) == "bi"
        refused(connection, "SELECT 1 FROM public.claim")
        with seeded.begin() as giving:
            giving.execute(text("GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC"))
        connection.execute(text("SET default_transaction_read_only = off"))
        made = connection.scalar(text("SELECT lo_create(0)"))
        with seeded.begin() as taking:
            taking.execute(text("REVOKE EXECUTE ON FUNCTION lo_create(oid) FROM PUBLIC"))
        assert revoke(owner, name) == Revoked(inherited=(f"large object {made}",))
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    assert [each.name for each in readers(owner) if each.name == name] == []


@pytest.mark.parametrize("projects", [None, ["PORTAL"]])
def test_a_role_that_made_things_is_revoked_all_the_same(
    seeded: Engine, name: str, projects: list[str] | None
) -> None:
    grant(seeded, name, projects=projects)
    with seeded.begin() as connection:  # as if somebody had let it
        connection.execute(text(f"CREATE SCHEMA s_{name} AUTHORIZATION {name}"))
        connection.execute(text(f'GRANT TEMP ON DATABASE "{seeded.url.database}" TO {name}'))
    with as_role(seeded, name) as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(f"CREATE TABLE s_{name}.kept AS SELECT 7 AS it"))
        connection.execute(text("CREATE TEMP VIEW looking AS SELECT * FROM dim_project"))
        revoked = revoke(seeded, name)
        assert revoked is not None
        assert f"table s_{name}.kept" in revoked.inherited
        assert (revoked.stays, revoked.todo) == (None, ())
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    assert rows(seeded, "SELECT 1 FROM pg_roles WHERE rolname = :name", name=name) == []
    assert rows(seeded, f"SELECT it FROM s_{name}.kept") == [(7,)]
    with seeded.begin() as connection:
        connection.execute(text(f"DROP SCHEMA s_{name} CASCADE"))


def test_what_a_role_holds_in_another_database_is_named_with_what_to_do(
    seeded: Engine, template_url: str, name: str
) -> None:
    with cloned(template_url) as url:
        other = open_engine(url)
        grant(seeded, name)
        with other.begin() as connection:
            connection.execute(text(f"GRANT SELECT ON project TO {name}"))
        left = revoke(seeded, name)
        assert left is not None
        assert f"in database {other.url.database}" in (left.stays or "")
        assert left.todo[-1] == f'DROP ROLE "{name}"'
        assert [each.name for each in readers(seeded) if each.name == name] == []
        with pytest.raises(DBAPIError, match="not permitted to log in"), as_role(seeded, name):
            pass
        with other.begin() as connection:
            connection.execute(text(f'DROP OWNED BY "{name}"'))
        other.dispose()
        again = revoke(seeded, name)
        assert again is not None
        assert again.stays is None
    assert revoke(seeded, name) is None


def test_a_view_that_somebody_put_on_a_limited_schema_keeps_nobody_reading(seeded: Engine, name: str) -> None:
    grant(seeded, name, projects=["PORTAL"])
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE VIEW v_{name} AS SELECT * FROM bi_{name}.dim_project"))
    left = revoke(seeded, name)
    assert left is not None
    assert left.todo == (f'DROP SCHEMA "bi_{name}" CASCADE',)
    assert [each.name for each in readers(seeded) if each.name == name] == []
    with pytest.raises(CannotGrant, match="something stands on the views"):
        grant(seeded, name, projects=["PORTAL"])
    with seeded.begin() as connection:
        connection.execute(text(f"DROP SCHEMA bi_{name} CASCADE"))
