// Object, Reflect, Symbol, Error, globalThis: what ES2015 and later added and the engine lacks.
(function (global, native, edge) {
  'use strict';
  var Object = global.Object, TypeError = global.TypeError, isObject = native.isObject;
  var isEnumerable = Object.prototype.propertyIsEnumerable, hasOwn = Object.prototype.hasOwnProperty;

  native.describe = function describe(value) {
    if (typeof value === 'string') return '"' + value + '"';
    if (typeof value === 'function') return value.name ? 'function ' + value.name : 'function';
    if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
    return String(value);
  };
  native.closeQuietly = function closeQuietly(iterator) {
    try {
      var method = iterator['return'];
      if (method !== undefined && method !== null) method.call(iterator);
    } catch (ignored) {}
  };
  // Calls visit(value, index) for each value; closes the iterator when it throws.
  native.forEachOf = function forEachOf(iterable, visit) {
    var iterator = native.getIterator(iterable), next = iterator.next, step, i;
    for (i = 0; ; i++) {
      step = next.call(iterator);
      if (!isObject(step)) throw new TypeError('Iterator result ' + String(step) + ' is not an object');
      if (step.done) return;
      step = step.value;
      try {
        visit(step, i);
      } catch (e) {
        native.closeQuietly(iterator);
        throw e;
      }
    }
  };

  function toObject(value) {
    if (value === null || value === undefined) throw new TypeError('Cannot convert undefined or null to object');
    return Object(value);
  }

  native.methods(Object, {
    entries(object) {
      object = toObject(object);
      var keys = Object.keys(object), result = [], i, key, n = 0;
      for (i = 0; i < keys.length; i++) {
        key = keys[i];
        if (isEnumerable.call(object, key)) result[n++] = [key, object[key]];
      }
      return result;
    },
    values(object) {
      object = toObject(object);
      var keys = Object.keys(object), result = [], i, n = 0;
      for (i = 0; i < keys.length; i++) if (isEnumerable.call(object, keys[i])) result[n++] = object[keys[i]];
      return result;
    },
    fromEntries(iterable) {
      var result = {};
      if (iterable === null || iterable === undefined) throw new TypeError(iterable + ' is not iterable');
      native.forEachOf(iterable, function (entry) {
        if (!isObject(entry)) throw new TypeError('Iterator value ' + String(entry) + ' is not an entry object');
        native.setOwn(result, entry[0], entry[1]);
      });
      return result;
    },
    hasOwn(object, key) {
      return hasOwn.call(toObject(object), key);
    },
    getOwnPropertyDescriptors(object) {
      object = toObject(object);
      var keys = Reflect.ownKeys(object), result = {}, i, descriptor;
      for (i = 0; i < keys.length; i++) {
        descriptor = Object.getOwnPropertyDescriptor(object, keys[i]);
        if (descriptor !== undefined) native.setOwn(result, keys[i], descriptor);
      }
      return result;
    },
    groupBy(items, callback) {
      var groups = Object.create(null);
      if (typeof callback !== 'function') throw new TypeError(native.describe(callback) + ' is not a function');
      native.forEachOf(items, function (value, i) {
        var key = callback(value, i), group;
        if (typeof key !== 'symbol') key = String(key);
        group = groups[key];
        if (group === undefined) native.setOwn(groups, key, [value]);
        else group.push(value);
      });
      return groups;
    }
  });

  native.methods(global.Map, {
    groupBy(items, callback) {
      var groups = new global.Map();
      if (typeof callback !== 'function') throw new TypeError(native.describe(callback) + ' is not a function');
      native.forEachOf(items, function (value, i) {
        var key = callback(value, i), group = groups.get(key);
        if (group === undefined) groups.set(key, [value]);
        else group.push(value);
      });
      return groups;
    }
  });

  // ---- Symbol ----

  native.accessor(Symbol.prototype, 'description', function () {
    var symbol = typeof this === 'symbol' ? this : Symbol.prototype.valueOf.call(this);
    return native.symbolDescription(symbol);
  });

  // ---- Errors ----

  function installCause(error, options) {
    if (isObject(options) && 'cause' in options) native.hide(error, 'cause', options.cause);
  }

  function defineError(name, length, fill) {
    var constructor = function () {
      var error = Reflect.construct(Error, [], new.target === undefined ? constructor : new.target);
      fill(error, arguments);
      return error;
    };
    native.hide(constructor, 'name', name, 'c');
    native.setLength(constructor, length);
    Object.setPrototypeOf(constructor, Error);
    native.hide(constructor, 'prototype', Object.create(Error.prototype), '');
    native.hide(constructor.prototype, 'constructor', constructor);
    native.hide(constructor.prototype, 'name', name);
    native.hide(constructor.prototype, 'message', '');
    native.hide(global, name, constructor);
  }

  if (!global.AggregateError) {
    defineError('AggregateError', 2, function (error, args) {
      if (args[1] !== undefined) native.hide(error, 'message', String(args[1]));
      installCause(error, args[2]);
      native.hide(error, 'errors', native.toArray(args[0]));
    });
  }
  if (!global.SuppressedError) {
    defineError('SuppressedError', 3, function (error, args) {
      if (args[2] !== undefined) native.hide(error, 'message', String(args[2]));
      native.hide(error, 'error', args[0]);
      native.hide(error, 'suppressed', args[1]);
    });
  }

  // ---- Helpers of lowered code ----

  edge.privateKey = native.privateKey;
  edge.spread = native.spread;
  edge.rest = native.rest;
  edge.defineField = native.defineField;
  edge.name = native.nameFunction;
  edge.define = function define(target, source) {
    var keys = Reflect.ownKeys(source), i;
    for (i = 0; i < keys.length; i++) Object.defineProperty(target, keys[i], Object.getOwnPropertyDescriptor(source, keys[i]));
    return target;
  };
  edge.privateMissing = function privateMissing(key) {
    throw new TypeError('Cannot access a private member of an object whose class did not declare it');
  };
  edge.protoLiteral = function protoLiteral(object, proto) {
    if (proto === null || isObject(proto)) Object.setPrototypeOf(object, proto);
    return object;
  };
  edge.tdz = function tdz(name) {
    throw new ReferenceError("Cannot access '" + name + "' before initialization");
  };
  edge.constAssign = function constAssign(name) {
    throw new TypeError('Assignment to constant variable.');
  };
})
