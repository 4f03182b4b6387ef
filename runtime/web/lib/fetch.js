// fetch(): checks and settles on this side; what waits is the host's (fetch.cc).
(function(global, native, edge) {
'use strict';
var web = edge.web, events = web.events, streams = web.streams, S = streams.S, then = Promise.prototype.then, Request = global.Request;

// Sends the chunks of a request's body at the pace at which the connection takes them.
function pump(stream, operation) {
  var reader = streams.acquireReader(stream[S], 'ReadableStreamDefaultReader');
  function failed(error) {
    if (reader.stream) streams.handled(streams.cancelStream(reader.stream, error));
    native.failFetch(operation, error);
  }
  function next() {
    then.call(native.bodyDemand(operation), function(wanted) {
      if (!wanted) {
        if (reader.stream) streams.handled(streams.cancelStream(reader.stream, undefined));
        return;
      }
      var sent = then.call(streams.readerRead(reader), function(result) {
        if (result.done) {
          native.endBody(operation);
          return;
        }
        native.putBody(operation, typeof result.value === 'string' ? result.value : web.toResponseBytes(result.value));
        next();
      });
      then.call(sent, undefined, failed);
    });
  }
  next();
}

// `target`: where requests go; undefined: the network.
function start(arguments_, target) {
  if (arguments_.length === 0) {
    throw new TypeError(
        "Failed to execute 'fetch' on '" + (target ? 'Fetcher' : 'ServiceWorkerGlobalScope') +
        "': parameter 1 is not of type 'Request or string'.");
  }
  native.requireInvocation();
  var init = arguments_[1], request = new Request(arguments_[0], init === null ? undefined : init), signal = native.requestSignal(request);
  if (signal && events.isAborted(signal)) throw events.reasonOf(signal);
  var operation = native.newFetch(target), stream = native.startFetch(operation, request), promise = native.fetchPromise(operation);
  if (stream) pump(stream, operation);
  if (!signal) return promise;
  events.onAbort(
      signal, function(reason) { native.failFetch(operation, reason); }, function() { return native.isFetchOver(operation); });
  return then.call(promise, function(response) {
    native.setBodySignal(response, signal);
    return response;
  });
}

native.expose('fetchFrom', function() {
  try {
    return start(Array.prototype.slice.call(arguments, 1), arguments[0]);
  } catch (e) { return streams.rejected(e); }
});
Object.defineProperty(global, 'fetch', {
  value: function fetch() {
    try {
      return start(arguments);
    } catch (e) { return streams.rejected(e); }
  },
  writable: true,
  enumerable: false,
  configurable: true
});
})
