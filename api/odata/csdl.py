"""`$metadata`: the model as CSDL in XML."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from api.odata.capabilities import CORE, VOCABULARIES, Annotated, Member, of_container, of_set
from api.odata.edm import ComplexType, EntitySet, EntityType, EnumType, Function, Model, Navigation, Property

_EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"
_DESCRIPTION: Final = f"{CORE}.Description"


def qualified(
    model: Model, type_: str | EnumType | ComplexType | EntityType, *, collection: bool = False
) -> str:
    """Say a type by its full name."""
    name = type_ if isinstance(type_, str) else f"{model.namespace}.{type_.name}"
    return f"Collection({name})" if collection else name


def complex_types(model: Model) -> dict[str, ComplexType]:
    """Return the structures that any of the model's types hold, by name."""
    found: dict[str, ComplexType] = {}
    for type_ in model.types.values():
        _structures(type_.properties, found)
    return found


def _structures(properties: Iterable[Property], found: dict[str, ComplexType]) -> None:
    for each in properties:
        if isinstance(each.type, ComplexType) and each.type.name not in found:
            found[each.type.name] = each.type
            _structures(each.type.properties, found)


def as_xml(model: Model) -> bytes:
    """Return the model as CSDL XML: strict and lean, since the readers of it are strict too."""
    root = Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": _EDMX})
    for uri, (namespace, alias) in VOCABULARIES.items():
        reference = SubElement(root, "edmx:Reference", {"Uri": uri})
        SubElement(reference, "edmx:Include", {"Namespace": namespace, "Alias": alias})
    services = SubElement(root, "edmx:DataServices")
    schema = SubElement(services, "Schema", {"xmlns": _EDM, "Namespace": model.namespace})
    for enum in model.enums:
        _enum(schema, enum)
    for structure in complex_types(model).values():
        element = SubElement(schema, "ComplexType", {"Name": structure.name})
        for each in structure.properties:
            _property(model, element, each)
    for type_ in model.types.values():
        _entity(model, schema, type_)
    for function in model.functions:
        _function(model, schema, function)
    _container(model, schema)
    SubElement(schema, "Annotation", {"Term": f"{CORE}.SchemaVersion", "String": model.version})
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _enum(schema: Element, enum: EnumType) -> None:
    flags = {"IsFlags": "true"} if enum.flags else {}
    element = SubElement(schema, "EnumType", {"Name": enum.name, **flags})
    for name, number in enum.members.items():
        SubElement(element, "Member", {"Name": name, "Value": str(number)})


def _entity(model: Model, schema: Element, type_: EntityType) -> None:
    base = {"BaseType": f"{model.namespace}.{type_.base.name}"} if type_.base else {}
    opened = {"OpenType": "true"} if type_.open else {}
    element = SubElement(schema, "EntityType", {"Name": type_.name, **base, **opened})
    if type_.key:
        key = SubElement(element, "Key")
        for name in type_.key:
            SubElement(key, "PropertyRef", {"Name": name})
    for each in type_.properties:
        _property(model, element, each)
    for way in type_.navigations:
        _navigation(model, element, way)
    _describe(element, type_.says)


def _property(model: Model, parent: Element, each: Property) -> None:
    given = {"Name": each.name, "Type": qualified(model, each.type, collection=each.collection)}
    if not each.nullable:
        given["Nullable"] = "false"
    if each.type == "Edm.DateTimeOffset":
        given["Precision"] = str(6 if each.precision is None else each.precision)
    elif each.precision is not None:
        given["Precision"] = str(each.precision)
    if each.type == "Edm.Decimal":
        given["Scale"] = "variable" if each.scale is None else str(each.scale)
    _describe(SubElement(parent, "Property", given), each.says)


def _navigation(model: Model, parent: Element, way: Navigation) -> None:
    target = model.by_name[way.target]
    given = {"Name": way.name, "Type": qualified(model, target.type, collection=way.collection)}
    if way.partner:
        given["Partner"] = way.partner
    SubElement(parent, "NavigationProperty", given)


def _function(model: Model, schema: Element, each: Function) -> None:
    bound = {"IsBound": "true"} if each.bound else {}
    composable = {} if each.is_value else {"IsComposable": "true"}
    element = SubElement(schema, "Function", {"Name": each.name, **bound, **composable})
    if each.bound:
        type_ = qualified(model, each.bound, collection=each.of_collection)
        SubElement(element, "Parameter", {"Name": "it", "Type": type_, "Nullable": "false"})
    for name, type_ in each.parameters.items():
        SubElement(element, "Parameter", {"Name": name, "Type": type_})
    SubElement(element, "ReturnType", {"Type": returned(model, each)})
    _describe(element, each.says)


def returned(model: Model, each: Function) -> str:
    """Say what a function gives."""
    gives = each.gives if each.is_value else model.by_name[each.gives].type
    return qualified(model, gives, collection=each.collection)


def _describe(element: Element, says: str | None) -> None:
    if says:
        SubElement(element, "Annotation", {"Term": _DESCRIPTION, "String": says})


def _container(model: Model, schema: Element) -> None:
    container = SubElement(schema, "EntityContainer", {"Name": model.container})
    for each in model.sets:
        kind, type_ = ("Singleton", "Type") if each.singleton else ("EntitySet", "EntityType")
        element = SubElement(container, kind, {"Name": each.name, type_: qualified(model, each.type)})
        for path, target in bindings(model, each):
            SubElement(element, "NavigationPropertyBinding", {"Path": path, "Target": target})
        _describe(element, each.says)
        _annotate(element, of_set(each))
    for function in model.functions:
        if function.bound is None:
            of = {} if function.is_value else {"EntitySet": function.gives}
            full = f"{model.namespace}.{function.name}"
            SubElement(container, "FunctionImport", {"Name": function.name, "Function": full, **of})
    _annotate(container, of_container())


def _annotate(element: Element, annotations: Mapping[str, Annotated]) -> None:
    """Write annotations, but those with an enumeration's member: some readers refuse metadata that has any."""
    for term, value in annotations.items():
        if not isinstance(value, Member):
            _value(SubElement(element, "Annotation", {"Term": term}), value)


def _value(element: Element, value: Annotated) -> None:
    """Write a value into an element: as an attribute, or as a record or a collection below it."""
    if isinstance(value, bool):
        element.set("Bool", "true" if value else "false")
    elif isinstance(value, int):
        element.set("Int", str(value))
    elif isinstance(value, str):
        element.set("String", value)
    elif isinstance(value, Mapping):
        record = SubElement(element, "Record")
        for name, each in value.items():
            _value(SubElement(record, "PropertyValue", {"Property": name}), each)
    elif isinstance(value, list):
        collection = SubElement(element, "Collection")
        for each in value:
            if isinstance(each, str):
                SubElement(collection, "String").text = each
            else:
                _value(collection, each)


def bindings(model: Model, each: EntitySet) -> list[tuple[str, str]]:
    """Return to which set each way of a set's rows leads; ways of derived types come after their type's name."""
    found = [(way.name, way.target) for way in each.type.all_navigations().values()]
    for derived in each.derived.values():
        found += [(f"{model.namespace}.{derived.name}/{way.name}", way.target) for way in derived.navigations]
    return found


def service_document(model: Model, root: str) -> dict[str, Any]:
    """Return what the root of the service says: its sets and singletons."""
    return {
        "@odata.context": f"{root}$metadata",
        "value": [
            {"name": each.name, "kind": "Singleton" if each.singleton else "EntitySet", "url": each.name}
            for each in model.sets
        ],
    }
