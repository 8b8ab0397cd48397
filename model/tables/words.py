"""The words that a text is found by: as they are written, for titles come in every language."""

from sqlalchemy import TextClause, text


def words_of(column: str) -> TextClause:
    """Return the words of a column, as an index holds them."""
    return text(f"to_tsvector('simple'::regconfig, {column})")
