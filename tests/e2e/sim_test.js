// edge sim and edge replay as a user has them: verdicts, exit codes, the printed command, traces over edits, and everything one can get wrong.
'use strict';
const assert = require('assert');
const {spawn} = require('child_process');
const fs = require('fs');
const path = require('path');
const {BINARY, freshFolder, run, runTests, sleep, test, writeApp} = require('./harness.js');

const config = (name) => JSON.stringify({name, main: 'index.js', compatibility_date: '2026-01-01'});
const app = (name, script, files = {}) => writeApp({'wrangler.json': config(name), 'index.js': script, ...files});

// Between the read and the write of the counter it waits.
const LOST_UPDATE = `let isolate;
let visits = 0;
export default {
  async fetch(request) {
    isolate ??= crypto.randomUUID();
    if (new URL(request.url).pathname !== '/visit') return new Response('visits', {status: 404});
    const before = visits;
    await new Promise((resolve) => setTimeout(resolve, 5));
    visits = before + 1;
    return Response.json({isolate, visit: visits});
  },
};
`;
const VISITS = JSON.stringify({
  name: 'visits', clients: 3, requests_per_client: 8,
  requests: [{name: 'visit', method: 'POST', path: '/visit', retry: 'never'}],
  checks: [{kind: 'unique', name: 'no visit is lost', operation: 'visit', fields: ['isolate', 'visit']}],
});
const lostUpdate = () => app('lost', LOST_UPDATE, {'edge.sim.json': VISITS});
const hello = () => app('hello', `export default { fetch(request) {
  return new URL(request.url).pathname === '/hello' ? new Response('hello') : new Response('', {status: 404});
} };`);

// A command as printed, in a shell that knows edge.
function shell(command, cwd) {
  const bin = path.join(freshFolder(), 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(BINARY, path.join(bin, 'edge'));
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', command], {cwd, env: {HOME: bin, PATH: `${bin}:${process.env.PATH}`}, stdio: ['ignore', 'pipe', 'pipe']});
    const output = {stdout: '', stderr: ''};
    for (const name of ['stdout', 'stderr']) child[name].on('data', (piece) => (output[name] += piece));
    child.on('close', (code) => resolve({code, ...output}));
  });
}

const hashOf = (stdout) => /^hash ([0-9a-f]{16})$/m.exec(stdout)[1];

async function failure(folder) {
  const {code, stdout} = await run(['sim', folder, '--seeds', '20', '--json']);
  assert.strictEqual(code, 1, stdout);
  return JSON.parse(stdout).failures[0];
}

test('the example passes, twice and in another environment', async () => {
  const {code, stderr} = await run(['sim', '--seeds', '20'], {cwd: freshFolder()});
  assert.strictEqual(code, 0, stderr);
  assert.match(stderr, /20 seeds passed; 1 ran twice, 3 also in a process with another environment, all alike/);
  assert.match(stderr, /20 of 20 seeds, \d+\/s, virtual time \d+ min, faults: network \d+/);
});

test('a lost update is found and told, and its printed command runs it again', async () => {
  const cwd = lostUpdate();
  const {code, stdout, stderr} = await run(['sim', '--seeds', '20'], {cwd});
  assert.strictEqual(code, 1, stderr);
  assert.match(stdout, /^FAILED {2}lost {2}seed \d+/);
  assert.match(stdout, /check no visit is lost: two acknowledged visit were answered alike/);
  assert.match(stdout, /-> 0 faults, 2 requests/);
  const command = /^ *replay: (edge replay (?:.*\\\n)*.*)$/m.exec(stdout)[1];
  const first = await shell(command, cwd);
  const second = await shell(command, cwd);
  assert.strictEqual(first.code, 1, first.stderr);
  assert.match(first.stdout, /check no visit is lost: two acknowledged visit were answered alike/);
  assert.strictEqual(hashOf(first.stdout), hashOf(second.stdout));

  const told = /replay what is told here: (.*)$/m.exec(stdout)[1];
  const again = await shell(told, cwd);
  assert.strictEqual(again.code, 1, again.stderr);
  assert.match(again.stderr, /the run is the recorded one, bit for bit/);
});

