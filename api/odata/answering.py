"""One request about rows: its options put on what its path leads to, and the document that comes of it."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

from sqlalchemy import Connection, Select, literal

from api.odata.controls import controlled
from api.odata.edm import Changes, ComplexType, EnumType
from api.odata.exchange import Answer, Request
from api.odata.negotiation import Preferences, Wanted, preferences, wanted
from api.odata.payload import dumped, reckoned, writer
from api.odata.problems import Problem, Unsupported, within
from api.odata.query.aggregate import run
from api.odata.query.changes import changed, present
from api.odata.query.expand import Expanding, address
from api.odata.query.fetching import fetched
from api.odata.query.flow import Flow, begin
from api.odata.query.results import ResultPlan, chosen, result_count, result_page
from api.odata.query.rows import Format, Limits, Page, Plan, Query, read
from api.odata.query.scope import Context
from api.odata.query.typed import name_of
from api.odata.resolve import NotFound, Reckoned, Target
from api.odata.syntax.apply import Transformation
from api.odata.syntax.tree import Identifier, Options, Selected
from api.odata.tracking import (
    asked_of,
    begun,
    continued,
    link,
    parted,
    refuse_tracking,
    removed_rows,
    trackable,
    without,
)

_TEXT: Final = "text/plain"


@dataclass(frozen=True, slots=True)
class Noted:
    """What answers a request like the one before again: its one statement, and what is made of the rows.

    `behind` reads the place of a page.
    """

    statement: Select[Any]
    by: "Answering"
    made: Callable[["Answering", Sequence[Any], Sequence[str | None] | None], Answer]
    behind: Callable[[str, str], list[str | None]] | None = None

    def again(self, request: Request, connection: Connection) -> "Answering":
        """Return who answers such a request."""
        found = copy(self.by)
        found.request, found.connection, found.applied, found.notes = request, connection, [], []
        return found


@dataclass(slots=True)
class Answering:
    """One request about rows."""

    limits: Limits
    request: Request
    connection: Connection
    context: Context
    asked: Options
    version: str = "4.0"
    preferred: Preferences = field(init=False)
    applied: list[str] = field(default_factory=list)
    plan: Plan | ResultPlan | None = None  # of the one page that was read, where nothing else was
    notes: list["Noted"] = field(default_factory=list)

    def answer(self, target: Target | Reckoned) -> Answer:
        """Answer it.

        Raises:
            Problem: Something asked for does not fit, is not there, or is not done here.
        """
        self.preferred = preferences(self.request.headers.get("prefer", []))
        if isinstance(target, Reckoned):
            return self._reckoned(target)
        if self.asked.deltatoken is not None and not trackable(target, self.asked):
            raise refuse_tracking(target)
        if target.owner is not None and not target.single:
            self._there(target.owner)
        self._narrow(target)
        if target.form == "count":
            return self._count(target)
        if target.form == "raw":
            return self._raw(target)
        form = wanted(self.request.header("accept"), self.asked.format)
        if self.asked.deltatoken is not None:
            document = self._delta(target, form, self.asked.deltatoken)
        elif self.asked.apply is not None:
            document = self._applied(target, form, self.asked.apply)
        else:
            document = self._property(target, form) if target.path else self._rows(target, form)
        return self._sent(document, form)

    def _there(self, owner: Query) -> None:
        """Look whether the row is there that many others are asked of."""
        if self.connection.execute(owner.statement([literal(1)]).limit(1)).first() is None:
            raise NotFound("there is no such row", target="path")

    def _sent(self, document: dict[str, Any], form: Wanted) -> Answer:
        headers = {"Content-Type": form.content_type()}
        if applied := [*self.preferred.applied, *self.applied]:
            headers["Preference-Applied"] = ", ".join(applied)
        return Answer(200, dumped(document), headers)

    def _count(self, target: Target) -> Answer:
        if target.path:
            if self.asked.apply is not None or self.asked.filter is not None:
                raise Unsupported("$count of a list takes neither $filter nor $apply here", target="path")
            held = self._values(target)
            return Answer(200, str(len(held or [])).encode(), {"Content-Type": _TEXT})
        query = target.query
        if self.asked.apply is not None:
            flow, settled = self._transformed(target, self.asked.apply)
            if settled is None:
                count = result_count(self.connection, flow, self.asked)
                return Answer(200, str(count).encode(), {"Content-Type": _TEXT})
            query = settled
        query.narrow(Options(filter=self.asked.filter, search=self.asked.search, compute=self.asked.compute))
        query.order(self.asked)  # it changes no count, but has to fit

        def counted(_again: Answering, rows: Sequence[Any], _behind: Any) -> Answer:
            return Answer(200, str(rows[0][0]).encode(), {"Content-Type": _TEXT})

        statement = query.counted()
        self.notes.append(Noted(statement, self, counted))
        return counted(self, fetched(self.connection, statement), None)

    def _transformed(
        self, target: Target, transformations: tuple[Transformation, ...]
    ) -> tuple[Flow, Query | None]:
        """Return what `$apply` gives, and as rows of a set while it still is that."""
        with within("$apply"):
            flow = run(begin(target.query), transformations)
        if flow.entity is None:
            return flow, None
        settled = flow.settled()
        query = Query(self.context, flow.entity.set, flow.entity.type, settled.source, sorted=settled.order)
        query.scope.computed |= settled.scope.computed
        return flow, query

    def _values(self, target: Target) -> Any:
        """Return the value a path of properties leads to, as it is stored."""
        column = target.query.source.c["".join(each.held_in for each in target.path)]
        row = self.connection.execute(target.query.statement([column]).limit(1)).one_or_none()
        if row is None:
            raise NotFound("there is no such row", target="path")
        return row[0]

    def _reckoned(self, target: Reckoned) -> Answer:
        """Answer with what a function gives."""
        row = self.connection.execute(target.statement.limit(1)).one_or_none()
        if row is None:
            raise NotFound("there is no such row", target="path")
        type_ = target.value.type
        if target.raw or row[0] is None:
            return self._text(row[0], type_)
        form = wanted(self.request.header("accept"), self.asked.format)
        write = reckoned(type_, big_as_text=form.big_as_text)
        shown = row[0] if write is None else write(row[0])
        document = {**self._context(form, name_of(type_)), "value": shown}
        return Answer(200, dumped(document), {"Content-Type": form.content_type()})

    def _raw(self, target: Target) -> Answer:
        return self._text(self._values(target), target.path[-1].type)

    def _text(self, value: Any, type_: str | EnumType | ComplexType) -> Answer:
        """Answer with a value alone, or with nothing where it is null."""
        if value is None:
            return Answer(204, b"")
        if type_ == "Edm.Binary":
            return Answer(200, bytes(value), {"Content-Type": "application/octet-stream"})
        write = None if isinstance(type_, ComplexType) else writer(type_, big_as_text=True)
        shown = value if write is None else write(value)
        text = str(shown).lower() if isinstance(shown, bool) else str(shown)
        return Answer(200, text.encode(), {"Content-Type": f"{_TEXT};charset=utf-8"})

    def _property(self, target: Target, form: Wanted) -> dict[str, Any]:
        names = [each.name for each in target.path]
        path_ = tuple(Identifier(0, name) for name in names)
        options = Options(select=(Selected(0, path_),))
        found = self._page(target.query, options, form)
        if not found.rows:
            raise NotFound("there is no such row", target="path")
        value: Any = found.rows[0]
        for name in names:
            value = None if value is None else value.get(name)
        query = target.query
        whose = query.set.name if query.set.singleton else address(query, found.keys[0])
        cast_ = self._own(target).removeprefix(query.set.name)
        context = self._context(form, f"{whose}{cast_}/{'/'.join(names)}")
        if isinstance(value, dict):
            return {**context, **value}
        return {**context, "value": value}

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

    def _page(self, query: Query, options: Options, form: Wanted) -> Page:
        limits = self._limits()
        written = Format(form.big_as_text, self.preferred.nulls, full=form.metadata == "full")
        plan, found = read(self.connection, query, options, limits=limits, form=written, asked=self._query())
        if not options.count and not options.expand:
            self.plan = plan
        if options.expand:
            owner = (query.set, query.type)
            expanding = Expanding(self.connection, self.context, limits, written)
            expanding.into(found.rows, found.keys, owner, options.expand)
        return found

    def _query(self) -> str:
        """Return what the request is, but for its place and the options that change nothing of its rows."""
        return asked_of(self.request, ignoring=frozenset({"skiptoken", "format"}))

    def _rows(self, target: Target, form: Wanted) -> dict[str, Any]:
        query = target.query
        asked, tracked = parted(self.asked)
        if target.single:
            asked = replace(asked, orderby=None, top=None, skip=None, count=None, skiptoken=None)
        tracked = tracked or self._begun(target, asked)
        found = self._page(query, asked, form)
        if tracked is None:
            self._note(form, lambda again, page: again._read(target, form, asked, page, None))  # noqa: SLF001 - one like this
        return self._read(target, form, asked, found, tracked)

    def _read(
        self, target: Target, form: Wanted, asked: Options, found: Page, tracked: str | None
    ) -> dict[str, Any]:
        query = target.query
        if target.single and not found.rows:
            raise NotFound("there is no such row", target="path")
        if target.form == "ref":
            links = [{"@odata.id": address(query, key)} for key in found.keys]
            context = self._context(form, "$ref" if target.single else "Collection($ref)")
            return {**context, **links[0]} if target.single else {**context, "value": links}
        self._full(query, found, form)
        entity = "/$entity" if target.single and not query.set.singleton else ""
        context = self._context(form, f"{self._own(target)}{_selected(asked)}{entity}")
        if target.single:
            return {**context, **found.rows[0]}
        context |= self._warnings(target, form, found)
        return self._listed(found, context, tracked if trackable(target, asked) else None)

    def _applied(
        self, target: Target, form: Wanted, transformations: tuple[Transformation, ...]
    ) -> dict[str, Any]:
        if target.single or target.path or target.form != "value":
            raise Problem("$apply needs rows", target="$apply")
        flow, query = self._transformed(target, transformations)
        written = Format(form.big_as_text, self.preferred.nulls)
        if query is None:
            plan, found = result_page(self.connection, flow, self.asked, limits=self._limits(), form=written)
            paths = ",".join("/".join(path) for path, _ in chosen(flow, self.asked))
            self.plan = None if self.asked.count else plan
            self._note(form, lambda again, page: again._transformed_rows(target, form, page, paths))  # noqa: SLF001 - one like this
            return self._transformed_rows(target, form, found, paths)
        found = self._page(query, replace(self.asked, apply=None), form)
        context = self._context(form, f"{self._own(target)}{_selected(self.asked)}")
        self._note(form, lambda again, page: again._listed(page, context))  # noqa: SLF001 - one like this
        return self._listed(found, context)

    def _transformed_rows(self, target: Target, form: Wanted, found: Page, paths: str) -> dict[str, Any]:
        context = self._context(form, f"{self._own(target)}({paths})")
        return self._listed(found, context | self._warnings(target, form, found))

    def _note(self, form: Wanted, written: Callable[["Answering", Page], dict[str, Any]]) -> None:
        """Note how the page was read, where nothing else was."""
        plan = self.plan
        if plan is None or not plan.size:
            return

        def made(again: Answering, rows: Sequence[Any], behind: Sequence[str | None] | None) -> Answer:
            found = plan.page(rows, asked=again._query(), behind=behind)
            return again._sent(written(again, found), form)

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
        if tracked is not None and self.preferred.track is not None and self.asked.skiptoken is None:
            self.applied.append(self.preferred.track)
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

    def _narrow(self, target: Target) -> None:
        """Put the set's own query options on its rows."""
        query = target.query
        for name, parameter in query.set.parameters.items():
            if name in self.asked.custom:
                try:
                    query.conditions.append(parameter.condition(query.source, self.asked.custom[name]))
                except ValueError as error:
                    raise Problem(f"{name}: {error}", target=name) from None

    def _begun(self, target: Target, asked: Options) -> str | None:
        """Return the token of the present state where tracking is asked for; before the rows are read."""
        changes = target.query.set.changes
        if self.preferred.track is None or changes is None or asked.skiptoken is not None:
            return None
        return begun(self.request, target, self.context.caller, self._present(changes))

    def _present(self, changes: Changes) -> str:
        return present(self.connection, changes) if self.request.mark is None else self.request.mark

    def _delta(self, target: Target, form: Wanted, text: str) -> dict[str, Any]:
        """Answer a delta link: what changed since, and the next link."""
        asked, upcoming = parted(self.asked)
        query, changes = target.query, target.query.set.changes
        given = continued(self.request, target, self.context.caller, text)
        if changes is None:
            raise refuse_tracking(target)
        upcoming = upcoming or begun(self.request, target, self.context.caller, self._present(changes))
        limits, written = self._limits(), Format(form.big_as_text, self.preferred.nulls)
        found = changed(
            self.connection, query, asked, given.mark, size=limits.page, form=written, asked=self._query()
        )
        if not trackable(target, asked):
            raise refuse_tracking(target)
        removed = removed_rows(target, found, form, self.request.root, self.version)
        page_ = Page([*found.rows, *removed], [], found.next)
        return self._listed(page_, self._context(form, f"{self._own(target)}/$delta"), upcoming)


def _selected(asked: Options) -> str:
    """Return what stands in parentheses of a context URL (protocol 10.7 to 10.10)."""
    parts = [
        "/".join(step.name for step in item.path if isinstance(step, Identifier))
        for item in asked.select or ()
    ]
    for each in asked.expand or ():
        name = "/".join(step.name for step in each.path if isinstance(step, Identifier))
        if each.form == "entity" and name != "*":
            again = "+" if each.options and each.options.levels is not None else ""
            inner = _selected(each.options) if each.options else ""
            parts.append(f"{name}{again}{inner or '()'}")
    return f"({','.join(parts)})" if parts else ""
