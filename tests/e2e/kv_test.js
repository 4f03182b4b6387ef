// edge kv on the state of an application, with and without a process that serves it.
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {freshFolder, get, run, runTests, serve, test, writeApp} = require('./harness.js');

const NAMESPACE = '0123456789abcdef';
const app = () => writeApp({
  'wrangler.json': JSON.stringify({name: 'store', main: 'index.js', compatibility_date: '2026-01-01', kv_namespaces: [{binding: 'KV', id: NAMESPACE}]}),
  'index.js': `export default {
    async fetch(request, env) {
      const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
      if (request.method === 'PUT') {
        await env.KV.put(key, request.body, {metadata: {by: 'worker'}});
        return new Response('put');
      }
      const value = await env.KV.get(key, 'arrayBuffer');
      return value === null ? new Response('nothing', {status: 404}) : new Response(value);
    },
  };`,
});

// `edge kv WORDS` on the folder: {code, stdout, stderr}.
const kv = (folder, ...words) => run(['kv', words[0], folder, '--namespace', NAMESPACE, ...words.slice(1)]);
async function fine(folder, ...words) {
  const {code, stdout, stderr} = await kv(folder, ...words);
  assert.strictEqual(code, 0, stderr);
  return stdout;
}
async function refused(folder, ...words) {
  const {code, stdout, stderr} = await kv(folder, ...words);
  assert.strictEqual(code, 2, stdout);
  assert.strictEqual(stdout, '');
  return stderr;
}

test('without a process a namespace is written, listed, read and deleted, and nothing of it is lost in between', async () => {
  const folder = app();

  assert.match(await refused(folder, 'get', '--key', 'a'), /is empty or absent: nothing has been stored there yet/);
  assert.match(await fine(folder, 'put', '--key', 'a', '--value', 'one'), /put a \(3 bytes\)/);
  await fine(folder, 'put', '--key', 'b/c d', '--value', 'zwei ✓');
  await fine(folder, 'put', '--key', 'b/e', '--value', '', '--ttl', '3600');

  assert.strictEqual(await fine(folder, 'get', '--key', 'a'), 'one\n');
  assert.strictEqual(await fine(folder, 'get', '--key', 'b/c d'), 'zwei ✓\n');
  assert.match(await fine(folder, 'list'), /^a\nb\/c d\nb\/e {2}expires \d+\n3 keys\n$/);
  assert.match(await fine(folder, 'list', '--prefix', 'b/'), /^b\/c d\nb\/e {2}expires \d+\n2 keys\n$/);
  const [first, second] = JSON.parse(await fine(folder, 'list', '--prefix', 'b/', '--json'));
  assert.deepStrictEqual(first, {name: 'b/c d'});
  assert.ok(Math.abs(second.expiration - Date.now() / 1000 - 3600) < 120, second.expiration);

  assert.match(await fine(folder, 'delete', '--key', 'a'), /deleted a/);
  assert.match(await refused(folder, 'get', '--key', 'a'), /there is no key "a" in the namespace 0123456789abcdef/);
  assert.match(await fine(folder, 'list'), /2 keys/);
});

test('another namespace of the same folder is another one', async () => {
  const folder = app();
  await fine(folder, 'put', '--key', 'a', '--value', 'one');

  const {code, stderr} = await run(['kv', 'get', folder, '--namespace', 'other', '--key', 'a']);

  assert.strictEqual(code, 2);
  assert.match(stderr, /there is no key "a" in the namespace other/);
});

test('what is put without a process is there for the worker, and the other way round', async () => {
  const folder = app();
  const bytes = Buffer.from(Array.from({length: 70000}, (_, i) => (i * 7) & 255));
  const file = path.join(freshFolder(), 'value');
  fs.writeFileSync(file, bytes);
  await fine(folder, 'put', '--key', 'early', '--value', 'from the command line');
  await fine(folder, 'put', '--key', 'bytes', '--from', file);

  let server = await serve([folder]);
  const early = await get(server.port, '/early');
  const found = await fetch(`http://127.0.0.1:${server.port}/bytes`);
  const late = await get(server.port, '/late', {method: 'PUT', body: 'from the worker'});
  const asked = await fine(folder, 'get', '--key', 'late');
  await fine(folder, 'put', '--key', 'during', '--value', 'through the process');
  const during = await get(server.port, '/during');
  await server.stop();

  assert.strictEqual(early.body, 'from the command line');
  assert.ok(bytes.equals(Buffer.from(await found.arrayBuffer())));
  assert.strictEqual(late.body, 'put');
  assert.strictEqual(asked, 'from the worker\n');
  assert.strictEqual(during.body, 'through the process');
  assert.match(await fine(folder, 'list'), /^bytes\nduring\nearly\nlate {2}\{"by":"worker"\}\n4 keys\n$/);

  await fine(folder, 'delete', '--key', 'early');
  server = await serve([folder]);
  const gone = await get(server.port, '/early');
  await server.stop();
  assert.strictEqual(gone.status, 404);
});

test('after a kill what the worker had acknowledged is read without a process', async () => {
  const folder = app();
  const server = await serve([folder]);
  for (let i = 0; i < 20; i++) assert.strictEqual((await get(server.port, `/key${i}`, {method: 'PUT', body: `value ${i}`})).body, 'put');
  await server.stop('SIGKILL');

  assert.match(await fine(folder, 'list'), /20 keys/);
  assert.strictEqual(await fine(folder, 'get', '--key', 'key19'), 'value 19\n');
});

test('what is asked for wrongly changes nothing and says why', async () => {
  const folder = app();
  await fine(folder, 'put', '--key', 'a', '--value', 'one');
  const large = path.join(freshFolder(), 'large');
  fs.writeFileSync(large, Buffer.alloc(25 * 1024 * 1024 + 1));

  assert.match(await refused(folder, 'get', '--key', '..'), /a key has 1 to 512 bytes and is not \. or \.\./);
  assert.match(await refused(folder, 'put', '--key', 'k'.repeat(513), '--value', 'x'), /a key has 1 to 512 bytes/);
  assert.match(await refused(folder, 'put', '--key', 'a', '--value', 'x', '--ttl', '59'), /--ttl must be a whole number of at least 60/);
  assert.match(await refused(folder, 'put', '--key', 'a', '--from', large), /larger than|at most/);
  assert.match(await refused(folder, 'put', '--key', 'a', '--from', '/nowhere/file'), /nowhere/);
  assert.strictEqual(await fine(folder, 'get', '--key', 'a'), 'one\n');
});

test('another process that has the state open and cannot be asked is not written over', async () => {
  const folder = app();
  const server = await serve([folder]);
  await get(server.port, '/a', {method: 'PUT', body: 'kept'});
  fs.rmSync(path.join(folder, '.edge/state/control.sock'));

  const said = await refused(folder, 'put', '--key', 'a', '--value', 'overwritten');
  const value = await get(server.port, '/a');
  await server.stop();

  assert.match(said, /LOCK|in use|another process|is open/i);
  assert.strictEqual(value.body, 'kept');
});

runTests();
