#!/usr/bin/env bash
# canary_test CANARY FOLDER [ARG...]: each planted bug is found, and its clean twin passes. FOLDER holds the scenarios; the bundles lie beside
# the program.
set -euo pipefail
program=$1
scenarios=$2
shift 2
[ $# -gt 0 ] || set -- --streams 5 --seeds-max 200 --twin-seeds 100
exec "$program" "$(dirname "$program")" "$scenarios" "$@"
