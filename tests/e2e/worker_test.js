// A worker that goes wrong costs its request, and its isolate where needed; never the process, and others are served meanwhile.
'use strict';
const assert = require('assert');
const {copyApp, get, lineOf, residentKb, runTests, serve, sleep, test, until} = require('./harness.js');

let server;
const withServer = async (args, body) => {
  server = await serve(args);
  try {
    await body();
    assert.strictEqual((await get(server.port, '/ping')).status, 200, 'the server still answers');
    assert.ok(server.running());
  } finally {
    await server.stop('SIGKILL');
  }
};
const folder = copyApp('trouble');
const throwLine = lineOf('trouble', 'src/faults.ts', 'marker: throws here');
const callLine = lineOf('trouble', 'src/faults.ts', 'marker: called here');

test('production shows no stack to the client and the whole one in the log', () => withServer([folder], async () => {
  const answer = await get(server.port, '/throw');
  assert.strictEqual(answer.status, 500);
  assert.strictEqual(answer.body, 'Internal Server Error');
  assert.ok(!/faults|OrderError|broken/.test(answer.head + answer.body), answer.body);
  await until(() => server.log().includes('order 7 is broken'), 'the log has the error');
  assert.match(server.log(), new RegExp(`OrderError: order 7 is broken[^]*src/faults\\.ts:${throwLine}`));
}));

test('--dev shows the stack with the line of the TypeScript file', () => withServer([folder, '--dev'], async () => {
  const answer = await get(server.port, '/throw');
  assert.strictEqual(answer.status, 500);
  assert.match(answer.body, /order 7 is broken/);
  assert.match(answer.body, new RegExp(`src/faults\\.ts:${throwLine}`));
}));

test('a stack passes through await', () => withServer([folder], async () => {
  assert.strictEqual((await get(server.port, '/throw-later')).status, 500);
  await until(() => server.log().includes('order 42 is broken'), 'the log has the error');
  assert.match(server.log(), new RegExp(`src/faults\\.ts:${throwLine}[^]*src/faults\\.ts:${callLine}`));
}));

test('what is thrown need not be an Error', () => withServer([folder], async () => {
  assert.strictEqual((await get(server.port, '/throw-string')).status, 500);
  await until(() => server.log().includes('only a string'), 'the log has it');
}));

test('while(1) stalls nobody: a ping is answered while it runs, and it ends at its CPU limit', () => withServer([folder], async () => {
  let over = null;
  const loop = get(server.port, '/loop', {ms: 60000}).then((answer) => (over = answer));
  await sleep(150);
  const latencies = [];
  for (let index = 0; index < 5; index++) {
    const started = Date.now();
    assert.match((await get(server.port, '/ping')).body, /^pong/);
    latencies.push(Date.now() - started);
    assert.strictEqual(over, null, 'the loop is still running');
  }
  await loop;
  assert.strictEqual(over.status, 503);
  assert.match(over.body, /CPU/);
  console.log(`        pings beside the loop: ${latencies.join(', ')} ms`);
}));

test('the CPU limit cannot be caught', () => withServer([folder], async () => {
  assert.strictEqual((await get(server.port, '/loop-in-catch', {ms: 60000})).status, 503);
}));

test('a loop after the response ends at its limit too', () => withServer([folder], async () => {
  assert.strictEqual((await get(server.port, '/loop-after-response')).body, 'answered');
  for (let index = 0; index < 20; index++) {
    assert.strictEqual((await get(server.port, '/ping')).status, 200);
    await sleep(20);
  }
}));

test('infinite recursion is a RangeError', () => withServer([folder], async () => {
  assert.strictEqual((await get(server.port, '/recurse-caught')).body, 'RangeError');
  assert.strictEqual((await get(server.port, '/recurse')).status, 500);
  await until(() => server.log().includes('RangeError'), 'the log has it');
}));

test('unbounded allocation ends at the isolate\'s limit, and its memory comes back', () => withServer([folder], async () => {
  await get(server.port, '/ping');
  const before = residentKb(server.pid);
  const answers = await Promise.all([get(server.port, '/allocate', {ms: 60000}), get(server.port, '/ping')]);
  assert.strictEqual(answers[0].status, 503);
  assert.strictEqual(answers[1].status, 200);
  await until(() => residentKb(server.pid) < before + 48 * 1024, `the memory is given back (${before} kB before)`);
}));

test('a handler that can never settle is answered at once', () => withServer([folder], async () => {
  const started = Date.now();
  assert.strictEqual((await get(server.port, '/never')).status, 500);
  assert.ok(Date.now() - started < 5000);
  await until(() => /hang|hung|never/i.test(server.log()), 'the log says why');
}));

test('an error inside of a streamed body cuts that response short, visibly', () => withServer([folder], async () => {
  const answer = await get(server.port, '/bad-stream');
  assert.strictEqual(answer.status, 200);
  assert.strictEqual(answer.body, 'first<cut off>');
  assert.ok(answer.closed);
}));

// What had begun in an isolate that goes may go with it (503); nothing may be left without an answer.
test('all of it at once: everything is answered, and the next ping as ever', () => withServer([folder], async () => {
  const paths = ['/loop', '/allocate', '/recurse', '/never', '/throw', '/loop', '/ping', '/throw-later', '/ping', '/recurse'];
  const answers = await Promise.all(paths.map((path) => get(server.port, path, {ms: 90000})));
  answers.forEach((answer, index) => assert.ok([paths[index] === '/ping' ? 200 : 500, 503].includes(answer.status), `${paths[index]}: ${answer.status}`));
  assert.strictEqual(answers[0].status, 503);
  assert.strictEqual((await get(server.port, '/ping')).status, 200);
}));

runTests();
