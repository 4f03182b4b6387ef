// The worker that is called.
import { RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';

class Counter extends RpcTarget {
  n = 0;
  inc(by = 1) { return this.n += by; }
  nest() { return { counter: this, list: [() => this.n] }; }
}

export default class extends WorkerEntrypoint {
  field = 1;
  arrow = () => 2;
  calls = 0;
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/fails') throw new RangeError('as asked');
    if (pathname === '/moved') return new Response(null, { status: 302, headers: { location: '/here' } });
    if (pathname === '/none') return 'no response';
    if (pathname === '/echo') return new Response(request.body, { headers: { 'x-length': String(request.headers.get('content-length')) } });
    if (pathname === '/stream') return new Response(new Blob(['one ', 'two']).stream());
    if (pathname === '/hangs') return new Promise(() => {});
    return Response.json([request.method, request.url, [...request.headers].filter(([name]) => name !== 'cf-worker'), await request.text()], { status: 201 });
  }
  get name() { return 'a getter'; }
  add(a, b) { return a + b; }
  count() { return ++this.calls; }
  colour() { return this.env.COLOUR; }
  props() { return this.ctx.props; }
  fails() { const error = new RangeError('as asked'); error.code = 7; throw error; }
  rejects() { return Promise.reject(new TypeError('later')); }
  hangs() { return new Promise(() => {}); }
  counter() { return new Counter(); }
  call(f, ...list) { return f(...list); }
  pass(service, x) { return service.one(x); }
  passFetch(service) { return service.fetch('http://passed/').then((response) => response.text()); }
  object(stub) { return stub.hi('back'); }
  thing(namespaceStub) { return typeof namespaceStub; }
  read(stream) { return new Response(stream).text(); }
  echo(value) { return value; }
  size(bytes) { return bytes.length; }
  instance() { return new (class Foo {})(); }
  then() { return 'then'; }
  alarm() { return 1; }
  #secret() { return 1; }
  secret() { return this.#secret(); }
  deeper(n) { return n === 0 ? 'end' : this.env.SELF.deeper(n - 1); }
}

export class Admin extends WorkerEntrypoint {
  props() { return this.ctx.props; }
  kinds() { return [this.ctx.constructor.name, typeof this.ctx.waitUntil, Object.keys(this.env).join()]; }
}

export const handlers = {
  value: 3,
  nested: { deep(a) { return `deep ${a}`; } },
  one(a, env, ctx) { return `one ${a} ${env.COLOUR} ${ctx.constructor.name}`; },
  two(a, env) { return [a, arguments.length, env.COLOUR]; },
  none() { return arguments.length; },
  four(a, b, c, d) { return d; },
  fetch(request, env) { return new Response(`handlers ${env.COLOUR}`); },
};
