// Async functions and generators as engine threads: the part that has to be ES5, because only ES5 code may resume or yield a thread.
// What a step means is in runtime/js/language/coroutine.cc.
(function (global, native, edge) {
  'use strict';
  var Thread = native.Thread, resume = native.threadResume, yield_ = native.threadYield;
  var takeThread = native.takeThread, returnThread = native.returnThread, afterStart = native.afterStart;
  var threadOf = native.generatorThread, begin = native.generatorBegin, discard = native.generatorDiscard, end = native.generatorEnd;
  var returnSignal = native.returnSignal, isReturn = native.isReturn, returnValue = native.returnValue;
  var hide = native.hide;

  // What a thread yields when its body has ended (kind 0: returned, 1: threw), or, for a generator, wants to pass something other than a plain
  // yielded value (2: a result object of an inner iterator; 3: a yielded value of an async generator). There is one, read at once after each step.
  var completion = { value: undefined, kind: 0 };

  // The life of a thread. Locals, not captured variables: they are registers.
  function threadMain() {
    var pause = yield_, done = completion, body = pause();
    for (;;) {
      try {
        done.value = body();
      } catch (e) {
        done.kind = 1;
        done.value = e;
      }
      body = null;
      body = pause(done);
    }
  }

  native.setRoot('completion', completion);
  native.setRoot('makeThread', function makeThread() {
    var thread = new Thread(threadMain);
    resume(thread);
    return thread;
  });
  native.setRoot('step', function step(thread, value) {
    return resume(thread, value);
  });
  native.setRoot('stepThrow', function stepThrow(thread, error) {
    return resume(thread, error, true);
  });

  edge.async = function async(body) {
    var thread = takeThread();
    return afterStart(thread, resume(thread, body));
  };
  edge.await = yield_;
  edge.resolve = native.resolve;
  edge.reject = native.reject;
  edge.isReturn = isReturn;

  // ---- Generators ----

  var iteratorPrototype = native.iteratorPrototype, asyncIteratorPrototype = native.asyncIteratorPrototype;
  var functionPrototype = Object.getPrototypeOf(function () {});

  // %GeneratorFunction.prototype% and friends: reachable only through Object.getPrototypeOf, as in every engine.
  function functionKind(name, objectPrototype, root) {
    var prototype = Object.create(functionPrototype);
    hide(prototype, 'prototype', objectPrototype, 'c');
    hide(prototype, Symbol.toStringTag, name, 'c');
    hide(objectPrototype, 'constructor', prototype, 'c');
    var constructor = {};
    constructor[name] = function () {
      throw new TypeError(name + '() cannot compile code from a string');
    };
    constructor = constructor[name];
    hide(constructor, 'prototype', prototype, '');
    hide(prototype, 'constructor', constructor, 'c');
    native.setRoot(root + 'FunctionPrototype', prototype);
    native.setRoot(root + 'Prototype', objectPrototype);
    return prototype;
  }

  var generatorPrototype = native.generatorClass();
  delete generatorPrototype.constructor;
  Object.setPrototypeOf(generatorPrototype, iteratorPrototype);
  functionKind('GeneratorFunction', generatorPrototype, 'generator');
  native.methods(generatorPrototype, {
    next(value) {
      var thread = threadOf(this), step, body;
      if (thread !== undefined) {
        step = resume(thread, value);
      } else {
        body = begin(this);
        if (body === undefined) return { value: undefined, done: true };
        step = resume(threadOf(this), body);
      }
      return step === completion ? end(this) : { value: step, done: false };
    },
    'return'(value) {
      var thread = threadOf(this), step;
      if (thread === undefined) {
        discard(this);
        return { value: value, done: true };
      }
      step = resume(thread, returnSignal(value), true);
      return step === completion ? end(this) : { value: step, done: false };
    },
    'throw'(error) {
      var thread = threadOf(this), step;
      if (thread === undefined) {
        discard(this);
        throw error;
      }
      step = resume(thread, error, true);
      return step === completion ? end(this) : { value: step, done: false };
    }
  });
  hide(generatorPrototype, Symbol.toStringTag, 'Generator', 'c');

  edge.generatorFunction = native.generatorFunction;
  edge.generator = native.generator;
  edge.yield = yield_;

  function requireResult(result) {
    if (result === null || (typeof result !== 'object' && typeof result !== 'function')) {
      throw new TypeError('Iterator result ' + String(result) + ' is not an object');
    }
    return result;
  }

  edge.yieldStar = function yieldStar(iterable) {
    var iterator = native.getIterator(iterable), next = iterator.next, result, sent, method;
    result = requireResult(next.call(iterator, undefined));
    while (!result.done) {
      try {
        completion.value = result;
        completion.kind = 2;
        sent = yield_(completion);
      } catch (e) {
        if (isReturn(e)) {
          method = iterator['return'];
          if (method === undefined || method === null) throw e;
          result = requireResult(method.call(iterator, returnValue(e)));
          if (result.done) throw returnSignal(result.value);
          continue;
        }
        method = iterator['throw'];
        if (method === undefined || method === null) {
          method = iterator['return'];
          if (method !== undefined && method !== null) requireResult(method.call(iterator));
          throw new TypeError("The iterator does not provide a 'throw' method");
        }
        result = requireResult(method.call(iterator, e));
        continue;
      }
      result = requireResult(next.call(iterator, sent));
    }
    return result.value;
  };

  // ---- Async generators ----
  // state: 0 not started, 1 suspended at a yield, 2 running, 3 awaiting the value of return(), 4 finished.
  // queue: requests {kind: 0 next, 1 throw, 2 return; value; promise}, the first of which is being answered.

  var pending = native.pending, resolvePromise = native.resolvePromise, rejectPromise = native.rejectPromise;
  var stateOf = native.asyncGeneratorState, awaitInGenerator = native.awaitInGenerator;

  function answer(state, failed, value, done) {
    var request = state.queue.shift();
    if (failed) rejectPromise(request.promise, value);
    else resolvePromise(request.promise, { value: value, done: done });
  }

  function drain(generator, state) {
    var request;
    while (state.queue.length) {
      request = state.queue[0];
      if (request.kind === 2) {
        state.mode = 3;
        awaitInGenerator(generator, request.value);
        return;
      }
      if (request.kind === 1) answer(state, true, request.value, true);
      else answer(state, false, undefined, true);
    }
  }

  // Runs the body from its first request until it waits for a promise or for a request.
  function run(generator, state, value, failed) {
    var step, kind;
    state.mode = 2;
    for (;;) {
      step = failed ? resume(state.thread, value, true) : resume(state.thread, value);
      if (step !== completion) {
        awaitInGenerator(generator, step);
        return;
      }
      kind = completion.kind;
      value = completion.value;
      completion.kind = 0;
      completion.value = undefined;
      if (kind !== 3) {
        returnThread(state.thread);
        state.thread = null;
        state.mode = 4;
        if (kind === 1 && isReturn(value)) answer(state, false, returnValue(value), true);
        else answer(state, kind === 1, value, true);
        drain(generator, state);
        return;
      }
      answer(state, false, value, false);
      if (!state.queue.length) {
        state.mode = 1;
        return;
      }
      value = sentValue(state.queue[0]);
      failed = state.queue[0].kind !== 0;
    }
  }

  function sentValue(request) {
    return request.kind === 2 ? returnSignal(request.value) : request.value;
  }

  native.setRoot('asyncGeneratorStep', function asyncGeneratorStep(generator, value, failed) {
    var state = stateOf(generator);
    if (state.mode === 3) {
      state.mode = 4;
      answer(state, failed, value, true);
      drain(generator, state);
    } else {
      run(generator, state, value, failed);
    }
  });

  function request(generator, kind, value, name) {
    var promise = pending(), state = stateOf(generator), body;
    if (state === undefined) {
      rejectPromise(promise, new TypeError(name + ' method called on incompatible receiver'));
      return promise;
    }
    if (state.mode === 0 && kind === 1) {
      state.mode = 4;
      state.body = null;
    }
    if (state.mode === 4 && kind !== 2) {
      if (kind === 1) rejectPromise(promise, value);
      else resolvePromise(promise, { value: undefined, done: true });
      return promise;
    }
    state.queue.push({ kind: kind, value: value, promise: promise });
    if (state.mode === 4 || (state.mode === 0 && kind === 2)) {
      state.mode = 3;
      state.body = null;
      awaitInGenerator(generator, value);
    } else if (state.mode === 0) {
      body = state.body;
      state.body = null;
      state.thread = takeThread();
      run(generator, state, body, false);
    } else if (state.mode === 1) {
      run(generator, state, sentValue(state.queue[0]), kind !== 0);
    }
    return promise;
  }

  var asyncGeneratorPrototype = native.asyncGeneratorClass();
  delete asyncGeneratorPrototype.constructor;
  Object.setPrototypeOf(asyncGeneratorPrototype, asyncIteratorPrototype);
  functionKind('AsyncGeneratorFunction', asyncGeneratorPrototype, 'asyncGenerator');
  native.methods(asyncGeneratorPrototype, {
    next(value) {
      return request(this, 0, value, 'next');
    },
    'return'(value) {
      return request(this, 2, value, 'return');
    },
    'throw'(error) {
      return request(this, 1, error, 'throw');
    }
  });
  hide(asyncGeneratorPrototype, Symbol.toStringTag, 'AsyncGenerator', 'c');

  edge.asyncGeneratorFunction = native.asyncGeneratorFunction;
  edge.asyncGenerator = function asyncGenerator(f, body) {
    return native.asyncGenerator(f, { mode: 0, thread: null, body: body, queue: [] });
  };

  function yieldAwaited(value) {
    completion.value = value;
    completion.kind = 3;
    try {
      return yield_(completion);
    } catch (e) {
      if (isReturn(e)) throw returnSignal(yield_(returnValue(e)));
      throw e;
    }
  }

  edge.asyncYield = function asyncYield(value) {
    return yieldAwaited(yield_(value));
  };

  edge.asyncYieldStar = function asyncYieldStar(iterable) {
    var iterator = asyncIteratorOf(iterable), next = iterator.next, result, sent, method;
    result = requireResult(yield_(next.call(iterator, undefined)));
    while (!result.done) {
      try {
        sent = yieldAwaited(result.value);
      } catch (e) {
        if (isReturn(e)) {
          method = iterator['return'];
          if (method === undefined || method === null) throw e;
          result = requireResult(yield_(method.call(iterator, returnValue(e))));
          if (result.done) throw returnSignal(result.value);
          continue;
        }
        method = iterator['throw'];
        if (method === undefined || method === null) {
          method = iterator['return'];
          if (method !== undefined && method !== null) requireResult(yield_(method.call(iterator)));
          throw new TypeError("The iterator does not provide a 'throw' method");
        }
        result = requireResult(yield_(method.call(iterator, e)));
        continue;
      }
      result = requireResult(yield_(next.call(iterator, sent)));
    }
    return result.value;
  };

  // ---- Sync iterators used as async ones ----

  // %AsyncFromSyncIterator%: the promise of each result waits for the value.
  function settleFromSync(result, iterator, mayClose) {
    var promise = pending(), done = result.done, value = native.coerceToPromise(result.value);
    native.thenInternal(value, function (v) {
      resolvePromise(promise, { value: v, done: !!done });
    }, function (e) {
      if (!done && mayClose) {
        try {
          if (iterator['return'] !== undefined) iterator['return']();
        } catch (ignored) {}
      }
      rejectPromise(promise, e);
    });
    return promise;
  }

  function AsyncFromSync(iterator) {
    this.iterator = iterator;
    this.nextMethod = iterator.next;
  }
  AsyncFromSync.prototype = Object.create(asyncIteratorPrototype);
  AsyncFromSync.prototype.next = function next(value) {
    try {
      return settleFromSync(requireResult(this.nextMethod.call(this.iterator, value)), this.iterator, true);
    } catch (e) {
      return edge.reject(e);
    }
  };
  AsyncFromSync.prototype['return'] = function return_(value) {
    try {
      var method = this.iterator['return'];
      if (method === undefined || method === null) return edge.resolve({ value: value, done: true });
      return settleFromSync(requireResult(method.call(this.iterator, value)), this.iterator, false);
    } catch (e) {
      return edge.reject(e);
    }
  };
  AsyncFromSync.prototype['throw'] = function throw_(error) {
    try {
      var method = this.iterator['throw'];
      if (method === undefined || method === null) {
        method = this.iterator['return'];
        if (method !== undefined && method !== null) method.call(this.iterator);
        throw new TypeError("The iterator does not provide a 'throw' method");
      }
      return settleFromSync(requireResult(method.call(this.iterator, error)), this.iterator, true);
    } catch (e) {
      return edge.reject(e);
    }
  };

  function asyncIteratorOf(iterable) {
    var method = iterable[Symbol.asyncIterator], iterator;
    if (method === undefined || method === null) return new AsyncFromSync(native.getIterator(iterable));
    iterator = method.call(iterable);
    if (iterator === null || (typeof iterator !== 'object' && typeof iterator !== 'function')) {
      throw new TypeError('Result of the Symbol.asyncIterator method is not an object');
    }
    return iterator;
  }
  edge.asyncIteratorOf = asyncIteratorOf;

  // `for await`: lowered code walks this with its ordinary for-of, in the coroutine that awaits.
  function Awaiting(iterator) {
    this.iterator = iterator;
    this.nextMethod = iterator.next;
  }
  Awaiting.prototype[Symbol.iterator] = function () {
    return this;
  };
  Awaiting.prototype.next = function next() {
    return requireResult(yield_(this.nextMethod.call(this.iterator)));
  };
  Awaiting.prototype['return'] = function return_() {
    var method = this.iterator['return'];
    if (method === undefined || method === null) return {};
    return requireResult(yield_(method.call(this.iterator)));
  };

  edge.asyncIterator = function asyncIterator(iterable) {
    return new Awaiting(asyncIteratorOf(iterable));
  };
})
