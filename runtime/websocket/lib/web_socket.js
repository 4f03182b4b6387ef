// WebSocket, WebSocketPair and WebSocketRequestResponsePair. What waits, and all state that has to outlive these objects, is behind the handle
// (web_socket.cc).
(function(global, native, edge) {
'use strict';
var W = edge.privateKey('webSocket'), web = edge.web, events = web.events, then = Promise.prototype.then;
var MessageEvent = global.MessageEvent, CloseEvent = global.CloseEvent, ErrorEvent = global.ErrorEvent, Event = global.Event;
var CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;
// Kinds of what native.receive() gives.
var TEXT = 0, BINARY = 1, CLOSE = 2, LOST = 3;

function define(target, name, value) {
  Object.defineProperty(target, name, {value: value, writable: true, enumerable: false, configurable: true});
}
function members(constructor, name, methods, accessors) {
  Object.keys(methods).forEach(function(key) {
    Object.defineProperty(constructor.prototype, key, {value: methods[key], writable: true, enumerable: true, configurable: true});
  });
  Object.keys(accessors).forEach(function(key) {
    var entry = accessors[key];
    Object.defineProperty(
        constructor.prototype, key, {get: entry.get || entry, set: entry.set, enumerable: true, configurable: true});
  });
  Object.defineProperty(constructor, 'name', {value: name, configurable: true});
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, {value: name, configurable: true});
  define(global, name, constructor);
  native.uncloneable(constructor.prototype, name);
}
function needNew(self, constructor, name) {
  if (!(self instanceof constructor)) throw new TypeError("Class constructor " + name + " cannot be invoked without 'new'");
}
function record(object) {
  var r = object === null || object === undefined ? undefined : object[W];
  if (!r) throw new TypeError('Illegal invocation');
  return r;
}

// --- WebSocket ---
function init(ws, handle, url, protocol) {
  events.initTarget(ws);
  native.attach(ws, handle);
  Object.defineProperty(ws, W, {
    value: {handle: handle, url: url, protocol: protocol, extensions: '', binaryType: native.defaultBinaryType(), error: undefined, failed: false}
  });
  return ws[W];
}
function syntaxError(text) { return new DOMException('WebSocket Constructor: ' + text, 'SyntaxError'); }
var SEPARATORS = '()<>@,;:\\/[]?={}"';
function isToken(text) {
  for (var i = 0; i < text.length; i++) {
    var c = text.charCodeAt(i);
    if (c < 0x21 || c > 0x7e || SEPARATORS.indexOf(text.charAt(i)) >= 0) return false;
  }
  return text.length > 0;
}
function protocolsOf(value) {
  if (typeof value !== 'object' || value === null || typeof value[Symbol.iterator] !== 'function') {
    value = String(value);
    if (!isToken(value)) throw syntaxError('The protocol header token is invalid.');
    return value;
  }
  var list = Array.from(value, String), i;
  if (list.length === 0) throw syntaxError('The protocols array cannot be empty.');
  for (i = 0; i < list.length; i++) {
    if (!isToken(list[i])) throw syntaxError('One of the protocol header tokens is invalid.');
    if (list.indexOf(list[i]) !== i) throw syntaxError('The protocols header cannot have repeating values.');
  }
  return list.join(', ');
}
function WebSocket(url, protocols) {
  needNew(this, WebSocket, 'WebSocket');
  if (arguments.length < 1) throw new TypeError("Failed to construct 'WebSocket': 1 argument required, but only 0 present.");
  native.requireInvocation();
  var parsed;
  url = String(url);
  try {
    parsed = new URL(url);
  } catch (e) { throw syntaxError('The url is invalid.'); }
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') throw syntaxError('The url scheme must be ws or wss.');
  if (parsed.href.indexOf('#') >= 0) throw syntaxError('The url fragment must be empty.');
  var offered = protocols === undefined ? '' : protocolsOf(protocols), ws = this;
  var r = init(ws, native.newHandle(), url, '');
  then.call(
      native.connect(r.handle, (parsed.protocol === 'ws:' ? 'http:' : 'https:') + parsed.href.slice(parsed.protocol.length), offered),
      function(chosen) {
        if (!chosen) return;  // closed before it was open
        r.protocol = chosen[0];
        r.extensions = chosen[1];
        native.accept(r.handle);
        receive(ws, r);
        events.dispatch(ws, new Event('open'));
      },
      function(error) {
        if (native.isReleased(r.handle)) return;
        native.fail(r.handle);
        fail(ws, r, error);
        events.dispatch(ws, new CloseEvent('close', {code: 1006, reason: 'Failed to establish websocket connection', wasClean: false}));
      });
}
WebSocket.prototype = Object.create(EventTarget.prototype, {constructor: {value: WebSocket, writable: true, configurable: true}});
Object.setPrototypeOf(WebSocket, EventTarget);

function fail(ws, r, error) {
  if (r.failed) return;
  r.failed = true;
  r.error = error;
  events.dispatch(ws, new ErrorEvent('error', {message: 'Uncaught ' + error, error: error}));
}
// Calls the listeners for what has come in. The first that throws ends the connection, as on the platform.
function deliver(ws, r, event) {
  var thrown = events.dispatchToFirstThrow(ws, event);
  if (!thrown) return;
  native.abandon(r.handle);
  fail(ws, r, thrown.error);
}
function receive(ws, r) {
  then.call(native.receive(r.handle), function(incoming) {
    var kind = incoming[0];
    if (kind === TEXT || kind === BINARY) {
      receive(ws, r);
      deliver(ws, r, new MessageEvent('message', {data: kind === BINARY && r.binaryType === 'blob' ? new Blob([incoming[1]]) : incoming[1]}));
    } else if (kind === CLOSE) {
      // Goes on until we have closed too, or the connection is gone.
      if (!native.isClosed(r.handle)) receive(ws, r);
      deliver(ws, r, new CloseEvent('close', {code: incoming[1], reason: incoming[2], wasClean: true}));
    } else if (kind === LOST) {
      if (incoming[2])
        fail(ws, r, new Error('WebSocket protocol error: ' + incoming[1]));
      else
        events.dispatch(
            ws, new CloseEvent('close', {code: 1006, reason: 'WebSocket disconnected without sending Close frame.', wasClean: false}));
    }
  });
}

members(
    WebSocket, 'WebSocket', {
      accept: function accept() {
        var r = record(this);
        if (native.accept(r.handle)) receive(this, r);
      },
      send: function send(message) {
        var r = record(this);
        if (arguments.length < 1) {
          throw new TypeError(
              "Failed to execute 'send' on 'WebSocket': parameter 1 is not of type 'ArrayBuffer or ArrayBufferView or string'.");
        }
        if (web.isBlob(message)) message = web.blobBytes(message);
        native.send(r.handle, message instanceof ArrayBuffer || ArrayBuffer.isView(message) ? message : String(message));
      },
      close: function close(code, reason) {
        var r = record(this);
        native.close(
            r.handle, code === undefined || code === null ? undefined : Math.trunc(Number(code)) || 0,
            reason === undefined || reason === null ? undefined : String(reason), r.failed, r.error);
      },
      serializeAttachment: function serializeAttachment(attachment) {
        var r = record(this);
        if (arguments.length < 1)
          throw new TypeError("Failed to execute 'serializeAttachment' on 'WebSocket': parameter 1 is not of type 'Value'.");
        native.serializeAttachment(r.handle, attachment);
      },
      deserializeAttachment: function deserializeAttachment() { return native.deserializeAttachment(record(this).handle); }
    },
    {
      readyState: function() {
        var r = record(this);
        return r.failed ? CLOSED : native.readyState(r.handle);
      },
      url: function() { return record(this).url; },
      protocol: function() { return record(this).protocol; },
      extensions: function() { return record(this).extensions; },
      binaryType: {
        get: function() { return record(this).binaryType; },
        set: function(value) {
          var r = record(this);
          if (value === 'blob' || value === 'arraybuffer') r.binaryType = value;
        }
      }
    });
['open', 'message', 'close', 'error'].forEach(function(type) { events.handlerAttribute(WebSocket.prototype, type); });
[['CONNECTING', CONNECTING], ['OPEN', OPEN], ['CLOSING', CLOSING], ['CLOSED', CLOSED]].forEach(function(constant) {
  ['READY_STATE_' + constant[0], constant[0]].forEach(function(name) {
    Object.defineProperty(WebSocket, name, {value: constant[1], enumerable: true});
    Object.defineProperty(WebSocket.prototype, name, {value: constant[1], enumerable: true});
  });
});
native.expose('webSocketOf', function(handle, url, protocol) {
  var ws = Object.create(WebSocket.prototype);
  init(ws, handle, url, protocol);
  return ws;
});

// --- WebSocketPair ---
function WebSocketPair() {
  needNew(this, WebSocketPair, 'WebSocketPair');
  native.requireInvocation();
  var handles = native.newPair(), i;
  for (i = 0; i < 2; i++) {
    var ws = Object.create(WebSocket.prototype);
    init(ws, handles[i], null, '');
    Object.defineProperty(this, i, {value: ws, writable: true, enumerable: true, configurable: true});
  }
}
members(WebSocketPair, 'WebSocketPair', {}, {});
define(WebSocketPair.prototype, Symbol.iterator, function() { return [this[0], this[1]][Symbol.iterator](); });

// --- WebSocketRequestResponsePair ---
function WebSocketRequestResponsePair(request, response) {
  needNew(this, WebSocketRequestResponsePair, 'WebSocketRequestResponsePair');
  if (arguments.length < 2)
    throw new TypeError(
        "Failed to construct 'WebSocketRequestResponsePair': constructor parameter " + (arguments.length + 1) + " is not of type 'string'.");
  Object.defineProperty(this, W, {value: {request: String(request), response: String(response)}});
}
members(
    WebSocketRequestResponsePair, 'WebSocketRequestResponsePair', {},
    {request: function() { return record(this).request; }, response: function() { return record(this).response; }});
native.expose('requestResponseOf', function(pair) {
  return pair instanceof WebSocketRequestResponsePair && pair[W] ? [pair[W].request, pair[W].response] : undefined;
});
native.expose('newRequestResponse', function(request, response) { return new WebSocketRequestResponsePair(request, response); });
})
