"""Sentences of the rules on pages in another language: each is recognised, and none is new without its words."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

import config
from api.pages.reasons.events import EVENTS
from api.pages.reasons.evidence import EVIDENCE
from api.pages.reasons.findings import FINDINGS
from api.pages.reasons.measures import MEASURES
from api.pages.reasons.reading import translated
from api.pages.reasons.refused import REFUSED
from api.pages.reasons.shipped import SHIPPED
from api.pages.reasons.status import STATUS
from api.pages.reasons.together import TOGETHER
from api.pages.reasons.told import TOLD
from api.pseudo import PSEUDO
from api.translation import Preferences, preferring
from config.shipped import NotShipped, policy, template
from model.audit import ACTIONS
from model.rights import SHOWN
from model.status.cost import cost
from model.status.overall import overall
from model.status.schedule import schedule

GERMAN: Final = Preferences(language="de")
ROOT: Final = Path(str(config.__file__)).parent.parent
SAMPLES: Final = {
    "share": "12.1", "value": "0.94", "limit": "50", "count": "3", "amount": "1,250.00", "day": "2026-10-12",
    "start": "2026-01-05", "month": "2026-10", "months": "2026-10, 2026-11", "days": "42 days", "weeks": "6 weeks",
    "times": "2 times", "dimensions": "1 dimension", "benefits": "2 benefits", "risks": "3 open risks",
    "issues": "2 issues", "items": "7 items", "baselines": "2 baselines", "characters": "40 characters",
    "reports": "3 reports", "term": "2026-10", "weekday": "Monday 30 November 2026", "attribute": "budget",
    "colour": "AMBER", "parts": "schedule and cost", "roles": "sponsor", "says": "no approved budget",
}  # fmt: skip
SQL: Final = re.compile(r"SELECT|FROM|WHERE|JOIN| AND |GROUP BY")
PLACE: Final = re.compile(r"%\((\w+)\)s")
SENTENCES: Final = (*STATUS, *TOGETHER, *FINDINGS, *MEASURES, *EVIDENCE, *REFUSED, *TOLD)
# Where sentences are made that pages show as reasons.
MADE: Final = (
    *sorted(ROOT.glob("model/status/*.py")), *sorted(ROOT.glob("sync/measures/*.py")),
    *sorted(ROOT.glob("sync/dimension*.py")), *sorted(ROOT.glob("sync/earned*.py")),
    *(
        ROOT / each
        for each in (
            "model/findings/closing.py", "model/findings/narrative.py", "model/template/check.py",
            "model/collection/cases.py", "sync/rollup/group.py", "sync/rollup/figures.py", "sync/receipts_beside.py",
            "sync/plausibility.py", "sync/narrative.py",
        )
    ),
)  # fmt: skip
# Names of roles and of records, which are nobody's sentence.
NAMES: Final = frozenset({
    "project manager", "delivery manager", "project sponsor", "executive sponsor", "senior responsible owner",
    "all teams", "week of", "done in the week of", "earned value by month", "whole week",
})  # fmt: skip


def sample(message: str) -> str:
    """Write a sentence as a rule writes it, with values of the kinds it takes."""
    return message % {
        name: SAMPLES.get(name.rpartition("_")[2], f"X-{place}")
        for place, name in enumerate(PLACE.findall(message))
    }


@pytest.mark.parametrize("message", SENTENCES)
def test_every_sentence_is_recognised_and_has_its_values_in_german(message: str) -> None:
    written = sample(message)
    with preferring(GERMAN):
        said = translated(written)
        again = translated(f"{written[:1].upper()}{written[1:]}.")
    assert said != written
    assert again.lower() == f"{said}.".lower()
    for place, name in enumerate(PLACE.findall(message)):
        if name.rpartition("_")[2] not in SAMPLES and name not in ("label", "number"):
            assert f"X-{place}" in said or name in ("state", "step", "rest", "method")


def test_values_are_written_as_the_reader_writes_them() -> None:
    with preferring(GERMAN):
        assert translated("42 days late, 12.1 % of the plan") == "Verzug: 42 Tage, 12,1 % der geplanten Dauer"
        assert translated("1 day late, 0.3 % of the plan; no milestone overdue") == (
            "Verzug: 1 Tag, 0,3 % der geplanten Dauer; kein Meilenstein überfällig"
        )
        assert translated("Finished on 2026-10-12") == "Beendet am 12. Okt. 2026"
        assert translated("the forecast cost is -1,250.00, less than nothing").count("-1.250,00") == 1


def test_what_the_rules_find_is_recognised() -> None:
    limits = policy().for_tier(1)
    found = [
        schedule(
            baseline_start=date(2026, 1, 1), baseline_finish=date(2026, 12, 31),
            forecast_finish=date(2027, 2, 11), limits=limits,
        ),
        cost(baseline=Decimal(100), forecast=Decimal(112), limits=limits),
        overall({"schedule": schedule(
            baseline_start=None, baseline_finish=None, forecast_finish=None, limits=limits
        ).colour}, data_quality=96, limits=limits),
    ]  # fmt: skip
    with preferring(GERMAN):
        for each in found:
            for reason in each.reasons:
                assert translated(reason.text) != reason.text


def test_what_nobody_knows_is_shown_as_it_stands_and_english_is_left_alone() -> None:
    with preferring(GERMAN):
        assert translated("something a person wrote; 3 of it") == "something a person wrote; 3 of it"
        assert translated("<b>high risk R-1 has no owner") == "<b>high risk R-1 has no owner"
        assert translated(None) == ""
    for message in SENTENCES:
        assert translated(sample(message)) == sample(message)


def test_in_a_language_nobody_speaks_each_sentence_can_be_told_from_its_values() -> None:
    with preferring(Preferences(language=PSEUDO)):
        assert "Räume" in translated("high risk Räume has no owner")
        assert translated("no approved budget").startswith("[")


def test_what_the_shipped_templates_ask_and_say_has_its_words() -> None:
    for path in sorted((ROOT / "config" / "templates").glob("*.yaml")):
        try:
            found = template(path.stem)
        except NotShipped:
            continue
        asked = [field.rule.label for field in found.fields] + [rule.says for rule, _ in found.checks]
        assert [each for each in asked if each not in SHIPPED] == [], path.name


def test_what_the_audit_log_says_and_roles_are_called_has_its_words() -> None:
    assert {*ACTIONS.values(), *SHOWN.values()} == set(EVENTS)


def test_no_rule_says_what_pages_cannot_say_in_another_language() -> None:
    known = "\0".join(PLACE.sub("\0", message).replace("%%", "%") for message in SENTENCES).lower()
    new = [
        f"{path.name}: {piece}"
        for path in MADE
        for piece in _pieces(path)
        if piece.lower() not in known and piece not in NAMES
    ]
    assert new == [], "add the sentence to api/pages/reasons, and its German"


def _pieces(path: Path) -> Iterator[str]:
    """Yield what stands fixed in the sentences a module makes: two words in a row at least, and no SQL."""
    tree = ast.parse(path.read_text("utf-8"))
    apart: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            apart |= {id(each) for each in ast.walk(node)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            apart.add(id(node.value))  # a docstring
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            piece = node.value.strip(" ;,:()“”")
            if re.search(r"[a-z]{2,} [a-z]{2,}", piece) and not re.search(
                r"SELECT|FROM|WHERE|JOIN| AND |GROUP BY", piece
            ):
                yield piece
