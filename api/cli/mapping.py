"""`mapping preview`, `mapping save`, `mapping versions`, `drift` and `replay`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.common import FAILED, USAGE, Failed, Format, heard_or_not, open_store, utc_now, words
from sync.drift import Open, accept, drifted
from sync.fills import Fill
from sync.inspect import source_names
from sync.preview import Preview, plain, preview
from sync.rebuild import rejections
from sync.replay import Replayed, replay
from sync.saving import Saved, save
from sync.versions import Proposal, Saving, parse_proposal, versions_of

mapping = typer.Typer(no_args_is_help=True, help="Try, save and list how sources are read.")

Source = Annotated[str, typer.Argument(help="The source")]
By = Annotated[str, typer.Option("--by", help="Who answers for it")]
File = Annotated[
    Path | None, typer.Option("-f", "--file", help="Settings, as `muster discover --write` writes them")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(mapping, name="mapping")
    app.command("drift")(drift)
    app.command("replay")(replay_source)


@mapping.command("preview")
def preview_mapping(
    source: Source,
    file: File = None,
    pages: Annotated[
        int | None,
        typer.Option(
            "--pages", min=1, help="Only the newest pages of each stream; without differences and colours"
        ),
    ] = None,
    as_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
) -> None:
    """Try a mapping on the pages already stored, and show what it would change; nothing is changed."""
    engine = open_store()
    with words(USAGE):
        [name] = source_names(engine, [source])
        proposal = _read(file, name)
    with words():
        found = preview(engine, name, proposal.settings(), now=utc_now(), newest_pages=pages)
    with heard_or_not():
        if as_ is Format.JSON:
            typer.echo(json.dumps(plain(found), indent=2, ensure_ascii=False))
        else:
            _print_preview(found, whole=pages is None)


@mapping.command("save")
def save_mapping(
    source: Source,
    by: By,
    file: File = None,
    note: Annotated[str | None, typer.Option("--note", help="What was changed, and why")] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also if it rejects records that are taken now")
    ] = False,
) -> None:
    """Save a mapping as the source's newest version; its examples run with every sync from now on."""
    engine = open_store()
    with words(USAGE):
        [name] = source_names(engine, [source])
        proposal = _read(file, name)
        saving = Saving(by, utc_now(), note or proposal.note)
        where = str(file or "the present mapping")
        saved = save(engine, name, proposal, where=where, saving=saving, anyway=anyway)
    print_saved(name, saved)


@mapping.command("versions")
def list_versions(source: Source) -> None:
    """List the versions of a source's mapping, the newest first."""
    engine = open_store()
    with words(USAGE):
        [name] = source_names(engine, [source])
    with words(), engine.connect() as connection:
        for each in versions_of(connection, name):
            settings = ", ".join(sorted(each["settings"])) or "the shipped mapping as it is"
            typer.echo(
                f"{each['version']}  {each['saved_at']:%Y-%m-%d %H:%M} UTC  by {each['saved_by']}: {settings}"
                f" over {each['shipped']}; {each['examples']} examples, {each['runs']} runs"
                + (f"; {each['note']}" if each["note"] else "")
            )


def drift(
    source: Annotated[str | None, typer.Argument(help="The source; all if none")] = None,
    accepted: Annotated[
        list[int] | None, typer.Option("--accept", help="Take these for how it is from now on, by number")
    ] = None,
    everything: Annotated[bool, typer.Option("--accept-all", help="Take all of it so")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Who accepts it")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Also what is no longer open")] = False,
    as_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
) -> None:
    """Show what of the sources is no longer as their mappings were made for; or accept it."""
    engine = open_store()
    if source is not None:
        with words(USAGE):
            source_names(engine, [source])
    if accepted or everything:
        if source is None or not by:
            raise Failed("to accept drift, name the source and who accepts it: --by NAME", USAGE)
        with words(USAGE):
            done = accept(engine, source, accepted or (), by=by, now=utc_now())
        typer.echo(f"Accepted {len(done)}: " + ", ".join(f"{each.id} {each.subject}" for each in done))
        return
    with words(), engine.connect() as connection:
        found = drifted(connection, source, resolved=resolved)
    with heard_or_not():
        if as_ is Format.JSON:
            typer.echo(json.dumps([_drift_document(each) for each in found], indent=2, ensure_ascii=False))
            return
        for each in found:
            _print_drift(each)
        if not found:
            typer.echo("Nothing has drifted.")


def replay_source(source: Source) -> None:
    """Make the live model what all stored pages give by the present mapping; no source is called."""
    engine = open_store()
    with words(USAGE):
        [name] = source_names(engine, [source])
    with words():
        done = replay(engine, name, now=utc_now())
    with heard_or_not():
        _print_replay(done)
    if done.rebuilt.unreadable:
        raise typer.Exit(FAILED)


def print_saved(name: str, saved: Saved) -> None:
    """Say what was saved and what comes next."""
    version = saved.version
    taken = f", {saved.taken} of them taken from the store as they are read now" if saved.taken else ""
    typer.echo(f"Saved as version {version.version}, with {len(version.examples)} examples{taken}.")
    if saved.without:
        typer.echo(f"There is no example of: {', '.join(saved.without)}; nothing watches how these are read.")
    if saved.missing:
        typer.echo(
            f"The stored pages do not hold {', '.join(saved.missing)}: the next sync of {name} reads everything again."
        )
    else:
        typer.echo(
            f"The stored pages hold all it reads: `muster replay {name}`, or the next sync, brings them over."
        )


