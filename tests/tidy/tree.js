// The tree that the rules look at: every text file of the project, as it lies on the disk.
'use strict';
const fs = require('fs');
const path = require('path');

const FOLDERS = ['runtime', 'net', 'storage', 'sim', 'properties', 'tests', 'examples', 'docs', 'tools', '.ci'];
const SKIPPED = new Set(['node_modules', '.edge', '.git']);
const BINARY = /\.(png|jpg|gif|ico|woff2?|o|bin|gz|wasm)$/;

// A Map from path (relative to `root`, with '/') to text, sorted by path.
function readTree(root) {
  const files = new Map();
  const add = (relative) => {
    if (!BINARY.test(relative)) files.set(relative, fs.readFileSync(path.join(root, relative), 'utf8'));
  };
  const walk = (folder) => {
    for (const entry of fs.readdirSync(path.join(root, folder), {withFileTypes: true})) {
      if (SKIPPED.has(entry.name)) continue;
      const relative = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(relative);
      else if (entry.isFile()) add(relative);
    }
  };
  for (const entry of fs.readdirSync(root, {withFileTypes: true})) {
    if (SKIPPED.has(entry.name)) continue; // a linked work tree has a file of that name
    if (entry.isFile()) add(entry.name);
    else if (entry.isDirectory() && FOLDERS.includes(entry.name)) walk(entry.name);
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

module.exports = {readTree};
