// Durable Objects when things go wrong: disks that fail or are full, damaged files, handlers that fail in the middle of a transaction,
// crowds. Nothing acknowledged is lost, damage is named and never served, and everybody else goes on.
'use strict';
const assert = require('assert');
const fs = require('fs');
const http = require('http');
const path = require('path');
const {diskTrouble} = require('./disk_trouble.js');
const {copyApp, freshFolder, get, run, runTests, serve, test, until} = require('./harness.js');

const BLOCK = 4096;
const start = (app, state, options) => serve([app, '--state', state], options);
const freshState = () => path.join(freshFolder(), 'state');
const BLOB = 256 * 1024;

// What one of the boxes answers: {status, answer} or {status, error}; status 0: there was no answer.
async function ask(server, ...target) {
  const got = await get(server.port, `/${target.join('/')}`);
  if (Number.isNaN(got.status) || got.status === 0) return {status: 0};
  const body = JSON.parse(got.body);
  return got.status === 200 ? {status: 200, answer: body.answer, body} : {status: got.status, error: body};
}

async function answer(server, ...target) {
  const got = await ask(server, ...target);
  assert.strictEqual(got.status, 200, `${target.join('/')}: ${JSON.stringify(got)}`);
  return got.answer;
}

const logs = (server, what) => until(() => what.test(server.log()), `${what} in the log: ${server.log()}`);

const idOf = async (server, name) => (await get(server.port, `/${name}/id`)).body;

// A client that writes lines into a box until it is stopped, and knows which were acknowledged.
class Writer {
  constructor(server, box) {
    this.sent = new Set();
    this.acknowledged = new Set();
    this.failures = [];
    this.running = true;
    this.agent = new http.Agent({keepAlive: true, maxSockets: 1});
    this.done = this.write(server, box);
  }
  async write(server, box) {
    for (let i = 0; this.running; ++i) {
      const id = `${box}-${i}`;
      this.sent.add(id);
      const got = await this.request(server.port, `/${box}/add/${id}`);
      if (got.status === 200) this.acknowledged.add(id);
      else if (got.status === 500) this.failures.push(JSON.parse(got.text));
      else if (!server.running() || got.status === 0) return;
    }
  }
  request(port, target) {
    return new Promise((resolve) => {
      const request = http.get({agent: this.agent, port, host: '127.0.0.1', path: target, timeout: 20000}, (response) => {
        let text = '';
        response.on('data', (piece) => (text += piece));
        response.on('end', () => resolve({status: response.statusCode, text}));
        response.on('error', () => resolve({status: 0}));
      });
      request.on('error', () => resolve({status: 0}));
      request.on('timeout', () => request.destroy());
    });
  }
  async stop() {
    this.running = false;
    await this.done;
    this.agent.destroy();
  }
  check(ids, when) {
    const there = new Set(ids);
    for (const id of this.acknowledged) assert.ok(there.has(id), `${when}: ${id} was acknowledged and is lost`);
    for (const id of ids) assert.ok(this.sent.has(id), `${when}: ${id} was never sent`);
  }
}

// Everything that was acknowledged is there after a kill and a start on a disk that works again, and the directory is sound.
async function checkAfterRestart(app, state, writers) {
  const server = await start(app, state);
  for (const [box, writer] of Object.entries(writers)) writer.check(await answer(server, box, 'ids'), 'after the restart');
  await answer(server, 'later', 'add', 'one');
  await server.stop();
  const check = await run(['check', app, '--state', state]);
  assert.strictEqual(check.code, 0, check.stdout + check.stderr);
}

const STORAGE_ERROR = /Internal error in Durable Object storage write caused object to be reset/;

// --- a disk that fails ---

