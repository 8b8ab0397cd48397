"""The model of the second root."""

from functools import cache

from api.feed.projectdata import lists, projects, tasks
from api.odata.edm import Model


@cache
def projectdata() -> Model:
    """Return the sets that the retired feed had, as far as the model carries them."""
    of_work = tasks.tasks()
    found = (
        projects.projects(), of_work, tasks.milestones(of_work), tasks.assignments(), lists.resources(), lists.risks(),
        lists.issues(), projects.project_baselines(), tasks.task_baselines(),
    )  # fmt: skip
    return Model("ReportingData", found, container="ProjectData", version="1.0")
