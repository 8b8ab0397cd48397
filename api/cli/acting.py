"""Who acts on the command line: a name, and the roles it is to be held to.

Only an office role is taken at its word. Who manages or sponsors a project is what the project's sources name:
`--role project_manager` holds where `--by` is that person, and nowhere else.
"""

from typing import Annotated, Final

import typer

from api.cli.common import USAGE, Failed
from model.collection.roles import OFFICE_ROLES, PROJECT_ROLES, Actor, operator

ROLES: Final = (*OFFICE_ROLES, *PROJECT_ROLES)

By = Annotated[str, typer.Option("--by", help="Who does it")]
Role = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="In which role, of the office, or of the project where its sources name --by; may be given again."
        " Not given: as operator, who may do all",
    ),
]


def actor(by: str, roles: list[str] | None) -> Actor:
    """Return who acts.

    Raises:
        Failed: No name, or a role nobody knows.
    """
    if not by.strip():
        raise Failed("--by: say who does it", USAGE)
    if unknown := sorted(set(roles or ()) - set(ROLES)):
        raise Failed(f"--role {', '.join(unknown)}: unknown; there are {', '.join(ROLES)}", USAGE)
    return Actor(by.strip(), frozenset(roles)) if roles else operator(by.strip())
