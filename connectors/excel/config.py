"""What an Excel source may be told."""

from collections import Counter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.entra import MicrosoftAuth, check_graph, check_tunnel, graph_of
from connectors.excel.layout import ENTITY, HOLDS, Holds
from connectors.excel.words import columns
from model.attributes import REGISTER

_FIXED = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Workbook(BaseModel):
    """One sheet of one workbook: what it holds and how its office writes it."""

    model_config = _FIXED

    path: str | None = Field(
        None, description="File below the folder or the library, e.g. /Programme/register.xlsx"
    )
    url: SecretStr | None = Field(
        None, description="Instead of site and path: a share link, copied in SharePoint"
    )
    library: str | None = Field(None, description="Document library, when it is not the site's first one")
    sheet: str | None = Field(None, description="Sheet; without it the one that fits what it holds")
    known_as: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None,
        description="What its rows are known by instead of path, library, sheet and table, e.g. the former "
        "Programme/raid.xlsx!RAID: those can then be corrected, and the rows stay the same records",
    )
    holds: Holds = Field(description=f"What its rows are: {', '.join(HOLDS)}")
    key: str | list[str] | None = Field(None, description="Header, or headers, of what identifies a row")
    columns: dict[str, str] = Field(
        {}, description="Attribute: header, where the office's word is not understood"
    )
    date_order: Literal["dmy", "mdy", "ymd"] | None = Field(None, description="How text dates are written")
    decimal: Literal[".", ","] | None = Field(None, description="The decimal sign of number texts")
    header_row: Annotated[int, Field(ge=1)] | None = Field(None, description="Row of the header, from 1")
    kind: str | None = Field(None, description="For raid and costs: the kind of all rows that don't say")
    project: str | None = Field(
        None, description="The project of all rows that don't say: a workbook per project"
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        None, description="ISO code of amounts that don't say, and of signs such as $ that may be of several"
    )
    year: Annotated[int, Field(ge=1900, le=2200)] | None = Field(
        None, description="Year of months without one"
    )
    table: str | None = Field(
        None, description="One of several tables on the sheet: B3:F20, its name, or the title over it"
    )
    swapped: bool | None = Field(
        None, description="Whether Excel swapped day and month of the dates in it; decided on the evidence"
    )
    fill_down: list[str] = Field([], description="Headers whose blanks mean the same as above")

    @field_validator("path")
    @classmethod
    def _stay_below(cls, path: str | None) -> str | None:
        if path is not None and ".." in path.replace("\\", "/").split("/"):
            raise ValueError("a path must not climb out of its folder with ..")
        return path

    @property
    def place(self) -> str:
        """Where it is, as far as that is no secret."""
        return "!".join(filter(None, [(self.path or "").strip("/"), self.library, self.sheet, self.table]))

    @model_validator(mode="after")
    def _be_sensible(self) -> "Workbook":
        known = {*REGISTER[ENTITY[self.holds]], *columns()[self.holds]}
        if unknown := sorted(self.columns.keys() - known):
            raise ValueError(
                f"columns: {self.holds} have no {', '.join(unknown)}; they have {', '.join(sorted(known))}"
            )
        kinds = {
            "raid": ("risk", "assumption", "issue", "dependency"),
            "costs": tuple(columns()["money_kinds"]),
        }
        if self.kind is not None and self.kind not in kinds.get(self.holds, ()):
            there = ", ".join(kinds.get(self.holds, ())) or f"no kinds, for {self.holds} have none"
            raise ValueError(f"kind: one of {there}")
        if self.path is not None and self.url is not None:
            raise ValueError("give path or url, not both")
        return self


class ExcelConfig(BaseModel):
    """One set of workbooks: on SharePoint (auth, site) or in a folder."""

    model_config = _FIXED

    auth: MicrosoftAuth | None = Field(None, description="Sign-in for SharePoint; none for a folder")
    graph_url: str = Field(
        default_factory=lambda data: graph_of(data.get("auth")),
        description="Microsoft Graph; without it that of the cloud in auth",
    )
    site: str | None = Field(None, description="SharePoint site as host:/sites/name")
    folder: str | None = Field(None, description="Instead of SharePoint: a folder, or one file")
    workbooks: list[Workbook] = Field(min_length=1, description="What to read")
    ca_bundle: str | None = Field(
        None, description="File of certificate authorities to trust, or their text in PEM form"
    )
    proxy: str | None = Field(None, description="Proxy to go through, as http://host:port")
    connections: Annotated[int, Field(ge=1, le=64)] | None = Field(None, description="Requests at a time")
    memory_mb: Annotated[int, Field(ge=256)] = Field(
        2048, description="Most memory reading one workbook may take"
    )
    seconds: Annotated[int, Field(ge=5)] = Field(120, description="Most time reading one workbook may take")

    @model_validator(mode="after")
    def _choose_one(self) -> "ExcelConfig":
        if (self.auth is None) == (self.folder is None):
            raise ValueError("give either auth (SharePoint) or folder, and only one of them")
        check_graph(self.auth, self.graph_url)
        check_tunnel(self.auth, self.proxy, self.ca_bundle)
        for workbook in self.workbooks:
            if self.folder is None and workbook.path is None and workbook.url is None:
                raise ValueError("a workbook on SharePoint needs a path or a url")
            if self.folder is None and workbook.path is not None and self.site is None:
                raise ValueError("a workbook's path needs the site it is on: set site, as host:/sites/name")
            if self.folder is not None and workbook.url is not None:
                raise ValueError("a workbook in a folder has a path, no url")
        names = Counter((each.holds, each.known_as or each.place) for each in self.workbooks)
        for each in self.workbooks:
            if each.known_as is not None and names[each.holds, each.known_as] > 1:
                raise ValueError(
                    f"known_as: {each.known_as!r} names two sheets of {each.holds}; their rows would be mixed up"
                )
        return self
