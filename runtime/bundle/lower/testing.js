// For tests: applications made of strings.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { bundle } = require('./bundle');
const { lower } = require('./lower');
const { BuildError, format } = require('./diagnostics');

// Writes {name: text} to a new folder and gives its path; the folder goes away with the process.
function makeApplication(files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-lower-'));
  process.on('exit', () => fs.rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return fs.realpathSync(root);
}

function optionsFor(root, main, more) {
  return { root, main, compatibilityDate: '2026-01-01', compatibilityFlags: [], define: {}, alias: {}, ...more };
}

async function lowerApplication(files, more) {
  const main = Object.keys(files)[0];
  const bundled = await bundle(optionsFor(makeApplication(files), main, more));
  return { ...lower(bundled.code, bundled.map), inputs: bundled.inputs };
}

// The lowered module without what stands around it: the prologue, the helpers, esbuild's own functions.
async function lowerText(text, more) {
  const { code } = await lowerApplication({ 'index.js': text }, more);
  return code;
}

// Everything the user would read on the terminal.
async function diagnosticsOf(files, more) {
  try {
    const { warnings } = await lowerApplication(files, more);
    return warnings.map(format).join('\n\n');
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    return error.diagnostics.map(format).join('\n\n');
  }
}

module.exports = { diagnosticsOf, lowerApplication, lowerText, makeApplication, optionsFor };
