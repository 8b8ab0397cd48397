"""A template ready for use: its rules checked, its expressions compiled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from model.attributes import Attribute
from model.declaration import Declaration, InvalidDeclaration, Path
from model.template.changed import Changed
from model.template.expressions import Expression, Language
from model.template.language import CheckRule, Document, Escalation, FieldRule, Header, Required
from model.template.references import RELATIONS, attribute_of
from model.template.rules import Rules
from model.template.values import Read, reader
from model.template.words import shape_complaints

__all__ = ["RELATIONS", "Field", "Template", "attribute_of", "built", "load"]
Say = Callable[[Path, str, int | None], str]


@dataclass(frozen=True, slots=True)
class Field:
    """A field with its reader and what decides whether it is required."""

    rule: FieldRule
    read: Callable[[Any], Read]
    required: Required | None
    always: bool
    when: Expression | None
    expr: Expression | None
    attribute: Attribute | None


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A template that can be applied. `variables` are all names that any of its expressions needs.

    `changes` list what tailoring changed; none in a template as its authors wrote it.
    """

    document: Document
    fields: tuple[Field, ...]
    checks: tuple[tuple[CheckRule, Expression], ...]
    escalations: tuple[tuple[Escalation, Expression], ...]
    language: Language
    variables: frozenset[str]
    earlier: tuple[Field, ...]  # those whose previous values expressions compare with
    computed: tuple[
        tuple[Field, ...], ...
    ]  # fields with an expression, by turns: none needs one of its own turn
    changes: tuple[Changed, ...] = ()

    @property
    def header(self) -> Header:
        """What the template is and where it holds."""
        return self.document.template

    @property
    def label(self) -> str:
        """Id and version: `raid-log@2.0.0`."""
        return f"{self.header.id}@{self.header.version}"

    def applies(self, *, stage: str | None, tier: int | None) -> bool:
        """Say whether a project fills this in; one of unknown stage or tier does."""
        where = self.header.applies_to
        return (stage is None or stage in where.stages) and (tier is None or tier in where.tiers)


def load(text: str, name: str) -> Template:
    """Read a template from YAML; `name` is what complaints call the file.

    Raises:
        InvalidDeclaration: With every complaint, each naming the file, the line, the column and the field.
    """
    declaration = Declaration(text, name)
    return built(declaration.data, declaration.complaint, declaration.place)


def built(
    data: Mapping[str, Any], say: Say, place: Callable[[Path, int | None], Any] | None = None
) -> Template:
    """Make a template of its data; `say` words a complaint, `place` gives what they are sorted by.

    Raises:
        InvalidDeclaration: With every complaint.
    """
    found: list[tuple[Path, str, int | None]] = []
    document = None
    try:
        document = Document.model_validate(data)
    except ValidationError as error:
        found += [(path, what, None) for path, what in shape_complaints(error)]
    rules = Rules(data, lambda path, what, offset: found.append((path, what, offset)))
    rules.check()
    if found or document is None:
        if place is not None:
            found.sort(key=lambda each: place(each[0], each[2]))
        raise InvalidDeclaration(list(dict.fromkeys(say(*each) for each in found)))
    return _compiled(document, rules)


def _compiled(document: Document, rules: Rules) -> Template:
    """Compile a document that holds."""
    language = Language(rule.id for rule in document.fields)

    def expression(source: str | None) -> Expression | None:
        return None if source is None else language.compile(source, rules.names[source])

    fields = tuple(
        Field(
            rule=rule,
            read=reader(rule),
            required=rule.required if isinstance(rule.required, Required) else None,
            always=rule.required == "always",
            when=expression(rule.required.when if isinstance(rule.required, Required) else None),
            expr=expression(rule.expr),
            attribute=None if rule.bind is None else attribute_of(rule.bind),
        )
        for rule in document.fields
    )
    return Template(
        document=document,
        fields=fields,
        checks=tuple((rule, language.compile(rule.expr, rules.names[rule.expr])) for rule in document.checks),
        escalations=tuple(
            (rule, language.compile(rule.when, rules.names[rule.when])) for rule in document.escalation
        ),
        language=language,
        variables=frozenset().union(*rules.names.values()),
        earlier=tuple(field for field in fields if field.rule.id in rules.earlier),
        computed=_turns(fields),
    )


def _turns(fields: tuple[Field, ...]) -> tuple[tuple[Field, ...], ...]:
    """Put computed fields into turns, so that each is computed after those it needs."""
    left = [(field, field.expr.names) for field in fields if field.expr is not None]
    turns = []
    while left:
        waiting = {field.rule.id for field, _ in left}
        turns.append(tuple(field for field, names in left if not names & waiting))
        left = [(field, names) for field, names in left if names & waiting]
    return tuple(turns)
