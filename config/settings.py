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
    allow_addresses: str = (
        ""  # hosts and networks inside; read where connections are made, connectors/guard.py
    )
    log_format: str = "auto"  # auto: plain lines on a terminal, JSON elsewhere; or plain, json
    connections: int = 8  # per source, at most
    requests_per_minute: Annotated[int, Field(ge=0)] = 6000  # by one token; 0: without a limit
    failures_per_minute: Annotated[int, Field(ge=1)] = 20  # sign-ins from one address that may fail
    session_idle_hours: Annotated[float, Field(gt=0)] = 8.0  # a session that is not used ends after these
    session_hours: Annotated[float, Field(gt=0)] = 168.0  # and any after these
    public_url: str | None = None  # where browsers reach the pages; None: where each request came
    trusted_proxies: str | None = (
        None  # addresses whose X-Forwarded-… is believed, commas between; None: nobody's
    )
    oidc_issuer: str | None = None  # of the identity provider; None: none
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None  # None: a public client, by PKCE alone
    oidc_name: str = "your organisation"  # as the button on the sign-in page calls it
    oidc_scopes: str = "openid profile email"
    oidc_name_claim: str = "preferred_username"  # what an account is called by; else email, else subject
    oidc_roles_claim: str | None = None  # e.g. groups or roles; None: roles are given in Muster alone
    oidc_roles: dict[
        str, str
    ] = {}  # JSON: a value of that claim -> role, or role of portfolio|programme|project KEY
    oidc_tenants: str | None = None  # of an issuer of many tenants: whose people may come, commas between
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
