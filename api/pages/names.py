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
))  # fmt: skip
