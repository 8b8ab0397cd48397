"""Stop between two pages when the process is asked to, and say so in the runs."""

from collections.abc import Sequence

from sqlalchemy import Engine, text

from connectors.stopping import stopping
from sync.failures import CUT_OFF
from sync.store import unit_of_work

__all__ = ["ask_to_stop", "give_up", "is_stopping", "put_back"]


def ask_to_stop() -> None:
    """Let every run in this process end after the page in hand; for good, and safe in a signal handler."""
    stopping.set()


def is_stopping() -> bool:
    """Whether this process was asked to stop."""
    return stopping.is_set()


def put_back(engine: Engine, run_id: int) -> None:
    """Let a run that a stop cut off wait for another worker; a run that ended otherwise is left alone."""
    with unit_of_work(engine) as connection:
        connection.execute(
            text(
                "UPDATE run SET state = 'queued', finished_at = NULL, error = NULL, attempts = 0"
                " WHERE id = :run AND state = 'failed' AND starts_with(error, :cut_off)"
            ),
            {"run": run_id, "cut_off": CUT_OFF},
        )


def give_up(engine: Engine, run_ids: Sequence[int]) -> None:
    """Close runs that nobody has begun, as interrupted."""
    with unit_of_work(engine) as connection:
        connection.execute(
            text(
                "UPDATE run SET state = 'failed', finished_at = now(), error = :cut_off"
                " WHERE id = ANY(:runs) AND state = 'queued'"
            ),
            {"runs": list(run_ids), "cut_off": CUT_OFF},
        )
