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

// Folders of the other workers that the application's bindings name: subfolders of their names.
function companions(folder) {
  const names = new Set((readConfig(folder).services || []).map(({service}) => service));
  return [...names].map((name) => path.join(folder, name)).filter((other) => fs.existsSync(other));
}

// `edge serve FOLDER ...` with its own defaults.
function startEdge(binary, folder, extra = []) {
  return startProcess(binary, ['serve', folder, ...companions(folder), '--port', '0', ...extra], {stdio: ['ignore', 'pipe', 'pipe']}, (log) => {
    const match = /http:\/\/127\.0\.0\.1:(\d+)/.exec(log);
    return match ? Number(match[1]) : null;
  });
}

// Removes comments and trailing commas; the applications' files have no such marks inside of strings.
const parseJsonc = (text) => JSON.parse(text.replace(/^\s*\/\/.*$/gm, '').replace(/,(\s*[}\]])/g, '$1'));

// What these applications' TOML has: text, arrays of text or of inline tables, sections, arrays of tables. Without main it is the default of C3's template.
function parseSimpleToml(text) {
  const config = {vars: {}};
  let into = config;
  const at = (names) => names.reduce((table, name) => (table[name] = table[name] || {}), config);
  // Arrays may go over several lines.
  const joined = text.replace(/^\s*#.*$/gm, '').replace(/=\s*\[([^\]]*)\]/g, (all) => all.replace(/\s*\n\s*/g, ' '));
  for (const line of joined.split('\n')) {
    const list = /^\s*\[\[([\w.]+)\]\]/.exec(line);
    const section = /^\s*\[([\w.]+)\]/.exec(line);
    const pair = /^\s*(\w+)\s*=\s*(.*?)\s*(?:#.*)?$/.exec(line);
    if (list) {
      const names = list[1].split('.');
      const last = names.pop();
      const parent = at(names);
      into = {};
      (parent[last] = parent[last] || []).push(into);
    } else if (section) {
      into = at(section[1].split('.'));
    } else if (pair && /^["[{]/.test(pair[2])) {
      into[pair[1]] = JSON.parse(pair[2].replace(/(\w+)\s*=\s*/g, '"$1": ').replace(/,\s*([}\]])/g, '$1'));
    }
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

// The worker's sources bundled by esbuild and otherwise untouched, as NAME.js in `work`. Returns the file.
function bundleWorker(root, folder, work, name) {
  const config = readConfig(folder);
  const file = path.join(work, `${name}.js`);
  execFileSync(path.join(root, 'node_modules/.bin/esbuild'), [
    path.join(folder, config.main), '--bundle', '--format=esm', '--target=esnext', '--conditions=workerd,worker,browser', '--keep-names',
    '--external:cloudflare:*', '--external:node:*',
    ...(config.rules || []).flatMap(({type, globs}) => globs.map((glob) => `--loader:${path.extname(glob)}=${type === 'Text' ? 'text' : 'binary'}`)),
    `--outfile=${file}`, '--log-level=error',
  ]);
  return file;
}

// One worker for workerd's configuration.
function workerdWorker(root, folder, work, name) {
  const config = readConfig(folder);
  bundleWorker(root, folder, work, name);
  const bindings = Object.entries(config.vars || {}).map(([name, value]) =>
    typeof value === 'string' ? `(name = ${capnpText(name)}, text = ${capnpText(value)})` : `(name = ${capnpText(name)}, json = ${capnpText(JSON.stringify(value))})`);
  const classes = new Map();
  for (const migration of config.migrations || []) {
    for (const name of migration.new_classes || []) classes.set(name, false);
    for (const name of migration.new_sqlite_classes || []) classes.set(name, true);
  }
  const objects = (config.durable_objects || {}).bindings || [];
  bindings.push(...objects.map(({name, class_name}) => `(name = ${capnpText(name)}, durableObjectNamespace = ${capnpText(class_name)})`));
  bindings.push(...(config.services || []).map(({binding, service, entrypoint, props}) => `(name = ${capnpText(binding)}, service = (name = ${capnpText(service)}` +
    `${entrypoint ? `, entrypoint = ${capnpText(entrypoint)}` : ''}${props ? `, props = (json = ${capnpText(JSON.stringify(props))})` : ''}))`));
  const namespaces = [...classes].map(([name, sql]) => `(className = ${capnpText(name)}, uniqueKey = ${capnpText(`${config.name}-${name}`)}, enableSql = ${sql})`);
  return {name: config.name, text: `(
  modules = [(name = "worker.js", esModule = embed "${name}.js")],
  compatibilityDate = ${capnpText(config.compatibility_date)},
  bindings = [${bindings.join(', ')}],
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk = "state"),
)`};
}

// workerd on the same sources. `work` is an empty folder.
function startWorkerd(root, folder, work) {
  const workers = [folder, ...companions(folder)].map((each, index) => workerdWorker(root, each, work, `worker${index}`));
  fs.mkdirSync(path.join(work, 'state'));
  fs.writeFileSync(path.join(work, 'config.capnp'), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${workers.map(({name, text}) => `(name = ${capnpText(name)}, worker = ${text})`).join(', ')},
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "state", disk = (path = ${capnpText(path.join(work, 'state'))}, writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = ${capnpText(workers[0].name)})],
);
`);
  return startProcess(workerdBinary(root), ['serve', path.join(work, 'config.capnp'), '--control-fd=3'], {stdio: ['ignore', 'pipe', 'pipe', 'pipe']}, (log) => {
    const match = /"event":"listen","socket":"http","port":(\d+)/.exec(log);
    return match ? Number(match[1]) : null;
  });
}

// workerd by itself has no KV: that is a service which miniflare brings along.
const needsMiniflare = (folder) => 'kv_namespaces' in readConfig(folder);

function miniflareFolder(root) {
  try {
    return path.dirname(require.resolve('miniflare/package.json', {paths: [root]}));
  } catch (error) {
    return null;
  }
}

// miniflare, with the same workerd, on the same sources. `work` is an empty folder.
function startMiniflare(root, folder, work) {
  const config = readConfig(folder);
  const file = path.join(work, 'options.json');
  fs.writeFileSync(file, JSON.stringify({root, workerd: workerdBinary(root), options: {
    name: config.name,
    modules: true,
    modulesRoot: work,
    scriptPath: bundleWorker(root, folder, work, 'worker'),
    compatibilityDate: config.compatibility_date,
    bindings: config.vars || {},
    kvNamespaces: Object.fromEntries((config.kv_namespaces || []).map(({binding, id}) => [binding, id])),
  }}));
  return startProcess(process.execPath, [path.join(__dirname, 'miniflare_peer.js'), file], {stdio: ['ignore', 'pipe', 'pipe']}, (log) => {
    const match = /^port (\d+)$/m.exec(log);
    return match ? Number(match[1]) : null;
  });
}

// The other server for this application.
const startPeer = (root, folder, work) => (needsMiniflare(folder) ? startMiniflare : startWorkerd)(root, folder, work);

// npm packages that the comparison of this application needs and `root` has not.
function missingPackages(root, folder) {
  const missing = [];
  if (!fs.existsSync(workerdBinary(root))) missing.push('@cloudflare/workerd-linux-64');
  if (needsMiniflare(folder) && miniflareFolder(root) === null) missing.push('miniflare');
  return missing;
}

const workerdBinary = (root) => path.join(root, 'node_modules/@cloudflare/workerd-linux-64/bin/workerd');

module.exports = {missingPackages, readConfig, startEdge, startPeer};
