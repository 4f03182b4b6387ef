// Coroutines: async functions and generators become ordinary functions whose body runs in a coroutine of the engine.
//
//   async function f(a) { return g(await a) }   ->   function f(a) { return edge.async(() => { return g(edge.await(a)) }) }
//   function* f(a) { yield a }                  ->   function f(a) { return edge.generator(f, () => { edge.yield(a) }) }
//
// The inner arrow function keeps `this`, `arguments`, `super` and `new.target` as they were. No state machine is built: an await is a call
// that suspends the coroutine, wherever it stands in an expression. This holds because every async function has a coroutine of its own,
// so that the call never has to cross a native frame.
//
// Rules that are easy to get wrong:
//  - An async function's parameters are evaluated inside the promise, a generator's outside.
//  - Generator.return() unwinds by a sentinel exception, so a catch clause inside a generator first lets the sentinel pass.
//  - A `var` that names a parameter is that parameter; inside the inner function it would be a new variable.
'use strict';

const { types: t } = require('@babel/core');
const { call, member, note, noted } = require('./support');

// The function whose await or yield stands at `path`; null for top-level await. A computed method key belongs to the outer function.
function ownerOf(path) {
  let child = path;
  for (let p = path.parentPath; p; child = p, p = p.parentPath) {
    if (p.isFunction() && child.key !== 'key' && child.listKey !== 'decorators') return p;
  }
  return null;
}

function isGenerator(path) {
  const owner = ownerOf(path);
  return owner !== null && owner.node.generator;
}

function patternNames(pattern, into) {
  for (const name of Object.keys(t.getBindingIdentifiers(pattern))) into.add(name);
}

// Turns the `var` declarations of `names` in the function's own body into assignments (the parameters of that name are meant).
function varsToAssignments(path, names) {
  const isHit = (declaration) => declaration.kind === 'var' && Object.keys(t.getBindingIdentifiers(declaration)).some((n) => names.has(n));
  const others = new Set();
  const note = (declaration) => {
    for (const name of Object.keys(t.getBindingIdentifiers(declaration))) if (!names.has(name)) others.add(name);
  };
  path.get('body').traverse({
    Function(p) { p.skip(); },
    VariableDeclaration(p) {
      if (!isHit(p.node)) return;
      note(p.node);
      const parent = p.parentPath;
      if ((parent.isForOfStatement() || parent.isForInStatement()) && p.key === 'left') {
        p.replaceWith(p.node.declarations[0].id);
        return;
      }
      const parts = p.node.declarations.filter((d) => d.init).map((d) => t.assignmentExpression('=', d.id, d.init));
      const expression = parts.length === 0 ? t.unaryExpression('void', t.numericLiteral(0)) : parts.length === 1 ? parts[0] : t.sequenceExpression(parts);
      p.replaceWith(parent.isForStatement() && p.key === 'init' ? expression : t.inherits(t.expressionStatement(expression), p.node));
    },
  });
  if (others.size > 0) {
    path.node.body.body.unshift(t.variableDeclaration('var', [...others].map((n) => t.variableDeclarator(t.identifier(n)))));
  }
}

function fixCollidingVars(path) {
  if (!t.isBlockStatement(path.node.body)) return;
  const names = new Set();
  for (const param of path.node.params) patternNames(param, names);
  if (names.size === 0) return;
  let collides = false;
  path.get('body').traverse({
    Function(p) { p.skip(); },
    VariableDeclaration(p) {
      if (p.node.kind === 'var') collides = collides || Object.keys(t.getBindingIdentifiers(p.node)).some((n) => names.has(n));
    },
  });
  if (collides) varsToAssignments(path, names);
}

// Moves parameters that evaluate something into `body`, so that what they throw rejects the promise.
function moveParameters(path, body) {
  const isInert = (param) => t.isIdentifier(param) || (t.isRestElement(param) && t.isIdentifier(param.argument));
  if (path.node.params.every(isInert)) return;
  const declarators = [];
  path.node.params = path.node.params.map((param) => {
    if (isInert(param)) return param;
    const name = path.scope.generateUidIdentifier('param');
    if (t.isRestElement(param)) {
      declarators.push(t.variableDeclarator(param.argument, t.cloneNode(name)));
      return t.restElement(name);
    }
    if (t.isAssignmentPattern(param)) {
      const isMissing = t.binaryExpression('===', t.cloneNode(name), t.unaryExpression('void', t.numericLiteral(0)));
      declarators.push(t.variableDeclarator(param.left, t.conditionalExpression(isMissing, param.right, t.cloneNode(name))));
    } else {
      declarators.push(t.variableDeclarator(param, t.cloneNode(name)));
    }
    return name;
  });
  body.body.unshift(t.variableDeclaration('var', declarators));
}

// Whether a return statement of this function stands inside a try with a finally: its value must then not be handed on at once.
function returnsThroughFinally(path) {
  let found = false;
  path.get('body').traverse({
    Function(p) { p.skip(); },
    ReturnStatement(p) {
      for (let q = p.parentPath; q && q !== path; q = q.parentPath) if (q.isTryStatement() && q.node.finalizer) found = true;
    },
  });
  return found;
}

// async without await: no coroutine is needed.
function settleDirectly(path, file, body) {
  path.get('body').traverse({
    Function(p) { p.skip(); },
    ReturnStatement(p) {
      p.node.argument = call(file, 'resolve', ...(p.node.argument ? [p.node.argument] : []));
    },
  });
  const error = path.scope.generateUidIdentifier('error');
  const last = body.body[body.body.length - 1];
  if (!t.isReturnStatement(last)) body.body.push(t.returnStatement(call(file, 'resolve')));
  const handler = t.catchClause(error, t.blockStatement([t.returnStatement(call(file, 'reject', t.cloneNode(error)))]));
  return t.blockStatement([t.tryStatement(body, handler)]);
}

