"""The twelve branches, how well each works, and when its line is down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.simulator.plan import Plan


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch: who it is and its habits, as shares between 0 and 1."""

    branch_id: str
    name: str
    name_en: str
    region: str
    weight: int  # its share in the customers
    diligence: float  # how often dunning goes out on its day
    care: float  # how rarely customers complain, and how soon they are helped
    days_between_outages: int
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"


BRANCHES = (
    Branch("BJ", "北京分公司", "Beijing", "华北", 14, 0.97, 0.90, 60),
    Branch("SH", "上海分公司", "Shanghai", "华东", 16, 0.98, 0.92, 75),
    Branch("GZ", "广州分公司", "Guangzhou", "华南", 12, 0.95, 0.85, 50),
    Branch("SZ", "深圳分公司", "Shenzhen", "华南", 12, 0.96, 0.88, 65),
    Branch("CD", "成都分公司", "Chengdu", "西南", 9, 0.90, 0.80, 35),
    Branch("HZ", "杭州分公司", "Hangzhou", "华东", 9, 0.96, 0.91, 60),
    Branch("WH", "武汉分公司", "Wuhan", "华中", 7, 0.85, 0.75, 30),
    Branch("XA", "西安分公司", "Xi'an", "西北", 6, 0.80, 0.70, 25),
    Branch("NJ", "南京分公司", "Nanjing", "华东", 6, 0.93, 0.84, 45),
    Branch("SY", "沈阳分公司", "Shenyang", "东北", 4, 0.70, 0.60, 18),
    Branch("UC", "乌鲁木齐分公司", "Urumqi", "西北", 2, 0.75, 0.72, 12, zone="Asia/Urumqi"),
    Branch(
        "HK", "香港分公司", "Hong Kong", "华南", 3, 0.94, 0.86, 55,
        zone="Asia/Hong_Kong", currency="HKD",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which a branch collects what it cannot send; its clock is off by `skew`."""

    starts: datetime
    ends: datetime
    skew: timedelta


def outages(plan: Plan, branch: Branch) -> Iterator[Outage]:
    """Yield a branch's outages in order, without end: hours mostly, sometimes a weekend."""
    dice = plan.dice("outages", branch.branch_id)
    at = plan.since
    while True:
        at += timedelta(days=dice.uniform(0.3, 1.7) * branch.days_between_outages)
        hours = dice.choice((4, 8, 20, 44, 66)) * dice.uniform(0.6, 1.3)
        ends = at + timedelta(hours=hours)
        wrong = dice.random() < 0.5
        skew = timedelta(minutes=dice.choice((-90, -12, -3, 8, 47, 130, 1440)) if wrong else 0)
        yield Outage(at, ends, skew)
        at = ends
