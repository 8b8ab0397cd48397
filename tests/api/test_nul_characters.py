"""A NUL, which no text of the store can hold, is refused in words wherever somebody could send one."""

from sqlalchemy import Engine

from tests.support.api_client import client
from tests.support.submissions import open_submission, speaking_for


def test_a_nul_is_refused_in_a_forms_fields_and_in_their_names(engine: Engine) -> None:
    asking = client(engine, scopes=["admin"])
    for path in ("/sources/new", "/views", "/accounts", "/preferences", "/tokens"):
        answer = asking.post(path, data={"name": "a\x00b"})
        assert (answer.status_code, answer.json()["detail"]) == (
            400, "The field name holds a NUL character; type it again.",
        ), path  # fmt: skip
    answer = asking.post("/sources/new", data={"wa\x00y": "folder"})
    assert (answer.status_code, "wa\N{REPLACEMENT CHARACTER}y" in answer.json()["detail"]) == (400, True)


def test_a_nul_is_refused_in_the_address_of_what_is_changed_or_shown(engine: Engine) -> None:
    asking = client(engine, scopes=["admin"])
    for action in ("pause", "resume", "run", "drift", "change", "mapping"):
        answer = asking.post(f"/sources/a%00b/{action}")
        assert (answer.status_code, "NUL" in answer.json()["detail"]) == (400, True), action
    assert asking.get("/sources/a%00b").status_code == 400


def test_a_nul_is_refused_in_the_name_of_a_file(engine: Engine) -> None:
    number = open_submission(engine).id
    asking = speaking_for(engine)
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\x00.xlsx"\r\n\r\nPK\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = asking.post(f"/submissions/{number}/workbook", content=part, headers=kind)
    assert (answer.status_code, "name holds a NUL" in answer.json()["detail"]) == (400, True)
    assert asking.post("/api/v1/workbooks?file=a%00.xlsx", content=b"PK").status_code == 400
