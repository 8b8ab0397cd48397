"""`muster secrets`: with which keys stored secrets are sealed, and how a key is changed."""

from typing import Annotated

import typer

from api.cli.common import Failed, open_store, words
from config.settings import settings
from config.vault import forget, open_vault, renew
from sync.resealing import Sealed, reseal, sealed_how

app = typer.Typer(name="secrets", help="The keys that stored secrets are sealed with.", no_args_is_help=True)


@app.command()
def check() -> None:
    """Say with which keys stored secrets are sealed; no secret is shown."""
    with words():
        found = sealed_how(open_store(), open_vault(settings()))
    typer.echo(f"{found.newest} sealed with the newest key, {found.older} with an older one.")
    _tell_lost(found)


@app.command()
def rotate(
    forget_old: Annotated[
        bool,
        typer.Option(help="Throw older keys away at once: where one leaked. Restart what else runs before"),
    ] = False,
) -> None:
    """Seal every stored secret with a new key; the one before opens until the next rotation.

    Where the keys are in MUSTER_SECRET_KEY, put the new one before the old one there first: NEW,OLD.
    """
    with words():
        engine, given = open_store(), settings()
        if given.secret_key is None:
            renew(given)
        found = reseal(engine, open_vault(given))
        typer.echo(f"{found.older} secrets are sealed with the newest key; {found.newest} were already.")
        _tell_lost(found)
        gone = forget(given, keep=1 if forget_old else 2)
    if given.secret_key is not None:
        typer.echo("Now take the old key out of MUSTER_SECRET_KEY everywhere, and restart what runs.")
    elif gone:
        typer.echo(f"{gone} older keys were thrown away.")


def _tell_lost(found: Sealed) -> None:
    if found.lost:
        raise Failed(
            f"sealed with a key that is not here: {', '.join(found.lost)}. Give the key back (MUSTER_SECRET_KEY, or"
            " secret.key in the home), or sign the sources in again; older keys stay until then"
        )
