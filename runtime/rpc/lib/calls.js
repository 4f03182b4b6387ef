// Carrying out calls that come in: what is visible of a receiver, steps one after the other, and the message for the way back
// (dispatch.cc).
(function(global, native, edge) {
'use strict';
var rpc = edge.rpc, recordOf = rpc.recordOf, then = Promise.prototype.then;

// As in C++: Receiver.
var DURABLE_OBJECT = 0, ENTRYPOINT = 1, HANDLERS = 3;
var reservedOfEntrypoints =
    ['fetch', 'connect', 'alarm', 'webSocketMessage', 'webSocketClose', 'webSocketError', 'dup', 'constructor'];
var reservedOfOthers = ['dup', 'constructor'];

function notImplemented(name) { return new TypeError('The RPC receiver does not implement the method "' + name + '".'); }
function checkReserved(name, rules) {
  var reserved = rules !== undefined ? reservedOfEntrypoints : reservedOfOthers;
  if (reserved.indexOf(name) >= 0) throw new TypeError("'" + name + "' is a reserved method and cannot be called over RPC.");
}
// What `object` shows under that name. Of instances: members of their classes; of plain objects, arrays and functions: their own.
function member(object, name, rules) {
  if (object === null || (typeof object !== 'object' && typeof object !== 'function')) throw notImplemented(name);
  var record = recordOf(object);
  if (record && record.kind === 'stub') return object[name];
  if ((rules === undefined || rules === HANDLERS) && !rpc.isTarget(object)) {
    var descriptor = Object.getOwnPropertyDescriptor(object, name);
    if (!descriptor || !descriptor.enumerable) throw notImplemented(name);
    return object[name];
  }
  if (Object.prototype.hasOwnProperty.call(object, name)) throw notImplemented(name);
  for (var at = Object.getPrototypeOf(object); at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    var found = Object.getOwnPropertyDescriptor(at, name);
    if (!found) continue;
    if (found.get) return found.get.call(object);
    if ('value' in found) return found.value;
    break;
  }
  throw notImplemented(name);
}
function checkSupport(receiver, rules) {
  var bases = edge.modules['cloudflare:workers'];
  if (rules === DURABLE_OBJECT && !(receiver instanceof bases.DurableObject)) {
    throw new TypeError(
        'The receiving Durable Object does not support RPC, because its class was not declared with `extends DurableObject`. In order to ' +
        'enable RPC, make sure your class extends the special class `DurableObject`, which can be imported from the module ' +
        '"cloudflare:workers".');
  }
  if (rules === ENTRYPOINT && !(receiver instanceof bases.WorkerEntrypoint)) {
    throw new TypeError(
        'The receiving Worker does not support RPC, because its entrypoint was not declared with `extends WorkerEntrypoint`. In order to ' +
        'enable RPC, make sure your class extends the special class `WorkerEntrypoint`, which can be imported from the module ' +
        '"cloudflare:workers".');
  }
}
// A function of an object of handlers takes one argument of the caller's, the environment and the context.
function handlerArguments(f, name, list, receiver) {
  var arity = f.length;
  if (arity > 3) {
    throw new TypeError(
        'Cannot call handler function "' + name + '" over RPC because it has the wrong number of arguments. A simple function handler can ' +
        'only be called over RPC if it has exactly the arguments (arg, env, ctx), where only the first argument comes from the client. To ' +
        'support multi-argument RPC functions, use class-based syntax (extending WorkerEntrypoint) instead.');
  }
  if (list.length !== 1) {
    throw new TypeError(
        'Attempted to call RPC function "' + name + '" with the wrong number of arguments. When calling a top-level handler function that ' +
        'is not declared as part of a class, you must always send exactly one argument. In order to support variable numbers of ' +
        'arguments, the server must use class-based syntax (extending WorkerEntrypoint) instead.');
  }
  return [list[0], receiver.env, receiver.ctx];
}
// Carries out the steps from `at` on. `argumentsOf[i]` undefined: a property is read.
function walk(receiver, rules, names, argumentsOf, at) {
  var wrapped = rules === HANDLERS ? receiver : undefined;
  if (wrapped) receiver = wrapped.handlers;
  for (; at < names.length; at++) {
    var name = names[at], value;
    receiver = rpc.revive(receiver);
    if (name === null) {
      if (typeof receiver !== 'function') throw new TypeError('"(this)" is not a function.');
      value = receiver;
    } else {
      checkReserved(name, rules);
      value = rpc.revive(member(receiver, name, rules));
    }
    if (argumentsOf[at]) {
      if (typeof value !== 'function') throw new TypeError('"' + (name === null ? '(this)' : name) + '" is not a function.');
      if (rules === HANDLERS) argumentsOf[at] = handlerArguments(value, name, argumentsOf[at], wrapped);
      // Not value.apply: of a stub that is a name on the other side.
      value = Reflect.apply(value, name === null ? undefined : receiver, argumentsOf[at]);
    }
    rules = undefined;
    receiver = value;
    if (at + 1 < names.length && argumentsOf[at])
      return then.call(Promise.resolve(value), {go(result) { return walk(result, undefined, names, argumentsOf, at + 1); }}.go);
  }
  return receiver;
}
// What the request comes to, or a promise of it. Stubs among the parameters are added to `group`.
function carryOut(receiver, rules, request, group) {
  var names = native.stepNames(request), argumentsOf = [], on = native.requestOn(request);
  for (var i = 0; i < names.length; i++) {
    var inbox = native.stepArguments(request, i);
    var list = inbox && rpc.open(inbox, group);
    if (inbox && !Array.isArray(list)) throw new DOMException('Unable to deserialize cloned data.', 'DataCloneError');
    argumentsOf.push(list);
  }
  if (on === null) throw new Error('Network connection lost.');
  if (on !== undefined)
    return then.call(on, {go(packed) { return walk(native.packedValue(packed), undefined, names, argumentsOf, 0); }}.go);
  if (rules === HANDLERS) return walk(receiver, rules, names, argumentsOf, 0);
  if (rules !== DURABLE_OBJECT && rules !== ENTRYPOINT) return walk(receiver, undefined, names, argumentsOf, 0);
  checkSupport(receiver, rules);
  return walk(receiver, rules, names, argumentsOf, 0);
}
function attempt(receiver, rules, request, group) {
  try {
    return Promise.resolve(carryOut(receiver, rules, request, group));
  } catch (error) { return Promise.reject(error); }
}
// A parameter that is part of the result goes when the call is over, but not for calls on the result: they have a handle of their own, good as
// long as somebody may make such calls.
function lease(request, group) {
  for (var i = 0; i < group.length; i++) {
    if (!group[i].disposed && group[i].sent) group[i].lease = native.lease(request, group[i].handle);
  }
}
// -> promise of the message for the way back, as a native object
native.expose('rpcDispatch', function(receiver, rules, request) {
  var group = [];
  var end = {
    pack(value) {
      // Parameters may be part of the result: they go after it has been written.
      try {
        return native.pack(value, request, group, lease);
      } finally { rpc.disposeAll(group); }
    },
    fail(error) {
      rpc.disposeAll(group);
      throw error;
    }
  };
  var packed = then.call(attempt(receiver, rules, request, group), end.pack, end.fail);
  end = null;  // it would be a cycle with what its methods close over
  native.keepResult(request, packed);
  return packed;
});
// The last stub is gone.
native.expose('rpcDisposeTarget', function(value) {
  var dispose = value[Symbol.dispose];
  if (typeof dispose === 'function') dispose.call(value);
});
})
