// What would make two runs of one seed differ, or would swallow a fiber's unwinding: banned outside */os, each with its replacement.
'use strict';

const CLOCK = 'take the Clock seam (runtime/seam/clock.h); waiting belongs to the scheduler';
const RANDOM = 'take the Random seam (runtime/seam/random.h)';
const PROCESS = 'take the Process seam (runtime/seam/process.h)';
const DISK = 'take the Disk seam (storage/disk.h)';
const NETWORK = 'take the Network seam (net/network.h)';
const FIBERS = 'everything is one thread: use fibers (runtime/fiber); a helper thread belongs under */os';
const ORDERED = 'its order differs from run to run: use std::map, absl::btree_map or a sorted vector';
const OS = 'system headers belong under */os, behind a seam';

// `pattern` is tried on each line of code (comments and string contents blanked).
const BANNED = [
  {name: 'thread', pattern: /\bstd::(thread|jthread|async|mutex|recursive_mutex|shared_mutex|condition_variable|future|promise|call_once)\b/, instead: FIBERS},
  {name: 'thread', pattern: /\bpthread_\w+\s*\(|\babsl::(Mutex|CondVar|Notification)\b|\bthread_local\b/, instead: FIBERS},
  {name: 'clock', pattern: /\bstd::chrono\b|\babsl::(Now|GetCurrentTimeNanos|SleepFor)\b/, instead: CLOCK},
  {name: 'clock', pattern: /(?<![\w.>])(std::|::)?(clock_gettime|gettimeofday|localtime(_r)?|nanosleep|usleep)\s*\(|\bstd::clock\s*\(|(?<![\w.>])sleep\s*\(\s*\w/, instead: CLOCK},
  {name: 'clock', pattern: /(?<![\w.>])(std::|::)?time\s*\(\s*(nullptr|NULL|0|&\s*\w+)\s*\)/, instead: CLOCK},
  {name: 'random', pattern: /\babsl::(BitGen|InsecureBitGen|Uniform)\b|\bstd::(random_device|mt19937(_64)?|default_random_engine)\b/, instead: RANDOM},
  {name: 'random', pattern: /(?<![\w.>])(std::|::)?(rand|srand|drand48|getrandom|arc4random|RAND_bytes)\s*\(/, instead: RANDOM},
  {name: 'environment', pattern: /\b(secure_getenv|getenv|setenv|putenv)\s*\(|(?<![\w.>])(fork|vfork|popen|system|execve|execvp|posix_spawnp?|_exit)\s*\(\s*\S/, instead: PROCESS},
  {name: 'file', pattern: /\bstd::(filesystem|ifstream|ofstream|fstream)\b|\b(fopen|freopen|tmpfile|mkstemp|opendir)\s*\(/, instead: DISK},
  {name: 'file', pattern: /(?<![\w.>])(::)?(open|openat|creat|unlink|rename|mkdir|fsync|fdatasync|pread|pwrite)\s*\(\s*[^)\s]/, instead: DISK},
  {name: 'socket', pattern: /(?<![\w.>])(::)?(socket|bind|listen|accept4?|connect|recv|recvmsg|send|sendmsg|getaddrinfo|epoll_\w+)\s*\(\s*[^)\s]/, instead: NETWORK},
  {name: 'memory', pattern: /(?<![\w.>])(::)?(mmap|munmap|mprotect|madvise)\s*\(/, instead: 'take memory from the package that owns such mappings, or add it to the exceptions with a reason'},
  {name: 'stdio', pattern: /\bstd::(cout|cerr|clog|cin)\b|(?<![\w.>])(std::|::)?(printf|fprintf|puts|fputs|fwrite|perror)\s*\(/, instead: 'return a Status, or write to the Log (runtime/worker/log.h) or Terminal (runtime/terminal/terminal.h)'},
  {name: 'unordered', pattern: /\bunordered_(multi)?(map|set)\b|\b(flat|node)_hash_(map|set)\b/, instead: ORDERED},
  {name: 'pointer-order', pattern: /\bstd::(multi)?(set|map)<\s*(const\s+)?[\w:]+\s*\*/, instead: 'ordering by pointer differs from run to run: give the object a number'},
  {name: 'catch-all', pattern: /\bcatch\s*\(\s*\.\.\.\s*\)/, instead: 'it would swallow a fiber\'s forced unwinding: catch std::exception, or let it pass'},
];

const BANNED_HEADERS = [
  {pattern: /^(sys\/|netinet\/|arpa\/|linux\/|net\/if|asm\/)/, name: 'system-header', instead: OS},
  {pattern: /^(unistd|pthread|fcntl|netdb|signal|poll|dirent|dlfcn|spawn|sched|termios|pwd|grp|ucontext|execinfo|syslog|ftw|glob)\.h$/, name: 'system-header', instead: OS},
  {pattern: /^(csignal)$/, name: 'system-header', instead: OS},
  {pattern: /^(thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|latch|barrier)$/, name: 'thread', instead: FIBERS},
  {pattern: /^absl\/synchronization\//, name: 'thread', instead: FIBERS},
  {pattern: /^(chrono|ctime|time\.h|absl\/time\/clock\.h)$/, name: 'clock', instead: CLOCK},
  {pattern: /^(random|absl\/random\/.*|openssl\/rand\.h)$/, name: 'random', instead: RANDOM},
  {pattern: /^(filesystem|fstream)$/, name: 'file', instead: DISK},
  {pattern: /^(iostream)$/, name: 'stdio', instead: 'return a Status, or write to the Log or Terminal'},
  {pattern: /^(unordered_map|unordered_set|absl\/container\/(flat|node)_hash_.*)$/, name: 'unordered', instead: ORDERED},
];

// The whole list of exceptions. `rules` names what is allowed; the reason is for the reader.
const EXCEPTIONS = [
  {path: 'runtime/fiber/stack_pool.cc', rules: ['memory', 'system-header'], reason: 'guarded stacks are mappings; nothing of them is visible to a run'},
  {path: 'runtime/fiber/stack_pool_test.cc', rules: ['pointer-order', 'system-header'], reason: 'looks at the mappings of stacks, whose addresses are its subject'},
  {path: 'runtime/cron/cron_expression_test.cc', rules: ['clock'], reason: 'compares with the C library\'s calendar; reads no clock'},
  {path: 'runtime/js/limits_test.cc', rules: ['clock'], reason: 'prints how long a counted millisecond takes; asserts nothing about time'},
  {path: 'runtime/js/arena.cc', rules: ['memory', 'system-header'], reason: 'an isolate\'s arena is one mapping; its address is visible to nobody'},
  {path: 'tests/bench/http_ceiling_main.cc', rules: ['stdio', 'system-header'], reason: 'a benchmark program: a main of its own that prints and reads its CPU time'},
  {path: 'tests/bench/sim_bench_main.cc', rules: ['stdio', 'system-header'], reason: 'a benchmark program: a main of its own that prints and reads its CPU time'},
  {path: 'tests/bench/store_bench_main.cc', rules: ['environment', 'file', 'stdio', 'system-header'], reason: 'a benchmark program over real files: its parts are processes, so that it can read what memory each takes'},
  {path: 'properties/objects/object_bench_main.cc', rules: ['file', 'stdio'], reason: 'a program of its own that reads a bundle and prints what it found'},
  {path: 'properties/canary/canary_main.cc', rules: ['file', 'stdio'], reason: 'a program of its own that reads its bundles and prints what it found'},
  {path: 'properties/objects/object_bench_main.cc', rules: ['file', 'stdio'], reason: 'a program of its own that reads its bundles and prints what it found'},
  {path: 'runtime/terminal/terminal.cc', rules: ['stdio'], reason: 'the one place that writes to the terminal'},
  {path: 'runtime/main/main.cc', rules: ['system-header'], reason: 'names the signals that end the program; they arrive through the loop of runtime/os'},
  {path: 'runtime/js/tool/compile_library.cc', rules: ['file', 'stdio'], reason: 'a build tool: runs while edge is built, never in it'},
  {path: 'runtime/js/isolate_testing.h', rules: ['thread', 'system-header'], reason: 'gives a test of the engine a native stack of known size'},
  {path: 'runtime/js/arena_test.cc', rules: ['pointer-order'], reason: 'the addresses of one arena are what the test is about'},
  {path: 'tests/conformance/wpt_url_test.cc', rules: ['environment', 'file', 'stdio'], reason: 'reads test data from a folder named by the environment'},
  {path: 'tests/conformance/js_semantics_test.cc', rules: ['file', 'stdio'], reason: 'reads its snippets and prints which fail'},
  {path: 'tests/determinism/causality_test.cc', rules: ['stdio'], reason: 'prints how many removals and decisions it has compared'},
  {path: 'tests/parity/os_world.h', rules: ['file'], reason: 'makes a fresh folder for the machine\'s version of the Disk seam'},
  {path: 'sim/report/testing/timeline_sample.cc', rules: ['stdio'], reason: 'a program of a test: prints the page that a browser opens'},
  {path: 'tests/determinism/planted_main.cc', rules: ['clock', 'file', 'stdio', 'unordered'], reason: 'plants what is banned, to see it caught; writes the journals that its test compares'},
  {path: 'storage/image/vfs.cc', rules: ['clock'], reason: 'the type of a calendar time, for telling SQLite that local time is UTC; reads no clock'},
  {path: 'storage/image/image_differential_main.cc', rules: ['stdio'], reason: 'a program of its own that prints what it has compared'},
  {path: 'runtime/base/check.cc', rules: ['stdio'], reason: 'a failed check prints where, then ends the process'},
];

const isOs = (path) => /(^|\/)os\//.test(path);

// `exceptions` is a parameter for the tests of the rules.
function bannedApis(file, exceptions = EXCEPTIONS) {
  if (isOs(file.path)) return [];
  const allowed = new Set(exceptions.filter((entry) => entry.path === file.path).flatMap((entry) => entry.rules));
  const found = [];
  for (const include of file.includes) {
    if (!include.angled && !include.path.startsWith('absl/')) continue;
    for (const rule of BANNED_HEADERS) {
      if (rule.pattern.test(include.path) && !allowed.has(rule.name)) found.push({line: include.line, message: `<${include.path}> [${rule.name}]: ${rule.instead}`});
    }
  }
  file.code.split('\n').forEach((line, index) => {
    for (const rule of BANNED) {
      const match = /^\s*#\s*include/.test(line) || allowed.has(rule.name) ? null : rule.pattern.exec(line);
      if (match) found.push({line: index + 1, message: `${match[0].trim()} [${rule.name}]: ${rule.instead}`});
    }
  });
  return found;
}

// An exception whose file is gone or no longer needs it would hide the next slip.
function staleExceptions(files, exceptions = EXCEPTIONS) {
  const found = [];
  for (const entry of exceptions) {
    const file = files.find((candidate) => candidate.path === entry.path);
    const needed = file ? bannedApis(file, []).map((finding) => /\[([\w-]+)\]/.exec(finding.message)[1]) : [];
    for (const rule of entry.rules) {
      if (!needed.includes(rule)) {
        found.push({path: 'tests/tidy/banned.js', line: 1, message: `the exception [${rule}] for ${entry.path} is not needed: remove it`});
      }
    }
  }
  return found;
}

module.exports = {bannedApis, staleExceptions};
