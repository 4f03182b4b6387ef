#!/usr/bin/env bash
# Runs one check on the tree itself, not on copies: the rules are about all of it. $1: tree, rules or format; $2: a file of the tree's root.
set -euo pipefail
root=$(dirname "$(readlink -f "$2")")
cd "$root"
case "$1" in
  rules) exec node tests/tidy/rules_test.js ;;
  tree) exec node tests/tidy/tidy.js . ;;
  format)
    if ! command -v clang-format >/dev/null; then
      echo "clang-format is missing: tools/setup installs it" >&2
      exit 1
    fi
    exec tools/dev format-check ;;
  *) echo "run.sh: no check named $1" >&2; exit 2 ;;
esac
