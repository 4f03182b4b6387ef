// Set methods of ES2025 and the iterator helpers.
(function (global, native, edge) {
  'use strict';
  var Set = global.Set, TypeError = global.TypeError, RangeError = global.RangeError, isObject = native.isObject;
  var has = Set.prototype.has, add = Set.prototype.add, remove = Set.prototype['delete'], forEach = Set.prototype.forEach, values = Set.prototype.values;
  var sizeOf = Object.getOwnPropertyDescriptor(Set.prototype, 'size').get;
  var setNext = Object.getPrototypeOf(new Set().values()).next;

  // GetSetRecord.
  function record(other) {
    if (!isObject(other)) throw new TypeError('The argument is not a set-like object');
    var size = +other.size, result;
    if (size !== size) throw new TypeError("The 'size' property of the argument is NaN");
    size = native.toInteger(size);
    if (size < 0) throw new RangeError("The 'size' property of the argument is negative");
    result = { set: other, size: size, has: other.has, keys: other.keys };
    if (typeof result.has !== 'function') throw new TypeError("The 'has' property of the argument is not a function");
    if (typeof result.keys !== 'function') throw new TypeError("The 'keys' property of the argument is not a function");
    return result;
  }
  // visit returns true to stop.
  function eachKey(other, visit) {
    var iterator = other.keys.call(other.set), next, step;
    if (!isObject(iterator)) throw new TypeError("The result of 'keys' is not an object");
    next = iterator.next;
    for (;;) {
      step = next.call(iterator);
      if (!isObject(step)) throw new TypeError('Iterator result ' + String(step) + ' is not an object');
      if (step.done) return;
      if (visit(step.value)) {
        if (iterator['return'] !== undefined) iterator['return']();
        return;
      }
    }
  }
  // Over the elements of a Set while it may change. visit returns true to stop.
  function eachOwn(set, visit) {
    var iterator = values.call(set), step;
    for (;;) {
      step = setNext.call(iterator);
      if (step.done || visit(step.value)) return;
    }
  }
  function copyOf(set) {
    var copy = new Set();
    forEach.call(set, function (value) {
      add.call(copy, value);
    });
    return copy;
  }

  native.methods(Set.prototype, {
    union(other) {
      sizeOf.call(this);
      other = record(other);
      var result = copyOf(this);
      eachKey(other, function (key) {
        add.call(result, key);
      });
      return result;
    },
    intersection(other) {
      var size = sizeOf.call(this), result = new Set(), self = this;
      other = record(other);
      if (size <= other.size) {
        eachOwn(this, function (value) {
          if (other.has.call(other.set, value)) add.call(result, value);
        });
      } else {
        eachKey(other, function (key) {
          if (has.call(self, key)) add.call(result, key);
        });
      }
      return result;
    },
    difference(other) {
      var size = sizeOf.call(this), result;
      other = record(other);
      result = copyOf(this);
      if (size <= other.size) {
        eachOwn(this, function (value) {
          if (other.has.call(other.set, value)) remove.call(result, value);
        });
      } else {
        eachKey(other, function (key) {
          remove.call(result, key);
        });
      }
      return result;
    },
    symmetricDifference(other) {
      sizeOf.call(this);
      other = record(other);
      var result = copyOf(this), self = this;
      eachKey(other, function (key) {
        if (has.call(self, key)) remove.call(result, key);
        else add.call(result, key);
      });
      return result;
    },
    isSubsetOf(other) {
      var size = sizeOf.call(this), result = true;
      other = record(other);
      if (size > other.size) return false;
      eachOwn(this, function (value) {
        return !(result = !!other.has.call(other.set, value));
      });
      return result;
    },
    isSupersetOf(other) {
      var size = sizeOf.call(this), result = true, self = this;
      other = record(other);
      if (size < other.size) return false;
      eachKey(other, function (key) {
        return !(result = has.call(self, key));
      });
      return result;
    },
    isDisjointFrom(other) {
      var size = sizeOf.call(this), result = true, self = this;
      other = record(other);
      if (size <= other.size) {
        eachOwn(this, function (value) {
          return !(result = !other.has.call(other.set, value));
        });
      } else {
        eachKey(other, function (key) {
          return !(result = !has.call(self, key));
        });
      }
      return result;
    }
  });

  // ---- Iterator and its helpers ----

  var iteratorPrototype = native.iteratorPrototype;

  function Iterator() {
    if (new.target === undefined || new.target === Iterator) throw new TypeError('Abstract class Iterator not directly constructable');
  }
  native.hide(Iterator, 'prototype', iteratorPrototype, '');
  native.hide(iteratorPrototype, 'constructor', Iterator);
  native.hide(iteratorPrototype, Symbol.toStringTag, 'Iterator');
  native.hide(global, 'Iterator', Iterator);

  function direct(object, name) {
    if (!isObject(object)) throw new TypeError('Iterator.prototype.' + name + ' called on non-object');
    return { iterator: object, next: object.next };
  }
  function requireFunction(value) {
    if (typeof value !== 'function') throw new TypeError(native.describe(value) + ' is not a function');
  }
  function step(source) {
    var result = source.next.call(source.iterator);
    if (!isObject(result)) throw new TypeError('Iterator result ' + String(result) + ' is not an object');
    return result;
  }
  function close(source) {
    var method = source.iterator['return'];
    if (method !== undefined && method !== null) method.call(source.iterator);
  }

  // %IteratorHelperPrototype%: `advance(source)` returns the next result object, or undefined at the end.
  var stateKey = native.privateKey('helper');
  var helperPrototype = Object.create(iteratorPrototype);
  function stateOf(object) {
    var state = isObject(object) ? object[stateKey] : undefined;
    if (state === undefined) throw new TypeError('Iterator Helper method called on incompatible receiver');
    if (state.running) throw new TypeError('Generator is already running');
    return state;
  }
  native.methods(helperPrototype, {
    next() {
      var state = stateOf(this), result;
      if (state.done) return { value: undefined, done: true };
      state.running = state.started = true;
      try {
        result = state.advance(state.source);
      } catch (e) {
        state.done = true;
        throw e;
      } finally {
        state.running = false;
      }
      if (result === undefined) {
        state.done = true;
        return { value: undefined, done: true };
      }
      return result;
    },
    'return'() {
      var state = stateOf(this);
      if (!state.done) {
        state.done = true;
        if (state.inner) close(state.inner);
        close(state.source);
      }
      return { value: undefined, done: true };
    }
  });
  native.hide(helperPrototype, Symbol.toStringTag, 'Iterator Helper', 'c');
  function helper(source, advance) {
    var object = Object.create(helperPrototype);
    native.hide(object, stateKey, { source: source, advance: advance, done: false, running: false, inner: null }, '');
    return object;
  }
  function guarded(source, f, a, b) {
    try {
      return f(a, b);
    } catch (e) {
      native.closeQuietly(source.iterator);
      throw e;
    }
  }
  function limitOf(source, value) {
    var limit = guarded(source, Number, value);
    if (limit !== limit) {
      native.closeQuietly(source.iterator);
      throw new RangeError(native.describe(value) + ' must be positive');
    }
    limit = native.toInteger(limit);
    if (limit < 0) {
      native.closeQuietly(source.iterator);
      throw new RangeError(native.describe(value) + ' must be positive');
    }
    return limit;
  }
  function eachValue(source, f) {
    var i, result;
    for (i = 0; ; i++) {
      result = step(source);
      if (result.done) return undefined;
      result = guarded(source, f, result.value, i);
      if (result !== undefined) {
        close(source);
        return result;
      }
    }
  }

  native.methods(iteratorPrototype, {
    map(mapper) {
      var source = direct(this, 'map'), count = 0;
      requireFunction(mapper);
      return helper(source, function (source) {
        var result = step(source);
        return result.done ? undefined : { value: guarded(source, mapper, result.value, count++), done: false };
      });
    },
    filter(predicate) {
      var source = direct(this, 'filter'), count = 0;
      requireFunction(predicate);
      return helper(source, function (source) {
        for (;;) {
          var result = step(source), value;
          if (result.done) return undefined;
          value = result.value;
          if (guarded(source, predicate, value, count++)) return { value: value, done: false };
        }
      });
    },
    take(limit) {
      var source = direct(this, 'take'), left = limitOf(source, limit);
      return helper(source, function (source) {
        if (left === 0) {
          close(source);
          return undefined;
        }
        left--;
        var result = step(source);
        return result.done ? undefined : { value: result.value, done: false };
      });
    },
    drop(limit) {
      var source = direct(this, 'drop'), left = limitOf(source, limit);
      return helper(source, function (source) {
        for (;;) {
          var result = step(source);
          if (result.done) return undefined;
          if (left === 0) return { value: result.value, done: false };
          left--;
        }
      });
    },
    flatMap(mapper) {
      var source = direct(this, 'flatMap'), count = 0, object;
      requireFunction(mapper);
      object = helper(source, function (source) {
        var state = object[stateKey];
        for (;;) {
          if (state.inner === null) {
            var result = step(source);
            if (result.done) return undefined;
            state.inner = guarded(source, function (value, i) {
              var mapped = mapper(value, i), method, iterator;
              if (!isObject(mapped)) throw new TypeError(native.describe(mapped) + ' is not an object');
              method = mapped[Symbol.iterator];
              iterator = method === undefined || method === null ? mapped : method.call(mapped);
              return direct(iterator, 'flatMap');
            }, result.value, count++);
          }
          var inner = guarded(source, step, state.inner);
          if (!guarded(source, function () {
            return inner.done;
          })) return { value: inner.value, done: false };
          state.inner = null;
        }
      });
      return object;
    },
    reduce(reducer) {
      var source = direct(this, 'reduce'), accumulator, result, i = 0;
      requireFunction(reducer);
      if (arguments.length > 1) {
        accumulator = arguments[1];
      } else {
        result = step(source);
        if (result.done) throw new TypeError('Reduce of a done iterator with no initial value');
        accumulator = result.value;
        i = 1;
      }
      for (; ; i++) {
        result = step(source);
        if (result.done) return accumulator;
        accumulator = guarded(source, function (value, index) {
          return reducer(accumulator, value, index);
        }, result.value, i);
      }
    },
    toArray() {
      var source = direct(this, 'toArray'), result = [], item;
      while (!(item = step(source)).done) result[result.length] = item.value;
      return result;
    },
    forEach(callback) {
      var source = direct(this, 'forEach');
      requireFunction(callback);
      eachValue(source, function (value, i) {
        callback(value, i);
      });
    },
    some(predicate) {
      var source = direct(this, 'some');
      requireFunction(predicate);
      return eachValue(source, function (value, i) {
        return predicate(value, i) ? true : undefined;
      }) === true;
    },
    every(predicate) {
      var source = direct(this, 'every');
      requireFunction(predicate);
      return eachValue(source, function (value, i) {
        return predicate(value, i) ? undefined : false;
      }) !== false;
    },
    find(predicate) {
      var source = direct(this, 'find'), found;
      requireFunction(predicate);
      eachValue(source, function (value, i) {
        if (!predicate(value, i)) return undefined;
        found = value;
        return true;
      });
      return found;
    }
  });

  var wrapPrototype = Object.create(iteratorPrototype);
  native.methods(wrapPrototype, {
    next() {
      var source = stateOf(this).source;
      return source.next.call(source.iterator);
    },
    'return'() {
      var source = stateOf(this).source, method = source.iterator['return'];
      return method === undefined ? { value: undefined, done: true } : method.call(source.iterator);
    }
  });
  native.methods(Iterator, {
    from(value) {
      var method, iterator, object;
      if (!isObject(value) && typeof value !== 'string') throw new TypeError(native.describe(value) + ' is not an object');
      method = value[Symbol.iterator];
      iterator = method === undefined || method === null ? value : method.call(value);
      if (!isObject(iterator)) throw new TypeError(native.describe(iterator) + ' is not an object');
      if (iteratorPrototype.isPrototypeOf(iterator)) return iterator;
      object = Object.create(wrapPrototype);
      native.hide(object, stateKey, { source: direct(iterator, 'from'), running: false }, '');
      return object;
    }
  });

  var symbolDispose = Symbol.dispose, disposers = {};
  disposers[symbolDispose] = function () {
    if (this['return'] !== undefined) this['return']();
  };
  native.hide(iteratorPrototype, symbolDispose, disposers[symbolDispose]);
})
