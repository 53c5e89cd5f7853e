"""Whether what people read is Chinese: judged by its words, not by a catalogue."""

import re

_HAN = re.compile("[\u4e00-\u9fff]")
_ENGLISH = frozenset(
    """
    a all an and are at be been both by for from give given has have here if in is it leave
    many may more must no none nor nobody not nothing of once one only or out say see send so
    than that the them then there this to too was what which who with write your
    """.split()  # noqa: SIM905 - easier to read than a list of forty
)
"""Words that no English sentence does without, and that name no field of ours."""


def assert_chinese(text: str) -> None:
    """Let a text pass that is written in Chinese, names and codes apart."""
    assert _HAN.search(text), f"not in Chinese: {text}"
    without_quotes = re.sub(r"'[^']*'|`[^`]*`|\"[^\"]*\"", "", text)
    left = set(re.findall(r"\b[A-Za-z]+\b", without_quotes)) & _ENGLISH
    assert not left, f"English words {sorted(left)} in: {text}"
