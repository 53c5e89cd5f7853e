"""Texts that people read: written in English where they are meant, marked for translation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence


def N_(text: str) -> str:
    """Mark a text for the catalogues that is translated where it is shown."""
    return text


class Worded(str):
    """A text in English that knows how it came about, so that it can be told in another language.

    `template` is what the catalogues hold; `%(name)s` in it stands for what is `named`.
    """

    template: str
    named: Mapping[str, object]

    def told(self, translated: Callable[[str], str]) -> str:
        """Return the text in the language of `translated`; what it names is told as well."""
        template = translated(self.template)
        if not self.named:
            return template
        return template % {name: told(value, translated) for name, value in self.named.items()}


def worded(template: str, /, **named: object) -> Worded:
    """Return a text that is marked for the catalogues, with what it names put in."""
    if isinstance(template, Worded):
        return template
    text = Worded(template % named if named else template)
    text.template = template
    text.named = named
    return text


def told(value: object, translated: Callable[[str], str]) -> object:
    """Return a value as a translated text names it: foreign words and numbers as they are."""
    return value.told(translated) if isinstance(value, Worded) else value


def spelled(text: str) -> object:
    """Return a text as JSON can hold it, with how it came about if it is worded."""
    if not isinstance(text, Worded):
        return str(text)
    named = {name: _spelled(value) for name, value in text.named.items()}
    return {"text": text.template, "named": named} if named else {"text": text.template}


def _spelled(value: object) -> object:
    if isinstance(value, str):
        return spelled(value)
    return value if isinstance(value, bool | int) else str(value)


def unspelled(data: object) -> str:
    """Return the text that was spelled so. Raises: ValueError where none was."""
    match data:
        case str():
            return data
        case {"text": str() as template, **rest} if rest.keys() <= {"named"}:
            named = rest.get("named", {})
            if isinstance(named, Mapping):
                return worded(template, **{str(n): _unspelled(v) for n, v in named.items()})
    raise ValueError("this is no text as it is kept")


def _unspelled(value: object) -> object:
    return value if isinstance(value, bool | int) else unspelled(value)


def either(texts: Sequence[str]) -> str:
    """Return what names one of several: A, B or C."""
    *others, last = texts
    if not others:
        return last
    listed = others[0]
    for one in others[1:]:
        listed = worded("%(listed)s, %(one)s", listed=listed, one=one)
    return worded("%(others)s or %(last)s", others=listed, last=last)
