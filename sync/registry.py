"""Every kind of source: one line each, loaded when first needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any, Final, Protocol, cast

from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine

from config import shipped
from config.document import SourceBlock, in_words
from config.secrets import Kept, check_references, resolve, secret_values, stand_in
from connectors.base import Connector
from connectors.errors import MisconfiguredSource
from connectors.grants import TokenStore
from connectors.redaction import remember
from sync.credentials import StoredTokens
from sync.keeping import KeptSecrets
from sync.mapping import MappingSpec, compile_stream, parse_mapping

# kind -> where its config class and connector class are
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "jira": ("connectors.jira.config:JiraConfig", "connectors.jira.connector:Jira"),
    "azure_devops": (
        "connectors.azure_devops.config:AzureDevOpsConfig",
        "connectors.azure_devops.connector:AzureDevOps",
    ),
    "excel": ("connectors.excel.config:ExcelConfig", "connectors.excel.connector:Excel"),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A source ready to pull: its connector, secrets in, and its mapping."""

    connector: Connector
    mapping: MappingSpec


class TokenStores(Protocol):
    """Gives a source the place where its tokens are kept, if they rotate."""

    def __call__(self, source: str) -> TokenStore:
        """Return the store of one source."""


class Opener(Protocol):
    """Opens a source; tests hand in their own."""

    def __call__(self, block: SourceBlock, *, connections: int, clock: Callable[[], datetime]) -> Opened:
        """Return the source, ready to pull."""


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def check_source(block: SourceBlock) -> None:
    """Check a source's block without opening it: kind, options, references, mapping.

    Raises:
        MisconfiguredSource: With the option and what was expected.
    """
    config = _config(block, stand_in(block.options()))
    try:
        check_references(block.options(), where=block.name)
        spec = source_mapping(block)
        transforms = _transforms(block, config)
        for stream in spec.streams:
            compile_stream(spec, stream, transforms, {})
    except ValueError as error:
        raise MisconfiguredSource(str(error).removeprefix(f"{block.name}: "), source=block.name) from None


def _transforms(block: SourceBlock, config: BaseModel) -> Mapping[str, Callable[[Any], Any]]:
    """Return what a mapping of this kind may name; a connector asks nothing of its source before the first call."""
    build = _load(KINDS[block.kind][1])
    config = config.model_copy(update={"ca_bundle": None})  # the file need be there only where workers run
    connector = cast("Connector", build(config, source=block.name, connections=1, clock=utc_now))
    try:
        return connector.transforms()
    finally:
        connector.close()


def _config(block: SourceBlock, options: Mapping[str, Any]) -> BaseModel:
    if block.kind not in KINDS:
        raise MisconfiguredSource(
            f"there is no kind {block.kind!r} of source; there are: {', '.join(KINDS)}", source=block.name
        )
    try:
        return cast("BaseModel", _load(KINDS[block.kind][0]).model_validate(options))
    except ValidationError as error:
        raise MisconfiguredSource(in_words(error), source=block.name) from None


def opener_on(engine: Engine) -> Opener:
    """Return what opens sources whose secrets and rotating tokens are kept in this database."""
    return partial(open_source, tokens=partial(StoredTokens, engine), kept=KeptSecrets(engine))


def open_source(
    block: SourceBlock,
    *,
    connections: int,
    clock: Callable[[], datetime] = utc_now,
    tokens: TokenStores | None = None,
    kept: Kept | None = None,
) -> Opened:
    """Build a source's connector, with its secrets in, and read its mapping.

    Raises:
        MisconfiguredSource: Options or a mapping that do not hold, or a secret that cannot be found.
    """
    try:
        options = resolved(block, kept=kept)
        source_mapping(block)
    except ValueError as error:
        raise MisconfiguredSource(str(error).removeprefix(f"{block.name}: "), source=block.name) from None
    config = _config(block, options)
    build = _load(KINDS[block.kind][1])
    stored = {"tokens": tokens(block.name)} if tokens is not None and _keeps_grant(config) else {}
    connector = cast(
        "Connector", build(config, source=block.name, connections=connections, clock=clock, **stored)
    )
    return Opened(connector, source_mapping(block))


def open_for_reading(
    block: SourceBlock, *, connections: int = 1, clock: Callable[[], datetime] = utc_now
) -> Opened:
    """Build a source's connector to take stored pages apart with: no secret is looked up, nothing is asked.

    Raises:
        MisconfiguredSource: Options or a mapping that do not hold.
    """
    try:
        spec = source_mapping(block)
    except ValueError as error:
        raise MisconfiguredSource(str(error).removeprefix(f"{block.name}: "), source=block.name) from None
    config = _config(block, block.options()).model_copy(update={"ca_bundle": None})
    build = _load(KINDS[block.kind][1])
    connector = cast("Connector", build(config, source=block.name, connections=connections, clock=clock))
    return Opened(connector, spec)


def read_config(block: SourceBlock, *, kept: Kept | None = None) -> BaseModel:
    """Read a source's options, with its secrets in, as its kind has them.

    Raises:
        MisconfiguredSource: Options that do not hold, or a secret that cannot be found.
    """
    try:
        return _config(block, resolved(block, kept=kept))
    except ValueError as error:
        raise MisconfiguredSource(str(error).removeprefix(f"{block.name}: "), source=block.name) from None


def address_of(block: SourceBlock) -> str | None:
    """Return the address a source calls, as given or as its kind has it; None for one that calls nobody."""
    options = block.options()
    if block.kind in KINDS and "folder" not in options:
        config = _config(block, stand_in(options))
        options = {key: getattr(config, key, None) for key in ("base_url", "graph_url")}
    for key in ("base_url", "graph_url"):
        if isinstance(options.get(key), str):
            return str(options[key])
    return None


def resolved(block: SourceBlock, *, kept: Kept | None = None) -> dict[str, Any]:
    """Return a source's options with its secrets in, known from now on to whatever stars secrets.

    Raises:
        SecretMissing: A reference that leads nowhere.
    """
    options: dict[str, Any] = resolve(block.options(), where=block.name, kept=kept)
    remember(*secret_values(block.options(), options))
    return options


def _keeps_grant(config: BaseModel) -> bool:
    return bool(getattr(config, "keeps_grant", False))


def source_mapping(block: SourceBlock) -> MappingSpec:
    """Return the shipped mapping of a source's kind with the source's own attributes over it.

    Raises:
        MappingError: An attribute, stream or shape that does not exist.
    """
    return parse_mapping(shipped.mapping(block.kind), where=f"{block.name}: mapping", overrides=block.mapping)
