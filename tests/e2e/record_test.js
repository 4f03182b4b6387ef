// edge serve --record: what the file holds, what it leaves out, and that serving goes on whatever becomes of it.
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {freshFolder, get, run, runTests, serve, test, until, writeApp} = require('./harness.js');

const APP = {
  'wrangler.json': JSON.stringify({name: 'app', main: 'index.js', compatibility_date: '2026-01-01'}),
  'index.js': `export default {
    async fetch(request) {
      const body = await request.text();
      return new Response('got ' + body.length, {status: request.method === 'POST' ? 201 : 200});
    },
  };`,
};

const linesOf = (file) => fs.readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));

test('requests are written as they finish, without secrets', async () => {
  const file = path.join(freshFolder(), 'new', 'traffic.jsonl');
  const server = await serve([writeApp(APP), '--record', file]);
  await get(server.port, '/a?b=c', {headers: 'Authorization: Bearer s3cret\r\nCookie: id=s3cret\r\nX-One: 1\r\n'});
  await until(() => fs.existsSync(file) && linesOf(file).length === 2, 'the first request in the file');
  await get(server.port, '/notes', {method: 'POST', body: 'h\u00e9llo "you"'});
  await get(server.port, '/long', {method: 'POST', body: 'x'.repeat(100000)});
  const {code} = await server.stop();
  const [heading, first, second, third] = linesOf(file);

  assert.strictEqual(code, 0);
  assert.match(server.log(), /requests are recorded in /);
  assert.deepStrictEqual(heading, {edge_requests: 1});
  assert.deepStrictEqual(first, {
    method: 'GET', target: '/a?b=c', headers: [['Host', 'e2e.example'], ['Authorization', '<redacted>'], ['Cookie', '<redacted>'], ['X-One', '1']],
    gap_ms: 0, status: 200,
  });
  assert.strictEqual(second.body, 'h\u00e9llo "you"');
  assert.strictEqual(second.status, 201);
  assert.strictEqual(third.body.length, 65536);
  assert.strictEqual(third.body_cut, true);
});

test('--record-secrets records them, and an older recording is gone on with', async () => {
  const file = path.join(freshFolder(), 'traffic.jsonl');
  const app = writeApp(APP);
  for (const target of ['/one', '/two']) {
    const server = await serve([app, '--record', file, '--record-secrets']);
    await get(server.port, target, {headers: 'Cookie: id=s3cret\r\n'});
    await server.stop();
  }

  const [heading, one, two] = linesOf(file);
  assert.deepStrictEqual(heading, {edge_requests: 1});
  assert.deepStrictEqual([one.target, two.target], ['/one', '/two']);
  assert.deepStrictEqual(two.headers[1], ['Cookie', 'id=s3cret']);
});

test('a relative name is one in the folder one stands in', async () => {
  const cwd = freshFolder();
  const server = await serve([writeApp(APP), '--record', 'here.jsonl'], {cwd});
  await get(server.port, '/');
  await server.stop();
  assert.strictEqual(linesOf(path.join(cwd, 'here.jsonl')).length, 2);
});

test('a file that cannot be a recording is refused', async () => {
  const app = writeApp(APP);
  const mine = path.join(app, 'index.js');
  const other = await run(['serve', app, '--port', '0', '--record', mine]);
  const folder = await run(['serve', app, '--port', '0', '--record', app]);

  assert.strictEqual(other.code, 2);
  assert.match(other.stderr, /index\.js exists and is no recording/);
  assert.strictEqual(fs.readFileSync(mine, 'utf8'), APP['index.js']);
  assert.strictEqual(folder.code, 2, folder.stderr);
  assert.match(folder.stderr, /cannot record requests/);
});

test('serving goes on when the disk is full', async () => {
  const server = await serve([writeApp(APP), '--record', '/dev/full']);
  for (let i = 0; i < 3; i++) assert.strictEqual((await get(server.port, '/')).status, 200);
  const {code} = await server.stop();

  assert.strictEqual(code, 0);
  assert.strictEqual(server.log().match(/requests are no longer recorded/g).length, 1, server.log());
  assert.match(server.log(), /3 requests are missing/);
});

runTests();
