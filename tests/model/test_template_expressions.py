"""Expressions are checked by the kinds of what they name, when the template is loaded."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from model.declaration import InvalidDeclaration
from model.template.cel_tree import SyntaxComplaints, parse
from model.template.context import known_to
from model.template.expressions import Language, to_cel
from model.template.kinds import DATE, NUMBER, TEXT, TRUTH, Kind, field_kind, list_of, map_of
from model.template.months import Repeat
from model.template.template import load
from model.template.typecheck import TypeCheck
from tests.support.template_samples import SMALL, changed, checked

KINDS = {
    "cost": NUMBER,
    "name": TEXT,
    "start": DATE,
    "end": DATE,
    "done": TRUTH,
    "rag": Kind("text", values=("GREEN", "AMBER", "RED")),
    "refs": list_of(TEXT),
    "months": map_of(NUMBER),
}


def complaints(source: str, record: str = "status_report") -> list[tuple[int, str]]:
    return TypeCheck(parse(source), known_to(record, KINDS), record).complaints


@pytest.mark.parametrize(
    "source",
    [
        "cost > 0 && cost <= 1000.5 || done",
        "cost == null || abs(cost - finance.eac) / cost > 0.05",
        "start == null || start < end && end - start < duration('8784h')",
        "start > timestamp('2025-01-01T00:00:00Z') && start.getFullYear() == 2025",
        "rag in ['AMBER', 'RED'] || 'RED' in [rag, computed.cost]",
        "size(name) > 3 && name.startsWith('A') && name.matches('^[A-Z]') && !name.contains(rag)",
        "sum(months) == cost && sum(known(months)) < 5 && months.all(m, months[m] == null || months[m] >= 0)",
        "months['2025-06'] > 1 || size(refs) == 0 || refs.exists(r, r == name) || 'a' in refs",
        "previous == null || similarity(name, previous.name) < 0.8 && cost > previous['cost'] * 2.0",
        "(done ? cost : 0.0) > 1 && tier <= 2 && -cost < 5 && stage == 'deliver'",
        "has(previous.cost) && refs.filter(r, r != name).size() % 2 == 0",
        "mentions_other_period(name, period) == false && as_of > start + duration('24h')",
    ],
)
def test_what_can_run_is_accepted(source: str) -> None:
    assert complaints(source) == []


@pytest.mark.parametrize(
    ("source", "at", "says"),
    [
        ("costs > 0", 0, "there is no field or variable 'costs'; did you mean 'cost'?"),
        ("cost > start", 5, "a number and a date cannot be compared by >: it can never run"),
        ("start > '2025-06-30'", 6, "; write a date as timestamp('2025-06-30T00:00:00Z')"),
        ("done || cost > 'x'", 13, "a number and a text cannot be compared by >"),
        ("name == 3", 5, "a text is never the same as a whole number"),
        ("rag == 'YELLOW'", 7, "it is never 'YELLOW', only GREEN, AMBER, RED"),
        ("'RAD' in [rag, computed.cost]", 0, "only GREEN, AMBER, RED, GREY, BLUE; did you mean 'RED'?"),
        ("rag in ['RED', 'AMBRE']", 15, "it is never 'AMBRE'"),
        ("stage == 'delivery'", 9, "it is never 'delivery', only define, deliver, close; did you mean 'deliver'?"),
        ("cost in ['a']", 9, "a number is never the same as a text"),
        ("cost / 2 > 1", 7, "a record's numbers go with numbers like 2.0, write 2.0: it can never run"),
        ("cost * size(name) > 1", 7, "write double(…)"),
        ("cost % 2 == 0", 5, "% is for whole numbers, write int(…): it can never run"),
        ("start + 7 > end", 6, "a date cannot be added to a whole number: it can never run; a day is duration('24h')"),
        ("cost - name > 1", 5, "a text cannot be taken from a number"),
        ("start + end > as_of", 6, "a date cannot be added to a date"),
        ("similar(name, name)", 0, "there is no function 'similar'; did you mean 'similarity'?"),
        ("name.begins('A')", 5, "there is no function 'begins'"),
        ("abs(name) > 1", 0, "abs is called as abs(number), not with text: it can never run"),
        ("similarity(name) > 1", 0, "similarity is called as similarity(text, text), not with text"),
        ("sum(cost) > 1", 0, "sum is called as sum(list of number or map of number), not with number"),
        ("name.matches('[')", 13, "'[' is no pattern: it can never run"),
        ("start > timestamp('2025-06-30')", 18, "'2025-06-30' is no instant like 2025-06-30T00:00:00Z"),
        ("end - start > duration('7d')", 23, "'7d' is no duration like 24h"),
        ("finance.eax > 1", 7, "there is no 'eax' there; did you mean 'eac'?"),
        ("previous.costs > 1", 8, "there is no 'costs' there; did you mean 'cost'?"),
        ("previous['x'] > 1", 8, "there is no 'x' there"),
        ("name.cost > 1", 4, "a text has no 'cost'"),
        ("name[0] == 'A'", 4, "a text has no parts"),
        ("refs['a'] == 'A'", 5, "the parts of a list are found by a whole number, this is a text"),
        ("cost.all(c, c > 1)", 8, "only a list or a map can be walked through, this is a number"),
        ("months.all(m, m > 1)", 16, "a text and a whole number cannot be compared by >"),
        ("cost && done", 0, "&& joins truth values, this is a number"),
        ("!cost", 1, "! turns a truth value round, this is a number"),
        ("-name == name", 0, "a text has no negative"),
        ("cost < null", 5, "null is neither more nor less than anything: < can never run"),
        ("size(name) == null", 11, "this is never null: it has a value or cannot be evaluated"),
        ("refs < refs", 5, "it compares a thing with itself"),
        ("cost == cost", 5, "it compares a thing with itself"),
        ("true", 0, "it names nothing of the record and is the same for all"),
        ("1 + 1 == 2", 6, "it names nothing of the record and is the same for all"),
        ("done || true", 8, "this part is the same for all"),
        ("done && 1 < 2", 10, "this part is the same for all"),
        ("age_days > 3", 0, "a status_report never has 'age_days', only a raid_item has: it can never run"),
    ],
)  # fmt: skip
def test_what_cannot_run_or_never_changes_is_refused_where_it_stands(source: str, at: int, says: str) -> None:
    found = complaints(source)
    assert found
    assert found[0][0] == at
    assert says in found[0][1]


def test_all_that_is_wrong_in_one_expression_is_said() -> None:
    assert [at for at, _ in complaints("cost > start || nmae == 'x' && rag == 'BLACK'")] == [5, 16, 38]


def test_a_variable_of_items_is_known_to_items() -> None:
    assert complaints("age_days > 3", "raid_item") == []
    assert "only a project's own record has" in complaints("finance.eac > 3", "raid_item")[0][1]


@pytest.mark.parametrize(
    "source", ["cost >", "(cost", "cost +* 2", "a b", "'", "cost > 1 &&", "\x00", "cost == '\ud800'"]
)
def test_what_is_no_cel_says_where(source: str) -> None:
    with pytest.raises(SyntaxComplaints) as caught:
        parse(source)
    assert all(0 <= at <= len(source) for at, _ in caught.value.complaints)


@pytest.mark.parametrize(
    "written",
    [
        'expr: "cost <= budged"',
        "expr: 'cost <= budged'",
        "expr: cost <= budged",
        "expr: 'name == ''x'' || cost <= budged'",
        'expr: "name == \\"x\\" || cost <= budged"',
        "expr: >-\n      cost\n      <= budged\n   ",
    ],
)
def test_the_column_is_that_of_the_word_in_the_file(written: str) -> None:
    block = f"checks:\n  - id: K1\n    dim: consistency\n    severity: block\n    {written}\n    says: Over\n"
    text = SMALL[: SMALL.index("checks:")] + block + SMALL[SMALL.index("escalation:") :]
    with pytest.raises(InvalidDeclaration) as caught:
        load(text, "t.yaml")
    (said,) = caught.value.complaints
    line, column = (int(part) for part in said.split(":")[1:3])
    assert text.split("\n")[line - 1][column - 1 :].startswith("budged")


def test_a_computed_field_may_need_another_and_none_may_need_itself() -> None:
    text = changed(
        "  - {id: start,",
        "  - {id: quarter, label: Q, type: number, fill: auto, expr: half / 2.0}\n  - {id: start,",
    )
    text = text.replace("half > 1000", "quarter > 1000")
    assert checked(text, name="Apollo", stage="deliver", cost=5000).escalates == (
        "programme_board",
        "sponsor",
    )
    with pytest.raises(InvalidDeclaration, match="'half' needs itself: it can never be computed"):
        load(text.replace("expr: cost / 2.0", "expr: quarter * 2.0"), "t.yaml")


def test_a_computed_field_gives_what_its_type_says() -> None:
    with pytest.raises(
        InvalidDeclaration, match=r"fields\[5\]\.expr: half: gives a text, and the field is a number"
    ):
        load(changed("expr: cost / 2.0", "expr: name"), "t.yaml")


VALUES: dict[str, Any] = {
    "cost": 7.5,
    "name": "Ada",
    "start": date(2025, 1, 6),
    "end": date(2025, 6, 30),
    "done": True,
    "rag": "RED",
    "refs": ["Ada", "Bob"],
    "months": {"2025-06": 4.0},
}
NUMBERS = st.recursive(
    st.sampled_from(
        ["cost", "1.5", "2", "size(name)", "sum(months)", "months['2025-06']", "start.getMonth()"]
    ),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
        | inner.map(lambda one: f"abs({one})")
    ),
    max_leaves=3,
)
TEXTS = st.sampled_from(["name", "rag", "'RED'", "'Ada'", "refs[0]", "name + rag", "null"])
DATES = st.sampled_from(
    ["start", "end", "start + duration('24h')", "timestamp('2025-01-06T00:00:00Z')", "null"]
)
LISTS = st.sampled_from(["refs", "known(refs)", "['Ada', name]", "months", "null", "end - start", "done"])


def compared(parts: st.SearchStrategy[str], others: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(parts, st.sampled_from(["<", "<=", "==", "!=", "in"]), others).map(" ".join)


TRUTHS = st.recursive(
    compared(NUMBERS, NUMBERS) | compared(TEXTS, TEXTS) | compared(DATES, DATES) | compared(TEXTS, LISTS)
    | compared(NUMBERS | TEXTS | DATES | LISTS, NUMBERS | TEXTS | DATES | LISTS),
    lambda inner: st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})")
    | inner.map(lambda one: f"!({one})"),
    max_leaves=2,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(TRUTHS)
def test_whatever_is_accepted_runs_on_a_full_record(source: str) -> None:
    assume(not complaints(source))
    language = Language(KINDS)
    found = language.compile(source, frozenset()).value(
        language.activation({k: to_cel(v) for k, v in VALUES.items()})
    )
    assert found in (True, False), source


LIMITED = KINDS | {
    "tier": field_kind("int", limits=(1, 3)),
    "budget": field_kind("money", limits=(0, None)),
    "share": field_kind("percent", limits=(0, 100)),
    "count": field_kind("int", limits=(0, None)),
    "due": field_kind("period"),
    "kind": field_kind("enum", ("risk", "issue")),
    "state": field_kind("enum", ("open", "closed")),
    "ahead": field_kind("money", (), Repeat(months=3), (0, None)),
    "note": field_kind("text", longest=9),
}


def limited(
    source: str, stages: tuple[str, ...] = ("define", "deliver"), tiers: tuple[int, ...] = (1, 2)
) -> list[tuple[int, str]]:
    return TypeCheck(
        parse(source), known_to("status_report", LIMITED, stages, tiers), "status_report"
    ).complaints


@pytest.mark.parametrize(
    ("source", "at", "says"),
    [
        ("tier == 3", 5, "these are never the same, by what they can be"),
        ("tier in [1, 4]", 12, "these are never the same"),
        ("tier > 2", 5, "it is never so, by what these can be"),
        ("tier <= 2", 5, "it is always so, by what these can be"),
        ("3 > tier || done", 2, "it is always so"),
        ("stage == 'close'", 9, "it is never 'close', only define, deliver"),
        ("count == 1.5", 6, "these are never the same"),
        ("count in [1, 2.5]", 13, "these are never the same"),
        ("budget < 0", 7, "it is never so"),
        ("budget >= 0.0", 7, "it is always so"),
        ("budget == -1", 7, "these are never the same"),
        ("share > 100", 6, "it is never so"),
        ("ahead.all(m, ahead[m] < 0)", 22, "it is never so"),
        ("due == 'June'", 7, "it is never 'June', only a period like 2025-06"),
        ("due < '2025-13'", 6, "it is never '2025-13'"),
        ("report.period != 'last'", 17, "it is never 'last'"),
        ("due in ['2025-06', 'x']", 19, "it is never 'x'"),
        ("kind == state", 5, "these are never the same: one is risk, issue, the other open, closed"),
        ("cost < 1e400", 7, "this number is too large to be held"),
        ("cost > -1e400", 7, "this number is too large to be held"),
    ],
)
def test_what_no_record_can_be_is_not_asked(source: str, at: int, says: str) -> None:
    found = limited(source)
    assert found
    assert found[0][0] == at
    assert says in found[0][1]


@pytest.mark.parametrize(
    "source",
    [
        "tier <= 1 || tier == 2 || stage in ['define', 'deliver']",
        "budget > 0 && budget - 5.0 < 0.0 && -budget < -3.0 && abs(cost) > 0 && share <= 99.5",
        "count > 1.5 && budget == 0.5 && (done ? count : 0.0) < 7 && (done ? 4 : 9) < count",
        "previous.tier == 3 || previous.budget < 0 || previous.due == previous.name",
        "due >= '2025' && due != '2025-Q1' && period < '2025-06' && due + name != 'x' && due.startsWith('20')",
        "computed.cost == rag || kind + state == name || refs.exists_one(r, r == name)",
        "ahead.exists_one(m, ahead[m] > 5) && [1, 2, 3].exists(n, n == 2 && cost > 1)",
        "cost < 1e300 && known(ahead).all(x, x > 1)",
    ],
)
def test_what_some_records_can_be_is_asked(source: str) -> None:
    assert limited(source) == []


@given(st.integers(-3, 5), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_a_comparison_is_refused_just_where_all_that_can_be_agree(number: int, sign: str) -> None:
    for source in (f"{number} {sign} tier", f"tier {sign} {number}"):
        python = [eval(source, {"tier": tier}) for tier in (1, 2)]  # noqa: S307  of our own making
        assert bool(limited(source)) == (len(set(python)) == 1)


@pytest.mark.parametrize(
    ("source", "at", "says"),
    [
        ("mentions_other_period(note, 'June')", 28, "'June' is no period like 2025-06: it can never run"),
        ("sum(refs) > 1", 0, "sum is called as sum(list of number or map of number), not with list"),
        ("int(count) % 0 == 1", 13, "nothing can be divided by 0: it can never run"),
        ("cost / 0.0 > 1", 7, "nothing can be divided by 0"),
        ("refs[-1] == note", 5, "the parts of a list are counted from 0: it can never run"),
        ("{'a': note}.b == note", 11, "there is no 'b' there; there are a"),
        ("ahead['foo'] > 1", 5, "its parts are months like 2025-06, never 'foo'"),
        ("ahead['2025-13'] > 1", 5, "its parts are months like 2025-06, never '2025-13'"),
        ("has(ahead.foo)", 3, "its parts are months like 2025-06, never 'foo'"),
        ("'foo' in ahead", 0, "its parts are months like 2025-06, never 'foo'"),
        ("as_of.getMonth() == 12", 17, "these are never the same, by what they can be"),
        ("as_of.getMonth() > 11", 17, "it is never so"),
        ("as_of.getDayOfWeek() == 7", 21, "these are never the same"),
        ("as_of.getHours() < 24", 17, "it is always so"),
        ("similarity(note, previous.note) < 80", 32, "it is always so"),
        ("edit_similarity(note, 'x') > 1", 27, "it is never so"),
        ("size(note) < 0", 11, "it is never so"),
        ("note.size() >= 0", 12, "it is always so"),
        ("abs(cost) < 0", 10, "it is never so"),
        ("abs(share) > 100", 11, "it is never so"),
        ("note == 'a text that is longer'", 8, "it has 9 characters at most"),
        ("note in ['short', 'a text that is longer']", 18, "it has 9 characters at most"),
        ("due == '2025-W20'", 7, "it is never '2025-W20', only a period like 2025-06"),
        ("b'abc' == note", 7, "a byte string is never the same as a text"),
        ("kind in []", 5, "an empty list holds nothing: it is never so"),
    ],
)
def test_what_a_function_or_part_never_gives_is_not_asked(source: str, at: int, says: str) -> None:
    found = limited(source)
    assert found
    assert found[0][0] == at
    assert says in found[0][1]


@pytest.mark.parametrize(
    "source",
    [
        "as_of.getMonth() == 11 && as_of.getDayOfWeek() == 0 && as_of.getDate() > 30 && as_of.getDayOfYear() == 365",
        "(as_of - timestamp('2025-01-01T00:00:00Z')).getHours() > 24",
        "similarity(note, previous.note) < 0.8 && size(note) > 0 && abs(cost) > 0 && int(count) % 2 == 0",
        "period == '2025-W20' || report.period == '2025W20' || previous.note == 'a text that is longer'",
        "ahead['2025-12'] > 1 && refs[0] == note && {'a': note}.a == 'x' && '2025-01' in ahead",
        "mentions_other_period(note, '2025-Q2') || note + kind == 'a text that is longer'",
        "sum(known(ahead)) > 1 && sum([1.0, cost]) > 0 && note == 'fits'",
    ],
)
def test_what_a_function_or_part_may_give_is_asked(source: str) -> None:
    assert limited(source) == []


def test_a_template_says_where_a_condition_asks_for_a_tier_it_does_not_apply_to() -> None:
    text = changed("owner_role: specialist", "owner_role: specialist, applies_to: {tiers: [1, 2]}")
    text = text.replace('"cost > 100"', '"tier == 3"')
    with pytest.raises(InvalidDeclaration) as caught:
        load(text, "t.yaml")
    assert caught.value.complaints == [
        "t.yaml:11:28: fields[4].required.when: budget: these are never the same, by what they can be"
    ]
