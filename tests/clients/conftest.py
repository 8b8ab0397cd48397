"""One served hub for all clients, with work items of three pages."""

from collections.abc import Iterator

import pytest

from tests.support.hub import Hub, served_hub


@pytest.fixture(scope="session")
def hub(template_url: str) -> Iterator[Hub]:
    with served_hub(template_url, work_items=2500) as found:
        yield found
