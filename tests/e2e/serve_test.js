// The first minute and the mistakes of the second: examples, bundles, init, wrong configuration, broken code.
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {BINARY, copyApp, freshFolder, get, run, runTests, serve, test, writeApp} = require('./harness.js');

const CONFIG = JSON.stringify({name: 'app', main: 'src/index.ts', compatibility_date: '2026-01-01'});
const HELLO = 'export default { async fetch(): Promise<Response> { return new Response("hello from ts"); } };\n';

test('without an application the built-in example is served, and it says what to try', async () => {
  const cwd = freshFolder();
  let server = await serve([], {cwd});
  const page = await get(server.port, '/');
  const message = JSON.stringify({id: '1', author: 'e2e', text: 'hello'});
  const said = await get(server.port, '/rooms/lobby/messages', {method: 'POST', body: message});
  const {code} = await server.stop();
  const log = server.log();
  server = await serve([], {cwd});
  const history = JSON.parse((await get(server.port, '/rooms/lobby/messages')).body).messages;
  await server.stop();

  assert.match(log, /curl http/);
  assert.strictEqual(page.status, 200);
  assert.match(page.head, /content-type: text\/html/i);
  assert.strictEqual(said.status, 201);
  assert.deepStrictEqual(history, [JSON.parse(said.body)], 'what was said is there after a restart');
  assert.strictEqual(code, 0);
});

test('the built-in example needs no Node', async () => {
  const server = await serve([], {cwd: freshFolder(), path: '/nonexistent'});
  assert.strictEqual((await get(server.port, '/rooms/lobby/messages')).status, 200);
  await server.stop();
});

