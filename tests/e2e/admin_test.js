// edge serve --admin: what /metrics says; --log json: what the lines say.
'use strict';
const assert = require('assert');
const {get, raw, run, runTests, serve, test, until, writeApp} = require('./harness.js');

const app = () => writeApp({
  'wrangler.json': JSON.stringify({
    name: 'shop', main: 'index.js', compatibility_date: '2026-01-01',
    kv_namespaces: [{binding: 'KV', id: 'store'}],
    durable_objects: {bindings: [{name: 'CARTS', class_name: 'Cart'}]},
    migrations: [{tag: 'v1', new_sqlite_classes: ['Cart']}],
    triggers: {crons: ['0 0 1 1 *']},
  }),
  'index.js': `import {DurableObject} from 'cloudflare:workers';
  export class Cart extends DurableObject {
    async add() {
      const n = (await this.ctx.storage.get('n') || 0) + 1;
      await this.ctx.storage.put('n', n);
      console.log('cart has', n);
      return n;
    }
  }
  export default {
    async fetch(request, env) {
      const {pathname} = new URL(request.url);
      if (pathname === '/fails') throw new Error('on "purpose"');
      if (pathname === '/gone') return new Response('gone', {status: 410});
      if (pathname === '/cart') { console.log('one'); const n = await env.CARTS.getByName('a').add(); console.warn('two'); return new Response(String(n)); }
      if (pathname === '/kv') { await env.KV.put('a', '1'); return new Response(await env.KV.get('a') + (await env.KV.list()).keys.length); }
      return new Response('hello');
    },
    scheduled() {},
  };`,
});

async function start(folder, ...flags) {
  const server = await serve([folder, '--admin', '127.0.0.1:0', ...flags]);
  // The first address that is printed is the admin's.
  const greeting = /edge serves \w+ at http:\/\/127\.0\.0\.1:(\d+)/;
  await until(() => greeting.test(server.log()), 'the greeting');
  server.port = Number(greeting.exec(server.log())[1]);
  const port = Number(/metrics are at http:\/\/127\.0\.0\.1:(\d+)\/metrics/.exec(server.log())[1]);
  // {name{labels}: value}, of the text as it came.
  const metrics = async () => {
    const {status, head, body} = await get(port, '/metrics');
    assert.strictEqual(status, 200);
    assert.match(head, /^Content-Type: text\/plain; version=0\.0\.4; charset=utf-8$/im);
    return {body, values: Object.fromEntries(body.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))};
  };
  return {server, port, metrics};
}

test('what happens is counted', async () => {
  const {server, metrics} = await start(app());
  const before = (await metrics()).values;
  for (const path of ['/', '/', '/gone', '/fails', '/cart', '/cart', '/kv']) await get(server.port, path);
  const {body, values} = await metrics();
  await server.stop();

  const grown = (name) => values[name] - (before[name] || 0);
  assert.strictEqual(grown('edge_http_requests_total{code="200"}'), 5);
  assert.strictEqual(grown('edge_http_requests_total{code="410"}'), 1);
  assert.strictEqual(grown('edge_http_requests_total{code="500"}'), 1);
  assert.strictEqual(values.edge_http_requests_aborted_total, 0);
  assert.strictEqual(values.edge_http_requests_in_flight, 0);
  assert.strictEqual(grown('edge_http_request_duration_seconds_count'), 7);
  assert.strictEqual(values['edge_http_request_duration_seconds_bucket{le="+Inf"}'], values.edge_http_request_duration_seconds_count);
  assert.strictEqual(grown('edge_worker_events_total{worker="shop",handler="fetch"}'), 7);
  assert.strictEqual(grown('edge_worker_events_total{worker="shop",handler="class Cart"}'), 2);
  assert.strictEqual(values['edge_durable_objects{state="live"}'], 1);
  assert.strictEqual(values['edge_kv_operations_total{operation="get"}'], 1);
  assert.strictEqual(values['edge_kv_operations_total{operation="put"}'], 1);
  assert.strictEqual(values['edge_kv_operations_total{operation="list"}'], 1);
  assert.strictEqual(values['edge_kv_operations_total{operation="delete"}'], 0);
  assert.ok(grown('edge_storage_commits_total') >= 3, body);
  assert.ok(grown('edge_log_syncs_total') >= 1, body);
  assert.ok(grown('edge_log_appended_bytes_total') > 0, body);
  assert.ok(values.process_resident_memory_bytes > 1e6 && values.process_resident_memory_bytes < 1e10, body);
  assert.ok(values.process_cpu_seconds_total > 0 && values.process_cpu_seconds_total < 60, body);
  assert.ok(values.edge_isolates >= 1 && values.edge_isolate_heap_bytes > 10000, body);
});

