// Every rule has a sample that it refuses and one that it lets pass.
'use strict';
const assert = require('assert');
const {bannedApis, staleExceptions} = require('./banned.js');
const {stripCommentsAndStrings} = require('./cpp.js');
const {includeDirection} = require('./layers.js');
const {fileRules, treeRules} = require('./shape.js');
const {asFile, check} = require('./tidy.js');

let tests = 0;
function test(name, body) {
  tests++;
  try {
    body();
  } catch (error) {
    console.error(`FAILED ${name}\n${error.message}`);
    process.exitCode = 1;
  }
}
const messages = (rule, path, text) => rule(asFile(path, text)).map((finding) => `${finding.line}: ${finding.message}`);
const refuses = (rule, path, text, expected) => assert.match(messages(rule, path, text).join('\n'), expected, `must refuse: ${text}`);
const passes = (rule, path, text) => assert.deepStrictEqual(messages(rule, path, text), [], `must pass: ${text}`);
const banned = (file) => bannedApis(file, []);

test('comments and strings are no code, line numbers stay', () => {
  assert.strictEqual(stripCommentsAndStrings('a(); // rand()\nb("rand()");'), 'a(); \nb("");');
  assert.strictEqual(stripCommentsAndStrings('/* x\ny */z'), ' \nz');
  assert.strictEqual(stripCommentsAndStrings('f(R"js(rand() " \n)js"); g()'), 'f(""\n); g()');
  assert.strictEqual(stripCommentsAndStrings("x = 1'000'000; c = '\"'; y"), "x = 1'000'000; c = ''; y");
  assert.strictEqual(stripCommentsAndStrings('#include "net/network.h"'), '#include "net/network.h"');
});

const BANNED_SAMPLES = [
  ['std::thread t(f);', /thread.*fibers/],
  ['absl::Mutex mu;', /fibers/],
  ['thread_local int x;', /fibers/],
  ['auto t = std::chrono::steady_clock::now();', /Clock seam/],
  ['absl::Now()', /Clock seam/],
  ['time(nullptr)', /Clock seam/],
  ['::time( &now )', /Clock seam/],
  ['clock_gettime(CLOCK_MONOTONIC, &ts);', /Clock seam/],
  ['absl::BitGen gen;', /Random seam/],
  ['int x = rand();', /Random seam/],
  ['std::mt19937 gen;', /Random seam/],
  ['getenv("HOME")', /Process seam/],
  ['std::filesystem::path p;', /Disk seam/],
  ['FILE* f = fopen(path, "r");', /Disk seam/],
  ['int fd = ::open(path, O_RDONLY);', /Disk seam/],
  ['int fd = socket(AF_INET, SOCK_STREAM, 0);', /Network seam/],
  ['mmap(nullptr, 1, 2, 3, 4, 5)', /exceptions/],
  ['std::cerr << x;', /Log/],
  ['printf("x");', /Log/],
  ['std::unordered_map<int, int> m;', /std::map/],
  ['absl::flat_hash_set<int> s;', /btree_map/],
  ['std::set<Node*> s;', /number/],
  ['std::map<const Fiber*, int> s;', /number/],
  ['} catch (...) {', /std::exception/],
  ['#include <sys/socket.h>', /\*\/os/],
  ['#include <unistd.h>', /\*\/os/],
  ['#include <thread>', /fibers/],
  ['#include <chrono>', /Clock seam/],
  ['#include "absl/time/clock.h"', /Clock seam/],
  ['#include "absl/container/flat_hash_map.h"', /std::map/],
];
for (const [code, expected] of BANNED_SAMPLES) {
  test(`banned: ${code}`, () => {
    refuses(banned, 'runtime/fiber/x.cc', `\n${code}`, expected);
    refuses(banned, 'runtime/fiber/x.cc', `\n${code}`, /^2: /);
    passes(banned, 'runtime/os/x.cc', code);
    passes(banned, 'runtime/fiber/x.cc', `// ${code}`);
  });
}
test('what only looks banned passes', () => {
  for (const code of ['Duration time() const;', 'clock.time(x);', 'brand(1);', 'file->open(path);', 'disk.Open(path)', 'listener->accept(x)', 'bool open() const;',
                      'catch (const std::exception& e)', 'std::set<std::string> s;', 'std::map<int, Node*> m;', 'Clock& clock() const', '#include <map>', 'Random& random() const',
                      'my_printf(x)', 'std::snprintf(buffer, 3, "x")']) passes(banned, 'runtime/fiber/x.cc', code);
});
test('an exception allows its rule in its file only, and is refused when nothing needs it', () => {
  const exceptions = [{path: 'a/x.cc', rules: ['stdio'], reason: 'test'}];
  const rule = (file) => bannedApis(file, exceptions);
  passes(rule, 'a/x.cc', 'printf("x");');
  refuses(rule, 'a/x.cc', 'int x = rand();', /Random/);
  refuses(rule, 'a/y.cc', 'printf("x");', /stdio/);
  assert.deepStrictEqual(staleExceptions([asFile('a/x.cc', 'printf("x");')], exceptions), []);
  assert.match(staleExceptions([asFile('a/x.cc', 'int x;')], exceptions)[0].message, /not needed/);
  assert.match(staleExceptions([], exceptions)[0].message, /not needed/);
});