for (const [call, skip, count] of [['sync', 0, 1], ['sync', 5, 1], ['write', 2, 1], ['sync', 3, 2]]) {
  test(`${call} ${skip + 1} of the log fails${count > 1 ? ' and the next as well' : ''}: an error or the end, nothing acknowledged is lost`, async () => {
    const app = copyApp('boxes');
    const state = freshState();
    const trouble = diskTrouble();
    const server = await start(app, state, trouble);
    const writers = {};
    for (const box of ['a', 'b', 'c']) writers[box] = new Writer(server, box);
    await until(() => Object.values(writers).every((writer) => writer.acknowledged.size > 10), 'writes');
    trouble.fail(call, 'EIO', '/state/log/', {skip, count});
    await trouble.hit(count);
    if (count > 1) {
      // The sync of the new generation's header is the next one: now nothing can be made durable.
      const {code} = await server.ended;
      assert.strictEqual(code, 3, server.log());
    } else {
      await until(() => Object.values(writers).some((writer) => writer.failures.length > 0), 'somebody who is told');
      const before = Object.values(writers).map((writer) => writer.acknowledged.size);
      await until(() => Object.values(writers).every((writer, i) => writer.acknowledged.size > before[i] + 10), 'writes after it');
      const failures = Object.values(writers).flatMap((writer) => writer.failures);
      for (const failure of failures) {
        assert.match(failure.message, STORAGE_ERROR);
        assert.strictEqual(failure.retryable, true);
      }
      await logs(server, /Input\/output error/);
      await logs(server, /new generation/);
      await logs(server, /Box [0-9a-f]{64}: reset/);
    }
    for (const writer of Object.values(writers)) await writer.stop();
    if (server.running()) {
      // What was taken back is not visible either.
      for (const [box, writer] of Object.entries(writers)) writer.check(await answer(server, box, 'ids'), 'while it runs');
      await server.stop('SIGKILL');
    }
    await checkAfterRestart(app, state, writers);
  });
}

test('a disk on which no sync of the log works: exit code 3, the reason, nothing acknowledged is lost', async () => {
  const app = copyApp('boxes');
  const state = freshState();
  const trouble = diskTrouble();
  const server = await start(app, state, trouble);
  const writers = {a: new Writer(server, 'a'), b: new Writer(server, 'b')};
  await until(() => writers.a.acknowledged.size > 10 && writers.b.acknowledged.size > 10, 'writes');
  trouble.fail('sync', 'EIO', '/state/log');
  const {code} = await server.ended;
  assert.strictEqual(code, 3, server.log());
  assert.match(server.log(), /nothing can be made durable any more: .*\/log\/\d+\.log: sync: Input\/output error/);
  for (const writer of Object.values(writers)) await writer.stop();

  const again = await run(['serve', app, '--state', state, '--port', '0'], trouble);
  assert.notStrictEqual(again.code, 0, 'nor does it start on such a disk');
  assert.match(again.stderr, /Input\/output error/);
  await checkAfterRestart(app, state, writers);
});

test('a checkpoint whose syncs fail is made again as a whole, and nothing is lost', async () => {
  const app = copyApp('boxes');
  const state = freshState();
  const trouble = diskTrouble();
  const server = await start(app, state, trouble);
  const writers = {a: new Writer(server, 'a'), b: new Writer(server, 'b')};
  const backup = (name) => run(['backup', app, '--out', path.join(path.dirname(state), name), '--state', state]);
  await until(() => writers.a.acknowledged.size > 10 && writers.b.acknowledged.size > 10, 'writes');
  trouble.fail('sync', 'EIO', '/state/objects/', {count: 1});
  const failed = await backup('first');  // begins with a checkpoint
  assert.notStrictEqual(failed.code, 0);
  assert.match(failed.stderr, /objects\/.*\.sqlite: sync: Input\/output error/);
  await trouble.hit();
  const before = writers.a.acknowledged.size;
  await until(() => writers.a.acknowledged.size > before + 5, 'writes after it');
  assert.strictEqual((await backup('second')).code, 0);
  for (const writer of Object.values(writers)) await writer.stop();
  assert.deepStrictEqual(writers.a.failures.concat(writers.b.failures), [], 'nobody else has noticed');
  assert.strictEqual((await run(['check', '--state', path.join(path.dirname(state), 'second')])).code, 0);
  await server.stop('SIGKILL');
  await checkAfterRestart(app, state, writers);
});

