"""A service over a model: a request in, an answer out. No web framework, so that any can carry it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import orjson
from psycopg import Error as DriverError
from sqlalchemy import Connection, FromClause
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from api.odata.answering import Answering
from api.odata.batch import Part, PartAnswer, batch, relative
from api.odata.beside import Beside
from api.odata.csdl import as_xml, service_document
from api.odata.csdl_json import as_json
from api.odata.edm import Model
from api.odata.exchange import Answer, Request
from api.odata.negotiation import JSON, XML, Wanted, preferences, version, wanted
from api.odata.openapi import described
from api.odata.posted import NotAllowed, posted
from api.odata.problems import Malformed, Problem, TooComplex, Unsupported
from api.odata.query.crossing import crossing
from api.odata.query.rows import Limits
from api.odata.query.scope import Context
from api.odata.ready import Shapes, taken
from api.odata.refusals import Failed, refusal
from api.odata.resolve import NotFound, Target, resolve
from api.odata.syntax import options as syntax
from api.odata.syntax.resource import Crossed, Segment, System, path
from api.odata.syntax.tree import Identifier, Options
from model.full_json import encoded

log = logging.getLogger(__name__)

DESCRIPTION: Final = "openapi.json"  # beside the sets, of which none may be called so
_ERRORS: Final = 400
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Service:
    """Answers requests about a model.

    `inner` takes the query of a part of a batch, or of a posted body, which whoever carries the service has not seen:
    it returns what of it is to be read, or raises a Problem.
    """

    model: Model
    limits: Limits = field(default_factory=Limits)
    inner: Callable[[str], str] = str
    shapes: Shapes = field(default_factory=Shapes, compare=False, repr=False)

    def answer(self, request: Request, connection: Connection, *, caller: Any, now: datetime) -> Answer:
        """Answer one request; whatever is wrong with it is an error document, never an exception.

        Args:
            request: What is asked.
            connection: Where the model's sources are.
            caller: Whoever asks, for the sets' `visible`.
            now: What `now()` gives.
        """
        number = "4.0"
        try:
            number = version(request.header("odata-maxversion"))
            made = self._answer(request, connection, caller, now, number)
        except Problem as problem:
            made = refused(problem)
        except RecursionError:
            made = refused(
                TooComplex("the request goes deeper than is taken; ask for less inside each other")
            )
        except (SQLAlchemyError, DriverError) as error:
            problem_ = refusal(error)
            if problem_ is None:
                raise
            made = refused(problem_)
        made.headers["OData-Version"] = number
        made.headers.setdefault("Vary", "Accept, Prefer, OData-MaxVersion")
        if request.method == "HEAD":
            made.body = b""
        return made

    def _answer(
        self, request: Request, connection: Connection, caller: Any, now: datetime, number: str
    ) -> Answer:
        if request.path.strip("/") == "$batch":
            return self._batch(request, connection, caller, now)
        known = taken(self.model, request, caller) if request.method in _READS else None
        if known is not None and (ready := self.shapes.ready(known)) is not None:
            return ready.answer(request, connection, known)
        segments = path(request.path)
        query = request.query
        if segments and isinstance(segments[-1], System) and segments[-1].name == "$query":
            segments, query = segments[:-1], posted(request, self.inner)
        elif request.method not in _READS:
            raise NotAllowed(f"{request.method}: this service is read only", target="path")
        asked = syntax.query(query)
        _in_place(asked, segments)
        if asked.schemaversion not in (None, "*", self.model.version):
            says = f"there is no version {asked.schemaversion} of this model; it is {self.model.version}"
            raise NotFound(says, target="$schemaversion")
        if (about := self._about(request, segments, asked)) is not None:
            return about
        first, context = segments[0], Context(self.model, now, caller, aliases=asked.aliases)
        if isinstance(first, System):
            return _entity(Answering(self.limits, request, connection, context, asked, number), segments)
        if isinstance(first, Crossed):
            crossed = crossing(context, first.sets)
            beside = Beside(self.limits, request, connection, context, asked, number)
            return beside.crossed(crossed, segments[1:])
        answering = Answering(self.limits, request, connection, context, asked, number)
        made = self._of_rows(answering, segments)
        if known is not None:
            self.shapes.note(known, answering.notes, request, connection)
        return made

    def _about(self, request: Request, segments: Sequence[Segment], asked: Options) -> Answer | None:
        """Return what tells of the service itself, where that is asked for."""
        if not segments:
            return self._root(request, asked)
        first = segments[0]
        if isinstance(first, System) and first.name == "$metadata" and len(segments) == 1:
            return self._metadata(request, asked)
        if isinstance(first, Identifier) and first.name == DESCRIPTION and len(segments) == 1:
            told = described(self.model, request.root, title=f"{self.model.namespace} as OData")
            return Answer(200, orjson.dumps(told), {"Content-Type": JSON})
        return None

    def _of_rows(self, answering: Answering, segments: Sequence[Segment]) -> Answer:
        context = answering.context
        if cores := self._cores(answering.asked, segments):
            narrow = replace(context, owners={}, used={}, costs={}, cores=cores)
            try:
                return replace(answering, context=narrow).answer(resolve(narrow, segments))
            except KeyError as error:
                if not _lacking(cores, error):
                    raise
        return answering.answer(resolve(context, segments))

    def _cores(self, asked: Options, segments: Sequence[Segment]) -> Mapping[FromClause, FromClause]:
        """Return what may be read in the place of sets' sources, where rows are only counted or put together."""
        last = segments[-1]
        if asked.apply is None and not (isinstance(last, System) and last.name == "$count"):
            return {}
        return {each.source: each.core for each in self.model.sets if each.core is not None}

    def _batch(self, request: Request, connection: Connection, caller: Any, now: datetime) -> Answer:
        if request.method != "POST":
            raise NotAllowed("$batch takes a POST", target="path")

        def ask(part: Part) -> PartAnswer:
            try:
                path_, query = relative(part.url, request.root)
                if path_.strip("/") == "$batch":
                    raise Malformed("a batch holds no batch", target="$batch")
                query = self.inner(query)
            except Problem as problem:
                made = refused(problem)
            else:
                headers = {name: [value] for name, value in part.headers.items()}
                inner = Request(part.method, path_, query, headers, request.root, part.body, request.mark)
                made = self._part(inner, connection, caller, now)
            return PartAnswer(made.status, made.headers, made.body)

        onward = preferences(request.headers.get("prefer", [])).onward
        type_, body = batch(request.header("content-type"), request.body, ask, onward=onward)
        applied = {"Preference-Applied": "continue-on-error"} if onward else {}
        return Answer(200, body, {"Content-Type": type_, **applied})

    def _part(self, request: Request, connection: Connection, caller: Any, now: datetime) -> Answer:
        """Answer one part of a batch; what goes wrong in it leaves the others alone."""
        try:
            with connection.begin_nested() as savepoint:
                made = self.answer(request, connection, caller=caller, now=now)
                if made.status >= _ERRORS:
                    savepoint.rollback()
        except Exception as error:
            if connection.invalidated or (isinstance(error, DBAPIError) and error.connection_invalidated):
                raise
            log.exception("a part of a batch failed")
            made = refused(Failed("this failed here; the log of the hub says why"))
        return made

    def _root(self, request: Request, asked: Options) -> Answer:
        form = wanted(request.header("accept"), asked.format)
        document = service_document(self.model, request.root)
        if form.metadata == "none":
            document.pop("@odata.context")
        return Answer(200, encoded(document), {"Content-Type": form.content_type()})

    def _metadata(self, request: Request, asked: Options) -> Answer:
        # XML unless JSON alone is asked for: readers that list JSON among others expect XML here.
        accept = request.header("accept")
        only_json = accept is not None and accept.split(";")[0].strip().lower() == JSON and "," not in accept
        offered = (JSON, XML) if only_json else (XML, JSON)
        form = wanted(accept, asked.format, offered=offered) if only_json or asked.format else Wanted(XML)
        if form.type == JSON:
            return Answer(200, orjson.dumps(as_json(self.model)), {"Content-Type": JSON})
        return Answer(200, as_xml(self.model), {"Content-Type": XML})


