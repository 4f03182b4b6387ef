// Streams on their way to another isolate, and fetch() to another place than the network (transfer.cc).
(function(global, native, edge) {
'use strict';
var web = edge.web, streams = web.streams, S = streams.S, then = Promise.prototype.then;

// Gives the chunks of a stream to a pipe at the pace at which its reader asks for them.
function feed(record, pipe) {
  var reader = streams.acquireReader(record, 'ReadableStreamDefaultReader');
  record.disturbed = true;
  function failed(error) {
    native.failPipe(pipe);
    if (reader.stream) streams.handled(streams.cancelStream(reader.stream, error));
  }
  function next() {
    then.call(native.pipeDemand(pipe), function(wanted) {
      if (!wanted) {
        if (reader.stream) {
          streams.handled(streams.cancelStream(
              reader.stream, new Error('ReadableStream sent over RPC was canceled or released by the remote execution context.')));
        }
        return;
      }
      var sent = then.call(streams.readerRead(reader), function(result) {
        if (result.done) {
          native.endPipe(pipe);
          return;
        }
        native.putPipe(pipe, typeof result.value === 'string' ? result.value : web.toResponseBytes(result.value));
        next();
      });
      then.call(sent, undefined, failed);
    });
  }
  next();
}

native.expose('isReadableStream', streams.isReadable);
native.expose('sendStream', function(stream) {
  var record = stream[S];
  if (record.reader) throw new TypeError('The ReadableStream has been locked to a reader.');
  var source = web.takeSource(stream);
  if (source) return source;
  var pipe = native.newPipe(record.length);
  feed(record, pipe);
  return pipe;
});
})
