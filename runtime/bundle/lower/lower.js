// Lowering: one modern ES module in, one ES5 function expression for the engine out, with its source map.
//
// Three passes over one tree. The first rewrites what needs modern syntax to be expressed (coroutines keep `this` by arrow functions); the
// second is Babel's way to ES5 with our own helpers; the last wraps the module into its function and prints. Whitespace stays: the engine
// reports lines and no columns, so every statement keeps a line of its own.
'use strict';

const babel = require('@babel/core');
const { BuildError } = require('./diagnostics');
const { locator } = require('./locator');
const coroutines = require('./coroutines');
const literals = require('./literals');
const moduleFunction = require('./module_function');
const names = require('./names');
const privateNames = require('./private_names');
const temporalDeadZones = require('./tdz');
const { accessorNames, finish } = require('./finish');
const { install } = require('./helpers');

// What lowered code may take for granted; docs/javascript.md lists what each costs in exactness.
const ASSUMPTIONS = {
  ignoreFunctionLength: true,
  ignoreToPrimitiveHint: false,
  noDocumentAll: true,
  noNewArrows: true,
};

const COMMON = { babelrc: false, configFile: false, browserslistConfigFile: false, compact: false, comments: false, highlightCode: false };

// The engine has computed keys, except for accessors.
function computedAccessorsOnly(api, options, dirname) {
  const plugin = require('@babel/plugin-transform-computed-properties').default(api, options, dirname);
  const { exit } = plugin.visitor.ObjectExpression;
  plugin.visitor.ObjectExpression.exit = function (path, state) {
    if (path.node.properties.some((p) => p.computed && (p.kind === 'get' || p.kind === 'set'))) return exit.call(this, path, state);
    return undefined;
  };
  return plugin;
}

const ES5 = [
  require('@babel/plugin-transform-class-static-block').default,
  require('@babel/plugin-transform-class-properties').default,
  require('@babel/plugin-transform-unicode-escapes').default,
  require('@babel/plugin-transform-template-literals').default,
  require('@babel/plugin-transform-arrow-functions').default,
  require('@babel/plugin-transform-classes').default,
  require('@babel/plugin-transform-object-super').default,
  computedAccessorsOnly,
  require('@babel/plugin-transform-for-of').default,
  require('@babel/plugin-transform-spread').default,
  [require('@babel/plugin-transform-object-rest-spread').default, { useBuiltIns: true }],
  require('@babel/plugin-transform-parameters').default,
  require('@babel/plugin-transform-destructuring').default,
  require('@babel/plugin-transform-block-scoping').default,
  require('@babel/plugin-transform-block-scoped-functions').default,
  require('@babel/plugin-transform-new-target').default,
];

function copyState(from, to) {
  for (const key of ['edge-used-members', 'edge-exports', 'edge-top-level-await']) to.set(key, from.get(key));
}

// {code, map, exports, warnings}. `map` is the map of `code` to the user's files. Throws BuildError.
function lower(code, map) {
  const locate = locator(code, map);
  try {
    return lowerModule(code, map, locate);
  } catch (error) {
    if (!error.loc) throw error;
    const message = error.message.replace(/^.*?: (?=\w)/, '').replace(/ \(\d+:\d+\)[^]*$/, '');
    throw new BuildError([{ severity: 'error', message, remedy: 'This syntax cannot be lowered for the engine.', ...locate(error.loc) }]);
  }
}

function bigintWarning(position) {
  return {
    severity: 'warning',
    message: 'BigInt has no arithmetic here; a calculation with this literal throws.',
    remedy: 'Use a number where it is exact (up to 2 ** 53), or a string.',
    ...position,
  };
}

function lowerModule(code, map, locate) {
  const ast = babel.parseSync(code, { ...COMMON, sourceType: 'module', parserOpts: { errorRecovery: false } });
  const accessors = accessorNames(ast.program);
  let first;
  babel.transformFromAstSync(ast, code, {
    ...COMMON,
    cloneInputAst: false,
    code: false,
    ast: true,
    plugins: [names, temporalDeadZones, privateNames, literals, coroutines, moduleFunction, () => ({ name: 'edge-keep', post(file) { first = file; } })],
  });
  // Paths remember the file they were made for; the second pass makes its own.
  babel.traverse.cache.clear();
  const result = babel.transformFromAstSync(ast, code, {
    ...COMMON,
    cloneInputAst: false,
    filename: 'worker.js',
    sourceMaps: true,
    inputSourceMap: map,
    assumptions: ASSUMPTIONS,
    plugins: [
      () => ({ name: 'edge-start', pre(file) { copyState(first, file); install(file); } }),
      ...ES5,
      () => ({ name: 'edge-wrap', post(file) {
        finish(file, accessors);
        moduleFunction.wrapProgram(file);
      }  }),
    ],
  });
  const warnings = (first.get('edge-bigints') || [])
    .map(({ line, column }) => locate({ line, column }))
    .filter(({ file }) => file && !file.includes('node_modules/'))
    .map(bigintWarning);
  return { code: result.code, map: result.map, warnings, exports: first.get('edge-exports').exported.map(([name]) => name) };
}

module.exports = { lower };
