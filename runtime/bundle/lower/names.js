// Names: functions keep the names they have in the user's source.
//
// esbuild marks every function whose name could be lost as __name(function, "name"). Most of these calls say what is evident from the code
// or can be said without a call; only functions that the bundler had to rename keep one.
//
// An arrow function is printed as a method of a throw-away object, ({name(a) {...}}).name (finish.js): in this engine that is the cheapest
// closure there is, it has a name, no .prototype, and cannot be constructed.
'use strict';

const { types: t } = require('@babel/core');
const { call, note, noted } = require('./support');

// Whether the identifier `name` is mentioned anywhere inside `node`; then a function expression of that name could capture it.
function mentions(node, name) {
  let found = false;
  t.traverseFast(node, (n) => {
    if (n.type === 'Identifier' && n.name === name) found = true;
  });
  return found;
}

function nameFunctionExpression(node, name, file) {
  if (node.id) return node.id.name === name ? node : call(file, 'name', node, t.stringLiteral(name));
  if (t.isValidIdentifier(name) && name !== 'arguments' && name !== 'eval' && !mentions(node, name)) {
    node.id = t.identifier(name);
    return node;
  }
  return call(file, 'name', node, t.stringLiteral(name));
}

function isNameCall(node) {
  return t.isCallExpression(node) && t.isIdentifier(node.callee, { name: '__name' }) && node.arguments.length === 2 && t.isStringLiteral(node.arguments[1]);
}

// The name that the language gives a function by where it stands, in the places that esbuild leaves to the engine.
function nameByPosition(path) {
  const { parent, key } = path;
  if (t.isAssignmentPattern(parent) && key === 'right' && t.isIdentifier(parent.left)) return parent.left.name;
  if (t.isAssignmentExpression(parent) && key === 'right' && t.isIdentifier(parent.left)) return parent.left.name;
  if (t.isVariableDeclarator(parent) && t.isIdentifier(parent.id)) return parent.id.name;
  if ((t.isObjectProperty(parent) || t.isClassProperty(parent)) && key === 'value' && !parent.computed) {
    if (t.isIdentifier(parent.key)) return parent.key.name;
    return t.isStringLiteral(parent.key) || t.isNumericLiteral(parent.key) ? String(parent.key.value) : '';
  }
  return '';
}

module.exports = function names() {
  return {
    name: 'edge-names',
    visitor: {
      CallExpression(path, state) {
        if (!isNameCall(path.node)) return;
        const [target, { value: name }] = path.node.arguments;
        if (t.isArrowFunctionExpression(target)) {
          note(target, { name });
          path.replaceWith(target);
        } else if (t.isFunctionExpression(target)) {
          if (target.generator && !target.id) {
            note(target, { name });
            path.replaceWith(target);
          } else {
            path.replaceWith(nameFunctionExpression(target, name, state.file));
          }
        } else if (t.isClassExpression(target) && !target.id) {
          // The class keeps the call: it has static parts that may read the name.
          path.node.callee = call(state.file, 'name').callee;
        } else if (t.isIdentifier(target)) {
          const binding = path.scope.getBinding(target.name);
          const declared = binding && binding.path.isFunctionDeclaration() && binding.path.node.id.name === name;
          if (declared && path.parentPath.isExpressionStatement()) path.parentPath.remove();
          else path.node.callee = call(state.file, 'name').callee;
        } else {
          path.node.callee = call(state.file, 'name').callee;
        }
      },
      ArrowFunctionExpression(path) {
        if (!noted(path.node).name) note(path.node, { name: nameByPosition(path) });
      },
      FunctionExpression(path) {
        if (path.node.id || noted(path.node).name) return;
        const name = nameByPosition(path);
        if (path.node.generator) note(path.node, { name });
        else if (t.isValidIdentifier(name) && name !== 'arguments' && name !== 'eval' && !mentions(path.node, name)) path.node.id = t.identifier(name);
      },
      StaticBlock(path) {
        const [statement] = path.node.body;
        if (path.node.body.length !== 1 || !t.isExpressionStatement(statement) || !isNameCall(statement.expression)) return;
        const [target, { value: name }] = statement.expression.arguments;
        const owner = path.parentPath.parent;
        if (!t.isThisExpression(target)) return;
        if (!owner.id && t.isValidIdentifier(name) && !mentions(owner, name)) owner.id = t.identifier(name);
        if (owner.id && owner.id.name === name) path.remove();
      },
    },
  };
};

module.exports.mentions = mentions;
