// The rest of the global scope, and what this version does not have: each missing global throws an error that names it when it is used.
(function(global, native, edge) {
'use strict';
function hidden(name, value) { Object.defineProperty(global, name, {value: value, writable: true, enumerable: false, configurable: true}); }
function missing(what) { return new Error(what + ' is not supported yet by this version of edge.'); }

native.expose('newSignal', edge.web.events.newSignal);
native.expose('abortRequest', function(signal) {
  edge.web.events.abort(signal, new DOMException('The client has disconnected', 'AbortError'));
});
native.expose('requireSignal', function(signal) {
  if (!(signal instanceof AbortSignal))
    throw new TypeError(
        "Incorrect type for the 'signal' field on 'RequestInitializerDict': the provided value is not of type 'AbortSignal'.");
  return signal;
});

// The engine's JSON.parse with messages that say what is wrong.
var engineParse = JSON.parse;
Object.defineProperty(JSON, 'parse', {
  value: {
    parse(text, reviver) {
      var value = native.parseJson(text);
      return typeof reviver === 'function' ? engineParse(String(text), reviver) : value;
    }
  }.parse,
  writable: true,
  enumerable: false,
  configurable: true
});

hidden('self', global);
hidden('Cloudflare', {compatibilityFlags: {}});

// Constructors that exist on the platform and not here.
['EventSource', 'HTMLRewriter', 'CompressionStream', 'DecompressionStream', 'URLPattern', 'MessageChannel',
 'MessagePort', 'BroadcastChannel', 'ExtendableEvent', 'FetchEvent', 'ScheduledEvent', 'QueueEvent']
    .forEach(function(name) {
      var constructor = function() { throw missing(name); };
      Object.defineProperty(constructor, 'name', {value: name, configurable: true});
      hidden(name, constructor);
    });
// Objects whose methods are missing.
var caches = {open: function open() { return Promise.reject(missing('The Cache API (caches.open)')); }};
Object.defineProperty(
    caches, 'default', {get: function() { throw missing('The Cache API (caches.default)'); }, enumerable: true, configurable: true});
hidden('caches', caches);
var webAssembly = {};
['compile', 'instantiate', 'validate', 'Module', 'Instance'].forEach(function(
    name) { webAssembly[name] = function() { throw new Error('WebAssembly.' + name + ' is not supported by edge.'); }; });
hidden('WebAssembly', webAssembly);
})
