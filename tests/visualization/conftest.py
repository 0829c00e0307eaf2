"""What tests of several pages look through."""

import pytest

from tests.visualization import browser as browsers


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; tests that want it skip where there is none."""
    with browsers.opened() as opened:
        yield opened
