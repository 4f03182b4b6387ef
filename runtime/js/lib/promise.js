// Promise: statics, finally and subclassing. The state machine is in runtime/js/language/promise_core.cc.
(function (global, native, edge) {
  'use strict';
  var Promise = global.Promise, hide = native.hide, pending = native.pending;

  function isObject(value) {
    return value !== null && (typeof value === 'object' || typeof value === 'function');
  }
  native.isObject = isObject;

  native.isConstructor = function isConstructor(value) {
    if (typeof value !== 'function') return false;
    try {
      Reflect.construct(Object, [], value);
      return true;
    } catch (e) {
      return false;
    }
  };

  // SpeciesConstructor(object, fallback).
  function speciesConstructor(object, fallback) {
    var constructor = object.constructor, species;
    if (constructor === undefined) return fallback;
    if (!isObject(constructor)) throw new TypeError('object.constructor is not an object');
    species = constructor[Symbol.species];
    if (species === undefined || species === null) return fallback;
    if (typeof species === 'function') return species;
    throw new TypeError('object.constructor[Symbol.species] is not a constructor');
  }
  native.speciesConstructor = speciesConstructor;

  // NewPromiseCapability(constructor): {promise, resolve, reject}.
  function newCapability(constructor) {
    var capability = { promise: undefined, resolve: undefined, reject: undefined };
    if (typeof constructor !== 'function') throw new TypeError('Promise method called on a value that is not a constructor');
    capability.promise = new constructor(function (resolve, reject) {
      if (capability.resolve !== undefined || capability.reject !== undefined) throw new TypeError('Promise executor has already been invoked');
      capability.resolve = resolve;
      capability.reject = reject;
    });
    if (typeof capability.resolve !== 'function') throw new TypeError('Promise resolve function is not callable');
    if (typeof capability.reject !== 'function') throw new TypeError('Promise reject function is not callable');
    return capability;
  }

  native.setRoot('speciesCapability', function speciesCapability(promise) {
    var constructor = speciesConstructor(promise, Promise);
    return constructor === Promise ? undefined : newCapability(constructor);
  });

  // For the library: reactions without species or a visible derived promise.
  var intrinsicThen = Promise.prototype.then;
  native.thenInternal = function thenInternal(promise, onFulfilled, onRejected) {
    return intrinsicThen.call(promise, onFulfilled, onRejected);
  };

  function promiseResolve(constructor, value) {
    if (native.isPromise(value) && value.constructor === constructor) return value;
    if (constructor === Promise) return native.resolve(value);
    var capability = newCapability(constructor);
    capability.resolve.call(undefined, value);
    return capability.promise;
  }

  function requireCallable(value, what) {
    if (typeof value !== 'function') throw new TypeError(what + ' is not a function');
    return value;
  }

  // The common part of all, allSettled, any and race: `each(next, index, capability)` adds the handlers of one input, `finish(capability)` runs once
  // the iterable is exhausted. Errors reject the result.
  function combine(constructor, iterable, each, finish) {
    var capability = newCapability(constructor), resolve, values, i, iterator, next, step, open = false;
    try {
      resolve = requireCallable(constructor.resolve, 'Promise resolve');
      iterator = native.getIterator(iterable);
      next = iterator.next;
      for (i = 0; ; i++) {
        step = next.call(iterator);
        if (!isObject(step)) throw new TypeError('Iterator result ' + String(step) + ' is not an object');
        if (step.done) break;
        step = step.value;
        open = true;
        each(resolve.call(constructor, step), i, capability);
        open = false;
      }
      finish(capability);
    } catch (e) {
      if (open) {
        try {
          if (iterator['return'] !== undefined && iterator['return'] !== null) iterator['return']();
        } catch (ignored) {}
      }
      capability.reject.call(undefined, e);
    }
    return capability.promise;
  }

  function once(f) {
    var called = false;
    return function (value) {
      if (called) return undefined;
      called = true;
      return f(value);
    };
  }

  native.methods(Promise, {
    resolve(value) {
      if (!isObject(this)) throw new TypeError('PromiseResolve called on non-object');
      return promiseResolve(this, value);
    },
    reject(reason) {
      if (this === Promise) return native.reject(reason);
      var capability = newCapability(this);
      capability.reject.call(undefined, reason);
      return capability.promise;
    },
    withResolvers() {
      return newCapability(this);
    },
    'try'(callback) {
      var capability = newCapability(this), args = [], i;
      for (i = 1; i < arguments.length; i++) args[i - 1] = arguments[i];
      try {
        capability.resolve.call(undefined, requireCallable(callback, 'callback').apply(undefined, args));
      } catch (e) {
        capability.reject.call(undefined, e);
      }
      return capability.promise;
    },
    all(iterable) {
      var values = [], remaining = 1;
      return combine(this, iterable, function (next, index, capability) {
        values[index] = undefined;
        remaining++;
        next.then(once(function (value) {
          values[index] = value;
          if (--remaining === 0) return capability.resolve.call(undefined, values);
        }), capability.reject);
      }, function (capability) {
        if (--remaining === 0) capability.resolve.call(undefined, values);
      });
    },
    allSettled(iterable) {
      var values = [], remaining = 1;
      return combine(this, iterable, function (next, index, capability) {
        var called = false;
        values[index] = undefined;
        remaining++;
        function settled(make) {
          return function (value) {
            if (called) return undefined;
            called = true;
            values[index] = make(value);
            if (--remaining === 0) return capability.resolve.call(undefined, values);
          };
        }
        next.then(settled(function (value) {
          return { status: 'fulfilled', value: value };
        }), settled(function (reason) {
          return { status: 'rejected', reason: reason };
        }));
      }, function (capability) {
        if (--remaining === 0) capability.resolve.call(undefined, values);
      });
    },
    any(iterable) {
      var errors = [], remaining = 1;
      function fail() {
        return new global.AggregateError(errors, 'All promises were rejected');
      }
      return combine(this, iterable, function (next, index, capability) {
        errors[index] = undefined;
        remaining++;
        next.then(capability.resolve, once(function (reason) {
          errors[index] = reason;
          if (--remaining === 0) return capability.reject.call(undefined, fail());
        }));
      }, function (capability) {
        if (--remaining === 0) capability.reject.call(undefined, fail());
      });
    },
    race(iterable) {
      return combine(this, iterable, function (next, index, capability) {
        next.then(capability.resolve, capability.reject);
      }, function () {});
    }
  });

  native.accessor(Promise, Symbol.species, function () {
    return this;
  });

  native.methods(Promise.prototype, {
    'finally'(onFinally) {
      if (!isObject(this)) throw new TypeError('Promise.prototype.finally called on a non-object');
      var constructor = speciesConstructor(this, Promise);
      if (typeof onFinally !== 'function') return this.then(onFinally, onFinally);
      return this.then(function (value) {
        return promiseResolve(constructor, onFinally()).then(function () {
          return value;
        });
      }, function (reason) {
        return promiseResolve(constructor, onFinally()).then(function () {
          throw reason;
        });
      });
    }
  });

  hide(global, 'queueMicrotask', native.queueMicrotask);
})
