"""What `odata.metadata=full` writes beside the values of a row: its type, where it is, and where its ways lead."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.odata.edm import ComplexType, EntityType, EnumType, Model, Property
from api.odata.syntax.tree import Identifier, Selected

# What a reader tells from the JSON alone (JSON format 4.5.3).
_PLAIN: Final = frozenset({"Edm.String", "Edm.Boolean", "Edm.Double"})


def controlled(
    model: Model,
    type_: EntityType,
    row: Mapping[str, Any],
    where: str,
    select: Sequence[Selected] | None,
) -> dict[str, Any]:
    """Return a row with its control information.

    Args:
        model: That the type is of.
        type_: The declared type; a row of a derived one says so itself.
        row: As it was built.
        where: Its address, from the service's root.
        select: What was asked for of it: ways that were not are not told of.
    """
    own = type_
    if "@odata.type" in row:
        own = model.type_named(str(row["@odata.type"]).removeprefix("#")) or type_
    made: dict[str, Any] = {"@odata.type": f"#{model.namespace}.{own.name}", "@odata.id": where}
    properties = own.all_properties()
    for name, value in row.items():
        each = properties.get(name)
        if each is not None and value is not None and (said := _type_of(model, each)) is not None:
            made[f"{name}@odata.type"] = said
        made[name] = value
    asked = _first_names(select)
    for name in own.all_navigations():
        if not asked or name in asked or "*" in asked or name in row:
            made[f"{name}@odata.navigationLink"] = f"{where}/{name}"
    return made


def _first_names(select: Sequence[Selected] | None) -> frozenset[str]:
    """Return the names that what is selected begins with; none where all is."""
    firsts = (item.path[0] for item in select or () if item.path)
    return frozenset(step.name for step in firsts if isinstance(step, Identifier))


def _type_of(model: Model, each: Property) -> str | None:
    """Return what is said of a value's type, None where its form says it."""
    if isinstance(each.type, EnumType | ComplexType):
        name = f"{model.namespace}.{each.type.name}"
    elif each.type in _PLAIN and not each.collection:
        return None
    else:
        name = str(each.type).removeprefix("Edm.")
    return f"#Collection({name})" if each.collection else f"#{name}"
