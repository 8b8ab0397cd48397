"""The process that reads one workbook: `python -m connectors.excel.child`.

Standard input is one line of JSON, `{"do": "read", "inspect" or "written", "layout": …, "limits": …}`, then the
file's bytes. Standard output is one line of JSON a record, then one last line: `{"told": …}`,
`{"sheets": …}` or `{"refused": words}`. A hostile file can at worst end this process.
"""

import sys
from dataclasses import asdict
from typing import Any

import orjson


def limit(limits: dict[str, Any]) -> None:
    """Bound this process's own memory and processor time; where the platform cannot, its parent's clock does."""
    try:
        import resource
    except ImportError:  # Windows
        return
    memory = int(limits["memory_mb"]) * 1024 * 1024
    seconds = int(limits["seconds"])
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (allowed, hard))
        except (ValueError, OSError):  # macOS takes no RLIMIT_AS
            continue


def main() -> int:
    """Read what the parent hands over."""
    order = orjson.loads(sys.stdin.buffer.readline())
    limit(order["limits"])
    body = sys.stdin.buffer.read()
    out = sys.stdout.buffer
    # Only now: what these import must fit into the limits, too.
    from connectors.excel.inspecting import inspect
    from connectors.excel.layout import Layout, Limits, Refused
    from connectors.excel.reading import Told, read
    from connectors.excel.written import sheets_written, to_line

    limits = Limits(**order["limits"])
    try:
        if order["do"] == "inspect":
            last: dict[str, Any] = {"sheets": inspect(order["file"], body, limits)}
        elif order["do"] == "written":
            for sheet in sheets_written(order["file"], body, limits):
                out.write(to_line(sheet) + b"\n")
            last = {"told": {}}
        else:
            told = Told()
            layout = Layout.from_json(orjson.dumps(order["layout"]))
            for record in read(layout, body, limits, told):
                out.write(orjson.dumps(record.line()) + b"\n")
            last = {"told": asdict(told)}
    except Refused as refusal:
        last = {"refused": str(refusal)}
    except MemoryError:
        last = {
            "refused": f"it needs more than {limits.memory_mb} MB of memory to read; make the sheet smaller"
        }
    out.write(orjson.dumps(last) + b"\n")
    out.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
