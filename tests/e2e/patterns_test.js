// examples/patterns: its properties hold under faults, and each goes red on the mistake that its pattern is there to prevent.
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {freshFolder, get, run, runTests, serve, test} = require('./harness.js');

const EXAMPLE = path.join(__dirname, '../../examples/patterns');

// A copy of the example in which each [file, text] is replaced by what follows.
function example(...replacements) {
  const folder = freshFolder();
  fs.cpSync(EXAMPLE, folder, {recursive: true, dereference: true, filter: (file) => path.basename(file) !== '.edge'});
  for (const [name, before, after] of replacements) {
    const file = path.join(folder, 'src', name);
    const source = fs.readFileSync(file, 'utf8');
    assert.ok(source.includes(before), `${name} has no: ${before}`);
    fs.writeFileSync(file, source.replace(before, after));
  }
  return folder;
}

const simulate = (folder, seeds) => run(['sim', folder, '--seeds', String(seeds), '--jobs', '1', '--json']);

async function goesRed(check, ...replacements) {
  const {code, stdout, stderr} = await run(['sim', example(...replacements), '--seeds', '40', '--jobs', '1', '--fail-fast', '--no-shrink']);
  assert.strictEqual(code, 1, stdout + stderr);
  assert.ok(stdout.replace(/\s+/g, ' ').includes(`check ${check}:`), stdout);
}

test('as it is, every property holds', async () => {
  const {code, stdout} = await simulate(example(), 20);
  assert.strictEqual(code, 0, stdout);
});

test('a limit by the clock\'s ten seconds instead of any ten seconds', () =>
  goesRed('never more than three in ten seconds', ['limiter.ts', 'at - window)', 'at - (at % window) - 1)']));

test('a limit that believes a calendar that goes back', () =>
  goesRed('never more than three in ten seconds', ['limiter.ts', 'const at = Math.max(Date.now(), this.number("SELECT MAX(at) AS n FROM hits"));', 'const at = Date.now();']));

test('a breaker that does not count the calls that are under way', () =>
  goesRed('never more than three calls fail before the circuit opens', ['breaker.ts', 'failures + out >=', 'failures >=']));

test('an idempotency key that is only looked up before the wait', () =>
  goesRed('no order is there twice',
    ['idempotency.ts', 'if (faster !== undefined) return faster;', ''],
    ['idempotency.ts', 'INSERT INTO answers', 'INSERT OR REPLACE INTO answers']));

test('one attempt too many', () => goesRed('four attempts at most', ['retry.ts', 'attempt >= attempts', 'attempt > attempts']));

test('served, each answers as it says', async () => {
  const server = await serve([example()]);
  const taken = [];
  for (let i = 0; i < 4; i++) taken.push((await get(server.port, '/take', {method: 'POST'})).status);
  const order = (key, item) => get(server.port, '/orders', {method: 'POST', body: item, headers: `Idempotency-Key: ${key}\r\n`});
  const first = await order('k', 'tea');
  const again = await order('k', 'tea');
  const other = await order('k', 'milk');
  const without = await get(server.port, '/orders', {method: 'POST', body: 'tea'});
  const audit = await get(server.port, '/orders');
  const paid = [];
  for (let i = 0; i < 4; i++) paid.push((await get(server.port, '/pay/nowhere.test', {method: 'POST'})).status);
  await server.stop();

  assert.deepStrictEqual(taken, [200, 200, 200, 429]);
  assert.deepStrictEqual([first.status, first.body], [201, '{"order":1,"item":"tea"}']);
  assert.deepStrictEqual([again.status, again.body], [201, '{"order":1,"item":"tea"}']);
  assert.deepStrictEqual([other.status, without.status], [422, 400]);
  assert.strictEqual(audit.body, '{"orders":1,"twice":0}');
  assert.deepStrictEqual(paid, [502, 502, 502, 503]);
});

runTests();