test('a full disk: writes fail by name, reads go on, and it recovers when there is room', async () => {
  const app = copyApp('boxes');
  const state = freshState();
  const trouble = diskTrouble();
  const server = await start(app, state, trouble);
  await answer(server, 'reader', 'add', 'one');
  await answer(server, 'big', 'add', 'first', BLOB);
  trouble.fail('grow', 'ENOSPC', '/state/');
  const acknowledged = ['first'];
  let refused = null;
  for (let i = 0; i < 1000 && refused === null; ++i) {
    const got = await ask(server, 'big', 'add', `line-${i}`, BLOB);
    if (got.status === 200) acknowledged.push(`line-${i}`);
    else refused = got;
  }
  assert.ok(refused !== null && trouble.hits().length > 0, `${acknowledged.length} large writes and no refusal`);
  assert.strictEqual(refused.status, 500);
  assert.match(refused.error.message, STORAGE_ERROR);
  assert.strictEqual(refused.error.retryable, true);
  await logs(server, new RegExp(`Box ${await idOf(server, 'big')}: reset: .*No space left on device`));
  // Reads of everybody, for as long as one likes.
  for (let i = 0; i < 3; ++i) {
    assert.deepStrictEqual(await answer(server, 'reader', 'ids'), ['one']);
    assert.deepStrictEqual((await answer(server, 'big', 'ids')).sort(), [...acknowledged].sort());
    assert.strictEqual((await ask(server, 'big', 'add', `refused-${i}`, BLOB)).status, 500);
  }
  assert.ok(server.running());
  trouble.stop();
  await until(async () => (await ask(server, 'big', 'add', 'room-again', BLOB)).status === 200, 'writes when there is room');
  await answer(server, 'reader', 'add', 'two');
  acknowledged.push('room-again');
  const there = (await answer(server, 'big', 'ids')).sort();
  assert.deepStrictEqual(there, [...acknowledged].sort());
  await server.stop('SIGKILL');
  const after = await start(app, state);
  assert.deepStrictEqual((await answer(after, 'big', 'ids')).sort(), there);
  assert.strictEqual(await answer(after, 'big', 'bytes'), BLOB * there.length);
  assert.deepStrictEqual(await answer(after, 'reader', 'ids'), ['one', 'two']);
  assert.strictEqual((await after.stop()).code, 0);
  assert.strictEqual((await run(['check', app, '--state', state])).code, 0);
});

test('a read-only directory is refused by name, and can be checked', async () => {
  const app = copyApp('boxes');
  const state = freshState();
  let server = await start(app, state);
  await answer(server, 'a', 'add', 'one');
  await server.stop();
  const trouble = diskTrouble();
  trouble.fail('open', 'EROFS', '/state/');
  const refused = await run(['serve', app, '--state', state, '--port', '0'], trouble);
  assert.strictEqual(refused.code, 2, refused.stderr);
  assert.ok(refused.stderr.includes(state) && /Read-only file system/.test(refused.stderr), refused.stderr);
  const check = await run(['check', app, '--state', state], trouble);
  assert.strictEqual(check.code, 0, check.stdout + check.stderr);
  const fresh = freshState();
  trouble.fail('open', 'EROFS', fresh);
  const none = await run(['serve', app, '--state', fresh, '--port', '0'], trouble);
  assert.strictEqual(none.code, 2, none.stderr);
  assert.ok(none.stderr.includes(fresh), none.stderr);
  server = await start(app, state);
  assert.deepStrictEqual(await answer(server, 'a', 'ids'), ['one']);
  await server.stop();
});

// --- damaged files ---

// A state with lines in box `a` that are only in the log, as a kill leaves it; and those in `old` in base files.
async function killedState(app, lines = 8) {
  const state = freshState();
  let server = await start(app, state);
  for (let i = 0; i < 3; ++i) await answer(server, 'old', 'add', `old-${i}`, 20000);
  await answer(server, 'sound', 'add', 'one');
  const id = await idOf(server, 'old');
  await server.stop();
  server = await start(app, state);
  for (let i = 0; i < lines; ++i) await answer(server, 'a', 'add', `line-${i}`);
  await server.stop('SIGKILL');
  return {state, id};
}

