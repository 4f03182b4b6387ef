// How events reach a worker's exports, and the module "cloudflare:workers".
(function (global, native, edge) {
  'use strict';

  function base(name) {
    var constructor = function (ctx, env) {
      Object.defineProperty(this, 'ctx', { value: ctx, writable: true, enumerable: true, configurable: true });
      Object.defineProperty(this, 'env', { value: env, writable: true, enumerable: true, configurable: true });
    };
    Object.defineProperty(constructor, 'name', { value: name, configurable: true });
    return constructor;
  }
  var WorkerEntrypoint = base('WorkerEntrypoint'), DurableObject = base('DurableObject'), WorkflowEntrypoint = base('WorkflowEntrypoint');
  function RpcTarget() {}

  // The environment as a module member: readable everywhere, the same object as the handler's argument.
  var env = native.environment(edge);
  function refuse(name) {
    return function () { throw new Error('"cloudflare:workers" ' + name + ' is not supported yet by this version of edge.'); };
  }
  edge.modules['cloudflare:workers'] = Object.freeze({
    WorkerEntrypoint: WorkerEntrypoint, DurableObject: DurableObject, WorkflowEntrypoint: WorkflowEntrypoint, RpcTarget: RpcTarget, env: env,
    waitUntil: function waitUntil(promise) { native.waitUntil(promise); },
    withEnv: refuse('withEnv'), withExports: refuse('withExports'), withEnvAndExports: refuse('withEnvAndExports')
  });

  native.expose('dispatchFetch', function (exports, request, context) {
    var handler = exports['default'];
    if (typeof handler === 'function') return new handler(context, env).fetch(request);
    return handler.fetch(request, env, context);
  });
  // What a worker's default export offers: the name of the first problem, or undefined.
  native.expose('checkExports', function (exports) {
    var handler = exports['default'];
    if (handler === undefined || handler === null) return 'it has no default export';
    if (typeof handler === 'function') return typeof handler.prototype === 'object' && handler.prototype && typeof handler.prototype.fetch === 'function' ? undefined : 'its default export is a function, not an object with handlers or a class with a fetch method';
    if (typeof handler !== 'object') return 'its default export is not an object';
    return typeof handler.fetch === 'function' ? undefined : 'its default export has no fetch method';
  });
  // Where events can enter, a line each: "handler fetch", "class Counter". Looks at descriptors: no getter of the worker's runs.
  native.expose('listEntryPoints', function (exports) {
    var known = ['fetch', 'scheduled', 'queue', 'email', 'tail', 'tailStream', 'trace', 'test'], lines = [], i, names, at, found;
    try {
      for (i = 0; i < known.length; i++) {
        at = typeof exports['default'] === 'function' ? exports['default'].prototype : exports['default'];
        found = undefined;
        while (at && !(found = Object.getOwnPropertyDescriptor(at, known[i]))) at = Object.getPrototypeOf(at);
        if (found && typeof found.value === 'function') lines.push('handler ' + known[i]);
      }
      names = Object.keys(exports);
      for (i = 0; i < names.length; i++) {
        if (names[i] !== 'default' && typeof exports[names[i]] === 'function' && exports[names[i]].prototype) lines.push('class ' + names[i]);
      }
    } catch (error) { /* a proxy that refuses: what is known so far is a list too */ }
    return lines.join('\n');
  });
})
