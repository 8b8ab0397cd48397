"""Folders of this machine that people may read workbooks from: those that its administrator named, and below."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv"})
_MOST: Final = 200  # workbooks listed of a folder
_DEPTH: Final = 4  # folders below one that are looked into


class OutsideFolders(ValueError):
    """A folder is not below one that may be read."""


def allowed(path: str, roots: Sequence[Path]) -> Path:
    """Return a folder or file as it really is, links followed.

    Raises:
        OutsideFolders: It is not there, or not below one of the roots.
    """
    inside = [root.expanduser().resolve() for root in roots]
    try:
        found = Path(path).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        found = None
    if found is None or not any(found.is_relative_to(root) for root in inside):
        named = ", ".join(map(str, inside)) or "none yet"
        raise OutsideFolders(
            f"there is no folder {path} that may be read. Folders that may be: {named} and what is below;"
            " MUSTER_FOLDERS names them"
        )
    return found


def folders(roots: Sequence[Path]) -> list[str]:
    """List the folders that hold workbooks, below the roots and themselves."""
    found: dict[str, None] = {}
    for root in roots:
        base = root.expanduser().resolve()
        for name in workbooks(base):
            parent = (base / name).parent
            while parent.is_relative_to(base):
                found[str(parent)] = None
                parent = parent.parent
    return sorted(found)


def workbooks(folder: Path) -> list[str]:
    """List the workbooks below a folder by their path in it; of one file its name."""
    if folder.is_file():
        return [folder.name]
    return sorted(_below(folder, folder, _DEPTH))[:_MOST]


def _below(folder: Path, base: Path, depth: int) -> list[str]:
    found: list[str] = []
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    for each in entries:
        if each.name.startswith((".", "~$")) or each.is_symlink():
            continue
        if each.is_dir() and depth:
            found += _below(each, base, depth - 1)
        elif each.is_file() and each.suffix.lower() in SUFFIXES:
            found.append(str(each.relative_to(base)))
        if len(found) >= _MOST:
            break
    return found
