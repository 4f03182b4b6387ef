// The texts of `edge help`.
#include <string>
#include <string_view>

#include "runtime/main/command_line.h"

namespace edge::cli {
namespace {

constexpr char kGeneral[] = R"(edge runs applications written for Cloudflare Workers.

  edge [serve] [DIR ...] serve the application in DIR (default: the folder you stand in; if it has no
                         wrangler file, the example that comes with edge)
  edge build [DIR]       bundle the application for a machine without Node
  edge init DIR          write a TypeScript starter into DIR
  edge sim [DIR]         run the application in thousands of simulated worlds with faults; what fails
                         is explained, shrunk and reproduced by one command
  edge replay [DIR]      run one simulated world again, event by event
  edge kv VERB [DIR]     get, put, delete or list pairs of KV, also of a running process
  edge cron run [DIR]    run a cron trigger now, in a running process
  edge objects [DIR]     list, export, import, delete or count Durable Objects, also of a running process
  edge backup [DIR]      copy all state while edge goes on; edge restore brings it back
  edge check [DIR]       look for damage in the state of a process that is not running
  edge help [VERB]       this text, or the flags of one verb
  edge version

Exit codes: 0 fine, 1 a property failed, 2 usage or configuration, 3 an internal check failed.
)";

constexpr char kServe[] = R"(edge serve [DIR ...] [flags]

Serves the worker in DIR: a folder with wrangler.toml, wrangler.json or wrangler.jsonc, or a bundle made by `edge build`.
Several folders: several workers in one process, which can call each other (docs/rpc.md). The first gets the
requests; state and caches are in its folder.

  --host ADDRESS   address to listen on (default 127.0.0.1)
  --port PORT      port to listen on (default 8787; 0: any free one)
  --env NAME       environment of the wrangler file
  --state FOLDER   where Durable Objects are kept (default DIR/.edge/state)
  --dev            show errors with their stacks in the browser
  --admin ADDRESS  serve /metrics for Prometheus at ADDRESS, like 127.0.0.1:9090 or 9090 (docs/metrics.md)
  --log FORMAT     text (default) or json: one object a line, with the ids of request and object
  --record FILE    append the requests served to FILE, for `edge sim --requests FILE` (docs/recording.md);
                   the values of Authorization and Cookie are left out
  --record-secrets record those too
  --test-scheduled /cdn-cgi/handler/scheduled?cron=..&time=.. runs the scheduled handler, for whoever asks

Bundling needs Node 18 or newer on the PATH (EDGE_NODE names another); a built bundle needs none.
State and caches live in DIR/.edge. Ctrl-C or SIGTERM ends it after the requests in flight.
)";

constexpr char kBuild[] = R"(edge build [DIR] [flags]

Bundles and lowers the worker in DIR and prints the bundle's folder. `edge serve FOLDER` runs it without Node.

  --out FOLDER     where to put the bundle (default: DIR/.edge/cache/bundles/HASH)
  --env NAME       environment of the wrangler file
)";

constexpr char kInit[] = R"(edge init DIR

Writes a small TypeScript application into DIR, which must not exist or be empty.
)";

constexpr char kSim[] = R"(edge sim [DIR ...] [flags]

Runs the workers in DIR ... in simulated worlds: a virtual clock, network and disk, clients that retry, outside
services, and faults, all decided by a seed. A failure is shrunk to what matters and printed as a story with
the command that reproduces it. docs/simulation.md is the guide.

  --seeds N            how many worlds (default 1000)
  --first-seed N       the first seed (default 1)
  --jobs N             processes at a time (default: one per processor)
  --scenario FILE      clients, requests, outside services and checks (default: edge.sim.json in DIR)
  --requests FILE      requests recorded by `edge serve --record FILE`
                       (with neither: requests to the routes found in the bundle)
  --contract NAME      cloudflare: what the platform may do (default); edge: what this runtime does
  --faults NAME        swarm: each world its own choice of faults (default); none; all
  --fail-fast          stop at the first failure
  --no-shrink          do not shrink failures
  --out FOLDER         where traces and timelines go (default DIR/.edge/sim)
  --turns-max N        a world that takes more turns of its fibers than this is stuck (default 50,000,000)
  --json               one JSON object on standard output, nothing else
  --env NAME           environment of the wrangler file