// The body as a function of its own; it bears the outer name because that is the frame a stack trace shows.
function innerFunction(path, body) {
  const inner = t.arrowFunctionExpression([], body);
  note(inner, { isArrow: true, name: functionName(path.node) });
  return inner;
}

function functionName(node) {
  if (noted(node).name) return noted(node).name;
  if (node.id) return node.id.name;
  if (!node.key || node.computed) return '';
  return node.key.type === 'Identifier' ? node.key.name : String(node.key.value || '');
}

function lowerAsync(path, file, awaits) {
  const node = path.node;
  node.async = false;
  const directives = node.body.directives;
  const body = node.body;
  body.directives = [];
  let outer;
  if (!awaits.has(node) && !returnsThroughFinally(path)) {
    outer = settleDirectly(path, file, body);
  } else {
    fixCollidingVars(path);
    outer = t.blockStatement([t.returnStatement(call(file, 'async', innerFunction(path, body)))]);
  }
  moveParameters(path, body);
  outer.directives = directives || [];
  node.body = outer;
}

// An identifier by which the generator function can name itself, or null (methods, and what has no name).
function selfName(path) {
  const node = path.node;
  if (path.isFunctionDeclaration() || (path.isFunctionExpression() && node.id)) return node.id;
  return null;
}

function lowerGenerator(path, file) {
  const node = path.node;
  const kind = node.async ? 'asyncGenerator' : 'generator';
  node.async = false;
  node.generator = false;
  fixCollidingVars(path);
  let self = null;
  if (path.isFunctionExpression()) {
    const inferred = functionName(node);
    if (!node.id) node.id = path.scope.generateUidIdentifier(inferred || 'generator');
    const args = [node];
    if (inferred !== node.id.name) args.push(t.stringLiteral(inferred));
    self = selfName(path);
    const directives = node.body.directives;
    node.body.directives = [];
    node.body = t.blockStatement([t.returnStatement(call(file, kind, t.cloneNode(self), innerFunction(path, node.body)))], directives);
    path.replaceWith(call(file, `${kind}Function`, ...args));
    return;
  }
  self = selfName(path);
  const body = innerFunction(path, node.body);
  const directives = node.body.directives;
  body.body.directives = [];
  node.body = t.blockStatement([t.returnStatement(call(file, kind, self ? t.cloneNode(self) : t.numericLiteral(0), body))], directives);
  if (self) {
    const mark = t.expressionStatement(call(file, `${kind}Function`, t.cloneNode(self)));
    path.parentPath.unshiftContainer(path.listKey, mark);
  }
}

module.exports = function coroutines() {
  const awaits = new WeakSet();
  let topLevelAwait = false;
  const noteAwait = (path) => {
    const owner = ownerOf(path);
    if (owner) awaits.add(owner.node);
    else topLevelAwait = true;
  };
  return {
    name: 'edge-coroutines',
    pre() { topLevelAwait = false; },
    post(file) { file.set('edge-top-level-await', topLevelAwait); if (topLevelAwait) member(file, 'async'); },
    visitor: {
      AwaitExpression: {
        exit(path, state) {
          noteAwait(path);
          path.replaceWith(call(state.file, 'await', path.node.argument));
        },
      },
      YieldExpression: {
        exit(path, state) {
          const owner = ownerOf(path);
          const { argument, delegate } = path.node;
          const isAsync = owner.node.async;
          const name = delegate ? (isAsync ? 'asyncYieldStar' : 'yieldStar') : isAsync ? 'asyncYield' : 'yield';
          path.replaceWith(call(state.file, name, ...(argument ? [argument] : [])));
        },
      },
      ForOfStatement: {
        exit(path, state) {
          if (!path.node.await) return;
          noteAwait(path);
          path.node.await = false;
          path.node.right = call(state.file, 'asyncIterator', path.node.right);
        },
      },
      CatchClause: {
        exit(path, state) {
          if (!isGenerator(path)) return;
          const { node } = path;
          const error = path.scope.generateUidIdentifier('error');
          const guard = t.ifStatement(call(state.file, 'isReturn', error), t.throwStatement(t.cloneNode(error)));
          if (node.param) node.body.body.unshift(t.variableDeclaration('let', [t.variableDeclarator(node.param, t.cloneNode(error))]));
          node.body.body.unshift(guard);
          node.param = t.cloneNode(error);
        },
      },
      // A return inside an async generator awaits its value.
      ReturnStatement: {
        exit(path, state) {
          const owner = ownerOf(path);
          if (owner && owner.node.generator && owner.node.async && path.node.argument) {
            path.node.argument = call(state.file, 'await', path.node.argument);
          }
        },
      },
      Function: {
        exit(path, state) {
          const { node } = path;
          if (node.type === 'ArrowFunctionExpression') note(node, { isArrow: true });
          if (!node.async && !node.generator) return;
          if (!t.isBlockStatement(node.body)) {
            node.body = t.inherits(t.blockStatement([t.inherits(t.returnStatement(node.body), node.body)]), node.body);
            node.expression = false;
          }
          if (node.generator) lowerGenerator(path, state.file);
          else lowerAsync(path, state.file, awaits);
        },
      },
    },
  };
};
