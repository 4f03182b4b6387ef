// Output: the bundle directory. It appears as a whole or not at all.
//
//   worker.js       the lowered program
//   worker.js.map   from its lines to the user's files
//   bundle.json     what it is, and what it was made from
'use strict';

const fs = require('fs');
const path = require('path');
const { sha256 } = require('./inputs');

const FORMAT_VERSION = 1;

function toolVersions() {
  return { babel: require('@babel/core').version, esbuild: require('esbuild').version, node: process.version };
}

// What makes two bundles the same bundle: everything the runtime sees, and nothing of where it was made.
function contentHash(metadata, code, map) {
  const { format_version, compatibility_date, compatibility_flags, main, exports } = metadata;
  const parts = [JSON.stringify({ format_version, compatibility_date, compatibility_flags, main, exports }), sha256(code), sha256(map)];
  return sha256(parts.join('\n'));
}

function writeBundle(options, bundled, lowered) {
  const map = JSON.stringify(lowered.map);
  const metadata = {
    format_version: FORMAT_VERSION,
    content_hash: '',
    compatibility_date: options.compatibilityDate,
    compatibility_flags: options.compatibilityFlags,
    main: options.main,
    exports: lowered.exports,
    inputs: bundled.inputs,
    tools: toolVersions(),
  };
  metadata.content_hash = contentHash(metadata, lowered.code, map);
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
