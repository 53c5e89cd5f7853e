#!/bin/sh
# Tries service flows, publishes them, and shows that a flow which could never end is refused.
set -eu
cd "$(dirname "$0")"

touchstone policy try utility.toml
touchstone policy publish retailer.toml
touchstone policy list flows
touchstone policy publish circle.toml 2>&1 || true
