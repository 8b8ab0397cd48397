"""Connector failures, grouped by what the caller should do next.

ConnectorError
├── SourceUnavailable       try again later; the schedule does
├── AccessDenied            stop, and ask the owner for new credentials or a permission
├── MisconfiguredSource     stop, and ask the officer to correct the configuration
├── BudgetSpent             stop here for this run; the next one goes on
└── SliceUnreadable         this project, board or sheet only: report it, go on with the others
"""

from connectors.redaction import scrubbed


class ConnectorError(Exception):
    """A source could not be read. The message is for an officer: what happened, and what to do.

    Whatever a host says back to us may hold our own secrets; they are starred here, the last thing
    before anybody sees them.
    """

    def __init__(self, message: str, *, source: str) -> None:
        message = scrubbed(message)
        super().__init__(f"{source}: {message}")
        self.source = source
        self.message = message


class SourceUnavailable(ConnectorError):
    """The source is down, slow or limiting us."""

    def __init__(self, message: str, *, source: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, source=source)
        self.retry_after_s = retry_after_s


class UntrustedCertificate(SourceUnavailable):
    """The certificate of the host is signed by nobody we trust."""


class AccessDenied(ConnectorError):
    """The source refused our credentials, or they lack a permission."""


class MisconfiguredSource(ConnectorError):
    """The source answers, but has no such project, site, file or sheet, or is no tracker at all."""


class BudgetSpent(ConnectorError):
    """The run has used up the requests, seconds or bytes that its source's budget allows."""


class SliceUnreadable(ConnectorError):
    """One project, board, file or sheet cannot be read; the others can."""

    def __init__(self, message: str, *, source: str, slice_: str) -> None:
        named = message.startswith(slice_)  # "plan.xlsx!Sheet1: …" says already where
        super().__init__(message if named else f"{slice_}: {message}", source=source)
        self.slice = slice_
