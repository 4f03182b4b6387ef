#!/usr/bin/env bash
# Puts files into one object file as read-only data: embed.sh OUT_O NAME=FILE...  gives edge_embedded_NAME_{begin,end}.
set -euo pipefail
out=$1
shift
{
  echo '.section .note.GNU-stack,"",@progbits'
  echo '.section .rodata'
  for pair in "$@"; do
    name=${pair%%=*} file=${pair#*=}
    echo ".balign 16"
    echo ".global edge_embedded_${name}_begin"
    echo "edge_embedded_${name}_begin:"
    echo ".incbin \"$(readlink -f "$file")\""
    echo ".global edge_embedded_${name}_end"
    echo "edge_embedded_${name}_end:"
    echo ".byte 0"
  done
} | as -o "$out"
