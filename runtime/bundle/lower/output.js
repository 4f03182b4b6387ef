// Output: the bundle directory. It appears as a whole or not at all.
//
//   worker.js       the lowered program
//   worker.js.map   from its lines to the user's files
//   bundle.json     what it is, and what it was made from
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const FORMAT_VERSION = 1;

function sha256(data) {
  return crypto.createHash('sha256').update(data).digest('hex');
}

function toolVersions() {
  const version = (name) => require(`${name}/package.json`).version;
  return { babel: version('@babel/core'), esbuild: version('esbuild'), node: process.version };
}

function writeBundle(options, bundled, lowered) {
  const map = JSON.stringify(lowered.map);
  const inputs = bundled.inputs.map((file) => ({ path: file, sha256: sha256(fs.readFileSync(file)) })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const metadata = {
    format_version: FORMAT_VERSION,
    content_hash: sha256(lowered.code),
    compatibility_date: options.compatibilityDate,
    compatibility_flags: options.compatibilityFlags,
    main: options.main,
    exports: lowered.exports,
    inputs,
    tools: toolVersions(),
  };
  const directory = path.resolve(options.out || path.join(options.cache, metadata.content_hash));
  fs.mkdirSync(path.dirname(directory), { recursive: true });
  const temporary = fs.mkdtempSync(`${directory}.tmp-`);
  try {
    fs.writeFileSync(path.join(temporary, 'worker.js'), lowered.code);
    fs.writeFileSync(path.join(temporary, 'worker.js.map'), map);
    fs.writeFileSync(path.join(temporary, 'bundle.json'), `${JSON.stringify(metadata, null, 2)}\n`);
    fs.chmodSync(temporary, 0o755);
    fs.rmSync(directory, { recursive: true, force: true });
    fs.renameSync(temporary, directory);
  } catch (error) {
    fs.rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return directory;
}

module.exports = { writeBundle };