def _lacking(cores: Mapping[FromClause, FromClause], error: KeyError) -> bool:
    """Say whether a column was looked for that a set has and its core has not: then all is asked of the whole rows."""
    return any(name in whole.c and name not in core.c for whole, core in cores.items() for name in error.args)


def _in_place(asked: Options, segments: Sequence[Segment]) -> None:
    """Refuse options that would be passed over where they stand."""
    if asked.index is not None:
        raise Unsupported(
            "$index: rows have no place of their own here; $orderby and $skip say which", target="$index"
        )
    first = segments[0] if segments else None
    if asked.id is not None and not (isinstance(first, System) and first.name == "$entity"):
        raise Malformed("$id: it goes with $entity alone, as $entity?$id=Set(key)", target="$id")


def _entity(answering: Answering, segments: Sequence[Segment]) -> Answer:
    """Answer with the row whose address `$id` is (URL conventions 4.4); a cast may come behind `$entity`."""
    first, *behind = segments
    if not isinstance(first, System) or first.name != "$entity":
        raise Unsupported(f"{getattr(first, 'name', 'this')} is not done here", target="path")
    id_, root = answering.asked.id, answering.request.root
    if not id_:
        raise Malformed("$entity needs $id with the address of a row: its @odata.id", target="$id")
    found, query = relative(id_, root, target="$id")
    target = None if query else resolve(answering.context, [*path(found), *behind])
    if not isinstance(target, Target) or not target.single or target.path or target.form != "value":
        raise Malformed(f"$id: {id_} is not the address of a row", target="$id")
    return answering.answer(target)


def refused(problem: Problem) -> Answer:
    """Return a problem as OData's error document, with the place of the mistake."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.target:
        error["target"] = problem.target
    if problem.at is not None:
        error["innererror"] = {"position": problem.at}
    headers = {"Content-Type": f"{JSON};odata.metadata=minimal;charset=utf-8"}
    if problem.status == NotAllowed.status:
        headers["Allow"] = "GET, HEAD"
    return Answer(problem.status, orjson.dumps({"error": error}), headers)
