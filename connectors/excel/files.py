"""Where workbooks come from: one answer to "has it changed?" and one to "give it to me"."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from connectors.base import Absence, Json
from connectors.errors import MisconfiguredSource, SliceUnreadable
from connectors.excel.config import Workbook
from connectors.excel.delivery import Delivered, put_in_folder

MOST_BYTES: Final = 200 * 1024 * 1024
TAGS: Final = ("sha256", "item", "ctag")  # what of a position tells two versions of a file apart
STAYS: Final = (
    "What was read from it stays as it is until the source's next census settles it; if it is gone for good, take it "
    "out of the source"
)


@dataclass(frozen=True, slots=True)
class File:
    """A workbook as it was fetched. `request` is how, without a secret; `position` recognises it next time."""

    name: str
    body: bytes
    request: str
    position: Json
    url: str | None = None
    notes: tuple[str, ...] = ()  # what an officer should know of where it was found


class WorkbookGone(SliceUnreadable):
    """A workbook is not where it was; `absence` says what became of it, None where nothing tells."""

    def __init__(self, message: str, *, source: str, slice_: str, absence: Absence | None = None) -> None:
        super().__init__(message, source=source, slice_=slice_)
        self.absence = absence


class StoredUnreadable(SliceUnreadable, ValueError):
    """A stored workbook cannot be read again, most often for limits that were lowered since.

    For whoever takes stored pages apart it is a page of a shape that cannot be read, while others go on.
    """


def label_of(workbook: Workbook) -> str:
    """Call a workbook what a person does; a share link is a secret, so it has no name until it is opened."""
    return (workbook.path or "a shared workbook").strip("/")


class Files(Protocol):
    """A place with workbooks."""

    def fetch(self, workbook: Workbook, known: Json | None) -> File | None:
        """Return the workbook, or None when it is still the one `known` stands for.

        Raises:
            SliceUnreadable: This workbook cannot be had; others may.
            ConnectorError: Nothing can be had.
        """

    def put(self, workbook: Workbook, body: bytes, known: Json | None) -> Delivered:
        """Store a workbook at its path, unless what stands there is not what `known` stands for.

        Raises:
            ChangedThere: Another one stands there; it is left alone.
            ConnectorError: It cannot be stored, with the reason.
        """

    def about(self) -> list[tuple[str, str]]:
        """Say who we are there and what we see, as pairs of subject and words.

        Raises:
            ConnectorError: Nothing can be had.
        """

    def close(self) -> None:
        """Give connections back."""


class Folder:
    """A folder, or a single file."""

    def __init__(self, path: str, *, source: str) -> None:
        self._path = Path(path).expanduser()
        self._source = source

    def about(self) -> list[tuple[str, str]]:
        """Say that the folder is there, and how many workbooks it holds."""
        if self._path.is_file():
            return [("file", f"{self._path.name} is there")]
        if not self._path.is_dir():
            raise self._nowhere()
        return [("folder", f"{self._path.name} holds {', '.join(self._names()) or 'no workbook'}")]

    def fetch(self, workbook: Workbook, known: Json | None) -> File | None:
        """Read a file; its hash tells whether it has changed, whatever its date says."""
        path = self._locate(workbook)
        try:
            for _ in range(3):
                before = path.stat()
                if before.st_size > MOST_BYTES:
                    raise self._unreadable(
                        path, f"has {before.st_size >> 20} MB, more than {MOST_BYTES >> 20} MB"
                    )
                body = path.read_bytes()
                after = path.stat()
                if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
                    break
            else:
                raise self._unreadable(path, "is being written right now; the next run tries again")
        except PermissionError as error:
            raise self._unreadable(
                path, "may not be read: it is locked by a program, or rights are missing"
            ) from error
        except OSError as error:
            raise self._unreadable(path, f"cannot be read ({error.strerror})") from error
        digest = hashlib.sha256(body).hexdigest()
        if known is not None and known.get("sha256") == digest:
            return None
        position: Json = {"sha256": digest, "size": after.st_size, "mtime_ns": after.st_mtime_ns}
        return File(path.name, body, f"READ {workbook.path or path.name}", position)

    def put(self, workbook: Workbook, body: bytes, known: Json | None) -> Delivered:
        """Write a workbook, unless what stands there is not what `known` stands for."""
        path = self._path / (workbook.path or "").replace("\\", "/").lstrip("/")
        if not path.resolve().is_relative_to(self._path.resolve()):
            raise self._unreadable(path, "lies outside the folder; workbooks are only written below it")
        return put_in_folder(path, body, known, source=self._source)

    def close(self) -> None:
        """Nothing is held open."""

    def _locate(self, workbook: Workbook) -> Path:
        root = self._path
        if root.is_file() and workbook.path in (None, root.name, f"/{root.name}"):
            return root
        if not root.exists():
            raise self._nowhere()
        if workbook.path is None:
            raise MisconfiguredSource("folder is no file, so each workbook needs a path", source=self._source)
        path = root / workbook.path.replace("\\", "/").lstrip("/")
        if not path.resolve().is_relative_to(root.resolve()):
            raise self._unreadable(path, "lies outside the folder; only files below it are read")
        if not path.is_file():
            there = ", ".join(self._names()) or "no workbook"
            raise WorkbookGone(
                f"is not there; the folder holds {there}. Correct path. Nothing read from it before was removed",
                source=self._source,
                slice_=path.name,
            )
        return path

    def _names(self) -> list[str]:
        if not self._path.is_dir():
            return []
        endings = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv"}
        found = (path for path in self._path.rglob("*") if path.suffix.lower() in endings)
        return sorted(str(path.relative_to(self._path)) for path in found if not path.name.startswith("~$"))[
            :30
        ]

    def _nowhere(self) -> MisconfiguredSource:
        words = (
            f"there is no folder or file {self._path}; correct folder, or check that the share is connected"
        )
        return MisconfiguredSource(words, source=self._source)

    def _unreadable(self, path: Path, words: str) -> SliceUnreadable:
        return SliceUnreadable(words, source=self._source, slice_=path.name)
