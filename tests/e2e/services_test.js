// edge serve DIR DIR: workers that call each other in one process, and what is said when one is missing. edge sim DIR DIR.
'use strict';
const assert = require('assert');
const {get, run, runTests, serve, test, writeApp} = require('./harness.js');

const wrangler = (name, more = {}) => JSON.stringify({name, main: 'index.js', compatibility_date: '2026-01-01', ...more});

const SHOP = {
  'wrangler.json': wrangler('shop', {
    services: [{binding: 'BILLING', service: 'billing', props: {shop: 'main'}}, {binding: 'ADMIN', service: 'billing', entrypoint: 'Admin'}],
    durable_objects: {bindings: [{name: 'LEDGER', class_name: 'Ledger', script_name: 'billing'}]},
  }),
  'index.js': `export default {
    async fetch(request, env) {
      const {pathname} = new URL(request.url);
      if (pathname === '/fetch') return env.BILLING.fetch(request);
      if (pathname === '/ledger') return new Response('entries: ' + await env.LEDGER.getByName('x').add(1));
      if (pathname === '/admin') return new Response(await env.ADMIN.name());
      return Response.json(await env.BILLING.charge('ada', 100));
    },
  };`,
};
const BILLING = {
  'wrangler.json': wrangler('billing', {vars: {CURRENCY: 'EUR'}, migrations: [{tag: 'v1', new_sqlite_classes: ['Ledger']}]}),
  'index.js': `import {DurableObject, WorkerEntrypoint} from 'cloudflare:workers';
  export class Ledger extends DurableObject {
    async add(n) { const sum = (await this.ctx.storage.get('sum') || 0) + n; await this.ctx.storage.put('sum', sum); return sum; }
  }
  export class Admin extends WorkerEntrypoint { name() { return 'admin'; } }
  export default class extends WorkerEntrypoint {
    async charge(user, cents) {
      console.log('charged');
      return {user, cents, currency: this.env.CURRENCY, shop: this.ctx.props.shop};
    }
    async fetch(request) { return new Response(request.method + ' ' + await request.text() + ' by billing'); }
  }`,
};

test('two workers in one process call each other', async () => {
  const server = await serve([writeApp(SHOP), writeApp(BILLING)]);
  const charged = await get(server.port, '/');
  const fetched = await get(server.port, '/fetch', {method: 'POST', body: 'a body'});
  const first = await get(server.port, '/ledger');
  const second = await get(server.port, '/ledger');
  const admin = await get(server.port, '/admin');
  const {code} = await server.stop();

  assert.deepStrictEqual(JSON.parse(charged.body), {user: 'ada', cents: 100, currency: 'EUR', shop: 'main'});
  assert.strictEqual(fetched.body, 'POST a body by billing');
  assert.deepStrictEqual([first.body, second.body, admin.body], ['entries: 1', 'entries: 2', 'admin']);
  assert.match(server.log(), /billing.*charged/);
  assert.strictEqual(code, 0);
});

test('a worker that is not there ends the start with file, line and name', async () => {
  const {code, stderr} = await run(['serve', writeApp(SHOP), '--port', '0']);

  assert.strictEqual(code, 2);
  assert.match(stderr, /wrangler\.json:1: the binding BILLING names the worker "billing", which is not served here/);
});

test('both are simulated together', async () => {
  const {code, stdout, stderr} = await run(['sim', writeApp(SHOP), writeApp(BILLING), '--seeds', '40', '--jobs', '1']);

  assert.strictEqual(code, 0, stdout + stderr);
});

runTests();
