"""An Entra authority and a Graph with one SharePoint site, in one https program on loopback."""

from sandbox.sharepoint.app import create

__all__ = ["create"]
