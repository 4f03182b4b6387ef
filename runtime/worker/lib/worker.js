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

  // The environment as a module member: readable everywhere, the same object as the handler's argument.
  var env = native.environment(edge);
  function refuse(name) {
    return function () { throw new Error('"cloudflare:workers" ' + name + ' is not supported yet by this version of edge.'); };
  }
  edge.modules['cloudflare:workers'] = Object.freeze({
    WorkerEntrypoint: WorkerEntrypoint, DurableObject: DurableObject, WorkflowEntrypoint: WorkflowEntrypoint,
    RpcTarget: edge.rpc.RpcTarget, RpcStub: edge.rpc.RpcStub, RpcPromise: edge.rpc.RpcPromise, RpcProperty: edge.rpc.RpcProperty,
    ServiceStub: edge.rpc.ServiceStub, env: env, get exports() { return native.contextExports(); },
    waitUntil: function waitUntil(promise) { native.waitUntil(promise); },
    withEnv: refuse('withEnv'), withExports: refuse('withExports'), withEnvAndExports: refuse('withEnvAndExports')
  });

  // What is not an object with a fetch method: that is called from C++ (isolate_requests.cc).
  native.expose('dispatchFetch', function (exports, request, context) {
    var handler = exports['default'];
    if (typeof handler === 'function') return new handler(context, env).fetch(request);
    if (typeof handler.fetch !== 'function') throw new Error('Handler does not export a fetch() function.');
    return handler.fetch(request, env, context);
  });
  // --- cron ---
  function ScheduledController(cron, time, invocation) {
    Object.defineProperties(this, {
      cron: { value: cron, enumerable: true }, scheduledTime: { value: time, enumerable: true }, type: { value: 'scheduled', enumerable: true },
      noRetry: { value: function noRetry() { native.noRetry(invocation); } }
    });
  }
  native.expose('dispatchScheduled', function (exports, cron, time, context, invocation) {
    var handler = exports['default'], controller = new ScheduledController(cron, time, invocation);
    if (typeof handler === 'function') handler = new handler(context, env);
    if (typeof handler.scheduled !== 'function') throw new Error('Handler does not export a scheduled() function.');
    return typeof exports['default'] === 'function' ? handler.scheduled(controller) : handler.scheduled(controller, env, context);
  });
  // --- queues ---
  native.expose('dispatchQueue', function (exports, batch, context) {
    var handler = exports['default'];
    if (typeof handler === 'function') handler = new handler(context, env);
    if (typeof handler.queue !== 'function') throw new Error('Handler does not export a queue() function.');
    return typeof exports['default'] === 'function' ? handler.queue(batch) : handler.queue(batch, env, context);
  });
  // --- Durable Objects ---
  var resolve = Promise.resolve.bind(Promise), reject = Promise.reject.bind(Promise);
  native.expose('constructObject', function (exports, name, state) {
    var constructor = exports[name];
    if (typeof constructor !== 'function') throw new TypeError('The worker does not export a class named "' + name + '".');
    return new constructor(state, env);
  });
  native.expose('hasAlarmHandler', function (instance) {
    try { return typeof instance.alarm === 'function'; } catch (error) { return false; }
  });
  native.expose('callAlarm', function (instance, retries, scheduled) {
    try {
      return resolve(instance.alarm({ retryCount: retries, isRetry: retries > 0, scheduledTime: scheduled }));
    } catch (error) { return reject(error); }
  });

  function handles(handler) {
    return typeof handler === 'object' && handler !== null &&
      (typeof handler.fetch === 'function' || typeof handler.scheduled === 'function' || typeof handler.queue === 'function');
  }
  // What a worker's default export offers: the name of the first problem, or undefined.
  native.expose('checkExports', function (exports) {
    var handler = exports['default'];
    if (handler === undefined || handler === null) return 'it has no default export';
    if (typeof handler === 'function') return handles(handler.prototype) ? undefined : 'its default export is a function, not an object with handlers or a class with a fetch method';
    if (typeof handler !== 'object') return 'its default export is not an object';
    return handles(handler) ? undefined : 'its default export has neither a fetch nor a scheduled nor a queue method';
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
        if (names[i] === 'default') continue;
        if (typeof exports[names[i]] === 'function' && exports[names[i]].prototype) lines.push('class ' + names[i]);
        else if (typeof exports[names[i]] === 'object' && exports[names[i]] !== null) lines.push('object ' + names[i]);
      }
    } catch (error) { /* a proxy that refuses: what is known so far is a list too */ }
    return lines.join('\n');
  });
})
