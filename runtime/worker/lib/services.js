// Other workers as JavaScript sees them (service_binding.cc): the services in `env`, ctx.exports, and receivers of calls.
(function (global, native, edge) {
  'use strict';
  var module = edge.modules['cloudflare:workers'], env = module.env, names = native.serviceNames(), known;
  // As in C++: rpc::Receiver.
  var ENTRYPOINT = 1, HANDLERS = 3;

  for (var i = 0; i < names.length; i++) env[names[i]] = edge.rpc.makeBinding(native.serviceBinding(i), native.openService);

  function isClass(value) { return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null; }
  // A stub of an export of this worker; called with {props} it is one with those.
  function loopback(name) {
    return edge.rpc.makeBinding(native.loopback(name), native.openService, function (options) {
      if (options === null || (typeof options !== 'object' && typeof options !== 'function')) {
        throw new TypeError("Failed to execute '(called as function)' on 'LoopbackServiceStub': parameter 1 is not of type 'Options'.");
      }
      return edge.rpc.makeBinding(native.loopback(name, options.props), native.openService);
    });
  }
  native.expose('contextExports', function (exports) {
    if (known) return known;
    var classes = native.ownClasses(), found = {}, all = Object.keys(exports), at, value;
    for (var i = 0; i < all.length; i++) {
      value = exports[all[i]];
      at = classes.indexOf(all[i]);
      // A class of objects that no migration creates has no objects.
      if (at >= 0) found[all[i]] = native.namespaceOf(at);
      else if (all[i] === 'default' || (isClass(value) && value.prototype instanceof module.WorkerEntrypoint) || (typeof value === 'object' && value !== null)) found[all[i]] = loopback(all[i]);
    }
    return known = found;
  });

  function entrypoint(exports, name) {
    var value = exports[name || 'default'];
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
      throw new TypeError('The worker has no entrypoint named "' + (name || 'default') + '".');
    }
    return value;
  }
  // -> [receiver, rules]
  native.expose('makeReceiver', function (exports, context, name) {
    var value = entrypoint(exports, name);
    return typeof value === 'function' ? [new value(context, env), ENTRYPOINT] : [{ handlers: value, env: env, ctx: context }, HANDLERS];
  });
  // -> promise
  native.expose('dispatchEntrypoint', function (exports, request, context, name) {
    try {
      var value = entrypoint(exports, name), instance = typeof value === 'function' ? new value(context, env) : value;
      if (typeof instance.fetch !== 'function') throw new Error('Handler does not export a fetch() function.');
      return Promise.resolve(typeof value === 'function' ? instance.fetch(request) : instance.fetch(request, env, context));
    } catch (error) { return Promise.reject(error); }
  });
})
