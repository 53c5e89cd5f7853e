"""What people read of a command that was refused, in their language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

from babel import Locale, dates, numbers

from events.money import Money, from_minor, minor_digits
from events.refusals import Teller
from services.web.languages import DAYS, INSTANTS, LANGUAGES, texts


def refusal_teller(
    language: str,
    tz: tzinfo,
    department: Callable[[str], str | None] = lambda _: None,
    staff: Callable[[str], str | None] = lambda _: None,
) -> Teller:
    """Return what tells refusals in a language, instants in a zone.

    `department` says what a department of an id is called, as far as anybody said; `staff` what
    a member of staff of a number is.
    """
    _ = texts(language).gettext
    locale = Locale.parse(LANGUAGES[language])
    pattern = INSTANTS[language]
    beside = _("%(name)s (%(id)s)")

    def called(name: str | None, identity: str) -> str:
        if name in (None, "", identity):
            return identity
        return beside % {"name": name, "id": identity}

    return Teller(
        text=_,
        instant=lambda at: dates.format_datetime(at, pattern, tzinfo=tz, locale=locale),
        day=lambda day: dates.format_date(day, DAYS[language], locale=locale),
        money=lambda money: _money(money, locale),
        comma=_("; "),
        nothing=_("none"),
        by=_("%(owed)s, by %(due)s"),
        department=lambda one: called(department(one), one),
        staff=lambda one: called(staff(one), one),
    )


def _money(money: Money, locale: Locale) -> str:
    """Return an amount with all digits of its currency, and its code."""
    digits = minor_digits(money.currency)
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    value = from_minor(money.minor, money.currency)
    return f"{numbers.format_decimal(value, pattern, locale=locale)} {money.currency}"
