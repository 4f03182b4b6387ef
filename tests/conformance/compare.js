// The same applications on edge and on workerd, the same bytes sent to both, the answers compared byte for byte.
//   node compare.js --edge BINARY [--root TREE] [--app NAME|FOLDER]... [--honojs-examples FOLDER] [--verbose]
// Both servers run a copy of the application in a fresh folder, with the tree's node_modules beside it.
// Ends with 1 on a difference that known_differences.json does not list with a reason, and on one it lists that is no longer there.
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const {startOrigin} = require('./origin.js');
const {exchange} = require('./raw_http.js');
const {missingPackages, startEdge, startPeer} = require('./servers.js');

// Part of how a message travels, not of what it says; counted, not compared.
const TRANSPORT = new Set(['transfer-encoding', 'content-length', 'connection', 'keep-alive']);
// Differ from run to run.
const MASKED = new Set(['date', 'x-response-time']);

// With 1 in it a comparison that cannot be made is left out.
const ALLOW_SKIP = 'EDGE_ALLOW_NO_WORKERD';

function parseArguments(words) {
  const options = {edge: null, root: path.resolve(__dirname, '../..'), apps: [], verbose: false};
  for (let at = 0; at < words.length; at++) {
    if (words[at] === '--edge') options.edge = path.resolve(words[++at]);
    else if (words[at] === '--root') options.root = path.resolve(words[++at]);
    else if (words[at] === '--app') options.apps.push(words[++at]);
    else if (words[at] === '--honojs-examples') options.apps.push({name: 'honojs_basic', folder: path.resolve(words[++at], 'basic')});
    else if (words[at] === '--verbose') options.verbose = true;
    else throw new Error(`unknown argument ${words[at]}`);
  }
  if (!options.edge) throw new Error('--edge BINARY is needed (bazel build //:edge makes bazel-bin/edge)');
  return options;
}

const comparedHeaders = (response) =>
  response.headers
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name]) => !TRANSPORT.has(name) && !MASKED.has(name))
    .map(([name, value]) => `${name}: ${value}`)
    .sort();

const show = (bytes, around = 0) => {
  const from = Math.max(0, around - 60);
  const text = bytes.subarray(from, around + 200).toString('utf8');
  return `${from > 0 ? '…' : ''}${JSON.stringify(text)}${bytes.length > around + 200 ? '…' : ''} (${bytes.length} bytes)`;
};

// Lines that say how `edge` differs from `workerd`; empty: alike.
function differences(edge, workerd) {
  if (edge.failure || workerd.failure) {
    return edge.failure && workerd.failure ? [] : [edge.failure ? `edge: ${edge.failure}` : `workerd: ${workerd.failure}, edge answered ${edge.status}`];
  }
  const lines = [];
  if (edge.status !== workerd.status) lines.push(`status: edge ${edge.status}, workerd ${workerd.status}`);
  if (edge.reason !== workerd.reason) lines.push(`reason: edge ${JSON.stringify(edge.reason)}, workerd ${JSON.stringify(workerd.reason)}`);
  const [ours, theirs] = [comparedHeaders(edge), comparedHeaders(workerd)];
  if (ours.join('\n') !== theirs.join('\n')) {
    lines.push(...ours.filter((line) => !theirs.includes(line)).map((line) => `header only from edge:    ${line}`));
    lines.push(...theirs.filter((line) => !ours.includes(line)).map((line) => `header only from workerd: ${line}`));
    if (ours.length !== theirs.length && lines.length === 0) lines.push(`headers repeat differently: edge ${ours.length}, workerd ${theirs.length}`);
  }
  if (!edge.body.equals(workerd.body)) {
    let at = 0;
    while (at < edge.body.length && edge.body[at] === workerd.body[at]) at++;
    lines.push(`body differs at byte ${at}:`, `  edge    ${show(edge.body, at)}`, `  workerd ${show(workerd.body, at)}`);
  }
  return lines;
}

// What a request looks like behind the platform's front door, which edge has and a workerd started by hand has not.
function behindFrontDoor(request) {
  const headers = Array.isArray(request.headers) ? request.headers : Object.entries(request.headers || {});
  return {...request, headers: [...headers, ['CF-Connecting-IP', '127.0.0.1']]};
}

// What known_differences.json calls a request; `name` tells apart those that differ in their bodies only.
const keyOf = (app, request) => `${app} ${request.method || 'GET'} ${request.path}${request.name ? ` (${request.name})` : ''}`;

function transportNote(edge, workerd, counts) {
  if (edge.failure || workerd.failure) return;
  const note = (text) => counts.set(text, (counts.get(text) || 0) + 1);
  if (edge.framing !== workerd.framing) note(`body framing: edge ${edge.framing}, workerd ${workerd.framing}`);
  for (const name of ['date', 'connection']) {
    const has = (response) => response.headers.some(([key]) => key.toLowerCase() === name);
    if (has(edge) !== has(workerd)) note(`${name}: only from ${has(edge) ? 'edge' : 'workerd'}`);
  }
}

