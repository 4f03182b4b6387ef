// The shape of lowered code: what the engine and the language runtime are promised. What the code does is tests/conformance's business.
'use strict';

const assert = require('assert');
const { test } = require('node:test');
const { lowerApplication, lowerText } = require('./testing');

// Evaluates a bundle with a runtime that records what it is asked for. Coroutine bodies run at once: Node has no coroutines to give.
function run(code, members = {}) {
  const edge = new Proxy(members, {
    get: (target, name) => {
      if (name in target) return target[name];
      if (name === 'privateKey') return (text) => Symbol(text);
      if (name === 'name') return (f, text) => Object.defineProperty(f, 'name', { value: text });
      return undefined;
    },
  });
  return (0, eval)(code)(edge);
}

test('the bundle is one ES5 function expression whose result has a getter for each export', async () => {
  const { code, exports } = await lowerApplication({ 'index.js': 'export let n = 1; export const up = () => { n++ }; export default class A {}' });

  const result = run(code);

  assert.deepStrictEqual(exports, ['default', 'n', 'up']);
  assert.strictEqual(result.n, 1);
  result.up();
  assert.strictEqual(result.n, 2);
  assert.strictEqual(result.default.name, 'A');
});

test('no modern syntax is left', async () => {
  const code = await lowerText(`
    export default async ({ a = 1, ...rest }, ...more) => {
      for (const [k, v] of Object.entries(rest)) { let x = k; more.push(() => x + v) }
      class B extends Array { #p = 1; static s = 2; get p() { return this.#p } }
      for await (const y of [a]) label: for (const z of more) continue label;
      return \`\${a?.b ?? 1}\${[...more]}\` + a ** 2 + new B().p;
    };`);

  for (const pattern of [/=>/, /\bclass /, /\blet /, /\bconst /, /`/, /\?\./, /\?\?/, /\.\.\./, /\bfor \([^;]* of /, /\basync /, /\bawait /, /\*\*/]) {
    assert.doesNotMatch(code.replace(/"[^"\n]*"/g, '""'), pattern);
  }
});

test('user code cannot see the support object', async () => {
  const code = await lowerText('export const seen = [typeof edge, typeof _edge_await]; var f = async () => { await f }; export { f }');

  assert.match(code, /_edge_async = edge\["async"\]/);
  assert.strictEqual((code.match(/^var /gm) || []).length, 0);
});

test('an async function without await needs no coroutine', async () => {
  const code = await lowerText('export async function f(x) { return x }');

  assert.doesNotMatch(code, /_edge_async\b/);
  assert.match(code, /_edge_resolve\(x\)/);
  assert.match(code, /_edge_reject/);
});

test('a return through finally is not settled before the finally has run', async () => {
  const code = await lowerText('export async function f(x) { try { return x } finally { x = 2 } }');

  assert.match(code, /_edge_async\(/);
});

test('top-level await makes the bundle give a promise of the exports', async () => {
  const code = await lowerText('const v = await Promise.resolve(4); export default v;');

  const order = [];
  const result = run(code, { async: (body) => (order.push('async'), body()), await: () => (order.push('await'), 4) });

  assert.deepStrictEqual(order, ['async', 'await']);
  assert.strictEqual(result.default, 4);
});

test('a generator lets the return sentinel pass through its catch clauses', async () => {
  const code = await lowerText('export function* g() { try { yield 1 } catch { yield 2 } }');

  assert.match(code, /catch \((\w+)\) \{\s+if \(_edge_isReturn\(\1\)\) throw \1;/);
});

test('built-in modules are asked for by name and read live', async () => {
  const code = await lowerText('import { env, WorkerEntrypoint as W } from "cloudflare:workers"; import * as all from "cloudflare:workers"; export default () => [env.X, W, all, { env }]; export { env as e2 }');

  const namespace = { env: { X: 1 }, WorkerEntrypoint: 'w' };
  const asked = [];
  const result = run(code, { import: (name) => (asked.push(name), namespace) });
  namespace.env = { X: 2 };

  assert.deepStrictEqual(asked, ['cloudflare:workers']);
  assert.deepStrictEqual(result.default(), [2, 'w', namespace, { env: { X: 2 } }]);
  assert.strictEqual(result.e2.X, 2);
});

test('imported names are found wherever other rewrites moved them', async () => {
  const code = await lowerText(`import { a } from "cloudflare:workers";
    export const f = async (p = a) => { await a; for await (const x of a) a\`t\`; return a };
    export function* g() { yield a; try { yield* a } catch { a() } }
    export const o = { ...a, __proto__: a, [a]: a, a };
    export class C extends a { #p = a; static { a } m() { return a in this.#p } }
    export const q = async () => a;
    var { z = a, ...rest } = a; export { rest };`);

  const own = code.slice(code.indexOf('_import_cloudflareWorkers = '));
  assert.doesNotMatch(own, /(?<![."\w])a\b(?!["(:])/);
  assert.ok((code.match(/_import_cloudflareWorkers\["a"\]/g) || []).length >= 15);
});

test('import() of a bundled module is resolved here, of others at run time', async () => {
  const { code } = await lowerApplication({
    'index.js': 'export const a = () => import("./b.js"); export const c = (name) => import(name); export const d = () => import("cloudflare:email")',
    'b.js': 'export const b = 1',
  });

  const asked = [];
  const result = run(code, { dynamicImport: (name) => asked.push(name) });
  result.c('x');
  result.d();

  assert.deepStrictEqual(asked, ['x', 'cloudflare:email']);
  assert.strictEqual((await result.a()).b, 1);
});

test('regular expressions, BigInt and __proto__ go through the runtime', async () => {
  const code = await lowerText('export const r = /(?<=a)\\\\.(?<n>b)/vgy; export const big = () => 0x10n; export const o = { __proto__: null, a: 1 }; export const p = { ["__proto__"]: 1 }');

  assert.match(code, /_edge_regexp\("\(\?<=a\)\\\\\\\\\.\(\?<n>b\)", "vgy"\)/);
  assert.match(code, /_edge_bigint\("0x10"\)/);
  assert.match(code, /_edge_protoLiteral\(\{\s+a: 1\s+\}, null\)/);
  assert.match(code, /\["__proto__"\]: 1/);
});

test('a field of a base class is assigned, one that an accessor could catch is defined', async () => {
  const code = await lowerText('export class A { x = 1; y = 2; set ["y"](v) {} #p = 3; get p() { return this.#p } } export class B extends A { z = 4 }');

  assert.match(code, /this\.x = 1;/);
  assert.match(code, /this\[_private_p\] = 3;/);
  assert.match(code, /_help_defineProperty\(this, "y", 2\)/);
  assert.match(code, /_help_defineProperty\(_this, "z", 4\)/);
});

test('data files become strings, objects and bytes', async () => {
  const { code } = await lowerApplication({
    'index.js': 'import t from "./a.txt"; import h from "./a.html"; import s from "./a.sql"; import j, { k } from "./a.json"; import b from "./a.bin"; export { t, h, s, j, k, b }',
    'a.txt': 'text\n', 'a.html': '<p>', 'a.sql': 'SELECT 1', 'a.json': '{"k": [1]}', 'a.bin': '\x00\x01z',
  });

  const result = run(code);

  assert.deepStrictEqual([result.t, result.h, result.s, result.j.k, result.k], ['text\n', '<p>', 'SELECT 1', [1], [1]]);
  assert.deepStrictEqual([...new Uint8Array(result.b)], [0, 1, 122]);
});

test('rules import other files as text or bytes', async () => {
  const { code } = await lowerApplication({
    'index.js': 'import a from "./views/a.mustache"; import b from "./b.data"; export { a, b }',
    'views/a.mustache': '{{x}}', 'b.data': 'AB',
  }, { rules: [{ type: 'Text', glob: '**/*.{mustache,hbs}' }, { type: 'Data', glob: '*.data' }] });

  const result = run(code);

  assert.strictEqual(result.a, '{{x}}');
  assert.deepStrictEqual([...new Uint8Array(result.b)], [65, 66]);
});

test('TypeScript, JSX and tsconfig paths', async () => {
  const { code } = await lowerApplication({
    'index.tsx': 'import { a } from "@lib/a"; const h = (t: string, p: object, ...c: unknown[]) => [t, c]; export default <b>{a satisfies number}</b>; export namespace N { export const q = 1 }',
    'src/a.ts': 'export const a: number = 7 as const',
    'tsconfig.json': '{ "compilerOptions": { "jsx": "react", "jsxFactory": "h", "paths": { "@lib/*": ["./src/*"] } } /* comment */ }',
  });

  const result = run(code);

  assert.deepStrictEqual(result.default, ['b', [7]]);
  assert.strictEqual(result.N.q, 1);
});

test('package conditions and main fields are those of a worker', async () => {
  const manifest = (fields) => JSON.stringify({ name: 'x', version: '1.0.0', ...fields });
  const { code } = await lowerApplication({
    'index.js': 'import a from "cond"; import b from "fields"; export default [a, b, process.env.NODE_ENV]',
    'node_modules/cond/package.json': manifest({ exports: { workerd: './w.js', node: './n.js', default: './d.js' } }),
    'node_modules/cond/w.js': 'export default "workerd"',
    'node_modules/cond/n.js': 'export default "node"',
    'node_modules/cond/d.js': 'export default "default"',
    'node_modules/fields/package.json': manifest({ main: './m.js', module: './e.js', browser: './b.js' }),
    'node_modules/fields/m.js': 'module.exports = "main"',
    'node_modules/fields/e.js': 'export default "module"',
    'node_modules/fields/b.js': 'export default "browser"',
  });

  assert.deepStrictEqual(run(code).default, ['workerd', 'browser', 'production']);
});

test('a var that names a parameter stays that parameter inside the coroutine', async () => {
  const code = await lowerText('export async function f(a) { var a = a || 1, b = 2; for (var a in {}) await a; await b; return a }');

  assert.doesNotMatch(code, /var a\b/);
});
