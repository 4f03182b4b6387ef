#!/usr/bin/env bash
# Entry of the Bazel tests: $1 is a test script, $2 the program that it tests, mostly edge. Node's own modules are all that the scripts need.
set -euo pipefail
EDGE_BINARY=$(readlink -f "$2")
export EDGE_BINARY
exec node "$(readlink -f "$1")"
