"""The statements that rows are read by, and the one rule each of them is held to.

Who may see which rows stands in the conditions that are put on an alias where it is joined. An alias that a statement
names without having joined it would be read whole, beside everything else, whoever asks. SQL writes it so without a
word: what an expression names and FROM has not comes into FROM by itself. So no such statement is written.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import FromClause, Select
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

_SHOWN: Final = 500  # characters


class Loose(CompileError):
    """A statement would read rows that nothing joins to the others: a mistake of this engine."""


class Joined(Select[Any]):
    """A SELECT whose FROM is one source with all that is joined to it, and nothing beside."""

    inherit_cache = True


def select(*columns: Any) -> Joined:
    """Begin a statement; every one of this engine begins here."""
    return Joined(*columns)


@compiles(Joined)
def _written(statement: Joined, compiler: SQLCompiler, **given: Any) -> str:
    """Write a statement that keeps to the rule.

    Raises:
        Loose: It does not.
    """
    sources = _sources(statement, compiler, given)
    if len(sources) > 1:
        raise Loose(f"{len(sources)} sources side by side: {'; '.join(map(str, sources))}"[:_SHOWN])
    writer: Any = compiler
    written: str = writer.visit_select(statement, **given)
    return written


# The very steps that SQLAlchemy takes on its way to FROM, which has no public name for them.
# ruff: noqa: SLF001
def _sources(statement: Joined, compiler: SQLCompiler, given: dict[str, Any]) -> Sequence[FromClause]:
    """Return what stands in FROM, without what a statement around this one has in its own."""
    asfrom, lateral = bool(given.get("asfrom")), bool(given.get("lateral"))
    around = compiler.stack[-1] if compiler.stack else compiler._default_stack_entry
    far, near = compiler._enclosing_correlate_froms(around, asfrom, lateral)
    state: Any = statement._compile_state_factory(statement, compiler, **given)
    found: Sequence[FromClause] = state._get_display_froms(
        explicit_correlate_froms=far, implicit_correlate_froms=near
    )
    return found
