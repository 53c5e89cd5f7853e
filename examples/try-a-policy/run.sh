#!/bin/sh
# Says what a policy would change, publishes it, and shows what is in force.
set -eu
cd "$(dirname "$0")"

touchstone import ../import-invoices/invoices.csv --mapping ../import-invoices/map.toml || true
touchstone explain K-310 --as-of 2026-03-31 --timeline 0
touchstone policy try credit.toml --at 2026-03-31
touchstone policy publish credit.toml
touchstone policy publish credit.toml
touchstone policy list credit
touchstone explain K-310 --as-of 2026-03-31 --timeline 0
