"""Ids by the million: nothing that was added is missing, and nothing else is in."""

import hypothesis.strategies as st
from hypothesis import given

from sync.idset import IdSet

ids = st.one_of(
    st.integers(0, 10**20).map(str),
    st.text(min_size=1, max_size=6),
    st.sampled_from(["7", "07", "007", "\u0667", "7.0", "-7", "9" * 18, "9" * 19, "APO-7"]),
)


@given(st.lists(ids), st.lists(ids), st.lists(ids))
def test_it_holds_what_was_added_and_nothing_else(
    first: list[str], later: list[str], others: list[str]
) -> None:
    found = IdSet()
    found.update(first)
    assert all(one in found for one in first)
    found.update(later)
    added = {*first, *later}
    assert set(found) == added
    assert {one for one in [*added, *others] if one in found} == added
