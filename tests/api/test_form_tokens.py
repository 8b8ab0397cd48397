import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.wire.personal import Personal
from tests.support.shared import ROOT

_FORM = re.compile(r"<form\b(?:[^>{]|\{\{.*?\}\}|\{%.*?%\})*>", re.DOTALL)


@pytest.mark.parametrize("path", sorted((ROOT / "api/templates").glob("*.html")), ids=lambda path: path.name)
def test_every_form_that_is_posted_begins_with_its_token(path: Path) -> None:
    text = path.read_text()
    for found in _FORM.finditer(text):
        if re.search(r'method="post"', found.group(), re.IGNORECASE):
            assert text[found.end() :].lstrip().startswith("{{ m.csrf() }}"), found.group()


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from([b"<p>", "é".encode(), b"who-1", b"csrf-1", b"x" * 70_000, b""]), max_size=12),
    st.binary(max_size=200),
)
def test_a_page_that_was_packed_once_is_filled_for_each_reader_without_packing_it_again(
    parts: list[bytes], name: bytes
) -> None:
    page = b"".join(parts)
    packed = Personal({b"who-1": b"", b"csrf-1": b""}).pack(page, 5)
    own = Personal({b"who-1": name, b"csrf-1": b"t" * 43})
    expected = re.sub(b"who-1|csrf-1", lambda mark: own.values[mark.group()], page)
    filled = own.fill(page)
    assert filled == expected
    assert gzip.decompress(own.fill_packed(packed, filled)) == filled
