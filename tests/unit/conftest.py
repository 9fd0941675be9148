"""What several tests of the explorer need."""

import pytest
from support.viewer import Viewer

from classy_nb.panel.explorer import Explorer


@pytest.fixture
def viewer(explorer: Explorer) -> Viewer:
    """One who looks at the panel that the test file calls ``explorer``."""
    found = Viewer(explorer)
    found.say("hello")
    return found
