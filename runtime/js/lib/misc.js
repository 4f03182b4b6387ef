// Odds and ends: Proxy.revocable, structuredClone, and globals of the engine that are not the language's.
(function (global, native, edge) {
  'use strict';
  var Proxy = global.Proxy, TypeError = global.TypeError;
  var TRAPS = ['get', 'set', 'has', 'deleteProperty', 'ownKeys', 'apply', 'construct', 'defineProperty', 'getOwnPropertyDescriptor', 'getPrototypeOf',
    'setPrototypeOf', 'isExtensible', 'preventExtensions'];

  native.methods(Proxy, {
    revocable(target, handler) {
      var revoked = false, forward = {};
      if (!native.isObject(handler)) throw new TypeError('Cannot create proxy with a non-object as target or handler');
      TRAPS.forEach(function (name) {
        native.accessor(forward, name, function () {
          if (revoked) throw new TypeError("Cannot perform '" + name + "' on a proxy that has been revoked");
          var trap = handler[name];
          if (trap === undefined || trap === null) return undefined;
          return function () {
            return trap.apply(handler, arguments);
          };
        });
      });
      return {
        proxy: new Proxy(target, forward),
        revoke: ({
          revoke() {
            revoked = true;
            target = null;
          }
        }).revoke
      };
    }
  });

  native.hide(global, 'structuredClone', native.structuredClone);
  delete global.Buffer;
})
