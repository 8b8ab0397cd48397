"""One document library: files with versions, tags, locks, and a journal for the delta feed."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from sandbox import story

HOST: Final = "contoso.sharepoint.example"
SITE_ID: Final = f"{HOST},da60e844-ba1d-49bc-b4d4-d5e36bae9019,712a596e-90a1-49e3-9b48-bfa80bee8740"
DRIVE_ID: Final = "b!-RIj2DuyvEyV1T4NlOaMHk8XkS_I8MdFlUCq1BlcjgmhRfAj3-Z8RY2VpuvV_tpd"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TYPES: Final = {"xlsx": XLSX, "csv": "text/csv", "ods": "application/vnd.oasis.opendocument.spreadsheet"}

Content = Callable[[date], Mapping[str, bytes]]


def guid(*parts: object) -> str:
    """Return a GUID that is the same at every start, in capitals as SharePoint writes it."""
    return str(uuid5(NAMESPACE_URL, "sharepoint/" + "/".join(map(str, parts)))).upper()


def quick_xor(content: bytes) -> str:
    """Return SharePoint's own hash: bytes shifted by 11 bits each around 160, and the length mixed in."""
    folded = 0
    for start in range(0, len(content), 160):  # the places repeat after so many bytes
        folded ^= int.from_bytes(content[start : start + 160], "little")
    value = 0
    for index, byte in enumerate(folded.to_bytes(160, "little")):
        shifted = byte << (index * 11 % 160)
        value ^= (shifted & (1 << 160) - 1) | shifted >> 160
    raw = bytearray(value.to_bytes(20, "little"))
    for index, byte in enumerate(len(content).to_bytes(8, "little")):
        raw[12 + index] ^= byte
    return base64.b64encode(bytes(raw)).decode()


@dataclass(slots=True)
class File:
    """A file. `path` starts with a slash; `content` is None while the story writes it.

    `changes` counts contents put by hand, `touches` changes of metadata alone. `locked` keeps others from
    writing, `shut` from reading as well; a `hidden` one is there but not for this application. `waiting`
    are contents that others save while it is downloaded, one at each download.
    """

    path: str
    key: str
    born: date
    changes: int = 0
    touches: int = 0
    content: bytes | None = None
    locked: bool = False
    shut: bool = False
    hidden: bool = False
    deleted: bool = False
    waiting: list[bytes] = field(default_factory=list)
    sequence: int = 0

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        """Return the path of the folder, empty for the root."""
        return self.path.rsplit("/", 1)[0]

    @property
    def id(self) -> str:
        """Return the drive item's id, which survives renaming."""
        return "01" + base64.b32encode(bytes.fromhex(self.key.replace("-", ""))).decode().rstrip("=")

    @property
    def mime(self) -> str:
        """Return the media type by the extension."""
        return _TYPES.get(self.name.rsplit(".", 1)[-1].lower(), "application/octet-stream")


@dataclass(slots=True)
class Drive:
    """The library as of `clock`; `sequence` numbers every change for the delta feed."""

    source: Content
    anchor: date
    clock: date
    files: dict[str, File] = field(default_factory=dict)
    sequence: int = 0
    oldest: int = 0  # tokens from before this number have run out
    _rendered: dict[int, Mapping[str, bytes]] = field(default_factory=dict)
    _hashes: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first = story.week_date(self.anchor, 0) - timedelta(days=60)
        for path in self._story():
            self.files[path] = File(path, guid("file", path), first)
            self._bump(self.files[path])

    @property
    def week(self) -> int:
        """Return the story's week of the clock."""
        return story.week_of(self.anchor, self.clock)

    @property
    def now(self) -> datetime:
        """Return the clock's instant."""
        return datetime.combine(self.clock, time(6), UTC)

    def _story(self) -> Mapping[str, bytes]:
        if self.week not in self._rendered:
            self._rendered[self.week] = self.source(self.clock)
        return self._rendered[self.week]

    def _bump(self, file: File) -> None:
        self.sequence += 1
        file.sequence = self.sequence

    def turn(self, clock: date) -> None:
        """Set the clock. A new week writes new contents; a new day only moves metadata."""
        before, self.clock = self.week, clock
        for file in self.files.values():
            if file.content is None and self.week != before and not file.deleted:
                self._bump(file)

    def held(self) -> list[File]:
        """Return the files that are there, and may be seen."""
        return [file for file in self.files.values() if not file.deleted and not file.hidden]

    def at(self, path: str) -> File | None:
        """Find a file by its path, in any case as SharePoint does."""
        wanted = "/" + path.strip("/").lower()
        return next((file for file in self.held() if file.path.lower() == wanted), None)

    def by_id(self, key: str) -> File | None:
        """Find a file by its id."""
        return next((file for file in self.held() if file.id == key), None)

    def folders(self) -> set[str]:
        """Return the paths of all folders, the root's as the empty text."""
        found = {""}
        for file in self.held():
            parts = file.folder.split("/")[1:]
            found |= {"/" + "/".join(parts[: n + 1]) for n in range(len(parts))}
        return found

    def read(self, file: File) -> bytes:
        """Return a file's content as of the clock."""
        return file.content if file.content is not None else self._story()[file.path]

    def c_tag(self, file: File) -> str:
        """Return the tag that changes with the content alone."""
        week = self.week if file.content is None else 0
        return f'"c:{{{file.key}}},{1 + week + 100 * file.changes}"'

    def e_tag(self, file: File) -> str:
        """Return the tag that changes with anything, such as somebody's look at the properties each day."""
        age = self.clock.toordinal() - file.born.toordinal()
        return f'"{{{file.key}}},{age + 1000 * (file.changes + file.touches)}"'

    def hash(self, file: File) -> str:
        """Return the content's hash."""
        key = (file.key, self.c_tag(file))
        if key not in self._hashes:
            self._hashes[key] = quick_xor(self.read(file))
        return self._hashes[key]

    def modified(self, file: File) -> datetime:
        """Return when the content last changed."""
        if file.changes:
            return self.now + timedelta(seconds=file.sequence)
        return datetime.combine(story.week_date(self.anchor, self.week), time(5, 31, 7), UTC)

    def put(self, path: str, content: bytes) -> tuple[File, bool]:
        """Store a content; return the file and whether it is new."""
        file = self.at(path)
        new = file is None
        if file is None:
            file = File("/" + path.strip("/"), guid("file", path, self.sequence), self.clock)
            self.files[f"{file.path}#{self.sequence}"] = file
        file.content = content
        file.changes += 1
        self._bump(file)
        return file, new

    def change(
        self, file: File, *, deleted: bool | None = None, name: str | None = None, folder: str | None = None
    ) -> None:
        """Delete a file, rename it, move it to another folder, or with none of these just touch its metadata."""
        if deleted is not None:
            file.deleted = deleted
        if folder is not None:
            file.content = self.read(file)
            file.path = f"/{folder.strip('/')}/{file.name}".replace("//", "/")
        if name is not None:
            file.content = self.read(file)
            file.path = f"{file.folder}/{name}"
        file.touches += 1
        self._bump(file)
