"""An Azure DevOps organisation that answers on loopback, Services and Server alike."""

from sandbox.ado.app import create

__all__ = ["create"]
