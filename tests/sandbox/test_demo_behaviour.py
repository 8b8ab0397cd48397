"""The story of the demo has a project for each way in which reported colours behave."""

import pytest

from config import shipped
from model.status.behaviour import flags
from model.status.colour import Colour
from sandbox.story import PROJECTS

LIMITS = shipped.policy().limits.behaviour


@pytest.mark.parametrize(
    ("key", "flag"),
    [("CAMPUS", "cliff"), ("CASEWORK", "stuck"), ("DATAHUB", "flapping"), ("PORTAL", "belied")],
)
def test_the_reports_of_a_project_behave_as_its_story_says(key: str, flag: str) -> None:
    [project] = [each for each in PROJECTS if each.key == key]
    reported = [Colour(each or "GREY") for each in project.reported]
    found = flags(reported, LIMITS, critical_overdue=project.overdue_milestone is not None)
    assert [each.name for each in found] == [flag]
