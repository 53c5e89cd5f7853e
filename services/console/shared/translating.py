"""Texts of templates, translated once: when a template is compiled for its language."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_CALL = ("name", "lparen", "string", "rparen")


class TextsPutIn(Extension):
    """Puts the translation where a template says `_("text")` and nothing else.

    What is left to be asked for each time is a text with values in it, and plurals. The text is
    markup, as gettext's is in a template: what is no percent sign stands as `%%` in it.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.translate: Callable[[str], str] = str

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield a template's tokens, calls of `_` with a text alone as the text itself."""
        seen: deque[Token] = deque()
        before = ""
        for token in stream:
            seen.append(token)
            if len(seen) < len(_CALL):
                continue
            if before != "dot" and _is_call(seen):
                yield from self._text(seen[2])
                seen.clear()
                before = "rparen"
            else:
                one = seen.popleft()
                before = one.type
                yield one
        yield from seen

    def _text(self, string: Token) -> Iterator[Token]:
        text = self.translate(string.value) % {}
        yield Token(string.lineno, "lparen", "(")
        yield Token(string.lineno, "string", text)
        yield Token(string.lineno, "pipe", "|")
        yield Token(string.lineno, "name", "safe")
        yield Token(string.lineno, "rparen", ")")


def _is_call(tokens: deque[Token]) -> bool:
    return tokens[0].value == "_" and tuple(token.type for token in tokens) == _CALL
