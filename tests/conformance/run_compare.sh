#!/usr/bin/env bash
# The Bazel test: $1 is the edge binary, $2 a file of the tree's root. Reads the tree itself, since workerd and esbuild live in its node_modules.
set -euo pipefail
binary=$(readlink -f "$1")
root=$(dirname "$(readlink -f "$2")")
shift 2
# Bundles and unpacked tools of this run stay in this run's folder.
export XDG_CACHE_HOME=${TEST_TMPDIR:-$(mktemp -d)}/cache
exec node "$root/tests/conformance/compare.js" --edge "$binary" --root "$root" "$@"
