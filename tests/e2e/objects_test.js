// Durable Objects on the real binary: what is acknowledged is there after kill -9, operators' commands, data directories that cannot be used.
'use strict';
const assert = require('assert');
const fs = require('fs');
const http = require('http');
const path = require('path');
const {copyApp, freshFolder, get, run, runTests, serve, sleep, test, until} = require('./harness.js');

const CYCLES = Number(process.env.EDGE_KILL_CYCLES || 6);

const json = async (port, target) => JSON.parse((await get(port, target)).body);
const start = (app, state, more = []) => serve([app, '--state', state, ...more]);

// A request on a kept-alive connection; null if there was no answer.
function ask(agent, port, target) {
  return new Promise((resolve) => {
    const request = http.get({agent, port, host: '127.0.0.1', path: target, timeout: 20000}, (response) => {
      let text = '';
      response.on('data', (piece) => (text += piece));
      response.on('end', () => resolve(response.complete ? {status: response.statusCode, text} : null));
      response.on('error', () => resolve(null));
    });
    request.on('error', () => resolve(null));
    request.on('timeout', () => request.destroy());
  });
}

test('an object keeps its state over a stop, and ids and names are what the platform says', async () => {
  const app = copyApp('durable');
  const state = path.join(freshFolder(), 'state');
  let server = await start(app, state);
  assert.deepStrictEqual(await json(server.port, '/a/add/1'), {count: 1});
  assert.deepStrictEqual(await json(server.port, '/a/add/2'), {count: 2});
  assert.deepStrictEqual(await json(server.port, '/b/add/1'), {count: 1});
  const first = await json(server.port, '/a/all');
  const answer = await get(server.port, '/a/hello');
  assert.strictEqual(answer.body, 'a was asked for /a/hello');
  const id = (await get(server.port, '/a/id')).body;
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.match(answer.head, new RegExp(`x-object: ${id}`, 'i'));
  assert.deepStrictEqual(await json(server.port, '/a/fail/x'), {name: 'RangeError', message: 'thrown on purpose', remote: true});
  assert.deepStrictEqual((await json(server.port, '/a/all')).ids, ['1', '2', 'x'], 'an exception takes nothing back');
  assert.strictEqual((await server.stop()).code, 0);

  server = await start(app, state);
  const second = await json(server.port, '/a/all');
  assert.deepStrictEqual(second.ids, ['1', '2', 'x']);
  assert.notStrictEqual(second.born, first.born, 'the instance is a new one');
  await server.stop();
});

test('an alarm runs, also after a kill', async () => {
  const app = copyApp('durable');
  const state = path.join(freshFolder(), 'state');
  let server = await start(app, state);
  await json(server.port, '/soon/wake/300');
  await json(server.port, '/later/wake/1500');
  await until(async () => (await json(server.port, '/soon/all')).ids.length === 1, 'the alarm');
  await server.stop('SIGKILL');
  server = await start(app, state);
  await until(async () => (await json(server.port, '/later/all')).ids.length === 1, 'the alarm that was set before the kill');
  await server.stop();
});

