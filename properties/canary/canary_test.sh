#!/usr/bin/env bash
# canary_test CANARY FILE-OF-ONE-CANARY: each planted bug is found, and its clean twin passes.
set -euo pipefail
exec "$1" "$(dirname "$(dirname "$2")")" --streams 5 --seeds-max 200 --twin-seeds 100
