"""What claims, runs, reminders and files that people write say: where a value is from, what is wrong with a text."""

from typing import Final

from api.translation import N_

TOLD: Final = (
    N_("%(where)s: %(value)s of %(all_value)s points done"),
    N_("%(where)s: %(value)s of %(all_value)s items done"),
    N_("%(where)s and %(count)s more benefits"),
    N_("no baseline in %(month)s"),
    N_("forecast benefit on target (in %(unit)s)"),
    N_("forecast benefit %(share)s %% above the target (in %(unit)s)"),
    N_("forecast benefit %(share)s %% below the target (in %(unit)s)"),
    N_("%(label)s %(term)s of %(project)s (%(key)s) has not been handed in; its deadline has passed"),
    N_(
        "%(label)s %(term)s of %(project)s (%(key)s) came back and has not been handed in again; its "
        "deadline has passed"
    ),
    N_(
        "%(label)s %(term)s of %(project)s (%(key)s) has not been handed in; it is due by the end of "
        "%(weekday)s"
    ),
    N_(
        "%(label)s %(term)s of %(project)s (%(key)s) came back and has not been handed in again; it is due "
        "by the end of %(weekday)s"
    ),
    N_("%(label)s %(term)s of %(project)s (%(key)s) is due today"),
    N_("%(says)s: marked as %(mark)s"),
    N_("missing"),
    N_("its row is no longer in %(where)s"),
    N_("the root of the tree, which is the project itself"),
    N_("the work item is there; it has none of the types and tags that make milestones any more"),
    N_("the source's configuration does not list %(where)s any more"),
    N_("the project %(where)s was deleted; it can be brought back for 28 days"),
    N_("its project %(where)s was deleted"),
    N_("in the recycle bin: Azure DevOps marks it as deleted"),
    N_("still in %(where)s, area %(area)s; the source's query does not pick it any more"),
    N_("now in project %(where)s, which this source does not read"),
    N_("%(where)s was deleted, by SharePoint's own list of changes"),
    N_("%(where)s is not on SharePoint's list of all files in its library"),
    N_("Jira answers 403 for issue %(number)s: it is there, but not for this account"),
    N_("Project %(where)s is archived"),
    N_("Project %(where)s is in Jira's bin for deleted projects"),
    N_("%(attribute)s: expected a number such as 1250000.50, not %(typed)s"),
    N_("%(attribute)s: expected a day as 2026-11-23, not %(typed)s"),
    N_("%(attribute)s: expected one of %(others)s, not %(typed)s"),
    N_("there is no attribute %(typed)s that can be stated of a project"),
    N_("say the value of %(attribute)s, in at most %(characters)s"),
    N_("is required"),
    N_("is not a known setting"),
    N_("expected a list"),
    N_("expected a map of settings"),
    N_("expected a map of settings at the top"),
    N_("expected a text; put it between quotes"),
    N_("expected a whole number"),
    N_("expected a number"),
    N_("expected true or false"),
    N_("expected a date like 2025-06-30"),
    N_("expected one of %(others)s"),
    N_("must have at least one entry"),
    N_("must not be empty"),
    N_("must be at least %(limit)s"),
    N_("must be more than %(limit)s"),
    N_("must be at most %(limit)s"),
    N_("must be less than %(limit)s"),
    N_("must have at most %(limit)s characters"),
)
