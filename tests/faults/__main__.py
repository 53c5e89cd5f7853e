"""`python -m tests.faults`: every fault under load; a table, and last one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import signal
import sys
import time
import traceback
from functools import partial

from deploy.kafka.broker import missing
from tests.faults.catalogue import FAULTS
from tests.faults.ground import ground
from tests.faults.matrix import Fault, Outcome, Scene, Skipped

_ROW = "{:<22} {:<9} {:>6} {:>13} {:>6} {:>8}"


def main() -> int:
    """Run the faults asked for; the exit code is 1 if anything at all was wrong."""
    names = sorted({fault.name for fault in FAULTS})
    arguments = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    arguments.add_argument("--mode", choices=("embedded", "kafka", "all"), default="all")
    arguments.add_argument("--only", action="append", choices=names, help="a fault by its name")
    arguments.add_argument("--seed", type=int, default=None, help="repeat a run's choices")
    arguments.add_argument("--short", action="store_true", help="fewer times, shorter cuts")
    given = arguments.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    chosen = [
        fault
        for fault in FAULTS
        if given.mode in (fault.mode, "all") and (not given.only or fault.name in given.only)
    ]
    print(f"seed {seed}; {len(chosen)} faults under load", flush=True)
    results = asyncio.run(_run(chosen, seed, given.short))
    wrong = sum(len(outcome.wrong) for _, outcome, _ in results)
    _table(results)
    print(json.dumps({"seed": seed, "wrong": wrong, "faults": _figures(results)}))
    return 1 if wrong else 0


Results = list[tuple[Fault, Outcome, float]]


async def _run(chosen: list[Fault], seed: int, short: bool) -> Results:
    """Run the faults one after the other; told to end, leave nothing running."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    results: Results = []
    async with ground() as stands_on:
        for number, fault in enumerate(chosen, 1):
            title = f"[{number}/{len(chosen)}] {fault.name} ({fault.mode})"
            print(title, flush=True)
            started = time.monotonic()
            scene = Scene(stands_on, seed, short, partial(_progress, started))
            outcome = await _outcome(fault, scene)
            seconds = time.monotonic() - started
            results.append((fault, outcome, seconds))
            for wrong in outcome.wrong:
                print(f"    WRONG: {wrong}", flush=True)
            print(f"    {seconds:.0f} s, {outcome.acknowledged} events, "
                  f"{len(outcome.wrong)} wrong; {outcome.notes}", flush=True)  # fmt: skip
    return results


def _progress(started: float, said: str) -> None:
    print(f"    {time.monotonic() - started:5.0f} s  {said}", flush=True)


async def _outcome(fault: Fault, scene: Scene) -> Outcome:
    """Run a fault; that it could not be brought to its end is wrong, too."""
    lack = missing() if fault.mode == "kafka" else None
    if lack is not None:
        return Outcome(notes={"skipped": lack})
    try:
        return await fault.run(scene)
    except Skipped as why:
        return Outcome(notes={"skipped": str(why)})
    except Exception as error:  # noqa: BLE001 - the other faults are still to be tried
        traceback.print_exc()
        return Outcome(wrong=[f"it ended with {type(error).__name__}: {error}"])


def _table(results: Results) -> None:
    print()
    print(_ROW.format("fault", "mode", "times", "acknowledged", "wrong", "seconds"))
    for fault, outcome, seconds in results:
        if "skipped" in outcome.notes:
            print(f"{fault.name:<22} {fault.mode:<9} skipped: {outcome.notes['skipped']}")
            continue
        print(
            _ROW.format(
                fault.name, fault.mode, outcome.times, outcome.acknowledged,
                len(outcome.wrong), f"{seconds:.1f}",
            )
        )  # fmt: skip


def _figures(results: Results) -> list[dict[str, object]]:
    return [
        {
            "fault": fault.name,
            "mode": fault.mode,
            "times": outcome.times,
            "acknowledged": outcome.acknowledged,
            "wrong": len(outcome.wrong),
            "seconds": round(seconds, 1),
            **outcome.notes,
        }
        for fault, outcome, seconds in results
    ]


if __name__ == "__main__":
    sys.exit(main())
