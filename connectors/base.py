"""What every connector is: a config, `check`, `discover`, and streams that pull page by page."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One request and its answer's body, word for word. `request` holds no secret."""

    request: str  # "GET https://host/path?query" or "POST https://host/path {body}"
    body: bytes


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record of a page, in the tracker's own shape.

    `locator` is where a person finds it: a key, or `file!sheet!cell`. `filtered_by` names the rule
    that leaves this record out (it still counts in the ledger); `unreadable` the reason it cannot be
    read.
    """

    external_id: str
    payload: Json
    locator: str
    url: str | None = None
    filtered_by: str | None = None
    unreadable: str | None = None


class Fate(StrEnum):
    """Why a record that was there is not seen any more: five things with five different answers."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    MOVED = "moved"  # to a project that this source does not read
    OUT_OF_SCOPE = "out_of_scope"  # still where it was, but the source's query or area no longer takes it in
    ACCESS_LOST = "access_lost"  # it may well be there; this account cannot see it


@dataclass(frozen=True, slots=True)
class Absence:
    """What became of one record, and what in the tracker's answers says so."""

    fate: Fate
    says: str


@dataclass(frozen=True, slots=True)
class Census:
    """The ids of all a slice holds now; `said` is the source's own count of them, None where it gives none."""

    ids: frozenset[str]
    said: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The unit of work: what was fetched together, stored in one transaction with its cursor.

    `cursor` is the JSON position of the slice once this page is stored; None leaves it where it is.
    `said` is how many records this page should hold by the source's own word, e.g. the ids asked for;
    None when the source gave no count. `vanished` are external ids that this page shows to be gone,
    `fates` what became of them where more is known than that they were deleted. `controls` are totals
    that the source itself gives of numbers on this page, by attribute. `complete` is true on the last
    page of a slice that listed everything there is: what was stored before under the slice's scope and
    not seen in this run is then gone. `resumed` says that an earlier pull, cut off since, had read the
    first part of that list. `warnings` are for the run's own: what an officer should know although
    nothing failed.
    """

    stream: str
    slice: str
    parts: tuple[Part, ...]
    fetched_at: datetime
    cursor: Json | None = None
    said: int | None = None
    vanished: tuple[str, ...] = ()
    fates: Mapping[str, Absence] = field(default_factory=dict)
    controls: Mapping[str, Decimal] = field(default_factory=dict)
    complete: bool = False
    resumed: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a stream with its own cursor. `label` is what a person calls it."""

    name: str  # stable, used as the cursor's key; "" when the stream is one slice
    label: str
    expected: int | None = None  # records, for the progress bar; None unknown


class Detached:
    """A stream's `read` that holds no connection: another process may do it, so it can be pickled."""


class Stream(Protocol):
    """One kind of record of a source."""

    name: str
    entity: str  # work_item, scope, iteration, milestone, raid_item, cost_line, identity, project

    def slices(self) -> Sequence[Slice]:
        """List the slices, in the order to pull them in; may call the source.

        Raises:
            ConnectorError: The source could not be asked.
        """

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch what changed since `cursor` (None: everything), one page at a time.

        Slices of a stream may be pulled side by side, each in a thread of its own; inside a slice
        pages come in order.

        Raises:
            SliceUnreadable: This slice cannot be read; others may.
            ConnectorError: The source cannot be read on.
        """

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Split a page's bodies into records. Pure: replays call it on stored pages.

        Positions in a page are the order of this iterator. A record that cannot be read is yielded
        with `unreadable` set.
        """


@runtime_checkable
class Censused(Protocol):
    """A stream that can list the ids it holds for much less than their records cost."""

    def census(self, slice_: Slice) -> Census:
        """List the ids of everything the slice holds, in pages as large as the source gives.

        Raises:
            SliceUnreadable: This slice cannot be listed; others may.
            ConnectorError: The source cannot be read on.
        """

    def fates(self, slice_: Slice, external_ids: Sequence[str]) -> Mapping[str, Absence]:
        """Say what became of records the census no longer lists; one that is there after all is left out."""


@runtime_checkable
class Retrying(Protocol):
    """A stream that can fetch single records by id, apart from its cursor."""

    def retry(self, slice_: Slice, external_ids: Sequence[str]) -> Iterator[Page]:
        """Fetch these records whole; pages carry no cursor, and none is `complete`.

        Asked for records that could not be read before, and for those that a census lists and the store
        lacks. One that the source does not give is left out; the caller sees that it did not come.

        Raises:
            SliceUnreadable: This slice cannot be read; others may.
            ConnectorError: The source cannot be read on.
        """


@runtime_checkable
class Surveying(Protocol):
    """A stream that can ask for all its slices at once what changed in them."""

    def survey(self, cursors: Mapping[str, Json]) -> None:
        """Ask, once, between `slices` and the first `pull`; what is learned is for `pull` to use.

        Raises:
            ConnectorError: The source could not be asked.
        """


@runtime_checkable
class Aging(Protocol):
    """A stream that lists everything there is each time, and need not be listed in every incremental run."""

    lasts: timedelta  # how old what was read may be when a run leaves it as it is; nothing: read it in each

    def keep(self, cursors: Mapping[str, Json]) -> bool:
        """Take up from the cursors what earlier readings left for other streams; false: it must be read now.

        Asked once, in place of `slices` and `pull`, when what was read last is young enough.

        Raises:
            ConnectorError: The source could not be asked.
        """


