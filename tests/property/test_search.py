"""A customer is found if and only if plain words say so: by tokens and by comparing, together.

The rules are said here once more, plainly, by strings alone: what typed letters mean of a name,
how a number may be written, and which ends of ids are enough.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.envelope import CustomerId
from services.search.entries import Entry, Text
from services.search.terms import asked_for, find
from services.search.tokens import Kind, Tokens

TOKENS = Tokens(b"k" * 32)
SIMPLIFIED = {"張": "张", "單": "单", "麗": "丽", "國": "国"}
SOUNDS = {
    "王": ["wang"], "张": ["zhang"], "小": ["xiao"], "明": ["ming"], "丽": ["li"], "国": ["guo"],
    "单": ["dan", "shan", "chan"], "曾": ["ceng", "zeng"], "吕": ["lv", "lu", "lyu"],
    "翟": ["zhai", "di"], "仇": ["chou", "qiu", "ju"], "区": ["qu", "ou"],
}  # fmt: skip
"""How these are read, as a dictionary of names has it."""
LATIN = {
    "José": "jose",
    "O'Brien": "o brien",
    "Müller": "muller",
    "ANNA": "anna",
    "7-Eleven": "7 eleven",
}

names = st.lists(
    st.one_of(
        st.text("".join(SOUNDS) + "".join(SIMPLIFIED), min_size=1, max_size=4),
        st.sampled_from(sorted(LATIN)),
    ),
    min_size=1,
    max_size=3,
).map(" ".join)
national = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
letters = st.text("abcdeghilmnoqrsuwxyzv", min_size=1, max_size=12)


def plain_units(name: str) -> list[list[str]]:
    """Return a name as a list of units, each with its sounds; of Chinese with itself first."""
    units: list[list[str]] = []
    for part in name.split(" "):
        for word in LATIN[part].split(" ") if part in LATIN else [part]:
            if part in LATIN:
                units.append(["", word])
            else:
                units += [[c, *SOUNDS[c]] for c in (SIMPLIFIED.get(one, one) for one in word)]
    return units


def says(name: str, typed: str) -> bool:
    """Return whether a term is meant of a name: every way to read it, one after the other."""
    units = plain_units(name)
    if typed[0] in SOUNDS or typed[0] in SIMPLIFIED:
        meant = "".join(SIMPLIFIED.get(one, one) for one in typed)
        return meant in "".join(unit[0] for unit in units)
    for i in range(len(units)):
        rest = [unit[1:] for unit in units[i:]]
        for read in product(*rest):
            if "".join(read).startswith(typed):
                return True
            if "".join(one[0] for one in read).startswith(typed):
                return True
    return False


def is_found(entry: Entry, typed: str) -> bool:
    """Return whether the product finds an entry: first by its tokens, then by what it says."""
    asked = asked_for(typed, {"CN"})
    mine = set(TOKENS.of_entry(entry, "B-1"))
    if not asked.terms:
        return False
    by_tokens = bool(mine & set(TOKENS.of_whole(asked))) or all(
        mine.issuperset(all_of) and (not any_of or not mine.isdisjoint(any_of))
        for all_of, any_of in map(TOKENS.of_term, asked.terms)
    )
    return by_tokens and find(asked, entry) is not None


def entry(name: str = "", phone: str = "", customer: str = "-") -> Entry:
    of = CustomerId(customer)
    texts = [Text("id", customer, of)]
    if name:
        texts.append(Text("name", name, of))
    if phone:
        texts.append(Text("phone", phone, of, region="CN"))
    return Entry(of, texts)


@st.composite
def name_and_typed(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Draw a name, and terms that are mostly parts of it as somebody may type them."""
    name = draw(names)
    units = plain_units(name)
    typed = []
    for _ in range(draw(st.integers(1, 2))):
        i = draw(st.integers(0, len(units) - 1))
        read = [draw(st.sampled_from(unit[1:])) for unit in units[i:]]
        whole = draw(st.sampled_from(["".join(read), "".join(one[0] for one in read)]))
        han = "".join(unit[0] for unit in units)
        choices = [letters, st.just(whole[: draw(st.integers(1, len(whole)))])]
        if han:
            at = draw(st.integers(0, len(han) - 1))
            choices.append(st.just(han[at : at + draw(st.integers(1, 4))]))
        typed.append(draw(st.one_of(choices)))
    return name, typed


@given(name_and_typed())
@example(("單小明", ["shanxiao", "明"]))
@example(("吕国", ["lyuguo"]))
@example(("O'Brien José", ["obrienjose"]))
@example(("王王 王", ["wangwangwang", "www"]))
def test_a_name_is_found_if_and_only_if_it_says_so(drawn: tuple[str, list[str]]) -> None:
    name, typed = drawn
    expected = all(says(name, term) for term in typed)
    assert is_found(entry(name), " ".join(typed)) == expected
    shouted = " ".join(term.upper() for term in typed)
    assert is_found(entry(name), shouted) == expected


