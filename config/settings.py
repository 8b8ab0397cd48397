"""What the environment tells this installation: `MUSTER_…` variables."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The environment's part of the configuration; everything else is applied with `muster apply`."""

    model_config = SettingsConfigDict(env_prefix="MUSTER_", extra="ignore", frozen=True)

    home: Path = Path(platformdirs.user_data_dir("muster"))
    secret_key: SecretStr | None = None  # None: a key of its own, in a file under `home`
    database_url: SecretStr | None = None  # None: the embedded PostgreSQL under `home`
    host: str = "127.0.0.1"
    port: int = 8000
    folders: str | None = (
        None  # that pages may read workbooks from, with colons between; None: `files` in the home
    )
    log_format: str = "auto"  # auto: plain lines on a terminal, JSON elsewhere; or plain, json
    connections: int = 8  # per source, at most
    requests_per_minute: Annotated[int, Field(ge=0)] = 6000  # by one token; 0: without a limit
    failures_per_minute: Annotated[int, Field(ge=1)] = 20  # sign-ins from one address that may fail
    worker_heartbeat_s: float = 10.0  # seconds between a worker's signs of life
    worker_stalled_s: float = 30.0  # seconds of silence after which its jobs are taken over

    @property
    def readable_folders(self) -> tuple[Path, ...]:
        """Return the folders that somebody who sets a source up in the web may choose from."""
        if self.folders is None:
            return (self.home / "files",)
        return tuple(Path(each) for each in self.folders.split(os.pathsep) if each.strip())


@lru_cache
def settings() -> Settings:
    """Read the environment once."""
    return Settings()
