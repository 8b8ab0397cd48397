"""The query parser under atheris: `python -m tests.support.odata_fuzzing SECONDS [FOLDER OF TEXTS TO BEGIN WITH]`.

What is read is typed against the shop's model too, up to its SQL; nothing is asked of a database. Anything but a tree
or a refusal with its place in the text ends the run with a crash.
"""

import sys
from datetime import UTC, datetime
from urllib.parse import quote

import atheris

with atheris.instrument_imports(include=["api.odata"]):
    from api.odata.problems import Problem
    from api.odata.query.aggregate import run
    from api.odata.query.flow import begin
    from api.odata.query.rows import Query
    from api.odata.query.scope import Context
    from api.odata.resolve import resolve
    from api.odata.syntax import options, resource
    from tests.support.odata_shop import MODEL

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_SECONDS = 5  # for one text


def once(data: bytes) -> None:
    """Read one text as a path with a query."""
    text = data.decode("utf-8", "replace")
    path, _, query = text.partition("?")
    try:
        segments = resource.path(quote(path, safe="/()',=$%"))
        asked = options.query(query)
    except Problem as problem:
        if not problem.message or (problem.at is not None and not 0 <= problem.at <= len(text)):
            raise AssertionError(f"{problem.message!r} at {problem.at}") from problem
        return
    context = Context(MODEL, NOW, aliases=asked.aliases)
    try:
        if segments:
            resolve(context, segments)
        set_ = MODEL.by_name["Products"]
        rows = Query(context, set_, set_.type, set_.source.alias())
        rows.narrow(asked)
        rows.order(asked)
        run(begin(rows), asked.apply or ())
    except Problem:
        return


def main(seconds: str, *folders: str) -> None:
    """Run for so long, beginning with the texts of some folders; what crashes is left in the first."""
    settings = [f"-max_total_time={seconds}", f"-timeout={_SECONDS}", "-max_len=400", "-rss_limit_mb=2000"]
    found = [f"-artifact_prefix={folders[0]}/"] if folders else []
    atheris.Setup([sys.argv[0], *settings, *found, *folders], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
