"""Half a minute of atheris on the OData parser; ten minutes are run by hand, their figure is in docs/odata.md."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
BEGIN = (
    "Products?$filter=Name eq 'x' and Tags/any(t:t/ID in (1,2))", "Products(1)/Category?$select=Name&$expand=*",
    "Products?$apply=filter(ID gt 1)/groupby((rollup($all,Colour)),aggregate(Price with sum as S))",
    'Products?$search=a OR "b c"&$orderby=case(ID gt 1:2,true:3) desc', "$crossjoin(Products,Tags)?$top=1",
    "Products?$filter=@p&@p=Shop.Reduced(Percent=5) divby 2 gt duration'PT1S'&$skiptoken=x",
)  # fmt: skip


def test_no_text_makes_the_parser_fall_over(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    for at, text in enumerate(BEGIN):
        (tmp_path / str(at)).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "tests.support.odata_fuzzing", "30", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr[-3_000:]
    assert "Done" in ran.stderr
