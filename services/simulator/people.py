"""Invented people and firms; nobody real is meant, and phone numbers are of no network."""

from random import Random

from pypinyin import lazy_pinyin

_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红鑫宇浩然子轩梓涵欣怡思远嘉诚"
_WORDS = (
    "恒",
    "瑞",
    "盛",
    "华",
    "永",
    "金",
    "泰",
    "鼎",
    "锦",
    "宏",
    "嘉",
    "德",
    "启",
    "源",
    "聚",
    "博",
)
_TRADES = ("贸易", "电器", "家居", "建材", "科技", "商贸", "机电", "百货", "物业", "酒店用品")
_STREETS = ("人民路", "解放路", "中山路", "建设路", "和平街", "新华路", "文化路", "长江路")


def person(dice: Random) -> str:
    """Return a person's name."""
    given = dice.choice(_GIVEN) + (dice.choice(_GIVEN) if dice.random() < 0.75 else "")
    return dice.choice(_SURNAMES) + given


def in_letters(name: str) -> str:
    """Return a person's name in Latin letters, the surname last: Xiaoming Wang."""
    surname, *given = lazy_pinyin(name)
    return f"{''.join(given).capitalize()} {surname.capitalize()}"


def firm(dice: Random, city: str) -> str:
    """Return a firm's name."""
    return f"{city}{dice.choice(_WORDS)}{dice.choice(_WORDS)}{dice.choice(_TRADES)}有限公司"


def phone(dice: Random) -> str:
    """Return a mobile number with a prefix that no network uses."""
    return f"100{dice.randrange(10**8):08d}"


def address(dice: Random, city: str) -> str:
    """Return an address in a city."""
    return f"{city}市{dice.choice(_STREETS)}{dice.randrange(1, 400)}号"