test('includes point downwards', () => {
  const include = (path) => `#include "${path}"\n`;
  passes(includeDirection, 'runtime/worker/x.cc', include('runtime/js/isolate.h') + include('net/http/server.h') + include('runtime/worker/y.h'));
  passes(includeDirection, 'runtime/js/language/x.cc', include('runtime/js/isolate.h'));
  refuses(includeDirection, 'runtime/js/x.cc', include('runtime/worker/worker.h'), /1: includes runtime\/worker\/worker.h: runtime\/js may include only what is below/);
  refuses(includeDirection, 'runtime/config/x.cc', include('runtime/bundle/bundle.h'), /below/);
  refuses(includeDirection, 'runtime/base/x.h', include('runtime/seam/clock.h'), /below/);
  refuses(includeDirection, 'runtime/fiber/x.h', include('net/network.h'), /below/);
  refuses(includeDirection, 'runtime/worker/x.h', include('sim/world.h'), /below|no place/);
});
test('only main, the parity tests and other os folders see */os', () => {
  const code = '#include "net/os/network.h"\n';
  for (const path of ['runtime/main/main.cc', 'tests/parity/x.cc']) passes(includeDirection, path, code);
  passes(includeDirection, 'net/os/x.cc', '#include "runtime/os/epoll_loop.h"\n');
  for (const path of ['runtime/worker/x.cc', 'tests/conformance/x.cc', 'net/http/x_test.cc']) refuses(includeDirection, path, code, /see \*\/os/);
});
test('testing folders are for tests', () => {
  const code = '#include "storage/testing/memory_disk.h"\n';
  passes(includeDirection, 'runtime/bundle/x_test.cc', code);
  refuses(includeDirection, 'runtime/bundle/x.cc', code, /for tests/);
});
test('a folder without a place is told so', () => refuses(includeDirection, 'runtime/nowhere/x.cc', '', /no place/));
test('libraries stay in their packages', () => {
  const sample = (path, header, angled) => (angled ? `#include <${header}>\n` : `#include "${header}"\n`);
  for (const [header, angled, yes, no] of [
    ['duktape.h', false, 'runtime/web/x.cc', 'runtime/main/x.cc'],
    ['boost/context/fiber.hpp', true, 'runtime/fiber/x.cc', 'runtime/js/x.cc'],
    ['boost/beast/http.hpp', true, 'net/http/x.cc', 'runtime/worker/x.cc'],
    ['boost/json.hpp', true, 'runtime/config/x.cc', 'runtime/fiber/x.cc'],
    ['toml++/toml.h', true, 'runtime/config/x.cc', 'runtime/main/x.cc'],
    ['sqlite3.h', true, 'storage/image/x.cc', 'runtime/worker/x.cc'],
    ['unicode/uchar.h', true, 'runtime/url/x.cc', 'net/http/x.cc'],
    ['openssl/evp.h', true, 'runtime/web/x.cc', 'runtime/worker/x.cc'],
  ]) {
    passes(includeDirection, yes, sample(yes, header, angled));
    refuses(includeDirection, no, sample(no, header, angled), /not for/);
  }
});

