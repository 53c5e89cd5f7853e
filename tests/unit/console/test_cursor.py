"""Cursors cannot be made up, cut or moved to another query."""

import pytest

from services.console.shared.cursor import BadCursor, CursorSigner

SIGNER = CursorSigner(b"key")
PLACE = ("2026-03-01", "C-1", "A")
SHAPE = (str, str, str)


def test_a_cursor_leads_back_to_its_place() -> None:
    assert SIGNER.open("query", SIGNER.seal("query", PLACE), SHAPE) == PLACE


@pytest.mark.parametrize("cursor", ["", "x", "ü", "====", "A" * 100])
def test_nonsense_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        SIGNER.open("query", cursor, SHAPE)


def test_a_cursor_is_bound_to_query_key_and_shape() -> None:
    cursor = SIGNER.seal("query", PLACE)
    with pytest.raises(BadCursor):
        SIGNER.open("another", cursor, SHAPE)
    with pytest.raises(BadCursor):
        CursorSigner(b"other").open("query", cursor, SHAPE)
    with pytest.raises(BadCursor):
        SIGNER.open("query", cursor, (int, str, str))
    with pytest.raises(BadCursor):
        SIGNER.open("query", cursor[:-3], SHAPE)
