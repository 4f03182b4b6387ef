// Starts the two servers on free loopback ports and stops them again.
'use strict';
const {execFileSync, spawn} = require('child_process');
const fs = require('fs');
const path = require('path');

const START_MS_MAX = 60000;

function startProcess(command, args, options, portOf) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    let log = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command} did not come up within ${START_MS_MAX / 1000} s:\n${log}`));
    }, START_MS_MAX);
    const listen = (stream) => stream.on('data', (piece) => {
      log += piece;
      const port = portOf(log);
      if (port !== null) {
        clearTimeout(timer);
        resolve({port, log: () => log, stop: () => stop(child)});
      }
    });
    for (const stream of child.stdio.slice(1)) if (stream) listen(stream);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`${path.basename(command)} ended with ${signal || code}:\n${log}`));
    });
  });
}

function stop(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), 10000);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

// `edge serve FOLDER` with its own defaults.
function startEdge(binary, folder, extra = []) {
  return startProcess(binary, ['serve', folder, '--port', '0', ...extra], {stdio: ['ignore', 'pipe', 'pipe']}, (log) => {
    const match = /http:\/\/127\.0\.0\.1:(\d+)/.exec(log);
    return match ? Number(match[1]) : null;
  });
}

// Removes comments and trailing commas; the applications' files have no such marks inside of strings.
const parseJsonc = (text) => JSON.parse(text.replace(/^\s*\/\/.*$/gm, '').replace(/,(\s*[}\]])/g, '$1'));

// Name, main, date and variables: all that these applications' TOML has. Without main it is the default of C3's template.
function parseSimpleToml(text) {
  const config = {vars: {}};
  let into = config;
  for (const line of text.split('\n')) {
    if (line.trim() === '[vars]') into = config.vars;
    const match = /^\s*(\w+)\s*=\s*"(.*)"\s*$/.exec(line);
    if (match) into[match[1]] = match[2];
  }
  if (!config.main) config.main = 'src/index.ts';
  return config;
}

function readConfig(folder) {
  for (const name of ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml']) {
    const file = path.join(folder, name);
    if (fs.existsSync(file)) return (name.endsWith('toml') ? parseSimpleToml : parseJsonc)(fs.readFileSync(file, 'utf8'));
  }
  throw new Error(`${folder}: no wrangler file`);
}

const capnpText = (text) => JSON.stringify(text);

// workerd on the same sources, bundled by esbuild and otherwise untouched. `work` is an empty folder.
function startWorkerd(root, folder, work) {
  const config = readConfig(folder);
  const bundle = path.join(work, 'worker.js');
  execFileSync(path.join(root, 'node_modules/.bin/esbuild'), [
    path.join(folder, config.main), '--bundle', '--format=esm', '--target=esnext', '--conditions=workerd,worker,browser', '--keep-names',
    '--external:cloudflare:*', '--external:node:*', `--outfile=${bundle}`, '--log-level=error',
  ]);
  const bindings = Object.entries(config.vars || {}).map(([name, value]) =>
    typeof value === 'string' ? `(name = ${capnpText(name)}, text = ${capnpText(value)})` : `(name = ${capnpText(name)}, json = ${capnpText(JSON.stringify(value))})`);
  fs.writeFileSync(path.join(work, 'config.capnp'), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["public", "private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${capnpText(config.compatibility_date)},
  bindings = [${bindings.join(', ')}],
);
`);
  return startProcess(workerdBinary(root), ['serve', path.join(work, 'config.capnp'), '--control-fd=3'], {stdio: ['ignore', 'pipe', 'pipe', 'pipe']}, (log) => {
    const match = /"event":"listen","socket":"http","port":(\d+)/.exec(log);
    return match ? Number(match[1]) : null;
  });
}

const workerdBinary = (root) => path.join(root, 'node_modules/@cloudflare/workerd-linux-64/bin/workerd');

module.exports = {readConfig, startEdge, startWorkerd, workerdBinary};
