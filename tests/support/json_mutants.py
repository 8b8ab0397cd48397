"""JSON as a tracker would never send it: hypothesis changes a good document in a few places."""

import copy
from typing import Any

from hypothesis import strategies as st

HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        2**63,
        -(2**63),
        2**31,
        1e308,
        "",
        "x",
        "null",
        "\x00",
        "\ud7ff",
        "9" * 400,
        "2026-13-45T99:99:99Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59.9999999-23:59",
        [],
        {},
        [None],
        [[]],
        {"": {}},
        [{"id": {}}],
        {"id": None},
        {"value": {"value": []}},
        "com.example.Sprint@1[id=,state=,name=[x]",
    ]
)


@st.composite
def mutants(draw: st.DrawFn, documents: list[Any]) -> Any:
    """Draw one of the documents with up to four values replaced, dropped, doubled or renamed."""
    document = copy.deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(document))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        how = draw(st.sampled_from(["replace", "replace", "drop", "double", "wrap"]))
        if how == "replace":
            holder[key] = copy.deepcopy(draw(HOSTILE))
        elif how == "drop":
            del holder[key]
        elif how == "wrap":
            holder[key] = [holder[key]]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[key] = {"value": holder[key]}
    return document


def _places(node: Any) -> Any:
    """Yield every (container, key) in the document."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(pairs):
        yield node, key
        yield from _places(value)
