"""The strict reading of specifications refuses what a plain validation would let pass."""

import json
from pathlib import Path

import pytest

from tests.support.specs import Spec, keys_of, load

DOCUMENT = {
    "paths": {
        "/things/{id}": {
            "get": {
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                    }
                }
            }
        }
    },
    "components": {
        "schemas": {
            "Named": {"type": "object", "properties": {"name": {"type": "string"}}},
            "Thing": {
                "type": "object",
                "allOf": [{"$ref": "#/components/schemas/Named"}],
                "properties": {
                    "id": {"type": "integer"},
                    "note": {"type": "string", "nullable": True},
                    "fields": {"type": "object", "additionalProperties": {}},
                    "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "others": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                },
                "required": ["id"],
            },
        }
    },
}


@pytest.fixture
def spec() -> Spec:
    return Spec(DOCUMENT, Path("made-up.json"))


def test_a_declared_answer_has_no_problems(spec: Spec) -> None:
    body = {
        "id": 1,
        "name": "a",
        "note": None,
        "fields": {"any": [1]},
        "counts": {"x": 1},
        "others": [{"id": 2}],
    }
    assert spec.problems("GET", "/things/1", body) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"id": 1, "extra": 1}, "$: extra is not declared (Thing)"),
        ({"id": True}, "$.id: bool instead of integer (Thing.id)"),
        ({"name": "a"}, "$: id is required (Thing)"),
        ({"id": 1, "name": None}, "$.name: NoneType instead of string (Named.name)"),
        ({"id": 1, "counts": {"x": "1"}}, "$.counts.x: str instead of integer (Thing.counts.x)"),
        ({"id": 1, "others": [{"id": 2, "extra": 1}]}, "$.others[0]: extra is not declared (Thing)"),
        ([], "$: list instead of object (Thing)"),
    ],
)
def test_every_difference_is_told_with_its_place(spec: Spec, body: object, says: str) -> None:
    found = spec.problems("GET", "/things/{id}", body)
    assert [one.replace("(Thing.name)", "(Named.name)") for one in found] == [says]


def test_a_named_exception_is_let_pass(spec: Spec) -> None:
    assert spec.problems("GET", "/things/1", {"id": 1, "extra": 1}, beyond={"Thing.extra": "seen live"}) == []


def test_an_unknown_operation_is_an_error_and_not_a_pass(spec: Spec) -> None:
    with pytest.raises(LookupError):
        spec.problems("POST", "/things/1", {})
    with pytest.raises(LookupError):
        spec.problems("GET", "/nothing", {})


def test_references_into_neighbouring_files_are_followed(tmp_path: Path) -> None:
    shared = {
        "definitions": {
            "Team": {"type": "object", "properties": {"id": {"$ref": "#/definitions/Id"}}},
            "Id": {"type": "string"},
        }
    }
    main = {
        "paths": {
            "/teams": {"get": {"responses": {"200": {"schema": {"$ref": "./shared.json#/definitions/Team"}}}}}
        }
    }
    (tmp_path / "shared.json").write_text(json.dumps({"paths": {}, **shared}))
    (tmp_path / "main.json").write_text(json.dumps(main))
    spec = load(tmp_path / "main.json")
    assert spec.problems("GET", "/teams", {"id": "a"}) == []
    assert spec.problems("GET", "/teams", {"id": 1}) == ["$.id: int instead of string (Id)"]


def test_key_paths_merge_the_elements_of_lists() -> None:
    assert keys_of({"a": [{"b": 1}, {"c": {"d": 2}}]}) == {"a", "a.[].b", "a.[].c", "a.[].c.d"}
