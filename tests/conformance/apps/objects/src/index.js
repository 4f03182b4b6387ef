// GET /GROUP/CASE runs one case and answers what it returned, or the error it threw, as JSON. Groups `storage`, `sql`, `sockets` and `plain` run inside an object of their own, named by the
// path; `ids`, `rpc` and `calls` run in the worker.
import { DurableObject, RpcTarget } from 'cloudflare:workers';
import { calls } from './calls.js';
import { ids } from './ids.js';
import { rpc } from './rpc.js';
import { sockets } from './sockets.js';
import { sql } from './sql.js';
import { storage } from './storage.js';

// What JSON cannot say.
function describe(value) {
  if (value === undefined) return { undefined: true };
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return { number: Object.is(value, -0) ? '-0' : String(value) };
  if (value instanceof Error) return { error: value.name, message: value.message, remote: value.remote, retryable: value.retryable, overloaded: value.overloaded };
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) return { view: value.constructor.name, bytes: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] };
  if (value instanceof Map) return { map: [...value].map(([k, v]) => [describe(k), describe(v)]) };
  if (value instanceof Set) return { set: [...value].map(describe) };
  if (value instanceof Date) return { date: value.toISOString() };
  if (value instanceof RegExp) return { regexp: String(value) };
  if (Array.isArray(value)) return value.map(describe);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, describe(v)]));
  if (typeof value === 'function') return { function: value.name };
  return value;
}

async function attempt(run) {
  try {
    return { value: describe(await run()) };
  } catch (error) {
    return { thrown: describe(error) };
  }
}

class Cases extends DurableObject {
  async runCase(group, name) {
    return attempt(() => ({ storage, sql, sockets })[group][name](this.ctx.storage, this.ctx, this));
  }
}

class Counter extends RpcTarget {
  #value;
  constructor(value) {
    super();
    this.#value = value;
    this.field = 'of the instance';
  }
  get value() {
    return this.#value;
  }
  increment(by = 1) {
    return (this.#value += by);
  }
}

export class SqlObject extends Cases {
  label = 'a field';
  arrow = () => 'an arrow';
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === '/moved') return Response.redirect('https://elsewhere.example/echo', 302);
    if (url.pathname === '/moved-kept') return Response.redirect('https://elsewhere.example/echo', 307);
    if (url.pathname === '/round') return Response.redirect(request.url, 302);
    if (url.pathname === '/reset') this.ctx.abort('reset while it answers');
    if (url.pathname === '/socket') return new Response(null, { status: 101, webSocket: new WebSocketPair()[1] });
    if (url.pathname === '/throw') throw new RangeError('from fetch');
    if (url.pathname === '/echo') return new Response(request.body, { headers: { 'X-Method': request.method, 'X-Type': request.headers.get('Content-Type') ?? 'none' } });
    if (url.pathname === '/stream') {
      return new Response(new ReadableStream({
        async start(controller) {
          for (let i = 0; i < 3; i++) controller.enqueue(new TextEncoder().encode(`piece ${i}\n`));
          controller.close();
        },
      }));
    }
    return Response.json({ method: request.method, url: request.url, name: this.ctx.id.name, header: request.headers.get('X-Test') }, { status: 203 });
  }
  count = 0;
  next() {
    return ++this.count;
  }
  add(a, b) {
    return a + b;
  }
  echo(...values) {
    return values;
  }
  nothing() {}
  get getter() {
    return 'got';
  }
  fail(kind) {
    if (kind === 'type') throw new TypeError('a type error', { cause: 'a cause' });
    if (kind === 'custom') {
      class CustomError extends Error {
        name = 'CustomError';
        extra = 1;
      }
      throw new CustomError('a custom error');
    }
    if (kind === 'string') throw 'a string';
    if (kind === 'object') throw { a: 1 };
    throw new Error('an error');
  }
  async callBack(f, value) {
    return (await f(value)) + '!';
  }
  counter(value) {
    return new Counter(value);
  }
  nested() {
    return { counter: new Counter(5), list: [1, 2, 3], say: (name) => `hello ${name}` };
  }
  async useCounter(counter) {
    return [await counter.increment(), await counter.increment(10), await counter.value];
  }
  classInstance() {
    return new (class Thing {})();
  }
  async stream() {
    return new Blob(['streamed ', 'text']).stream();
  }
  async readStream(stream) {
    return new Response(stream).text();
  }
  response() {
    return new Response('a response', { status: 201, headers: { 'X-A': 'b' } });
  }
  async readRequest(request) {
    return [request.method, request.url, await request.text()];
  }
  async slow(ms, value) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return value;
  }
  log = [];
  async note(value) {
    this.log.push(value);
    return this.log.length;
  }
  notes() {
    return this.log;
  }
  async abort(reason) {
    this.ctx.abort(reason);
  }
  set(key, value) {
    return this.ctx.storage.put(key, value);
  }
  get(key) {
    return this.ctx.storage.get(key);
  }
}

export class OtherObject extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    if (ctx.id.name === 'broken') throw new Error('the constructor fails');
    ctx.blockConcurrencyWhile(async () => {
      if (ctx.id.name === 'blocked') throw new Error('the section fails');
      this.ready = (await ctx.storage.get('ready')) ?? 'fresh';
      await ctx.storage.put('ready', 'used');
    });
  }
  state() {
    return this.ready;
  }
}

// The old style: no base class, no RPC.
export class PlainObject {
  constructor(state, env) {
    this.state = state;
    this.hasEnv = typeof env.SQL === 'object';
  }
  async fetch(request) {
    const [, group, name] = new URL(request.url).pathname.split('/');
    if (group === 'plain') return Response.json({ hasEnv: this.hasEnv, id: this.state.id.name, sql: await attempt(() => typeof this.state.storage.sql) });
    return Response.json(await attempt(() => storage[name](this.state.storage, this.state, this)));
  }
}

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    const [, group, name] = url.pathname.split('/');
    let result;
    if (group === 'storage' || group === 'sql' || group === 'sockets') result = await env.SQL.getByName(url.pathname).runCase(group, name);
    else if (group === 'kv') return env.PLAIN.get(env.PLAIN.idFromName(url.pathname)).fetch(request);
    else if (group === 'forwarded') return env.SQL.getByName('forwarded').fetch(new Request(`http://x/${name}`, request));
    else if (group === 'plain') return env.PLAIN.get(env.PLAIN.idFromName('plain')).fetch(request);
    else {
      const found = { ids, rpc, calls }[group]?.[name];
      if (!found) return new Response('no such case\n', { status: 404 });
      result = await attempt(() => found(env, env.SQL.getByName(url.pathname), request));
    }
    return Response.json(result);
  },
};
