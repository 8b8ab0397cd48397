"""What a refusal says on a page: of an address, a form or a step; the API says it in English."""

from typing import Final

from api.translation import N_

REFUSED: Final = (
    N_("there is no project %(name)s, or this token may not see it"),
    N_("there is no programme %(name)s, or this token may not see it"),
    N_("there is no source %(name)s, or this token may not see it"),
    N_("there is no run %(name)s, or this token may not see it"),
    N_("there is no run %(name)s"),
    N_("there is no finding %(name)s, or this token may not see it"),
    N_("there is no waiver %(name)s, or this token may not see it"),
    N_("there is no dispute %(name)s, or this token may not see it"),
    N_("there is no conflict %(name)s, or this token may not see it"),
    N_("there is no submission %(name)s, or this token may not see it"),
    N_("there is no account %(name)s"),
    N_("there is no token %(name)s, or it is not yours"),
    N_("there is no view %(name)s of yours"),
    N_("there is no proposal %(name)s; open are: %(others)s"),
    N_("there is no template %(name)s; there are %(others)s"),
    N_("there is no snapshot of %(project)s of %(day)s: the history begins %(start)s"),
    N_("there is no snapshot of %(project)s; run a sync first"),
    N_("there is nothing at %(path)s"),
    N_("%(project)s has no status yet. It gets one when the next sync is consolidated"),
    N_("%(project)s has no status on %(day)s. It gets one when the next sync is consolidated"),
    N_("this form was sent by another site"),
    N_("the form is larger than %(limit_text)s"),
    N_("your session has ended. Sign in again"),
    N_("a parameter holds a NUL character"),
    N_("unknown parameter %(name)s; known: %(others)s"),
    N_("%(name)s: given more than once; ask once for each value"),
    N_(
        "Account %(name)s may not %(doing)s; who may: %(allowed)s. An administrator gives roles, or "
        "makes another token"
    ),
    N_(
        "Token %(name)s may not %(doing)s; who may: %(allowed)s. An administrator gives roles, or makes "
        "another token"
    ),
    N_(
        "Account %(name)s holds no role so far, so there is nothing to see yet: ask an administrator of "
        "Muster for one"
    ),
    N_(
        "Account %(name)s may not %(doing)s: that takes a role or a token for every project, and this is "
        "for some"
    ),
    N_(
        "Token %(name)s may not %(doing)s: that takes a role or a token for every project, and this is "
        "for some"
    ),
    N_("%(what)s takes a token that may see every project"),
    N_("%(what)s are shown only to tokens that may see every project"),
    N_("say who accepts it and why: both stand beside it from then on"),
    N_("say who decides it and why, in words: both stand beside it from then on"),
    N_("this submission has one record only"),
    N_("there is no record %(name)s in this submission"),
    N_("the form does not say which revision it was made from. Open it again"),
    N_("choose the workbook to give back"),
    N_("say which of the two values counts"),
    N_("choose which value is to count"),
    N_("no identity provider is set up here: MUSTER_OIDC_ISSUER is not set"),
    N_("until: say the last day the waiver is to hold, as YYYY-MM-DD"),
    N_("%(day)s has passed: say a day that is still to come"),
    N_("proposal %(number)s was %(state)s by %(who)s on %(day)s; undo that first"),
    N_("proposal %(number)s was not decided, so there is nothing to undo"),
    N_("say why the value is wrong: an officer has to answer it"),
    N_("say why: whoever raised it reads it"),
    N_("say why: to %(step)s takes a reason"),
    N_("it is %(state)s: what can be done now is: %(others)s"),
    N_("put your name to the sentence it takes: %(sentence)s"),
    N_("%(who)s may not %(step)s this: that takes the %(role)s"),
    N_("%(who)s answered or submitted this: somebody else has to %(step)s it"),
    N_("%(period)s is no period; write 2025-06, 2025-Q2 or 2025-W23"),
    N_("there is a token named %(name)s already; revoke it or choose another name"),
    N_("there is an account %(name)s already; `muster account show %(shown)s` shows it"),
    N_(
        "%(name)s cannot be a name to sign in with: 1 to 200 characters are expected, without spaces, "
        "colons%(rest)s"
    ),
    N_("the database does not answer. Try again in a moment; `muster doctor` says more"),
    N_("Muster could not answer this. What happened stands in the server's log"),
    N_("%(method)s is not possible at %(path)s"),
    N_("%(name)s must be a whole number"),
    N_("%(name)s must be a number"),
    N_("%(name)s must be true or false"),
    N_("%(name)s must be a date such as 2026-11-22"),
    N_("%(name)s must be an instant with its offset, such as 2026-11-22T02:00:00Z"),
    N_("%(name)s must be given"),
    N_("%(name)s is not known here"),
    N_("%(name)s must be a text"),
    N_("%(name)s has the wrong form"),
    N_("%(name)s must not be empty"),
    N_("%(name)s must be one of %(values)s"),
    N_("%(name)s must be at least %(value)s"),
    N_("%(name)s must be at most %(value)s"),
    N_("%(name)s must be more than %(value)s"),
    N_("%(name)s must be less than %(value)s"),
    N_("%(name)s must be at most %(count)s characters long"),
    N_("%(name)s must be at least %(count)s characters long"),
    N_(
        "Token %(name)s speaks for no person, so nothing can be answered with it: an administrator makes "
        "one that does with `muster token create NAME --person PERSON`"
    ),
    N_(
        "Account %(name)s is of no person whom sources name, so nothing can be answered with it: an "
        "administrator says which by `muster account person`"
    ),
    N_("there is no version %(version)s of %(name)s; there are %(others)s"),
    N_("%(attribute)s: expected 0 to 100, not %(typed)s"),
    N_("%(attribute)s: expected a count of at least 0, not %(typed)s"),
    N_("%(attribute)s: expected an amount of at least 0, not %(typed)s"),
    N_("%(attribute)s: %(name)s expects at least %(limit)s, not %(typed)s"),
    N_("%(attribute)s: %(name)s expects at most %(limit)s, not %(typed)s"),
    N_("tier: expected one of %(others)s, the tiers of the policy and the templates, not %(typed)s"),
    N_("%(attribute)s %(day)s is after %(other_attribute)s %(other_day)s"),
    N_("milestones_met %(value)s is more than milestones_due %(limit)s"),
    N_("the budget is 0, so no cost variance can be computed"),
    N_("nothing of %(project)s was known at %(from)s: the first snapshot is known since %(to)s"),
    N_("ask known at that or later"),
)
