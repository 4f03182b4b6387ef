// Planted non-determinism is caught, and the report names the first event that differs. Each plant runs in two processes whose
// environments differ in everything that a run must not depend on; address space layout is random in both.
'use strict';
const assert = require('assert');
const {spawnSync} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const BINARY = process.env.PLANTED_MAIN;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-planted-'));
process.on('exit', () => fs.rmSync(folder, {recursive: true, force: true}));

const ENVIRONMENTS = [
  {TZ: 'UTC', LANG: 'C', MALLOC_PERTURB_: '1'},
  {TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', MALLOC_PERTURB_: '165', PADDING: 'x'.repeat(5000)},
];

function call(args, env, codes) {
  const {status, stdout, stderr} = spawnSync(BINARY, args, {env, encoding: 'utf8', timeout: 60000});
  assert.ok(codes.includes(status), `${args.join(' ')}: exit code ${status}\n${stdout}${stderr}`);
  return {status, stdout, stderr};
}

// {inOne: hashes of two runs in one process, ofTwo: hashes of two processes, inOneReport, report}
function observe(plant) {
  const runs = ENVIRONMENTS.map((env, index) => {
    const file = path.join(folder, `${plant}-${index}.journal`);
    const {stdout, stderr} = call(['run', plant, file], env, [0]);
    return {file, hashes: stdout.trim().split(' '), report: stderr};
  });
  const {status, stdout} = call(['compare', runs[0].file, runs[1].file], {}, [0, 1]);
  return {inOne: runs[0].hashes, inOneReport: runs[0].report, ofTwo: runs.map((run) => run.hashes[0]), differs: status === 1, report: stdout};
}

// The one line behind "process:" that is marked.
function firstEvents(report) {
  return report.split('\n').filter((line) => line.startsWith('>')).map((line) => line.replace(/^>\s+\d+\s+\S+ s\s+/, '').replace(/\s+/g, ' '));
}

const CASES = {
  'nothing planted: one run': () => {
    const {inOne, ofTwo, differs, report} = observe('none');
    assert.strictEqual(inOne[0], inOne[1]);
    assert.strictEqual(ofTwo[0], ofTwo[1]);
    assert.ok(!differs, report);
    assert.match(report, /no divergence: \d+ events/);
  },
  'the host clock is caught, in one process too': () => {
    const {inOne, inOneReport, ofTwo, differs, report} = observe('host-clock');
    assert.notStrictEqual(inOne[0], inOne[1]);
    assert.notStrictEqual(ofTwo[0], ofTwo[1]);
    assert.ok(differs);
    for (const text of [inOneReport, report]) {
      assert.match(text, /^DIVERGENCE at event \d+, \+0\.0\d+ s, node1, turn housekeeping\n {2}time differs/);
      assert.deepStrictEqual(firstEvents(text), ['node1 runs housekeeping', 'node1 runs housekeeping']);
    }
  },
  'the order of a hash table is caught': () => {
    const {ofTwo, differs, report} = observe('hash-order');
    assert.notStrictEqual(ofTwo[0], ofTwo[1]);
    assert.ok(differs);
    // Which of the fibers is next is the first thing that the table decides.
    assert.match(report, /^DIVERGENCE at event \d+, \+0\.000000 s, (world, decision schedule\.fiber|node1, turn topic-\d+)\n/);
    assert.match(report, /node1 +runs topic-\d+/);
  },
  'an uninitialised byte is caught': () => {
    const {ofTwo, differs, report} = observe('uninitialised');
    assert.notStrictEqual(ofTwo[0], ofTwo[1]);
    assert.ok(differs);
    assert.match(report, /^DIVERGENCE at event \d+, \S+ s, node1, send network\.send\n {2}bytes_hash differs: the bytes sent/);
    for (const event of firstEvents(report)) assert.match(event, /^node1 sends \d+ bytes to client\d: HTTP\/1\.1 200 OK$/);
  },
  'a plant that is none, and a journal that is none': () => {
    call(['run', 'gremlin', path.join(folder, 'x')], {}, [2]);
    const file = path.join(folder, 'cut.journal');
    observe('none');
    fs.writeFileSync(file, fs.readFileSync(path.join(folder, 'none-0.journal')).subarray(0, 2000));
    assert.match(call(['compare', file, file], {}, [2]).stderr, /DATA_LOSS/);
  },
};

for (const [name, body] of Object.entries(CASES)) {
  const started = Date.now();
  body();
  console.log(`ok      ${name} (${Date.now() - started} ms)`);
}
