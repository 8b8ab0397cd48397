"""What a posted form does: store answers, dispute a value, take a step; and what is said where it cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from api.access.veil import Veil
from api.pages.form_posted import Posted, changes
from api.wire.problems import bad_request
from model.collection.cases import is_editable
from model.collection.roles import Actor
from model.collection.typed import plain, typed
from model.collection.workflow import SAID, moves_from
from model.findings.moves import NotAllowed as MayNotDispute
from model.findings.moves import NotPossible
from model.template.result import Finding
from sync.collection.answers import give_answers
from sync.collection.case import Case
from sync.collection.comments import NoSuchComment, comment, settle
from sync.collection.refused import Held, NotAllowed, NotAnswerable, NotOpen, Refused, Stale
from sync.collection.submissions import move
from sync.disputes import Disputed, dispute
from sync.finding_moves import Act

WEB = "web"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: how many answers were stored, and what new records are called from now on."""

    saved: int
    made: Mapping[str, str] = field(default_factory=dict)


class Unsaved(Exception):
    """It could not be done. `kept` says that the answers are stored all the same; else they are still typed only."""

    def __init__(
        self,
        title: str,
        says: str,
        *,
        status: int,
        kept: bool = False,
        findings: Sequence[tuple[str, Finding]] = (),
    ) -> None:
        super().__init__(says)
        self.title = title
        self.says = says
        self.status = status
        self.kept = kept
        self.findings = tuple(findings)


def act(
    engine: Engine, of: tuple[Case, Veil], ref: str | None, posted: Posted, form: Mapping[str, str], *, actor: Actor,
    now: datetime,
) -> Done:  # fmt: skip
    """Store what was typed, then do what the button says; the form was shown through a veil.

    Raises:
        Unsaved: With what is wrong, for the form to show.
        Problem: 400 for a button there is not.
    """
    verb, _, what = form.get("action", "save").partition(":")
    if verb not in ("save", "move", "dispute", "comment", "settle"):
        raise bad_request(f"There is no button {verb[:40]!r}.")
    done, stored = _store(engine, of, ref, posted, actor=actor, now=now)
    if verb == "move":
        _step(engine, stored, what, form, actor=actor, now=now)
    elif verb == "dispute" and ref is not None:
        _dispute(engine, stored, ref, what, form, actor=actor, now=now)
    elif verb in ("comment", "settle"):
        _remark(engine, stored, ref, (verb, what), form, actor=actor, now=now)
    return done


def _store(
    engine: Engine, of: tuple[Case, Veil], ref: str | None, posted: Posted, *, actor: Actor, now: datetime
) -> tuple[Done, Case]:
    case, veil = of
    if ref is None:
        return Done(0), case
    shown = veil.case(case)
    new = veil.changes(case, changes(case.template, shown.record(ref) or shown.blank(ref), posted))
    if not new:
        return Done(0), case
    try:
        stored = give_answers(
            engine, case.submission.id, new, actor=actor, door=WEB, revision=posted.revision, now=now
        )
    except Stale as error:
        raise Unsaved("Somebody else answered meanwhile", f"{error}.", status=409) from None
    except NotAllowed as error:
        raise Unsaved("Not saved", f"{error}.", status=403) from None
    except NotOpen as error:
        raise Unsaved("Not saved", f"{error}.", status=409) from None
    except NotAnswerable as error:
        raise Unsaved("Not saved", f"{error}.", status=422) from None
    return Done(len(new), stored.made), stored


def _step(
    engine: Engine, case: Case, to: str, form: Mapping[str, str], *, actor: Actor, now: datetime
) -> None:
    head = case.submission
    title = f"Not {_past(to)}"
    because = plain(form.get(f"reason.{to}", "")).strip() or None
    attest = None
    if f"attest.{to}" in form:  # the box beside the template's own sentence
        attest = next((each.attest for each in moves_from(case.template, head.state) if each.to == to), None)
    try:
        move(
            engine, head.id, to, actor=actor, because=because, attest=attest, door=WEB, revision=head.revision,
            now=now,
        )  # fmt: skip
    except Held as error:
        count = len(error.findings)
        says = f"{count} thing{'s' if count != 1 else ''} must be put right first. Your answers are saved."
        raise Unsaved(title, says, status=422, kept=True, findings=error.findings) from None
    except NotAllowed as error:
        raise Unsaved(title, f"{error}.", status=403, kept=True) from None
    except Refused as error:
        raise Unsaved(title, f"{error}.", status=409, kept=True) from None


def _past(to: str) -> str:
    return to.replace("_", " ") if to in SAID else "done"


def _remark(
    engine: Engine, case: Case, ref: str | None, button: tuple[str, str], form: Mapping[str, str], *, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Comment on the whole or a field of it, or say that a comment is dealt with."""
    verb, what = button
    number = case.submission.id
    try:
        if verb == "comment":
            says = plain(form.get(f"comment.{what}", ""))
            comment(engine, number, says, actor=actor, now=now, record_ref=ref or "", field=what or None)
        elif what.isascii() and what.isdigit():
            settle(engine, number, int(what), actor=actor, now=now)
    except NotAllowed as error:
        raise Unsaved("Not commented", f"{error}.", status=403, kept=True) from None
    except (NotAnswerable, NotOpen, NoSuchComment) as error:
        raise Unsaved("Not commented", f"{str(error).strip()}.", status=409, kept=True) from None


def _dispute(
    engine: Engine, case: Case, ref: str, id_: str, form: Mapping[str, str], *, actor: Actor, now: datetime
) -> None:
    found = next((each for each in case.template.fields if each.rule.id == id_), None)
    record = case.record(ref)
    if found is None or record is None or is_editable(case.template, found):
        raise bad_request(f"There is no value {id_[:40]!r} here that can be disputed.")
    filled = record.filled.get(id_)
    head = case.submission
    disputed = Disputed(
        head.project_id, head.template, ref, id_, record.values().get(id_),
        source=filled.source if filled else None, locator=filled.locator if filled else None,
        url=filled.url if filled else None, submission_id=head.id,
    )  # fmt: skip
    ought = typed(found.rule, form.get(f"ought.{id_}", ""))
    because = plain(form.get(f"dispute.{id_}", ""))
    try:
        dispute(engine, disputed, Act(actor, WEB, now, because), proposed=ought)
    except MayNotDispute as error:
        raise Unsaved("Not disputed", f"{error}.", status=403, kept=True) from None
    except (NotPossible, ValueError) as error:
        raise Unsaved("Not disputed", f"{error}.", status=409, kept=True) from None
