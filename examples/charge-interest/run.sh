#!/bin/sh
# Says what interest and fees by German law would come to, and publishes them.
set -eu
cd "$(dirname "$0")"

touchstone import ../import-invoices/invoices.csv --mapping ../import-invoices/map.toml || true
touchstone report ageing --as-of 2026-03-31
touchstone policy try german-law.toml --at 2026-03-31
touchstone policy publish german-law.toml
touchstone policy list fees
touchstone report ageing --as-of 2026-03-31
touchstone explain K-310 --as-of 2026-03-31 --timeline 0
touchstone policy try chinese-law.toml --at 2025-06-30 | head -n 1
