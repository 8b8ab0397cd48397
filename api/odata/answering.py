"""One request about rows: its options put on what its path leads to, and the document that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import literal

from api.odata.edm import Changes
from api.odata.exchange import Answer
from api.odata.negotiation import Wanted, preferences, wanted
from api.odata.payload import dumped, reckoned
from api.odata.problems import Problem, Unsupported, within
from api.odata.query.aggregate import run
from api.odata.query.changes import changed, present
from api.odata.query.expand import address
from api.odata.query.fetching import fetched
from api.odata.query.flow import Flow, begin
from api.odata.query.results import chosen, result_count, result_page
from api.odata.query.rows import Format, Page, Query, read
from api.odata.query.typed import name_of
from api.odata.resolve import NotFound, Reckoned, Target
from api.odata.syntax.apply import Transformation
from api.odata.syntax.tree import Identifier, Options, Selected
from api.odata.tracking import (
    begun,
    continued,
    parted,
    refuse_tracking,
    removed_rows,
    trackable,
)
from api.odata.writing import TEXT, Noted, Writing, selected


@dataclass(slots=True)
class Answering(Writing):
    """One request about rows."""

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

    def _count(self, target: Target) -> Answer:
        if target.path:
            if self.asked.apply is not None or self.asked.filter is not None:
                raise Unsupported("$count of a list takes neither $filter nor $apply here", target="path")
            held = self._values(target)
            return Answer(200, str(len(held or [])).encode(), {"Content-Type": TEXT})
        query = target.query
        if self.asked.apply is not None:
            flow, settled = self._transformed(target, self.asked.apply)
            if settled is None:
                count = result_count(self.connection, flow, self.asked)
                return Answer(200, str(count).encode(), {"Content-Type": TEXT})
            query = settled
        query.narrow(Options(filter=self.asked.filter, search=self.asked.search, compute=self.asked.compute))
        query.order(self.asked)  # it changes no count, but has to fit

        def counted(_again: Answering, rows: Sequence[Any], _behind: Any) -> Answer:
            return Answer(200, str(rows[0][0]).encode(), {"Content-Type": TEXT})

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

    def _page(self, query: Query, options: Options, form: Wanted) -> Page:
        limits = self._limits()
        written = self._format(form)
        plan, found = read(self.connection, query, options, limits=limits, form=written, asked=self._query())
        self.plan = None if options.count else plan
        if options.expand:
            self.expanded = (query, options.expand)
            self._expand(found, *self.expanded, written)
        return found

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
        context = self._context(form, f"{self._own(target)}{selected(asked)}{entity}")
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
        context = self._context(form, f"{self._own(target)}{selected(self.asked)}")
        self._note(form, lambda again, page: again._listed(page, context))  # noqa: SLF001 - one like this
        return self._listed(found, context)

    def _transformed_rows(self, target: Target, form: Wanted, found: Page, paths: str) -> dict[str, Any]:
        context = self._context(form, f"{self._own(target)}({paths})")
        return self._listed(found, context | self._warnings(target, form, found))

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
