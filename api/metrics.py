"""Health, readiness, and figures for Prometheus."""

from collections.abc import Iterator
from datetime import UTC, datetime

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text
from starlette.requests import Request
from starlette.responses import Response

from api.access.visible import StatusReader
from api.wire.problems import Problem

router = APIRouter(include_in_schema=False)
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz")
def healthz() -> Response:
    """Say that the process runs."""
    return Response('{"status": "ok"}', media_type="application/json")


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Say that the database answers and has the tables."""
    engine: Engine = request.app.state.engine
    with engine.connect() as connection:
        there = connection.scalar(text("SELECT to_regclass('snapshot') IS NOT NULL"))
    if not there:
        raise Problem(503, "not-migrated", "The database has no tables yet; `muster doctor` says more.")
    return Response('{"status": "ready"}', media_type="application/json")


@router.get("/metrics")
def metrics(reader: StatusReader) -> Response:
    """Return runs, records, waits and freshness by source, read from the database: the same on every node."""
    reader.needs_everything("Metrics")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Pulled(reader.engine, datetime.now(UTC)))
    return Response(generate_latest(registry), media_type=MEDIA_TYPE)


class _Pulled(Collector):
    """The figures of all sources, in three statements."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self._engine = engine
        self._now = now

    def collect(self) -> Iterator[Metric]:
        runs = CounterMetricFamily("muster_runs", "Runs by state", labels=["source", "state"])
        requests = CounterMetricFamily("muster_requests", "Requests sent", labels=["source"])
        waited = CounterMetricFamily("muster_wait_seconds", "Seconds waited for limits", labels=["source"])
        records = CounterMetricFamily("muster_records", "Records", labels=["source", "stream", "outcome"])
        age = GaugeMetricFamily(
            "muster_last_success_age_seconds", "Since the last good run", labels=["source"]
        )
        with self._engine.connect() as connection:
            for source, state, count in connection.execute(text(_RUNS)):
                runs.add_metric([source, state], count)
            for source, sent, seconds, last in connection.execute(text(_SOURCES)):
                requests.add_metric([source], sent)
                waited.add_metric([source], seconds)
                if last is not None:  # no success yet: no age, rather than a young one
                    age.add_metric([source], (self._now - last).total_seconds())
            for source, stream, *counts in connection.execute(text(_RECORDS)):
                for outcome, count in zip(_OUTCOMES, counts, strict=True):
                    records.add_metric([source, stream, outcome], count)
        yield from (runs, requests, waited, records, age)


_OUTCOMES = ("stored", "rejected", "filtered", "deleted")
_RUNS = "SELECT s.name, r.state, count(*) FROM run r JOIN source s ON s.id = r.source_id GROUP BY 1, 2 ORDER BY 1, 2"
_SOURCES = (
    "SELECT s.name, coalesce(sum(r.requests), 0), coalesce(sum(r.waited_s), 0),"
    " max(r.finished_at) FILTER (WHERE r.state = 'succeeded')"
    " FROM source s LEFT JOIN run r ON r.source_id = s.id GROUP BY s.name ORDER BY 1"
)
_RECORDS = (
    "SELECT s.name, l.stream, sum(l.stored), sum(l.rejected), sum(l.filtered), sum(l.deleted)"
    " FROM run_stream l JOIN run r ON r.id = l.run_id JOIN source s ON s.id = r.source_id"
    " GROUP BY 1, 2 ORDER BY 1, 2"
)
