"""Make, list and revoke API tokens, and one-time links to sign in with. A token is shown once."""

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

import typer
from sqlalchemy import Engine, func, select

from api.access.visible import SCOPES, hash_token
from model.collection.roles import OFFICE_ROLES, PROJECT_ROLES
from model.rights import ROLES
from model.tables import Account, ApiToken, Portfolio, Programme, Project
from sync.tokens import SIGN_IN, NameTaken, NewToken, add_token, revoke_token

PREFIX: Final = "mst_"  # lets a secret scanner know a token when it sees one
LINK_LIVES: Final = timedelta(minutes=30)
NAME: Final = 200  # characters of a token's name


SpeaksFor = tuple[str | None, Sequence[str]]  # a person and the roles they hold in the whole office
NOBODY: Final[SpeaksFor] = (None, ())


@dataclass(frozen=True, slots=True)
class Groups:
    """Programmes, by name, and portfolios, by key, whose projects of each moment a token may see."""

    programmes: Sequence[str] = ()
    portfolios: Sequence[str] = ()


NO_GROUPS: Final = Groups()


class BadToken(ValueError):
    """A token was asked for that cannot be, with what to do."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What may be shown of a token."""

    name: str
    scopes: tuple[str, ...]
    projects: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    person: str | None = None
    roles: tuple[str, ...] = ()
    of: Groups = NO_GROUPS
    account: str | None = None

    @property
    def seen(self) -> str:
        """What it may see, in words."""
        groups = (("portfolio", self.of.portfolios), ("programme", self.of.programmes))
        some = [*(self.projects or ()), *(f"{what} {name}" for what, names in groups for name in names)]
        return ", ".join(some) or ("all projects" if self.projects is None else "no project")


def create_token(  # noqa: PLR0913 - what a token may is many choices, all by name
    engine: Engine,
    name: str,
    *,
    scopes: Sequence[str] = ("read",),
    projects: Collection[str] | None = None,
    lives: timedelta | None = None,
    now: datetime | None = None,
    speaks_for: SpeaksFor = NOBODY,
    of: Groups = NO_GROUPS,
    account: int | None = None,
) -> str:
    """Make a token and return it; only its hash is kept, so this is the one time it is seen.

    Args:
        engine: Where to keep it.
        name: What it is revoked by.
        scopes: Of read, sync, admin; none where roles say what it may.
        projects: The keys of the projects it may see; None means all, also those to come, unless `of` says which.
        lives: How long it works; None until it is revoked.
        now: The clock.
        speaks_for: The person it answers and acts for, and the roles they hold.
        of: Programmes and portfolios it may see the projects of.
        account: Whose it is: it never holds more than they do, and speaks for whom they are.

    Raises:
        BadToken: A name that cannot be one or is in use; an unknown scope, project, programme, portfolio or role;
            roles of nobody.
    """
    now = now or datetime.now(UTC)
    if not name.strip() or ":" in name or len(name) > NAME or not name.isprintable():
        raise BadToken(f"a token needs a name of 1 to {NAME} characters on one line, without a colon")
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise BadToken(f"no such scope: {', '.join(unknown)}; there are: {', '.join(SCOPES)}")
    if not scopes and not speaks_for[1]:
        raise BadToken(f"a token needs a scope: {', '.join(SCOPES)}; or a role: {', '.join(ROLES)}")
    _check_projects(engine, projects)
    _check_groups(engine, of)
    _check_roles(speaks_for, of_account=account is not None)
    token = PREFIX + secrets.token_urlsafe(32)
    expires_at = now + lives if lives else None
    new = NewToken(
        name,
        hash_token(token),
        scopes,
        projects,
        expires_at,
        *speaks_for,
        of.programmes,
        of.portfolios,
        account,
    )
    _add(engine, new, now)
    return token