// Kills come in the middle of load, of a checkpoint (which a backup begins with), of a stop (which ends with one).
test(`what was acknowledged is there after ${CYCLES} kills, once, and the directory is sound`, async () => {
  const app = copyApp('durable');
  const folder = freshFolder();
  const state = path.join(folder, 'state');
  const objects = 5;
  const clients = 10;
  const acknowledged = Array.from({length: objects}, () => new Set());
  const sent = Array.from({length: objects}, () => new Set());
  const random = (below) => Math.floor(Math.random() * below);
  const verify = async (server, when) => {
    for (let object = 0; object < objects; ++object) {
      const {ids, count, effects} = await json(server.port, `/o${object}/all`);
      const there = new Set(ids);
      assert.strictEqual(there.size, ids.length, `${when}: a line twice`);
      assert.strictEqual(effects, ids.length, `${when}: something was done twice`);
      assert.strictEqual(count ?? 0, ids.length, `${when}: rows and count are one write`);
      for (const id of acknowledged[object]) assert.ok(there.has(id), `${when}: o${object} has lost ${id}, which was acknowledged`);
      for (const id of ids) assert.ok(sent[object].has(id), `${when}: o${object} has ${id}, which nobody sent`);
    }
  };
  let next = 0;
  let unclean = 0;
  let backups = 0;
  for (let cycle = 0; cycle < CYCLES; ++cycle) {
    const server = await start(app, state);
    await verify(server, `cycle ${cycle}`);
    if (/unclean/.test(server.log())) ++unclean;
    let running = true;
    const agent = new http.Agent({keepAlive: true, maxSockets: clients});
    const loops = Array.from({length: clients}, async (_, client) => {
      const object = client % objects;
      while (running) {
        const id = String(next++);
        sent[object].add(id);
        const answer = await ask(agent, server.port, `/o${object}/add/${id}`);
        if (answer !== null && answer.status === 200) acknowledged[object].add(id);
      }
    });
    await sleep(150 + random(400));
    const copy = path.join(folder, `backup-${cycle}`);
    const backup = cycle % 3 === 1 ? run(['backup', app, '--out', copy, '--state', state]) : null;
    if (backup) await Promise.race([backup, sleep(100 + random(200))]);
    if (cycle % 3 === 2) {
      process.kill(server.pid, 'SIGTERM');
      await Promise.race([server.ended, sleep(random(60))]);
    }
    await server.stop('SIGKILL');
    running = false;
    await Promise.all(loops);
    agent.destroy();
    if (backup && (await backup).code === 0) {
      ++backups;
      if (cycle % 30 === 1) assert.strictEqual((await run(['check', '--state', copy])).code, 0, `the backup of cycle ${cycle}`);
    }
    fs.rmSync(copy, {recursive: true, force: true});
  }
  const server = await start(app, state);
  await verify(server, 'at the end');
  await server.stop('SIGKILL');
  const total = acknowledged.reduce((sum, each) => sum + each.size, 0);
  assert.ok(total > 20 * CYCLES, `only ${total} writes were acknowledged: the test shows nothing`);
  const check = await run(['check', app, '--state', state]);
  assert.strictEqual(check.code, 0, check.stdout + check.stderr);
  if (process.env.EDGE_KILL_CYCLES) {
    console.log(`${CYCLES} kills (${unclean} with an unclean end of the log, ${backups} beside a whole backup), ${next} writes sent, ${total} acknowledged, 0 lost, 0 done twice`);
  }
});

test('operators list, export, import, delete and back up, with and without a running process', async () => {
  const app = copyApp('durable');
  const folder = freshFolder();
  const state = path.join(folder, 'state');
  const flags = ['--state', state];
  let server = await start(app, state);
  await json(server.port, '/a/add/1');
  await json(server.port, '/a/wake/3600000');
  await json(server.port, '/b/add/1');
  const id = (await get(server.port, '/a/id')).body;
  const other = (await get(server.port, '/c/id')).body;

  let list = await run(['objects', app, ...flags]);
  assert.strictEqual(list.code, 0, list.stderr);
  assert.match(list.stdout, new RegExp(`durable/Journal ${id} \\d+ bytes, epoch \\d+, alarm \\d+`));
  assert.match(list.stdout, /2 objects/);
  const file = path.join(folder, 'a.sqlite');
  const exported = await run(['objects', 'export', app, '--class', 'Journal', '--id', id, '--out', file, ...flags]);
  assert.strictEqual(exported.code, 0, exported.stderr);
  assert.strictEqual(fs.readFileSync(file).subarray(0, 15).toString(), 'SQLite format 3');
  const again = await run(['objects', 'export', app, '--class', 'Journal', '--id', id, '--out', file, ...flags]);
  assert.strictEqual(again.code, 2);
  const imported = await run(['objects', 'import', app, '--class', 'durable/Journal', '--id', other, '--from', file, ...flags]);
  assert.strictEqual(imported.code, 0, imported.stderr);
  assert.deepStrictEqual((await json(server.port, '/c/all')).ids, ['1']);
  const backup = path.join(folder, 'backup');
  const backed = await run(['backup', app, '--out', backup, ...flags]);
  assert.strictEqual(backed.code, 0, backed.stderr);
  await json(server.port, '/a/add/2');
  assert.strictEqual((await run(['check', app, ...flags])).code, 2, 'a directory in use cannot be checked');
  await server.stop();

  list = await run(['objects', 'list', app, ...flags]);
  assert.match(list.stdout, /3 objects/);
  assert.strictEqual((await run(['objects', 'delete', app, '--class', 'Journal', '--id', id, ...flags])).code, 0);
  assert.match((await run(['objects', app, ...flags])).stdout, /2 objects/);
  assert.strictEqual((await run(['check', '--state', backup])).code, 0);
  assert.strictEqual((await run(['restore', app, '--from', backup, ...flags])).code, 2, 'it is not empty');
  const restored = path.join(folder, 'restored');
  assert.strictEqual((await run(['restore', app, '--from', backup, '--state', restored])).code, 0);
  server = await start(app, restored);
  assert.deepStrictEqual((await json(server.port, '/a/all')).ids, ['1'], 'as of the backup');
  await server.stop();
});