NO_EXTENSIONS = (
    "400-820-8820",
    "138-0013-8000",
    "0571-8888-0000",
    "+1 212-555-0199",
    "021-5555-0101",
)


@pytest.mark.parametrize("card", NO_EXTENSIONS)
def test_the_last_digits_of_a_number_written_in_parts_are_no_extension(card: str) -> None:
    assert is_found(entry(phone=card), card[-4:])
    assert is_found(entry(phone=card), card.replace("-", ""))
    assert not is_found(entry(phone=card), card[:-4] + "9999")


WRITTEN: tuple[Callable[[str], str], ...] = (
    str,
    lambda n: f"{n[:3]} {n[3:7]} {n[7:]}",
    lambda n: f"+86 {n}",
    lambda n: f"0086-{n[:3]}-{n[3:]}",
    lambda n: f"+86{n[:5]}.{n[5:]}",
    lambda n: "".join(chr(ord(one) + 0xFEE0) for one in n),  # of full width
)


@given(national, national, st.sampled_from(WRITTEN), st.sampled_from(WRITTEN), st.integers(1, 11))
def test_a_number_is_found_however_both_write_it_and_by_its_last_digits(
    number: str,
    other: str,
    stored: Callable[[str], str],
    typed: Callable[[str], str],
    digits: int,
) -> None:
    mine = entry(phone=stored(number))
    assert is_found(mine, typed(number))
    assert is_found(mine, typed(other)) == (number == other)
    end = other[-digits:]
    assert is_found(mine, end) == (digits >= 4 and number.endswith(end))
    assert is_found(mine, number[-4:])


OFFICES = (
    ("010", "{area}-{local}"),
    ("0571", "({area}){local}"),
    ("021", "+86 {short} {half}"),
    ("010", "{local}"),
)
"""Codes of cities, and how cards print numbers there."""

EXTENDED = (
    "-{}",
    " - {}",
    "转{}",
    " 转 {}",
    "轉{}",
    "分机{}",
    " 分機：{}",
    "转分机{}",
    " ext. {}",
    "#{}",
    "*{}",
    "({})",
)
"""How cards print an extension behind a number."""


@given(
    st.sampled_from(OFFICES),
    st.from_regex(r"[2-9][1-9][0-9]{6}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{1,4}", fullmatch=True),
    st.sampled_from(EXTENDED),
    st.sampled_from(EXTENDED),
    st.integers(4, 8),
)
@example(OFFICES[0], "88888888", "802", "-{}", "转{}", 4)
def test_an_office_is_found_by_its_number_with_the_extension_and_without(
    office: tuple[str, str],
    local: str,
    extension: str,
    stored: str,
    typed: str,
    digits: int,
) -> None:
    area, card = office

    def written(notation: str) -> str:
        return notation.format(
            area=area, short=area[1:], local=local, half=f"{local[:4]} {local[4:]}"
        )

    mine = entry(phone=written(card) + stored.format(extension))
    assert is_found(mine, local)
    assert is_found(mine, written(card))
    assert is_found(mine, written(card) + typed.format(extension))
    assert is_found(mine, local + extension)
    other = str(int(extension) + 1)
    assert not is_found(mine, written(card) + typed.format(other))
    assert is_found(entry(phone=written(card)), written(card) + typed.format(extension))
    assert is_found(mine, local[-digits:])
    with_it = local + extension
    assert is_found(mine, with_it[-digits:]) == (
        digits >= 4 + len(extension) or local.endswith(with_it[-digits:])
    )


@given(
    st.from_regex(r"[A-Za-z]{1,3}-[0-9]{2,6}", fullmatch=True),
    st.from_regex(r"[A-Za-z]{1,3}-[0-9]{2,6}", fullmatch=True),
)
@example("C-1234", "D-1234")
@example("AAA-00", "AA-00")
def test_an_id_is_found_in_any_case_and_by_its_last_four_letters(mine: str, other: str) -> None:
    def plain(text: str) -> str:
        return text.lower().replace("-", "")

    def is_meant(typed: str) -> bool:
        is_end = len(typed) == 4 and any(one.isdigit() for one in typed)
        return plain(mine) == typed or (is_end and plain(mine).endswith(typed))

    customer = entry(customer=mine)
    assert is_found(customer, mine.swapcase())
    assert is_found(customer, other) == is_meant(plain(other))
    end = plain(other)[-4:]
    assert is_found(customer, end) == is_meant(end)


def test_the_token_of_a_text_tells_nothing_without_the_key() -> None:
    other = Tokens(b"o" * 32)
    assert TOKENS.of(Kind.PAIR, "王明") == Tokens(b"k" * 32).of(Kind.PAIR, "王明")
    assert TOKENS.of(Kind.PAIR, "王明") != other.of(Kind.PAIR, "王明")
    assert TOKENS.of(Kind.PAIR, "王明") != TOKENS.of(Kind.WHOLE, "王明")
