#!/usr/bin/env bash
# The Python library of Standard Webhooks signs the wall clock of a zone as if it were UTC.
#
# `Webhook.sign` takes the instant of a message as a datetime. One with a zone, such as
# datetime.now(ZoneInfo("Asia/Shanghai")), names one instant; the library puts UTC in the place of
# the zone without converting, and so signs an instant eight hours later. The header that goes with
# it holds the seconds of the true instant, as `timestamp()` gives them: the same library, verifying,
# finds that no signature matches. Two datetimes that are equal give two signatures. Nothing is said
# where the message is signed; every receiver refuses it. Convert to UTC before.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0 tzdata==2026.6
"$work/venv/bin/python" - <<'EOF'
from base64 import b64encode
from datetime import UTC, datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook("whsec_" + b64encode(bytes(range(32))).decode())
body = '{"type": "alert.raised"}'
now = datetime.now(UTC)
seen = {}
print("standardwebhooks", version("standardwebhooks"))
for zone in ("UTC", "Asia/Shanghai"):
    instant = now.astimezone(ZoneInfo(zone))
    assert instant == now
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(instant.timestamp())),
        "webhook-signature": webhook.sign("msg_1", instant, body),
    }
    try:
        webhook.verify(body, headers)
        seen[zone] = "verified"
    except WebhookVerificationError as error:
        seen[zone] = str(error)
    print(f"{zone:14} {seen[zone]}")
assert seen == {"UTC": "verified", "Asia/Shanghai": "No matching signature found"}
EOF
