#!/usr/bin/env bash
# Entry of the Bazel tests: $1 is a test script, $2 the program that it tests, mostly edge; $3, if there is one, a library that makes a disk
# go wrong (os/disk_trouble.cc). Node's own modules are all that the scripts need.
set -euo pipefail
EDGE_BINARY=$(readlink -f "$2")
export EDGE_BINARY
if [[ $# -gt 2 ]]; then
  EDGE_DISK_TROUBLE=$(readlink -f "$3")
  export EDGE_DISK_TROUBLE
fi
exec node "$(readlink -f "$1")"
