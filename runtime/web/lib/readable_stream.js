// ReadableStream, its readers and controllers (WHATWG Streams), for the dialect that the engine parses as is.
//
// A user-visible object carries one hidden property (S) that refers to its state record; the records hold everything. Byte streams are
// default streams whose chunks are Uint8Arrays; a BYOB read copies into the caller's buffer.
// What other library files and C++ need is put into edge.web.streams at the end.
(function(global, native, edge) {
'use strict';
var S = edge.privateKey('stream');
var then = Promise.prototype.then;
var web = edge.web;

function noop() {}
function deferred() {
  var d = {promise: null, resolve: null, reject: null};
  d.promise = new Promise(function(resolve, reject) {
    d.resolve = resolve;
    d.reject = reject;
  });
  return d;
}
function handled(promise) {
  then.call(promise, undefined, noop);
  return promise;
}
// A queue whose shift() does not move the rest.
function Fifo() {
  this.items = [];
  this.head = 0;
  this.length = 0;
}
Fifo.prototype.push = function(x) { this.items[this.head + this.length++] = x; };
Fifo.prototype.first = function() { return this.items[this.head]; };
Fifo.prototype.shift = function() {
  var x = this.items[this.head];
  this.items[this.head++] = undefined;
  if (--this.length === 0) {
    this.items = [];
    this.head = 0;
  } else if (this.head >= 64 && this.head >= this.length) {
    this.items = this.items.slice(this.head);
    this.head = 0;
  }
  return x;
};
Fifo.prototype.unshift = function(x) {
  if (this.head > 0)
    this.items[--this.head] = x;
  else
    this.items.unshift(x);
  this.length++;
};
// Empties it.
Fifo.prototype.drain = function() {
  var rest = this.items.slice(this.head);
  this.items = [];
  this.head = this.length = 0;
  return rest;
};
function rejected(error) { return Promise.reject(error); }
function resolved(value) { return Promise.resolve(value); }
// Calls f and turns what it returns or throws into a promise.
function attempt(f, self, args) {
  try {
    return resolved(f.apply(self, args));
  } catch (e) { return rejected(e); }
}
function defineClass(constructor, name, methods, accessors) {
  var key;
  for (key in methods)
    Object.defineProperty(constructor.prototype, key, {value: methods[key], writable: true, enumerable: true, configurable: true});
  for (key in accessors) Object.defineProperty(constructor.prototype, key, {get: accessors[key], enumerable: true, configurable: true});
  Object.defineProperty(constructor, 'name', {value: name, configurable: true});
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, {value: name, configurable: true});
  Object.defineProperty(global, name, {value: constructor, writable: true, enumerable: false, configurable: true});
  native.uncloneable(constructor.prototype, name);
}
function illegal(name) { return new TypeError("Illegal invocation: this is not a " + name); }
function state(object, kind, name) {
  var record = object === null || object === undefined ? undefined : object[S];
  if (!record || record.kind !== kind) throw illegal(name);
  return record;
}
function attach(object, record) {
  Object.defineProperty(object, S, {value: record});
  return object;
}

// --- queuing strategies ---
function strategyRecord(strategy, highWaterMarkDefault) {
  var mark = highWaterMarkDefault, size = null;
  if (strategy !== undefined && strategy !== null) {
    if (strategy.highWaterMark !== undefined) {
      mark = Number(strategy.highWaterMark);
      if (mark !== mark || mark < 0) throw new RangeError('The highWaterMark must be a number of at least 0');
    }
    if (strategy.size !== undefined) {
      if (typeof strategy.size !== 'function') throw new TypeError('The strategy\'s size must be a function');
      size = strategy.size;
    }
  }
  return {highWaterMark: mark, size: size};
}
function strategyClass(name, size) {
  function Strategy(init) {
    if (!(this instanceof Strategy)) throw new TypeError("Class constructor " + name + " cannot be invoked without 'new'");
    if (init === undefined || init === null || init.highWaterMark === undefined) throw new TypeError(name + ' needs {highWaterMark}');
    attach(this, {kind: name, highWaterMark: Number(init.highWaterMark)});
  }
  defineClass(
      Strategy, name, {}, {highWaterMark: function() { return state(this, name, name).highWaterMark; }, size: function() { return size; }});
}
strategyClass('CountQueuingStrategy', function size() { return 1; });
strategyClass('ByteLengthQueuingStrategy', function size(chunk) { return chunk.byteLength; });

// --- streams ---
// status: 'readable' | 'closed' | 'errored'
function newStreamRecord() {
  // length: in bytes where it is known beforehand (it becomes a Content-Length), else undefined.
  return {
    kind: 'ReadableStream',
    status: 'readable',
    error: undefined,
    reader: null,
    controller: null,
    disturbed: false,
    object: null,
    length: undefined
  };
}
function makeStream(record) {
  var object = Object.create(ReadableStream.prototype);
  record.object = object;
  return attach(object, record);
}
function closeStream(stream) {
  if (stream.status !== 'readable') return;
  stream.status = 'closed';
  var reader = stream.reader;
  if (!reader) return;
  var requests = reader.requests.drain();
  for (var i = 0; i < requests.length; i++) requests[i].close();
  reader.closed.resolve(undefined);
}
function errorStream(stream, error) {
  if (stream.status !== 'readable') return;
  stream.status = 'errored';
  stream.error = error;
  var reader = stream.reader;
  if (!reader) return;
  var requests = reader.requests.drain();
  for (var i = 0; i < requests.length; i++) requests[i].error(error);
  reader.closed.reject(error);
  handled(reader.closed.promise);
}
function cancelStream(stream, reason) {
  stream.disturbed = true;
  if (stream.status === 'closed') return resolved(undefined);
  if (stream.status === 'errored') return rejected(stream.error);
  closeStream(stream);
  var controller = stream.controller;
  controller.queue.drain();
  controller.queueSize = 0;
  var cancel = controller.cancel;
  clearAlgorithms(controller);
  return then.call(cancel(reason), noop);
}

// --- controller ---
function clearAlgorithms(controller) {
  controller.pull = controller.cancel = function() { return resolved(undefined); };
  controller.size = null;
}
function desiredSize(controller) {
  var status = controller.stream.status;
  return status === 'errored' ? null : status === 'closed' ? 0 : controller.highWaterMark - controller.queueSize;
}
function canCloseOrEnqueue(controller) { return !controller.closeRequested && controller.stream.status === 'readable'; }
function shouldPull(controller) {
  if (!canCloseOrEnqueue(controller) || !controller.started) return false;
  var reader = controller.stream.reader;
  if (reader && reader.requests.length > 0) return true;
  return desiredSize(controller) > 0;
}
function pullIfNeeded(controller) {
  if (!shouldPull(controller)) return;
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  controller.pulling = true;
  then.call(
      controller.pull(controller.object),
      function() {
        controller.pulling = false;
        if (controller.pullAgain) {
          controller.pullAgain = false;
          pullIfNeeded(controller);
        }
      },
      function(error) { controllerError(controller, error); });
}
function controllerError(controller, error) {
  if (controller.stream.status !== 'readable') return;
  controller.queue.drain();
  controller.queueSize = 0;
  clearAlgorithms(controller);
  errorStream(controller.stream, error);
}
function controllerClose(controller) {
  controller.closeRequested = true;
  if (controller.queue.length === 0) {
    clearAlgorithms(controller);
    closeStream(controller.stream);
  }
}
function controllerEnqueue(controller, chunk) {
  var reader = controller.stream.reader;
  if (reader && reader.requests.length > 0) {
    reader.requests.shift().chunk(chunk);
  } else {
    var size = 1;
    if (controller.bytes)
      size = chunk.byteLength;
    else if (controller.size) {
      try {
        size = Number((0, controller.size)(chunk));
        if (size !== size || size < 0 || size === Infinity)
          throw new RangeError('The return value of a queuing strategy\'s size function must be a finite number of at least 0');
      } catch (e) {
        controllerError(controller, e);
        throw e;
      }
    }
    controller.queue.push({chunk: chunk, size: size});
    controller.queueSize += size;
  }
  pullIfNeeded(controller);
}
function dequeue(controller) {
  var entry = controller.queue.shift();
  controller.queueSize -= entry.size;
  if (controller.queueSize < 0) controller.queueSize = 0;
  if (controller.closeRequested && controller.queue.length === 0) {
    clearAlgorithms(controller);
    closeStream(controller.stream);
  } else
    pullIfNeeded(controller);
  return entry.chunk;
}
// request: {chunk(value), close(), error(e)}
function readStream(stream, request) {
  stream.disturbed = true;
  if (stream.status === 'closed')
    request.close();
  else if (stream.status === 'errored')
    request.error(stream.error);
  else if (stream.controller.queue.length > 0)
    request.chunk(dequeue(stream.controller));
  else {
    stream.reader.requests.push(request);
    pullIfNeeded(stream.controller);
  }
}
// algorithms: {start(controllerObject), pull(controllerObject) -> promise, cancel(reason) -> promise}
function setUpController(stream, algorithms, highWaterMark, size, bytes) {
  var controller = {
    kind: bytes ? 'ReadableByteStreamController' : 'ReadableStreamDefaultController',
    stream: stream,
    queue: new Fifo(),
    queueSize: 0,
    started: false,
    closeRequested: false,
    pulling: false,
    pullAgain: false,
    highWaterMark: highWaterMark,
    size: size,
    bytes: bytes,
    pull: algorithms.pull,
    cancel: algorithms.cancel,
    object: null
  };
  stream.controller = controller;
  controller.object = attach(Object.create((bytes ? ReadableByteStreamController : ReadableStreamDefaultController).prototype), controller);
  then.call(
      resolved(algorithms.start(controller.object)),
      function() {
        controller.started = true;
        pullIfNeeded(controller);
      },
      function(error) { controllerError(controller, error); });
  return controller;
}
// For library and native sources: pull(controllerObject) and cancel(reason) return promises.
function createStream(start, pull, cancel, highWaterMark, size, bytes) {
  var record = newStreamRecord();
  makeStream(record);
  setUpController(
      record, {start: start || noop, pull: pull, cancel: cancel}, highWaterMark === undefined ? 1 : highWaterMark, size || null, !!bytes);
  return record;
}

function toBytes(chunk) {
  if (!ArrayBuffer.isView(chunk)) throw new TypeError('A chunk of a byte stream must be an ArrayBufferView');
  return chunk instanceof Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function ReadableStreamDefaultController() { throw new TypeError('Illegal constructor'); }
function controllerMethods(kind) {
  return {
    close: function close() {
      var c = state(this, kind, kind);
      if (!canCloseOrEnqueue(c))
        throw new TypeError('Cannot close a readable stream that is ' + (c.closeRequested ? 'already closing' : c.stream.status));
      controllerClose(c);
    },
    enqueue: function enqueue(chunk) {
      var c = state(this, kind, kind);
      if (!canCloseOrEnqueue(c))
        throw new TypeError('Cannot enqueue a chunk into a readable stream that is ' + (c.closeRequested ? 'closing' : c.stream.status));
      if (c.bytes) {
        chunk = toBytes(chunk);
        if (chunk.byteLength === 0) throw new TypeError('Cannot enqueue an empty chunk into a byte stream');
      }
      controllerEnqueue(c, chunk);
    },
    error: function error(e) { controllerError(state(this, kind, kind), e); }
  };
}
defineClass(
    ReadableStreamDefaultController, 'ReadableStreamDefaultController', controllerMethods('ReadableStreamDefaultController'),
    {desiredSize: function() { return desiredSize(state(this, 'ReadableStreamDefaultController', 'ReadableStreamDefaultController')); }});
function ReadableByteStreamController() { throw new TypeError('Illegal constructor'); }
defineClass(ReadableByteStreamController, 'ReadableByteStreamController', controllerMethods('ReadableByteStreamController'), {
  desiredSize: function() { return desiredSize(state(this, 'ReadableByteStreamController', 'ReadableByteStreamController')); },
  byobRequest: function() {
    state(this, 'ReadableByteStreamController', 'ReadableByteStreamController');
    return null;
  }
});

// --- readers ---
function acquireReader(stream, kind) {
  if (stream.reader) throw new TypeError('This ReadableStream is currently locked to a reader.');
  var reader = {kind: kind, stream: stream, requests: new Fifo(), closed: deferred()};
  stream.reader = reader;
  if (stream.status === 'closed')
    reader.closed.resolve(undefined);
  else if (stream.status === 'errored') {
    reader.closed.reject(stream.error);
    handled(reader.closed.promise);
  }
  return reader;
}
function releaseReader(reader) {
  var stream = reader.stream;
  if (!stream) return;
  var error = new TypeError('This ReadableStream reader has been released.');
  if (stream.status !== 'readable') reader.closed = deferred();
  reader.closed.reject(error);
  handled(reader.closed.promise);
  stream.reader = null;
  reader.stream = null;
  var requests = reader.requests.drain();
  for (var i = 0; i < requests.length; i++) requests[i].error(error);
}
function promiseRequest(d) {
  return {
    chunk: function(value) { d.resolve({value: value, done: false}); },
    close: function() { d.resolve({value: undefined, done: true}); },
    error: d.reject
  };
}
function readerRead(reader) {
  if (!reader.stream) return rejected(new TypeError('This ReadableStream reader has been released.'));
  var stream = reader.stream;
  if (stream.status === 'readable' && stream.controller.queue.length > 0) {
    stream.disturbed = true;
    return resolved({value: dequeue(stream.controller), done: false});
  }
  var d = deferred();
  readStream(stream, promiseRequest(d));
  return d.promise;
}
function readerMembers(kind, read) {
  return [
    {
      read: read,
      releaseLock: function releaseLock() { releaseReader(state(this, kind, kind)); },
      cancel: function cancel(reason) {
        try {
          var r = state(this, kind, kind);
          return r.stream ? cancelStream(r.stream, reason) : rejected(new TypeError('This ReadableStream reader has been released.'));
        } catch (e) { return rejected(e); }
      }
    },
    {
      closed: function() {
        try {
          return state(this, kind, kind).closed.promise;
        } catch (e) { return rejected(e); }
      }
    }
  ];
}
function ReadableStreamDefaultReader(stream) {
  if (!(this instanceof ReadableStreamDefaultReader))
    throw new TypeError("Class constructor ReadableStreamDefaultReader cannot be invoked without 'new'");
  attach(this, acquireReader(state(stream, 'ReadableStream', 'ReadableStream'), 'ReadableStreamDefaultReader'));
}
var members = readerMembers('ReadableStreamDefaultReader', function read() {
  try {
    return readerRead(state(this, 'ReadableStreamDefaultReader', 'ReadableStreamDefaultReader'));
  } catch (e) { return rejected(e); }
});
defineClass(ReadableStreamDefaultReader, 'ReadableStreamDefaultReader', members[0], members[1]);

function ReadableStreamBYOBReader(stream) {
  if (!(this instanceof ReadableStreamBYOBReader))
    throw new TypeError("Class constructor ReadableStreamBYOBReader cannot be invoked without 'new'");
  var record = state(stream, 'ReadableStream', 'ReadableStream');
  if (!record.controller.bytes) throw new TypeError('This ReadableStream does not support BYOB reads.');
  attach(this, acquireReader(record, 'ReadableStreamBYOBReader'));
}
// Copies the front of `chunk` into `view`; what does not fit goes back to the head of the queue.
function fillView(reader, view, chunk, at) {
  var target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  var fits = Math.min(target.byteLength - at, chunk.byteLength);
  target.set(chunk.subarray(0, fits), at);
  if (fits < chunk.byteLength && reader.stream) {
    var rest = chunk.subarray(fits), controller = reader.stream.controller;
    controller.queue.unshift({chunk: rest, size: rest.byteLength});
    controller.queueSize += rest.byteLength;
  }
  return at + fits;
}
function byobRead(reader, view, min) {
  if (!ArrayBuffer.isView(view)) return rejected(new TypeError('read() needs an ArrayBufferView'));
  if (view.byteLength === 0) return rejected(new TypeError('read() needs a view of at least one byte'));
  if (!reader.stream) return rejected(new TypeError('This ReadableStream reader has been released.'));
  var unit = view.BYTES_PER_ELEMENT || 1, filled = 0, d = deferred();
  function result(done) {
    return {
      value: new view.constructor(view.buffer, view.byteOffset, view.constructor === DataView ? filled : Math.floor(filled / unit)),
      done: done
    };
  }
  function next() {
    var queue = reader.stream.controller.queue, entry = queue.length > 0 ? queue.first() : null, room = view.byteLength - filled;
    if (entry && entry.size > room) {
      // A part of the first chunk: it stays in the queue, so that the stream does not close yet.
      reader.stream.disturbed = true;
      fillView(reader, view, entry.chunk.subarray(0, room), filled);
      filled += room;
      entry.chunk = entry.chunk.subarray(room);
      entry.size -= room;
      reader.stream.controller.queueSize -= room;
      pullIfNeeded(reader.stream.controller);
      d.resolve(result(false));
      return;
    }
    readStream(reader.stream, {
      chunk: function(chunk) {
        filled = fillView(reader, view, chunk, filled);
        if (filled >= Math.max(min, unit) || filled >= view.byteLength)
          d.resolve(result(false));
        else
          next();
      },
      close: function() { d.resolve(result(filled === 0)); },
      error: d.reject
    });
  }
  next();
  return d.promise;
}
members = readerMembers('ReadableStreamBYOBReader', function read(view, options) {
  try {
    var min = options && options.min !== undefined ? Number(options.min) * (view.BYTES_PER_ELEMENT || 1) : 1;
    return byobRead(state(this, 'ReadableStreamBYOBReader', 'ReadableStreamBYOBReader'), view, min);
  } catch (e) { return rejected(e); }
});
members[0].readAtLeast = function readAtLeast(bytes, view) {
  try {
    return byobRead(state(this, 'ReadableStreamBYOBReader', 'ReadableStreamBYOBReader'), view, Number(bytes));
  } catch (e) { return rejected(e); }
};
defineClass(ReadableStreamBYOBReader, 'ReadableStreamBYOBReader', members[0], members[1]);

// --- tee ---
function tee(stream) {
  var reader = acquireReader(stream, 'ReadableStreamDefaultReader');
  var reading = false, again = false, branches = [null, null], canceled = [false, false], reasons = [undefined, undefined],
      cancelDone = deferred();
  function pull() {
    if (reading) {
      again = true;
      return resolved(undefined);
    }
    reading = true;
    readStream(stream, {
      chunk: function(chunk) {
        // A microtask later, so that what the chunk triggers does not run inside this read.
        then.call(resolved(undefined), function() {
          again = false;
          for (var i = 0; i < 2; i++) {
            if (canceled[i]) continue;
            controllerEnqueue(branches[i].controller, i === 1 && stream.controller.bytes ? chunk.slice() : chunk);
          }
          reading = false;
          if (again) pull();
        });
      },
      close: function() {
        reading = false;
        for (var i = 0; i < 2; i++)
          if (!canceled[i] && canCloseOrEnqueue(branches[i].controller)) controllerClose(branches[i].controller);
        if (!canceled[0] || !canceled[1]) cancelDone.resolve(undefined);
      },
      error: function() { reading = false; }
    });
    return resolved(undefined);
  }
  function cancelBranch(i) {
    return function(reason) {
      canceled[i] = true;
      reasons[i] = reason;
      if (canceled[1 - i]) cancelDone.resolve(cancelStream(stream, reasons.slice()));
      return cancelDone.promise;
    };
  }
  branches[0] = createStream(noop, pull, cancelBranch(0), stream.controller.bytes ? 0 : 1, null, stream.controller.bytes);
  branches[1] = createStream(noop, pull, cancelBranch(1), stream.controller.bytes ? 0 : 1, null, stream.controller.bytes);
  then.call(reader.closed.promise, noop, function(error) {
    for (var i = 0; i < 2; i++) controllerError(branches[i].controller, error);
    if (!canceled[0] || !canceled[1]) cancelDone.resolve(undefined);
  });
  return [branches[0].object, branches[1].object];
}

// --- async iteration ---
var AsyncIteratorPrototype = Object.create(edge.asyncIteratorPrototype || Object.prototype);
function iterate(stream, preventCancel) {
  var record = {
    kind: 'iterator',
    reader: acquireReader(stream, 'ReadableStreamDefaultReader'),
    preventCancel: preventCancel,
    last: null,
    finished: false
  };
  return attach(Object.create(AsyncIteratorPrototype), record);
}
function chain(record, step) {
  record.last = record.last ? then.call(record.last, step, step) : step();
  return record.last;
}
AsyncIteratorPrototype.next = function next() {
  var record = state(this, 'iterator', 'ReadableStream async iterator');
  return chain(record, function() {
    if (record.finished) return resolved({value: undefined, done: true});
    return then.call(
        readerRead(record.reader),
        function(result) {
          if (result.done) {
            record.finished = true;
            releaseReader(record.reader);
          }
          return result;
        },
        function(error) {
          record.finished = true;
          releaseReader(record.reader);
          throw error;
        });
  });
};
AsyncIteratorPrototype['return'] = function(value) {
  var record = state(this, 'iterator', 'ReadableStream async iterator');
  return chain(record, function() {
    if (record.finished) return resolved({value: value, done: true});
    record.finished = true;
    var stream = record.reader.stream;
    var done = record.preventCancel || !stream ? resolved(undefined) : cancelStream(stream, value);
    releaseReader(record.reader);
    return then.call(done, function() { return {value: value, done: true}; });
  });
};
if (!AsyncIteratorPrototype[Symbol.asyncIterator])
  Object.defineProperty(
      AsyncIteratorPrototype, Symbol.asyncIterator, {value: function() { return this; }, configurable: true, writable: true});

// --- the class ---
function ReadableStream(source, strategy) {
  if (!(this instanceof ReadableStream)) throw new TypeError("Class constructor ReadableStream cannot be invoked without 'new'");
  if (source === undefined) source = {};
  if (source === null || (typeof source !== 'object' && typeof source !== 'function'))
    throw new TypeError('The underlying source of a ReadableStream must be an object');
  var type = source.type, start = source.start, pull = source.pull, cancel = source.cancel;
  var bytes = false;
  if (type !== undefined) {
    if (String(type) !== 'bytes')
      throw new TypeError('The type of an underlying source must be "bytes" or undefined, not "' + String(type) + '"');
    bytes = true;
  }
  [['start', start], ['pull', pull], ['cancel', cancel]].forEach(function(pair) {
    if (pair[1] !== undefined && typeof pair[1] !== 'function')
      throw new TypeError('The ' + pair[0] + ' of an underlying source must be a function');
  });
  var queuing = strategyRecord(strategy, bytes ? 0 : 1);
  if (bytes && queuing.size) throw new RangeError('A byte stream\'s strategy must not have a size function');
  var record = newStreamRecord();
  record.object = this;
  attach(this, record);
  setUpController(
      record, {
        start: function(c) { return start ? start.call(source, c) : undefined; },
        pull: function(c) { return pull ? attempt(pull, source, [c]) : resolved(undefined); },
        cancel: function(reason) { return cancel ? attempt(cancel, source, [reason]) : resolved(undefined); }
      },
      queuing.highWaterMark, queuing.size, bytes);
}
function stream(object) { return state(object, 'ReadableStream', 'ReadableStream'); }
defineClass(
    ReadableStream, 'ReadableStream', {
      cancel: function cancel(reason) {
        try {
          var s = stream(this);
          return s.reader ? rejected(new TypeError('This ReadableStream is currently locked to a reader.')) : cancelStream(s, reason);
        } catch (e) { return rejected(e); }
      },
      getReader: function getReader(options) {
        stream(this);
        var mode = options === undefined || options === null ? undefined : options.mode;
        if (mode === undefined) return new ReadableStreamDefaultReader(this);
        if (String(mode) === 'byob') return new ReadableStreamBYOBReader(this);
        throw new TypeError('mode must be undefined or \'byob\' in call to getReader().');
      },
      pipeThrough: function pipeThrough(transform, options) {
        var s = stream(this);
        if (!transform || typeof transform !== 'object') throw new TypeError('pipeThrough needs {readable, writable}');
        if (s.reader) throw new TypeError('This ReadableStream is currently locked to a reader.');
        handled(web.streams.pipe(s, transform.writable, options));
        return transform.readable;
      },
      pipeTo: function pipeTo(destination, options) {
        try {
          var s = stream(this);
          if (s.reader) return rejected(new TypeError('This ReadableStream is currently locked to a reader.'));
          return web.streams.pipe(s, destination, options);
        } catch (e) { return rejected(e); }
      },
      tee: function() { return tee(stream(this)); },
      values: function values(options) { return iterate(stream(this), !!(options && options.preventCancel)); }
    },
    {locked: function() { return stream(this).reader !== null; }});
Object.defineProperty(
    ReadableStream.prototype, Symbol.asyncIterator, {value: ReadableStream.prototype.values, writable: true, configurable: true});
Object.defineProperty(ReadableStream, 'from', {
  value: function from(iterable) {
    if (iterable === null || iterable === undefined) throw new TypeError('ReadableStream.from needs an iterable');
    var method = iterable[Symbol.asyncIterator], iterator;
    if (method)
      iterator = method.call(iterable);
    else if (iterable[Symbol.iterator])
      iterator = iterable[Symbol.iterator]();
    else
      throw new TypeError('ReadableStream.from needs an iterable or async iterable');
    return createStream(
               noop,
               function(c) {
                 return then.call(attempt(iterator.next, iterator, []), function(result) {
                   if (result === null || typeof result !== 'object')
                     throw new TypeError('The iterator\'s next() did not return an object');
                   if (result.done) {
                     controllerClose(c[S]);
                     return;
                   }
                   return then.call(resolved(result.value), function(value) { controllerEnqueue(c[S], value); });
                 });
               },
               function(reason) {
                 return iterator['return'] ? then.call(attempt(iterator['return'], iterator, [reason]), noop) : resolved(undefined);
               },
               0)
        .object;
  },
  writable: true,
  configurable: true
});

// Reads a stream to its end; the promise's value is one Uint8Array of all chunks. The stream stays locked.
function collect(object) {
  var s = stream(object), chunks = [], total = 0, d = deferred();
  acquireReader(s, 'ReadableStreamDefaultReader');
  function next() {
    readStream(s, {
      chunk: function(chunk) {
        try {
          chunk = bytesOf(chunk, 'This ReadableStream did not return bytes.');
        } catch (e) {
          handled(cancelStream(s, e));
          d.reject(e);
          return;
        }
        chunks.push(chunk);
        total += chunk.byteLength;
        // Reading on from a microtask keeps the stack flat however many chunks are queued.
        then.call(resolved(undefined), next);
      },
      close: function() {
        if (chunks.length === 1) {
          d.resolve(chunks[0]);
          return;
        }
        var all = new Uint8Array(total), at = 0;
        for (var i = 0; i < chunks.length; i++) {
          all.set(chunks[i], at);
          at += chunks[i].byteLength;
        }
        d.resolve(all);
      },
      error: d.reject
    });
  }
  next();
  return d.promise;
}
function bytesOf(chunk, problem) {
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (ArrayBuffer.isView(chunk)) return toBytes(chunk);
  throw new TypeError(problem);
}

// What the platform's own transforms and response bodies take.
web.toBodyBytes = function(chunk) {
  return bytesOf(
      chunk,
      'This TransformStream is being used as a byte stream, but received an object of ' +
          'non-ArrayBuffer/ArrayBufferView type on its writable side.');
};
web.toResponseBytes = function(chunk) { return bytesOf(chunk, 'This ReadableStream did not return bytes.'); };

web.streams = {
  S: S,
  Fifo: Fifo,
  deferred: deferred,
  handled: handled,
  attempt: attempt,
  resolved: resolved,
  rejected: rejected,
  noop: noop,
  defineClass: defineClass,
  state: state,
  attach: attach,
  strategyRecord: strategyRecord,
  createReadable: createStream,
  controllerEnqueue: controllerEnqueue,
  controllerClose: controllerClose,
  controllerError: controllerError,
  canCloseOrEnqueue: canCloseOrEnqueue,
  desiredSize: desiredSize,
  acquireReader: acquireReader,
  releaseReader: releaseReader,
  readerRead: readerRead,
  readStream: readStream,
  cancelStream: cancelStream,
  tee: tee,
  collect: collect,
  isReadable: function(value) { return !!value && typeof value === 'object' && !!value[S] && value[S].kind === 'ReadableStream'; }
};
})
