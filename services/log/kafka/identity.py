"""Whether the topics are still those whose events were acknowledged, and hold all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from aiokafka.structs import TopicPartition

from events.partitioning import REFERENCE_PARTITION
from services.log.kafka.cluster import Cluster
from services.log.kafka.topics import TopicFault, describe, log_topics, refuse_other_partitions
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_GO_ON = "`touchstone move --to embedded --without-topics`"
_ALL = list(range(REFERENCE_PARTITION + 1))


class TopicReplaced(TopicFault):
    """A topic is not the one whose events were acknowledged, or it has lost some of them."""


_DISTRUSTED = str(UUID(int=0))


class TopicTruncated(TopicFault):
    """A topic ends, or begins, where acknowledged events should be."""

    def __init__(self, place: TopicPartition, expected: str) -> None:
        super().__init__(
            f"partition {place.partition} of topic {place.topic} has lost acknowledged events: "
            f"{expected}. Nothing is written to it. Restore the topic, or go on from the events "
            f"table, which has what was projected: {_GO_ON}."
        )
        self.place = place


async def check_identity(pool: Pool, cluster: Cluster, generation: int) -> None:
    """Refuse topics that are missing, have other partitions, or are not those seen first.

    Topics of a generation that was never appended to are seen for the first time.
    Raises: TopicFault, TopicReplaced, Unavailable, KafkaRefused.
    """
    topics = log_topics(cluster.prefix, generation)
    found = (await describe(cluster, topics)).topics
    for topic in topics:
        if topic.name not in found:
            raise TopicFault(f"topic {topic.name} is missing: run `touchstone topics create`")
        refuse_other_partitions(topic, found[topic.name])
    ids = {name: topic.topic_id for name, topic in found.items()}
    known = await _known(pool, generation, ids)
    for name, topic_id in ids.items():
        if known[name] == _DISTRUSTED:
            raise TopicReplaced(
                f"topic {name} has lost acknowledged events before and is not written to any "
                f"more. Go on from the events table: {_GO_ON}."
            )
        if known[name] != topic_id:
            raise TopicReplaced(
                f"topic {name} was deleted and made anew, or this is another cluster: its id is "
                f"{topic_id}, and acknowledged events are in {known[name] or 'another'}. Bring "
                f"the old topic back, or go on from the events table: {_GO_ON}."
            )


async def _known(pool: Pool, generation: int, ids: Mapping[str, str]) -> Mapping[str, str]:
    """Return the ids that the database knows, having remembered those of an unused log.

    Workers ask again and again: what is known is read without a lock, lest one that is frozen
    meanwhile keep every gateway waiting.
    """
    with translated():
        rows = await pool.fetch(sql("kafka_known_topics"), [*ids])
        if len(rows) == len(ids):
            return {row["name"]: row["topic_id"] for row in rows}
        async with pool.acquire() as connection, connection.transaction():
            heads = await connection.fetch(sql("kafka_lock_heads"), generation, _ALL)
            if not any(head["used"] for head in heads):
                await connection.execute(sql("kafka_know_topics"), [*ids], [*ids.values()])
            rows = await connection.fetch(sql("kafka_known_topics"), [*ids])
    return dict.fromkeys(ids, "") | {row["name"]: row["topic_id"] for row in rows}


async def distrust(pool: Pool, place: TopicPartition) -> None:
    """Have the topic refused from now on, by every process. Raises: Unavailable."""
    with translated():
        await pool.execute(sql("kafka_distrust"), place.topic)


def check_ends(
    places: Sequence[TopicPartition],
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    confirmed: Sequence[int],
) -> None:
    """Refuse topics that lack what was confirmed. Raises: TopicTruncated."""
    for place, count in zip(places, confirmed, strict=True):
        if begins[place] > 0:
            raise TopicTruncated(place, f"it begins at {begins[place]} and not at 0")
        if ends[place] < count:
            raise TopicTruncated(place, f"it ends at {ends[place]} and {count} were acknowledged")
