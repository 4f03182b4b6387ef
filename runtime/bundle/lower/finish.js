// Finish: the last walk over the lowered tree, for what can only be seen when everything else is done.
//
//  - A function that cannot be constructed (an arrow, a class member) is printed as a method of a throw-away object: see names.js.
//  - Statements keep lines of their own.
//  - Object literals the engine's parser does not know are spelled otherwise.
//  - this.x = v instead of a definition for class fields, where the two cannot be told apart.
'use strict';

const { types: t } = require('@babel/core');
const { call, noted } = require('./support');

// The engine's parser takes {get(...) {...}} for the beginning of an accessor, refuses some names in strict code, and reserved words unless
// they are spelled with an escape. What remains is spelled as a string, and then the function has no name of its own.
const REFUSED = new Set(['get', 'set', 'eval', 'arguments']);

function isNaming(name) {
  if (REFUSED.has(name)) return false;
  return t.isValidIdentifier(name, true) || isKeyword(name);
}

function isKeyword(name) {
  return /^(?:break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|import|in|instanceof|new|null|return|super|switch|this|throw|true|try|typeof|var|void|while|with)$/.test(name);
}

function methodKey(name) {
  if (!isNaming(name)) return t.stringLiteral(name);
  if (!isKeyword(name)) return t.identifier(name);
  return t.identifier(`\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`);
}

// Turns the FunctionExpression `node` itself into ({name(params) {body}}).name.
function toMethod(node, name) {
  const { params, body, loc, start, end } = node;
  const method = t.objectMethod('method', methodKey(name), params, body);
  Object.assign(method, { loc, start, end });
  for (const property of Object.keys(node)) delete node[property];
  const isName = t.isValidIdentifier(name, false);
  const key = isName ? t.identifier(name) : t.stringLiteral(name);
  Object.assign(node, t.memberExpression(t.objectExpression([method]), key, !isName), { loc, start, end });
}

// [key]() {...} is not in the engine's grammar; [key]: ({name() {...}}).name is.
function finishComputedMethod(node) {
  const { key, params, body, loc, start, end } = node;
  const value = t.inherits(t.functionExpression(null, params, body), node);
  const name = t.isMemberExpression(key) && t.isIdentifier(key.object, { name: 'Symbol' }) && t.isIdentifier(key.property) ? `[Symbol.${key.property.name}]` : '';
  toMethod(value, name);
  for (const property of Object.keys(node)) delete node[property];
  Object.assign(node, t.objectProperty(key, value, true), { loc, start, end });
}

function keyText(key) {
  if (t.isStringLiteral(key)) return key.value;
  if (t.isIdentifier(key)) {
    const hidden = /^_private_(\w+?)\d*$/.exec(key.name);
    if (hidden) return `#${hidden[1]}`;
  }
  return '';
}

// _createClass(C, [{key: "m", value: function m() {}}, ...], [...])
function finishMembers(list, file) {
  if (!t.isArrayExpression(list)) return;
  for (const member of list.elements) {
    let name = '';
    for (const property of member.properties) {
      const kind = property.key.name;
      if (kind === 'key') {
        name = keyText(property.value);
      } else if (t.isFunctionExpression(property.value)) {
        const full = kind === 'value' ? name : `${kind} ${name}`;
        toMethod(property.value, full);
        if (name !== '' && !isNaming(full)) property.value = call(file, 'name', property.value, t.stringLiteral(full));
      }
    }
  }
}

function isPlainField(node, accessors) {
  if (!t.isExpressionStatement(node)) return false;
  const { expression } = node;
  if (!t.isCallExpression(expression) || !t.isIdentifier(expression.callee, { name: '_help_defineProperty' })) return false;
  const [object, key] = expression.arguments;
  if (t.isIdentifier(key) && key.name.startsWith('_private_')) return true;
  return t.isThisExpression(object) && t.isStringLiteral(key) && key.value !== '__proto__' && !accessors.has(key.value);
}