// Without the operators' socket that a kill has left.
const copyState = (from, to) => fs.cpSync(from, to, {recursive: true, filter: (file) => !fs.lstatSync(file).isSocket()});

// The batches of the newest segment: {file, at, ends}.
function newestBatches(state) {
  const folder = path.join(state, 'log');
  const segments = fs
    .readdirSync(folder)
    .map((name) => ({file: path.join(folder, name), bytes: fs.readFileSync(path.join(folder, name))}))
    .filter(({bytes}) => bytes.subarray(0, 8).toString() === 'edge log')
    .map((segment) => ({...segment, number: segment.bytes.readBigUInt64LE(16), salt: segment.bytes.readBigUInt64LE(64)}))
    .sort((a, b) => Number(a.number - b.number));
  const {file, bytes, salt} = segments[segments.length - 1];
  const batches = [];
  for (let at = BLOCK; bytes.subarray(at, at + 4).toString() === 'bat1' && bytes.readBigUInt64LE(at + 32) === salt; ) {
    const length = Math.ceil(Number(bytes.readBigUInt64LE(at + 64)) / BLOCK) * BLOCK;
    batches.push({file, at, length, kind: bytes.readUInt32LE(at + 12)});
    at += length;
  }
  assert.ok(batches.length >= 4, `only ${batches.length} batches in ${file}`);
  return batches;
}

function flipBit(file, offset) {
  const handle = fs.openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  fs.readSync(handle, byte, 0, 1, offset);
  byte[0] ^= 0x10;
  fs.writeSync(handle, byte, 0, 1, offset);
  fs.closeSync(handle);
}

const logFiles = (state) => fs.readdirSync(path.join(state, 'log')).map((name) => path.join(state, 'log', name));

async function refusesToStart(app, state, ...says) {
  const files = () => [...logFiles(state), path.join(state, 'CHECKPOINT')].map((file) => fs.readFileSync(file).toString('latin1'));
  const before = files();
  const refused = await run(['serve', app, '--state', state, '--port', '0']);
  assert.strictEqual(refused.code, 2, refused.stderr);
  for (const text of says) assert.ok(typeof text === 'string' ? refused.stderr.includes(text) : text.test(refused.stderr), `${text}: ${refused.stderr}`);
  assert.ok(files().every((text, i) => text === before[i]), 'what is damaged stays as it is, for whoever has to look at it');
  const check = await run(['check', app, '--state', state]);
  assert.notStrictEqual(check.code, 0, check.stdout);
  assert.ok((check.stdout + check.stderr).includes(says[0]), check.stdout + check.stderr);
}

test('a flipped bit or a cut in the middle of the log is damage: refused, with file and byte', async () => {
  const app = copyApp('boxes');
  const {state} = await killedState(app);
  const copies = Array.from({length: 3}, (_, i) => `${state}-${i}`);
  for (const copy of copies) copyState(state, copy);
  const middle = (copy) => newestBatches(copy).at(-3);
  const inRecords = middle(copies[0]);
  flipBit(inRecords.file, inRecords.at + 120);
  await refusesToStart(app, copies[0], inRecords.file, String(inRecords.at));
  const inHeader = middle(copies[1]);
  flipBit(inHeader.file, inHeader.at + 20);
  await refusesToStart(app, copies[1], inHeader.file, String(inHeader.at));
  const cut = middle(copies[2]);
  fs.truncateSync(cut.file, cut.at + 100);
  await refusesToStart(app, copies[2], cut.file);
  const server = await start(app, state);
  assert.strictEqual((await answer(server, 'a', 'ids')).length, 8, 'the undamaged one is fine');
  await server.stop();
});

