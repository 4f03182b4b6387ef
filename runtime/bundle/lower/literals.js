// Literals: expressions whose ES5 spelling the engine lacks or gets wrong.
//
//  - Regular expressions: the engine's own compiler knows ES5.1 only; edge.regexp has all of today's syntax.
//  - BigInt: a value without arithmetic (runtime/js/lib/big_int.js), so that a library which merely contains some still loads.
//  - { __proto__: p } sets the prototype; the engine makes an own property of it.
//  - { get, set }: the engine knows shorthand properties, but takes these two names for the start of an accessor.
//  - Object spread copies natively and by definition, never through a setter.
//  - import.meta, import() of what is not in the bundle.
'use strict';

const { types: t } = require('@babel/core');
const { call, member } = require('./support');

function isProtoProperty(property) {
  if (!t.isObjectProperty(property) || property.computed || property.shorthand) return false;
  return t.isIdentifier(property.key, { name: '__proto__' }) || t.isStringLiteral(property.key, { value: '__proto__' });
}

// { a, ...b, c }  ->  spread(spread({a}, b), {c}); accessors and methods after a spread are defined on the result instead of copied.
function lowerSpread(path, file) {
  let result = null;
  let group = [];
  const needsDefinition = (p) => t.isObjectMethod(p);
  const flush = () => {
    if (result === null) {
      result = t.objectExpression(group);
    } else if (group.length > 0) {
      result = call(file, group.some(needsDefinition) ? 'define' : 'spread', result, t.objectExpression(group));
    }
    group = [];
  };
  for (const property of path.node.properties) {
    if (t.isSpreadElement(property)) {
      flush();
      result = call(file, 'spread', result, property.argument);
    } else {
      group.push(property);
    }
  }
  flush();
  path.replaceWith(result);
}

module.exports = function literals() {
  return {
    name: 'edge-literals',
    visitor: {
      RegExpLiteral(path, state) {
        path.replaceWith(call(state.file, 'regexp', t.stringLiteral(path.node.pattern), t.stringLiteral(path.node.flags)));
      },
      BigIntLiteral(path, state) {
        if (path.node.loc) state.file.set('edge-bigints', [...(state.file.get('edge-bigints') || []), path.node.loc.start]);
        path.replaceWith(call(state.file, 'bigint', t.stringLiteral(path.node.value)));
      },
      ObjectExpression(path, state) {
        const index = path.node.properties.findIndex(isProtoProperty);
        if (index >= 0) {
          const [property] = path.node.properties.splice(index, 1);
          path.replaceWith(call(state.file, 'protoLiteral', path.node, property.value));
          return;
        }
        if (path.node.properties.some((p) => t.isSpreadElement(p))) lowerSpread(path, state.file);
      },
      ObjectProperty(path) {
        if (path.node.shorthand && ['get', 'set'].includes(path.node.key.name)) path.node.shorthand = false;
      },
      MetaProperty(path, state) {
        if (path.node.meta.name !== 'import') return;
        path.replaceWith(member(state.file, 'importMeta'));
      },
      CallExpression(path, state) {
        if (!t.isImport(path.node.callee)) return;
        path.replaceWith(call(state.file, 'dynamicImport', path.node.arguments[0]));
      },
    },
  };
};