@runtime_checkable
class Fingerprinted(Protocol):
    """A connector whose scope is partly decided in the tracker, where somebody may change it."""

    def scope_fingerprint(self) -> Mapping[str, str]:
        """Return what decides the scope there now, each part under a name that people read.

        E.g. `{"filter 10010": "project = ABC AND type = Epic", "sheet Risks": "ID | Title | Owner"}`:
        names are stable, values the definition itself, plain and in a stable order, so that two can be
        held against each other in words. What cannot be asked is left out, never empty.

        Raises:
            ConnectorError: The source cannot be asked.
        """


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `check`: what was looked at, whether it is well, and what to do when not."""

    what: str
    ok: bool
    says: str
    todo: str | None = None


class Confidence(StrEnum):
    """How far a discovered meaning is to be believed."""

    HIGH = "high"  # the source itself says so: a setting, a schema's own type, the officer's configuration
    MEDIUM = "medium"  # it follows from something that usually means it, or several say different things
    LOW = "low"  # only a name looks like it: have somebody confirm it


@dataclass(slots=True)
class Discovery:
    """What a source has, as `discover` found it.

    `semantics` are the names mappings may use as `{name}` in a path, e.g. `story_points` ->
    `customfield_10016`; `evidence` says for each why it is believed, `confidence` how far, and
    `alternatives` what was not chosen, a sentence each. `proposal` is what the connector would write
    into the source's block: option -> value, `mapping` among them (stream -> attribute -> how).
    `shape` is what of the source's make-up is to be watched for drift besides fields, types and states:
    what it is called -> {stable name: what it is now}, e.g. `{"process of project": {"Apollo": "Agile"}}`.
    """

    scopes: list[Json] = field(default_factory=list)  # key, name, external_id, url
    fields: list[Json] = field(default_factory=list)  # id, name, type; `column` where a sheet has it
    types: list[Json] = field(default_factory=list)  # id where there is one, name
    states: list[Json] = field(default_factory=list)  # name, id, category
    iterations: list[Json] = field(default_factory=list)
    semantics: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    confidence: dict[str, Confidence] = field(default_factory=dict)
    alternatives: dict[str, list[str]] = field(default_factory=dict)
    proposal: Json = field(default_factory=dict)
    shape: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one run may use up; None: without a bound."""

    requests: int | None = None
    seconds: float | None = None
    bytes: int | None = None


@dataclass(slots=True)
class Traffic:
    """What talking to the source has cost so far; written by `connectors.spending`, read by the run.

    `halted` is set by the run once it has failed: nothing more is asked then, and no wait is slept out.
    """

    requests: int = 0
    retries: int = 0
    bytes_fetched: int = 0
    waited_s: float = 0.0  # seconds spent waiting because the source asked for it
    budget: Budget | None = None
    began: float = field(default_factory=time.monotonic)  # monotonic seconds
    sent: int = 0  # requests on their way or answered, counted where there is a budget
    halted: threading.Event = field(default_factory=threading.Event)

    def spent(self, more_s: float = 0.0) -> str | None:
        """Say which part of the budget is used up, or would be in so many seconds; None when none is."""
        if (budget := self.budget) is None:
            return None
        if budget.requests is not None and max(self.requests, self.sent) >= budget.requests:
            what = f"{budget.requests} requests"
        elif budget.bytes is not None and self.bytes_fetched >= budget.bytes:
            what = f"{budget.bytes} bytes"
        elif budget.seconds is not None and time.monotonic() - self.began + more_s >= budget.seconds:
            what = f"{budget.seconds:g} seconds"
        else:
            return None
        return f"the budget of {what} a run is spent"


@runtime_checkable
class Reconsidering(Protocol):
    """A connector whose configuration decides part of what its fields mean."""

    def reconsider(self, known: Discovery) -> Mapping[str, str]:
        """Return the semantics of what was discovered before, under the present configuration. Pure.

        `known` holds the fields, types, states and semantics last seen.
        """


@runtime_checkable
class Watched(Protocol):
    """A connector that can be asked for little what drift is judged by."""

    def look(self) -> Discovery:
        """Look at fields, types, states and `shape`, in a handful of requests; the rest stays empty.

        Asked before every run, so that a change is told before its records are read.

        Raises:
            ConnectorError: The source cannot be asked.
        """


@runtime_checkable
class Resting(Protocol):
    """A watched connector that need not be looked at before every run."""

    lasts: timedelta  # how old the last look may be; nothing: look before each

    def rest(self) -> None:
        """Go on by what was last seen: this run does not look."""


class Connector(Protocol):
    """One configured source."""

    source: str
    traffic: Traffic

    def check(self) -> Sequence[Finding]:
        """Say who we are there, what we may see, and what is missing.

        Raises:
            ConnectorError: Nothing at all can be read, with the reason in an officer's words.
        """

    def discover(self) -> Discovery:
        """Look at everything the source offers, on a sample where it is large."""

    def streams(self, semantics: Mapping[str, str], fields: Sequence[str]) -> Sequence[Stream]:
        """Return the streams, in the order to pull them.

        Args:
            semantics: `Discovery.semantics` as stored with the source.
            fields: The first path segments below the record that the mapping reads, e.g.
                `customfield_10016`: only these are asked of the tracker.
        """

    def transforms(self) -> Mapping[str, Callable[[Any], Any]]:
        """Return the named transforms this tracker's mapping may use besides the common ones."""

    def close(self) -> None:
        """Give connections back."""
