"""A posted form: what was typed, what of it is a change, and what somebody else changed meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.pages.form_fields import Typed, mark, months_of, texts_of
from api.wire.problems import bad_request
from model.collection.cases import RecordCase
from model.collection.typed import plain, typed
from model.template.language import FieldRule
from model.template.template import Field, Template
from sync.collection.answers import Change

_MOST_REVISION: Final = 2**31


@dataclass(frozen=True, slots=True)
class Posted:
    """One record's form as it came. `was` marks what each field was shown with; no other field was shown."""

    revision: int
    was: Mapping[str, str]
    typed: Mapping[str, Typed]


def read_posted(template: Template, form: Mapping[str, str]) -> Posted:
    """Take a form apart.

    Raises:
        Problem: 400 when it does not say which revision it was made from.
    """
    revision = form.get("revision", "")
    if not (revision.isascii() and revision.isdigit() and int(revision) < _MOST_REVISION):
        raise bad_request("The form does not say which revision it was made from. Open it again.")
    was, found = {}, {}
    for field in template.fields:
        id_ = field.rule.id
        if f"was.{id_}" not in form:
            continue
        was[id_] = form[f"was.{id_}"]
        start = f"v.{id_}."
        texts = {"": form.get(f"v.{id_}", "")} if f"v.{id_}" in form or field.rule.repeat is None else {}
        texts |= {name.removeprefix(start): text for name, text in form.items() if name.startswith(start)}
        found[id_] = Typed(
            {month: plain(text) for month, text in texts.items()},
            plain(form.get(f"because.{id_}", "")).strip(),
            f"still.{id_}" in form,
            f"back.{id_}" in form,
        )
    return Posted(int(revision), was, found)


def changes(template: Template, record: RecordCase, posted: Posted) -> list[Change]:
    """Return what the form changes: what was left as it was shown is no answer."""
    found = []
    for field in template.fields:
        said = posted.typed.get(field.rule.id)
        if said is not None and (change := _change(field, record, posted.was[field.rule.id], said)):
            found.append(change)
    return found


def met(template: Template, record: RecordCase, posted: Posted, period: str) -> frozenset[str]:
    """Return the fields that stand otherwise now than when the form was shown, and than what was typed."""
    found = set()
    for field in template.fields:
        id_ = field.rule.id
        said = posted.typed.get(id_)
        if said is None:
            continue
        stands = mark(texts_of(field.rule, record.shown().get(id_), months_of(field.rule, period)))
        typed_now = mark(said.texts)
        if stands not in (posted.was[id_], typed_now) and typed_now != posted.was[id_]:
            found.add(id_)
    return frozenset(found)


def unsaved(template: Template, record: RecordCase, posted: Posted, period: str) -> dict[str, Typed]:
    """Return what was typed and is not stored, by field; what was left as it was shown is not among it."""
    found = {}
    for field in template.fields:
        id_ = field.rule.id
        said = posted.typed.get(id_)
        if said is None:
            continue
        given = record.answers.get(id_)
        reason = said.because != ((given.because if given else None) or "")
        if mark(said.texts) != posted.was[id_]:
            found[id_] = said
        elif reason or said.still or said.back:
            stands = texts_of(field.rule, record.shown().get(id_), months_of(field.rule, period))
            found[id_] = Typed(stands, said.because, said.still, said.back)
    return found


def _change(field: Field, record: RecordCase, was: str, said: Typed) -> Change | None:
    rule, given = field.rule, record.answers.get(field.rule.id)
    because = said.because or None
    if said.back and given is not None:
        return Change(record.ref, rule.id, None, withdrawn=True)
    if mark(said.texts) != was:
        return Change(record.ref, rule.id, _value(rule, said.texts), because=because)
    standing = record.values().get(rule.id)
    if said.still:  # the same value once more: from today on it is as old as this answer
        return Change(record.ref, rule.id, standing, because=because)
    if given is not None and because and because != given.because:
        return Change(record.ref, rule.id, standing, because=because)
    return None


def _value(rule: FieldRule, texts: Mapping[str, str]) -> Any:
    if rule.repeat is None:
        return typed(rule, texts.get("", ""))
    if set(texts) == {""}:
        return typed(rule, texts[""])
    by_month = {month: typed(rule, text) for month, text in texts.items() if month}
    kept = {month: value for month, value in by_month.items() if value is not None}
    return kept or None
