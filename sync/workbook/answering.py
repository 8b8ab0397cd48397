"""What the sender of a returned workbook is told: in a sentence, and on the cells of an answered copy."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from model.collection.cases import Judgement, is_editable
from model.template.template import Template
from sync.workbook.book import Look
from sync.workbook.cells import Part, to_cell
from sync.workbook.layout import Remark
from sync.workbook.outcome import Merged, Outcome, Placed

_SHOWN: Final = 160


def invalid_among(placed: Sequence[Placed], judgement: Judgement) -> list[Outcome]:
    """Return the cells that were kept as they were written and are not what was asked: also for want of a reason."""
    results = {
        ref: {one.field: one.says for one in judgement.problems.get(ref, ())} | dict(result.invalid)
        for ref, result in judgement.results.items()
    }
    return [
        Outcome("invalid", one.ref, one.part.id, one.locator, None, one.value, one.value, said)
        for one in placed
        if (said := _problem(results.get(one.ref, {}), one.part)) is not None
    ]


def _problem(problems: Mapping[str, str], part: Part) -> str | None:
    """Return what is wrong with one cell; of a field with months only where this month is named."""
    said = problems.get(part.field)
    if said is None or not part.month:
        return said
    own = [each for each in said.split("; ") if each.startswith(f"{part.month}: ")]
    return own[0] if own else None


def summary(name: str, placed: int, outcomes: list[Outcome], found: Merged) -> str:
    """Say in a line what became of a workbook."""
    counts = {kind: sum(one.kind == kind for one in outcomes) for kind in ("conflict", "rejected", "invalid")}
    said = [f"{placed} cells taken", f"{found.untouched + found.agreed} as they were"]
    said += [
        f"{counts[kind]} {words}"
        for kind, words in (
            ("conflict", "in conflict"), ("rejected", "rejected"), ("invalid", "of those taken not what is expected"),
        )
        if counts[kind]
    ]  # fmt: skip
    return f"{name}: {', '.join(said)}"


def remarks_on(template: Template, outcomes: list[Outcome]) -> dict[tuple[str, str], Remark]:
    """Return what the answered copy says on each cell, or in a row where a whole row was not taken."""
    rules = {each.rule.id: each.rule for each in template.fields}
    found = {}
    for one in outcomes:
        rule = rules.get(Part.of(one.part).field)
        wrote = f"You wrote {_short(one.returned)}: it " if one.returned is not None else "The cell "
        if one.kind == "conflict":
            note = f"You wrote {_short(one.returned)}. It {one.says}. To insist, write yours again."
            found[one.ref, one.part] = Remark(Look.CONFLICT, note)
        elif one.kind == "invalid":
            content = to_cell(rule, one.returned) if rule else None
            note = f"{one.says}. It is kept as you wrote it, and holds this back until it is corrected."
            found[one.ref, one.part] = Remark(Look.WRONG, note, content, keeps=True)
        elif one.part:
            editable = rule is not None and any(
                is_editable(template, each) for each in template.fields if each.rule.id == rule.id
            )
            note = f"{wrote}{one.says}."
            found[one.ref, one.part] = Remark(Look.WRONG if editable else Look.LOCKED_WRONG, note)
        else:
            found[one.ref, ""] = Remark(Look.WRONG, f"{one.says}.")
    return found


def _short(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
