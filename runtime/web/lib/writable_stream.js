// WritableStream, TransformStream and piping (WHATWG Streams), beside readable_stream.js and in its manner.
(function(global, native, edge) {
'use strict';
var then = Promise.prototype.then;
var web = edge.web, streams = web.streams;
var S = streams.S, deferred = streams.deferred, handled = streams.handled, attempt = streams.attempt, resolved = streams.resolved,
    rejected = streams.rejected, noop = streams.noop, defineClass = streams.defineClass, state = streams.state, attach = streams.attach;

// --- WritableStream ---
// status: 'writable' | 'erroring' | 'errored' | 'closed'. `writes` are the accepted chunks; inFlight is the write or close that the sink
// works on.
function createWritable(algorithms, highWaterMark, size, object) {
  var w = {
    kind: 'WritableStream',
    status: 'writable',
    error: undefined,
    writer: null,
    object: object || Object.create(WritableStream.prototype),
    queue: new streams.Fifo(),
    queueSize: 0,
    highWaterMark: highWaterMark,
    size: size,
    algorithms: algorithms,
    started: false,
    inFlight: null,
    closeRequest: null,
    pendingAbort: null,
    backpressure: false,
    controller: null,
    abortController: null
  };
  attach(w.object, w);
  w.controller = attach(Object.create(WritableStreamDefaultController.prototype), {kind: 'WritableStreamDefaultController', stream: w});
  w.backpressure = highWaterMark - w.queueSize <= 0;
  then.call(
      resolved(algorithms.start(w.controller)),
      function() {
        w.started = true;
        advance(w);
      },
      function(error) {
        w.started = true;
        dealWithError(w, error);
      });
  return w;
}
function desired(w) {
  return w.status === 'errored' || w.status === 'erroring' ? null : w.status === 'closed' ? 0 : w.highWaterMark - w.queueSize;
}
function updateBackpressure(w) {
  var now = w.status === 'writable' && !w.closeRequest && w.highWaterMark - w.queueSize <= 0;
  if (now === w.backpressure) return;
  w.backpressure = now;
  if (!w.writer) return;
  if (now) {
    w.writer.ready = deferred();
    w.writer.readyPending = true;
  } else
    resolveReady(w.writer);
}
function resolveReady(writer) {
  writer.readyPending = false;
  writer.ready.resolve(undefined);
}
function rejectReady(writer, error) {
  if (!writer.readyPending) writer.ready = deferred();
  writer.readyPending = false;
  writer.ready.reject(error);
  handled(writer.ready.promise);
}
function dealWithError(w, error) {
  if (w.status === 'writable')
    startErroring(w, error);
  else if (w.status === 'erroring')
    finishErroring(w);
}
function startErroring(w, reason) {
  w.status = 'erroring';
  w.error = reason;
  if (w.writer) rejectReady(w.writer, reason);
  if (w.abortController) w.abortController.abort(reason);
  if (!w.inFlight && w.started) finishErroring(w);
}
function rejectClosed(w) {
  if (w.closeRequest) {
    w.closeRequest.reject(w.error);
    w.closeRequest = null;
  }
  if (w.writer) {
    w.writer.closed.reject(w.error);
    handled(w.writer.closed.promise);
  }
}
function finishErroring(w) {
  if (w.inFlight || !w.started) return;
  w.status = 'errored';
  var queue = w.queue.drain();
  w.queueSize = 0;
  for (var i = 0; i < queue.length; i++) queue[i].done.reject(w.error);
  var pending = w.pendingAbort;
  w.pendingAbort = null;
  if (!pending) {
    rejectClosed(w);
    return;
  }
  if (pending.wasErroring) {
    pending.done.reject(w.error);
    rejectClosed(w);
    return;
  }
  then.call(
      w.algorithms.abort(pending.reason),
      function() {
        pending.done.resolve(undefined);
        rejectClosed(w);
      },
      function(error) {
        pending.done.reject(error);
        rejectClosed(w);
      });
}
function advance(w) {
  if (!w.started || w.inFlight) return;
  if (w.status === 'erroring') {
    finishErroring(w);
    return;
  }
  if (w.status !== 'writable') return;
  if (w.queue.length > 0) {
    var entry = w.queue.first();
    w.inFlight = entry;
    then.call(
        w.algorithms.write(entry.chunk, w.controller),
        function() {
          w.inFlight = null;
          entry.done.resolve(undefined);
          w.queue.shift();
          w.queueSize = Math.max(0, w.queueSize - entry.size);
          if (w.status === 'writable') updateBackpressure(w);
          advance(w);
        },
        function(error) {
          w.inFlight = null;
          entry.done.reject(error);
          w.queue.shift();
          dealWithError(w, error);
        });
  } else if (w.closeRequest) {
    var close = w.closeRequest;
    w.inFlight = close;
    then.call(
        w.algorithms.close(),
        function() {
          w.inFlight = null;
          w.closeRequest = null;
          close.resolve(undefined);
          if (w.status === 'erroring' && w.pendingAbort) {
            w.pendingAbort.done.resolve(undefined);
            w.pendingAbort = null;
          }
          w.status = 'closed';
          w.error = undefined;
          if (w.writer) w.writer.closed.resolve(undefined);
        },
        function(error) {
          w.inFlight = null;
          w.closeRequest = null;
          close.reject(error);
          if (w.pendingAbort) {
            w.pendingAbort.done.reject(error);
            w.pendingAbort = null;
          }
          dealWithError(w, error);
        });
  }
}
function writeChunk(w, chunk) {
  var size = 1;
  if (w.size) {
    try {
      size = Number((0, w.size)(chunk));
      if (size !== size || size < 0 || size === Infinity)
        throw new RangeError('The return value of a queuing strategy\'s size function must be a finite number of at least 0');
    } catch (e) {
      if (w.status === 'writable') startErroring(w, e);
      return rejected(e);
    }
  }
  if (w.status === 'errored' || w.status === 'erroring') return rejected(w.error);
  if (w.closeRequest || w.status === 'closed') return rejected(new TypeError('This WritableStream has been closed.'));
  var entry = {chunk: chunk, size: size, done: deferred()};
  w.queue.push(entry);
  w.queueSize += size;
  updateBackpressure(w);
  advance(w);
  return entry.done.promise;
}
function closeWritable(w) {
  if (w.status === 'closed' || w.closeRequest) return rejected(new TypeError('This WritableStream has been closed.'));
  if (w.status === 'errored') return rejected(new TypeError('This WritableStream has been errored.'));
  w.closeRequest = deferred();
  var promise = w.closeRequest.promise;
  if (w.writer && w.backpressure && w.status === 'writable') resolveReady(w.writer);
  w.backpressure = false;
  advance(w);
  return promise;
}
function abortWritable(w, reason) {
  if (w.status === 'closed' || w.status === 'errored') return resolved(undefined);
  if (w.pendingAbort) return w.pendingAbort.done.promise;
  var wasErroring = w.status === 'erroring';
  w.pendingAbort = {done: deferred(), reason: wasErroring ? undefined : reason, wasErroring: wasErroring};
  var promise = w.pendingAbort.done.promise;
  if (!wasErroring) startErroring(w, reason);
  return promise;
}
function acquireWriter(w) {
  if (w.writer) throw new TypeError('This WritableStream is currently locked to a writer.');
  var writer = {kind: 'WritableStreamDefaultWriter', stream: w, ready: deferred(), closed: deferred(), readyPending: true};
  w.writer = writer;
  if (w.status === 'writable') {
    if (!w.backpressure) resolveReady(writer);
  } else if (w.status === 'closed') {
    resolveReady(writer);
    writer.closed.resolve(undefined);
  } else {
    rejectReady(writer, w.error);
    if (w.status === 'errored') {
      writer.closed.reject(w.error);
      handled(writer.closed.promise);
    }
  }
  return writer;
}
function releaseWriter(writer) {
  var w = writer.stream;
  if (!w) return;
  var error = new TypeError('This WritableStream writer has been released.');
  rejectReady(writer, error);
  if (w.status === 'closed' || w.status === 'errored') writer.closed = deferred();
  writer.closed.reject(error);
  handled(writer.closed.promise);
  w.writer = null;
  writer.stream = null;
}

function WritableStreamDefaultController() { throw new TypeError('Illegal constructor'); }
function controller(object) { return state(object, 'WritableStreamDefaultController', 'WritableStreamDefaultController'); }
defineClass(
    WritableStreamDefaultController, 'WritableStreamDefaultController', {
      error: function error(e) {
        var w = controller(this).stream;
        if (w.status === 'writable') startErroring(w, e);
      }
    },
    {
      signal: function() {
        var w = controller(this).stream;
        if (!w.abortController) {
          w.abortController = new AbortController();
          if (w.status === 'erroring' || w.status === 'errored') w.abortController.abort(w.error);
        }
        return w.abortController.signal;
      }
    });

function WritableStream(sink, strategy) {
  if (!(this instanceof WritableStream)) throw new TypeError("Class constructor WritableStream cannot be invoked without 'new'");
  if (sink === undefined) sink = {};
  if (sink === null || (typeof sink !== 'object' && typeof sink !== 'function'))
    throw new TypeError('The underlying sink of a WritableStream must be an object');
  if (sink.type !== undefined) throw new RangeError('The type of an underlying sink must be undefined');
  var start = sink.start, write = sink.write, close = sink.close, abort = sink.abort;
  [['start', start], ['write', write], ['close', close], ['abort', abort]].forEach(function(pair) {
    if (pair[1] !== undefined && typeof pair[1] !== 'function')
      throw new TypeError('The ' + pair[0] + ' of an underlying sink must be a function');
  });
  var queuing = streams.strategyRecord(strategy, 1);
  createWritable(
      {
        start: function(c) { return start ? start.call(sink, c) : undefined; },
        write: function(chunk, c) {
          return write ? attempt(write, sink, [chunk, c]) : resolved(undefined);
        },
        close: function() { return close ? attempt(close, sink, []) : resolved(undefined); },
        abort: function(reason) { return abort ? attempt(abort, sink, [reason]) : resolved(undefined); }
      },
      queuing.highWaterMark, queuing.size, this);
}
function writable(object) { return state(object, 'WritableStream', 'WritableStream'); }
defineClass(
    WritableStream, 'WritableStream', {
      abort: function abort(reason) {
        try {
          var w = writable(this);
          return w.writer ? rejected(new TypeError('Cannot abort a stream that is locked to a writer')) : abortWritable(w, reason);
        } catch (e) { return rejected(e); }
      },
      close: function close() {
        try {
          var w = writable(this);
          return w.writer ? rejected(new TypeError('Cannot close a stream that is locked to a writer')) : closeWritable(w);
        } catch (e) { return rejected(e); }
      },
      getWriter: function getWriter() { return new WritableStreamDefaultWriter(this); }
    },
    {locked: function() { return writable(this).writer !== null; }});

function WritableStreamDefaultWriter(stream) {
  if (!(this instanceof WritableStreamDefaultWriter))
    throw new TypeError("Class constructor WritableStreamDefaultWriter cannot be invoked without 'new'");
  attach(this, acquireWriter(writable(stream)));
}
function writer(object) { return state(object, 'WritableStreamDefaultWriter', 'WritableStreamDefaultWriter'); }
function released() { return rejected(new TypeError('This WritableStream writer has been released.')); }
defineClass(
    WritableStreamDefaultWriter, 'WritableStreamDefaultWriter', {
      write: function write(chunk) {
        try {
          var w = writer(this).stream;
          return w ? writeChunk(w, chunk) : released();
        } catch (e) { return rejected(e); }
      },
      close: function close() {
        try {
          var w = writer(this).stream;
          return w ? closeWritable(w) : released();
        } catch (e) { return rejected(e); }
      },
      abort: function abort(reason) {
        try {
          var w = writer(this).stream;
          return w ? abortWritable(w, reason) : released();
        } catch (e) { return rejected(e); }
      },
      releaseLock: function releaseLock() { releaseWriter(writer(this)); }
    },
    {
      closed: function() {
        try {
          return writer(this).closed.promise;
        } catch (e) { return rejected(e); }
      },
      ready: function() {
        try {
          return writer(this).ready.promise;
        } catch (e) { return rejected(e); }
      },
      desiredSize: function() {
        var w = writer(this).stream;
        if (!w) throw new TypeError('This WritableStream writer has been released.');
        return desired(w);
      }
    });

// --- TransformStream ---
// The writable side waits for the readable side: `backpressureChange` resolves when the readable side wants more.
function createTransform(object, algorithms, writableStrategy, readableStrategy) {
  var t = {kind: 'TransformStream', readable: null, writable: null, backpressure: true, change: deferred(), controller: null, finish: null};
  attach(object, t);
  function setBackpressure(value) {
    if (t.backpressure === value) return;
    t.change.resolve(undefined);
    t.change = deferred();
    t.backpressure = value;
  }
  function errorWritable(error) {
    if (t.writable.status === 'writable') startErroring(t.writable, error);
    if (t.backpressure) setBackpressure(false);
  }
  function errorBoth(error) {
    streams.controllerError(t.readable.controller, error);
    errorWritable(error);
  }
  t.errorBoth = errorBoth;
  t.enqueue = function(chunk) {
    var c = t.readable.controller;
    if (!streams.canCloseOrEnqueue(c))
      throw new TypeError('Cannot enqueue a chunk into the readable side of a TransformStream that is closed or errored');
    try {
      streams.controllerEnqueue(c, chunk);
    } catch (e) {
      errorWritable(e);
      throw t.readable.status === 'errored' ? t.readable.error : e;
    }
    var full = !(t.readable.reader && t.readable.reader.requests.length > 0) && streams.desiredSize(c) <= 0;
    if (full !== t.backpressure) setBackpressure(true);
  };
  t.terminate = function() {
    var c = t.readable.controller;
    if (streams.canCloseOrEnqueue(c)) streams.controllerClose(c);
    errorWritable(new TypeError('This TransformStream has been terminated.'));
  };
  function transform(chunk) {
    return then.call(attempt(algorithms.transform, null, [chunk, t.controller]), noop, function(error) {
      errorBoth(error);
      throw error;
    });
  }
  var started = deferred();
  t.writable = createWritable(
      {
        start: function() { return started.promise; },
        write: function(chunk) {
          if (!t.backpressure) return transform(chunk);
          return then.call(t.change.promise, function() {
            if (t.writable.status === 'erroring') throw t.writable.error;
            return transform(chunk);
          });
        },
        close: function() {
          return then.call(
              attempt(algorithms.flush, null, [t.controller]),
              function() {
                if (t.readable.status === 'errored') throw t.readable.error;
                if (streams.canCloseOrEnqueue(t.readable.controller)) streams.controllerClose(t.readable.controller);
              },
              function(error) {
                errorBoth(error);
                throw t.readable.error === undefined ? error : t.readable.error;
              });
        },
        abort: function(reason) {
          return then.call(
              attempt(algorithms.cancel, null, [reason]), function() { streams.controllerError(t.readable.controller, reason); },
              function(error) {
                streams.controllerError(t.readable.controller, error);
                throw error;
              });
        }
      },
      writableStrategy.highWaterMark, writableStrategy.size);
  t.readable = streams.createReadable(
      function() { return started.promise; },
      function() {
        setBackpressure(false);
        return t.change.promise;
      },
      function(reason) {
        return then.call(
            attempt(algorithms.cancel, null, [reason]), function() { errorWritable(reason); },
            function(error) {
              errorWritable(error);
              throw error;
            });
      },
      readableStrategy.highWaterMark, readableStrategy.size);
  t.controller =
      attach(Object.create(TransformStreamDefaultController.prototype), {kind: 'TransformStreamDefaultController', transform: t});
  try {
    started.resolve(algorithms.start(t.controller));
  } catch (e) {
    handled(started.promise);
    started.reject(e);
    errorBoth(e);
    throw e;
  }
  return t;
}
function TransformStreamDefaultController() { throw new TypeError('Illegal constructor'); }
function transformController(object) {
  return state(object, 'TransformStreamDefaultController', 'TransformStreamDefaultController').transform;
}
defineClass(
    TransformStreamDefaultController, 'TransformStreamDefaultController', {
      enqueue: function enqueue(chunk) { transformController(this).enqueue(chunk); },
      error: function error(e) { transformController(this).errorBoth(e); },
      terminate: function terminate() { transformController(this).terminate(); }
    },
    {desiredSize: function() { return streams.desiredSize(transformController(this).readable.controller); }});

function TransformStream(transformer, writableStrategy, readableStrategy) {
  if (!(this instanceof TransformStream)) throw new TypeError("Class constructor TransformStream cannot be invoked without 'new'");
  if (transformer === undefined || transformer === null) transformer = {};
  if (transformer.readableType !== undefined || transformer.writableType !== undefined)
    throw new RangeError('A transformer must have neither readableType nor writableType');
  var start = transformer.start, transform = transformer.transform, flush = transformer.flush, cancel = transformer.cancel;
  createTransform(
      this, {
        start: function(c) { return start ? start.call(transformer, c) : undefined; },
        transform:
            transform ? function(chunk, c) { return transform.call(transformer, chunk, c); } : function(chunk, c) { c.enqueue(chunk); },
        flush: flush ? function(c) { return flush.call(transformer, c); } : noop,
        cancel: cancel ? function(reason) { return cancel.call(transformer, reason); } : noop
      },
      streams.strategyRecord(writableStrategy, 1), streams.strategyRecord(readableStrategy, 0));
}
function transformOf(object) { return state(object, 'TransformStream', 'TransformStream'); }
var transformAccessors = {
  readable: function() { return transformOf(this).readable.object; },
  writable: function() { return transformOf(this).writable.object; }
};
defineClass(TransformStream, 'TransformStream', {}, transformAccessors);

// Subclasses of TransformStream that the platform has: make(arguments) gives the algorithms; `made` gets the finished record.
function transformSubclass(name, make) {
  function Constructor(a, b) {
    if (!(this instanceof Constructor)) throw new TypeError("Class constructor " + name + " cannot be invoked without 'new'");
    var algorithms = make(a, b);
    var t = createTransform(this, algorithms, {highWaterMark: 1, size: null}, {highWaterMark: 0, size: null});
    if (algorithms.made) algorithms.made(t);
  }
  Constructor.prototype = Object.create(TransformStream.prototype, {constructor: {value: Constructor, writable: true, configurable: true}});
  Object.setPrototypeOf(Constructor, TransformStream);
  defineClass(Constructor, name, {}, {});
  return Constructor;
}
function identity(chunk, c) {
  var bytes = web.toBodyBytes(chunk);
  if (bytes.byteLength > 0) c.enqueue(bytes);
}
transformSubclass('IdentityTransformStream', function() { return {start: noop, transform: identity, flush: noop, cancel: noop}; });
transformSubclass('FixedLengthStream', function(length) {
  var expected = Number(length), seen = 0;
  if (!(expected >= 0) || expected !== Math.floor(expected)) throw new TypeError('FixedLengthStream needs its length in bytes');
  return {
    start: noop,
    cancel: noop,
    // Becomes the Content-Length of a message whose body this is.
    made: function(t) { t.readable.length = expected; },
    transform: function(chunk, c) {
      var bytes = web.toBodyBytes(chunk);
      seen += bytes.byteLength;
      if (seen > expected) throw new TypeError('Attempt to write too many bytes through a FixedLengthStream.');
      if (bytes.byteLength > 0) c.enqueue(bytes);
    },
    flush: function() {
      if (seen < expected) throw new TypeError('FixedLengthStream did not see all expected bytes before close().');
    }
  };
});
var encoderStream = transformSubclass('TextEncoderStream', function() {
  var encoder = new TextEncoder(), high = '';
  return {
    start: noop,
    cancel: noop,
    transform: function(chunk, c) {
      chunk = high + String(chunk);
      high = '';
      var last = chunk.charCodeAt(chunk.length - 1);
      if (last >= 0xd800 && last <= 0xdbff) {
        high = chunk.charAt(chunk.length - 1);
        chunk = chunk.slice(0, -1);
      }
      if (chunk.length > 0) c.enqueue(encoder.encode(chunk));
    },
    flush: function(c) {
      if (high) c.enqueue(new Uint8Array([0xef, 0xbf, 0xbd]));
    }
  };
});
Object.defineProperty(encoderStream.prototype, 'encoding', {get: function() { return 'utf-8'; }, enumerable: true, configurable: true});
var decoderStream = transformSubclass('TextDecoderStream', function(label, options) {
  var decoder = new TextDecoder(label === undefined ? 'utf-8' : label, options);
  return {
    start: noop,
    cancel: noop,
    made: function(t) { t.decoder = decoder; },
    transform: function(chunk, c) {
      var text = decoder.decode(chunk, {stream: true});
      if (text.length > 0) c.enqueue(text);
    },
    flush: function(c) {
      var text = decoder.decode();
      if (text.length > 0) c.enqueue(text);
    }
  };
});
['encoding', 'fatal', 'ignoreBOM'].forEach(function(name) {
  Object.defineProperty(
      decoderStream.prototype, name, {get: function() { return transformOf(this).decoder[name]; }, enumerable: true, configurable: true});
});

// --- piping ---
streams.pipe = function(source, destination, options) {
  var w = writable(destination);
  if (w.writer) return rejected(new TypeError('This WritableStream is currently locked to a writer.'));
  options = options || {};
  var preventClose = !!options.preventClose, preventAbort = !!options.preventAbort, preventCancel = !!options.preventCancel,
      signal = options.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    return rejected(new TypeError('The signal of pipeTo must be an AbortSignal'));
  var reader = streams.acquireReader(source, 'ReadableStreamDefaultReader'), out = acquireWriter(w), done = deferred(), ending = false,
      lastWrite = resolved(undefined);
  source.disturbed = true;
  function finish(failed, error) {
    releaseWriter(out);
    streams.releaseReader(reader);
    if (signal) signal.removeEventListener('abort', onAbort);
    if (failed)
      done.reject(error);
    else
      done.resolve(undefined);
  }
  // Reads no more; when what was read is written runs `action` (or nothing), then settles with `error`, or with the action's own.
  function end(action, failed, error) {
    if (ending) return;
    ending = true;
    function act() {
      if (!action) {
        finish(failed, error);
        return;
      }
      then.call(action(), function() { finish(failed, error); }, function(e) { finish(true, e); });
    }
    if (w.status === 'writable' && !w.closeRequest)
      afterWrites(act);
    else
      act();
  }
  function afterWrites(f) {
    var last = lastWrite;
    then.call(last, function() {
      if (last === lastWrite)
        f();
      else
        afterWrites(f);
    });
  }
  function onAbort() {
    var reason = signal.reason;
    end(function() {
      var actions = [];
      if (!preventAbort) actions.push(w.status === 'writable' ? abortWritable(w, reason) : resolved(undefined));
      if (!preventCancel) actions.push(source.status === 'readable' ? streams.cancelStream(source, reason) : resolved(undefined));
      return Promise.all(actions);
    }, true, reason);
  }
  function sourceFailed(error) {
    end(preventAbort ? null : function() { return abortWritable(w, error); }, true, error);
  }
  function sourceClosed() {
    end(preventClose ? null : function() {
      if (w.status === 'closed' || w.closeRequest) return resolved(undefined);
      return w.status === 'errored' ? rejected(w.error) : closeWritable(w);
    }, false);
  }
  function destinationFailed(error) {
    end(preventCancel ? null : function() { return streams.cancelStream(source, error); }, true, error);
  }
  function step() {
    if (ending) return;
    then.call(out.ready.promise, function() {
      if (ending) return;
      streams.readStream(source, {
        chunk: function(chunk) {
          lastWrite = then.call(writeChunk(w, chunk), noop, noop);
          then.call(resolved(undefined), step);
        },
        close: noop,
        error: noop
      });
    }, noop);
  }
  if (signal) {
    if (signal.aborted) {
      onAbort();
      return done.promise;
    }
    signal.addEventListener('abort', onAbort);
  }
  // Ends of either side, those that are there already in the order of the standard.
  if (source.status === 'errored')
    sourceFailed(source.error);
  else
    then.call(reader.closed.promise, noop, sourceFailed);
  if (w.status === 'errored')
    destinationFailed(w.error);
  else
    then.call(out.closed.promise, noop, destinationFailed);
  if (source.status === 'closed')
    sourceClosed();
  else
    then.call(reader.closed.promise, sourceClosed, noop);
  if (w.status === 'closed' || w.closeRequest) destinationFailed(new TypeError('The destination of the pipe is closed or closing'));
  step();
  return done.promise;
};
})
