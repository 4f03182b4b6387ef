// Private names: #x becomes a property under a key that no reflection shows (edge.privateKey).
//
//   o.#x       ->  o[_x], checked: undefined is looked at twice, to tell "is undefined" from "is not there" (a TypeError)
//   o.#x = v   ->  (_x in o ? o : throw)[_x] = v
//   #m() {}    ->  a method of the prototype under the hidden key
//   #x in o    ->  _x in o
//
// A key belongs to one evaluation of the class, as in the language: a mixin applied twice has two. Difference: an object that merely
// inherits from the prototype passes for one with the private methods.
'use strict';

const { types: t } = require('@babel/core');
const { call } = require('./support');

function declaredNames(classNode) {
  const names = new Set();
  for (const element of classNode.body.body) {
    if (element.key && element.key.type === 'PrivateName') names.add(element.key.id.name);
  }
  return names;
}

function isTarget(path) {
  const parent = path.parentPath;
  if (parent.isAssignmentExpression() && path.key === 'left') return true;
  if (parent.isUpdateExpression()) return true;
  if ((parent.isForOfStatement() || parent.isForInStatement()) && path.key === 'left') return true;
  if (parent.isArrayPattern() || parent.isRestElement()) return true;
  if (parent.isAssignmentPattern() && path.key === 'left') return true;
  return parent.isObjectProperty() && path.key === 'value' && parent.parentPath.isObjectPattern();
}

function isSimple(node) {
  return t.isThisExpression(node) || t.isIdentifier(node);
}

// An expression that is evaluated once and named: [first use, later uses].
function once(path, node) {
  if (isSimple(node)) return [node, () => t.cloneNode(node)];
  const name = path.scope.generateUidIdentifier('object');
  path.scope.push({ id: t.cloneNode(name), kind: 'let' });
  return [t.assignmentExpression('=', t.cloneNode(name), node), () => t.cloneNode(name)];
}

// One temporary a function is enough: nothing is evaluated between its two uses.
function temporary(path, file) {
  const scope = path.scope.getFunctionParent() || path.scope.getProgramParent();
  let names = file.get('edge-private-temporaries');
  if (!names) file.set('edge-private-temporaries', (names = new WeakMap()));
  if (!names.has(scope.block)) {
    const name = scope.generateUidIdentifier('value');
    scope.push({ id: t.cloneNode(name), kind: 'var' });
    names.set(scope.block, name);
  }
  return names.get(scope.block);
}

function lowerAccess(path, key, file) {
  const { object } = path.node;
  const parent = path.parentPath;
  const isCallee = (parent.isCallExpression() && path.key === 'callee') || (parent.isTaggedTemplateExpression() && path.key === 'tag');
  // What is not there cannot be called, and a method that is not there cannot be read.
  if (isCallee) {
    path.replaceWith(t.memberExpression(object, key(), true));
    return;
  }
  if (isTarget(path)) {
    const [first, again] = once(path, object);
    const base = t.conditionalExpression(t.binaryExpression('in', key(), first), again(), call(file, 'privateMissing', key()));
    path.replaceWith(t.memberExpression(base, key(), true));
    return;
  }
  const [first, again] = once(path, object);
  const value = temporary(path, file);
  const read = t.assignmentExpression('=', t.cloneNode(value), t.memberExpression(first, key(), true));
  const isUndefined = t.binaryExpression('===', read, t.unaryExpression('void', t.numericLiteral(0)));
  const verified = t.conditionalExpression(
    t.binaryExpression('in', key(), again()), t.cloneNode(value), call(file, 'privateMissing', key()));
  path.replaceWith(t.conditionalExpression(isUndefined, verified, t.cloneNode(value)));
}

// Rewrites the uses of `names` inside the class; an inner class that declares the same name shadows it.
function rewriteUses(classPath, keys, file) {
  const visitor = {
    Class(path) {
      const own = declaredNames(path.node);
      if (![...own].some((name) => keys.has(name))) return;
      const rest = new Map([...keys].filter(([name]) => !own.has(name)));
      if (rest.size > 0) rewriteUses(path, rest, file);
      path.skip();
    },
    MemberExpression: {
      exit(path) {
        const { property } = path.node;
        if (property.type !== 'PrivateName' || !keys.has(property.id.name)) return;
        lowerAccess(path, () => t.cloneNode(keys.get(property.id.name)), file);
      },
    },
    BinaryExpression(path) {
      const { left } = path.node;
      if (left.type !== 'PrivateName' || !keys.has(left.id.name)) return;
      path.node.left = t.cloneNode(keys.get(left.id.name));
    },
  };
  classPath.get('body').traverse(visitor);
}

function lowerElements(classNode, keys) {
  classNode.body.body = classNode.body.body.map((element) => {
    if (!element.key || element.key.type !== 'PrivateName') return element;
    const key = t.cloneNode(keys.get(element.key.id.name));
    if (element.type === 'ClassPrivateProperty') {
      const property = t.classProperty(key, element.value, null, null, true, element.static);
      return t.inherits(property, element);
    }
    const method = t.classMethod(element.kind, key, element.params, element.body, true, element.static, element.generator, element.async);
    return t.inherits(method, element);
  });
}

// The statement before which the keys can be declared: class A {}, var A = class {}. Null inside an expression.
function statementOf(path) {
  if (path.isClassDeclaration()) return path.inList ? path : null;
  const declaration = path.parentPath.isVariableDeclarator() ? path.parentPath.parentPath : null;
  return declaration && declaration.inList && declaration.node.declarations.length === 1 ? declaration : null;
}

module.exports = function privateNames() {
  return {
    name: 'edge-private-names',
    visitor: {
      Class(path, state) {
        const names = declaredNames(path.node);
        if (names.size === 0) return;
        const keys = new Map();
        const make = (name) => call(state.file, 'privateKey', t.stringLiteral(name));
        for (const name of names) {
          const key = path.scope.generateUidIdentifier(`private_${name}`);
          keys.set(name, key);
        }
        rewriteUses(path, keys, state.file);
        lowerElements(path.node, keys);
        const declarators = [...keys].map(([name, key]) => [t.cloneNode(key), make(name)]);
        const statement = statementOf(path);
        if (statement) {
          statement.insertBefore(t.variableDeclaration('const', declarators.map(([id, init]) => t.variableDeclarator(id, init))));
        } else {
          for (const [id] of declarators) path.scope.parent.push({ id: t.cloneNode(id), kind: 'let' });
          const parts = declarators.map(([id, init]) => t.assignmentExpression('=', id, init));
          path.replaceWith(t.sequenceExpression([...parts, path.node]));
        }
      },
    },
  };
};
