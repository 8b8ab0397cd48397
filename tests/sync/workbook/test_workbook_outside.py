"""Text written where nobody is asked to write: none of it vanishes without a word."""

from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Engine

from tests.support.returning import answered, edited, form_answers, give_back, notes_in, send
from tests.sync.workbook.conftest import NOW


def test_text_in_muster_s_own_columns_is_rejected_and_answered(engine: Engine, report: int) -> None:
    body = answered(
        send(engine, report, NOW).body,
        {
            ("rag_cost", "~value"): "RED",
            ("rag_cost", "~todo"): "Ask the board first",
            ("budget", "~source"): "The ledger, not Jira",
            ("rag_scope", "~label"): "Scope of phase 2",
            ("rag_risk", "~todo"): "=1+1",
        },
    )
    taken = give_back(engine, body, NOW)
    assert [part for _, part, _ in taken.accepted] == ["rag_cost"]
    assert {one.part: one.returned for one in taken.rejected} == {
        "rag_cost~todo": "Ask the board first",
        "budget~source": "The ledger, not Jira",
        "rag_scope~label": "Scope of phase 2",
        "rag_risk~todo": None,
    }
    assert taken.copy is not None
    notes = notes_in(taken.copy)
    assert "You wrote 'Ask the board first': it is locked; write what you mean" in notes["rag_cost ~todo"]
    assert {"budget ~source", "rag_scope ~label", "rag_risk ~todo"} <= notes.keys()
    again = give_back(engine, answered(taken.copy, {("rag_cost", "~value"): "AMBER"}), NOW)
    assert (again.outcomes, again.notes) == ((), ())


def test_a_lists_remarks_and_the_reason_of_an_empty_row_are_answered(engine: Engine, log: int) -> None:
    sent = send(engine, log, NOW)
    slot = f"new-{sent.token[:12]}-1"
    taken = give_back(
        engine,
        answered(
            sent.body, {("R-001", "~todo"): "Done", (slot, "~todo"): "More to come", (slot, "~why"): "Why?"}
        ),
        NOW,
    )
    assert {(one.ref, one.part) for one in taken.rejected} == {
        ("R-001", "~todo"),
        (slot, "~todo"),
        (slot, "~why"),
    }
    assert taken.copy is not None
    assert "You wrote 'Done'" in notes_in(taken.copy)["R-001 ~todo"]
    assert any("'Why?'" in note for cell, note in notes_in(taken.copy).items() if cell.startswith("kept-"))


def test_text_beside_above_and_below_the_table_is_said(engine: Engine, report: int, log: int) -> None:
    for submission, beside in ((report, "H14"), (log, "Z7")):

        def write(page: Worksheet, beside: str = beside) -> None:
            page[beside] = "ask Ben"
            page["D1"] = "Draft"
            page["B3"] = "Due whenever"
            page.cell(page.max_row + 2, 2).value = "Below the table"

        taken = give_back(engine, edited(send(engine, submission, NOW).body, write), NOW)
        said = "\n".join(taken.notes)
        assert (
            f"D1 ('Draft'), {beside} ('ask Ben') stand outside of what is asked; nothing of them was taken"
            in said
        )
        assert "B3 ('Due whenever') was written over; nothing of it was taken" in said
        assert "'Below the table'" in said + repr([one.returned for one in taken.rejected])
        assert taken.accepted == ()


def test_a_formula_beside_the_table_is_said(engine: Engine, report: int) -> None:
    body = edited(
        form_answers(send(engine, report, NOW).body, {"rag_cost": "RED"}),
        lambda page: page.__setitem__("H14", "=1+1"),
    )
    taken = give_back(engine, body, NOW)
    assert taken.notes == ("H14 (a formula) stands outside of what is asked; nothing of it was taken",)
