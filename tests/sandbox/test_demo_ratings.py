"""The demo's RAID log rates its risks by words, by one matrix that can be read off them."""

from datetime import UTC, date, datetime
from pathlib import Path

from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from sandbox.exposure import LIKELIHOODS, SEVERITIES, rating
from sandbox.workbooks import library

ANCHOR, CLOCK = date(2026, 11, 22), date(2026, 11, 22)
ORDER = ("Low", "Moderate", "High", "Extreme")


def test_the_matrix_never_rates_more_as_less() -> None:
    grades = range(1, len(LIKELIHOODS) + 1)
    for probability in grades:
        for impact in grades:
            here = ORDER.index(rating(probability, impact))
            assert here <= ORDER.index(rating(min(probability + 1, 5), impact))
            assert here <= ORDER.index(rating(probability, min(impact + 1, 5)))


def test_each_risk_comes_with_its_words_and_its_grades(tmp_path: Path) -> None:
    (tmp_path / "raid.xlsx").write_bytes(library(ANCHOR, CLOCK)["raid.xlsx"])
    sheet = {"path": "raid.xlsx", "sheet": "RAID", "holds": "raid", "key": "Ref"}
    config = ExcelConfig.model_validate({"folder": str(tmp_path), "workbooks": [sheet]})
    excel = Excel(config, source="pmo-files", clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    [stream] = excel.streams({}, [])
    found = [
        record.payload["values"]
        for slice_ in stream.slices()
        for page in stream.pull(slice_, None)
        for record in stream.read(page.parts)
    ]
    risks = [values for values in found if values.get("kind") == "risk"]
    assert len(risks) > 40
    for values in risks:
        probability, impact = values["probability"], values["impact"]
        words = (values["likelihood"], values["severity"], values["rating"])
        assert words == (LIKELIHOODS[probability - 1], SEVERITIES[impact - 1], rating(probability, impact))
    assert not any("rating" in values for values in found if values.get("kind") != "risk")
