"""F8, F10, F11 and F25 as numbers: benefits, people, quality reviews and contracts."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import RowMapping

from model.policy import Limits
from model.records import ContractFacts, ReviewFacts
from model.status.benefit import RULE as F8
from model.status.benefit import Benefit
from model.status.colour import counted, facts
from model.status.contract import RULE as F25
from model.status.contract import contracts
from model.status.quality import RULE as F11
from model.status.quality import quality
from model.status.resource import RULE as F10
from sync.dimension import RECORDS, record
from sync.dimension_register import booked_weeks, deciding_benefit, role_facts
from sync.facts import ProjectFacts
from sync.measures.measure import Measure, unknown

_CONTRACT: Final = {
    "contract_burn": "percent", "contract_elapsed": "percent", "contract_gap": "days", "contract_renewal": None,
}  # fmt: skip
_REVIEWS: Final = {"reviews_overdue": "reviews", "criteria_failed": "criteria"}


def of_register(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:
    """Yield what follows from the sheets that a project's office keeps, or why it does not."""
    yield from _benefit(project, limits)
    yield from _people(project, as_of, limits)
    yield from _reviews(project, as_of)
    yield from _contracts(project, as_of)


def _benefit(project: ProjectFacts, limits: Limits) -> Iterator[Measure]:
    """Yield the variance of the unit that decides the colour, so that the two never contradict each other."""
    found, names, rows = deciding_benefit(project, limits)
    pct = found.variance_pct if isinstance(found, Benefit) else None
    unit = found.inputs.get("unit")
    says = found.reasons[0].text + (f" (in {unit})" if unit else "")
    yield Measure("benefit_variance", pct, "percent", F8, found.inputs, tuple(names), tuple(rows), says)


def _people(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:
    booked = booked_weeks(project, as_of, limits)
    if booked is None:
        yield from unknown(
            {"utilisation": "percent"}, F10, "no utilisation of the last two weeks is on record"
        )
    else:
        row = counted(len(booked.percents), "week")
        says = f"of the hours there are were booked in the last week known, of {row} in a row"
        inputs = facts(as_of=as_of, weeks=booked.recent)
        yield Measure(
            "utilisation", booked.recent[-1], "percent", F10, inputs, (), booked.records[:RECORDS], says
        )
    roles = [role for role in role_facts(project, as_of) if role.key]
    if all(role.unknown for role in roles):
        yield from unknown({"vacant_roles": "roles"}, F10, "nobody says who holds the key roles")
        return
    vacant = [role for role in roles if role.vacant_since is not None]
    said = f"vacant: {', '.join(role.role for role in vacant)}" if vacant else "no key role is vacant"
    if missing := [role.role for role in roles if role.unknown]:
        known = f"; {said}" if vacant else ""
        yield from unknown({"vacant_roles": "roles"}, F10, f"{' and '.join(missing)} unknown{known}")
        return
    listed = tuple(record("project_role", r.ref, r.role) for r in roles if isinstance(r.ref, RowMapping))
    inputs = facts(
        as_of=as_of, vacant={role.role: role.vacant_since for role in vacant}, key_roles=len(roles)
    )
    yield Measure("vacant_roles", len(vacant), "roles", F10, inputs, ("manager", "sponsor"), listed, said)


def _reviews(project: ProjectFacts, as_of: date) -> Iterator[Measure]:
    reviews = [_review(row) for row in project.kept.get("quality_review", [])]
    gates = [row for row in project.kept.get("gate_criterion", []) if row["result"] is not None]
    failed_gates = [row for row in gates if row["result"] == "not_met"]
    found = quality(reviews, gates_failed=len(failed_gates) if gates else None, as_of=as_of)
    inputs = facts(
        as_of=as_of,
        reviews=[
            facts(
                due=r.due,
                held_on=r.held_on,
                failed=r.failed,
                open_criteria=r.open_criteria,
                closed_on=r.closed_on,
            )
            for r in reviews
        ],
        gates_failed=len(failed_gates) if gates else None,
    )
    reviewed = tuple(record("quality_review", each.ref, each.name) for each in reviews)
    if found.overdue is None:
        yield from unknown({"reviews_overdue": "reviews"}, F11, "no quality review with a date is on record")
    else:
        late = found.overdue[0] if found.overdue else None
        says = (
            f"{late[0].name} is {counted(late[1], 'day')} overdue" if late else "no quality review is overdue"
        )
        yield Measure("reviews_overdue", len(found.overdue), "reviews", F11, inputs, (), reviewed, says)
    if found.failed_open is None:
        yield from unknown({"criteria_failed": "criteria"}, F11, "no review or gate has a result on record")
        return
    records = reviewed + tuple(
        record("gate_criterion", row, str(row["criterion_id"] or row["criterion"])) for row in failed_gates
    )
    says = "failed in quality reviews and at gates, and not put right"
    yield Measure("criteria_failed", found.failed_open, "criteria", F11, inputs, (), records, says)


def _review(row: RowMapping) -> ReviewFacts:
    result = row["result"]
    return ReviewFacts(
        str(row["title"] or row["review_id"] or row["external_id"]), row["due"], row["held_on"],
        None if result is None else result == "failed", row["open_criteria"], row["closed_on"], row,
    )  # fmt: skip


def _contracts(project: ProjectFacts, as_of: date) -> Iterator[Measure]:
    known = [_contract(row) for row in project.kept.get("contract", [])]
    finish_of = "actual_finish" if project.finished_on(as_of) is not None else "forecast_finish"
    finish: date | None = project.value(finish_of)
    found = contracts(known, project_finish=finish, as_of=as_of)
    if found.worst is None:
        yield from unknown(_CONTRACT, F25, "no running contract is on record")
        return
    contract, cover = found.worst
    inputs: dict[str, Any] = facts(
        contract=contract.name, value=contract.value, invoiced=contract.invoiced, start=contract.start,
        end=contract.end, project_finish=finish, as_of=as_of, running=len(found.covers),
    )  # fmt: skip
    records = (record("contract", contract.ref, contract.name),)
    values = {
        "contract_burn": (cover.burn_pct, f"of the value of {contract.name} invoiced"),
        "contract_elapsed": (cover.elapsed_pct, f"of the time of {contract.name} gone by"),
        "contract_gap": (cover.gap_days, f"of the project after the end of {contract.name}"),
        "contract_renewal": (cover.renew, _renewal(contract, cover.gap_days)),
    }
    for name, (value, says) in values.items():
        why = says if value is not None else _lacks(name, contract, finish)
        yield Measure(name, value, _CONTRACT[name], F25, inputs, (finish_of,), records, why)


def _lacks(name: str, contract: ContractFacts, finish: date | None) -> str:
    """Say what is missing for a number of a contract."""
    if name == "contract_burn":
        return f"{contract.name} does not say what it is worth and how much of it was invoiced"
    if name == "contract_elapsed":
        return f"{contract.name} does not say when it starts and, after that, ends"
    if contract.end is None:
        return f"{contract.name} does not say when it ends"
    return "" if finish is not None else "nobody says when the project is to finish"


def _renewal(contract: ContractFacts, gap: int | None) -> str:
    if gap:
        return f"{contract.name} ends {counted(gap, 'day')} before the project does: renew it, or finish without it"
    return f"{contract.name} lasts as long as the project"


def _contract(row: RowMapping) -> ContractFacts:
    return ContractFacts(
        str(row["title"] or row["contract_id"] or row["external_id"]), row["value"], row["invoiced"],
        row["starts_on"], row["ends_on"], row["state"], row,
    )  # fmt: skip
