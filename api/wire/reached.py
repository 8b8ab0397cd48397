"""How a request reached us: by a program or in a browser, and whether over https."""

from typing import Final

from starlette.types import Scope

# Where programs come, with a key in each request; everywhere else a browser does, with its cookie.
PROGRAMS: Final = ("/api/", "/odata/", "/files/", "/metrics")


def is_secure(scope: Scope) -> bool:
    """Tell whether browsers reach these pages over https, by us or by a proxy before us."""
    public = getattr(getattr(scope.get("app"), "state", None), "public_url", None)
    return scope.get("scheme") == "https" or str(public or "").startswith("https://")
