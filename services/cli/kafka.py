"""`touchstone topics`: create Kafka's topics, check them, explain them; `touchstone work`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from services import terminal
from services.cli.opening import settings
from services.terminal import Format, FormatOption
from services.wording import counted

if TYPE_CHECKING:
    from services.log.kafka.cluster import Cluster
    from services.settings import Settings

topics = typer.Typer(help="Kafka's topics: create, check and explain them.", no_args_is_help=True)


class _Created(Struct):
    created: tuple[str, ...]


class _Checked(Struct):
    faults: tuple[str, ...]


class _Explained(Struct):
    name: str
    partitions: int
    about: str
    settings: dict[str, str]
    exists: bool


def work(
    once: Annotated[
        bool, typer.Option("--once", help="Stop when everything recorded so far is taken in.")
    ] = False,
) -> None:
    """Work on the log in Kafka: project this worker's share of the partitions.

    Start as many as there are cores to spare, on any machines, with the same
    TOUCHSTONE_KAFKA and TOUCHSTONE_DSN: they share the twelve partitions, and
    when one dies the others take over within seconds. A worker may be killed at
    any moment; nothing is lost or done twice.

    One of them, the leader, also tells the alert journal on the topic `alerts`;
    with TOUCHSTONE_ALERT_WEBHOOK each alert is sent there. Ctrl-C gives the
    partitions back.

    Exit code 3: events waited and it could not take them in, or something is
    away; start it again. `touchstone run` does all of this for you on one
    machine.
    """
    from services.hosts.worker import host  # Faust takes a second that other commands need not wait

    if once:
        taken = terminal.run_async(host.work_once(settings()))
        terminal.say(f"{counted(taken, 'event')} taken in")
    else:
        terminal.run_async(host.work(settings()))


@topics.command("create")
def create_command(fmt: FormatOption = Format.TEXT) -> None:
    """Create the topics that are missing; what exists is left as it is.

    Refuses a topic that has other partitions than it must: they are never added in place.
    """
    from services.log.kafka.cluster import cluster_of

    cluster = cluster_of(settings())
    created = terminal.run_async(_create(settings(), cluster))
    if fmt is Format.JSON:
        terminal.emit(_Created(created))
    for name in created if fmt is Format.TEXT else ():
        terminal.say(f"created {name}")
    if not created and fmt is Format.TEXT:
        terminal.say("nothing to create: every topic exists")


@topics.command("check")
def check_command(fmt: FormatOption = Format.TEXT) -> None:
    """Check the topics against what keeps acknowledged events; exit code 1 if one is wrong.

    Looks at partitions, copies, retention, in-sync replicas, leader election, and
    whether a topic is still the one that the database has seen first.
    """
    from services.log.kafka.cluster import cluster_of
    from services.log.kafka.topics import TopicFault

    cluster = cluster_of(settings())
    found = terminal.run_async(_check(settings(), cluster))
    if fmt is Format.JSON:
        terminal.emit(_Checked(found))
    else:
        for fault in found:
            terminal.say(fault)
    if found:
        raise TopicFault(f"{counted(len(found), 'fault')} in Kafka's topics; see above")
    if fmt is Format.TEXT:
        terminal.say("every topic is as it must be")


@topics.command("explain")
def explain_command(fmt: FormatOption = Format.TEXT) -> None:
    """Say what each topic is for, how it must be set and why, and whether it exists."""
    from services.log.kafka.cluster import cluster_of
    from services.log.kafka.topics import COPIES, in_sync

    cluster = cluster_of(settings())
    explained, copies = terminal.run_async(_explain(settings(), cluster))
    if fmt is Format.JSON:
        terminal.emit(explained)
        return
    for topic in explained:
        terminal.say(f"{topic.name}  ({'exists' if topic.exists else 'missing'})")
        terminal.say(f"  {topic.about}")
        terminal.say(f"  partitions={topic.partitions} copies={copies}")
        terminal.say("  " + " ".join(f"{name}={value}" for name, value in topic.settings.items()))
    terminal.say("")
    terminal.say(
        f"An event is acknowledged when {in_sync(copies)} of {copies} copies have it. With fewer "
        f"than {COPIES} brokers the loss of one machine's disk loses events."
    )


async def _generation(settings: Settings) -> int:
    from services.local_postgres.choosing import database
    from services.log.kafka.generations import claim_generation
    from services.postgres.migrate import migrate
    from services.postgres.pool import open_pool

    async with database(settings) as dsn, await open_pool(dsn) as pool:
        await migrate(pool)
        return await claim_generation(pool)


async def _create(settings: Settings, cluster: Cluster) -> tuple[str, ...]:
    from services.log.kafka.topics import all_topics, create

    return await create(cluster, all_topics(cluster.prefix, await _generation(settings)))


async def _check(settings: Settings, cluster: Cluster) -> tuple[str, ...]:
    from services.local_postgres.choosing import database
    from services.log.kafka.generations import claim_generation
    from services.log.kafka.identity import check_identity
    from services.log.kafka.topics import TopicFault, all_topics, faults
    from services.postgres.migrate import migrate
    from services.postgres.pool import open_pool

    async with database(settings) as dsn, await open_pool(dsn) as pool:
        await migrate(pool)
        generation = await claim_generation(pool)
        found = await faults(cluster, all_topics(cluster.prefix, generation))
        if not found:
            try:
                await check_identity(pool, cluster, generation)
            except TopicFault as error:
                found = (str(error),)
    return found


async def _explain(settings: Settings, cluster: Cluster) -> tuple[list[_Explained], int]:
    from services.log.kafka.topics import COPIES, all_topics, describe

    wanted = all_topics(cluster.prefix, await _generation(settings))
    found = await describe(cluster, wanted)
    copies = min(COPIES, found.brokers)
    return [
        _Explained(
            topic.name,
            topic.partitions,
            topic.about,
            dict(topic.settings(copies)),
            topic.name in found.topics,
        )
        for topic in wanted
    ], copies
