"""The form of a template beside its text: its sections, and the inputs of the one that is open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from api.pages.editing import Ask, asked, value_at
from api.translation import N_, _
from model.attributes import REGISTER
from model.declaration import Path
from model.template.parts import Dimension, FieldType, RecordKind, Severity, Stage

Choices = tuple[tuple[str, str], ...]
ABOUT: Final = "about"
RULES: Final = "rules"
LISTS: Final = {"field": "fields", "check": "checks"}
_STAGES: Final[Choices] = tuple((each, each) for each in get_args(Stage))
_TIERS: Final[Choices] = tuple((str(each), str(each)) for each in (1, 2, 3))
_KINDS: Final[Choices] = tuple((each, each.replace("_", " ")) for each in get_args(FieldType))
_TEXTS: Final = ("string", "text", "person", "ref", "document")
_NUMBERS: Final = ("int", "number", "percent", "money")
_OWNERS: Final = ("project_officer", "specialist", "pmo_head", "project_manager", "sponsor")
_WORDS: Final = {
    "auto": N_("by Muster; people may dispute it"),
    "prefill": N_("by Muster; people may override it with a reason"),
    "ask": N_("by people"),
    "block": N_("holds a record back"),
    "warn": N_("warns"),
    "info": N_("is noted"),
}


def _worded(*values: str) -> Choices:
    return tuple((each, _(_WORDS.get(each, each.replace("_", " ")))) for each in values)


def _named(kind: Any) -> Choices:
    return tuple((each, each.replace("_", " ")) for each in get_args(kind))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a template that its form shows at a time: `about`, `rules`, `field.3`, `check.0`."""

    name: str
    label: str
    sub: str = ""

    @property
    def kind(self) -> str:
        """What it is one of: about, rules, field, check."""
        return self.name.partition(".")[0]

    @property
    def number(self) -> int:
        """Which of its list; -1 where it is of none."""
        number = self.name.partition(".")[2]
        return int(number) if number.isascii() and number.isdigit() else -1


def sections(data: Mapping[str, Any]) -> list[Section]:
    """Return the sections there are, in the order of the text."""
    found = [Section(ABOUT, _("About it")), Section(RULES, _("Gate and score"))]
    for kind, key in LISTS.items():
        several = data.get(key)
        for number, each in enumerate(several if isinstance(several, list) else ()):
            entry: Mapping[str, Any] = each if isinstance(each, Mapping) else {}
            id_ = str(entry.get("id") or f"{kind} {number + 1}")
            label = str(entry.get("label" if kind == "field" else "says") or id_)
            found.append(Section(f"{kind}.{number}", label, id_))
    return found


def section_of(data: Mapping[str, Any], name: str) -> Section:
    """Return a section by its name; the first where there is none of that name."""
    found = sections(data)
    return next((each for each in found if each.name == name), found[0])


def asks(data: Mapping[str, Any], section: Section) -> list[Ask]:
    """Return the inputs of a section."""
    makers: dict[str, Callable[[], list[Ask]]] = {
        ABOUT: lambda: _about(data),
        RULES: lambda: _rules(data),
        "field": lambda: _field(data, ("fields", section.number)),
        "check": lambda: _check(data, ("checks", section.number)),
    }
    return makers[section.kind]()


def _about(data: Mapping[str, Any]) -> list[Ask]:
    def ask(key: str | tuple[str, ...], label: str, kind: Any, **more: Any) -> Ask:
        steps = (key,) if isinstance(key, str) else key
        return asked(data, ("template", *steps), label, kind, **more)

    return [
        ask("title", _("Title"), "line", must=True),
        ask("id", _("Name for programs"), "line", must=True, help=_("Small letters, digits and -")),
        ask(
            "version",
            _("Version"),
            "line",
            must=True,
            help=_("Major asks for more or takes away, minor judges otherwise, patch is words"),
        ),
        ask("record", _("One record of it is"), "choice", choices=_named(RecordKind), must=True),
        ask("owner_role", _("Who answers for it"), "choice", choices=_worded(*_OWNERS), must=True),
        ask(
            ("applies_to", "tiers"),
            _("Tiers that fill it in"),
            "ticks",
            choices=_TIERS,
            help=_("All where none is ticked"),
        ),
        ask(
            ("applies_to", "stages"),
            _("Stages that fill it in"),
            "ticks",
            choices=_STAGES,
            help=_("All where none is ticked"),
        ),
        ask(
            ("cadence", "every"),
            _("How often"),
            "choice",
            choices=(("", _("when somebody asks")), *_worded("week", "month", "quarter", "continuous")),
        ),
        ask(
            ("cadence", "open"),
            _("Opens"),
            "line",
            help=_("Such as period_end - P2D: two days before the period ends"),
        ),
        ask(
            ("cadence", "due"),
            _("Due by the end of"),
            "line",
            help=_("Such as period_end + 5WD: five working days after"),
        ),
        ask(("cadence", "calendar"), _("Calendar"), "line", offers="calendars"),
        ask(("cadence", "timezone"), _("Time zone"), "line", help=_("Such as Europe/London")),
    ]


