// Built-in modules and import.meta. The layers above register namespaces in edge.modules ("cloudflare:workers").
(function (global, native, edge) {
  'use strict';
  edge.web = {};
  edge.exportStar = function exportStar(target, namespace) {
    var keys = Object.keys(namespace), i;
    function add(name) {
      Object.defineProperty(target, name, {
        enumerable: true,
        get: function () {
          return namespace[name];
        }
      });
    }
    for (i = 0; i < keys.length; i++) if (keys[i] !== 'default' && !Object.prototype.hasOwnProperty.call(target, keys[i])) add(keys[i]);
    return target;
  };
  edge.modules = Object.create(null);
  edge.importMeta = Object.create(null);
  edge.importMeta.url = 'file:///worker.js';
  edge['import'] = function (specifier) {
    var namespace = edge.modules[specifier];
    if (namespace === undefined) throw new Error('No such module "' + specifier + '".');
    return namespace;
  };
  edge.dynamicImport = function dynamicImport(specifier, bundled) {
    return edge.async(function () {
      return bundled !== undefined ? bundled : edge['import'](String(specifier));
    });
  };
})