test('damage in the last batch of an unclean stop cannot be told from a write that was under way: it is cut, and reported', async () => {
  const app = copyApp('boxes');
  const {state} = await killedState(app);
  const whole = `${state}-whole`;
  copyState(state, whole);
  const last = newestBatches(state).at(-1);
  flipBit(last.file, last.at + 120);
  let server = await start(app, state);
  await logs(server, /last batch of an unclean stop was incomplete and has been cut/);
  assert.deepStrictEqual(await answer(server, 'a', 'ids'), Array.from({length: 7}, (_, i) => `line-${i}`));
  await server.stop();
  assert.strictEqual((await run(['check', app, '--state', state])).code, 0);
  server = await start(app, whole);
  await logs(server, /last batch before position \d+ is complete, but the stop was unclean .* it is kept/);
  assert.strictEqual((await answer(server, 'a', 'ids')).length, 8);
  await server.stop();
});

test('a missing or foreign file of the log, a damaged CHECKPOINT or catalog: refused by name', async () => {
  const app = copyApp('boxes');
  const {state} = await killedState(app);
  const copy = (name) => {
    copyState(state, `${state}-${name}`);
    return `${state}-${name}`;
  };
  const missing = copy('missing');
  fs.rmSync(newestBatches(missing)[0].file);
  await refusesToStart(app, missing, path.join(missing, 'log'));
  const emptied = copy('emptied');
  fs.truncateSync(newestBatches(emptied)[0].file, 0);
  await refusesToStart(app, emptied, path.join(emptied, 'log'));
  const headless = copy('headless');
  flipBit(newestBatches(headless)[0].file, 40);
  await refusesToStart(app, headless, newestBatchesFile(headless));
  const twice = copy('twice');
  const file = newestBatches(twice)[0].file;
  fs.copyFileSync(file, path.join(twice, 'log', '000099.log'));
  await refusesToStart(app, twice, path.join(twice, 'log'), '000099.log');
  const newer = copy('newer');
  const segment = newestBatches(newer)[0].file;
  const bytes = fs.readFileSync(segment);
  bytes.writeUInt32LE(2, 8);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 508)), 508);
  fs.writeFileSync(segment, bytes);
  await refusesToStart(app, newer, segment, /newer|version/);
  const checkpoint = copy('checkpoint');
  flipBit(path.join(checkpoint, 'CHECKPOINT'), 15);
  await refusesToStart(app, checkpoint, path.join(checkpoint, 'CHECKPOINT'));
  const catalog = copy('catalog');
  flipBit(path.join(catalog, 'catalog.sqlite'), 2000);
  // Found when the log has been read and begun anew: that does no harm, however often it happens.
  let refused;
  for (let i = 0; i < 3; ++i) {
    refused = await run(['serve', app, '--state', catalog, '--port', '0']);
    assert.strictEqual(refused.code, 2, refused.stderr);
    assert.ok(refused.stderr.includes('catalog.sqlite'), refused.stderr);
  }
  assert.ok(logFiles(catalog).length <= logFiles(state).length + 2, String(logFiles(catalog)));
  assert.strictEqual((await run(['check', app, '--state', catalog])).code, 1);
  fs.copyFileSync(path.join(state, 'catalog.sqlite'), path.join(catalog, 'catalog.sqlite'));
  const server = await start(app, catalog);
  assert.strictEqual((await answer(server, 'a', 'ids')).length, 8);
  await server.stop();
});

// The one file of the log whose header is damaged is the newest of those with batches.
function newestBatchesFile(state) {
  const folder = path.join(state, 'log');
  const damaged = fs.readdirSync(folder).filter((name) => fs.readFileSync(path.join(folder, name)).subarray(BLOCK, BLOCK + 4).toString() === 'bat1');
  return path.join(folder, damaged.at(-1));
}

