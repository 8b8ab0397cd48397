"""Every query that docs/bi.md shows is answered, and every set it names is there."""

import re
from pathlib import Path

import httpx
import pytest

from api.feed.models import model_of
from tests.support.hub import Hub

TOLD = (Path(__file__).parents[2] / "docs" / "bi.md").read_text()


def test_the_sets_that_are_named_are_those_that_are_there() -> None:
    table = TOLD.partition("## The sets")[2].partition("\n\nEvery day")[0]
    named = re.findall(r"^\| ([A-Z]\w+(?:, [A-Z]\w+)*) \|", table, re.MULTILINE)
    assert {name for line in named for name in line.split(", ")} == set(model_of(None).by_name)


@pytest.mark.slow
@pytest.mark.parametrize("query", re.findall(r"^GET (/\S.*)$", TOLD, re.MULTILINE))
def test_a_query_that_is_shown_is_answered(hub: Hub, query: str) -> None:
    base = hub.root.removesuffix("/odata/v1/")
    answer = httpx.get(base + query, auth=("x", hub.token), trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    assert len(answer.content) > 10 or query.endswith("'GREY'")


@pytest.mark.parametrize(
    "column", sorted(set(re.findall(r"`(\w+)\.?(\w*SK|ChangedAt|IsNewest|\w+Id)`", TOLD)))
)
def test_a_column_that_is_named_is_there(column: tuple[str, str]) -> None:
    name = "".join(column)
    assert any(name in each.type.all_properties() for each in model_of(None).sets), name
