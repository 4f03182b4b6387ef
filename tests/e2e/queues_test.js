// Queues against the real binary: several workers, redelivery, dead letters, kill -9 and a restart, what the configuration refuses.
'use strict';
const assert = require('assert');
const {get, run, runTests, serve, sleep, test, until, writeApp} = require('./harness.js');

const wrangler = (name, queues, more = {}) => JSON.stringify({name, main: 'index.js', compatibility_date: '2026-01-01', queues, ...more});

// What was processed is counted in an object, by body.
const INTAKE = () => ({
  'wrangler.json': wrangler('intake', {
    producers: [{binding: 'ORDERS', queue: 'orders'}, {binding: 'DEAD', queue: 'dead'}],
  }, {
    durable_objects: {bindings: [{name: 'LEDGER', class_name: 'Ledger'}]}, migrations: [{tag: 'v1', new_sqlite_classes: ['Ledger']}],
  }),
  'index.js': `import {DurableObject} from 'cloudflare:workers';
  export class Ledger extends DurableObject {
    add(body) { this.ctx.storage.kv.put(body, (this.ctx.storage.kv.get(body) || 0) + 1); }
    all() { return Object.fromEntries(this.ctx.storage.kv.list()); }
  }
  export default { async fetch(request, env) {
    const {pathname, searchParams} = new URL(request.url);
    if (pathname === '/send') {
      await env.ORDERS.sendBatch(searchParams.get('bodies').split(',').map((body) => ({body})));
      return new Response('sent');
    }
    if (pathname === '/dead') return Response.json(await env.DEAD.metrics());
    return Response.json(await env.LEDGER.getByName('x').all());
  } };`,
});
const CONSUMER = {
  'wrangler.json': wrangler('consumer', {
    consumers: [{queue: 'orders', max_batch_size: 5, max_batch_timeout: 0, max_retries: 2, dead_letter_queue: 'dead'}],
  }, {durable_objects: {bindings: [{name: 'LEDGER', class_name: 'Ledger', script_name: 'intake'}]}}),
  'index.js': `import {WorkerEntrypoint} from 'cloudflare:workers';
  export default class extends WorkerEntrypoint {
    async queue(batch) {
      for (const message of batch.messages) {
        if (message.body === 'poison') { message.retry(); continue; }
        if (message.body.startsWith('slow')) await new Promise((resolve) => setTimeout(resolve, 300));
        await this.env.LEDGER.getByName('x').add(message.body);
        message.ack();
      }
    }
  }`,
};

test('messages reach a consumer in another worker of the process; poison ends among the dead letters', async () => {
  const server = await serve([writeApp(INTAKE()), writeApp(CONSUMER)]);
  assert.strictEqual((await get(server.port, '/send?bodies=a,poison,b')).body, 'sent');
  await until(async () => JSON.parse((await get(server.port, '/dead')).body).backlogCount === 1, 'a dead letter');
  const all = JSON.parse((await get(server.port, '/all')).body);
  const {code} = await server.stop();

  assert.deepStrictEqual(all, {a: 1, b: 1});
  assert.match(server.log(), /was delivered 3 times and never acknowledged; it goes to dead/);
  assert.strictEqual(code, 0);
});

test('what was sent survives kill -9, and every message is processed at least once', async () => {
  const folders = [writeApp(INTAKE()), writeApp(CONSUMER)];
  const sent = [];
  for (let life = 0; life < 4; life++) {
    const server = await serve(folders);
    for (let i = 0; i < 5; i++) {
      const bodies = [`slow${life}-${i}`, `m${life}-${i}`];
      const answer = await get(server.port, `/send?bodies=${bodies}`);
      if (answer.body === 'sent') sent.push(...bodies);
    }
    await sleep(100 * life);
    await server.stop('SIGKILL');
  }
  const server = await serve(folders);
  let all;
  await until(async () => {
    all = JSON.parse((await get(server.port, '/all')).body);
    return sent.every((body) => all[body] >= 1);
  }, 'everything that was sent is processed', 30000);
  const {code} = await server.stop();

  assert.strictEqual(sent.length, 40);
  assert.deepStrictEqual(Object.keys(all).filter((body) => !sent.includes(body)), []);
  assert.strictEqual(code, 0);
});

test('two consumers of one queue end the start', async () => {
  const other = {...CONSUMER, 'wrangler.json': CONSUMER['wrangler.json'].replace('"consumer"', '"second"')};
  const {code, stderr} = await run(['serve', writeApp(INTAKE()), writeApp(CONSUMER), writeApp(other), '--port', '0']);

  assert.strictEqual(code, 2);
  assert.match(stderr, /the queue "orders" has two consumers, consumer and second; a queue has one at most/);
});

runTests();