test('a folder in TypeScript is bundled and served', async () => {
  const server = await serve([writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': HELLO})]);
  assert.strictEqual((await get(server.port, '/')).body, 'hello from ts');
  await server.stop();
});

test('the folder one stands in is served without being named', async () => {
  const server = await serve([], {cwd: writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': HELLO})});
  assert.strictEqual((await get(server.port, '/')).body, 'hello from ts');
  await server.stop();
});

test('a built bundle runs where there is no Node', async () => {
  const folder = writeApp({'wrangler.jsonc': CONFIG.replace('}', ',"vars":{"WHO":"bundle"}}'), 'src/index.ts': 'export default { fetch: (_r: Request, env: {WHO: string}) => new Response(env.WHO) };'});
  const bundle = path.join(freshFolder(), 'out');
  const built = await run(['build', folder, '--out', bundle]);
  assert.strictEqual(built.code, 0, built.stderr);
  assert.strictEqual(built.stdout.trim(), bundle);

  const server = await serve([bundle], {path: '/nonexistent'});
  assert.strictEqual((await get(server.port, '/')).body, 'bundle');
  await server.stop();
});

test('a copy of the binary bundles too', async () => {
  const binary = path.join(freshFolder(), 'edge-copy');
  fs.copyFileSync(BINARY, binary);
  fs.chmodSync(binary, 0o755);
  const server = await serve([writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': HELLO})], {binary});
  assert.strictEqual((await get(server.port, '/')).body, 'hello from ts');
  await server.stop();
});

test('without Node a folder of sources says what is missing', async () => {
  const {code, stderr} = await run(['serve', writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': HELLO}), '--port', '0'], {path: '/nonexistent'});
  assert.strictEqual(code, 2);
  assert.match(stderr, /Node/);
});

test('init writes an application that serves', async () => {
  const folder = path.join(freshFolder(), 'my-app');
  const written = await run(['init', folder]);
  assert.strictEqual(written.code, 0, written.stderr);
  assert.match(written.stdout, /edge serve/);
  const server = await serve([folder]);
  assert.strictEqual(JSON.parse((await get(server.port, '/api/hello?name=x')).body).message, 'Hello, x!');
  await server.stop();

  const again = await run(['init', folder]);
  assert.strictEqual(again.code, 2);
  assert.match(again.stderr, /not empty/);
});

test('environments and secrets reach the worker', async () => {
  const folder = writeApp({
    'wrangler.toml': 'name = "app"\nmain = "src/index.js"\ncompatibility_date = "2026-01-01"\n[vars]\nMODE = "plain"\n[env.staging.vars]\nMODE = "staged"\n',
    '.dev.vars': 'SECRET="s3cret"\n',
    'src/index.js': 'export default { fetch: (_, env) => Response.json({mode: env.MODE, secret: env.SECRET}) };',
  });
  const server = await serve([folder, '--env', 'staging']);
  assert.deepStrictEqual(JSON.parse((await get(server.port, '/')).body), {mode: 'staged', secret: 's3cret'});
  await server.stop();
});

const REFUSED = [
  ['a folder that is not there', () => path.join(freshFolder(), 'nowhere'), /no such folder.*edge init/s],
  ['a folder with nothing in it', () => freshFolder(), /wrangler.*edge init/s],
  ['JSON that does not parse', () => writeApp({'wrangler.json': '{\n  "name": "app",\n  "main" "x"\n}'}), /wrangler\.json:3/],
  ['TOML that does not parse', () => writeApp({'wrangler.toml': 'name = "app"\nmain = \n'}), /wrangler\.toml:2/],
  ['a binding that is not there yet', () => writeApp({'wrangler.toml': 'name = "app"\nmain = "i.js"\ncompatibility_date = "2026-01-01"\n\n[[hyperdrive]]\nbinding = "H"\nid = "x"\n', 'i.js': ''}), /wrangler\.toml:[567].*hyperdrive/s],
  ['a main that is missing', () => writeApp({'wrangler.jsonc': CONFIG}), /src\/index\.ts/],
  ['TypeScript that does not parse', () => writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': 'export default {\n  fetch() {\n    return new Response("x"\n  }\n};\n'}), /src\/index\.ts:4/],
  ['an import of what is not there', () => writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': '\nimport { x } from "./missing";\nexport default { fetch: () => new Response(x) };\n'}), /src\/index\.ts:2.*missing/s],
  ['a package that is not installed', () => writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': 'import x from "no-such-package";\nexport default { fetch: () => new Response(x) };\n'}), /src\/index\.ts:1.*no-such-package/s],
  ['a worker that throws at its start', () => writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': 'interface A { b: string }\n\nconst value: A | null = null;\nthrow new RangeError(`at the start ${value}`);\n'}), /RangeError: at the start null.*src\/index\.ts:4/s],
  ['a worker that loops at its start', () => writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': 'while (true);\nexport default {};\n'}), /CPU|time/i],
  ['a worker without handlers', () => writeApp({'wrangler.jsonc': CONFIG, 'src/index.ts': 'export const x = 1;\n'}), /export default|handler/i],
];
for (const [name, folder, message] of REFUSED) {
  test(`${name} stops the start with exit code 2 and where`, async () => {
    const {code, stderr} = await run(['serve', folder(), '--port', '0']);
    assert.match(stderr, message);
    assert.strictEqual(code, 2);
  });
}

test('an unknown key is only a warning with its line', async () => {
  const server = await serve([writeApp({'wrangler.toml': 'name = "app"\nmain = "i.js"\ncompatibility_date = "2026-01-01"\nnonsense = 1\n', 'i.js': 'export default { fetch: () => new Response("fine") };'})]);
  assert.strictEqual((await get(server.port, '/')).body, 'fine');
  assert.match(server.log(), /wrangler\.toml:4.*nonsense/);
  await server.stop();
});

test('usage mistakes end with 2 and say how to find help', async () => {
  for (const words of [['serve', '--nonsense'], ['serve', '--port', 'many'], ['sim', '--seeds', 'many']]) {
    const {code, stderr} = await run(words);
    assert.strictEqual(code, 2, words.join(' '));
    assert.match(stderr, /edge help/);
  }
  const help = await run(['help']);
  assert.strictEqual(help.code, 0);
  assert.match(help.stdout, /edge init DIR/);
});

test('a port in use is said so', async () => {
  const first = await serve([], {cwd: freshFolder()});
  const {code, stderr} = await run(['serve', '--port', String(first.port)], {cwd: freshFolder()});
  await first.stop();
  assert.strictEqual(code, 2);
  assert.match(stderr, /in use.*--port/s);
});

test('a second start takes the bundle from the cache', async () => {
  const folder = copyApp('plain');
  await (await serve([folder])).stop();
  const server = await serve([folder], {path: '/nonexistent'});
  assert.strictEqual((await get(server.port, '/')).body, 'hello');
  await server.stop();
});

test('CF-Connecting-IP is the address of the connection, whatever the client says; request.cf is there', async () => {
  const source = `
    import { DurableObject } from 'cloudflare:workers';
    const told = (request) => ({ip: request.headers.get('cf-connecting-ip'), all: [...request.headers].filter(([name]) => name === 'cf-connecting-ip').length, other: request.headers.get('x-other'), cf: request.cf});
    export class Box extends DurableObject { fetch(request) { return Response.json(told(request)); } }
    export default { async fetch(request, env) {
      const copy = new Request(request.url, request);
      const object = await (await env.BOX.getByName('a').fetch(request.clone())).json();
      return Response.json({...told(request), copied: copy.cf === undefined ? null : copy.cf.country, same: request.cf === request.cf, cloned: request.clone().cf.colo, object});
    } };`;
  const config = JSON.stringify({name: 'app', main: 'src/index.js', compatibility_date: '2026-01-01', durable_objects: {bindings: [{name: 'BOX', class_name: 'Box'}]}, migrations: [{tag: 'v1', new_sqlite_classes: ['Box']}]});
  const server = await serve([writeApp({'wrangler.jsonc': config, 'src/index.js': source})]);
  const cf = {colo: 'EDG', country: 'XX', httpProtocol: 'HTTP/1.1', clientAcceptEncoding: 'gzip, "br"', requestPriority: '', tlsCipher: '', tlsVersion: ''};
  const headers = 'CF-Connecting-IP: 6.6.6.6\r\nX-Other: kept\r\ncf-connecting-ip: 7.7.7.7\r\nAccept-Encoding: gzip, "br"\r\n';
  const forged = JSON.parse((await get(server.port, '/', {headers})).body);
  const plain = JSON.parse((await get(server.port, '/')).body);
  await server.stop();
  const seen = {ip: '127.0.0.1', all: 1, other: 'kept', cf};
  assert.deepStrictEqual(forged, {...seen, copied: 'XX', same: true, cloned: 'EDG', object: seen});
  assert.strictEqual(plain.ip, '127.0.0.1');
  assert.strictEqual(plain.cf.clientAcceptEncoding, '');
});

runTests();
