// What the end-to-end tests share: the real binary as a child process, raw sockets, and folders that go away.
'use strict';
const {spawn} = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const BINARY = path.resolve(process.env.EDGE_BINARY || path.join(__dirname, '../../bazel-bin/edge'));
const APPS = path.join(__dirname, 'apps');
// A loaded machine bundles slowly; waiting ends as soon as the server is up.
const START_MS_MAX = 60000;

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-e2e-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  fs.rmSync(work, {recursive: true, force: true});
});

let folders = 0;
function freshFolder() {
  const folder = path.join(work, String(++folders));
  fs.mkdirSync(folder);
  return folder;
}

// A folder with the given files, {path: text}.
function writeApp(files) {
  const folder = freshFolder();
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), {recursive: true});
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

// A copy of tests/e2e/apps/NAME, so that caches do not land in the tree.
function copyApp(name) {
  const folder = freshFolder();
  fs.cpSync(path.join(APPS, name), folder, {recursive: true, filter: (file) => path.basename(file) !== '.edge'});
  return folder;
}

// The child's environment: caches and home of this run. `path`: replaces PATH. `env`: what comes to it.
const environment = (options) => ({
  PATH: options.path === undefined ? process.env.PATH : options.path,
  HOME: work,
  XDG_CACHE_HOME: path.join(work, 'cache'),
  ...options.env,
});

function launch(args, options) {
  const child = spawn(options.binary || BINARY, args, {cwd: options.cwd || work, env: environment(options), stdio: ['ignore', 'pipe', 'pipe']});
  children.add(child);
  const output = {stdout: '', stderr: ''};
  for (const name of ['stdout', 'stderr']) child[name].on('data', (piece) => (output[name] += piece));
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve({code: null, signal: null, error}));
    child.on('close', (code, signal) => {
      children.delete(child);
      resolve({code, signal});
    });
  });
  return {child, output, ended};
}

// Runs edge to its end: {code, stdout, stderr}.
async function run(args, options = {}) {
  const {child, output, ended} = launch(args, options);
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
  const {code, signal} = await ended;
  clearTimeout(timer);
  return {code: code === null ? signal : code, ...output};
}

// A running server: {port, pid, log(), stop(signal), ended}.
async function serve(args, options = {}) {
  const {child, output, ended} = launch(['serve', ...args, '--port', '0'], options);
  const started = Date.now();
  const address = () => /http:\/\/127\.0\.0\.1:(\d+)/.exec(output.stderr + output.stdout);
  let over = null;
  ended.then((result) => (over = result));
  while (!address()) {
    if (over) throw new Error(`edge ended with ${over.code ?? over.signal} before it served:\n${output.stderr}`);
    if (Date.now() - started > START_MS_MAX) throw new Error(`edge did not serve within ${START_MS_MAX} ms:\n${output.stderr}`);
    await sleep(10);
  }
  return {
    port: Number(address()[1]),
    pid: child.pid,
    log: () => output.stderr,
    ended,
    running: () => over === null,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition, what, ms = 10000) {
  const started = Date.now();
  while (!(await condition())) {
    if (Date.now() - started > ms) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}

// Sends `bytes` (or each of a list, in order) and collects until the server closes or `ms` pass: {text, closed}.
function raw(port, bytes, {ms = 10000, enough = null} = {}) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const pieces = [];
    const text = () => Buffer.concat(pieces).toString('latin1');
    const finish = (closed) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({text: text(), closed});
    };
    const timer = setTimeout(() => finish(false), ms);
    socket.on('connect', () => {
      for (const piece of [bytes].flat()) socket.write(piece);
    });
    socket.on('data', (piece) => {
      pieces.push(piece);
      if (enough && enough(text())) finish(false);
    });
    socket.on('end', () => finish(true));
    socket.on('error', () => finish(true));
  });
}

// One request on its own connection: {status, head, body, closed}.
async function get(port, target, {method = 'GET', headers = '', body = '', ms = 20000} = {}) {
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const answer = await raw(port, `${method} ${target} HTTP/1.1\r\nHost: e2e.example\r\nConnection: close\r\n${length}${headers}\r\n${body}`, {ms});
  const end = answer.text.indexOf('\r\n\r\n');
  const head = answer.text.slice(0, end);
  let content = answer.text.slice(end + 4);
  if (/transfer-encoding: chunked/i.test(head)) content = unchunk(content);
  return {status: Number(answer.text.slice(9, 12)), head, body: content, closed: answer.closed};
}

// The body of whole chunked text; what is missing at the end shows as "<cut off>".
function unchunk(text) {
  let at = 0;
  let out = '';
  for (;;) {
    const line = text.indexOf('\r\n', at);
    const size = line < 0 ? NaN : parseInt(text.slice(at, line), 16);
    if (Number.isNaN(size)) return `${out}<cut off>`;
    if (size === 0) return out;
    out += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

const statusField = (pid, name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const residentKb = (pid) => statusField(pid, 'VmRSS');
const peakKb = (pid) => statusField(pid, 'VmHWM');
// Time on the processor, all threads, in milliseconds.
const cpuMs = (pid) => fs.readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);

// The line of `file` in an application that contains `marker`.
function lineOf(app, file, marker) {
  const lines = fs.readFileSync(path.join(APPS, app, file), 'utf8').split('\n');
  const index = lines.findIndex((line) => line.includes(marker));
  if (index < 0) throw new Error(`${file} has no line with ${marker}`);
  return index + 1;
}

// Tests run one after the other; `test` takes an async body.
const tests = [];
const test = (name, body) => tests.push({name, body});
async function runTests() {
  let failed = 0;
  const only = process.argv[2];
  for (const {name, body} of tests) {
    if (only && !name.includes(only)) continue;
    const started = Date.now();
    try {
      await body();
      console.log(`ok      ${name} (${Date.now() - started} ms)`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name} (${Date.now() - started} ms)\n        ${String(error.stack || error).replace(/\n/g, '\n        ')}`);
    }
  }
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}

module.exports = {BINARY, copyApp, cpuMs, freshFolder, get, lineOf, peakKb, raw, residentKb, run, runTests, serve, sleep, test, unchunk, until, writeApp};
