// Inputs: what a bundle was made from, so that a later start can tell whether it still holds without running this tool.
//
// Besides the modules these are the files that steer resolution (package.json, tsconfig.json) and, as absent, those that would have been
// taken instead had they existed. An entry is {path, sha256}; sha256 is null for what must not exist. Paths under the application's folder
// are relative to it.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const EXTENSIONS = ['.tsx', '.ts', '.mts', '.jsx', '.mjs', '.js', '.cts', '.cjs', '.json'];

function sha256(data) {
  return crypto.createHash('sha256').update(data).digest('hex');
}

// The folders from that of `file` up to and including `root`, or to the package's own folder where the file lies outside.
function foldersOf(file, root) {
  const folders = [];
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    folders.push(folder);
    if (folder === root || folder === path.dirname(folder)) return folders;
    if (!folder.startsWith(root) && fs.existsSync(path.join(folder, 'package.json'))) return folders;
    if (path.basename(path.dirname(folder)) === 'node_modules') return folders;
  }
}

// The tsconfig files that `file` names by "extends", as far as they are plain paths.
function extendedConfigs(file, into) {
  const text = fs.readFileSync(file, 'utf8');
  for (const [, list] of text.matchAll(/"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")/g)) {
    for (const [, name] of list.matchAll(/"(\.[^"]*)"/g)) {
      const base = path.resolve(path.dirname(file), name);
      const found = [base, `${base}.json`].find((candidate) => fs.existsSync(candidate) && fs.statSync(candidate).isFile());
      if (found && !into.has(found)) {
        into.add(found);
        extendedConfigs(found, into);
      }
    }
  }
}

// import "./x" that became x.js: x.tsx, x.ts ... come first and must stay absent.
function shadowing(importer, imports, root) {
  const absent = [];
  for (const { path: resolved, original } of imports) {
    if (!original || !original.startsWith('.') || path.extname(original) === path.extname(resolved)) continue;
    const target = path.resolve(root, resolved);
    const base = path.resolve(path.dirname(importer), original);
    for (const extension of ['', ...EXTENSIONS]) {
      if (base + extension === target) break;
      if (!fs.existsSync(base + extension)) absent.push(base + extension);
    }
  }
  return absent;
}

// `metafile` is esbuild's.
function collectInputs(root, metafile, options) {
  const files = new Set();
  const absent = new Set();
  for (const [name, { imports }] of Object.entries(metafile.inputs)) {
    if (/^[(<]/.test(name)) continue;
    const file = path.resolve(root, name.replace(/^[a-z][a-z0-9-]+:(?=[/.])/, ''));
    files.add(file);
    for (const shadow of shadowing(file, imports, root)) absent.add(shadow);
    for (const folder of foldersOf(file, root)) {
      for (const config of ['package.json', 'tsconfig.json']) {
        const candidate = path.join(folder, config);
        if (fs.existsSync(candidate)) files.add(candidate);
        else if (!file.includes(`${path.sep}node_modules${path.sep}`)) absent.add(candidate);
      }
    }
  }
  if (options.tsconfig) files.add(path.resolve(root, options.tsconfig));
  for (const file of [...files]) if (path.basename(file).startsWith('tsconfig')) extendedConfigs(file, files);
  const shown = (file) => (file.startsWith(root + path.sep) ? file.slice(root.length + 1) : file);
  const entries = [...files].map((file) => ({ path: shown(file), sha256: sha256(fs.readFileSync(file)) }));
  entries.push(...[...absent].map((file) => ({ path: shown(file), sha256: null })));
  return entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

module.exports = { collectInputs, sha256 };
