#!/usr/bin/env bash
# Bundles the lowering tool and what it stands on into one file, lower.cjs: build_toolchain.sh MAIN_JS PACKAGE_JSON OUT
set -euo pipefail
main=$1 package=$2 out=$3
workspace=$(dirname "$(readlink -f "$package")")
esbuild=$workspace/node_modules/@esbuild/linux-x64/bin/esbuild
if [ ! -x "$esbuild" ] || [ ! -d "$workspace/node_modules/@babel/core" ]; then
  echo "error: $workspace/node_modules is missing or incomplete; run tools/setup (or: npm ci)" >&2
  exit 1
fi
# ES2017 so that a Node that is too old can still parse the file and say so.
"$esbuild" "$(readlink -f "$main")" --bundle --platform=node --target=es2017 --minify-whitespace --minify-syntax --legal-comments=none \
  --external:@babel/preset-typescript/package.json --log-level=error --outfile="$out" \
  "--banner:js=if(+process.versions.node.split('.')[0]<18){process.stderr.write('error: bundling needs Node.js 18 or newer; this is '+process.version+'\\n');process.exit(4)}"
