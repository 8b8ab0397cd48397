"""The log of who changed what: what an event says, and the chain that shows when one was changed or taken out.

An event's digest is made of what it says; its hash of the hash before it, its place and its digest:

    digest = sha256(JSON array of at, actor, way, address, action, subject, detail)
    hash   = sha256("<hash before> <seq> <digest>")

The JSON is as `canonical` writes it. The first event's hash before is 64 zeros. So one event cannot be changed,
taken out or put in without all later hashes being other ones; of the last one somebody must keep a note (an anchor).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

NOTHING_BEFORE: Final = "0" * 64
SAYS: Final = (
    "at",
    "actor",
    "way",
    "address",
    "action",
    "subject",
    "detail",
)  # what the digest is of, in order


class Way(StrEnum):
    """How somebody got at what was done."""

    PAGE = "page"
    API = "api"
    COMMAND = "command"
    CLOCK = "clock"  # nobody did: a schedule, or what follows from a run


# What can happen, in words. An event of any other action is refused, so that nothing is recorded that no page,
# filter and document knows.
ACTIONS: Final[dict[str, str]] = {
    "account.added": "An account was added",
    "account.disabled": "An account was shut",
    "account.enabled": "An account was opened again",
    "account.password": "A password was set or changed",
    "account.person": "It was said whom of the sources' people an account is",
    "account.tied": "An account that was waiting for somebody was tied to them at their first sign-in",
    "account.role_given": "A role was given",
    "account.role_taken": "A role was taken away",
    "answer.given": "Answers were written into a form or sent by a program",
    "bi.granted": "A database role may read the views for BI tools",
    "bi.revoked": "A database role may no longer read the views for BI tools",
    "claim.stated": "A value of a project was stated by hand",
    "claim.withdrawn": "A value stated by hand was withdrawn",
    "comment.moved": "A reviewer's comment was settled or opened again",
    "comment.written": "A reviewer's comment was written",
    "conflict.settled": "Whose word counts was decided where sources contradict each other",
    "conflict.settlement_ended": "Such a decision was taken back",
    "cycle.moved": "A collection cycle was moved on, or its days were changed",
    "cycle.opened": "A collection cycle was opened",
    "drift.accepted": "What a source had changed was accepted as it is",
    "dispute.decided": "An objection to a finding was decided",
    "dispute.raised": "A finding was objected to",
    "draft.changed": "A draft of a source was changed",
    "draft.dropped": "A draft of a source was thrown away",
    "export.audit": "The log of events was exported",
    "export.feed": "Data was taken through the feed",
    "export.file": "A whole set was taken as a file",
    "export.workbook": "A workbook was written for somebody to fill in",
    "finding.moved": "A finding was taken up, put aside, or moved otherwise",
    "mapping.saved": "A mapping got a new version",
    "matching.decided": "Whether two records are one was decided, or a decision taken back",
    "policy.proposed": "A policy was proposed, or its text changed",
    "policy.published": "A policy holds from a day on",
    "portfolio.changed": "The portfolio's name, time zone, currency or rates were changed",
    "policy.withdrawn": "A policy was taken back",
    "question.answered": "A question a run had asked was answered",
    "rule.made": "A rule of whose word counts was made",
    "rule.ended": "A rule of whose word counts was ended",
    "secret.resealed": "Stored secrets were encrypted with a new key",
    "session.ended": "A session was ended",
    "session.refused": "Somebody could not sign in",
    "session.signed_in": "Somebody signed in",
    "source.added": "A source was added",
    "source.changed": "A source's configuration was changed",
    "source.paused": "A source was paused",
    "source.resumed": "A source goes on being read",
    "source.signed_in": "A source's sign-in was stored",
    "source.taken_out": "A source is no longer read",
    "submission.moved": "A submission was sent in, approved, sent back or published",
    "tailoring.changed": "What a project is asked for was tailored",
    "template.moved": "A template's version was handed in for review, or sent back",
    "template.published": "A template's version was published",
    "template.retired": "A template's version was retired",
    "template.saved": "A template's version was saved",
    "token.created": "A token was made",
    "token.linked": "A sign-in link was made",
    "token.revoked": "A token was revoked",
    "view.dropped": "A saved view was dropped",
    "view.saved": "A view was saved",
    "waiver.asked": "A waiver was asked for",
    "waiver.decided": "A waiver was decided, or taken back",
    "workbook.returned": "A filled-in workbook was taken back in",
    "workbook.settled": "A cell that two people had changed was decided",
}


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `address` None: not over the network, or it cannot be known."""

    at: datetime
    actor: str
    way: str
    address: str | None
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Linked:
    """An event as the log holds it, with its place in the chain; `seq` None: it was put in by going round it."""

    seq: int | None
    event: Event
    digest: str
    prev: str | None
    hash: str | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A note of the last event, kept where whoever writes to the database cannot: else a cut tail is unseen."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def read(cls, text: str) -> "Anchor":
        """Read what `muster audit head` printed.

        Raises:
            ValueError: It is nothing of the kind.
        """
        seq, _, hash_ = text.strip().partition(":")
        if not (
            seq.isdecimal() and len(hash_) == len(NOTHING_BEFORE) and set(hash_) <= set("0123456789abcdef")
        ):
            raise ValueError(f"{text!r} is no anchor; `muster audit head` prints one, like 123:9f86d0…")
        return cls(int(seq), hash_)


def canonical(value: Any) -> str:
    """Write JSON in the one way the digest is made of: keys sorted, no spaces, nothing but ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def instant(at: datetime) -> str:
    """Write an instant as it is hashed: UTC, to the microsecond, with Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(event: Event) -> str:
    """Return the SHA-256 of what an event says."""
    said = [instant(event.at), *(getattr(event, name) for name in SAYS[1:])]
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def link(prev: str, seq: int, digest_: str) -> str:
    """Return an event's hash; the database works it out by the same formula when a transaction commits."""
    return hashlib.sha256(f"{prev} {seq} {digest_}".encode()).hexdigest()


def faults(events: Iterable[Linked], anchor: Anchor | None = None) -> Iterator[str]:
    """Say what is wrong with a log, in the order of its events: nothing where it is whole.

    The events must come in the order of `seq`, those without one last.
    """
    expected, before, met = 1, NOTHING_BEFORE, anchor is None
    for each in events:
        if each.seq is None:
            yield f"an event of {instant(each.event.at)} has no place: it was put in by going round the log"
            continue
        if each.seq > expected:
            missing = (
                f"event {expected}" if each.seq == expected + 1 else f"events {expected} to {each.seq - 1}"
            )
            yield f"{missing} missing: taken out before event {each.seq}"
        elif each.prev != before:
            yield f"event {each.seq} does not follow from the one before it"
        if digest(each.event) != each.digest:
            yield f"event {each.seq} says something else than when it was written"
        if link(each.prev or "", each.seq, each.digest) != each.hash:
            yield f"event {each.seq} has a hash that is not its own"
        if anchor is not None and each.seq == anchor.seq:
            met = True
            if each.hash != anchor.hash:
                yield f"event {each.seq} is not the one of which the anchor was taken"
        expected, before = each.seq + 1, each.hash or ""
    if anchor is not None and not met:
        yield f"event {anchor.seq} of the anchor is missing: the log ends at {expected - 1}"
