// Helpers: what Babel's ES5 output calls, written for this engine.
//
// Babel's own helpers serve every engine since 2009; these serve one. Arrays take short cuts that are exact as long as nobody replaces the
// array iterator; classes are marked, so that a derived constructor calls a lowered parent directly and builds a native one (Error, Map,
// Request) with Reflect.construct.
//
// Each helper is ES5 source in which `$name` stands for another helper and `_edge_name` for a member of the runtime's object.
'use strict';

const babel = require('@babel/core');
const { types: t } = babel;
const { PREFIX, usedMembers } = require('./support');

const SOURCES = {
  arrayValues: 'var $arrayValues = Array.prototype[Symbol.iterator];',
  classKey: 'var $classKey = _edge_privateKey("class");',

  classCallCheck: `function $classCallCheck(instance, constructor) {
    if (!(instance instanceof constructor)) throw new TypeError("Class constructor " + constructor.name + " cannot be invoked without 'new'");
  }`,
  defineMembers: `function $defineMembers(target, members) {
    for (var i = 0; i < members.length; i++) {
      var member = members[i];
      member.enumerable = false;
      member.configurable = true;
      if ("value" in member) member.writable = true;
      Object.defineProperty(target, member.key, member);
    }
  }`,
  createClass: `function $createClass(constructor, members, statics) {
    if (members) $defineMembers(constructor.prototype, members);
    if (statics) $defineMembers(constructor, statics);
    constructor[$classKey] = constructor;
    Object.defineProperty(constructor, "prototype", { writable: false });
    return constructor;
  }`,
  construct: 'function $construct(constructor, args) { return Reflect.construct(constructor, args); }',
  classNameTDZError: 'function $classNameTDZError(name) { return _edge_tdz(name); }',
  inherits: `function $inherits(derived, base) {
    if (typeof base !== "function" && base !== null) throw new TypeError("Class extends value " + String(base) + " is not a constructor or null");
    derived.prototype = Object.create(base && base.prototype, { constructor: { value: derived, writable: true, configurable: true } });
    if (base) Object.setPrototypeOf(derived, base);
  }`,
  callSuper: `function $callSuper(self, derived, args) {
    var parent = Object.getPrototypeOf(derived);
    if (parent[$classKey] === parent) {
      var result = args ? parent.apply(self, args) : parent.call(self);
      return typeof result === "object" && result !== null || typeof result === "function" ? result : self;
    }
    return Reflect.construct(parent, args || [], Object.getPrototypeOf(self).constructor);
  }`,
  wrapNativeSuper: 'function $wrapNativeSuper(parent) { return parent; }',
  getPrototypeOf: 'var $getPrototypeOf = Object.getPrototypeOf;',
  setPrototypeOf: 'var $setPrototypeOf = Object.setPrototypeOf;',
  assertThisInitialized: `function $assertThisInitialized(self) {
    if (self === void 0) throw new ReferenceError("Must call super constructor in derived class before accessing 'this' or returning from derived constructor");
    return self;
  }`,
  possibleConstructorReturn: `function $possibleConstructorReturn(self, result) {
    if (result && (typeof result === "object" || typeof result === "function")) return result;
    if (result !== void 0) throw new TypeError("Derived constructors may only return object or undefined");
    return $assertThisInitialized(self);
  }`,
  get: `function $get(target, key, receiver) { return Reflect.get(target, key, arguments.length < 3 ? target : receiver); }`,
  set: `function $set(target, key, value, receiver, isStrict) {
    if (!Reflect.set(target, key, value, receiver || target) && isStrict) throw new TypeError("Cannot set property " + String(key));
    return value;
  }`,
  superPropGet: `function $superPropGet(derived, key, receiver, flags) {
    return Reflect.get(Object.getPrototypeOf(flags & 1 ? derived.prototype : derived), key, receiver);
  }`,
  superPropSet: `function $superPropSet(derived, key, value, receiver, isStrict, flags) {
    return $set(Object.getPrototypeOf(flags ? derived.prototype : derived), key, value, receiver, isStrict);
  }`,

  defineAccessor: `function $defineAccessor(kind, object, key, accessor) {
    var descriptor = { configurable: true, enumerable: true };
    descriptor[kind] = accessor;
    return Object.defineProperty(object, key, descriptor);
  }`,
  defineProperty: 'function $defineProperty(object, key, value) { return _edge_defineField(object, key, value), object; }',
  toPropertyKey: `function $toPropertyKey(key) {
    if (typeof key === "object" && key !== null || typeof key === "function") {
      var primitive = key[Symbol.toPrimitive];
      key = primitive === void 0 || primitive === null ? String(key) : primitive.call(key, "string");
    }
    return typeof key === "symbol" ? key : String(key);
  }`,
  objectDestructuringEmpty: `function $objectDestructuringEmpty(value) {
    if (value === void 0 || value === null) throw new TypeError("Cannot destructure " + value);
  }`,
  objectWithoutProperties: 'function $objectWithoutProperties(source, keys) { return _edge_rest(source, keys); }',
  extends: 'var $extends = Object.assign;',
  writeOnlyError: `function $writeOnlyError(name) { throw new TypeError("'" + name + "' was defined without a getter"); }`,
  identity: 'function $identity(value) { return value; }',
  setFunctionName: 'function $setFunctionName(f, name) { return _edge_name(f, name); }',
  readOnlyError: 'function $readOnlyError(name) { return _edge_constAssign(name); }',
  taggedTemplateLiteral: `function $taggedTemplateLiteral(strings, raw) {
    if (!raw) raw = strings.slice(0);
    return Object.freeze(Object.defineProperty(strings, "raw", { value: Object.freeze(raw) }));
  }`,
  instanceof: 'function $instanceof(left, right) { return left instanceof right; }',

  notIterable: `function $notIterable(value) {
    throw new TypeError((value === null || typeof value !== "object" ? String(value) : "object") + " is not iterable");
  }`,
  iteratorOf: `function $iteratorOf(iterable) {
    if (iterable === void 0 || iterable === null) $notIterable(iterable);
    var method = iterable[Symbol.iterator];
    if (typeof method !== "function") $notIterable(iterable);
    var iterator = method.call(iterable);
    if (typeof iterator !== "object" && typeof iterator !== "function" || iterator === null) {
      throw new TypeError("Result of the Symbol.iterator method is not an object");
    }
    return iterator;
  }`,
  drain: `function $drain(iterable) {
    var iterator = $iteratorOf(iterable), next = iterator.next, result = [], step;
    while (!(step = next.call(iterator)).done) result.push(step.value);
    return result;
  }`,
  toConsumableArray: `function $toConsumableArray(iterable) {
    return Array.isArray(iterable) && iterable[Symbol.iterator] === $arrayValues ? $copyArray(iterable) : $drain(iterable);
  }`,
  // Holes read as undefined, as the iterator gives them; slice() would keep them.
  copyArray: `function $copyArray(array) {
    var length = array.length, result = array.slice();
    if (result.length !== length || Object.getPrototypeOf(result) !== Array.prototype) result = $drain(array);
    for (var i = 0; i < length; i++) if (result[i] === void 0) result[i] = array[i];
    return result;
  }`,
  arrayLikeToArray: 'function $arrayLikeToArray(array) { return $copyArray(array); }',
  toArray: `function $toArray(iterable) {
    return Array.isArray(iterable) && iterable[Symbol.iterator] === $arrayValues ? iterable : $drain(iterable);
  }`,
  slicedToArray: `function $slicedToArray(iterable, count) {
    if (Array.isArray(iterable) && iterable[Symbol.iterator] === $arrayValues) return iterable;
    var iterator = $iteratorOf(iterable), next = iterator.next, result = [], step;
    while (result.length < count) {
      step = next.call(iterator);
      if (step.done) return result;
      result.push(step.value);
    }
    $closeIterator(iterator);
    return result;
  }`,
  closeIterator: `function $closeIterator(iterator) {
    var method = iterator["return"];
    if (method === void 0 || method === null) return;
    var result = method.call(iterator);
    if (typeof result !== "object" && typeof result !== "function" || result === null) {
      throw new TypeError("iterator.return() returned a value that is not an object");
    }
  }`,

  // The state of one for-of loop: s() starts it, n() steps it, e() notes what was thrown, f() closes it.
  arrayLoop: `function $arrayLoop(array) {
    this.array = array;
    this.index = 0;
    this.done = false;
    this.value = void 0;
  }
  $arrayLoop.prototype.s = function () {};
  $arrayLoop.prototype.n = function () {
    var index = this.index++;
    if (index < this.array.length) {
      this.value = this.array[index];
    } else {
      this.done = true;
      this.value = void 0;
    }
    return this;
  };
  $arrayLoop.prototype.e = function (error) { throw error; };
  $arrayLoop.prototype.f = function () {};`,
  iteratorLoop: `function $iteratorLoop(iterable) {
    this.iterable = iterable;
    this.iterator = this.next = void 0;
    this.finished = true;
    this.failed = false;
    this.error = void 0;
  }
  $iteratorLoop.prototype.s = function () {
    this.iterator = $iteratorOf(this.iterable);
    this.next = this.iterator.next;
  };
  $iteratorLoop.prototype.n = function () {
    this.finished = true;
    var step = this.next.call(this.iterator);
    if (typeof step !== "object" && typeof step !== "function" || step === null) {
      throw new TypeError("Iterator result " + String(step) + " is not an object");
    }
    if (!step.done) this.finished = false;
    return step;
  };
  $iteratorLoop.prototype.e = function (error) {
    this.failed = true;
    this.error = error;
  };
  $iteratorLoop.prototype.f = function () {
    if (this.failed) {
      if (!this.finished) {
        try {
          var method = this.iterator["return"];
          if (method !== void 0 && method !== null) method.call(this.iterator);
        } catch (ignored) {
          if (_edge_isReturn(this.error)) throw ignored;
        }
      }
      throw this.error;
    }
    if (!this.finished) $closeIterator(this.iterator);
  };`,
  createForOfIteratorHelper: `function $createForOfIteratorHelper(iterable) {
    return Array.isArray(iterable) && iterable[Symbol.iterator] === $arrayValues ? new $arrayLoop(iterable) : new $iteratorLoop(iterable);
  }`,
};

