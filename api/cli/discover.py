"""`discover`: what a source offers, what its fields mean, and the settings that pin it down."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.common import USAGE, Failed, heard_or_not, open_store, utc_now, words
from api.cli.mapping import print_saved
from config.settings import settings
from sync.inspect import discover_source, source_names
from sync.proposal import described, proposal_text
from sync.saving import save
from sync.versions import Saving, parse_proposal


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("discover")(discover)


def discover(
    source: Annotated[str, typer.Argument(help="The source to look at")],
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the settings it proposes to this file (YAML)")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--save", help="Save the settings it proposes as a version of the mapping")
    ] = False,
    by: Annotated[str | None, typer.Option("--by", help="Who saves it")] = None,
) -> None:
    """Show what a source offers, and which field means what: the evidence, and how sure it is."""
    if keep and not by:
        raise Failed("--save needs --by NAME: who answers for the mapping", USAGE)
    engine = open_store()
    with words(USAGE):
        [name] = source_names(engine, [source])
    with words():
        found = discover_source(engine, name, connections=settings().connections)
    with heard_or_not():
        for line in described(name, found):
            typer.echo(line)
    proposed = proposal_text(name, found)
    if write is not None:
        try:
            write.write_text(proposed, encoding="utf-8")
        except OSError as error:
            raise Failed(f"{write} cannot be written: {error.strerror}", USAGE) from None
        typer.echo(f"Wrote {write}. Next: `muster mapping preview {name} --file {write}`.")
    if keep:
        with words(USAGE):
            proposal = parse_proposal(proposed, where="the proposal", source=name)
            saved = save(
                engine, name, proposal, where="the proposal", saving=Saving(by or "", utc_now(), None)
            )
        print_saved(name, saved)
