"""What `rebuild` says became of a projection: mended only where something was wrong."""

import pytest

from services.cli.rebuild import rebuilt_lines
from services.rebuild.rebuilding import Rebuilt


def rebuilt(version_before: int, replaced: int, removed: int) -> Rebuilt:
    none = dict.fromkeys(Rebuilt.__struct_fields__, 0)
    changed = {
        "projection": "case_board",
        "version_before": version_before,
        "version": 3,
        "rows_replaced": replaced,
        "rows_removed": removed,
    }
    return Rebuilt(**none | changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version_before", "replaced", "removed", "said"),
    [
        (2, 0, 0, "case_board version 3 is live instead of version 2"),
        (3, 5, 0, "case_board version 3 is live, mended"),
        (3, 0, 1, "case_board version 3 is live, mended"),
        (3, 0, 0, "case_board version 3 is live, as it was: every row was right"),
    ],
)
def test_it_says_mended_only_where_a_row_was_wrong(
    version_before: int, replaced: int, removed: int, said: str
) -> None:
    assert rebuilt_lines(rebuilt(version_before, replaced, removed))[0] == said
