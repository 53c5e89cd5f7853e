"""quixstreams with the fold in its state: RocksDB on disk, changelog topics, as it comes."""

from __future__ import annotations

from quixstreams import Application, State  # type: ignore[import-not-found]

from tests.bench.kafka.amounts import amount_of
from tests.bench.kafka.task import Result, Stopwatch, Sums, Task, answer, digest_of, given_task


def run(task: Task) -> Result:
    """Fold the whole topic into the state of a stream."""
    app = Application(
        broker_address=task.servers,
        consumer_group=f"{task.prefix}quix-{task.run}",
        auto_offset_reset="earliest",
        state_dir=task.folder,
        auto_create_topics=True,
        loglevel="ERROR",
    )
    topic = app.topic(
        f"{task.prefix}touchpoints.g1", key_deserializer="bytes", value_deserializer="bytes"
    )
    watch, sums, done = Stopwatch(task), Sums(), 0

    def fold(value: bytes, key: bytes, timestamp: int, headers: object, state: State) -> None:
        nonlocal done
        count, total = state.get("sum", (0, 0))
        now = [count + 1, total + amount_of(value)]
        state.set("sum", now)
        sums[key] = now  # what the state holds, kept to be compared: a dictionary's cost
        done += 1
        if done == task.events:
            app.stop()
        else:
            watch.saw(done)

    app.dataframe(topic).update(fold, stateful=True, metadata=True)
    app.run(collect=False)
    watch.saw(done)  # now that its last checkpoint is committed, as ours are
    return watch.result(digest_of(sums))


if __name__ == "__main__":
    answer(run(given_task()))
