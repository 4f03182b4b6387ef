// Calls of another worker, case by case: /NAME answers with what came of it.
import { DurableObject, WorkerEntrypoint, exports as own } from 'cloudflare:workers';

export class Local extends WorkerEntrypoint {
  hi(x) { return [x, this.ctx.props]; }
}
export class Thing extends DurableObject {
  hi(x) { return `thing ${x}`; }
  useService() { return this.env.BACK.add(20, 22); }
  async count() { return [await this.env.BACK.count(), await this.env.BACK.count()]; }
}

async function told(promise) {
  try { return await promise; } catch (error) { return `${error.name}: ${error.message} remote=${error.remote} code=${error.code}`; }
}
const text = async (promise) => { const response = await promise; return [response.status, response.url, response.redirected, await response.text()]; };

const cases = {
  fetch: (env) => text(env.BACK.fetch('http://any/p?q=1', { method: 'PUT', body: 'hi', headers: { a: 'b' } })),
  fetchRequest: (env) => text(env.BACK.fetch(new Request('http://any/p', { headers: { x: 'y' } }))),
  fetchFails: (env) => told(text(env.BACK.fetch('http://any/fails'))),
  fetchNone: (env) => told(text(env.BACK.fetch('http://any/none'))),
  fetchHangs: (env) => told(text(env.BACK.fetch('http://any/hangs'))),
  fetchMoved: (env) => told(text(env.BACK.fetch('http://any/moved'))),
  fetchManual: (env) => told(text(env.BACK.fetch('http://any/moved', { redirect: 'manual' }))),
  fetchEcho: (env) => text(env.BACK.fetch('http://any/echo', { method: 'POST', body: new Blob(['streamed']).stream() })),
  fetchStream: (env) => text(env.BACK.fetch('http://any/stream')),
  fetchAdmin: (env) => told(text(env.ADMIN.fetch('http://any/'))),
  fetchHandlers: (env) => told(text(env.HANDLERS.fetch('http://any/'))),
  fetchRelative: (env) => told(text(env.BACK.fetch('/relative'))),
  add: (env) => env.BACK.add(1, 2),
  count: async (env) => [await env.BACK.count(), await env.BACK.count()],
  colour: (env) => env.BACK.colour(),
  noProps: (env) => env.BACK.props(),
  props: (env) => env.ADMIN.props(),
  kinds: (env) => env.ADMIN.kinds(),
  getter: (env) => env.BACK.name,
  field: (env) => told(env.BACK.field),
  arrow: (env) => told(env.BACK.arrow()),
  missing: (env) => told(env.BACK.missing()),
  environment: (env) => told(env.BACK.env),
  reserved: (env) => told(env.BACK.alarm()),
  secret: (env) => told(env.BACK.secret()),
  fails: (env) => told(env.BACK.fails()),
  rejects: (env) => told(env.BACK.rejects()),
  hangs: (env) => told(env.BACK.hangs()),
  instance: (env) => told(env.BACK.instance()),
  counter: async (env) => { using c = await env.BACK.counter(); return [await c.inc(), await c.inc(5)]; },
  pipelined: (env) => env.BACK.counter().inc(3),
  nested: async (env) => { using n = await env.BACK.counter().nest(); return [await n.counter.inc(), await n.list[0]()]; },
  deepPipeline: (env) => env.BACK.counter().nest().counter.inc(),
  call: (env) => env.BACK.call((...list) => list.reverse(), 1, 2, 3),
  callThrows: (env) => told(env.BACK.call(() => { throw new SyntaxError('mine'); })),
  pass: (env) => env.BACK.pass(env.HANDLERS, 7),
  passFetch: (env) => told(env.BACK.passFetch(env.HANDLERS)),
  passObject: (env) => told(env.BACK.object(env.THING.getByName('x'))),
  passLoopback: (env, ctx) => told(env.BACK.call((stub) => stub === undefined)),
  read: (env) => env.BACK.read(new Blob(['a stream']).stream()),
  echo: (env) => env.BACK.echo({ date: new Date(5), list: [1, , 3], map: new Map([[1, { a: 1n.toString() }]]), bytes: new Uint8Array([1, 2]) }),
  large: async (env) => (await told(env.BACK.size(new Uint8Array(33 * 1024 * 1024)))).replace(/\d+ bytes/, 'N bytes'),
  sizeable: (env) => told(env.BACK.size(new Uint8Array(2 * 1024 * 1024))),
  deeper: (env) => told(env.BACK.deeper(8)),
  handlersOne: (env) => told(env.HANDLERS.one(5)),
  handlersTwo: (env) => told(env.HANDLERS.two(5)),
  handlersNone: (env) => told(env.HANDLERS.none(5)),
  handlersNothing: (env) => told(env.HANDLERS.one()),
  handlersMany: (env) => told(env.HANDLERS.one(5, 6)),
  handlersFour: (env) => told(env.HANDLERS.four(5)),
  handlersValue: (env) => told(env.HANDLERS.value),
  handlersNested: (env) => told(env.HANDLERS.nested.deep(1)),
  handlersMissing: (env) => told(env.HANDLERS.missing(1)),
  self: (env) => env.SELF.hi('a'),
  loopback: (env, ctx) => ctx.exports.Local.hi('b'),
  loopbackProps: (env, ctx) => ctx.exports.Local({ props: { x: [1, 2] } }).hi('c'),
  loopbackBad: (env, ctx) => told((async () => ctx.exports.Local().hi('c'))()),
  loopbackObject: (env, ctx) => ctx.exports.Thing.getByName('x').hi('d'),
  exports: (env, ctx) => [Object.keys(ctx.exports).sort(), typeof ctx.exports.Local, typeof ctx.exports.default, Object.keys(own).length],
  ownProps: (env, ctx) => ctx.props,
  types: (env) => [typeof env.BACK, Object.prototype.toString.call(env.BACK), typeof env.BACK.fetch, typeof env.BACK.anything],
  fromObject: (env) => env.THING.getByName('y').useService(),
  countFromObject: (env) => env.THING.getByName('y').count(),
  parallel: async (env) => Promise.all([1, 2, 3, 4, 5].map((n) => env.BACK.add(n, n))),
};

export default {
  async fetch(request, env, ctx) {
    const run = cases[new URL(request.url).pathname.slice(1)];
    if (!run) return new Response(Object.keys(cases).join('\n'), { status: 404 });
    return Response.json(await run(env, ctx) ?? 'nothing');
  },
};
