// Bundling: the user's modules and what they import, as one modern ES module.
//
// esbuild resolves and joins as wrangler's configuration of it does (conditions workerd, worker, browser). It also lowers what it lowers
// well and fast (optional chaining, ??, logical assignment, JSX, TypeScript, decorators, `using`); the rest is for the Babel passes.
'use strict';

const fs = require('fs');
const path = require('path');
const { BuildError } = require('./diagnostics');
const { collectInputs } = require('./inputs');
const { modulesPlugin } = require('./modules');
const { remedyFor } = require('./remedies');

// What esbuild lowers; everything not named here passes through.
const SUPPORTED = {
  'optional-chain': false,
  'nullish-coalescing': false,
  'logical-assignment': false,
  'optional-catch-binding': false,
  'exponent-operator': false,
  'using': false,
  'decorators': false,
  'hashbang': false,
  'import-attributes': true,
  'regexp-named-capture-groups': true,
  'regexp-dot-all-flag': true,
  'regexp-lookbehind-assertions': true,
  'regexp-match-indices': true,
  'regexp-sticky-and-unicode-flags': true,
  'regexp-unicode-property-escapes': true,
  'regexp-set-notation': true,
};

const LOADERS = {
  '.txt': 'text',
  '.html': 'text',
  '.sql': 'text',
  '.json': 'json',
  '.cjs': 'js',
  '.mjs': 'js',
};

function toDiagnostic(severity, message) {
  const location = message.location;
  const notes = (message.notes || []).map((note) => note.text).filter(Boolean);
  const own = message.detail && message.detail.remedy;
  const remedy = own || remedyFor(message.text) || notes.join('\n') || undefined;
  const diagnostic = { severity, message: message.text, remedy };
  if (location) {
    diagnostic.file = location.file;
    diagnostic.line = location.line;
    diagnostic.column = location.column + 1;
    diagnostic.length = location.length;
    diagnostic.source = location.lineText;
  }
  return diagnostic;
}

// esbuild's program is unpacked from the edge binary by code that knows nothing of file modes.
function makeExecutable(file) {
  if (!file) return;
  const { mode } = fs.statSync(file);
  if ((mode & 0o100) === 0) fs.chmodSync(file, mode | 0o755);
}

// {code, map, inputs, warnings}. Throws BuildError.
async function bundle(options) {
  const root = fs.realpathSync(options.root);
  const main = path.resolve(root, options.main);
  if (!fs.existsSync(main)) {
    throw new BuildError([{
      severity: 'error',
      message: `The main module "${options.main}" does not exist.`,
      file: path.join(options.root, options.main),
      remedy: '"main" in the wrangler configuration names the entry module, relative to the configuration file.',
    }]);
  }
  makeExecutable(process.env.ESBUILD_BINARY_PATH);
  const esbuild = require('esbuild');
  let result;
  try {
    result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: [main],
      outfile: path.join(root, 'worker.js'),
      write: false,
      bundle: true,
      format: 'esm',
      platform: 'browser',
      target: 'esnext',
      charset: 'ascii',
      conditions: ['workerd', 'worker', 'browser'],
      mainFields: ['browser', 'module', 'main'],
      resolveExtensions: ['.tsx', '.ts', '.mts', '.jsx', '.mjs', '.js', '.cts', '.cjs', '.json'],
      supported: SUPPORTED,
      loader: LOADERS,
      define: { 'process.env.NODE_ENV': '"production"', 'global.process.env.NODE_ENV': '"production"', 'globalThis.process.env.NODE_ENV': '"production"', ...options.define },
      alias: options.alias,
      tsconfig: options.tsconfig,
      keepNames: true,
      sourcemap: 'external',
      sourcesContent: true,
      metafile: true,
      logLevel: 'silent',
      // The language has it throw when it is executed.
      logOverride: { 'assign-to-constant': 'warning' },
      legalComments: 'none',
      treeShaking: true,
      plugins: [modulesPlugin(options)],
    });
  } catch (error) {
    if (!error.errors) throw error;
    throw new BuildError(error.errors.map((message) => toDiagnostic('error', message)));
  }
  const find = (suffix) => result.outputFiles.find((file) => file.path.endsWith(suffix));
  return {
    root,
    code: find('worker.js').text,
    map: JSON.parse(find('worker.js.map').text),
    inputs: collectInputs(root, result.metafile, options),
    warnings: result.warnings.map((message) => toDiagnostic('warning', message)),
  };
}

module.exports = { bundle };