// Names of accessors in any class of the program: a field of such a name must be defined, not assigned.
function accessorNames(program) {
  const names = new Set();
  t.traverseFast(program, (node) => {
    if ((node.type !== 'ClassMethod' && node.type !== 'ClassAccessorProperty') || node.kind === 'method' || node.kind === 'constructor') return;
    if (t.isIdentifier(node.key) && !node.computed) names.add(node.key.name);
    else if (t.isStringLiteral(node.key)) names.add(node.key.value);
  });
  return names;
}

// The engine's parser takes an `in` anywhere in a for statement's first part for the one of for-in, unless it is in parentheses.
function parenthesizeIn(node) {
  for (const key of t.VISITOR_KEYS[node.type]) {
    const visit = (child) => {
      parenthesizeIn(child);
      return child.type === 'BinaryExpression' && child.operator === 'in' ? t.parenthesizedExpression(child) : child;
    };
    if (Array.isArray(node[key])) node[key] = node[key].map((child) => child && visit(child));
    else if (node[key]) node[key] = visit(node[key]);
  }
}

// super.m(a): Babel prints superPropGet(B, "m", this, 3)([a]), of which the helper would have to make a closure. Here the helper gives
// the method, and the call is one of the method.
function finishSuperCall(node) {
  const { callee: lookup, arguments: [list] } = node;
  const [, , receiver, flags] = lookup.arguments;
  flags.value &= ~2;
  const isPlain = t.isArrayExpression(list) && !list.elements.some((e) => e === null || t.isSpreadElement(e));
  node.callee = t.memberExpression(lookup, t.identifier(isPlain ? 'call' : 'apply'));
  node.arguments = [t.cloneNode(receiver), ...(isPlain ? list.elements : [list])];
}

function isSuperCall(node) {
  const { callee } = node;
  return node.type === 'CallExpression' && t.isCallExpression(callee) && t.isIdentifier(callee.callee, { name: '_help_superPropGet' }) &&
    t.isNumericLiteral(callee.arguments[3]) && (callee.arguments[3].value & 2) !== 0;
}

// A statement that has a line of its own keeps it: `if (a)\n throw b` would be printed on one line, and a stack trace would name the wrong one.
function separate(node, key) {
  const child = node[key];
  if (!child || child.type === 'BlockStatement' || child.type === 'IfStatement' || !child.loc || !node.loc) return;
  if (child.loc.start.line !== node.loc.start.line) node[key] = t.blockStatement([child]);
}

// Children first: a node may become one of another type.
function walk(node, visit) {
  for (const key of t.VISITOR_KEYS[node.type]) {
    const child = node[key];
    if (Array.isArray(child)) {
      for (const element of child) if (element) walk(element, visit);
    } else if (child) {
      walk(child, visit);
    }
  }
  visit(node);
}

function finish(file, accessors) {
  walk(file.ast.program, (node) => {
    if (node.type === 'ForStatement' && node.init) parenthesizeIn(node.init);
    if (t.isLoop(node)) {
      separate(node, 'body');
    } else if (node.type === 'IfStatement') {
      separate(node, 'consequent');
      separate(node, 'alternate');
    } else if (node.type === 'ObjectMethod' && node.kind === 'method') {
      if (node.computed) finishComputedMethod(node);
      else if (t.isIdentifier(node.key)) node.key = methodKey(node.key.name);
    } else if (node.type === 'FunctionExpression' && noted(node).isArrow) {
      toMethod(node, noted(node).name || '');
    } else if (node.type === 'CallExpression' && t.isIdentifier(node.callee, { name: '_help_createClass' })) {
      finishMembers(node.arguments[1], file);
      finishMembers(node.arguments[2], file);
    } else if (isSuperCall(node)) {
      finishSuperCall(node);
    } else if (isPlainField(node, accessors)) {
      const [object, key, value] = node.expression.arguments;
      const isName = t.isStringLiteral(key) && t.isValidIdentifier(key.value, false);
      const target = t.memberExpression(object, isName ? t.identifier(key.value) : key, !isName);
      node.expression = t.inherits(t.assignmentExpression('=', target, value), node.expression);
    }
  });
}

module.exports = { accessorNames, finish };
