// %TypedArray%: what ES2015 to ES2023 added, over the engine's typed arrays.
(function (global, native, edge) {
  'use strict';
  var TypeError = global.TypeError, RangeError = global.RangeError, array = Array.prototype, min = Math.min, max = Math.max;
  var clampIndex = native.clampIndex, requireCallback = native.requireCallback, toInteger = native.toInteger;
  var prototype = Object.getPrototypeOf(global.Uint8Array.prototype), TypedArray = Object.getPrototypeOf(global.Uint8Array);
  var lengthGetter = Object.getOwnPropertyDescriptor(prototype, 'length');
  var NAMES = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array'];
  var tagOf = Object.prototype.toString;

  // The name of the kind ("Uint8Array"), or undefined when the value is no typed array.
  function kindOf(value) {
    return native.typedArrayKind(value);
  }
  function require(value, name) {
    if (kindOf(value) === undefined) throw new TypeError('%TypedArray%.prototype.' + name + ' called on incompatible receiver');
    return value;
  }
  function create(constructor, length) {
    var result = new constructor(length);
    if (kindOf(result) === undefined || result.length < length) throw new TypeError('the species constructor did not make a typed array of the wanted length');
    return result;
  }
  function speciesOf(value) {
    return native.speciesConstructor(value, global[kindOf(value)]);
  }
  function sameKind(value, length) {
    return new global[kindOf(value)](length);
  }

  native.hide(TypedArray, 'name', 'TypedArray', 'c');
  native.accessor(TypedArray, Symbol.species, function () {
    return this;
  });
  native.accessor(prototype, Symbol.toStringTag, function () {
    return kindOf(this);
  });
  if (lengthGetter === undefined) {
    native.accessor(prototype, 'length', function () {
      return native.typedArrayLength(require(this, 'length'));
    });
  }

  native.methods(TypedArray, {
    from(source) {
      var mapper = arguments[1], thisArg = arguments[2], method, i, result, length;
      if (typeof this !== 'function') throw new TypeError(native.describe(this) + ' is not a constructor');
      if (mapper !== undefined) requireCallback(mapper);
      if (source === null || source === undefined) throw new TypeError(source + ' is not iterable');
      method = source[Symbol.iterator];
      source = method === undefined || method === null ? Object(source) : native.toArray(source);
      length = native.toLength(source.length);
      result = create(this, length);
      for (i = 0; i < length; i++) result[i] = mapper ? mapper.call(thisArg, source[i], i) : source[i];
      return result;
    },
    of() {
      var result, i;
      if (typeof this !== 'function') throw new TypeError(native.describe(this) + ' is not a constructor');
      result = create(this, arguments.length);
      for (i = 0; i < arguments.length; i++) result[i] = arguments[i];
      return result;
    }
  });
  native.setLength(TypedArray.of, 0);

  // Methods that are Array's on a checked receiver.
  function borrow(name, length) {
    var original = array[name], add = {};
    add[name] = {
      method() {
        return original.apply(require(this, name), arguments);
      }
    }.method;
    native.hide(add[name], 'name', name, 'c');
    native.setLength(add[name], length);
    native.methods(prototype, add);
  }
  borrow('at', 1);
  borrow('every', 1);
  borrow('find', 1);
  borrow('findIndex', 1);
  borrow('findLast', 1);
  borrow('findLastIndex', 1);
  borrow('forEach', 1);
  borrow('includes', 1);
  borrow('indexOf', 1);
  borrow('lastIndexOf', 1);
  borrow('reduce', 1);
  borrow('reduceRight', 1);
  borrow('some', 1);
  borrow('reverse', 0);
  borrow('join', 1);
  borrow('toLocaleString', 0);
  native.hide(prototype, 'toString', array.toString);

  function compareNumbers(a, b) {
    return a < b ? -1 : a > b ? 1 : a === 0 && b === 0 ? (1 / a < 1 / b ? -1 : 1 / a > 1 / b ? 1 : 0) : a !== a ? (b !== b ? 0 : 1) : b !== b ? -1 : 0;
  }
  function sortInto(target, compare) {
    var sorted = array.slice.call(target), i;
    native.sort.call(sorted, compare === undefined ? compareNumbers : compare);
    for (i = 0; i < sorted.length; i++) target[i] = sorted[i];
    return target;
  }
  function copyInto(target, source) {
    prototype.set.call(target, source);
    return target;
  }

  native.methods(prototype, {
    fill(value) {
      var self = require(this, 'fill'), length = self.length, i, end;
      value = +value;
      i = clampIndex(arguments[1], length, 0);
      end = clampIndex(arguments[2], length, length);
      for (; i < end; i++) self[i] = value;
      return self;
    },
    copyWithin(target, start) {
      var self = require(this, 'copyWithin'), length = self.length, to = clampIndex(target, length, 0), from = clampIndex(start, length, 0);
      var count = min(clampIndex(arguments[2], length, length) - from, length - to);
      if (count > 0) self.set(self.subarray(from, from + count), to);
      return self;
    },
    map(callback) {
      var self = require(this, 'map'), thisArg = arguments[1], length = self.length, result, i;
      requireCallback(callback);
      result = create(speciesOf(self), length);
      for (i = 0; i < length; i++) result[i] = callback.call(thisArg, self[i], i, self);
      return result;
    },
    filter(callback) {
      var self = require(this, 'filter'), kept = array.filter.call(self, callback, arguments[1]), result = create(speciesOf(self), kept.length), i;
      for (i = 0; i < kept.length; i++) result[i] = kept[i];
      return result;
    },
    slice(start, end) {
      var self = require(this, 'slice'), length = self.length, from = clampIndex(start, length, 0), to = clampIndex(end, length, length);
      var count = max(to - from, 0), result = create(speciesOf(self), count);
      if (count > 0) result.set(self.subarray(from, to), 0);
      return result;
    },
    sort(compare) {
      if (compare !== undefined) requireCallback(compare);
      return sortInto(require(this, 'sort'), compare);
    },
    toReversed() {
      var self = require(this, 'toReversed');
      return array.reverse.call(copyInto(sameKind(self, self.length), self));
    },
    toSorted(compare) {
      if (compare !== undefined) requireCallback(compare);
      var self = require(this, 'toSorted');
      return sortInto(copyInto(sameKind(self, self.length), self), compare);
    },
    'with'(index, value) {
      var self = require(this, 'with'), length = self.length, result;
      index = toInteger(index);
      if (index < 0) index += length;
      value = +value;
      if (index < 0 || index >= length) throw new RangeError('Invalid typed array index');
      result = copyInto(sameKind(self, length), self);
      result[index] = value;
      return result;
    }
  });

  NAMES.forEach(function (name) {
    native.hide(global[name], 'BYTES_PER_ELEMENT', global[name].prototype.BYTES_PER_ELEMENT, '');
  });

  native.accessor(ArrayBuffer, Symbol.species, function () {
    return this;
  });
  if (ArrayBuffer.prototype[Symbol.toStringTag] === undefined) native.hide(ArrayBuffer.prototype, Symbol.toStringTag, 'ArrayBuffer', 'c');
  if (DataView.prototype[Symbol.toStringTag] === undefined) native.hide(DataView.prototype, Symbol.toStringTag, 'DataView', 'c');
})
