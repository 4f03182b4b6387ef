// Temporal dead zones and constants.
//
// What is certain to fail is made to fail: a use of a let, const or class that stands before its declaration in the same function. Whether
// a closure runs too early is only known at run time, and checking that costs every use of every captured variable: not done.
'use strict';

const { types: t } = require('@babel/core');
const { call } = require('./support');

function isTooEarly(reference, binding) {
  if (reference.node.start == null || binding.identifier.start == null) return false;
  if (reference.scope.getFunctionParent() !== binding.scope.getFunctionParent()) return false;
  const declaration = binding.path;
  // let x = x: the whole declarator is before the initialisation.
  if (declaration.isVariableDeclarator() && declaration.node.init && reference.isDescendant(declaration)) {
    return !isLoopHead(declaration) && reference.find((p) => p === declaration || p.key === 'init').key === 'init' && !insideFunction(reference, declaration);
  }
  return reference.node.start < binding.identifier.start && !insideFunction(reference, binding.scope.path) && !declaration.isFunction();
}

function isLoopHead(declarator) {
  const statement = declarator.parentPath;
  return (statement.parentPath.isForXStatement() && statement.key === 'left');
}

function insideFunction(path, until) {
  for (let p = path.parentPath; p && p !== until; p = p.parentPath) {
    if (p.isFunction() || p.isClassProperty() || p.isStaticBlock() || p.isClassPrivateProperty()) return true;
  }
  return false;
}

module.exports = function temporalDeadZones() {
  return {
    name: 'edge-tdz',
    visitor: {
      Scopable(path, state) {
        if (path.isProgram()) return;
        for (const [name, binding] of Object.entries(path.scope.bindings)) {
          if (binding.kind !== 'let' && binding.kind !== 'const') continue;
          for (const reference of binding.referencePaths) {
            if (!reference.isIdentifier() || !isTooEarly(reference, binding)) continue;
            reference.replaceWith(call(state.file, 'tdz', t.stringLiteral(name)));
          }
        }
      },
    },
  };
};
