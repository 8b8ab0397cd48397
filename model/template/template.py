"""A template ready for use: its rules checked against the register, its expressions compiled."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from model.attributes import REGISTER, Attribute, UnknownAttribute, lookup
from model.declaration import Declaration, InvalidDeclaration, Path
from model.template.expressions import CONTEXT, Expression, InvalidExpression, Language
from model.template.language import CheckRule, Document, Escalation, FieldRule, Header, Required
from model.template.values import Read, reader

_PREVIOUS: Final = re.compile(r"\bprevious(?:\.|\[['\"])([a-z_0-9]+)")
RELATIONS: Final = frozenset(["giving_project"])  # a bind may lead to another project's attribute
_SHADOWING: Final = frozenset(["tier", "stage", "period"])  # context that a record may state itself
_RESERVED: Final = frozenset(["true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
                              "function", "if", "import", "let", "loop", "package", "namespace", "return", "var",
                              "void", "while"])  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Template:
    """A template that can be applied. `variables` are all names that any of its expressions needs."""

    document: Document
    fields: tuple[Field, ...]
    checks: tuple[tuple[CheckRule, Expression], ...]
    escalations: tuple[tuple[Escalation, Expression], ...]
    language: Language
    variables: frozenset[str]
    earlier: tuple[Field, ...]  # those whose previous values expressions compare with

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
        InvalidDeclaration: With every complaint, each naming the file, the line and the field.
    """
    declaration = Declaration(text, name)
    document = declaration.as_(Document)
    loading = _Loading(declaration, Language(field.id for field in document.fields))
    loading.refuse_repeats(document)
    fields = tuple(loading.field(index, rule) for index, rule in enumerate(document.fields))
    checks = tuple(
        (rule, loading.compiled(rule.expr, ("checks", index, "expr"), condition=True))
        for index, rule in enumerate(document.checks)
    )
    escalations = tuple(
        (rule, loading.compiled(rule.when, ("escalation", index, "when"), condition=True))
        for index, rule in enumerate(document.escalation)
    )
    if loading.complaints:
        raise InvalidDeclaration(loading.complaints)
    written = " ".join([*(rule.expr for rule in document.checks), *_conditions(document)])
    earlier = frozenset(_PREVIOUS.findall(written))
    used = [*_expressions(fields), *(e for _, e in checks if e), *(e for _, e in escalations if e)]
    return Template(
        document=document,
        fields=fields,
        checks=tuple((rule, e) for rule, e in checks if e),
        escalations=tuple((rule, e) for rule, e in escalations if e),
        language=loading.language,
        variables=frozenset().union(*(expression.names for expression in used)),
        earlier=tuple(field for field in fields if field.rule.id in earlier),
    )


class _Loading:
    """One load: compiles what it can and remembers every complaint."""

    def __init__(self, declaration: Declaration, language: Language) -> None:
        self._declaration = declaration
        self.language = language
        self.complaints: list[str] = []

    def field(self, index: int, rule: FieldRule) -> Field:
        """Check a field against the register and compile its expressions."""
        at: Path = ("fields", index)
        required = rule.required if isinstance(rule.required, Required) else None
        return Field(
            rule=rule,
            read=reader(rule),
            required=required,
            always=rule.required == "always",
            when=self.compiled(
                required.when if required else None, (*at, "required", "when"), condition=True
            ),
            expr=self.compiled(rule.expr, (*at, "expr"), condition=False),
            attribute=self._bound(rule.bind, (*at, "bind")),
        )

    def compiled(self, source: str | None, at: Path, *, condition: bool) -> Expression | None:
        """Compile an expression; None where there is none, or it was complained about."""
        if source is None:
            return None
        try:
            return self.language.compile(source, condition=condition)
        except InvalidExpression as error:
            self._complain(at, str(error))
            return None

    def refuse_repeats(self, document: Document) -> None:
        """Complain about ids given twice, and about fields named as expressions' own words."""
        taken = (CONTEXT - _SHADOWING) | _RESERVED
        for what, ids in (
            ("fields", [rule.id for rule in document.fields]),
            ("checks", [rule.id for rule in document.checks]),
        ):
            for index, id_ in enumerate(ids):
                if id_ in ids[:index]:
                    self._complain((what, index, "id"), f"{id_!r} is given twice")
                if id_ in taken:
                    self._complain((what, index, "id"), f"{id_!r} means something else in expressions")

    def _bound(self, bind: str | None, at: Path) -> Attribute | None:
        try:
            return None if bind is None else attribute_of(bind)
        except UnknownAttribute as error:
            self._complain(at, str(error))
            return None

    def _complain(self, at: Path, what: str) -> None:
        self.complaints.append(self._declaration.complaint(at, what))


def attribute_of(bind: str) -> Attribute:
    """Find what a bind names: a project's dotted path, or `entity.attribute`, of another project too.

    Raises:
        UnknownAttribute: With what the register does hold.
    """
    first, _, rest = bind.partition(".")
    path = rest if first in RELATIONS else bind
    known = {attribute.path: attribute for attribute in REGISTER["project"].values() if attribute.path}
    if path in known:
        return known[path]
    entity, _, name = path.partition(".")
    if entity in REGISTER and entity != "project" and name in REGISTER[entity]:
        return lookup(entity, name)
    if entity in REGISTER and entity != "project":
        have = ", ".join(f"{entity}.{name}" for name in sorted(REGISTER[entity]))
    else:
        have = ", ".join(sorted(known))
    raise UnknownAttribute(f"binds {bind!r}, which is no registered attribute; there are {have}")


def _conditions(document: Document) -> Iterator[str]:
    """Return what is written as a field's expression or condition, or as an escalation's."""
    for rule in document.fields:
        yield from filter(
            None, (rule.expr, rule.required.when if isinstance(rule.required, Required) else None)
        )
    yield from (rule.when for rule in document.escalation)


def _expressions(fields: Iterable[Field]) -> Iterator[Expression]:
    for field in fields:
        yield from (expression for expression in (field.when, field.expr) if expression is not None)