Exit codes: 0 every seed passed; 1 a property failed; 2 usage, or no request ever reached the worker;
3 a world did not end, or a seed was not the same run twice. Ctrl-C ends it with the results so far.
)";

constexpr char kReplay[] = R"(edge replay [DIR ...] (--seed N | --trace FILE) [flags]

Runs one simulated world again and prints its events, one a line, then the story of its failure.

  --seed N             the world of this seed
  --trace FILE         a recorded trace; it is aligned to the application as it is now
  --until EVENT        stop after this event and print what every actor is doing
  --all                every event, also fibers' turns and decisions
  --json               the journal as JSON
  --bundle, --scenario-hash, --model HASH
                       refuse to run if the application, the scenario or the fault model is another one
  --scenario, --requests, --contract, --faults, --turns-max, --env
                       as in edge sim

Exit codes: 0 the run passed; 1 it failed (as it should); 2 usage, or a mismatch; 3 an internal check failed.
)";

constexpr char kObjects[] = R"(edge objects [list|export|import|delete|stats] [DIR] [flags]

Shows or changes the Durable Objects of the worker in DIR. A process that serves it goes on; an object that
is imported or deleted is reset.

  list                 a line per object: class, id, size, epoch, alarm
  export               write one into a file: a plain SQLite database, and FILE.alarm if it has an alarm
  import               replace one by what export wrote
  delete
  stats                how many objects there are, live, hibernating and with an open database; what the log and
                       checkpoints have done since the process started, and per write

  --class NAME         its class (list: of this class only); WORKER/NAME where several workers have one
  --id HEX             its id, 64 digits
  --out FILE           export: the file, which must not exist
  --from FILE          import: the file
  --json               stats: one JSON object
  --state FOLDER       the state (default DIR/.edge/state)
)";

constexpr char kKv[] = R"(edge kv (get|put|delete|list) [DIR] --namespace ID [flags]

Shows or changes the pairs of a KV namespace of the worker in DIR, in the process that serves it or, if none
does, in its state. ID is the id of the wrangler file.

  --key KEY            get, put, delete; list: --prefix TEXT
  --value TEXT         put; or --from FILE
  --ttl SECONDS        put: the pair expires then (60 or more)
  --json               list: a JSON array of names, expirations and metadata
  --state FOLDER       the state (default DIR/.edge/state)
)";

constexpr char kCron[] = R"(edge cron run [DIR] [flags]

Runs the scheduled handler now, in the process that serves the worker in DIR, and says how it ended. What is
due runs as before.

  --cron EXPRESSION    which, as the wrangler file writes it (default: the only one)
  --worker NAME        of which worker (default: the only one with cron expressions)
  --state FOLDER       the state (default DIR/.edge/state)
)";

constexpr char kBackup[] = R"(edge backup [DIR] --out FOLDER [--state FOLDER]

Copies all state of the worker in DIR into FOLDER, which must not exist or be empty, as of one moment. A
process that serves it goes on. The copy is a state folder like the original:

  edge restore DIR --from FOLDER     brings it back: DIR/.edge/state must not exist or be empty
  edge check --state FOLDER          looks for damage in it
)";

constexpr char kCheck[] = R"(edge check [DIR] [--state FOLDER]

Reads all state of the worker in DIR while no process serves it: the log, the catalog, every page's checksum,
and SQLite's own check of every object. A line per finding; exit code 1 if something is damaged.
)";

}  // namespace

std::string HelpText(std::string_view topic) {
  if (topic == "serve") return kServe;
  if (topic == "build") return kBuild;
  if (topic == "init") return kInit;
  if (topic == "sim") return kSim;
  if (topic == "replay") return kReplay;
  if (topic == "objects") return kObjects;
  if (topic == "kv") return kKv;
  if (topic == "cron") return kCron;
  if (topic == "backup" || topic == "restore") return kBackup;
  if (topic == "check") return kCheck;
  return kGeneral;
}

}  // namespace edge::cli
