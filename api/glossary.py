"""The words of a project office as they are meant here, and the fields each is bound to.

A field is named as mappings, templates and the API name it: `entity.attribute` of `model.attributes`, or a part of
the status document as `status.name`.
"""

from dataclasses import dataclass
from typing import Final

from api.translation import N_, _
from model.attributes import REGISTER, Attribute


@dataclass(frozen=True, slots=True)
class Term:
    """One word; `also` are other words that mean the same, `rule` is the number of the formula behind it."""

    key: str
    name: str
    says: str
    fields: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """A term or a field in the reader's language."""

    key: str
    name: str
    says: str


class UnknownTerm(LookupError):
    """Neither a term nor a field goes by that name."""


TERMS: Final = tuple(sorted((
    Term("overall", N_("Overall"), N_(
        "The colour of the whole project: red where schedule or cost is red, two dimensions are red or health is "
        "below 50; amber where one is red, two are amber or health is below 80; grey where there is not enough data."
    ), ("status.overall",), (N_("RAG"),), "F13"),
    Term("health", N_("Health"), N_(
        "0 to 100: a hundred less the weighted penalties of the dimensions, 50 for amber and 100 for red. "
        "Dimensions without a colour do not count."
    ), ("status.health",), (), "F13"),
    Term("grey", N_("Not enough data"), N_(
        "Grey: what would decide the colour is not known. Missing is never green, and never nought."
    ), (), (N_("Grey"), N_("Unknown"))),
    Term("reported", N_("Reported"), N_(
        "The colour that the project's manager reports. It is shown beside the computed one and never replaces it."
    ), ("project.rag_overall", "status.reported"), (N_("Reported status"),), "F14"),
    Term("watermelon", N_("Watermelon"), N_(
        "Green outside and red inside: what is reported is two colours rosier than what is computed."
    ), ("status.watermelon",), (), "F14"),
    Term("schedule", N_("Schedule"), N_(
        "The worst of the slip of the finish, the state of the milestones and the schedule performance index."
    ), ("status.dimensions.schedule",), (N_("Time"),), "F1, F3, F5"),
    Term("cost", N_("Cost"), N_(
        "Forecast cost against the approved budget, and the cost performance index; the worse of both."
    ), ("status.dimensions.cost", "project.budget", "project.forecast_cost"), (N_("Budget"), N_("Finance")), "F2, F4"),
    Term("scope", N_("Scope"), N_(
        "How much work came without an approved change, and how much came and went, as shares of the baseline."
    ), ("status.dimensions.scope",), (), "F9"),
    Term("risk", N_("Risk"), N_(
        "Something that may happen: its probability times its impact is its exposure. The colour looks at high "
        "risks, whether contingency covers the expected cost, and whether somebody reviews them."
    ), ("status.dimensions.risk", "raid_item.probability", "raid_item.impact"), (), "F6, F7"),
    Term("benefit", N_("Benefit"), N_(
        "What the project promised to make better, as forecast against its target."
    ), ("status.dimensions.benefit", "benefit.target", "benefit.forecast"), (N_("Outcome"),), "F8"),
    Term("resource", N_("Resource"), N_(
        "Key roles that nobody holds, and teams that are booked beyond what they can do."
    ), ("status.dimensions.resource", "utilisation.percent"), (N_("Capacity"),), "F10"),
    Term("data_quality", N_("Data quality"), N_(
        "A to E: how complete, valid, timely and consistent what is known of the project is. Below 50 of 100 the "
        "overall colour is grey."
    ), ("status.data_quality",), (), "F12"),
    Term("milestone", N_("Milestone"), N_(
        "A dated commitment with something to show for it."
    ), ("milestone.name", "milestone.forecast", "milestone.baseline", "milestone.actual"), (N_("Key date"),), "F5"),
    Term("slip", N_("Slip"), N_(
        "Days from the approved date to the date now forecast; a plus is later than promised."
    ), ("milestone.forecast", "project.forecast_finish"), (N_("Delay"), N_("Variance")), "F1"),
    Term("baseline", N_("Baseline"), N_(
        "What was approved, and what progress is therefore held against. Only an act of approval changes it."
    ), ("project.baseline_finish", "milestone.baseline"), (N_("Approved plan"),), "F21"),
    Term("forecast", N_("Forecast"), N_(
        "What is expected today. Unknown where nobody forecast anything: it is never taken to be the baseline."
    ), ("project.forecast_finish", "milestone.forecast", "project.forecast_cost"), (N_("Estimate"),)),
    Term("cpi", N_("Cost performance index"), N_(
        "Earned value over actual cost: below one, each pound buys less than a pound of the plan."
    ), ("status.measures.cpi",), (N_("CPI"),), "F2"),
    Term("spi", N_("Schedule performance index"), N_(
        "Earned value over planned value: below one, less is done than was planned by now."
    ), ("status.measures.spi",), (N_("SPI"),), "F3"),
    Term("raid", N_("RAID"), N_(
        "Risks, assumptions, issues and dependencies, in one register."
    ), ("raid_item.kind",), (N_("Risk register"),)),
    Term("issue", N_("Issue"), N_(
        "Something that has happened and is in the way."
    ), ("raid_item.kind",), (), "F6"),
    Term("claim", N_("Claim"), N_(
        "What one source says of one attribute, since when, and where exactly it says so. Claims that differ stand "
        "side by side; precedence, a rule or a person says which counts."
    ), (), (N_("Assertion"),)),
    Term("receipt", N_("Receipt"), N_(
        "Where a number comes from: its rule, the inputs of the rule, and of each input the issue, revision or cell "
        "it was read from."
    ), (), (N_("Provenance"), N_("Lineage"))),
    Term("conflict", N_("Conflict"), N_(
        "Sources that say different things of one attribute of one project."
    )),
    Term("finding", N_("Finding"), N_(
        "Something to put right: missing, late, impossible or contradictory. It stays open until the data is right, "
        "or somebody waives it for a time."
    ), (), (N_("Gap"), N_("Exception"))),
    Term("waiver", N_("Waiver"), N_(
        "Leave not to give something, for a project and a time, with a reason and somebody who granted it."
    ), (), (N_("Exemption"),)),
    Term("tailoring", N_("Tailoring"), N_(
        "A change of a template for one project, approved: a question left out or asked otherwise."
    )),
    Term("template", N_("Template"), N_(
        "What is asked of a project, of what type, from which source, checked how; in versions."
    ), (), (N_("Form"), N_("Questionnaire"))),
    Term("cycle", N_("Cycle"), N_(
        "One round of collecting: a template, a period, a deadline and a submission of each project."
    ), (), (N_("Reporting period"), N_("Collection"))),
    Term("submission", N_("Submission"), N_(
        "What one project answers in one cycle: from draft through review to publication."
    ), (), (N_("Report"), N_("Return"))),
    Term("policy", N_("Policy"), N_(
        "The limits by which colours come about, in versions, with the day from which each holds."
    ), (), (N_("Thresholds"),)),
    Term("tolerance", N_("Tolerance"), N_(
        "How far something may be off before it takes a colour, by tier."
    ), (), (N_("Limit"), N_("Threshold"))),
    Term("tier", N_("Tier"), N_(
        "How closely a project is looked after; tier 1 most."
    ), ("project.tier",), (N_("Class"), N_("Category"))),
    Term("stage", N_("Stage"), N_(
        "Where a project is in its life: define, deliver or close."
    ), ("project.stage",), (N_("Phase"), N_("Gate"))),
    Term("snapshot", N_("Snapshot"), N_(
        "A project's whole status as of one day, as it was known at one instant. It is never rewritten."
    )),
    Term("as_of", N_("As of"), N_(
        "The day a status is of. What was known of that day later is told apart by the second clock, “as known on”."
    ), (), (N_("Reporting date"),)),
    Term("roll_up", N_("Roll-up"), N_(
        "A programme or the portfolio in one colour, three ways: the worst, by count and by cost."
    ), (), (N_("Aggregate"),)),
    Term("source", N_("Source"), N_(
        "A tracker, or a folder of workbooks, that is read."
    ), (), (N_("Connector"), N_("Tracker"))),
    Term("run", N_("Run"), N_(
        "One reading of a source. It is reconciled: what the source says it has is what was stored, rejected with a "
        "reason, or filtered by a rule."
    ), (), (N_("Sync"), N_("Refresh"))),
    Term("drift", N_("Drift"), N_(
        "A source that has changed under its mapping: a new status, a field that is gone, a column renamed."
    )),
    Term("mapping", N_("Mapping"), N_(
        "How a source's records become rows here: which field is what, and what its values mean."
    )),
    Term("synced", N_("Synced"), N_(
        "When the stalest of a project's sources was last read in full."
    ), (), (N_("Freshness"), N_("Age"))),
    Term("next_milestone", N_("Next milestone"), N_(
        "The one whose forecast comes next of those not yet met."
    ), ("status.next_milestone",)),
    Term("unbound", N_("Unbound"), N_(
        "A tracker's project that belongs to no project here yet: it is listed and not lost, and counts nowhere."
    )),
    Term("measure", N_("Measure"), N_(
        "A number beside the colours, with a unit, a sentence and a receipt of its own."
    ), ("status.measures",), (N_("Metric"), N_("Indicator"))),
    Term("budget", N_("Budget"), N_(
        "The money that was approved for the whole project. What is forecast and spent is held against it."
    ), ("project.budget",), (N_("Approved budget"),), "F4"),
    Term("over", N_("Over the budget"), N_(
        "Forecast cost at the end less the approved budget. A minus is less than approved; a sum leaves out what "
        "nobody knows."
    ), ("project.forecast_cost",), (N_("Overrun"),), "F4"),
    Term("contingency", N_("Contingency"), N_(
        "Money set aside for what may happen, beside the budget. It is held against the expected cost of the risks."
    ), ("project.contingency",), (N_("Reserve"),), "F7"),
    Term("programme", N_("Programme"), N_(
        "Projects led together. A project can belong to several, each carrying a share of its budget."
    ), ("project.programme",)),
    Term("dimension", N_("Dimension"), N_(
        "One side of a project that has a colour of its own: schedule, cost, scope, risk, benefit, resource."
    ), ("status.dimensions",)),
    Term("level", N_("Risk level"), N_(
        "Low, medium, high or critical, by how likely a risk is and how grave it would be; the policy says where "
        "each begins."
    ), ("raid_item.probability", "raid_item.impact"), (N_("Severity of a risk"),), "F6"),
    Term("response", N_("Response"), N_(
        "What is done about a risk, and the day by which it is done. Overdue, it makes a critical risk red."
    ), ("raid_item.action_due",), (N_("Mitigation"), N_("Action")), "F6"),
    Term("owner", N_("Owner"), N_(
        "Who looks after a risk, an issue or a finding. A critical risk without one is red."
    ), ("raid_item.owner",), (N_("Responsible"),), "F6"),
    Term("rewritten", N_("Rewritten history"), N_(
        "A past day that looks otherwise today than it did then, because a source was changed afterwards. News is "
        "what happened since."
    ), (), (N_("Restated"),)),
    Term("two_clocks", N_("True from, known from"), N_(
        "Two clocks: since when something holds out there, and since when Muster has known it. They tell what was "
        "late from what was written down late."
    ), (), (N_("Bitemporal"),)),
    Term("raw_page", N_("Raw page"), N_(
        "The answer of a source as it came, kept with its fingerprint, so that a receipt can lead down to it."
    )),
    Term("precedence", N_("Precedence"), N_(
        "Whose claim counts where sources differ and neither a person nor a rule has settled it."
    ), (), (N_("Ranking of sources"),)),
    Term("source_scope", N_("Scope of a source"), N_(
        "A part of a source that belongs to one project: a project of Jira, an area path, a sheet."
    )),
    Term("bias", N_("Bias"), N_(
        "By how much reports are rosier than what is computed, on average: above nought is rosier, below is stricter."
    ), (), (), "F14"),
    Term("kappa", N_("Kappa"), N_(
        "How far reported and computed colours agree beyond chance: 1 is always, nought no better than chance."
    ), (), (), "F14"),
    Term("hit_rate", N_("Hit rate"), N_(
        "Of what went wrong, the share that a colour had warned of before."
    ), (), (N_("Recall"),)),
    Term("false_alarm", N_("False alarm"), N_(
        "A warning after which nothing went wrong within the time looked at."
    )),
    Term("brier", N_("Brier score"), N_(
        "How far said chances were from what came, squared: nought is best, a quarter is a coin tossed."
    )),
    Term("auc", N_("AUC"), N_(
        "How well a number tells what goes wrong from what goes well: a half is chance, 1 always right."
    )),
    Term("pinball", N_("Pinball loss"), N_(
        "What a forecast of dates with chances has missed by, in days, weighed by the chance it named; less is better."
    )),
), key=lambda term: term.name))  # fmt: skip
_BY_KEY: Final = {term.key: term for term in TERMS}


def field_of(path: str) -> Attribute | None:
    """Return the attribute a field's name stands for; None for a part of the status document.

    Raises:
        UnknownTerm: There is no such attribute.
    """
    entity, _dot, name = path.partition(".")
    if entity == "status":
        return None
    try:
        return REGISTER[entity][name]
    except KeyError:
        raise UnknownTerm(path) from None


def explained(key: str) -> Explained:
    """Return what a term, or a field such as `project.budget`, means.

    Raises:
        UnknownTerm: Nothing goes by that name.
    """
    if (term := _BY_KEY.get(key)) is not None:
        return Explained(term.key, _(term.name), _(term.says))
    found = field_of(key) if "." in key else None
    if found is None:
        raise UnknownTerm(key)
    name = found.name.replace("_", " ")
    return Explained(key, name[:1].upper() + name[1:], _(found.help))


def is_explained(key: str) -> bool:
    """Tell whether a name is a term's or a field's."""
    try:
        explained(key)
    except UnknownTerm:
        return False
    return True
