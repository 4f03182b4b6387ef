// Support: how lowered code names what the language runtime gives it.
//
// The runtime hands every bundle one object, `edge` (its members are listed in runtime/js/README.md). The prologue binds the members that
// a bundle uses to local names `_edge_<member>`, so that a call costs one variable look-up and user code cannot see or change them.
'use strict';

const { types: t } = require('@babel/core');

const PREFIX = '_edge_';

// The members used so far, one set per program; `owner` is the babel File.
function usedMembers(file) {
  let used = file.get('edge-used-members');
  if (!used) file.set('edge-used-members', (used = new Set()));
  return used;
}

function member(file, name) {
  usedMembers(file).add(name);
  return t.identifier(PREFIX + name);
}

function call(file, name, ...args) {
  return t.callExpression(member(file, name), args);
}

// What is known of a function and must survive until the last walk, also through Babel's copying of nodes: `isArrow`, `name`.
function note(node, facts) {
  node.extra = { ...node.extra, edge: { ...noted(node), ...facts } };
}

function noted(node) {
  return (node.extra && node.extra.edge) || {};
}

// var _edge_await = edge["await"], ...   null if nothing is used.
function prologue(used) {
  if (used.size === 0) return null;
  const declarators = [...used].sort().map((name) =>
    t.variableDeclarator(t.identifier(PREFIX + name), t.memberExpression(t.identifier('edge'), t.stringLiteral(name), true)));
  return t.variableDeclaration('var', declarators);
}

module.exports = { PREFIX, usedMembers, member, call, note, noted, prologue };