// Beside the application, or here for one that is not ours.
const requestsOf = (folder, name) => [path.join(folder, 'requests.json'), path.join(__dirname, `${name}.requests.json`)].find((file) => fs.existsSync(file));

async function compareApp(options, original, name, known, totals) {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-conformance-'));
  const servers = [];
  try {
    const folder = path.join(work, name);
    fs.cpSync(original, folder, {recursive: true, filter: (file) => !['node_modules', '.edge'].includes(path.basename(file))});
    fs.symlinkSync(path.join(options.root, 'node_modules'), path.join(folder, 'node_modules'));
    const requests = JSON.parse(fs.readFileSync(requestsOf(original, name), 'utf8'));
    servers.push(await startEdge(options.edge, folder));
    servers.push(await startPeer(options.root, folder, work));
    const [edge, workerd] = servers;
    const origin = await startOrigin();
    servers.push(origin);
    let alike = 0;
    for (const request of requests) {
      const id = keyOf(name, request);
      const sent = {...request, path: request.path.replace('{origin}', origin.port)};
      const [ours, theirs] = await Promise.all([exchange(edge.port, sent), exchange(workerd.port, behindFrontDoor(sent))]);
      transportNote(ours, theirs, totals.transport);
      const lines = differences(ours, theirs);
      // A request that does not do what its author meant compares nothing.
      const expected = request.status || 200;
      if (!theirs.failure && theirs.status !== expected) totals.wrong.push(`${id}: workerd answers ${theirs.status}, requests.json says ${expected}`);
      const reason = known[id];
      if (lines.length === 0) {
        alike++;
        if (reason) totals.stale.push(id);
        if (options.verbose) console.log(`  same  ${id} -> ${ours.status || ours.failure}`);
      } else if (reason) {
        totals.known.push(`${id}: ${reason}`);
        if (options.verbose) console.log(`  known ${id}\n        ${lines.join('\n        ')}`);
      } else {
        totals.different.push(id);
        console.log(`  DIFFERS ${id}\n        ${lines.join('\n        ')}`);
      }
    }
    totals.rows.push([name, requests.length, alike]);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    fs.rmSync(work, {recursive: true, force: true});
  }
}

async function main() {
  const options = parseArguments(process.argv.slice(2));
  const apps = path.join(__dirname, 'apps');
  const named = (name) => (typeof name === 'object' ? name : name.includes('/') ? {name: path.basename(name), folder: path.resolve(name)} : {name, folder: path.join(apps, name)});
  let chosen = (options.apps.length > 0 ? options.apps : fs.readdirSync(apps).sort()).map(named);
  const cannot = chosen.filter(({folder}) => missingPackages(options.root, folder).length > 0);
  if (cannot.length > 0) {
    const allowed = process.env[ALLOW_SKIP] === '1';
    const missing = [...new Set(cannot.flatMap(({folder}) => missingPackages(options.root, folder)))];
    console.log(`${allowed ? 'SKIPPED' : 'FAILED'}: ${cannot.map(({name}) => name).join(', ')}: the npm package ${missing.join(' and ')} is not installed; tools/setup ` +
      `installs it${allowed ? '' : `, ${ALLOW_SKIP}=1 goes on without`}`);
    if (!allowed) return 1;
    chosen = chosen.filter((app) => !cannot.includes(app));
  }
  const known = JSON.parse(fs.readFileSync(path.join(__dirname, 'known_differences.json'), 'utf8'));
  const totals = {rows: [], different: [], known: [], stale: [], wrong: [], failed: [], transport: new Map()};
  for (const {name, folder} of chosen) {
    console.log(`== ${name}`);
    try {
      await compareApp(options, folder, name, known, totals);
    } catch (error) {
      totals.failed.push(name);
      console.log(`  CANNOT COMPARE ${name}: ${error.message}`);
    }
  }
  console.log('\napplication          requests  the same');
  for (const [name, requests, alike] of totals.rows) console.log(`${name.padEnd(20)} ${String(requests).padStart(8)}  ${String(alike).padStart(8)}`);
  if (totals.transport.size > 0) console.log('\nin transport only, not compared:');
  for (const [text, count] of totals.transport) console.log(`  ${count} x ${text}`);
  if (totals.known.length > 0) console.log(`\nknown differences (known_differences.json):\n  ${totals.known.join('\n  ')}`);
  if (totals.stale.length > 0) console.log(`\nlisted as different, but the same now; remove from known_differences.json:\n  ${totals.stale.join('\n  ')}`);
  if (totals.wrong.length > 0) console.log(`\nrequests that do not do what they say:\n  ${totals.wrong.join('\n  ')}`);
  const bad = totals.different.length + totals.stale.length + totals.wrong.length + totals.failed.length;
  console.log(`\n${totals.different.length} differences, ${totals.known.length} known${totals.failed.length > 0 ? `, not compared: ${totals.failed.join(', ')}` : ''}`);
  return bad === 0 ? 0 : 1;
}

main().then((code) => process.exit(code), (error) => {
  console.error(error.message);
  process.exit(2);
});