test('lines of at most 140 columns', () => {
  passes(fileRules.lineLength, 'net/x.h', 'é'.repeat(140));
  refuses(fileRules.lineLength, 'net/x.h', `ok\n${'x'.repeat(141)}`, /2: 141 columns/);
  refuses(fileRules.lineLength, 'net/x_test.cc', `Run(R"js(a)js");\n${'x'.repeat(141)}`, /2: 141 columns/);
  passes(fileRules.lineLength, 'net/x_test.cc', `Run(R"js(\n${'x'.repeat(141)}\n)js");`);
  passes(fileRules.lineLength, 'docs/x.md', 'x'.repeat(500));
});
test('files of at most 800 lines', () => {
  passes(fileRules.fileLength, 'net/x.cc', '\n'.repeat(800));
  refuses(fileRules.fileLength, 'net/x.cc', '\n'.repeat(801), /801 lines/);
});
test('header guards', () => {
  passes(fileRules.headerGuard, 'net/http/a-b.h', '// Essay.\n#ifndef EDGE_NET_HTTP_A_B_H_\n#define EDGE_NET_HTTP_A_B_H_\n#endif  // EDGE_NET_HTTP_A_B_H_\n');
  refuses(fileRules.headerGuard, 'net/x.h', '#pragma once\n', /EDGE_NET_X_H_/);
  refuses(fileRules.headerGuard, 'net/x.h', '#ifndef EDGE_NET_Y_H_\n#define EDGE_NET_Y_H_\n#endif  // EDGE_NET_Y_H_\n', /EDGE_NET_X_H_/);
});
test('no trailing spaces, a line break at the end', () => {
  passes(fileRules.trailingSpace, 'net/x.cc', 'a\n');
  refuses(fileRules.trailingSpace, 'net/x.cc', 'a \n', /1: ends in spaces/);
  refuses(fileRules.trailingSpace, 'net/x.cc', 'a', /line break/);
  passes(fileRules.trailingSpace, 'a/b.patch', ' \n');
});
test('no marks of work left for later', () => {
  refuses(fileRules.laterMarks, 'net/x.cc', `\n// ${'TO' + 'DO'}(x): y`, /^2: /);
  refuses(fileRules.laterMarks, 'net/x.cc', `// ${'FIX' + 'ME'}`, /issue/);
  passes(fileRules.laterMarks, 'net/x.cc', 'mktemp -t a.XXXXXX');
});
test('no registry hosts, no paths of one machine', () => {
  refuses(fileRules.machineNames, 'tools/x', `curl https://${'registry.' + 'npmjs.org'}/x`, /registries/);
  refuses(fileRules.machineNames, 'tools/x', `cd ${'/wo' + 'rk/main'}`, /one machine/);
  passes(fileRules.machineNames, 'tools/x', 'cd runtime/worker; see net/work/x');
});

const tree = (entries) => Object.entries(entries).map(([path, text]) => asFile(path, text));
test('every source is in a target', () => {
  const build = 'edge_library(srcs = ["x.cc"], hdrs = ["x.h", "sub/y.h"])\n[edge_test(name = n, srcs = [n + ".cc"]) for n in ["x_test"]]\nglob(["lib/**/*.js"])';
  const files = {'net/BUILD.bazel': build, 'net/x.cc': '', 'net/x.h': '', 'net/x_test.cc': '', 'net/sub/y.h': ''};
  assert.deepStrictEqual(treeRules.inTarget(tree(files)), []);
  assert.match(treeRules.inTarget(tree({...files, 'net/z.cc': ''}))[0].message, /name it in net\/BUILD.bazel/);
  assert.match(treeRules.inTarget(tree({...files, 'net/y_test.cc': ''}))[0].message, /in no target/);
  assert.match(treeRules.inTarget(tree({'sim/z.cc': ''}))[0].message, /no BUILD.bazel/);
  const scripts = {'runtime/js/BUILD.bazel': build, 'runtime/js/lib/deep/a.js': ''};
  assert.deepStrictEqual(treeRules.inTarget(tree(scripts)), []);
  assert.strictEqual(treeRules.inTarget(tree({...scripts, 'runtime/js/b.js': ''})).length, 1);
});
test('every folder with sources is described', () => {
  assert.deepStrictEqual(treeRules.hasReadme(tree({'net/README.md': 'x', 'net/x.cc': ''})), []);
  assert.deepStrictEqual(treeRules.hasReadme(tree({'net/README.md': '| testing/ | fakes |', 'net/testing/x.cc': ''})), []);
  assert.match(treeRules.hasReadme(tree({'net/README.md': 'x', 'net/http/x.cc': ''}))[0].path, /net\/http\/README.md/);
});

test('a whole tree reports file, line and message', () => {
  const result = check(new Map([['net/BUILD.bazel', '"x.cc"\n'], ['net/README.md', 'x\n'], ['net/x.cc', 'int a;\nint b = rand();\n']]));
  const finding = result.found.find((candidate) => candidate.path === 'net/x.cc');
  assert.strictEqual(finding.line, 2);
  assert.match(finding.message, /Random seam/);
});

console.log(`${tests} tests${process.exitCode ? ', some FAILED' : ' passed'}`);
