"""F24: the double entry of a run."""

from hypothesis import given
from hypothesis import strategies as st

from model.reconciliation import balanced, unexplained
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

COUNT = st.integers(0, 10**9)


@needs_shared
def test_the_worked_reconciliation_comes_out_to_the_digit() -> None:
    case = oracle("F24_reconciliation")
    given_, out = case["inp"], case["out"]
    off = {
        kind: unexplained(
            said, stored=given_["hub"][kind], rejected=given_["rejected_with_reason"].get(kind, 0), filtered=0
        )
        for kind, said in given_["source"].items()
    }
    assert off == out["unexplained"]
    assert all(each == 0 for each in off.values()) is out["balanced"]


def test_a_source_that_says_no_number_is_neither_balanced_nor_not() -> None:
    assert unexplained(None, stored=5, rejected=0, filtered=0) is None
    assert balanced(None, stored=5, rejected=0, filtered=0) is None


@given(COUNT, COUNT, COUNT, st.integers(-5, 5))
def test_what_is_stored_rejected_or_filtered_is_explained_and_nothing_else(
    stored: int, rejected: int, filtered: int, more: int
) -> None:
    said = stored + rejected + filtered + more
    assert unexplained(said, stored=stored, rejected=rejected, filtered=filtered) == more
    assert balanced(said, stored=stored, rejected=rejected, filtered=filtered) is (more == 0)
