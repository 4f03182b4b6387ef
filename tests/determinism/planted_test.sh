#!/usr/bin/env bash
# $1 is the test's script, $2 the program with the plants.
set -euo pipefail
PLANTED_MAIN=$(readlink -f "$2")
export PLANTED_MAIN
exec node "$(readlink -f "$1")"
