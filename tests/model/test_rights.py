"""Permissions by role, and what grants come to together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.rights import (
    OFFICE_WIDE,
    PERSON,
    ROLES,
    SHOWN,
    TOKEN_SCOPES,
    Extent,
    Permission,
    Right,
    extent,
    right_of,
    right_of_scopes,
    roles_among,
    within,
)

KEYS = st.frozensets(st.sampled_from(["A", "B", "C", "D"]))
EXTENTS = st.none() | KEYS
RIGHTS = st.lists(st.builds(right_of, st.sampled_from(list(ROLES)), EXTENTS), max_size=4).map(tuple)
PERMISSIONS = st.sampled_from(list(Permission))


def covers(whole: Extent | None, part: Extent | None) -> bool:
    """Tell whether all of one is in the other."""
    if part is None:
        return True
    if whole is None:
        return False
    return whole.projects is None or (part.projects is not None and part.projects <= whole.projects)


def test_every_role_has_a_name_and_may_look_at_projects() -> None:
    assert SHOWN.keys() == ROLES.keys()
    assert {role for role, held in ROLES.items() if Permission.VIEW not in held} == set()


def test_only_administrators_administer_and_they_do_not_act_as_the_office() -> None:
    assert [role for role, held in ROLES.items() if Permission.ADMINISTER in held] == ["administrator"]
    assert ROLES["administrator"] & PERSON == set()


@pytest.mark.parametrize("permission", sorted(OFFICE_WIDE))
def test_what_is_of_the_whole_office_does_not_follow_from_a_role_for_some_projects(
    permission: Permission,
) -> None:
    some = [right_of(role, frozenset(["A"])) for role in ROLES]
    assert extent(some, permission) is None
    assert extent([right_of(role, None) for role in ROLES], permission) == Extent(None)


def test_an_account_without_roles_may_look_at_nothing_but_itself() -> None:
    assert [each for each in Permission if extent((), each) is not None] == [
        Permission.OPEN,
        Permission.SIGNED_IN,
    ]


def test_a_token_for_no_project_holds_its_scopes_for_none() -> None:
    none = right_of_scopes(["read"], frozenset(), speaks=False)
    assert extent([none], Permission.VIEW) == Extent(frozenset())
    assert extent([none], Permission.INSPECT) is None


def test_a_token_acts_only_where_it_speaks_for_somebody_or_is_of_administrators() -> None:
    assert right_of_scopes(["read"], None, speaks=False).permissions == TOKEN_SCOPES["read"]
    assert right_of_scopes(["read"], None, speaks=True).permissions == TOKEN_SCOPES["read"] | PERSON
    assert right_of_scopes(["sync"], None, speaks=True).permissions == TOKEN_SCOPES["sync"]


def test_an_officer_of_one_programme_who_heads_another_is_neither_for_both() -> None:
    rights = (right_of("project_officer", frozenset("AB")), right_of("pmo_head", frozenset("BC")))
    everywhere, somewhere = roles_among(rights, Permission.WORK)
    assert everywhere == frozenset()
    assert somewhere == {
        ("project_officer", "A"), ("project_officer", "B"), ("pmo_head", "B"), ("pmo_head", "C"),
    }  # fmt: skip


def test_a_reader_of_everything_who_is_an_officer_of_one_programme_works_there_only() -> None:
    rights = (right_of("reader", None), right_of("project_officer", frozenset("A")))
    assert extent(rights, Permission.VIEW) == Extent(None)
    assert extent(rights, Permission.WORK) == Extent(frozenset("A"))
    assert roles_among(rights, Permission.WORK)[0] == {"project_officer"}
    everywhere, somewhere = roles_among(rights, Permission.VIEW)
    assert (everywhere, somewhere) == (frozenset(["reader"]), frozenset([("project_officer", "A")]))


def test_a_role_nobody_knows_gives_nothing() -> None:
    assert right_of("emperor", None) == Right(frozenset(), None, frozenset(["emperor"]))


@given(RIGHTS, RIGHTS, PERMISSIONS)
def test_a_token_of_an_account_never_holds_more_than_either(
    token: tuple[Right, ...], account: tuple[Right, ...], permission: Permission
) -> None:
    both = within(token, account)
    if permission is Permission.SIGNED_IN:
        return
    assert covers(extent(token, permission), extent(both, permission))
    assert covers(extent(account, permission), extent(both, permission))
    roles, somewhere = roles_among(both, permission)
    held = {role for right in account for role in right.roles} & {
        role for right in token for role in right.roles
    }
    assert roles | {role for role, _ in somewhere} <= held


@given(RIGHTS, RIGHTS, PERMISSIONS)
def test_another_role_never_takes_something_away(
    rights: tuple[Right, ...], more: tuple[Right, ...], permission: Permission
) -> None:
    assert covers(extent((*rights, *more), permission), extent(rights, permission))


@given(RIGHTS, PERMISSIONS)
def test_roles_are_held_where_a_right_that_gives_the_permission_has_them(
    rights: tuple[Right, ...], permission: Permission
) -> None:
    everywhere, somewhere = roles_among(rights, permission)
    whole = extent(rights, permission)
    for role in everywhere:
        assert covers(extent([each for each in rights if role in each.roles], permission), whole)
    for role, project in somewhere:
        assert (
            any(
                role in each.roles
                and each.gives(permission)
                and each.projects is not None
                and project in each.projects
                for each in rights
                if permission is not Permission.SIGNED_IN
            )
            or permission is Permission.SIGNED_IN
        )
