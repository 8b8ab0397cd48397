"""`$metadata`: the model as CSDL in JSON."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from api.odata.capabilities import CORE, VOCABULARIES, Annotated, Member, of_container, of_set
from api.odata.csdl import bindings, complex_types, qualified
from api.odata.edm import EntitySet, EntityType, Function, Model, Property

_DESCRIPTION: Final = f"{CORE}.Description"


def as_json(model: Model) -> dict[str, Any]:
    """Return the model as CSDL JSON."""
    schema: dict[str, Any] = {}
    for enum in model.enums:
        flags = {"$IsFlags": True} if enum.flags else {}
        schema[enum.name] = {"$Kind": "EnumType", **flags, **enum.members}
    for structure in complex_types(model).values():
        schema[structure.name] = {"$Kind": "ComplexType", **_json_properties(model, structure.properties)}
    for type_ in model.types.values():
        schema[type_.name] = _json_entity(model, type_)
    for function in model.functions:
        schema.setdefault(function.name, []).append(_json_function(model, function))
    schema[model.container] = {
        "$Kind": "EntityContainer",
        **{each.name: _json_set(model, each) for each in model.sets},
        **{each.name: _json_import(model, each) for each in model.functions if each.bound is None},
        **_annotations(of_container()),
    }
    return {
        "$Version": "4.01",
        "$EntityContainer": f"{model.namespace}.{model.container}",
        "$Reference": {
            uri: {"$Include": [{"$Namespace": namespace, "$Alias": alias}]}
            for uri, (namespace, alias) in VOCABULARIES.items()
        },
        model.namespace: {**schema, f"@{CORE}.SchemaVersion": model.version},
    }


def _json_function(model: Model, each: Function) -> dict[str, Any]:
    made: dict[str, Any] = {"$Kind": "Function"}
    parameters: list[dict[str, Any]] = []
    if each.bound:
        made["$IsBound"] = True
        many = {"$Collection": True} if each.of_collection else {}
        parameters.append({"$Name": "it", "$Type": qualified(model, each.bound), **many})
    if not each.is_value:
        made["$IsComposable"] = True
    parameters += [
        {"$Name": name, "$Type": type_, "$Nullable": True} for name, type_ in each.parameters.items()
    ]
    if parameters:
        made["$Parameter"] = parameters
    gives = qualified(model, each.gives if each.is_value else model.by_name[each.gives].type)
    nullable = {"$Collection": True} if each.collection else {"$Nullable": True}
    made["$ReturnType"] = {"$Type": gives, **nullable}
    if each.says:
        made[f"@{_DESCRIPTION}"] = each.says
    return made


def _json_import(model: Model, each: Function) -> dict[str, Any]:
    made = {"$Function": f"{model.namespace}.{each.name}"}
    return made if each.is_value else {**made, "$EntitySet": each.gives}


def _json_entity(model: Model, type_: EntityType) -> dict[str, Any]:
    made: dict[str, Any] = {"$Kind": "EntityType"}
    if type_.base:
        made["$BaseType"] = f"{model.namespace}.{type_.base.name}"
    if type_.open:
        made["$OpenType"] = True
    if type_.key:
        made["$Key"] = list(type_.key)
    made |= _json_properties(model, type_.properties)
    for way in type_.navigations:
        target = f"{model.namespace}.{model.by_name[way.target].type.name}"
        many = {"$Collection": True} if way.collection else {"$Nullable": True}
        partner = {"$Partner": way.partner} if way.partner else {}
        made[way.name] = {"$Kind": "NavigationProperty", "$Type": target, **many, **partner}
    if type_.says:
        made[f"@{_DESCRIPTION}"] = type_.says
    return made


def _json_properties(model: Model, properties: Iterable[Property]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for each in properties:
        facts: dict[str, Any] = {}
        if each.type != "Edm.String":
            facts["$Type"] = qualified(model, each.type)
        if each.collection:
            facts["$Collection"] = True
        if each.nullable and not each.collection:
            facts["$Nullable"] = True
        if each.type == "Edm.DateTimeOffset":
            facts["$Precision"] = 6 if each.precision is None else each.precision
        if each.type == "Edm.Decimal":
            facts["$Scale"] = "variable" if each.scale is None else each.scale
        if each.says:
            facts[f"@{_DESCRIPTION}"] = each.says
        made[each.name] = facts
    return made


def _json_set(model: Model, each: EntitySet) -> dict[str, Any]:
    made: dict[str, Any] = {"$Type": f"{model.namespace}.{each.type.name}"}
    if not each.singleton:
        made["$Collection"] = True
    if ties := bindings(model, each):
        made["$NavigationPropertyBinding"] = dict(ties)
    if each.says:
        made[f"@{_DESCRIPTION}"] = each.says
    return {**made, **_annotations(of_set(each))}


def _annotations(annotations: Mapping[str, Annotated]) -> dict[str, Any]:
    return {
        f"@{term}": value.name if isinstance(value, Member) else value for term, value in annotations.items()
    }