function crc32c(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test('a damaged base file: its object answers with an error, the log names object, file and page, others are served', async () => {
  const app = copyApp('boxes');
  const {state, id} = await killedState(app);
  const base = (folder) => path.join(folder, 'objects', 'boxes+Box', id.slice(0, 2), `${id}.sqlite`);
  assert.ok(fs.existsSync(base(state)), `${base(state)} is missing`);
  const damages = {
    'a flipped bit': (file) => flipBit(file, 3 * BLOCK + 1000),
    'a flipped bit in the header': (file) => flipBit(file, 20),
    'a cut': (file) => fs.truncateSync(file, 3 * BLOCK + 10),
    'two pages exchanged': (file) => {
      const bytes = fs.readFileSync(file);
      const page = Buffer.from(bytes.subarray(3 * BLOCK, 4 * BLOCK));
      bytes.copy(bytes, 3 * BLOCK, 4 * BLOCK, 5 * BLOCK);
      page.copy(bytes, 4 * BLOCK);
      fs.writeFileSync(file, bytes);
    },
    'a missing file': (file) => fs.rmSync(file),
  };
  for (const [what, damage] of Object.entries(damages)) {
    const copy = `${state}-${what.replace(/ /g, '-')}`;
    copyState(state, copy);
    damage(base(copy));
    const check = await run(['check', app, '--state', copy]);
    assert.strictEqual(check.code, 1, `${what}: ${check.stdout}${check.stderr}`);
    assert.ok(check.stdout.includes(id), `${what}: ${check.stdout}`);
    const server = await start(app, copy);
    for (let i = 0; i < 2; ++i) {
      const got = await ask(server, 'old', 'bytes');
      assert.strictEqual(got.status, 500, `${what}: ${JSON.stringify(got)}`);
      assert.ok(got.error.message.includes(id) && /damaged|missing/.test(got.error.message) && !got.error.retryable, `${what}: ${JSON.stringify(got)}`);
      assert.deepStrictEqual(await answer(server, 'sound', 'ids'), ['one'], what);
      assert.strictEqual((await answer(server, 'a', 'ids')).length, 8, what);
    }
    await logs(server, new RegExp(`${id}\\.sqlite`));
    assert.notStrictEqual((await run(['backup', app, '--out', `${copy}-backup`, '--state', copy])).code, 0, `${what}: no backup of damage`);
    await server.stop();
    assert.strictEqual((await run(['check', app, '--state', copy])).code, 1, `${what}: still there after a stop`);
  }
});

test('two processes on one directory: the second is refused, the first goes on', async () => {
  const app = copyApp('boxes');
  const state = freshState();
  const server = await start(app, state);
  await answer(server, 'a', 'add', 'one');
  const second = await run(['serve', app, '--state', state, '--port', '0']);
  assert.strictEqual(second.code, 2, second.stderr);
  assert.ok(second.stderr.includes(state) && second.stderr.includes(String(server.pid)), second.stderr);
  await answer(server, 'a', 'add', 'two');
  await server.stop('SIGKILL');
  await checkAfterRestart(app, state, {});
});

// --- handlers ---

test('a handler that throws or loops in the middle of a transaction: all of that is taken back, others are served', async () => {
  const app = copyApp('boxes');
  const state = freshState();
  let server = await start(app, state);
  await answer(server, 'a', 'add', 'one');
  for (const how of ['sync', 'async']) {
    const thrown = await ask(server, 'a', 'throws', `thrown-${how}`, how);
    assert.strictEqual(thrown.error.message, 'in the middle of a transaction');
    assert.deepStrictEqual(await answer(server, 'a', 'ids'), ['one']);
    assert.strictEqual(await answer(server, 'a', 'key'), null);
    const other = new Writer(server, 'b');
    const looped = await ask(server, 'a', 'loops', `looped-${how}`, how);
    assert.match(looped.error.message, /exceeded its CPU time limit and was reset/);
    assert.deepStrictEqual(await answer(server, 'a', 'ids'), ['one']);
    assert.strictEqual(await answer(server, 'a', 'key'), null);
    assert.strictEqual((await get(server.port, '/ping')).body, 'pong');
    const before = other.acknowledged.size;
    await until(() => other.acknowledged.size > before + 3, 'writes of another object');
    await other.stop();
    other.check((await answer(server, 'b', 'ids')).filter((id) => other.sent.has(id)), 'after the limit');
  }
  await answer(server, 'a', 'add', 'two');
  await server.stop('SIGKILL');
  server = await start(app, state);
  assert.deepStrictEqual(await answer(server, 'a', 'ids'), ['one', 'two']);
  assert.strictEqual(await answer(server, 'a', 'key'), null);
  await server.stop();
});

test('storage at the bottom of deep recursion works or throws a RangeError', async () => {
  const app = copyApp('boxes');
  const server = await start(app, freshState());
  for (const what of ['insert', 'nested', 'joins', 'transaction', 'put', 'kv']) {
    for (const how of ['plain', 'replace', 'sort', 'json', 'getter', 'regexp', 'reflect', 'bound']) {
      const {deepest, tried, worked, failures} = await answer(server, 'deep', 'deep', what, how);
      const text = `${what} ${how}: ${JSON.stringify({deepest, tried, worked, failures})}`;
      assert.ok(deepest > 50 && worked > 0 && Object.keys(failures).length > 0, text);
      for (const [name, value] of Object.entries(failures)) assert.ok(name === 'RangeError' || value === 'RangeError', text);
      assert.ok(await answer(server, 'deep', 'count') > 0, text);
    }
  }
  await answer(server, 'a', 'add', 'one');
  assert.strictEqual((await server.stop()).code, 0);
});

test('an object that is called 10,000 times at once answers or says that it is overloaded; others are served meanwhile', async () => {
  const app = copyApp('boxes');
  const state = freshState();
  let server = await start(app, state);
  await answer(server, 'a', 'add', 'one');
  // Ten requests make a thousand calls each, and a thousand connections make nine each, all at once.
  const crowds = Array.from({length: 10}, (_, i) => get(server.port, `/crowded/crowd/1000/inner-${i}`, {ms: 120000}));
  const agent = new http.Agent({keepAlive: true, maxSockets: 1000});
  const writer = {request: Writer.prototype.request, agent};
  const outer = Array.from({length: 9000}, (_, i) => writer.request(server.port, `/crowded/add/outer-${i}`).then((got) => ({...got, id: `outer-${i}`})));
  let crowded = true;
  const meanwhile = (async () => {
    let count = 0;
    for (; crowded; ++count) {
      assert.deepStrictEqual(await answer(server, 'a', 'ids'), ['one']);
      assert.strictEqual((await get(server.port, '/ping')).body, 'pong');
    }
    return count;
  })();
  const acknowledged = new Set();
  const refusals = {};
  for (const crowd of crowds) {
    const {added, errors} = JSON.parse((await crowd).body);
    for (const id of added) acknowledged.add(id);
    for (const [text, count] of Object.entries(errors)) refusals[text] = (refusals[text] || 0) + count;
  }
  for (const pending of outer) {
    const {status, text, id} = await pending;
    if (status === 200) acknowledged.add(id);
    else refusals[status === 500 ? `${JSON.parse(text).message} overloaded: ${JSON.parse(text).overloaded}` : status] = 1;
  }
  crowded = false;
  agent.destroy();
  assert.ok((await meanwhile) > 0, 'others were served');
  for (const text of Object.keys(refusals)) assert.match(text, /^Durable Object is overloaded\. .* overloaded: true$/);
  // 20,000 may wait; only who waits for too long on a slow machine is refused.
  assert.ok(acknowledged.size > 10000, `${acknowledged.size} of 19000 were let in`);
  if (acknowledged.size < 19000) await logs(server, new RegExp(`Box ${await idOf(server, 'crowded')}: overloaded`));
  const there = await answer(server, 'crowded', 'ids');
  assert.deepStrictEqual(there, [...acknowledged].sort(), 'those that were let in, all of them, and nobody else');
  await server.stop('SIGKILL');
  server = await start(app, state);
  assert.deepStrictEqual(await answer(server, 'crowded', 'ids'), there);
  await server.stop();
});

runTests();
