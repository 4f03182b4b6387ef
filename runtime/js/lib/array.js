// Array: what ES2015 to ES2023 added, and species for the methods ES5 has. Sorting is native (runtime/js/language/sort.cc).
(function (global, native, edge) {
  'use strict';
  var Array = global.Array, prototype = Array.prototype, TypeError = global.TypeError, RangeError = global.RangeError;
  var floor = Math.floor, min = Math.min, max = Math.max, isArray = Array.isArray;
  var hasOwn = Object.prototype.hasOwnProperty;
  var MAX_LENGTH = 9007199254740991;

  function toObject(value, name) {
    if (value === null || value === undefined) throw new TypeError('Array.prototype.' + name + ' called on null or undefined');
    return Object(value);
  }
  function toInteger(value) {
    value = +value;
    if (value !== value) return 0;
    return value < 0 ? -floor(-value) : floor(value);
  }
  function toLength(value) {
    value = toInteger(value);
    return value <= 0 ? 0 : value > MAX_LENGTH ? MAX_LENGTH : value;
  }
  function lengthOf(object) {
    return isArray(object) ? object.length : toLength(object.length);
  }
  // A relative index argument, clamped to 0..length.
  function clampIndex(value, length, fallback) {
    if (value === undefined) return fallback;
    value = toInteger(value);
    return value < 0 ? max(length + value, 0) : min(value, length);
  }
  function requireCallback(callback) {
    if (typeof callback !== 'function') throw new TypeError(native.describe(callback) + ' is not a function');
  }
  native.toInteger = toInteger;
  native.toLength = toLength;
  native.lengthOf = lengthOf;
  native.clampIndex = clampIndex;
  native.requireCallback = requireCallback;

  function createDataProperty(target, key, value) {
    if (isArray(target) && key === target.length) target[key] = value;
    else Object.defineProperty(target, key, { value: value, writable: true, enumerable: true, configurable: true });
  }

  // ArraySpeciesCreate. Undefined means: a plain array.
  function speciesOf(object) {
    if (!isArray(object)) return undefined;
    var constructor = object.constructor;
    if (constructor === Array || constructor === undefined) return undefined;
    if (native.isObject(constructor)) {
      constructor = constructor[Symbol.species];
      if (constructor === null || constructor === undefined || constructor === Array) return undefined;
    }
    if (typeof constructor !== 'function') throw new TypeError('object.constructor[Symbol.species] is not a constructor');
    return constructor;
  }

  native.accessor(Array, Symbol.species, function () {
    return this;
  });

  native.setRoot('arraySpecies', speciesOf);
  // map, filter and slice are native (array.cc); splice and concat are the engine's with the species looked after.
  native.hide(prototype, 'map', native.map);
  native.hide(prototype, 'filter', native.filter);
  native.hide(prototype, 'slice', native.slice);

  function intoSpecies(object, result) {
    var constructor = speciesOf(object), copy, i;
    if (constructor === undefined) return result;
    copy = new constructor(0);
    for (i = 0; i < result.length; i++) if (hasOwn.call(result, i)) createDataProperty(copy, i, result[i]);
    copy.length = result.length;
    return copy;
  }

  var plainSplice = prototype.splice, plainConcat = prototype.concat;
  native.methods(prototype, {
    splice(start, count) {
      return intoSpecies(this, plainSplice.apply(this, arguments));
    },
    concat(item) {
      return intoSpecies(this, plainConcat.apply(this, arguments));
    }
  });

  function flattenInto(target, source, depth) {
    var i, value, length = lengthOf(source);
    for (i = 0; i < length; i++) {
      if (!(i in source)) continue;
      value = source[i];
      if (depth > 0 && isArray(value)) flattenInto(target, value, depth - 1);
      else target[target.length] = value;
    }
    return target;
  }

  native.methods(prototype, {
    fill(value) {
      var object = toObject(this, 'fill'), length = lengthOf(object);
      var i = clampIndex(arguments[1], length, 0), end = clampIndex(arguments[2], length, length);
      for (; i < end; i++) object[i] = value;
      return object;
    },
    copyWithin(target, start) {
      var object = toObject(this, 'copyWithin'), length = lengthOf(object), to = clampIndex(target, length, 0), from = clampIndex(start, length, 0);
      var count = min(clampIndex(arguments[2], length, length) - from, length - to), step = 1;
      if (from < to && to < from + count) {
        step = -1;
        from += count - 1;
        to += count - 1;
      }
      for (; count > 0; count--, from += step, to += step) {
        if (from in object) object[to] = object[from];
        else delete object[to];
      }
      return object;
    },
    flat() {
      var object = toObject(this, 'flat'), depth = arguments[0] === undefined ? 1 : toInteger(arguments[0]);
      return intoSpecies(object, flattenInto([], object, depth));
    },
    flatMap(callback) {
      var object = toObject(this, 'flatMap'), length = lengthOf(object), thisArg = arguments[1], result = [], i, value;
      requireCallback(callback);
      for (i = 0; i < length; i++) {
        if (!(i in object)) continue;
        value = callback.call(thisArg, object[i], i, object);
        if (isArray(value)) flattenInto(result, value, 0);
        else result[result.length] = value;
      }
      return intoSpecies(object, result);
    },
    toReversed() {
      var object = toObject(this, 'toReversed'), length = lengthOf(object), result = new Array(length), i;
      for (i = 0; i < length; i++) result[i] = object[length - 1 - i];
      return result;
    },
    toSorted(compare) {
      if (compare !== undefined) requireCallback(compare);
      var object = toObject(this, 'toSorted'), length = lengthOf(object), result = new Array(length), i;
      for (i = 0; i < length; i++) result[i] = object[i];
      return native.sort.call(result, compare);
    },
    toSpliced(start, skip) {
      var object = toObject(this, 'toSpliced'), length = lengthOf(object), result = [], i, n = 0, first = clampIndex(start, length, 0);
      var removed = arguments.length === 0 ? 0 : arguments.length === 1 ? length - first : max(0, min(toInteger(skip), length - first));
      if (length + max(arguments.length - 2, 0) - removed > MAX_LENGTH) throw new TypeError('Invalid array length');
      for (i = 0; i < first; i++) result[n++] = object[i];
      for (i = 2; i < arguments.length; i++) result[n++] = arguments[i];
      for (i = first + removed; i < length; i++) result[n++] = object[i];
      return result;
    },
    'with'(index, value) {
      var object = toObject(this, 'with'), length = lengthOf(object), result, i;
      index = toInteger(index);
      if (index < 0) index += length;
      if (index < 0 || index >= length) throw new RangeError('Invalid index : ' + index);
      result = new Array(length);
      for (i = 0; i < length; i++) result[i] = i === index ? value : object[i];
      return result;
    }
  });
  native.hide(prototype, 'sort', native.sort);
  native.setLength(prototype.copyWithin, 2);

  function makeTarget(constructor, length) {
    if (typeof constructor === 'function' && constructor !== Array) return length === undefined ? new constructor() : new constructor(length);
    return length === undefined ? [] : new Array(length);
  }

  native.methods(Array, {
    from(items) {
      var mapper = arguments[1], thisArg = arguments[2], method, result, i, iterator, next, step, value, length;
      if (mapper !== undefined) requireCallback(mapper);
      if (items === null || items === undefined) throw new TypeError(items + ' is not iterable');
      method = items[Symbol.iterator];
      if (method === undefined || method === null) {
        items = Object(items);
        length = lengthOf(items);
        result = makeTarget(this, length);
        for (i = 0; i < length; i++) createDataProperty(result, i, mapper ? mapper.call(thisArg, items[i], i) : items[i]);
        result.length = length;
        return result;
      }
      if (this === Array && !mapper) return native.toArray(items);
      result = makeTarget(this);
      if (isArray(items) && this === Array) {
        items = native.toArray(items);
        for (i = 0; i < items.length; i++) result[i] = mapper.call(thisArg, items[i], i);
        return result;
      }
      iterator = native.getIterator(items);
      next = iterator.next;
      for (i = 0; ; i++) {
        step = next.call(iterator);
        if (!native.isObject(step)) throw new TypeError('Iterator result ' + String(step) + ' is not an object');
        if (step.done) break;
        value = step.value;
        try {
          createDataProperty(result, i, mapper ? mapper.call(thisArg, value, i) : value);
        } catch (e) {
          native.closeQuietly(iterator);
          throw e;
        }
      }
      result.length = i;
      return result;
    },
    of() {
      var length = arguments.length, result = makeTarget(this, length), i;
      for (i = 0; i < length; i++) createDataProperty(result, i, arguments[i]);
      result.length = length;
      return result;
    },
    fromAsync(items) {
      var constructor = this, mapper = arguments[1], thisArg = arguments[2], await_ = edge.await;
      return edge.async(function () {
        var result, i = 0, iterator, next, step, value, length;
        if (mapper !== undefined) requireCallback(mapper);
        if (items === null || items === undefined) throw new TypeError(items + ' is not iterable');
        if (items[Symbol.asyncIterator] === undefined && items[Symbol.iterator] === undefined) {
          items = Object(items);
          length = lengthOf(items);
          result = makeTarget(constructor, length);
          for (; i < length; i++) {
            value = await_(items[i]);
            if (mapper) value = await_(mapper.call(thisArg, value, i));
            createDataProperty(result, i, value);
          }
          result.length = length;
          return result;
        }
        iterator = edge.asyncIteratorOf(items);
        next = iterator.next;
        result = makeTarget(constructor);
        for (; ; i++) {
          step = await_(next.call(iterator));
          if (!native.isObject(step)) throw new TypeError('Iterator result ' + String(step) + ' is not an object');
          if (step.done) break;
          try {
            value = step.value;
            if (mapper) value = await_(mapper.call(thisArg, value, i));
            createDataProperty(result, i, value);
          } catch (e) {
            if (iterator['return']) {
              try {
                await_(iterator['return']());
              } catch (ignored) {}
            }
            throw e;
          }
        }
        result.length = i;
        return result;
      });
    }
  });

  var unscopables = Object.create(null);
  ['at', 'copyWithin', 'entries', 'fill', 'find', 'findIndex', 'findLast', 'findLastIndex', 'flat', 'flatMap', 'includes', 'keys', 'toReversed', 'toSorted',
    'toSpliced', 'values'].forEach(function (name) {
    unscopables[name] = true;
  });
  native.hide(prototype, Symbol.unscopables, unscopables, 'c');
})
