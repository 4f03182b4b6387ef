# Sourced by the benchmarks: starting the servers that are compared, reading what they used.

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
bench=$root/tests/bench
work=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

die() { printf '%s\n' "$*" >&2; exit 1; }

# need PROGRAM DEBIAN-PACKAGE: whether it is here; says so once if not.
need() {
  command -v "$1" >/dev/null || { printf 'missing: %s (Debian package %s); install it with: apt-get install %s\n' "$1" "$2" "$2" >&2; return 1; }
}

# EDGE_BINARY, else what `bazel build //:edge` makes.
edge_binary() {
  if [ -z "${EDGE_BINARY:-}" ]; then
    (cd "$root" && bazel build //:edge >"$work/bazel.log" 2>&1) || { cat "$work/bazel.log" >&2; die "cannot build //:edge"; }
    EDGE_BINARY=$root/bazel-bin/edge
  fi
  readlink -f "$EDGE_BINARY"
}

workerd_binary=$root/node_modules/@cloudflare/workerd-linux-64/bin/workerd
esbuild=$root/node_modules/.bin/esbuild

main_of() { sed -n 's/.*"main": "\(.*\)".*/\1/p' "$bench/apps/$1/wrangler.jsonc"; }

# bundles APP: $work/APP.edge (a built bundle), $work/APP.mjs (workerd, node)
bundles() {
  local app=$1
  cp -r "$bench/apps/$app" "$work/$app"
  ln -s "$root/node_modules" "$work/$app/node_modules"
  "$edge" build "$work/$app" --out "$work/$app.edge" >/dev/null || die "edge build failed for $app"
  "$esbuild" "$work/$app/$(main_of "$app")" --bundle --format=esm --target=esnext --conditions=workerd,worker,browser "--external:cloudflare:*" --outfile="$work/$app.mjs" --log-level=error
}

# Each start_X APP PORT sets `started` to the process whose CPU and memory count. $pin is put before the command (taskset -c 0, or nothing).
start_edge() {
  $pin "$edge" serve "$work/$1.edge" --port "$2" >/dev/null 2>"$work/edge.$2.log" &
  started=$!
}
workerd_config() { # APP PORT
  cat >"$work/$1.$2.capnp" <<CAPNP
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker.js", esModule = embed "$1.mjs")], compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:$2", http = (), service = "main")],
);
CAPNP
}
start_workerd() {
  workerd_config "$1" "$2"
  $pin "$workerd_binary" serve "$work/$1.$2.capnp" >/dev/null 2>"$work/workerd.$2.log" &
  started=$!
}
start_node() {
  $pin node "$bench/node_server.mjs" "$1" "$2" "$work/$1.mjs" >/dev/null 2>"$work/node.$2.log" &
  started=$!
}
start_nginx() { # hello only
  mkdir -p "$work/nginx.$2"
  cat >"$work/nginx.$2/nginx.conf" <<NGINX
daemon off;
master_process off;
pid $work/nginx.$2/pid;
error_log $work/nginx.$2/error.log;
worker_rlimit_nofile 30000;
events { worker_connections 25000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  default_type "text/plain;charset=UTF-8";
  client_body_temp_path $work/nginx.$2/a; proxy_temp_path $work/nginx.$2/b; fastcgi_temp_path $work/nginx.$2/c; uwsgi_temp_path $work/nginx.$2/d; scgi_temp_path $work/nginx.$2/e;
  server { listen 127.0.0.1:$2; location / { return 200 "Hello, world!"; } }
}
NGINX
  $pin nginx -p "$work/nginx.$2" -c "$work/nginx.$2/nginx.conf" >/dev/null 2>&1 &
  started=$!
}

# start SERVER APP PORT; waits until it answers.
start() {
  "start_$1" "$2" "$3"
  pids+=("$started")
  local tries
  for tries in $(seq 200); do
    curl -s -o /dev/null "http://127.0.0.1:$3/" && return 0
    kill -0 "$started" 2>/dev/null || { cat "$work/$1.$3.log" 2>/dev/null >&2; die "$1 ended before it served $2"; }
    sleep 0.05
  done
  die "$1 does not answer"
}

# Below the ports that clients get: a client that connects to a port nobody listens on yet may otherwise meet itself.
free_port() {
  node -e '
    const net = require("net");
    const attempt = () => {
      const port = 12000 + Math.floor(Math.random() * 18000);
      const server = net.createServer().on("error", attempt).listen(port, "127.0.0.1", () => { console.log(port); server.close(); });
    };
    attempt();'
}

# Nanoseconds on the processor, all threads of PID.
# (%.0f: mawk's %d ends at 2^31.)
cpu_ns() { awk '{ sum += $1 } END { printf "%.0f\n", sum }' /proc/"$1"/task/*/schedstat; }
rss_kb() { awk '/^VmRSS/ { print $2 }' /proc/"$1"/status; }
private_kb() { awk '/^Private_(Clean|Dirty)/ { sum += $2 } END { print sum }' /proc/"$1"/smaps_rollup; }
median() { sort -n | awk '{ all[NR] = $1 } END { if (NR % 2) print all[(NR + 1) / 2]; else print (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }
