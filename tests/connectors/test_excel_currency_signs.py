"""A sign such as `$` is of several currencies; it is never taken for the portfolio's own."""

from typing import Any

import pytest

from tests.support.workbooks import kept, records_of, xlsx


def budgets(
    *amounts: object, header: str = "Budget", above: list[list[object]] | None = None, **given: Any
) -> Any:
    rows = [
        *(above or []),
        ["Project ID", "Name", header],
        *([f"P{n}", "x", one] for n, one in enumerate(amounts)),
    ]
    records, told = records_of(xlsx(rows, formats=given.pop("formats", None)), **given)
    return [record.payload["values"].get("budget") for record in records], told.warnings


@pytest.mark.parametrize("text", ["$2,000", "2000 kr", "¥2000", "2 000 kr."])
def test_a_sign_of_several_currencies_leaves_its_amount_unknown_and_says_what_to_do(text: str) -> None:
    read, warnings = budgets("£1,000", text, 5)

    assert read == ["1000", None, "5"]
    [line] = [line for line in warnings if "!C3:" in line]
    assert f"the currency of {text!r} is shown only as " in line
    assert "write the ISO code into the cell or the header, or set currency in the source" in line


@pytest.mark.parametrize(
    ("header", "above", "given"),
    [
        ("Budget (USD)", None, {}),
        ("Budget", [["Currency:", "CAD"], []], {}),
        ("Budget", None, {"currency": "AUD"}),
        ("Budget ($)", None, {"currency": "USD"}),
        ("Budget", [["Currency:", "$"], []], {"currency": "USD"}),
    ],
)
def test_a_sign_agrees_with_the_dollars_that_are_declared(
    header: str, above: Any, given: dict[str, str]
) -> None:
    read, warnings = budgets("$2,000.00", "$5", header=header, above=above, **given)

    assert read == ["2000", "5"]
    assert warnings == []


@pytest.mark.parametrize(
    ("header", "above", "given"),
    [
        ("Budget (GBP)", None, {}),
        ("Budget", [["Currency:", "EUR"], []], {}),
        ("Budget", None, {"currency": "GBP"}),
        ("Budget ($)", None, {}),
        ("Budget ($)", None, {"currency": "EUR"}),
    ],
)
def test_a_sign_that_is_not_of_the_declared_currency_is_never_read_as_it(
    header: str, above: Any, given: dict[str, str]
) -> None:
    read, warnings = budgets("$2,000.00", "TBC", header=header, above=above, **given)

    assert read == [None, None]
    assert "is shown only as '$'" in warnings[0]
    assert len(warnings) == 1


def test_bare_numbers_under_a_sign_of_several_currencies_are_unknown_too() -> None:
    assert budgets(2000, "USD 5", header="Budget ($)")[0] == [None, "5"]
    assert budgets(2000, above=[["Currency:", "$"], []])[0] == [None]
    assert budgets(2000, 5, formats={"C2": '"$"#,##0.00'})[0] == [None, "5"]
    assert budgets(2000, 5, formats={"C2": "[$$-409]#,##0.00"})[0] == ["2000", "5"]


def test_a_rows_own_currency_says_which_dollars_its_sign_means() -> None:
    rows = [
        ["Project", "Category", "Type", "Currency", "Jan 2026"],
        ["A", "x", "Actual", "CAD", "$5"],
        ["A", "y", "Actual", "GBP", "$6"],
        ["A", "z", "Actual", None, "$7"],
    ]

    records, _ = records_of(xlsx(rows), "costs")

    assert [record.unreadable is None for record in records] == [True, False, False]
    assert records[0].payload["values"]["currency"] == "CAD"
    assert records[1].locator.endswith("!E3")
    assert "may be USD, CAD, AUD or another but not GBP" in str(records[1].unreadable)


def test_the_configured_currency_is_that_of_amounts_that_say_none() -> None:
    rows = [["Project", "Category", "Type", "Jan 2026"], ["A", "x", "Actual", "$5"], ["A", "y", "Actual", 7]]

    values = kept(xlsx(rows), "costs", currency="USD")

    assert [(value["amount"], value["currency"]) for value in values] == [("5", "USD"), ("7", "USD")]
