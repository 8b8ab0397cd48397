"""A key is changed: what is stored opens with the new one, and no longer with the old one alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from config.vault import KEY_FILE, Vault, VaultUnusable, forget, open_vault, renew
from sync.keeping import KeptSecrets, keep
from sync.resealing import reseal, sealed_how
from sync.store import unit_of_work

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_key_is_changed_and_the_old_one_opens_nothing_any_more(engine: Engine, tmp_path: Path) -> None:
    given = Settings(home=tmp_path)
    with unit_of_work(engine) as connection:
        kept = keep(connection, "hunter2", by="Ada", now=NOW, vault=lambda: open_vault(given))
    number = int(kept.partition(":")[2])
    old = (tmp_path / KEY_FILE).read_text(encoding="ascii")

    renew(given)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert sealed_how(engine, open_vault(given)).older == 1
    assert reseal(engine, open_vault(given)).older == 1
    assert (forget(given, keep=2), forget(given, keep=1)) == (0, 1)

    assert KeptSecrets(engine, lambda: open_vault(given))(number) == "hunter2"
    assert reseal(engine, open_vault(given)).newest == 1
    with engine.connect() as connection:
        sealed = bytes(connection.execute(text("SELECT sealed FROM kept_secret")).scalar_one())
        said = connection.execute(text("SELECT action, detail FROM audit_event ORDER BY seq")).all()
    assert b"hunter2" not in sealed
    with pytest.raises(VaultUnusable, match="sealed with another key"):
        Vault(old.strip()).open(sealed, what="it")
    assert said[0] == ("secret.resealed", {"resealed": 1, "not_opened": []})


def test_what_no_key_opens_is_named_and_left_alone(engine: Engine, tmp_path: Path) -> None:
    lost, here = Settings(home=tmp_path / "lost"), Settings(home=tmp_path / "here")
    with unit_of_work(engine) as connection:
        keep(connection, "hunter2", by="Ada", now=NOW, vault=lambda: open_vault(lost))
    assert sealed_how(engine, open_vault(here)).lost == ("secret 1",)
    assert reseal(engine, open_vault(here)).lost == ("secret 1",)
    assert sealed_how(engine, open_vault(lost)).newest == 1


def test_keys_of_the_environment_are_its_owners_to_change(engine: Engine, tmp_path: Path) -> None:
    keys = [(tmp_path / name / KEY_FILE) for name in "ab"]
    for file in keys:
        open_vault(Settings(home=file.parent))
    old, new = (file.read_text(encoding="ascii") for file in keys)
    given = Settings(home=tmp_path, secret_key=old)
    with pytest.raises(VaultUnusable, match="put a new one before them"):
        renew(given)
    with unit_of_work(engine) as connection:
        keep(connection, "hunter2", by="Ada", now=NOW, vault=lambda: open_vault(given))
    both = Settings(home=tmp_path, secret_key=f"{new},{old}")
    assert reseal(engine, open_vault(both)).older == 1
    assert sealed_how(engine, Vault(new)).newest == 1
