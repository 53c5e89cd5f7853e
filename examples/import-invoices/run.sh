#!/bin/sh
# Imports the export twice, then asks what is open and how old it is.
set -u
cd "$(dirname "$0")" || exit

touchstone import invoices.csv --mapping map.toml
echo "exit code $?"
touchstone import invoices.csv --mapping map.toml
touchstone report ageing --as-of 2026-03-31