def _read(file: Path | None, source: str) -> Proposal:
    if file is None:
        return Proposal()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}", USAGE
        ) from None
    return parse_proposal(text, where=str(file), source=source)


def _print_preview(found: Preview, *, whole: bool) -> None:
    records = ", ".join(f"{count} {stream}" for stream, count in sorted(found.rebuilt.records.items()))
    typer.echo(
        f"{found.source}: {found.rebuilt.pages} stored pages, {records}; nothing was asked of the source"
    )
    for each in found.missing:
        typer.echo(f"  ! the stored pages do not hold {each}: unknown here, until a sync has read it")
    for says in found.rebuilt.unreadable:
        typer.echo(f"  ! {says}")
    typer.echo("Filled, of the records that are there:")
    for fill in found.fills:
        typer.echo(f"  {fill.stream:<12} {fill.attribute:<22} {_filled(fill)}")
    if found.rebuilt.unmapped:
        typer.echo("Values without a place in their value map, by the newest page of each record:")
        for (stream, attribute, value), times in sorted(found.rebuilt.unmapped.items()):
            typer.echo(f"  {stream:<12} {attribute}: {value!r}, {times} times")
    _print_rejected(found)
    for failing in found.failing:
        typer.echo(f"  ! {failing.says}")
    if whole:
        _print_changes(found)


def _print_rejected(found: Preview) -> None:
    if found.rebuilt.rejected:
        typer.echo(f"Records that it does not take: {len(found.rebuilt.rejected)}; they keep what they have")
        for (stream, why), (times, where) in rejections(found.rebuilt.rejected).items():
            typer.echo(f"  {stream:<12} {why}: {times}, e.g. {where}")
    if found.newly:
        typer.echo(f"  ! {len(found.newly)} of them are taken now and would be rejected:")
        for (stream, why), (times, where) in rejections(found.newly).items():
            typer.echo(f"  {stream:<12} {why}: {times}, e.g. {where}")


def _print_changes(found: Preview) -> None:
    typer.echo("Against what is stored now:")
    for table, merged in sorted(found.tables.items()):
        if merged.added or merged.changed or merged.removed or merged.back:
            typer.echo(
                f"  {table:<12} {merged.added} more, {merged.changed} changed, {merged.removed} gone,"
                f" {merged.back} back"
            )
    for (table, attribute), times in sorted(found.changes.items()):
        typer.echo(f"  {table:<12} {attribute}: {times} values")
        for each in [one for one in found.changed if (one.table, one.attribute) == (table, attribute)][:3]:
            typer.echo(f"      {each.record}: {_value(each.now)} → {_value(each.then)}")
    if found.newly:
        typer.echo(
            f"  {len(found.newly)} records would be rejected that are taken now; they keep what they have"
        )
    elif not found.changes and not any(one.added or one.removed for one in found.tables.values()):
        typer.echo("  nothing would change")
    if not found.coloured:
        typer.echo("Colours: none, no portfolio is configured")
    elif not found.colours:
        typer.echo("Colours: no project would change")
    for colour in found.colours:
        typer.echo(f"  {colour.project} {colour.what}: {colour.now or 'none'} → {colour.then or 'none'}")


def _filled(fill: Fill) -> str:
    then = f"{fill.then} of {fill.then_of} ({_share(fill.then, fill.then_of)})"
    now = f"{fill.now} of {fill.now_of}"
    failed = f"; {fill.failed} cannot be read" if fill.failed else ""
    return (
        then + failed
        if (fill.now, fill.now_of) == (fill.then, fill.then_of)
        else f"{then}{failed}, now {now}"
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def _value(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _print_drift(each: Open) -> None:
    state = "" if each.resolved_at is None else f"  (closed {each.resolved_at:%Y-%m-%d}"
    state += f" by {each.resolved_by})" if each.resolved_by else ")" if state else ""
    typer.echo(f"{each.id:>5}  {each.source}: {each.says}{state}")
    typer.echo(f"       since {each.first_seen:%Y-%m-%d %H:%M} UTC; what to do: {each.todo}")


def _drift_document(each: Open) -> dict[str, Any]:
    return {
        name: value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
        for name, value in ((name, getattr(each, name)) for name in each.__slots__)
    }


def _print_replay(done: Replayed) -> None:
    records = ", ".join(f"{count} {stream}" for stream, count in sorted(done.rebuilt.records.items()))
    typer.echo(f"{done.source}: {done.rebuilt.pages} stored pages read again, {records}")
    for table, merged in sorted(done.tables.items()):
        typer.echo(
            f"  {table:<12} {merged.added} added, {merged.changed} changed, {merged.removed} gone, {merged.back} back"
        )
    for says in done.rebuilt.unreadable:
        typer.echo(f"  ! {says}")
    for (stream, why), (times, where) in rejections(done.rebuilt.rejected).items():
        typer.echo(f"  x {stream}: {why}: {times}, e.g. {where}")
    more = "Next: `muster sync` colours anew." if done.changes else "Nothing was to be changed."
    typer.echo(more)
