"""Identifiers that look alike are one too many; the reason repeats nothing of them."""

import unicodedata

import pytest

from services.errors import UsageError
from services.intake.characters import flaw, flaw_on_a_page
from services.intake.keys import Keys
from tests.support.log import SetClock


@pytest.mark.parametrize("good", ["C-1001", "客户-7", "INV/2024/001", "a b", "Zoë", "§4", "😀"])
def test_a_plain_identifier_passes(good: str) -> None:
    assert flaw(good) is None


def test_no_mark_without_width_and_no_other_space_passes() -> None:
    """By Unicode's own classes, which the module does not ask."""
    for code in [*range(0x80, 0x3000), *range(0xFE00, 0xFFFF), *range(0x1D100, 0x1D200)]:
        sign = chr(code)
        if unicodedata.category(sign) in ("Cf", "Cc", "Zs", "Zl", "Zp", "Cs"):
            if 0x600 <= code <= 0x605 or sign in "\u06dd\u070f\u0890\u0891\u08e2":
                continue  # marks that are seen: signs over Arabic and Syriac numbers
            found = flaw(f"C{sign}1")
            assert found is not None, f"U+{code:04X}"
            assert sign not in found


@pytest.mark.parametrize("bad", [" C", "C ", "C\u3000", "\u00a0C", "a\nb", "\x7f", "a\ud800"])
def test_spaces_around_and_controls_do_not_pass(bad: str) -> None:
    assert flaw(bad) is not None


@pytest.mark.parametrize("path", [".", "..", "a/b", "/"])
def test_what_a_browser_takes_for_a_path_is_no_customer(path: str) -> None:
    assert flaw_on_a_page(path) is not None


@pytest.mark.parametrize("branch", ["SH\u200b-01", "\u202eSH", "SH\u00ad", "..", "a/b", ""])
async def test_a_branch_that_looks_like_another_gets_no_key(branch: str) -> None:
    keys = Keys(None, SetClock())  # type: ignore[arg-type]  # refused before it is asked
    with pytest.raises(UsageError, match="no branch id"):
        await keys.create(branch)
