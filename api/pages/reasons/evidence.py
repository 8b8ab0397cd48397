"""What speaks for two being one, and what became of reports and forecasts."""

from typing import Final

from api.translation import N_

EVIDENCE: Final = (
    N_("both are written %(name)s, one word only"),
    N_("the same name"),
    N_("the same name in another order"),
    N_("%(login)s is made of the name %(name)s"),
    N_("the family name is the same and %(one)s fits %(other)s"),
    N_("the same but for a name more in %(name)s"),
    N_("%(one)s and %(other)s differ by a slip of the pen"),
    N_("only one of them has the number %(number)s"),
    N_("both are called %(key)s"),
    N_("the same words in another order"),
    N_("the same words, and %(count)s more in one of them"),
    N_("the names are %(count)s %% alike"),
    N_("the key %(key)s is made of the initials of %(name)s"),
    N_("its name holds the key %(key)s"),
    N_("%(lead)s leads it there and %(manager)s manages it"),
    N_("%(lead)s leads it there, %(manager)s manages it"),
    N_("%(project)s has another scope of %(source)s already"),
    N_("both are still there"),
    N_("%(elder)s ended on %(day)s, %(younger)s began on %(start)s"),
    N_("%(manager)s manages both"),
    N_("managed by %(one)s and by %(other)s"),
    N_("one is in %(one)s, one in %(other)s"),
    N_("both have the milestone %(milestone)s"),
    N_("one of the two accounts of %(source)s is no longer active"),
    N_("both have an account of their own in %(source)s"),
    N_("their addresses differ"),
    N_("both are found in %(project)s and %(count)s more"),
    N_("both are found in %(project)s"),
    N_("%(count)s people are known by this name"),
    N_("%(who)s is as likely, or likelier"),
    N_("%(who)s says so"),
    N_(
        "it ended badly where within %(count)s days of the report the finish moved by more than "
        "%(limit)s days, or the project finished so much later than its baseline; it is not known before "
        "these days have passed"
    ),
    N_("%(reports)s with an outcome, at least %(count)s are needed"),
    N_("%(reports)s, at least %(count)s are needed"),
    N_("all ended alike: nothing can be told of the colours yet"),
    N_(
        "better than always saying the base rate; ranks a bad end worse than a good one in %(count)s%% "
        "of pairs"
    ),
    N_(
        "no better than always saying the base rate; ranks a bad end worse than a good one in "
        "%(count)s%% of pairs"
    ),
    N_("as computed, on average over %(reports)s"),
    N_("%(value)s colours rosier than computed, over %(reports)s"),
    N_("%(value)s colours gloomier than computed, over %(reports)s"),
    N_("up to %(count)s days"),
    N_("%(count)s to %(limit)s days"),
    N_("over %(count)s days"),
)