def sign_in_link(
    engine: Engine,
    base_url: str,
    *,
    name: str = "browser",
    projects: Collection[str] | None = None,
    lives: timedelta = LINK_LIVES,
    now: datetime | None = None,
    speaks_for: SpeaksFor = NOBODY,
) -> str:
    """Return an address that signs a browser in, once, to read.

    Args:
        engine: Where to keep it.
        base_url: Of the pages, e.g. `http://127.0.0.1:8000`.
        name: Whom it is for; revoking the token of that name ends its sessions too.
        projects: The keys of the projects it may see; None means all.
        lives: How long the link can be used; the session it opens is longer.
        now: The clock.
        speaks_for: The person whose answers are given in that browser, and their roles.
    """
    now = now or datetime.now(UTC)
    _check_projects(engine, projects)
    _check_roles(speaks_for)
    ticket = secrets.token_urlsafe(24)
    linked = f"{name}: link {secrets.token_hex(6)}"
    _add(engine, NewToken(linked, hash_token(ticket), [SIGN_IN], projects, now + lives, *speaks_for), now)
    return _address(base_url, ticket)


def account_link(engine: Engine, base_url: str, account: int) -> str:
    """Return an address that signs a browser in, once, as an account, with all that it may."""
    ticket, now = secrets.token_urlsafe(24), datetime.now(UTC)
    linked = f"account {account}: link {secrets.token_hex(6)}"
    new = NewToken(linked, hash_token(ticket), [SIGN_IN], None, now + LINK_LIVES, account=account)
    _add(engine, new, now)
    return _address(base_url, ticket)


def _address(base_url: str, ticket: str) -> str:
    return f"{base_url.rstrip('/')}/sign-in?{urlencode({'token': ticket})}"


def list_tokens(engine: Engine) -> list[TokenRow]:
    """Return all tokens but links never used; never a hash."""
    query = select(ApiToken).where(~ApiToken.scopes.contains([SIGN_IN])).order_by(ApiToken.id)
    columns = query.with_only_columns(
        ApiToken.name, ApiToken.scopes, ApiToken.projects, ApiToken.created_at, ApiToken.expires_at,
        ApiToken.revoked_at, ApiToken.person, ApiToken.roles, ApiToken.programmes, ApiToken.portfolios, Account.name,
    ).outerjoin(Account, Account.id == ApiToken.account_id)  # fmt: skip
    with engine.connect() as connection:
        return [
            TokenRow(
                name,
                tuple(scopes),
                None if projects is None else tuple(projects),
                made,
                ends,
                revoked,
                person,
                tuple(roles or ()),
                Groups(tuple(programmes), tuple(portfolios)),
                account,
            )
            for (
                name,
                scopes,
                projects,
                made,
                ends,
                revoked,
                person,
                roles,
                programmes,
                portfolios,
                account,
            ) in connection.execute(columns)
        ]


def _check_projects(engine: Engine, projects: Collection[str] | None) -> None:
    if projects is None:
        return
    with engine.connect() as connection:
        known = set(connection.scalars(select(Project.key).where(Project.key.in_(list(projects)))))
        count = connection.scalar(select(func.count()).select_from(Project))
    if unknown := sorted(set(projects) - known):
        raise BadToken(
            f"no such project: {', '.join(unknown)}; {count} are known, `muster status` lists them"
        )


def _check_groups(engine: Engine, of: Groups) -> None:
    for what, column, given in (
        ("programme", Programme.name, of.programmes), ("portfolio", Portfolio.key, of.portfolios),
    ):  # fmt: skip
        with engine.connect() as connection:
            known = set(connection.scalars(select(column)))
        if unknown := sorted(set(given) - known):
            raise BadToken(
                f"no such {what}: {', '.join(unknown)}; there are: {', '.join(sorted(known)) or 'none'}"
            )


def _check_roles(speaks_for: SpeaksFor, *, of_account: bool = False) -> None:
    person, roles = speaks_for
    if unknown := sorted(set(roles) - ROLES.keys()):
        raise BadToken(f"no such role: {', '.join(unknown)}; there are: {', '.join(ROLES)}")
    if of_account:
        return
    if set(roles) & PROJECT_ROLES.keys():
        raise BadToken(
            "no such role is held by a token: project managers and sponsors need none, their projects name them;"
            " say who it is by --person"
        )
    if set(roles) & set(OFFICE_ROLES) and not (person or "").strip():
        raise BadToken("roles are held by a person: say which by --person")


