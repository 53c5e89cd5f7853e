#!/bin/sh
# Makes a key for branch B-01 and publishes three events, twice.
set -eu
cd "$(dirname "$0")"

TOUCHSTONE_KEY=$(touchstone branch key create B-01 --label example)
TOUCHSTONE_GATEWAY=${TOUCHSTONE_GATEWAY:-http://127.0.0.1:8421}
export TOUCHSTONE_KEY TOUCHSTONE_GATEWAY

python3 publish.py events.json
python3 publish.py events.json
touchstone explain C-1001 --as-of 2026-03-31
touchstone quarantine list
