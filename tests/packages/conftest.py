# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / "system")]
from harness import short_exhibit  # noqa: E402


@pytest.fixture(scope="session")
def exhibit():
    return short_exhibit()


def pytest_exception_interact(node, report):
    """What the box's journal says of a test that failed."""
    story = getattr(node, "funcargs", {}).get("story")
    if story:
        said = story.box.try_run("journalctl", "--no-pager", "-n", "60")
        report.sections.append(("the box's journal", said.stdout + said.stderr))
