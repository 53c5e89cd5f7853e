"""Conditions of a question with their parameters numbered as they come."""

from __future__ import annotations


class Question:
    """Conditions with numbered parameters, for one filter."""

    def __init__(self) -> None:
        self.parameters: list[object] = []
        self.conditions: list[str] = ["true"]
        self.joins = ""

    def add(self, value: object) -> str:
        """Take in a parameter and return how it is written."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    @property
    def where(self) -> str:
        """Return all conditions as one."""
        return " AND ".join(self.conditions)
