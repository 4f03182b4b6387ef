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
  const importer = 'An import that never runs can be replaced with --alias, or with "alias" in the wrangler configuration.';
  if (!options.compatibilityFlags.some((flag) => flag === 'nodejs_compat' || flag === 'nodejs_compat_v2')) {
    return refuse(
      `Could not resolve "${specifier}"`,
      `The package "${name}" is built into Node.js and a worker does not have it without the compatibility flag "nodejs_compat".\n${importer}`,
    );
  }
  return refuse(`The Node.js module "node:${name}" is not supported yet.`, `edge has none of Node's modules so far, also with "nodejs_compat".\n${importer}`);
}

function modulesPlugin(options) {
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
      build.onLoad({ filter: /\.bin$/ }, async (file) => ({
        contents: `export default edge_bytes(${JSON.stringify((await fs.promises.readFile(file.path)).toString('base64'))});`
          .replace('edge_bytes', '/* @__PURE__ */ ((s) => { const b = atob(s), u = new Uint8Array(b.length); for (let i = 0; i < b.length; i++) u[i] = b.charCodeAt(i); return u.buffer; })'),
        loader: 'js',
        resolveDir: path.dirname(file.path),
      }));
    },
  };
}

module.exports = { modulesPlugin };