const LOCAL = '_help_';

// Makes `file` take its helpers from here. finishHelpers() then emits the ones that were asked for.
function install(file) {
  const asked = new Set();
  file.set('edge-helpers', asked);
  file.set('helperGenerator', (name) => {
    if (!SOURCES[name]) throw new Error(`internal error: no helper "${name}"`);
    asked.add(name);
    return t.identifier(LOCAL + name);
  });
}

function emitted(file) {
  const order = [];
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [, dependency] of SOURCES[name].matchAll(/\$(\w+)/g)) visit(dependency);
    for (const [, memberName] of SOURCES[name].matchAll(/_edge_(\w+)/g)) usedMembers(file).add(memberName);
    order.push(name);
  };
  for (const name of [...file.get('edge-helpers')].sort()) visit(name);
  if (order.length === 0) return [];
  const source = order.map((name) => SOURCES[name].replace(/\$(?=\w)/g, LOCAL)).join('\n');
  const body = babel.parseSync(source, { babelrc: false, configFile: false, sourceType: 'script' }).program.body;
  // A helper has no place in the user's sources.
  for (const statement of body) t.removePropertiesDeep(statement);
  t.traverseFast(t.program(body), (node) => { node.loc = node.start = node.end = undefined; });
  return body;
}

module.exports = { install, emitted, PREFIX };
