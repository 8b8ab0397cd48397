"""What an error page is headed, and what somebody who sees it can do: by the status of the answer."""

from typing import Final

from api.translation import N_, _

_HEADED: Final = {
    400: N_("This address does not fit"),
    403: N_("You may not do this"),
    404: N_("There is nothing here"),
    405: N_("This is not how it goes"),
    409: N_("It has changed meanwhile"),
    410: N_("This is gone"),
    413: N_("This is too large"),
    422: N_("A value does not fit"),
    429: N_("Too much at once"),
    500: N_("Muster could not answer this"),
    503: N_("Muster is not ready"),
}
_TO_DO: Final = {
    400: (N_("Go back and follow the link or send the form again; the address was not one of Muster's."),),
    403: (
        N_(
            "Ask an administrator of Muster for the role that lets you; they see who has which under Accounts."
        ),
    ),
    404: (
        N_("It may have another name, or belong to a project that you may not see."),
        N_("Search for it by name or key."),
    ),
    405: (N_("Go back, load the page again and use its buttons."),),
    409: (N_("Go back, load the page again, and look at what has changed before you send it once more."),),
    413: (N_("Send less, or in parts."),),
    422: (N_("Go back, put right what is said above, and send it again. Nothing was changed."),),
    429: (N_("Wait a minute, then load the page again."),),
    500: (
        N_("Load the page again. Nothing was changed by halves."),
        N_("If it stays so, tell whoever runs Muster when it was and which page: the log has the rest."),
    ),
    503: (N_("Load the page again in a moment. If it stays so, tell whoever runs Muster."),),
}


def headed(status: int, otherwise: str) -> str:
    """Return the heading of an error page; the standard's own phrase for a status that has none here."""
    return _(_HEADED[status]) if status in _HEADED else otherwise


def to_do(status: int) -> list[str]:
    """Return what can be done, most promising first."""
    return [_(step) for step in _TO_DO.get(status, ())]
