"""`serve` and `up`: the pages and the API, alone or with the clock and a worker."""

import gc
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer
import uvicorn
from sqlalchemy import Engine

from api.access.doors import Limits
from api.app import create_app
from api.cli.common import USAGE, open_store, words
from api.cli.stopping import stopping_between_pages
from api.signin.tokens import account_link, sign_in_link
from api.signin.ways_in import ways_in
from config.settings import settings
from sync.jobs import Work
from sync.schedule import start_clock
from sync.stopping import ask_to_stop
from sync.worker import Worker

_TRIES = 50  # ports looked at after the one asked for

PortOption = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port; MUSTER_PORT or 8000 if not given")
]
HostOption = Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 if not given")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("serve")(serve)
    app.command("up")(up)


def serve(port: PortOption = None, host: HostOption = None) -> None:
    """Serve the pages and the API; the clock and the workers run elsewhere."""
    engine = open_store(pool_size=16)
    run_server(engine, port=port, host=host)


def up(port: PortOption = None, host: HostOption = None) -> None:
    """Run all of Muster in one process: pages, API, clock and a worker."""
    engine = open_store(pool_size=16)
    with background_work(engine):
        run_server(engine, port=port, host=host)


@contextmanager
def background_work(engine: Engine) -> Iterator[None]:
    """Run the clock and a worker beside the server; both stop with it, runs in hand after their page."""
    given = settings()
    worker = Worker(
        Work(engine, connections=given.connections, puts_back=True),
        heartbeat_s=given.worker_heartbeat_s,
        stalled_s=given.worker_stalled_s,
    )
    thread = threading.Thread(target=worker.run, name="worker")
    clock = start_clock(engine)
    thread.start()
    try:
        yield
    finally:
        ask_to_stop()
        with stopping_between_pages():  # a signal now is the second one
            clock.shutdown(wait=False)
            worker.stop()
            thread.join()


def run_server(
    engine: Engine, *, port: int | None = None, host: str | None = None, account: int | None = None
) -> None:
    """Serve until stopped, on the next free port if the one asked for is taken; says how to sign in.

    The link that is printed signs in `account`; without one it lets its reader look.
    """
    given = settings()
    with words(USAGE):
        app = create_app(
            engine,
            limits=Limits.a_minute(given.requests_per_minute, given.failures_per_minute),
            ways_in=ways_in(given),
        )
    address = host or given.host
    bound = bind(address, port or given.port)
    chosen = bound.getsockname()[1]
    base = f"http://{address}:{chosen}"
    if chosen != (port or given.port):
        typer.echo(f"Port {port or given.port} is taken; using {chosen}.")
    config = uvicorn.Config(
        app,
        proxy_headers=given.trusted_proxies is not None,
        forwarded_allow_ips=given.trusted_proxies or "",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    # Pages that were still open when the patience ran out are no failure of anything.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "running task(s)" not in str(record.msg))
    _settle()
    server = uvicorn.Server(config)
    with _ended_by_signals(server):
        typer.echo(f"Muster is at {base}  (Ctrl-C stops it)")
        at = given.public_url or base
        link = sign_in_link(engine, at) if account is None else account_link(engine, at, account)
        typer.echo(f"Sign in, once, with {link}")
        server.run(sockets=[bound])


@contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let a signal end the server from the moment it is announced; afterwards it does what it would have done.

    The server listens to signals once its loop runs. One that came sooner would be an exception in the midst of
    whatever is being made ready, and is lost where that is a callback of the interpreter.
    """
    came: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        came.append(number)
        server.handle_exit(number, frame)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def _settle() -> None:
    """Tell the collector of garbage that what is loaded by now stays, and to look less often.

    Answers make many objects that are soon gone; going through all of the program's own each time takes longer
    than the answers do.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def bind(address: str, port: int) -> socket.socket:
    """Return a listening socket on the port, or on the next free one after it."""
    for candidate in (*range(port, min(port + _TRIES, 65536)), 0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        # With the protocol named, asyncio sends small answers at once instead of waiting 40 ms for more.
        one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((address, candidate))
        except OSError:
            one.close()
            continue
        return one
    raise OSError(f"no free port at {address}")
