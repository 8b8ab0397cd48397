"""`muster source login` and `muster source token`: sources that a person has to let us in to."""

import sys
import threading
import webbrowser
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import typer

from api.cli.common import USAGE, Failed, open_store, words
from sync.login import begin_login

_PATIENCE_S: Final = 600.0  # seconds that a person has for the consent
_TICK_S: Final = 0.5
_PAGE: Final = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Muster</title>"
    "<p>{}</p><p>This page can be closed; the rest is said where <code>muster source login</code> runs.</p></html>"
)

app = typer.Typer(no_args_is_help=True, help="Sign in to sources whose tokens rotate.")


@app.command("login")
def login(
    source: Annotated[str, typer.Argument(help="The source to sign in to")],
    browser: Annotated[bool, typer.Option(help="Open the address in the browser of this machine")] = True,
    patience: Annotated[float, typer.Option(help="Seconds to wait for the consent")] = _PATIENCE_S,
) -> None:
    """Ask a person to let us in, and keep the token that comes of it, sealed."""
    engine = open_store()
    with words(USAGE):
        attempt = begin_login(engine, source)
    with closing(attempt), words():
        where = urlsplit(attempt.callback)
        if where.hostname not in ("127.0.0.1", "localhost") or where.scheme != "http":
            raise Failed(
                f"callback is {attempt.callback}, which is not this machine; use http://127.0.0.1:PORT/callback (and "
                "register it with the app), or hand in a token: muster source token",
                USAGE,
            )
        with _listening(where.port or 80, where.path) as listener:
            typer.echo(f"Open this address, and let Muster in:\n\n  {attempt.url}\n")
            if browser and sys.stdout.isatty():
                webbrowser.open(attempt.url)
            back = listener.wait(patience)
        if "code" not in back:
            why = back.get("error_description") or back.get("error") or "it brought no code"
            raise Failed(f"{source}: the consent was not given ({why[:200]})")
        typer.echo(attempt.finish(code=back["code"], state=back.get("state", "")))


@app.command("token")
def token(source: Annotated[str, typer.Argument(help="The source the token is for")]) -> None:
    """Read a refresh token from standard input, exchange it at once, and keep what comes of it, sealed."""
    given = "" if sys.stdin.isatty() else sys.stdin.read().strip()
    if not given or len(given.split()) != 1:
        raise Failed("give the refresh token on standard input: muster source token SOURCE < FILE", USAGE)
    engine = open_store()
    with words(USAGE):
        attempt = begin_login(engine, source)
    with closing(attempt), words():
        typer.echo(attempt.take(given))


class _Listener(HTTPServer):
    """Waits on loopback for the one visit that brings a code."""

    def __init__(self, port: int, path: str) -> None:
        super().__init__(("127.0.0.1", port), _Visit)
        self.path = path
        self.back: dict[str, str] = {}
        self.timeout = _TICK_S

    def wait(self, seconds: float) -> dict[str, str]:
        """Return what the visit brought.

        Raises:
            Failed: Nobody came.
        """
        over = threading.Event()
        timer = threading.Timer(seconds, over.set)
        timer.daemon = True
        timer.start()
        try:
            while not self.back and not over.is_set():
                self.handle_request()
        finally:
            timer.cancel()
        if not self.back:
            raise Failed(f"nobody gave the consent within {seconds:.0f} seconds; begin again")
        return self.back


class _Visit(BaseHTTPRequestHandler):
    server: _Listener
    timeout = 10.0  # seconds for a visitor to say what it wants

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        if where.path != self.server.path:  # a browser also asks for its icon
            self.send_error(404)
            return
        self.server.back = {name: values[-1] for name, values in parse_qs(where.query).items()}
        said = "Muster was let in." if "code" in self.server.back else "Muster was not let in."
        body = _PAGE.format(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing: the address holds the code."""


def _listening(port: int, path: str) -> _Listener:
    try:
        return _Listener(port, path)
    except OSError as error:
        raise Failed(
            f"port {port} of this machine cannot be listened on ({error.strerror}); end what uses it, or set another "
            "callback"
        ) from None
