"""The three-way merge of a cell: nothing is lost, and nothing is changed that nobody changed."""

from hypothesis import given
from hypothesis import strategies as some

from model.collection.merge import Cell, Fate

values = some.none() | some.integers(0, 3) | some.sampled_from(["", "a", "b"])


def same(one: object, other: object) -> bool:
    return one == other


@given(values, values)
def test_a_cell_that_came_back_as_it_was_sent_never_changes_anything(sent: object, current: object) -> None:
    assert Cell(sent, sent, current).fate(same) is Fate.UNTOUCHED


@given(values, values)
def test_a_cell_that_alone_was_changed_is_taken(sent: object, returned: object) -> None:
    fate = Cell(sent, returned, sent).fate(same)
    assert fate is (Fate.UNTOUCHED if returned == sent else Fate.TAKEN)


@given(values, values, values)
def test_two_changes_conflict_exactly_where_they_differ(
    sent: object, returned: object, current: object
) -> None:
    fate = Cell(sent, returned, current).fate(same)
    both = sent not in (returned, current)
    assert (fate is Fate.CONFLICT) == (both and returned != current)
    assert (fate is Fate.AGREED) == (both and returned == current)


@given(values, values, values)
def test_two_copies_come_to_the_same_in_either_order_or_conflict_in_both(
    sent: object, one: object, other: object
) -> None:
    def taken(first: object, second: object) -> tuple[object, bool]:
        stands, conflict = sent, False
        for returned in (first, second):
            fate = Cell(sent, returned, stands).fate(same)
            stands = returned if fate is Fate.TAKEN else stands
            conflict = conflict or fate is Fate.CONFLICT
        return stands, conflict

    forward, backward = taken(one, other), taken(other, one)
    assert forward[1] == backward[1]
    assert forward[1] or forward[0] == backward[0]
