"""URLs as trees: OASIS's own test cases, and what no case of theirs asks for."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, unquote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.odata.problems import Malformed, Problem, TooComplex
from api.odata.syntax import options, resource
from api.odata.syntax.tree import Alias, Binary, Call, Chain, Identifier, Literal, Path, Unary


def expression(text: str) -> Any:
    return options.expression(unquote_plus(text), "$filter")


@pytest.mark.parametrize(
    ("text", "at"),
    [("a eq", 4), ("a eq 'x", 5), ("(a eq 1", 7), ("contains(a)", 0), ("a eq 1 foo", 6), ("", 0), ("a/", 2)],
)
def test_a_mistake_is_found_where_it_stands(text: str, at: int) -> None:
    with pytest.raises(Malformed) as found:
        expression(text)
    assert found.value.at == at
    assert str(found.value).startswith(f"$filter, character {at + 1}: expected ")


def test_operators_bind_as_the_url_conventions_say() -> None:
    found = expression("not a and b eq 1 add 2 mul 3 or c")
    assert isinstance(found, Chain)
    assert found.operator == "or"
    both = found.terms[0]
    assert isinstance(both, Chain)
    assert isinstance(both.terms[0], Unary)
    compared = both.terms[1]
    assert isinstance(compared, Binary)
    assert isinstance(compared.right, Binary)
    assert (compared.operator, compared.right.operator) == ("eq", "add")


def test_left_comes_first_among_equals() -> None:
    found = expression("10 sub 3 sub 2")
    assert isinstance(found, Binary)
    assert isinstance(found.left, Binary)


@pytest.mark.parametrize("terms", [600, 5_000])
def test_long_chains_are_flat(terms: int) -> None:
    found = expression(" or ".join(["a eq 1"] * terms))
    assert isinstance(found, Chain)
    assert len(found.terms) == terms


@pytest.mark.parametrize(
    "text",
    ["(" * 5_000, "not " * 5_000 + "a", "-" * 5_000 + "a", "[" * 5_000, "concat(" * 5_000,
     "a/any(b:" * 5_000, "1 add (" * 5_000, "case(" * 5_000],
)  # fmt: skip
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(TooComplex):
        expression(text)


def test_nested_options_are_bounded_too() -> None:
    with pytest.raises(TooComplex):
        options.option("expand", "a($expand=" * 5_000)
    with pytest.raises(TooComplex):
        options.option("apply", "concat(" * 5_000)
    with pytest.raises(TooComplex):
        resource.path("/".join(["a"] * 1_000))


@pytest.mark.parametrize(
    "text", ["2026-11-22T10:00:00+01:00", "2026-11-22T10:00:00 01:00", "2026-11-22T09:00:00Z"]
)
def test_an_instant_may_have_lost_its_plus_sign(text: str) -> None:
    assert expression(quote(text)) == Literal(0, "Edm.DateTimeOffset", datetime(2026, 11, 22, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "type_"),
    [("1", "Edm.Int64"), ("99999999999999999999", "Edm.Decimal"), ("1.50", "Edm.Decimal"), ("1e3", "Edm.Double"),
     ("-INF", "Edm.Double"), ("null", "null"), ("TRUE", "Edm.Boolean"), ("2026-11-22", "Edm.Date"),
     ("10:00", "Edm.TimeOfDay"), ("duration'P1D'", "Edm.Duration"), ("binary'AQI='", "Edm.Binary"),
     ("00000000-0000-0000-0000-000000000000", "Edm.Guid"),
     ("Ns.Colour'Red'", "Ns.Colour"), ("'O''Neil'", "Edm.String")],
)  # fmt: skip
def test_literals_have_their_types(text: str, type_: str) -> None:
    found = expression(quote(text))
    assert isinstance(found, Literal)
    assert found.type == type_


def test_a_duration_counts_its_parts() -> None:
    found = expression("duration'-P1DT2H3M4.5S'")
    assert isinstance(found, Literal)
    assert found.value == -timedelta(days=1, hours=2, minutes=3, seconds=4.5)


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-01",
        "2026-02-30T00:00:00Z",
        "25:00",
        "duration'x'",
        "duration'P'",
        "duration'PT'",
        "duration'P99999999999D'",
        "duration''",
        "binary'!'",
        "0000-01-01",
        "x'1'",
    ],
)
def test_literals_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        expression(quote(text))


@pytest.mark.parametrize(
    "query",
    ["$top=1&$top=2", "$nonsense=1", "$top", "$top=-1", "$top=x", "$skip=1.5", "$count=maybe", "$filter="],
)
def test_options_that_cannot_be_are_refused(query: str) -> None:
    with pytest.raises(Malformed):
        options.query(query)


def test_options_may_go_without_their_dollar_sign_and_custom_ones_stay() -> None:
    found = options.query("top=5&Filter=a+eq+@p&@p=3&mine=x&skiptoken=1")
    assert found.top == 5
    assert found.custom == {"mine": "x", "skiptoken": "1"}
    assert found.aliases == {"p": Literal(0, "Edm.Int64", 3)}
    assert isinstance(found.filter, Binary)
    assert found.filter.right == Alias(5, "p")


def test_slashes_part_segments_unless_they_are_encoded() -> None:
    [segment] = resource.path("Categories('a%2Fb')")
    assert segment == Identifier(0, "Categories", ((None, Literal(11, "Edm.String", "a/b")),))
    with pytest.raises(Malformed):
        resource.path("Categories('a/b')")


def test_a_function_is_known_in_any_case() -> None:
    found = expression("toLower(a)")
    assert found == Call(0, "tolower", (Path(8, None, (Identifier(8, "a"),)),))


PIECES: Final = st.sampled_from(
    ["a", "b/c", "1", "'x'", "null", " eq ", " and ", " or ", "not ", "(", ")", ",", "$it", "@p", "any(x:", "/", "[",
     "]", "{", "}", '"s"', ":", " in ", "contains(", "$count", "-", " ", "cast(", "geo.distance(", "é", "\x00"]
)  # fmt: skip


@given(text=st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60))
@example(text="a in (b")
def test_whatever_is_written_is_read_or_refused_in_words(text: str) -> None:
    refused: list[tuple[Problem, int]] = []
    for name in ("filter", "orderby", "select", "expand", "compute", "search", "apply"):
        try:
            options.option(name, text)
        except Problem as problem:
            refused.append((problem, len(text)))
    try:
        resource.path(quote(text))
    except Problem as problem:
        refused.append((problem, len(text)))
    assert all(problem.message for problem, _ in refused)
    assert all(problem.at is None or 0 <= problem.at <= length for problem, length in refused)
