"""The doors a record comes in by, each as whoever uses it would; and records that all of them can carry."""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from model.collection.cases import OWN, Judgement, is_editable, same_value
from model.collection.typed import NUMBERS
from model.template.language import FieldRule
from model.template.template import Template
from model.template.values import is_absent
from sync.collection.case import Case, open_case
from tests.support.command_line import CommandLine
from tests.support.forms import form_of
from tests.support.returning import answered, give_back, send
from tests.support.submissions import PERIOD

_DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31)).map(date.isoformat)
_LETTERS = st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc", "Cn", "Co"])
# A cell that begins so is a formula or an error in Excel, and no text.
_TEXTS = st.text(_LETTERS | st.just("\n"), max_size=60).filter(lambda text: not text.startswith(("=", "#")))
_WORDS = st.text(_LETTERS, min_size=1, max_size=12).map(str.strip).filter(lambda t: t and t[0] not in "=#")
_WHOLE = st.integers(-3, 130)
_BROKEN = st.decimals(-10, 2_000_000, places=2, allow_nan=False).map(float)
_NO_NUMBER = st.sampled_from(["n/a", "1,000", "ten", "£5"])
_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "date": _DAYS | st.sampled_from(["soon", "30/06/2025", "2025-02-30"]),
    "rag": st.sampled_from(["GREEN", "AMBER", "RED", "GREY", "greenish"]),
    "bool": st.booleans() | st.just("perhaps"),
    "period": st.sampled_from(["2025-06", "2025-Q2", "June"]),
    "list_ref": st.lists(_WORDS, min_size=1, max_size=3),
}
_SAYS = re.compile(
    r'<p class="says [a-z]+" id="e-[^"]+"><span class="kind">[^<]*</span> (.*?)</p>', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Given:
    """One record as it is filled in, and what people answer; `reasons` are for what they override."""

    filled: Mapping[str, Any]
    ages: Mapping[str, float]
    answers: Mapping[str, Any]
    reasons: Mapping[str, str]

    def values(self) -> dict[str, Any]:
        """Return what counts in the end."""
        return {**self.filled, **self.answers}

    def aged(self) -> dict[str, float]:
        """Return how old each value is: an answer is of today."""
        return {**{name: self.ages[name] for name in self.filled}, **dict.fromkeys(self.answers, 0.0)}


def given_records(template: Template, *, fixed: Mapping[str, Any] | None = None) -> st.SearchStrategy[Given]:
    """Return records of a template: right, wrong, out of range, unreadable and left out."""
    fields = {field.rule.id: field for field in template.fields}
    fixed = dict(fixed or {})
    filled = {
        id_: _of(field.rule)
        for id_, field in fields.items()
        if field.rule.fill != "ask" and not (field.expr is not None) and id_ not in fixed
    }
    asked = {
        id_: _of(field.rule)
        for id_, field in fields.items()
        if is_editable(template, field) and id_ not in fixed
    }

    def put_together(
        filled: dict[str, Any], answers: dict[str, Any], ages: list[float], says: list[str]
    ) -> Given:
        filled = {name: value for name, value in {**fixed, **filled}.items() if not is_absent(value)}
        # What says what was filled in already is no answer by some doors, and a confirmation by others.
        new = {
            name: value
            for name, value in answers.items()
            if not is_absent(value) and not same_value(fields[name], filled.get(name), value)
        }
        reasons = {
            name: said for name, said in zip(new, says, strict=False) if said.strip() and name in filled
        }
        return Given(filled, dict(zip(filled, ages, strict=False)), new, reasons)

    size = len(fields)
    return st.builds(
        put_together,
        st.fixed_dictionaries({}, optional=filled),
        st.fixed_dictionaries({}, optional=asked),
        st.lists(st.integers(0, 120).map(float), min_size=size, max_size=size),
        st.lists(st.just("") | _WORDS, min_size=size, max_size=size),
    )


def _of(rule: FieldRule) -> st.SearchStrategy[Any]:
    if rule.repeat is not None:
        months = rule.repeat.asked(PERIOD) or ()
        return st.fixed_dictionaries({}, optional={month: _one(rule) for month in months})
    return _one(rule)


def _one(rule: FieldRule) -> st.SearchStrategy[Any]:
    if rule.type in NUMBERS:
        return _WHOLE | _BROKEN | _NO_NUMBER
    if rule.type == "enum":
        return st.sampled_from([*rule.values, "another"])
    return _BY_TYPE.get(rule.type, _TEXTS)


def fill(engine: Engine, submission: int, given: Given, ref: str = OWN) -> None:
    """Put a submission back to the day it was opened, with a record filled in."""
    with engine.begin() as connection:
        bound = {"id": submission}
        connection.execute(text("DELETE FROM answer WHERE submission_id = :id"), bound)
        connection.execute(text("DELETE FROM prefill WHERE submission_id = :id"), bound)
        rows = [
            {"id": submission, "ref": ref, "field": name, "value": Jsonb(value), "age": given.ages[name],
             "at": datetime.now(UTC)}
            for name, value in given.filled.items()
        ]  # fmt: skip
        if rows:
            connection.execute(
                text(
                    "INSERT INTO prefill (submission_id, record_ref, field, value, source, age_days, filled_at)"
                    " VALUES (:id, :ref, :field, :value, 'jira', :age, :at)"
                ),
                rows,
            )


def standing(engine: Engine, submission: int) -> tuple[Case, Judgement]:
    """Return a submission as it stands, judged."""
    with engine.connect() as connection:
        case = open_case(connection, submission, now=datetime.now(UTC))
    return case, case.judge()


def by_api(asking: TestClient, submission: int, given: Given, ref: str = OWN) -> dict[str, Any]:
    """Send the answers as a program does; returns the record with its check."""
    answers = [
        {"record": ref, "field": name, "value": value, "because": given.reasons.get(name)}
        for name, value in given.answers.items()
    ]
    sent = asking.put(
        f"/api/v1/submissions/{submission}/answers", json={"answers": answers}, headers={"If-Match": "*"},
        params={"draft": True},
    )  # fmt: skip
    assert sent.status_code == 200, sent.text
    return next(record for record in sent.json()["records"] if record["ref"] == ref)


def by_check(asking: TestClient, template: Template, document: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the API to check a record, without any submission."""
    head = template.header
    path = f"/api/v1/templates/{head.id}/versions/{head.version}/check"
    answer = asking.post(path, json=document)
    assert answer.status_code in (200, 422), answer.text
    return dict(answer.json())


def by_command(
    muster: CommandLine, folder: Path, template: Template, document: Mapping[str, Any]
) -> dict[str, Any]:
    """Check a record on the command line."""
    file = folder / "record.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    said = muster("template", "check", template.label, str(file), "--as-of", document["context"]["as_of"])
    assert said.code in (0, 1), said.err
    return dict(json.loads(said.out))


def by_form(asking: TestClient, submission: int, given: Given, template: Template, ref: str = OWN) -> str:
    """Fill in the web form without a script and save it; returns the page that follows."""
    path = (
        f"/submissions/{submission}" if ref == OWN else f"/submissions/{submission}/record?ref={quote(ref)}"
    )
    page = asking.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text
    form = form_of(page.text)
    rules = {field.rule.id: field.rule for field in template.fields}
    for name, value in given.answers.items():
        if rules[name].repeat is not None:
            form.values |= {cell: "" for cell in form.values if cell.startswith(f"v.{name}.")}
            form.values |= {f"v.{name}.{month}": as_typed(each) for month, each in value.items()}
        else:
            form.values[f"v.{name}"] = as_typed(value)
    form.values |= {f"because.{name}": said for name, said in given.reasons.items()}
    body = urlencode([*form.values.items(), ("action", "save")]).encode()
    saved = asking.post(
        form.action,
        content=body,
        headers={"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert saved.status_code == 303, saved.text
    return asking.get(saved.headers["location"], headers={"Accept": "text/html"}).text


def as_typed(value: Any) -> str:
    """Write a value as a browser sends what a person typed."""
    if isinstance(value, list):
        return "\r\n".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\n", "\r\n")


def told(page: str) -> list[tuple[str, str]]:
    """Return what a form's page says is found, by field."""
    found = []
    for part in re.split(r'<div class="q(?= bad"|")', page)[1:]:
        field = re.search(r'id="f-([a-z0-9_]+)"', part)
        assert field is not None
        found += [(field[1], html.unescape(said)) for said in _SAYS.findall(part)]
    return found


def by_workbook(engine: Engine, submission: int, given: Given, template: Template, ref: str = OWN) -> Any:
    """Have the workbook sent, fill it in and give it back."""
    now = datetime.now(UTC)
    rules = {field.rule.id: field.rule for field in template.fields}
    cells: dict[tuple[str, str], Any] = {}
    for name, value in given.answers.items():
        parts = (
            {f"{name}@{month}": each for month, each in value.items()}
            if rules[name].repeat
            else {name: value}
        )
        for part, each in parts.items():
            place = (part, "~value") if ref == OWN else (ref, part)
            cells[place] = in_cell(rules[name], each)
    if ref == OWN:
        cells |= {(name, "~why"): said for name, said in given.reasons.items()}
    body = answered(send(engine, submission, now).body, cells)
    taken = give_back(engine, body, now, by=None, name="back.xlsx")
    assert taken.state == "taken", taken.says
    assert not taken.rejected, taken.rejected
    return taken


def in_cell(rule: FieldRule, value: Any) -> Any:
    """Put a value into a cell as Excel would hold it."""
    if rule.type == "date" and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, list):
        return "\n".join(value)
    return "yes" if value is True else "no" if value is False else value