test('every family has help and type, once, before its samples, and names follow the conventions', async () => {
  const {server, metrics} = await start(app());
  await get(server.port, '/kv');
  const {body} = await metrics();
  await server.stop();

  const types = {};
  let family = '';
  for (const line of body.trimEnd().split('\n')) {
    const help = /^# HELP (\S+) \S.*\.$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    const sample = /^([a-z_]+?)(_bucket|_sum|_count)?(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$/.exec(line);
    assert.ok(help || type || sample, line);
    if (help) family = help[1];
    if (help) assert.ok(!(family in types), line);
    if (type) types[type[1]] = type[2];
    if (type) assert.strictEqual(type[1], family);
    if (sample) assert.ok(line.startsWith(family), line);
  }
  for (const [name, type] of Object.entries(types)) {
    assert.strictEqual(name.endsWith('_total'), type === 'counter', name);
    assert.match(name, /^(edge|process)_/);
  }
});

test('a client that leaves is counted as aborted', async () => {
  const folder = writeApp({
    'wrangler.json': JSON.stringify({name: 'slow', main: 'index.js', compatibility_date: '2026-01-01'}),
    'index.js': 'export default {async fetch() { await scheduler.wait(60000); return new Response(); }};',
  });
  const {server, metrics} = await start(folder);
  await raw(server.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', {ms: 300});
  let values;
  do ({values} = await metrics()); while (values.edge_http_requests_aborted_total !== 1);
  await server.stop();

  assert.strictEqual(values.edge_http_requests_in_flight, 0);
  assert.ok(!('edge_log_syncs_total' in values), 'a worker without state has no log');
});

test('nothing else is there, and without the flag there is no such address', async () => {
  const folder = app();
  const {server, port} = await start(folder);
  const other = await get(port, '/');
  const posted = await get(port, '/metrics', {method: 'POST', body: 'x'});
  const onWorker = await get(server.port, '/metrics');
  await server.stop();
  const plain = await serve([folder]);
  await plain.stop();

  assert.strictEqual(other.status, 404);
  assert.strictEqual(posted.status, 405);
  assert.strictEqual(onWorker.body, 'hello');
  assert.doesNotMatch(plain.log(), /metrics/);
});

test('a wrong address, or one that is taken, ends the start', async () => {
  const folder = app();
  const {server, port} = await start(folder);
  const taken = await run(['serve', folder, '--state', `${folder}/other`, '--port', '0', '--admin', `127.0.0.1:${port}`]);
  await server.stop();

  assert.strictEqual(taken.code, 2);
  assert.match(taken.stderr, new RegExp(`cannot listen on the admin address 127\\.0\\.0\\.1:${port}`));
  for (const wrong of ['', 'x', '127.0.0.1:', ':9090', '127.0.0.1:99999', '127.0.0.1:9x']) {
    const {code, stderr} = await run(['serve', folder, '--port', '0', '--admin', wrong]);
    assert.strictEqual(code, 2, wrong);
    assert.match(stderr, /--admin/, wrong);
  }
});

test('lines of the log are JSON objects with the ids of request and object', async () => {
  const {server} = await start(app(), '--log', 'json');
  await get(server.port, '/cart');
  await get(server.port, '/fails');
  await server.stop();

  const lines = server.log().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const [one, cart, two, failed] = ['one', 'cart has', 'two', 'Uncaught'].map((text) => lines.find(({message}) => message.startsWith(text)));
  assert.deepStrictEqual([one.level, one.source, one.message], ['info', 'shop', 'one']);
  assert.strictEqual(two.level, 'warning');
  assert.match(one.request, /^[0-9a-f]{16}$/);
  assert.strictEqual(two.request, one.request);
  assert.ok(!('object' in one));
  assert.deepStrictEqual([cart.message, cart.class], ['cart has 1', 'shop/Cart']);
  assert.match(cart.object, /^[0-9a-f]{64}$/);
  assert.notStrictEqual(cart.request, one.request);
  assert.strictEqual(failed.level, 'error');
  assert.match(failed.message, /^Uncaught Error: on "purpose"\n +at /);
  assert.match(failed.request, /^[0-9a-f]{16}$/);
  assert.notStrictEqual(failed.request, one.request);
  for (const {time} of lines) assert.ok(Math.abs(Date.parse(time) - Date.now()) < 600000, time);
  const {code, stderr} = await run(['serve', app(), '--log', 'xml']);
  assert.strictEqual(code, 2);
  assert.match(stderr, /--log must be text or json/);
});

runTests();
