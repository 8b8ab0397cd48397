"""Rates of exchange that are told both ways for one day."""

import pytest

from config.document import DocumentError, parse_document


def document(*rates: str) -> str:
    listed = "\n".join(f"  - {{date: 2026-10-30, {rate}, source: made up}}" for rate in rates)
    return f"apiVersion: muster/v1\nportfolio: {{key: p, name: P, currency: GBP}}\nrates:\n{listed}\n"


def test_two_rates_of_a_day_that_contradict_each_other_are_refused_with_both() -> None:
    told = document("base: EUR, quote: GBP, rate: 0.87", "base: GBP, quote: EUR, rate: 1.3")
    with pytest.raises(DocumentError, match=r"EUR in GBP is 0\.87 and GBP in EUR is 1\.3.*leave one"):
        parse_document(told, where="muster.yaml")


def test_two_rates_that_are_one_rounded_are_taken() -> None:
    told = document("base: EUR, quote: GBP, rate: 0.87", "base: GBP, quote: EUR, rate: 1.149")
    assert len(parse_document(told, where="muster.yaml").rates) == 2
