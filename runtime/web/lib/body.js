// What body.cc asks of JavaScript: streams made of bytes, reading a stream to its end, body initializers that are not strings or buffers.
(function(global, native, edge) {
'use strict';
var web = edge.web, events = web.events, streams = web.streams, S = streams.S, then = Promise.prototype.then;

function exactBuffer(bytes) {
  return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ?
      bytes.buffer :
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
function record(stream) { return stream[S]; }
// A stream that shows as read to its end by a reader that keeps it.
function spend(r) {
  streams.acquireReader(r, 'ReadableStreamDefaultReader');
  r.disturbed = true;
  r.status = 'closed';
  return r.object;
}

native.expose('exactBuffer', exactBuffer);
native.expose('collect', streams.collect);
// An aborted signal's reason says more than that the connection was lost.
function reasonOr(signal, error) { return signal && events.isAborted(signal) ? events.reasonOf(signal) : error; }
native.expose('consume', function(promiseOfBytes, want, owner) {
  var signal = native.bodySignal(owner);
  return then.call(
      promiseOfBytes, function(bytes) { return native.convertBody(bytes, want, owner); },
      signal && function(error) { throw reasonOr(signal, error); });
});
native.expose('streamFromBytes', function(bytes, used) {
  var r = streams.createReadable(
      streams.noop, function() { return streams.resolved(undefined); }, function() { return streams.resolved(undefined); }, 0, null, true);
  // Whoever passes the stream on unread passes its length on.
  r.length = bytes.byteLength;
  if (used) return spend(r);
  if (bytes.byteLength > 0) streams.controllerEnqueue(r.controller, bytes);
  streams.controllerClose(r.controller);
  return r.object;
});
native.expose('streamFromSource', function(handle, used, length, signal) {
  var r = streams.createReadable(
      streams.noop,
      function() {
        var read;
        try {
          read = native.readSource(handle);
        } catch (e) { return streams.rejected(e); }
        return then.call(
            read,
            function(bytes) {
              if (r.status !== 'readable') return;
              if (bytes === null)
                streams.controllerClose(r.controller);
              else
                streams.controllerEnqueue(r.controller, bytes);
            },
            signal && function(error) { throw reasonOr(signal, error); });
      },
      function() {
        native.cancelSource(handle);
        return streams.resolved(undefined);
      },
      0, null, true);
  r.length = length;
  if (used) return spend(r);
  r.source = handle;
  return r.object;
});
web.takeSource = function(stream) {
  var r = record(stream);
  if (!r.source || r.disturbed || r.reader || r.status !== 'readable') return undefined;
  spend(r);
  return r.source;
};
native.expose('takeSource', web.takeSource);
native.expose('isDisturbed', function(stream) { return record(stream).disturbed; });
native.expose('isDisturbedOrLocked', function(stream) {
  var r = record(stream);
  return r.disturbed || r.reader !== null;
});
native.expose('teeStream', function(stream) { return streams.tee(record(stream)); });
native.expose('acquireReader', function(stream) { return streams.acquireReader(record(stream), 'ReadableStreamDefaultReader'); });
native.expose('readChunk', function(reader) {
  return then.call(streams.readerRead(reader), function(result) {
    if (!result.done) result.value = web.toResponseBytes(result.value);
    return result;
  });
});
native.expose('cancelReader', function(reader, reason) {
  if (reader.stream) streams.handled(streams.cancelStream(reader.stream, reason));
});

// Iterables of pairs for Headers: an array of arrays.
native.expose(
    'listOfPairs',
    function(iterable) { return Array.from(iterable, function(pair) { return Array.isArray(pair) ? pair : Array.from(pair); }); });
var HeadersIteratorPrototype = Object.create(edge.iteratorPrototype || Object.prototype);
Object.defineProperty(HeadersIteratorPrototype, Symbol.toStringTag, {value: 'Headers Iterator', configurable: true});
Object.defineProperty(HeadersIteratorPrototype, 'next', {
  value: function next() {
    var state = this[S];
    if (!state) throw new TypeError('Illegal invocation');
    return state.at < state.list.length ? {value: state.list[state.at++], done: false} : {value: undefined, done: true};
  },
  writable: true,
  enumerable: true,
  configurable: true
});
Object.defineProperty(Headers.prototype, Symbol.iterator, {value: Headers.prototype.entries, writable: true, configurable: true});
native.expose('headersIterator', function(list) {
  var iterator = Object.create(HeadersIteratorPrototype);
  Object.defineProperty(iterator, S, {value: {list: list, at: 0}});
  return iterator;
});

// -> [string | bytes | stream, content type, length]
native.expose('extractBody', function(init) {
  if (streams.isReadable(init)) {
    var r = record(init);
    if (r.reader) throw new TypeError('This ReadableStream is locked to a reader, and cannot be used as a body.');
    if (r.disturbed) throw new TypeError('This ReadableStream is disturbed (has already been read from), and cannot be used as a body.');
    return [init, undefined, r.length];
  }
  if (global.URLSearchParams && init instanceof URLSearchParams)
    return [init.toString(), 'application/x-www-form-urlencoded;charset=UTF-8', undefined];
  if (web.isBlob && web.isBlob(init)) return [web.blobBytes(init), init.type || undefined, undefined];
  if (web.isFormData && web.isFormData(init)) return web.encodeFormData(init);
  if (init !== null && typeof init === 'object' &&
      (typeof init[Symbol.asyncIterator] === 'function' || typeof init[Symbol.iterator] === 'function') && !(init instanceof String)) {
    return [ReadableStream.from(init), undefined, undefined];
  }
  return [String(init), 'text/plain;charset=UTF-8', undefined];
});
})
