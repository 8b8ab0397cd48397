"""Names of the model that pages show, so that they can be translated: fields, dimensions, states and kinds.

A name that is not here, such as one of a policy or a template of one's own, is shown as it is written there.
"""

from typing import Final

from api.translation import N_

NAMES: Final = frozenset((
    N_("Overall"), N_("Health"), N_("Reported"), N_("Reported overall"), N_("Schedule"), N_("Cost"), N_("Scope"),
    N_("Risk"), N_("Benefit"), N_("Benefits"), N_("Resource"), N_("Quality"), N_("Data quality"), N_("Watermelon"),
    N_("Next milestone"), N_("Forecast finish"), N_("Baseline finish"), N_("Actual finish"), N_("Forecast start"),
    N_("Baseline start"), N_("Actual start"), N_("Budget"), N_("Forecast cost"), N_("Actual cost"),
    N_("Committed cost"), N_("Stage"), N_("Tier"), N_("Manager"), N_("Sponsor"), N_("Programme"), N_("Name"),
    N_("Percent complete"), N_("Narrative"), N_("Summary"), N_("Completeness"), N_("Freshness"), N_("Validity"),
    N_("Consistency"), N_("Timeliness"), N_("Open"), N_("Closed"), N_("Planned"), N_("Met"), N_("Dropped"),
    N_("Approved"), N_("Submitted"), N_("Draft"), N_("Returned"), N_("Published"), N_("Retired"), N_("Withdrawn"),
    N_("Milestone"), N_("Issue"), N_("Assumption"), N_("Dependency"), N_("Decision"), N_("Change request"),
    N_("Succeeded"), N_("Partial"), N_("Failed"), N_("Running"), N_("Queued"), N_("Opportunity"), N_("Probability"),
    N_("Impact"), N_("Owner"), N_("Due"), N_("State"), N_("Kind"), N_("Title"), N_("Forecast"), N_("Baseline"),
    N_("Actual"), N_("Committed"), N_("Earned"),
    N_("Key"), N_("Currency"), N_("Contingency"), N_("Baseline points"), N_("Added points approved"),
    N_("Added points unapproved"), N_("Removed points"), N_("Milestones due"), N_("Milestones met"),
    N_("Benefit target"), N_("Benefit forecast"), N_("Reported schedule"), N_("Reported cost"),
    N_("Reported scope"), N_("Reported risk"), N_("Reported benefit"), N_("Override reason"),
    N_("Path to green"), N_("Green by"), N_("Variance narrative"), N_("Achievements"), N_("Next period"),
    N_("Decisions needed"), N_("Reported on"), N_("Purpose"), N_("Objectives"), N_("In scope"),
    N_("Out of scope"), N_("Deliverables"), N_("Success measures"), N_("Assumptions"), N_("Constraints"),
    N_("Main risks"), N_("Funding"), N_("Chartered on"), N_("As of"), N_("Milestones"), N_("Without baseline"),
    N_("Slip days"), N_("On time"), N_("Underspend"), N_("Variance pct"), N_("Uncontrolled pct"),
    N_("Churn pct"), N_("EMV"), N_("Cover"), N_("Risks"), N_("Expected delay days"), N_("Issues"),
    N_("Overdue"), N_("Median age days"), N_("Roles"), N_("Utilisation pct"), N_("Dimensions"), N_("Forecasts"),
    N_("Forecasts of"), N_("Day"), N_("Counted in"), N_("Earned from"), N_("Window from"), N_("Slip pct"),
    N_("Index"), N_("Recent"), N_("Cumulative"), N_("Level"), N_("Owned"), N_("Score"), N_("Response due"),
    N_("Role"), N_("Vacant days"), N_("Earned before"), N_("Planned before"), N_("Actual before"), N_("Slope"),
    N_("Points"), N_("Overdue days"), N_("Critical"), N_("Rated otherwise"), N_("Rated by register"),
    N_("Stale"), N_("Unit"), N_("Because"), N_("Value"), N_("Total"), N_("Shares"), N_("Colour"), N_("Weight"),
    N_("Red from"), N_("Amber from red"), N_("Amber from red and amber"), N_("Grey from"), N_("Runs"),
    N_("Seed"), N_("Weekly"), N_("Remaining"), N_("First week"), N_("Projects"), N_("Templates"), N_("Amount"),
    N_("New"), N_("Invoiced"), N_("Cost line"), N_("Contract"), N_("Work item"), N_("Project role"),
    N_("Utilisation"), N_("Quality review"), N_("RAID item"), N_("Issue age"), N_("Issues open"),
    N_("Issues overdue"), N_("Items left"), N_("Throughput"), N_("Cost variance"), N_("EAC"), N_("EAC at plan"),
    N_("EAC CPI SPI"), N_("EAC weighted"), N_("Earned schedule"), N_("Earned value"), N_("Green cost limit"),
    N_("Green efficiency"), N_("Green improvement"), N_("Green plausible"), N_("Percent spent"),
    N_("Planned value"), N_("Spent value"), N_("TCPI budget"), N_("TCPI EAC"), N_("VAC"), N_("CPI"), N_("SPI"),
    N_("SPI time"), N_("SPI recent"), N_("CPI recent"), N_("TSPI"), N_("Done P50"), N_("Done P85"),
    N_("Done P95"), N_("Milestone trend finish"), N_("Milestone slope"), N_("Milestone lateness"),
    N_("Milestones on time"), N_("Earned schedule months"), N_("Earned schedule finish"),
    N_("Schedule variance"), N_("Schedule variance time"), N_("Behaviour"), N_("Slip current"),
    N_("Slip original"), N_("Slip absorbed"), N_("Slip absorbed share"), N_("Baselines approved"),
    N_("Baseline apart"), N_("Contract burn"), N_("Contract elapsed"), N_("Contract gap"),
    N_("Contract renewal"), N_("Scope churn"), N_("Scope net"), N_("Scope uncontrolled"), N_("Risk EMV"),
    N_("Risk cover"), N_("Risk delay"), N_("Risks unowned"), N_("Risks overdue"), N_("Benefit variance"),
    N_("Vacant roles"), N_("Reviews overdue"), N_("Criteria failed"), N_("Missing"), N_("Invalid"),
    N_("Copied"), N_("Repeated"), N_("Other period"), N_("Rosy"),
))  # fmt: skip