// Tells everybody what was said, but for those whose place in the list is that of a multiple of three.
const FORGETFUL = `import {DurableObject} from 'cloudflare:workers';
export class Room extends DurableObject {
  fetch() {
    const {0: client, 1: server} = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, {status: 101, webSocket: client});
  }
  webSocketMessage(socket, text) {
    this.ctx.getWebSockets().forEach((each, i) => (each === socket || i % 3 !== 2) && each.send(text));
  }
}
export default {fetch: (request, env) => env.ROOM.getByName('room').fetch(request)};
`;
const ROOM = {
  name: 'room',
  main: 'index.js',
  compatibility_date: '2026-05-01',
  durable_objects: {bindings: [{name: 'ROOM', class_name: 'Room'}]},
  migrations: [{tag: 'v1', new_sqlite_classes: ['Room']}],
};
const CLIENTS = {
  clients: 4,
  requests_per_client: 0,
  sockets: [{name: 'room', path: '/', messages: [{name: 'say', text: '{"id": "${uuid}"}'}, {name: 'leave', close: 1000}], id: 'id', delivered: 'id'}],
  checks: [{kind: 'delivered', name: 'all hear all', socket: 'room'}],
};

test('a room that forgets somebody is found on WebSockets, shrunk, told, and run again from the printed commands', async () => {
  const cwd = writeApp({'wrangler.json': JSON.stringify(ROOM), 'index.js': FORGETFUL, 'edge.sim.json': JSON.stringify(CLIENTS)});
  const {code, stdout, stderr} = await run(['sim', '--seeds', '10'], {cwd});
  assert.strictEqual(code, 1, stderr);
  assert.match(stdout, /check all hear all: say [0-9a-f-]+ of client\d was acknowledged at .*and\s+has never come to/s);
  assert.match(stdout, /client\d +says: \{"id": "[0-9a-f-]+"\}/);
  // Three who are there, and a message or two.
  const left = Number(/-> 0 faults, (\d+) requests/.exec(stdout)[1]);
  assert.ok(left <= 5, stdout);
  const command = /^ *replay: (edge replay (?:.*\\\n)*.*)$/m.exec(stdout)[1];
  const first = await shell(command, cwd);
  const second = await shell(command, cwd);
  assert.strictEqual(first.code, 1, first.stderr);
  assert.match(first.stdout, /client\d +hears: \{"id": /);
  assert.match(first.stdout, /client\d +WebSocket closed by the client, 1000/);
  assert.strictEqual(hashOf(first.stdout), hashOf(second.stdout));
  const told = await shell(/replay what is told here: (.*)$/m.exec(stdout)[1], cwd);
  assert.match(told.stderr, /the run is the recorded one, bit for bit/);
});

test('a room that tells everybody passes on WebSockets', async () => {
  const good = FORGETFUL.replace('(each === socket || i % 3 !== 2) && ', '');
  const cwd = writeApp({'wrangler.json': JSON.stringify(ROOM), 'index.js': good, 'edge.sim.json': JSON.stringify(CLIENTS)});
  const {code, stdout, stderr} = await run(['sim', '--seeds', '20'], {cwd});
  assert.strictEqual(code, 0, stdout + stderr);
  assert.match(stderr, /0 operations and 1 WebSocket \(edge\.sim\.json\)/);
  assert.match(stderr, /20 seeds passed/);
});

test('a trace survives an edit that has nothing to do with it; the seed is refused', async () => {
  const folder = lostUpdate();
  const {trace, replay} = await failure(folder);
  const edited = LOST_UPDATE.replace('const before', "// Someone came.\n    console.log('came');\n    const before")
    .replace('if (new', "if (request.url.endsWith('/new')) return new Response('new');\n    if (new");
  fs.writeFileSync(path.join(folder, 'index.js'), edited);
  const aligned = await run(['replay', folder, '--trace', trace]);
  assert.strictEqual(aligned.code, 1, aligned.stderr);
  assert.match(aligned.stderr, /bundle: recorded [0-9a-f]+, here [0-9a-f]+/);
  assert.match(aligned.stderr, /aligned: (\d+) of \1 recorded decisions found their place \(100 %\)/);
  assert.match(aligned.stderr, /it fails in the same way: no visit is lost: visit/);
  assert.match(aligned.stdout, /log: came/);

  const refused = await shell(replay, freshFolder());
  assert.strictEqual(refused.code, 2, refused.stdout);
  assert.match(refused.stderr, /--bundle [0-9a-f]+: the application's bundle is another one now/);
});

test('--until stops there with the state of every actor; --json of a replay parses', async () => {
  const folder = lostUpdate();
  const {trace} = await failure(folder);
  const stopped = await run(['replay', folder, '--trace', trace, '--until', '50']);
  assert.strictEqual(stopped.code, 0, stopped.stderr);
  for (const name of ['node1 (node)', 'client1 (client)', 'client2 (client)', 'client3 (client)']) assert.ok(stopped.stdout.includes(name), name);
  const {code, stdout} = await run(['replay', folder, '--trace', trace, '--json']);
  const journal = JSON.parse(stdout);
  assert.strictEqual(code, 1);
  assert.strictEqual(journal.events.length, journal.events_in_run);
});

test('two jobs find what one finds', async () => {
  const folder = lostUpdate();
  const seeds = [];
  for (const jobs of ['1', '2']) {
    const {stdout} = await run(['sim', folder, '--seeds', '40', '--no-shrink', '--jobs', jobs, '--json']);
    seeds.push(JSON.parse(stdout).failures.map((each) => [each.signature, each.all_seeds]));
  }
  assert.ok(seeds[0][0][1].length > 3);
  assert.deepStrictEqual(seeds[0], seeds[1]);
});

test('flags that make no sense', async () => {
  const folder = hello();
  for (const [args, text] of [
    [['replay', folder, '--seed', 'abc'], /--seed must be a whole number of at least 0, not "abc"/],
    [['replay', folder, '--seed', '99999999999999999999'], /--seed must be a whole number/],
    [['replay', folder], /needs --seed N or --trace FILE/],
    [['sim', folder, '--seeds', '0'], /--seeds must be a whole number of at least 1, not "0"/],
    [['sim', folder, '--jobs', 'x'], /--jobs must be a whole number/],
    [['replay', folder, '--seed', '1', '--bundle', '0123456789abcdef'], /--bundle 0123456789abcdef: the application's bundle is another one now/],
    [['replay', folder, '--trace', 'nosuch'], /cannot read the trace .*nosuch/],
  ]) {
    const {code, stderr} = await run(args);
    assert.strictEqual(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, text);
  }
});

test('traces that cannot be replayed', async () => {
  const folder = lostUpdate();
  const {trace} = await failure(folder);
  const bytes = fs.readFileSync(trace);
  const as = (name, content) => {
    const file = path.join(freshFolder(), name);
    fs.writeFileSync(file, content);
    return file;
  };
  const version = Buffer.from(bytes.toString('latin1').replace(/^(edge-trace\s*)\d+/, '$1999'), 'latin1');
  assert.notDeepStrictEqual(version, bytes);
  for (const [args, text] of [
    [[hello(), '--trace', trace], /a trace of the application lost, and hello is another one/],
    [[folder, '--trace', as('cut', bytes.subarray(0, bytes.length - 20))], /cut/],
    [[folder, '--trace', as('version', version)], /version/],
    [[folder, '--trace', as('other', 'hello')], /this is not a trace/],
  ]) {
    const {code, stderr} = await run(['replay', ...args]);
    assert.strictEqual(code, 2, stderr);
    assert.match(stderr, text);
  }
});

test('a scenario that is none', async () => {
  const folder = lostUpdate();
  for (const [text, message] of [
    ['{', /edge\.sim\.json:\d+: not JSON/],
    ['{"clients": "x"}', /edge\.sim\.json: clients: must be a whole number/],
    ['{"nope": 1}', /edge\.sim\.json: nope: no such key/],
    ['{"requests": [{"path": "x"}]}', /requests\[0\]\.path: must be a path that begins with \//],
  ]) {
    fs.writeFileSync(path.join(folder, 'edge.sim.json'), text);
    const {code, stderr} = await run(['sim', folder, '--seeds', '2']);
    assert.strictEqual(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test('a worker that cannot answer requests at all', async () => {
  const {code, stderr} = await run(['sim', app('cron', "export default { async scheduled() {} };\nexport const path = '/api/x';"), '--seeds', '2']);
  assert.strictEqual(code, 2, stderr);
  assert.match(stderr, /nothing was exercised/);
});

test('an application without route strings is asked for /', async () => {
  const {code, stderr} = await run(['sim', app('bare', "export default { fetch() { return new Response('hi'); } };"), '--seeds', '3']);
  assert.strictEqual(code, 0, stderr);
  assert.match(stderr, /no route strings were found in the bundle: GET \/ alone/);
});

test('a worker that does not start', async () => {
  const {code, stderr} = await run(['sim', app('broken', "throw new Error('not today');\nexport default {};"), '--seeds', '2']);
  assert.strictEqual(code, 2, stderr);
  assert.match(stderr, /the worker does not start:\nError: not today\n {4}at index\.js:1/);
});

for (const [where, handler, fiber] of [
  ['a handler', "while (true) await new Promise((r) => setTimeout(r, 0));", /timer|http/],
  ['waitUntil', "ctx.waitUntil((async () => { while (true) await new Promise((r) => setTimeout(r, 0)); })()); return new Response('yes');", /timer|waitUntil/],
]) {
  test(`a livelock in ${where} ends with the limit and the fiber`, async () => {
    const folder = app('spin', `export default { async fetch(request, env, ctx) {
      if (new URL(request.url).pathname === '/spin') { ${handler} } return new Response('', {status: 404}); } };`);
    const {code, stderr} = await run(['sim', folder, '--seeds', '2', '--turns-max', '100000']);
    assert.strictEqual(code, 3, stderr);
    const told = /seed 1 did not come to its end: limit turns: the run is not over after 100000 turns .*; the last fiber was "(.*)" of node1/.exec(stderr);
    assert.ok(told, stderr);
    assert.match(told[1], fiber);
    assert.match(stderr, /^0 of 2 seeds passed/m);
    assert.doesNotMatch(stderr, /nothing was exercised|never answered/);
  });
}

test('Ctrl-C leaves the results so far', async () => {
  const child = spawn(BINARY, ['sim', lostUpdate(), '--seeds', '1000000', '--jobs', '1', '--no-shrink'], {stdio: ['ignore', 'pipe', 'pipe']});
  let text = '';
  let asked = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      text += piece;
      if (!asked && /of 1,000,000 seeds/.test(text)) asked = child.kill('SIGINT');
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), 30000);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  assert.strictEqual(code, 1, text);
  assert.match(text, /interrupted: these are the results so far/);
  assert.match(text, /[1-9]\d* seeds of [\d,]+ failed/);
});

test('Ctrl-C ends a seed that is in the middle of a long computation', async () => {
  const folder = app('busy', 'export default { async fetch() { for (;;) {} } };');
  const child = spawn(BINARY, ['sim', folder, '--seeds', '1000', '--jobs', '1', '--no-shrink'], {stdio: ['ignore', 'pipe', 'pipe']});
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => (text += piece));
  }
  await sleep(4000);  // by now the first seed computes
  const asked = Date.now();
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), 60000);
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  assert.match(text, /interrupted: these are the results so far/);
  assert.ok(Date.now() - asked < 15000, `it took ${Date.now() - asked} ms:\n${text}`);
});

runTests();
