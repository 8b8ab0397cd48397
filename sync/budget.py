"""What a run says that stopped because its budget was spent."""

from sqlalchemy import Engine, text

from connectors.errors import BudgetSpent


def spent_in_words(engine: Engine, run_id: int, spent: BudgetSpent) -> str:
    """Say that the budget is spent; and when it was too small to get anywhere, that it always will be."""
    with engine.connect() as connection:
        further = connection.scalar(
            text("SELECT EXISTS (SELECT 1 FROM cursor WHERE run_id = :run AND position <> '{}')"),
            {"run": run_id},
        )
    if further:
        return f"{spent}; what was read is stored, and the next run goes on from there"
    return (
        f"{spent} before anything was complete that the next run could go on from: with so little this source never "
        "gets any further; raise its budget"
    )
