"""Histories: the same rows from revisions and from updates, whatever changes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.azure_devops import idset
from connectors.azure_devops.history import from_revisions, from_updates
from connectors.azure_devops.transforms import transitions
from tests.support.fake_ado import MIA, TOM, updates_of

FIELDS = (
    "System.State",
    "System.AssignedTo",
    "System.Tags",
    "Microsoft.VSTS.Scheduling.StoryPoints",
    "Custom.Flag",
)
VALUES = st.sampled_from([None, "New", "", 0, 0.0, 1, 2.5, False, True, MIA, TOM, "9999-01-01T00:00:00Z"])


def revision(rev: int, **fields: Any) -> dict[str, Any]:
    """Write one revision, a minute after the one before it."""
    dates = {"System.ChangedDate": f"2026-01-01T{rev // 60:02}:{rev % 60:02}:00.5Z", "System.ChangedBy": MIA}
    return {"id": 1, "rev": rev, "fields": {**fields, **dates}}


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES), min_size=1, max_size=30))
def test_revisions_and_updates_of_an_item_give_the_same_rows(states: list[dict[str, Any]]) -> None:
    revisions = [
        revision(rev, **{name: value for name, value in state.items() if value is not None})
        for rev, state in enumerate(states, 1)
    ]
    rows = transitions(from_revisions(revisions))
    assert rows == transitions(from_updates(updates_of(revisions)))
    assert len({row[0] for row in rows}) == len(rows), "each row has an id of its own"


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES), min_size=1, max_size=12), st.randoms())
def test_the_order_and_doubling_of_revisions_change_nothing(
    states: list[dict[str, Any]], chance: Any
) -> None:
    revisions = [revision(rev, **state) for rev, state in enumerate(states, 1)]
    mixed = [*revisions, *revisions]
    chance.shuffle(mixed)
    assert from_revisions(mixed) == from_revisions(revisions)


def test_zero_false_and_empty_are_values_and_a_change_to_them_is_one() -> None:
    before = {"Custom.Points": 5, "Custom.Flag": True, "Custom.Note": "x"}
    after = {"Custom.Points": 0, "Custom.Flag": False, "Custom.Note": ""}
    rows = transitions(from_revisions([revision(1, **before), revision(2, **after)]))
    assert [(row[5], row[7], row[9]) for row in rows] == [
        ("Custom.Flag", "true", "false"),
        ("Custom.Note", "x", ""),
        ("Custom.Points", "5", "0"),
    ]


def test_false_is_not_the_same_as_zero() -> None:
    assert transitions(from_revisions([revision(1, **{"Custom.A": 0}), revision(2, **{"Custom.A": False})]))


def test_a_person_written_as_text_and_as_an_object_with_the_same_id_has_not_changed() -> None:
    renamed = {**MIA, "displayName": "Mia Lund-Berg"}
    assert not transitions(
        from_revisions(
            [revision(1, **{"System.AssignedTo": MIA}), revision(2, **{"System.AssignedTo": renamed})]
        )
    )


def test_the_year_9999_is_no_date_and_no_change() -> None:
    never = "9999-01-01T00:00:00Z"
    assert not transitions(from_revisions([revision(1, **{"Custom.Due": never}), revision(2)]))


def test_an_update_of_links_alone_is_kept_and_is_no_transition() -> None:
    updates = [
        *updates_of([revision(1, **{"System.State": "New"})]),
        {
            "id": 2,
            "rev": 1,
            "revisedBy": TOM,
            "revisedDate": "2026-01-02T00:00:00Z",
            "relations": {"added": [{"rel": "x"}]},
        },
    ]
    history = from_updates(updates)
    assert (len(history), transitions(history)) == (2, [])
    assert (history[1]["at"], history[1]["by"]) == ("2026-01-02T00:00:00Z", TOM)


def test_two_updates_that_share_a_revision_are_both_read() -> None:
    second = updates_of([revision(1), revision(2, **{"System.State": "Active"})])[1]
    link = {
        "id": 2,
        "rev": 1,
        "fields": {},
        "relations": {"added": []},
        "revisedDate": "9999-01-01T00:00:00Z",
    }
    history = from_updates([updates_of([revision(1)])[0], link, {**second, "id": 3}])
    assert [entry["rev"] for entry in history] == [1, 1, 2]
    assert [row[9] for row in transitions(history)] == ["Active"]


@given(st.sets(st.integers(min_value=1, max_value=400)))
def test_ids_written_as_ranges_are_read_back(ids: set[int]) -> None:
    assert idset.read(idset.written(ids)) == ids


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=120))
def test_ids_kept_as_ranges_are_the_set_they_stand_for(steps: list[tuple[bool, int]]) -> None:
    kept, plain = idset.Ids("3-5,9"), {3, 4, 5, 9}
    for into, id_ in steps:
        if into:
            kept.add(id_)
            plain.add(id_)
        else:
            kept.discard(id_)
            plain.discard(id_)
        assert (id_ in kept) == (id_ in plain)
    assert str(kept) == idset.written(plain)
