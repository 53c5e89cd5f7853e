"""`python -m tests.faults`: kill everything many times; a table, and last one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys

from tests.faults.kills import Kill, Run, kill_again_and_again


def main() -> int:
    """Run the kills; the exit code is 1 if anything at all was wrong."""
    arguments = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    arguments.add_argument("--kills", type=int, default=20, help="how often to kill")
    arguments.add_argument("--customers", type=int, default=1_500, help="size of the workload")
    arguments.add_argument("--seed", type=int, default=None, help="repeat a run's choices")
    given = arguments.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    print(f"seed {seed}; kill -9 of every process, {given.kills} times, under load")
    print(f"{'kill':>4} {'after s':>8} {'while':>8} {'processes':>9} {'acknowledged':>12} "
          f"{'back after s':>12}")  # fmt: skip
    run = asyncio.run(kill_again_and_again(given.kills, seed, given.customers, _print))
    for wrong in run.found.wrong:
        print(f"WRONG: {wrong}")
    print(json.dumps(_figures(run, seed)))
    return 1 if run.found.wrong else 0


def _print(kill: Kill) -> None:
    phase = "serving" if kill.ready else "starting"
    back = "-" if kill.restart_s is None else f"{kill.restart_s:.2f}"
    print(
        f"{kill.number:>4} {kill.after_s:>8.2f} {phase:>8} {kill.processes:>9} "
        f"{kill.acknowledged:>12} {back:>12}",
        flush=True,
    )


def _figures(run: Run, seed: int) -> dict[str, object]:
    ledger, found = run.ledger, run.found
    restarts = sorted(kill.restart_s for kill in run.kills if kill.restart_s is not None)
    return {
        "seed": seed,
        "kills": len(run.kills),
        "seconds": round(run.seconds, 1),
        "acknowledged": len(ledger.receipts),
        "in_log": found.events,
        "customers": found.customers,
        "answered_as_duplicate": ledger.duplicates,
        "requests_broken_off": ledger.unanswered,
        "requests_refused_503": ledger.unavailable,
        "alerts_raised": found.alerts_raised,
        "median_restart_s": round(restarts[len(restarts) // 2], 2),
        "digest": found.digest,
        "wrong": len(found.wrong),
    }


if __name__ == "__main__":
    sys.exit(main())
