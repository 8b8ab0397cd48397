"""How answers about rows are written: the parts of their documents, and what of them another request can use."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

from sqlalchemy import Connection, Select

from api.odata.controls import controlled
from api.odata.edm import ComplexType, EnumType
from api.odata.exchange import Answer, Request
from api.odata.negotiation import Preferences, Wanted
from api.odata.payload import dumped, writer
from api.odata.query.expand import Expanding, address
from api.odata.query.results import ResultPlan
from api.odata.query.rows import Format, Limits, Page, Plan, Query
from api.odata.query.scope import Context
from api.odata.resolve import Target
from api.odata.syntax.tree import Expanded, Identifier, Options
from api.odata.tracking import asked_of, link, without

TEXT: Final = "text/plain"


@dataclass(frozen=True, slots=True)
class Noted:
    """What answers a request like the one before again: the statement of its rows, and what is made of them.

    `behind` reads the place of a page.
    """

    statement: Select[Any]
    by: "Writing"
    made: Callable[[Any, Sequence[Any], Sequence[str | None] | None], Answer]  # who answers comes first
    behind: Callable[[str, str], list[str | None]] | None = None

    def again(self, request: Request, connection: Connection) -> "Writing":
        """Return who answers such a request."""
        found = copy(self.by)
        found.request, found.connection, found.applied, found.notes = request, connection, [], []
        return found


@dataclass(slots=True)
class Writing:
    """One request, and how what comes of it is written."""

    limits: Limits
    request: Request
    connection: Connection
    context: Context
    asked: Options
    version: str = "4.0"
    preferred: Preferences = field(init=False)
    applied: list[str] = field(default_factory=list)
    plan: Plan | ResultPlan | None = None  # of the one page that was read, where nothing else was
    expanded: tuple[Query, tuple[Expanded, ...]] | None = None  # what of it, with what belongs to it
    notes: list[Noted] = field(default_factory=list)

    def _sent(self, document: dict[str, Any], form: Wanted) -> Answer:
        headers = {"Content-Type": form.content_type()}
        if applied := [*self.preferred.applied, *self.applied]:
            headers["Preference-Applied"] = ", ".join(applied)
        return Answer(200, dumped(document), headers)

    def _text(self, value: Any, type_: str | EnumType | ComplexType) -> Answer:
        """Answer with a value alone, or with nothing where it is null."""
        if value is None:
            return Answer(204, b"")
        if type_ == "Edm.Binary":
            return Answer(200, bytes(value), {"Content-Type": "application/octet-stream"})
        write = None if isinstance(type_, ComplexType) else writer(type_, big_as_text=True)
        shown = value if write is None else write(value)
        text = str(shown).lower() if isinstance(shown, bool) else str(shown)
        return Answer(200, text.encode(), {"Content-Type": f"{TEXT};charset=utf-8"})

    def _own(self, target: Target) -> str:
        """Return what a context URL calls the rows: their set, and the type where it is a derived one."""
        query = target.query
        derived = query.type is not query.set.type
        return (
            f"{query.set.name}/{self.context.model.namespace}.{query.type.name}"
            if derived
            else query.set.name
        )

    def _context(self, form: Wanted, what: str) -> dict[str, Any]:
        return {} if form.metadata == "none" else {"@odata.context": f"{self.request.root}$metadata#{what}"}

    def _query(self) -> str:
        """Return what the request is, but for its place and the options that change nothing of its rows."""
        return asked_of(self.request, ignoring=frozenset({"skiptoken", "format"}))

    def _format(self, form: Wanted) -> Format:
        return Format(form.big_as_text, self.preferred.nulls, full=form.metadata == "full")

    def _expand(self, found: Page, query: Query, items: tuple[Expanded, ...], written: Format) -> None:
        """Put into rows what belongs to them, by statements of their own."""
        context = replace(self.context, owners={}, used={}, costs={})
        expanding = Expanding(self.connection, context, self._limits(), written)
        expanding.into(found.rows, found.keys, (query.set, query.type), items)

    def _note(self, form: Wanted, written: Callable[[Any, Page], dict[str, Any]]) -> None:
        """Note how the page was read, where nothing else was."""
        plan, expanded = self.plan, self.expanded
        if plan is None or not plan.size:
            return

        def made(again: "Writing", rows: Sequence[Any], behind: Sequence[str | None] | None) -> Answer:
            found = plan.page(rows, asked=again._query(), behind=behind)  # noqa: SLF001 - one like this
            if expanded is not None:
                again._expand(found, *expanded, again._format(form))  # noqa: SLF001
            return again._sent(written(again, found), form)  # noqa: SLF001

        self.notes.append(Noted(plan.statement, self, made, plan.behind if isinstance(plan, Plan) else None))

    def _warnings(self, target: Target, form: Wanted, found: Page) -> dict[str, Any]:
        """Say what is likely not meant, once, as an annotation that readers may pass over."""
        set_, said = target.query.set, []
        if form.metadata == "none" or self.asked.skiptoken is not None:
            return {}
        if self.asked.apply is None and self.asked.select is None and found.next is not None:
            number = len(target.query.type.all_properties())
            said.append(f"no $select: all {number} properties come with every page; name those you need")
        if (
            self.asked.apply is not None
            and set_.day is not None
            and set_.day not in unquote(self.request.query)
        ):
            said.append(
                f"{set_.name} has rows of many days and {set_.day} is not named: each is counted once a day"
            )
        return {f"@{self.context.model.namespace}.warnings": said} if said else {}

    def _listed(self, found: Page, context: dict[str, Any], tracked: str | None = None) -> dict[str, Any]:
        made: dict[str, Any] = dict(context)
        if found.count is not None:
            made["@odata.count"] = found.count
        made["value"] = found.rows
        # The pages behind the first are asked for by a link, which holds what was preferred with the first.
        if tracked is not None and (self.preferred.track is not None or self.asked.deltatoken is None):
            self.applied.append(self.preferred.track or "track-changes")
        if found.next is not None:
            made["@odata.nextLink"] = self._next(found.next if tracked is None else f"{found.next}.{tracked}")
        elif tracked is not None:
            made["@odata.deltaLink"] = link(self.request, tracked)
        return made

    def _limits(self) -> Limits:
        limits = self.limits
        if self.preferred.page is None:
            return limits
        return replace(limits, page=min(limits.most, self.preferred.page))

    def _full(self, query: Query, found: Page, form: Wanted) -> None:
        if form.metadata == "none":
            for row in found.rows:
                row.pop("@odata.type", None)
        if form.metadata != "full":
            return
        for at, (row, key) in enumerate(zip(found.rows, found.keys, strict=True)):
            found.rows[at] = controlled(
                self.context.model, query.type, row, address(query, key), self.asked.select
            )

    def _next(self, mark: str) -> str:
        parts = [*without(self.request, frozenset({"skiptoken"})), f"$skiptoken={mark}"]
        return f"{self.request.root}{self.request.path.strip('/')}?{'&'.join(parts)}"


def selected(asked: Options) -> str:
    """Return what stands in parentheses of a context URL (protocol 10.7 to 10.10)."""
    parts = [
        "/".join(step.name for step in item.path if isinstance(step, Identifier))
        for item in asked.select or ()
    ]
    for each in asked.expand or ():
        name = "/".join(step.name for step in each.path if isinstance(step, Identifier))
        if each.form == "entity" and name != "*":
            again = "+" if each.options and each.options.levels is not None else ""
            inner = selected(each.options) if each.options else ""
            parts.append(f"{name}{again}{inner or '()'}")
    return f"({','.join(parts)})" if parts else ""