test('an operator counts objects, syncs and bytes, of a running process and of a folder', async () => {
  const app = copyApp('durable');
  const state = path.join(freshFolder(), 'state');
  const flags = ['--state', state];
  const server = await start(app, state);
  const count = async () => JSON.parse((await run(['objects', 'stats', app, '--json', ...flags])).stdout);
  const empty = await count();
  assert.strictEqual(empty.running, true);
  assert.deepStrictEqual([empty.objects.known, empty.objects.live, empty.log.commits], [0, 0, 0]);
  for (const name of ['a', 'b']) await json(server.port, `/${name}/add/first`);  // their constructors write too
  const before = await count();
  for (let i = 0; i < 20; ++i) await json(server.port, `/${i % 2 ? 'a' : 'b'}/add/${i}`);
  const after = await count();
  const {known, live, open_databases: open, hibernating} = after.objects;
  assert.deepStrictEqual({known, live, open, hibernating}, {known: 2, live: 2, open: 2, hibernating: 0});
  assert.ok(after.objects.bytes > 0 && after.objects.isolate_bytes > 0);
  // One client: each write waits for a sync of its own.
  for (const what of ['commits', 'appends', 'syncs', 'batches']) assert.strictEqual(after.log[what] - before.log[what], 20, what);
  assert.ok(after.log.bytes_written >= after.log.bytes_appended && after.log.bytes_appended > 20 * 60, JSON.stringify(after.log));
  assert.ok(after.log.bytes_on_disk >= after.log.segments * 16 * 1024 * 1024);
  const text = await run(['objects', 'stats', app, ...flags]);
  assert.strictEqual(text.code, 0, text.stderr);
  assert.match(text.stdout, /^objects +2 known \(.*\), 2 live, 0 hibernating, 2 with an open database$/m);
  assert.match(text.stdout, /^writes +2\d; for each [01]\.\d+ syncs, \d+/m);
  await server.stop();

  const offline = await count();
  assert.strictEqual(offline.running, false);
  assert.strictEqual(offline.objects.known, 2);
  assert.strictEqual(offline.objects.live, undefined, 'nothing is said of what nobody knows');
  assert.ok(offline.log.bytes_on_disk > 0);
  assert.match((await run(['objects', 'stats', app, ...flags])).stdout, /no process serves them/);
  assert.strictEqual((await run(['objects', 'list', app, '--json', ...flags])).code, 2);
});

test('a directory that cannot be used is named, with what to do', async () => {
  const app = copyApp('durable');
  const folder = freshFolder();
  const state = path.join(folder, 'state');
  const server = await start(app, state);
  await json(server.port, '/a/add/1');
  const second = await run(['serve', app, '--state', state, '--port', '0']);
  assert.strictEqual(second.code, 2);
  assert.match(second.stderr, /another process/i);
  assert.ok(second.stderr.includes(state), second.stderr);
  await server.stop();

  const newer = path.join(folder, 'newer');
  fs.cpSync(state, newer, {recursive: true});
  const format = path.join(newer, 'FORMAT');
  fs.writeFileSync(format, fs.readFileSync(format, 'utf8').replace(/\d+/, '999'));
  const refused = await run(['serve', app, '--state', newer, '--port', '0']);
  assert.strictEqual(refused.code, 2);
  assert.match(refused.stderr, /newer/);

  fs.writeFileSync(path.join(folder, 'file'), '');
  const blocked = await run(['serve', app, '--state', path.join(folder, 'file', 'state'), '--port', '0']);
  assert.strictEqual(blocked.code, 2);
  assert.ok(blocked.stderr.includes(path.join(folder, 'file')), blocked.stderr);
});

runTests();
