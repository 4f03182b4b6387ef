// Modules that are not plain JavaScript, and modules that are not files.
//
// `cloudflare:*` stays an import, which the language runtime answers. Binary files become ArrayBuffers. What cannot work is refused here,
// at the import that asks for it.
'use strict';

const fs = require('fs');
const path = require('path');
const { builtinModules } = require('module');

const NODE_MODULES = new Set(builtinModules.filter((name) => !name.startsWith('_')).map((name) => name.replace(/^node:/, '')));

function refuse(text, remedy) {
  return { errors: [{ text, detail: { remedy } }] };
}

function nodeModule(specifier, options) {
  const name = specifier.replace(/^node:/, '');
  const importer = 'An import that never runs can be replaced by a module of your own: "alias" in the wrangler configuration.';
  if (!options.compatibilityFlags.some((flag) => flag === 'nodejs_compat' || flag === 'nodejs_compat_v2')) {
    return refuse(
      `Could not resolve "${specifier}"`,
      `The package "${name}" is built into Node.js and a worker does not have it without the compatibility flag "nodejs_compat".\n${importer}`,
    );
  }
  return refuse(`The Node.js module "node:${name}" is not supported yet.`, `edge has none of Node's modules so far, also with "nodejs_compat".\n${importer}`);
}

const BYTES_FROM_BASE64 =
  '((text) => { const binary = atob(text), bytes = new Uint8Array(binary.length); for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i); return bytes.buffer })';

async function loadBytes(file) {
  const base64 = (await fs.promises.readFile(file.path)).toString('base64');
  return { contents: `export default /* @__PURE__ */ ${BYTES_FROM_BASE64}("${base64}");`, loader: 'js', resolveDir: path.dirname(file.path) };
}

async function loadText(file) {
  return { contents: await fs.promises.readFile(file.path, 'utf8'), loader: 'text' };
}

// Globs as wrangler reads them: ** crosses folders, * and ? do not, {a,b} are alternatives.
function globToRegExp(glob) {
  let pattern = '';
  let braces = 0;
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i];
    if (glob.startsWith('**/', i)) {
      pattern += '(?:.*/)?';
      i += 2;
    } else if (glob.startsWith('**', i)) {
      pattern += '.*';
      i += 1;
    } else if (c === '*') {
      pattern += '[^/]*';
    } else if (c === '?') {
      pattern += '[^/]';
    } else if (c === '{') {
      pattern += '(?:';
      braces++;
    } else if (c === '}' && braces > 0) {
      pattern += ')';
      braces--;
    } else if (c === ',' && braces > 0) {
      pattern += '|';
    } else {
      pattern += c.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    }
  }
  return new RegExp(`^${pattern}${')'.repeat(braces)}$`);
}

function modulesPlugin(options) {
  const rules = (options.rules || []).map(({ type, glob }) => ({ type, pattern: globToRegExp(glob) }));
  return {
    name: 'edge-modules',
    setup(build) {
      build.onResolve({ filter: /^cloudflare:/ }, (request) => ({ path: request.path, external: true }));
      build.onResolve({ filter: /^edge:/ }, (request) => ({ path: request.path, external: true }));
      build.onResolve({ filter: /^node:/ }, (request) => nodeModule(request.path, options));
      build.onResolve({ filter: /^workerd:/ }, (request) =>
        refuse(`Could not resolve "${request.path}"`, 'Modules named "workerd:" are internal to workerd; no worker may import them.'));
      // A bare Node name is Node's module only if no installed package has that name ("events", "buffer" and others exist on npm).
      build.onResolve({ filter: /^[a-z_]+(\/[a-z_]+)?$/ }, async (request) => {
        if (request.pluginData === 'edge-nested' || !NODE_MODULES.has(request.path)) return undefined;
        const found = await build.resolve(request.path, {
          importer: request.importer, resolveDir: request.resolveDir, kind: request.kind, pluginData: 'edge-nested',
        });
        if (found.errors.length === 0) return found;
        // esbuild itself turns a failing require() inside try/catch into a run-time error: leave it to that.
        if (request.kind === 'require-call') return undefined;
        return nodeModule(request.path, options);
      });
      build.onResolve({ filter: /\.wasm(\?module)?$/ }, (request) =>
        refuse(
          `"${request.path}" is a WebAssembly module, and edge has no WebAssembly.`,
          'Use a JavaScript build of the package if it has one; many name it "asm" or "pure-js".',
        ));
      if (rules.length > 0) {
        build.onLoad({ filter: /.*/, namespace: 'file' }, (file) => {
          const relative = path.relative(build.initialOptions.absWorkingDir, file.path);
          const rule = rules.find(({ pattern }) => pattern.test(relative));
          return rule && (rule.type === 'Text' ? loadText(file) : loadBytes(file));
        });
      }
      build.onLoad({ filter: /\.bin$/ }, loadBytes);
    },
  };
}

module.exports = { modulesPlugin };
