// Built-in modules and import.meta. The layers above register namespaces in edge.modules ("cloudflare:workers").
(function (global, native, edge) {
  'use strict';
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
