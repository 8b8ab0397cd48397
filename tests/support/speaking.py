"""Browsers of people in roles, all of one store on one application."""

from functools import lru_cache
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token


@lru_cache(maxsize=2)  # what a file of tests uses, and no store longer than the next one's tests run
def app_of(engine: Engine) -> FastAPI:
    """Return one application for all who sign in."""
    return create_app(engine)


def signed_in(engine: Engine, person: str, *roles: str, projects: Any = None) -> TestClient:
    token = create_token(engine, person, projects=projects, speaks_for=(person, roles))
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    return TestClient(app_of(engine), headers=headers, follow_redirects=False)
