"""A request about several sets side by side, `$crossjoin`."""

from collections.abc import Sequence

from api.odata.answering import Answering
from api.odata.exchange import Answer
from api.odata.negotiation import preferences, wanted
from api.odata.problems import Unsupported
from api.odata.query.aggregate import run
from api.odata.query.crossing import Crossing, counted, cross_page, narrow
from api.odata.query.expression import value
from api.odata.query.flow import Flow
from api.odata.query.results import result_count, result_page
from api.odata.query.rows import Format
from api.odata.query.typed import Grouped
from api.odata.resolve import NotFound
from api.odata.syntax.apply import Transformation
from api.odata.syntax.resource import Segment, System


class Beside(Answering):
    """One request about sets side by side."""

    def crossed(self, crossed: Crossing, rest: Sequence[Segment]) -> Answer:
        """Answer a `$crossjoin`, or count it.

        Raises:
            Problem: Something asked for does not fit, or is not done here.
        """
        self.preferred = preferences(self.request.headers.get("prefer", []))
        if self.asked.deltatoken is not None:
            raise Unsupported("$deltatoken: the changes of a $crossjoin are not told", target="$deltatoken")
        if rest:
            if len(rest) > 1 or not isinstance(rest[0], System) or rest[0].name != "$count":
                raise NotFound("nothing but $count comes behind $crossjoin", target="path")
            return Answer(200, str(self._number(crossed)).encode(), {"Content-Type": "text/plain"})
        form = wanted(self.request.header("accept"), self.asked.format)
        written = Format(form.big_as_text, self.preferred.nulls)
        context = self._context(form, "Collection(Edm.ComplexType)")
        if self.asked.apply is not None:
            flow = self._result(crossed, self.asked.apply)
            _, found = result_page(self.connection, flow, self.asked, limits=self._limits(), form=written)
        else:
            found = cross_page(
                self.connection, crossed, self.asked, limits=self._limits(), form=written, asked=self._query()
            )
        return self._sent(self._listed(found, context), form)

    def _result(self, crossed: Crossing, transformations: tuple[Transformation, ...]) -> Flow:
        flow = run(crossed.flow, transformations)
        return flow if isinstance(flow.scope.this, Grouped) else flow.settled()

    def _number(self, crossed: Crossing) -> int:
        """Count the rows side by side, or what `$apply` makes of them."""
        if self.asked.apply is not None:
            return result_count(self.connection, self._result(crossed, self.asked.apply), self.asked)
        narrow(crossed, self.asked)
        for each in self.asked.orderby or ():
            value(each.expression, crossed.flow.scope)  # it changes no count, but has to fit
        return counted(self.connection, crossed)