def _rules(data: Mapping[str, Any]) -> list[Ask]:
    gate = [
        asked(
            data,
            ("submit_gate", "missing_required"),
            _("A required value that is missing"),
            "choice",
            choices=_worded(*get_args(Severity)),
            must=True,
        ),
        asked(
            data,
            ("submit_gate", "invalid"),
            _("A value that is invalid"),
            "choice",
            choices=_worded(*get_args(Severity)),
            must=True,
        ),
        asked(
            data,
            ("submit_gate", "waiver", "by"),
            _("Who may waive a rule"),
            "choice",
            choices=(("", _("the head of the office only")), *_worded(*_OWNERS[:3])),
        ),
    ]
    weights = [
        asked(data, ("scoring", "weights", each), _("Weight of %(of)s", of=each), "number", must=True)
        for each in get_args(Dimension)
    ]
    return [*gate, *weights]


def _field(data: Mapping[str, Any], at: Path) -> list[Ask]:
    entry = value_at(data, at)
    entry = entry if isinstance(entry, Mapping) else {}
    type_ = str(entry.get("type") or "text")

    def ask(key: str, label: str, kind: Any, **more: Any) -> Ask:
        return asked(data, (*at, *key.split(".")), label, kind, **more)

    found = [
        ask("label", _("What people read"), "line", must=True),
        ask("id", _("Name in expressions"), "line", must=True, help=_("Small letters, digits and _")),
        ask("help", _("What to put there"), "text"),
        ask("type", _("Type"), "choice", choices=_KINDS, must=True),
    ]
    found += _of_type(ask, entry, type_)
    found += [
        ask("fill", _("Filled in"), "choice", choices=_worded("ask", "prefill", "auto"), must=True),
        ask(
            "bind",
            _("From, and published to"),
            "line",
            offers="attributes",
            help=_("An attribute such as project.budget"),
        ),
        ask(
            "expr",
            _("Computed as"),
            "code",
            help=_("CEL over the other fields; where the record leaves it out"),
        ),
    ]
    if type_ == "rag" or "compare_with" in entry:
        found.append(
            ask(
                "compare_with",
                _("Shown beside the computed colour"),
                "line",
                help=_("Such as computed.schedule"),
            )
        )
    found += _required(data, at)
    found += [
        ask("weight", _("Weight in completeness"), "number", same="1"),
        ask(
            "fresh.within",
            _("Fresh for, in days"),
            "days",
            help=_("For every tier; or give days tier by tier"),
        ),
        *(
            asked(data, (*at, "fresh", "by_tier", tier), _("Fresh for in tier %(tier)s", tier=tier), "days")
            for tier in (1, 2, 3)
        ),
        ask("fresh.grace", _("Stale after so many days more"), "days"),
        ask("fresh.sensitivity", _("How it fades: empty evenly, above 1 faster at first"), "number"),
    ]
    return found


def _of_type(ask: Callable[..., Ask], entry: Mapping[str, Any], type_: str) -> list[Ask]:
    """Return what goes with a type, and whatever is said all the same."""
    wanted: list[tuple[tuple[str, ...], str, str, Any, str]] = [
        (("enum",), "values", _("What may be chosen, one a line"), "lines", ""),
        (("money", "number", "int"), "unit", _("Unit"), "line", _("GBP, day")),
        (("ref", "list_ref"), "of", _("Refers to"), "line", ""),
        (_NUMBERS, "min", _("At least"), "number", ""),
        (_NUMBERS, "max", _("At most"), "number", ""),
        (_TEXTS, "min_len", _("Characters at least"), "number", ""),
        (_TEXTS, "max_len", _("Characters at most"), "number", ""),
        (_TEXTS, "pattern", _("Pattern"), "code", _("A regular expression (RE2)")),
    ]
    return [
        ask(key, label, kind, help=help_)
        for types, key, label, kind, help_ in wanted
        if type_ in types or key in entry
    ]


def _required(data: Mapping[str, Any], at: Path) -> list[Ask]:
    value = value_at(data, (*at, "required"))
    where = isinstance(value, Mapping)
    choices = (("", _("never")), ("always", _("always")), ("where", _("where all of these hold:")))
    mode = "where" if where else str(value or "")
    return [
        Ask((*at, "required"), _("Required"), "choice", mode, choices),
        asked(data, (*at, "required", "tiers"), _("Required in tiers"), "ticks", choices=_TIERS),
        asked(data, (*at, "required", "stages"), _("Required in stages"), "ticks", choices=_STAGES),
        asked(
            data, (*at, "required", "when"), _("Required when"), "code", help=_("CEL, such as spent > budget")
        ),
    ]


def _check(data: Mapping[str, Any], at: Path) -> list[Ask]:
    def ask(key: str, label: str, kind: Any, **more: Any) -> Ask:
        return asked(data, (*at, key), label, kind, must=True, **more)

    return [
        ask("says", _("What is wrong where it fails"), "line"),
        ask("id", _("Name"), "line", help=_("Capitals and digits: C04")),
        ask("severity", _("A failure"), "choice", choices=_worded(*get_args(Severity))),
        ask("dim", _("Counts in"), "choice", choices=_named(Dimension)),
        ask(
            "expr",
            _("True where all is well"),
            "code",
            help=_("CEL over the fields; docs: Templates, Expressions"),
        ),
    ]


def attributes() -> list[str]:
    """Return what a field can be bound to."""
    return sorted(
        attribute.path or f"{noun}.{name}"
        for noun, named in REGISTER.items()
        for name, attribute in named.items()
        if noun != "project" or attribute.path
    )
