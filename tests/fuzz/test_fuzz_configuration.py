"""Configuration, mappings and templates as anybody might write them: never a traceback."""

import string
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import shipped
from config.document import DocumentError, SourceBlock, parse_document
from connectors.errors import MisconfiguredSource
from model.declaration import InvalidDeclaration
from model.policy_faults import read_policy
from sync.mapping import MappingError, compile_stream, parse_mapping
from sync.registry import check_source
from sync.transforms import COMMON
from tests.support.json_mutants import mutants
from tests.support.refusals import in_words

pytestmark = pytest.mark.slow
MANY = settings(max_examples=500, suppress_health_check=list(HealthCheck))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates()
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
YAMLISH = st.text(
    alphabet=string.ascii_lowercase + string.digits + "\n  :-[]{}&*!|>'\"%@,#?.~<=", max_size=200
)
GOOD: dict[str, Any] = {
    "apiVersion": "muster/v1",
    "portfolio": {"key": "main", "name": "Main", "timezone": "Europe/London", "currency": "GBP"},
    "sources": [
        {
            "name": "jira",
            "kind": "jira",
            "base_url": "https://jira.example",
            "projects": ["*"],
            "auth": {"type": "pat", "token": "env:TOKEN"},
            "schedule": "0 2 * * *",
            "enabled": True,
            "bind": {"A": "B"},
            "mapping": {"issues": {"points": "fields.{story_points}"}},
        },
        {
            "name": "ado",
            "kind": "azure_devops",
            "base_url": "https://dev.example/org",
            "projects": ["*"],
            "auth": {"type": "pat", "token": "env:TOKEN"},
        },
        {
            "name": "files",
            "kind": "excel",
            "folder": "files",
            "workbooks": [
                {
                    "path": "r.xlsx",
                    "sheet": "S",
                    "holds": "projects",
                    "key": "ID",
                    "columns": {"budget": "Geld"},
                    "date_order": "dmy",
                    "fill_down": ["x"],
                }
            ],
        },
    ],
}


def checked(text: str) -> None:
    """Read a document and check its sources, as `muster apply` does before it asks anything."""
    with in_words(DocumentError, "muster.yaml"):
        for block in parse_document(text, where="muster.yaml").sources:
            with in_words(MisconfiguredSource, block.name):
                check_source(block)


@MANY
@given(YAMLISH | ANYTHING.map(lambda data: yaml.safe_dump(data, allow_unicode=True)))
def test_any_text_is_read_or_refused_with_the_file_named(text: str) -> None:
    checked(text)


@MANY
@given(mutants([GOOD]))
def test_a_configuration_with_mistakes_is_refused_in_words(document: Any) -> None:
    checked(yaml.safe_dump(document, allow_unicode=True))


@pytest.mark.parametrize(
    "text",
    [
        "a: 2026-13-45",
        "a: !!int x",
        "? [1]\n: x",
        "[" * 3000,
        "a: &a [*a]",
        "!!python/name:os.system x",
        "apiVersion: muster/v1\nportfolio: &a {key: *a}",
        "\x00",
        "a: !!float []",
    ],
)
def test_what_yaml_trips_over_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match=r"muster\.yaml"):
        parse_document(text, where="muster.yaml")


@pytest.mark.parametrize("kind", ["jira", "azure_devops", "excel"])
def test_a_mapping_with_mistakes_is_refused_in_words(kind: str) -> None:
    @MANY
    @given(
        mutants([shipped.mapping(kind)]),
        st.dictionaries(st.text(max_size=5), st.just({"title": "x"}), max_size=1),
    )
    def try_one(data: Any, overrides: dict[str, Any]) -> None:
        with in_words(MappingError):
            spec = parse_mapping(data, where="m.yaml", overrides=overrides)
            for stream in spec.streams:
                compile_stream(spec, stream, COMMON, {})

    try_one()


@MANY
@given(
    st.dictionaries(st.sampled_from(["title", "points", "key", "transitions", "nope"]), ANYTHING, max_size=2)
)
def test_a_source_with_an_odd_mapping_of_its_own_is_refused_in_words(attributes: dict[str, Any]) -> None:
    block = SourceBlock.model_validate(GOOD["sources"][0] | {"mapping": {"issues": attributes}})
    with in_words(MisconfiguredSource, block.name):
        check_source(block)


@MANY
@given(st.sampled_from("abcxyz.{}[]!:0 ").flatmap(lambda _: st.text(alphabet="abc.{}[]!:0/ ", max_size=12)))
def test_any_path_compiles_or_is_refused_in_words(path: str) -> None:
    data = {
        "kind": "x",
        "version": "1",
        "streams": {"s": {"entity": "identity", "attributes": {"name": path}}},
    }
    with in_words(MappingError):
        mapping = compile_stream(parse_mapping(data, where="m"), "s", COMMON, {"a": "b"})
        assert mapping.columns == ("name",)


@MANY
@given(YAMLISH)
def test_any_declaration_is_read_or_complained_of(text: str) -> None:
    with in_words(InvalidDeclaration, "policy.yaml"):
        read_policy(text, "policy.yaml")


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["limits", "tiers", "tolerances", "effective_from", "effective_to", "version"]),
    st.sampled_from([None, 1, 2, "schedule", "overall", "project", "limits"]),
    ANYTHING,
)
def test_any_part_of_a_policy_may_be_anything_and_is_complained_of(part: str, below: Any, value: Any) -> None:
    document = yaml.safe_load(shipped.text("policies", "default"))
    document[part] = value if below is None else {below: value} if part != "tolerances" else [{below: value}]
    with in_words(InvalidDeclaration, "policy.yaml"):
        read_policy(yaml.safe_dump(document), "policy.yaml")
