"""Publish a file of CloudEvents to the gateway and say what became of each.

The address is TOUCHSTONE_GATEWAY, the branch's key is TOUCHSTONE_KEY. Repeating is safe: an event
that was recorded before is answered as a duplicate, and nothing changes.
"""

import json
import os
import sys
import urllib.request
from pathlib import Path


def publish(events: bytes) -> list[dict[str, str]]:
    """Return the gateway's answer to each event of a batch, in order."""
    request = urllib.request.Request(
        os.environ["TOUCHSTONE_GATEWAY"] + "/api/v1/events",
        data=events,
        headers={
            "Authorization": "Bearer " + os.environ["TOUCHSTONE_KEY"],
            "Content-Type": "application/cloudevents-batch+json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        results: list[dict[str, str]] = json.load(answer)["results"]
    return results


def main() -> None:
    """Publish the file that is named."""
    for result in publish(Path(sys.argv[1]).read_bytes()):
        said = result["status"]
        if said == "refused":
            said += f": {result['field']}: {result['reason']}; {result['remedy']}"
        print(f"{result['id']} {said}")


if __name__ == "__main__":
    main()
