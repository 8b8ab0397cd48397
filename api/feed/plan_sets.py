"""The sets of what a project plans and answers for: milestones, RAID items, money, baselines."""

from api.feed.declare import Moment, flag, money, number, text, whole
from api.feed.named import where_project_is_seen
from api.feed.versions import Many, Said, days, records
from api.odata.edm import EntitySet
from model.tables import Baseline, CostLine, Milestone, RaidItem


def milestones(moment: Moment | None) -> EntitySet:
    """Return the set of milestones."""

    def held(said: Said) -> Many:
        return [
            text("MilestoneName", said["name"]),
            text("State", said["state"], "planned, met or dropped"),
            number("Weight", said["weight"]),
            flag("IsCritical", said["critical"]),
            *days(said, Baseline="baseline", Forecast="forecast", Actual="actual"),
            whole("SlipDays", said["forecast"] - said["baseline"], "Forecast after baseline"),
            text("Acceptance", said["acceptance"]),
        ]

    return records(
        "Milestones", "Milestone", Milestone, held, says="Dated commitments", moment=moment,
        search=("MilestoneName",),
    )  # fmt: skip


def raid_items(moment: Moment | None) -> EntitySet:
    """Return the set of risks, assumptions, issues and dependencies."""

    def held(said: Said) -> Many:
        return [
            text("ItemNumber", said["item_id"]),
            text("Kind", said["kind"], "risk, assumption, issue or dependency"),
            *(text(name.capitalize(), said[name]) for name in ("title", "cause", "effect", "owner", "state")),
            *days(said, RaisedOn="raised_on", ClosedOn="closed_on", ReviewedOn="reviewed_on", Due="due"),
            number("Probability", said["probability"], "1 to 5"),
            number("Impact", said["impact"], "1 to 5"),
            number("Score", said["probability"] * said["impact"]),
            number("Chance", said["chance"], "0 to 1"),
            text("LikelihoodWord", said["likelihood"], "The source's own word"),
            text("SeverityWord", said["severity"], "The source's own word"),
            text("RatingWord", said["rating"], "The source's own word for the two together"),
            money("CostImpact", said["cost_impact"]),
            number("DaysImpact", said["days_impact"]),
            text("Currency", said["currency"]),
            *days(said, Proximity="proximity"),
            text("Response", said["response"]),
            text("Action", said["action"]),
            *days(said, ActionDue="action_due"),
            text(
                "Gives",
                where_project_is_seen(said["gives"]),
                "The project that a dependency needs, where seen",
            ),
            *days(said, NeededBy="needed_by", OfferedBy="offered_by"),
        ]

    return records(
        "RaidItems", "RaidItem", RaidItem, held, says="Risks, assumptions, issues and dependencies",
        moment=moment, search=("Title", "Owner"),
    )  # fmt: skip


def cost_lines(moment: Moment | None) -> EntitySet:
    """Return the set of cost lines."""

    def held(said: Said) -> Many:
        return [
            text("Category", said["category"]),
            text("Kind", said["kind"], "baseline, forecast, actual, committed or earned"),
            *days(said, Period="period"),
            money("Amount", said["amount"]),
            text("Currency", said["currency"], "ISO 4217"),
        ]

    return records(
        "CostLines", "CostLine", CostLine, held, moment=moment,
        says="Money of one kind in one month, or without a month for the whole life",
    )  # fmt: skip


def baselines(moment: Moment | None) -> EntitySet:
    """Return the set of baselines."""

    def held(said: Said) -> Many:
        return [
            whole("Number", said["number"]),
            text("BaselineName", said["name"]),
            *days(said, ApprovedOn="approved_on"),
            text("ApprovedBy", said["approved_by"]),
            text("ChangeRequest", said["change_request"], "The change that led to it"),
            text("Reason", said["reason"]),
            *days(said, Start="start", Finish="finish"),
            money("Budget", said["budget"]),
            text("Currency", said["currency"], "ISO 4217"),
            number("Points", said["points"]),
        ]

    return records(
        "Baselines", "Baseline", Baseline, held, moment=moment,
        says="Approvals of a plan; without a day of approval a proposal",
    )  # fmt: skip
