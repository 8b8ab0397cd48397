"""`$search` as SQL: words looked for in the properties that a set names, whatever their case."""

from sqlalchemy import ColumnElement, FromClause, and_, func, not_, or_

from api.odata.edm import EntitySet, EntityType
from api.odata.problems import Unsupported
from api.odata.syntax.tree import Joined, Not, Phrase, Search


def searched(set_: EntitySet, type_: EntityType, source: FromClause, search: Search) -> ColumnElement[bool]:
    """Return the condition that a row is found.

    Raises:
        Unsupported: The set has no properties to look in.
    """
    if not set_.search:
        raise Unsupported(f"{set_.name} cannot be searched", target="$search")
    if isinstance(search, Not):
        return not_(searched(set_, type_, source, search.term))
    if isinstance(search, Joined):
        terms = [searched(set_, type_, source, term) for term in search.terms]
        return and_(*terms) if search.operator == "and" else or_(*terms)
    return _phrase(set_, type_, source, search)


def _phrase(set_: EntitySet, type_: EntityType, source: FromClause, phrase: Phrase) -> ColumnElement[bool]:
    properties = type_.all_properties()
    columns = [source.c[properties[name].held_in] for name in set_.search]
    wanted = func.lower(phrase.text.replace("\x00", ""))
    return or_(*(func.coalesce(func.strpos(func.lower(column), wanted) > 0, False) for column in columns))
