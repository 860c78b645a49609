"""The table of faults is the one that the tests write."""

import re
from pathlib import Path

from tests import faults


def test_every_row_is_of_a_test():
    """That each test's row is there, the test itself sees to."""
    text = "".join(path.read_text() for path in sorted(Path(__file__).parent.rglob("test_*.py")))
    code = re.sub(r'"\s+f?"', "", text)  # strings that go on in the next line
    table = faults.table()
    assert len(table) > 15
    for line in table:
        assert f'"{line.split("|")[1].strip()}"' in code, line
