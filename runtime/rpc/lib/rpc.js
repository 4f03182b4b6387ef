// Stubs, promises that can be called further, and what messages may hold beside bytes (rpc.cc, transfer.cc).
//
// A stub, a promise of a call and a property are Proxies. The target of each holds a record under S; its own and inherited members are this
// side's, every other name is the other side's:
//   {kind: 'stub', handle, disposed}              calls start here
//   {kind: 'promise', handle, disposed, inner}    the handle refers to the call's result, so calls on it need not wait for it
//   {kind: 'property', base: record, names}       what `base` has under these names; read when it is awaited, called when it is called
// When a handle goes, somebody elsewhere may be disposed of: nothing here may keep one in a cycle, which only the collector would find. (A
// function expression is a cycle with its prototype; a method is not.)
(function(global, native, edge) {
'use strict';
var web = edge.web, streams = web.streams, S = edge.privateKey('rpc'), then = Promise.prototype.then;
var DISPOSED = {stub: 'RPC stub used after being disposed.', promise: 'RPC promise used after being disposed.'};

native.RpcTarget = native.targetClass();

// Names in a row on one base.
var PATH_MAX = 64;

function illegal() { return new TypeError('Illegal invocation'); }
function has(object, name) { return Object.prototype.hasOwnProperty.call(object, name); }
function recordOf(value) {
  return value !== null && (typeof value === 'object' || typeof value === 'function') ? value[S] : undefined;
}
function thisRecord(object, kind) {
  var record = recordOf(object);
  if (!record || record.kind !== kind) throw illegal();
  return record;
}
// What only an index could name is not asked of the other side.
function isIndex(name) {
  var number = name >>> 0;
  return String(number) === name && number !== 4294967295;
}

// --- sending ---
// -> record of a promise
function send(record, names, arguments_) {
  var base = record.kind === 'property' ? record.base : record;
  if (record.kind === 'property') names = record.names.concat(names);
  var call = {kind: 'promise', handle: null, disposed: false, inner: null, awaited: false, group: null};
  try {
    if (base.disposed) throw new Error(DISPOSED[base.kind]);
    call.handle = native.send(base.handle, names, arguments_);
    call.inner = then.call(native.promiseOf(call.handle), {open(inbox) { return openResult(inbox, call); }}.open);
  } catch (error) { call.inner = Promise.reject(error); }
  return call;
}
function disposeAll(group) {
  for (var i = 0; i < group.length; i++) disposeRecord(group[i]);
}
function disposeRecord(record) {
  if (record.disposed) return;
  record.disposed = true;
  if (record.handle) native.drop(record.handle);
}
function disposer(group) { return {dispose() { disposeAll(group); }}.dispose; }
// What came back, with a way to dispose of all that is in it.
function openResult(inbox, call) {
  var group = [], value;
  try {
    value = native.open(inbox, group);
  } catch (error) {
    disposeAll(group);
    throw error;
  }
  var record = recordOf(value);
  // A stub's own members are those of the Proxy's target, which assignments reach.
  if (record && typeof value === 'object')
    value[Symbol.dispose] = disposer(group);
  else if (!record && value !== null && typeof value === 'object') {
    Object.defineProperty(value, Symbol.dispose, {value: disposer(group), writable: true, enumerable: false, configurable: true});
  }
  call.group = group;
  // Nothing can be called on it: whom it was asked of is not held on to.
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) native.drop(call.handle);
  if (call.disposed && !call.awaited) disposeAll(group);
  return value;
}
// The handle of a stub that may be used, or of one that is part of a result on which calls are carried out (calls.js).
function liveHandle(record) {
  var handle = record.disposed ? record.lease : record.handle;
  if (!handle) throw new Error(DISPOSED.stub);
  return handle;
}
// A stub in the place of one that was disposed of as a parameter.
function revive(value) {
  var record = recordOf(value);
  return record && record.kind === 'stub' && record.disposed && record.lease ? makeStub(liveHandle(record), record.isService) : value;
}
function innerOf(record) {
  if (record.kind !== 'promise') return send(record, [], undefined).inner;
  record.awaited = true;
  return record.inner;
}

// --- the classes ---
function define(constructor, name, tag, members) {
  var prototype = constructor.prototype;
  for (var key in members)
    Object.defineProperty(prototype, key, {value: members[key], writable: true, enumerable: true, configurable: true});
  Object.defineProperty(constructor, 'name', {value: name, configurable: true});
  Object.defineProperty(prototype, Symbol.toStringTag, {value: tag, writable: true, configurable: true});
  native.uncloneable(prototype, name);
}
function addDispose(constructor, method) {
  Object.defineProperty(
      constructor.prototype, Symbol.dispose, {value: method, writable: true, enumerable: false, configurable: true});
}
var promiseMembers = {
  then: function(fulfilled, rejected) { return then.call(innerOf(promiseRecord(this)), fulfilled, rejected); },
  'catch': function(rejected) { return then.call(innerOf(promiseRecord(this)), undefined, rejected); },
  'finally': function(callback) { return Promise.prototype['finally'].call(innerOf(promiseRecord(this)), callback); }
};
function promiseRecord(object) {
  var record = recordOf(object);
  if (!record || record.kind === 'stub') throw illegal();
  return record;
}

function RpcPromise() { throw new TypeError('Illegal constructor'); }
define(RpcPromise, 'RpcPromise', 'JsRpcPromise', promiseMembers);
// Calls on it are not possible any more; if nobody has waited for the result, what it holds is disposed of as well.
addDispose(RpcPromise, function() {
  var record = thisRecord(this, 'promise');
  disposeRecord(record);
  if (record.group && !record.awaited) disposeAll(record.group);
});

function RpcProperty() { throw new TypeError('Illegal constructor'); }
define(RpcProperty, 'RpcProperty', 'JsRpcProperty', promiseMembers);

// new RpcStub(target): of a value of this isolate.
function RpcStub(target) {
  if (!(this instanceof RpcStub)) {
    throw new TypeError(
        "Failed to construct 'JsRpcStub': Please use the 'new' operator, this object constructor cannot be called as a function.");
  }
  if (target === null || (typeof target !== 'object' && typeof target !== 'function'))
    throw new TypeError("Failed to construct 'JsRpcStub': constructor parameter 1 is not of type 'Object'.");
  if (recordOf(target) || (typeof target === 'object' && !native.isTarget(target) && Object.getPrototypeOf(target) !== Object.prototype))
    throw new TypeError('RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives.');
  return makeStub(native.exportLocal(target), false);
}
define(RpcStub, 'RpcStub', 'JsRpcStub', {
  dup: function dup() {
    var record = thisRecord(this, 'stub');
    if (record.disposed) throw new Error(DISPOSED.stub);
    return makeStub(native.dup(record.handle), false);
  }
});
addDispose(RpcStub, function() { disposeRecord(thisRecord(this, 'stub')); });

// A stub whose fetch() is HTTP: of a worker, or a Durable Object.
function ServiceStub() { throw new TypeError('Illegal constructor'); }
define(ServiceStub, 'ServiceStub', 'Fetcher', {
  fetch: native.fetch,
  connect: function connect() { throw new Error('connect() on a stub is not supported yet by this version of edge.'); }
});

// ... of a Durable Object, as this side has made it from an id.
function DurableObject() { throw new TypeError('Illegal constructor'); }
DurableObject.prototype = Object.create(
    ServiceStub.prototype, {constructor: {value: DurableObject, writable: true, enumerable: false, configurable: true}});
define(DurableObject, 'DurableObject', 'DurableObject', {});

// --- proxies ---
// What native.stubGet has not found on this side: a property of the other side.
native.expose('rpcRemoteProperty', function(target, name) {
  var record = target[S];
  if ((name === 'then' && record.kind === 'stub') || isIndex(name)) return undefined;
  if (record.kind === 'property' && record.names.length >= PATH_MAX)
    throw new TypeError('RPC pipelined property path is too deep (max ' + PATH_MAX + ').');
  return record.kind === 'property' ? makeProperty(record.base, record.names.concat(name)) : makeProperty(record, [name]);
});
function contains(target, name) { return name in target || (typeof name === 'string' && !(name === 'then' && target[S].kind === 'stub')); }
// `s.f(...list)`, `s.f?.(x)` and `f(...list)` are lowered to `s.f.apply(s, list)`, `s.f.call(s, x)` and `f.apply(void 0, list)`: calls of `s.f`
// and `f`, not of properties of them. -> {record, list}, or undefined: it is no such call
function loweredCall(record, arguments_) {
  if (record.kind !== 'property') return undefined;
  var names = record.names, how = names[names.length - 1];
  if (how !== 'apply' && how !== 'call') return undefined;
  var list = how === 'call' ? Array.prototype.slice.call(arguments_, 1) : arguments_[1];
  if (!Array.isArray(list)) return undefined;
  if (names.length === 1) return how === 'apply' && arguments_[0] === undefined ? {record: record.base, list: list} : undefined;
  var self = recordOf(arguments_[0]), owner = names.slice(0, -2);
  if (!self || (owner.length === 0 ? self !== record.base : self.base !== record.base || self.names.join() !== owner.join())) return undefined;
  return {record: {kind: 'property', base: record.base, names: names.slice(0, -1)}, list: list};
}
var objectHandler = {get: native.stubGet, has: contains};
var functionHandler = {
  get: native.stubGet,
  has: contains,
  apply: function(target, self, arguments_) {
    var call = loweredCall(target[S], arguments_) || {record: target[S], list: arguments_};
    return makePromise(send(call.record, [], Array.prototype.slice.call(call.list)));
  }
};
function proxy(prototype, record, handler) {
  var target = handler.apply ? native.newFunction() : {};
  Object.setPrototypeOf(target, prototype);
  Object.defineProperty(target, S, {value: record});
  return new Proxy(target, handler);
}
function makeStub(handle, isService) {
  var record = {kind: 'stub', handle: handle, disposed: false, isService: isService};
  return isService ? proxy(ServiceStub.prototype, record, objectHandler) : proxy(RpcStub.prototype, record, functionHandler);
}
// A stub that is good in every context and cannot be disposed of: `open(target)` gives a handle for each use. `call`: what calling it does.
function makeBinding(target, open, call) {
  var record = {kind: 'stub', isService: true};
  Object.defineProperties(record, {
    handle: {get: function() { return open(target); }},
    disposed: {get: function() { return false; }, set: function() {}}
  });
  if (!call) return proxy(ServiceStub.prototype, record, objectHandler);
  return proxy(ServiceStub.prototype, record, {
    get: native.stubGet,
    has: contains,
    apply: function(target, self, arguments_) { return call(arguments_[0]); }
  });
}
function makePromise(record) { return proxy(RpcPromise.prototype, record, functionHandler); }
function makeProperty(base, names) {
  return proxy(RpcProperty.prototype, {kind: 'property', base: base, names: names}, functionHandler);
}
native.serviceStubs(ServiceStub.prototype, DurableObject.prototype, objectHandler, S);
native.expose('rpcMakeStub', makeStub);
// A stub that came in a message: disposed of with its group.
native.expose('rpcReceiveStub', function(handle, isService, group) {
  var stub = makeStub(handle, isService);
  group.push(stub[S]);
  return stub;
});

// --- what messages may hold ---
// A WritableStream is called from elsewhere like an RpcTarget.
function makeSink(stream) {
  var writer = stream.getWriter(), sink = new native.RpcTarget();
  Object.setPrototypeOf(sink, Sink.prototype);
  Object.defineProperty(sink, S, {value: {kind: 'sink', writer: writer, ended: false}});
  return sink;
}
function Sink() {}
function sinkMethod(ends, f) {
  return function(argument) {
    var record = thisRecord(this, 'sink');
    if (ends) record.ended = true;
    return f(record.writer, argument);
  };
}
Sink.prototype.write = sinkMethod(false, function(writer, chunk) {
  return then.call(writer.ready, function() { return writer.write(chunk); });
});
Sink.prototype.close = sinkMethod(true, function(writer) { return writer.close(); });
Sink.prototype.abort = sinkMethod(true, function(writer, reason) { return writer.abort(reason); });
Object.defineProperty(Sink.prototype, Symbol.dispose, {
  value: function() {
    var record = thisRecord(this, 'sink');
    if (record.ended) return;
    record.ended = true;
    streams.handled(record.writer.abort(new Error('WritableStream received over RPC was disposed before it was closed.')));
  }
});
native.expose('rpcReceiveWritable', function(handle) {
  var record = {kind: 'stub', handle: handle, disposed: false};
  function call(name, arguments_) { return send(record, [name], arguments_).inner; }
  function end(promise) {
    return Promise.prototype['finally'].call(promise, function() { disposeRecord(record); });
  }
  return new WritableStream({
    write: function(chunk) {
      // Ownership of bytes does not move: the message has a copy.
      return call('write', [typeof chunk === 'string' ? new TextEncoder().encode(chunk) : web.toBodyBytes(chunk)]);
    },
    close: function() { return end(call('close', [])); },
    abort: function(reason) { return end(call('abort', [reason])); }
  });
});

// -> [what it is, value]; undefined: nothing that travels beside the bytes. 1: a handle, 2: to be called from here, 3: a sink, 4: a stream.
native.expose('rpcDescribe', function(value) {
  var record = recordOf(value);
  if (record && record.kind === 'stub') {
    record.sent = true;
    return [1, liveHandle(record)];
  }
  if (record && (record.kind === 'promise' || record.kind === 'property')) {
    throw new DOMException(
        'Could not serialize object of type "' + (record.kind === 'promise' ? 'RpcPromise' : 'RpcProperty') +
            '". This type does not support serialization.',
        'DataCloneError');
  }
  if (typeof value === 'function' || native.isTarget(value)) return [2, value];
  if (streams.isReadable(value)) return [4, value];
  if (value[streams.S] && value[streams.S].kind === 'WritableStream') {
    if (value.locked) throw new TypeError('The WritableStream has been locked to a writer.');
    return [3, makeSink(value)];
  }
  return undefined;
});

// For "cloudflare:workers" and calls.js.
edge.rpc = {
  recordOf: recordOf,
  disposeAll: disposeAll,
  revive: revive,
  open: native.open,
  isTarget: native.isTarget,
  makeBinding: makeBinding,
  RpcTarget: native.RpcTarget,
  RpcStub: RpcStub,
  RpcPromise: RpcPromise,
  RpcProperty: RpcProperty,
  ServiceStub: ServiceStub
};
})
