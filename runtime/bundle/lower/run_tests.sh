#!/usr/bin/env bash
# Runs the tests of the lowering tool with Node, in the workspace itself: they need its node_modules.
set -euo pipefail
here=$(dirname "$(readlink -f "$1")")
cd "$here"
exec node --test ./*_test.js