def _add(engine: Engine, new: NewToken, now: datetime) -> None:
    try:
        add_token(engine, new, at=now)
    except NameTaken as error:
        raise BadToken(str(error)) from error


_ROLES: Final = (
    f"What it may: {', '.join(each for each in ROLES if each not in PROJECT_ROLES)}; may be repeated"
)
_LINK_ROLES: Final = f"Held in the whole office: {', '.join(OFFICE_ROLES)}; may be repeated"


def token_commands(open_database: Callable[[], Engine]) -> typer.Typer:
    """Return `muster token`: create, list, revoke, link."""
    commands = typer.Typer(name="token", help="API tokens and sign-in links.", no_args_is_help=True)

    @commands.command()
    def create(  # noqa: PLR0913, PLR0917 - an option each
        name: Annotated[str, typer.Argument(help="What it is for; it is revoked by this name")],
        scope: Annotated[list[str] | None, typer.Option(help="read, sync, admin; may be repeated")] = None,
        project: Annotated[
            list[str] | None, typer.Option(help="May see this project only; repeat for more")
        ] = None,
        programme: Annotated[
            list[str] | None, typer.Option(help="May see the projects this programme has; repeat for more")
        ] = None,
        portfolio: Annotated[
            list[str] | None, typer.Option(help="May see the projects this portfolio has; repeat for more")
        ] = None,
        days: Annotated[int | None, typer.Option(min=1, help="Works this long; else until revoked")] = None,
        person: Annotated[str | None, typer.Option(help="Whom it answers and acts for, by name")] = None,
        role: Annotated[list[str] | None, typer.Option(help=_ROLES)] = None,
    ) -> None:
        """Make a token and print it, this once."""
        lives = timedelta(days=days) if days else None
        try:
            token = create_token(
                open_database(), name, scopes=scope or ([] if set(role or ()) - set(OFFICE_ROLES) else ["read"]),
                projects=project or None, lives=lives, speaks_for=(person, role or ()),
                of=Groups(programme or (), portfolio or ()),
            )  # fmt: skip
        except BadToken as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from error
        typer.echo(token)
        typer.echo("Keep it now: only its hash is stored.", err=True)

    @commands.command("list")
    def list_() -> None:
        """List the tokens: names, scopes, projects and whom they speak for, never the token."""
        for row in list_tokens(open_database()):
            ends = (
                "revoked" if row.revoked_at else f"until {row.expires_at:%Y-%m-%d}" if row.expires_at else ""
            )
            whom = " ".join(filter(None, (row.person, f"({', '.join(row.roles)})" if row.roles else "")))
            columns = [row.name, ",".join(row.scopes), row.seen, f"{row.created_at:%Y-%m-%d}", ends, whom]
            typer.echo("\t".join(columns).rstrip())

    @commands.command()
    def revoke(name: Annotated[str, typer.Argument(help="The token's name")]) -> None:
        """Make a token worthless at once, with the sessions it opened."""
        if not revoke_token(open_database(), name, datetime.now(UTC)):
            typer.echo(f"error: there is no token {name!r}; `muster token list` shows them", err=True)
            raise typer.Exit(2)
        typer.echo(f"{name} is revoked.")

    @commands.command()
    def link(
        base_url: Annotated[str, typer.Option(help="Where the pages are")] = "http://127.0.0.1:8000",
        name: Annotated[str, typer.Option(help="Whom it is for")] = "browser",
        project: Annotated[list[str] | None, typer.Option(help="May see this project only")] = None,
        person: Annotated[str | None, typer.Option(help="Whose answers are given in that browser")] = None,
        role: Annotated[list[str] | None, typer.Option(help=_LINK_ROLES)] = None,
    ) -> None:
        """Print an address that signs a browser in, once."""
        try:
            speaks_for = (person, role or ())
            engine = open_database()
            typer.echo(
                sign_in_link(engine, base_url, name=name, projects=project or None, speaks_for=speaks_for)
            )
        except BadToken as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from error

    return commands
