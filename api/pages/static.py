"""Style and script, served with a digest in their address so that browsers keep them."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(__file__).parent.parent / "static"


class _Kept(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file; for a year where the address holds its digest."""
        response = await super().get_response(path, scope)
        digested = scope.get("query_string", b"").startswith(b"v=")
        kept = "public, max-age=31536000, immutable" if digested else "no-cache"
        response.headers["Cache-Control"] = kept
        return response


def static_files() -> StaticFiles:
    """Return the application that serves them."""
    return _Kept(directory=FOLDER)


@lru_cache
def address(name: str) -> str:
    """Return a file's address with its digest."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
