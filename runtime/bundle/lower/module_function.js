// The module as a function: imports become look-ups, exports an object of getters, the whole one function expression.
//
//   (function (edge) { "use strict"; var _edge_await = edge["await"]; ...module code...; return exports })
//
// Exports are live: each name is a getter. With top-level await the function returns a promise of the exports.
'use strict';

const { types: t } = require('@babel/core');
const { emitted } = require('./helpers');
const { call, prologue, usedMembers } = require('./support');

// import { a as b } from "cloudflare:x"  ->  every use of b reads namespace.a
function lowerImport(path, file, namespaces) {
  const source = path.node.source.value;
  let namespace = namespaces.get(source);
  if (!namespace) {
    namespace = path.scope.generateUidIdentifier(`import_${source}`);
    namespaces.set(source, namespace);
  }
  for (const specifier of path.node.specifiers) {
    const binding = path.scope.getBinding(specifier.local.name);
    const make = () => {
      if (t.isImportNamespaceSpecifier(specifier)) return t.cloneNode(namespace);
      const name = t.isImportDefaultSpecifier(specifier) ? t.identifier('default') : specifier.imported;
      return t.memberExpression(t.cloneNode(namespace), t.isStringLiteral(name) ? name : t.stringLiteral(name.name), true);
    };
    for (const reference of binding ? binding.referencePaths : []) {
      if (reference.parentPath.isExportSpecifier()) continue;
      const node = make();
      const isCallee = reference.parentPath.isCallExpression() && reference.key === 'callee';
      const isTag = reference.parentPath.isTaggedTemplateExpression() && reference.key === 'tag';
      if (reference.parentPath.isObjectProperty({ shorthand: true })) reference.parent.shorthand = false;
      reference.replaceWith((isCallee || isTag) && t.isMemberExpression(node) ? t.sequenceExpression([t.numericLiteral(0), node]) : node);
    }
    path.scope.setData(`edge-import-${specifier.local.name}`, make);
  }
  path.remove();
}

function exportName(node) {
  return t.isStringLiteral(node) ? node.value : node.name;
}

module.exports = function moduleFunction() {
  return {
    name: 'edge-module-function',
    visitor: {
      Program: {
        exit(path, state) {
          const file = state.file;
          const namespaces = new Map();
          const exported = [];
          const stars = [];
          // The other passes moved nodes about; where the imported names are used now is found anew.
          if (path.node.body.some((statement) => t.isImportDeclaration(statement))) path.scope.crawl();
          for (const statement of path.get('body')) if (statement.isImportDeclaration()) lowerImport(statement, file, namespaces);
          const namespaceOf = (source) => {
            if (!namespaces.has(source)) namespaces.set(source, path.scope.generateUidIdentifier(`import_${source}`));
            return t.cloneNode(namespaces.get(source));
          };
          for (const statement of path.get('body')) {
            if (statement.isExportNamedDeclaration()) {
              const { node } = statement;
              for (const specifier of node.specifiers) {
                let value;
                if (node.source) {
                  const namespace = namespaceOf(node.source.value);
                  value = t.isExportNamespaceSpecifier(specifier)
                    ? namespace
                    : t.memberExpression(namespace, t.stringLiteral(exportName(specifier.local)), true);
                } else {
                  const make = path.scope.getData(`edge-import-${specifier.local.name}`);
                  value = make ? make() : specifier.local;
                }
                exported.push([exportName(specifier.exported), value]);
              }
              if (node.declaration) throw statement.buildCodeFrameError('an export declaration is not expected in bundled code');
              statement.remove();
            } else if (statement.isExportAllDeclaration()) {
              stars.push(namespaceOf(statement.node.source.value));
              statement.remove();
            } else if (statement.isExportDefaultDeclaration()) {
              throw statement.buildCodeFrameError('a default export declaration is not expected in bundled code');
            }
          }
          if (namespaces.size > 0) {
            const declarators = [...namespaces].map(([source, name]) =>
              t.variableDeclarator(t.cloneNode(name), call(file, 'import', t.stringLiteral(source))));
            path.unshiftContainer('body', t.variableDeclaration('var', declarators));
          }
          file.set('edge-exports', { exported, stars });
        },
      },
    },
  };
};

// {get "name"() { return value }, ...}; for `export * from` of a built-in module the names are taken over at run time.
function exportsExpression(file) {
  const { exported, stars } = file.get('edge-exports');
  const getters = exported.map(([name, value]) =>
    t.objectMethod('get', t.stringLiteral(name), [], t.blockStatement([t.returnStatement(value)])));
  let result = t.objectExpression(getters);
  for (const star of stars) result = call(file, 'exportStar', result, star);
  return result;
}

// Turns the lowered program into the one function expression. Runs after every other pass; the traversal is over.
function wrapProgram(file) {
  const program = file.ast.program;
  const exportsObject = exportsExpression(file);
  const isAsync = file.get('edge-top-level-await');
  const code = [...emitted(file), ...program.body, t.returnStatement(exportsObject)];
  const body = [];
  const used = usedMembers(file);
  const names = prologue(used);
  if (names) body.push(names);
  if (isAsync) {
    const inner = t.functionExpression(null, [], t.blockStatement(code));
    body.push(t.returnStatement(call(file, 'async', inner)));
  } else {
    body.push(...code);
  }
  const wrapper = t.functionExpression(null, [t.identifier('edge')], t.blockStatement(body, [t.directive(t.directiveLiteral('use strict'))]));
  program.directives = [];
  program.body = [t.expressionStatement(wrapper)];
  program.sourceType = 'script';
}

module.exports.wrapProgram = wrapProgram;
