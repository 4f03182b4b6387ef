#!/usr/bin/env bash
# run.sh PROGRAM ARG...: so that a program with data is a test.
set -euo pipefail
exec "$@"
