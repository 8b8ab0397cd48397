"""The ways to a source: which trackers there are for people, and what each way of signing in asks for."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from api.pages.source_asked import Asked, SignIn, Way, value_at
from api.pages.source_ways_common import TYPE
from api.pages.source_ways_jira import JIRA_CLOUD, JIRA_SERVER
from api.pages.source_ways_microsoft import AZURE_DEVOPS, AZURE_SERVER, SHAREPOINT
from api.translation import N_

_SERVICES: Final = ("dev.azure.com", ".visualstudio.com")
_FOLDER: Final = Way(
    "folder",
    "excel",
    "files",
    N_("Excel in a folder"),
    N_("Workbooks on a disk that Muster can read"),
    (
        Asked(
            "folder",
            ("folder",),
            N_("Folder"),
            N_("Only folders that the administrator opened to Muster."),
            example="/data/pmo",
        ),
    ),
)

WAYS: Final = (JIRA_CLOUD, JIRA_SERVER, AZURE_DEVOPS, AZURE_SERVER, SHAREPOINT, _FOLDER)


def way_of(key: str) -> Way | None:
    """Return a way by its key."""
    return next((way for way in WAYS if way.key == key), None)


def way_for(block: Mapping[str, Any]) -> Way:
    """Return the way that a source's block most likely came by."""
    auth = block.get("auth") or {}
    if block.get("kind") == "jira":
        address = str(block.get("base_url"))
        cloud = "atlassian." in address or "/ex/jira/" in address or "@" in str(auth.get("username"))
        key = "jira_cloud" if cloud else "jira_server"
    elif block.get("kind") == "azure_devops":
        host = urlsplit(str(block.get("base_url"))).hostname or ""
        ours = not host.endswith(_SERVICES) and auth.get("type") == "pat" and block.get("api_version")
        key = "azure_server" if ours else "azure_devops"
    else:
        key = "folder" if block.get("folder") else "sharepoint"
    return next(way for way in WAYS if way.key == key)


def sign_in_of(way: Way, block: Mapping[str, Any]) -> SignIn | None:
    """Return how a block signs in, the way's first where it does not say; None where nobody has to."""
    kind = value_at(block, TYPE)
    found = [each for each in way.sign_ins if dict(each.fixed).get(TYPE) == kind]
    fitting = [each for each in found if _fits(each, block)]
    return next(iter(fitting or found or way.sign_ins), None)


def _fits(sign_in: SignIn, block: Mapping[str, Any]) -> bool:
    """Tell whether a block of the same type says nothing else; a consent is what OAuth is where it does not say."""
    if sign_in.proof is not None and value_at(block, sign_in.proof) is None:
        return False
    return all(
        value_at(block, path) == value or (sign_in.consent and value_at(block, path) is None)
        for path, value in sign_in.fixed
    )
