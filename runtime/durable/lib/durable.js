// Critical sections and transactions of Durable Objects: the part that is made of promises.
(function (global, native, edge) {
  'use strict';
  var Promise = global.Promise, TypeError = global.TypeError, then = Promise.prototype.then, resolved = Promise.resolve;
  var getPrototypeOf = Object.getPrototypeOf;

  function requireFunction(value, method, type) {
    if (typeof value !== 'function') throw new TypeError("Failed to execute '" + method + "' on '" + type + "': parameter 1 is not of type 'function'.");
  }

  // Runs `body`, which returns a value or a promise, as an event inside of a new critical section, and then one of the others.
  function inSection(self, body, succeeded, failed) {
    var section = native.openSection(self);
    native.runInSection(self, section, function () {
      var promise;
      native.limitSection(self, section);
      try {
        promise = resolved.call(Promise, body());
      } catch (error) {
        promise = Promise.reject(error);
      }
      then.call(promise, function (value) { succeeded(value, section); }, function (error) { failed(error, section); });
    });
  }

  function blockConcurrencyWhile(callback) {
    var self = this;
    return new Promise(function (resolve, reject) {
      requireFunction(callback, 'blockConcurrencyWhile', 'DurableObjectState');
      inSection(self, function () { return callback(); }, function (value, section) {
        native.closeSection(self, section);
        resolve(value);
      }, function (error) {
        // The promise stays pending: nobody of this instance goes on.
        try { native.failSection(self, error); } catch (reset) { /* everybody who waits has been told */ }
      });
    });
  }

  function transaction(callback) {
    var self = this;
    return new Promise(function (resolve, reject) {
      var txn;
      requireFunction(callback, 'transaction', 'DurableObjectStorage');
      inSection(self, function () {
        txn = native.newTransaction(self, native.beginSavepoint(self));
        return callback(txn);
      }, function (value, section) {
        end(native.releaseSavepoint, section, resolve, value);
      }, function (error, section) {
        end(native.rollbackSavepoint, section, reject, error);
      });
      function end(how, section, settle, value) {
        var depth = txn === undefined ? 0 : native.endTransaction(txn);
        try {
          if (depth !== 0) how(self, depth);
        } catch (error) {
          settle = reject;
          value = error;
        }
        native.closeSection(self, section);
        settle(value);
      }
    });
  }

  function transactionSync(callback) {
    var depth, value;
    requireFunction(callback, 'transactionSync', 'DurableObjectStorage');
    depth = native.beginSavepoint(this);
    try {
      value = callback();
    } catch (error) {
      native.rollbackSavepoint(this, depth);
      throw error;
    }
    native.releaseSavepoint(this, depth);
    return value;
  }

  function define(prototype, method, length) {
    Object.defineProperty(prototype, method.name, { value: method, writable: true, enumerable: true, configurable: true });
    native.setLength(method, length);
  }
  define(native.statePrototype(), blockConcurrencyWhile, 1);
  define(native.storagePrototype(), transaction, 1);
  define(native.storagePrototype(), transactionSync, 1);

  // Rows and pairs come as iterators of the language, with its helpers.
  var iteratorPrototype = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));
  Object.setPrototypeOf(native.rawIteratorPrototype(), iteratorPrototype);
  Object.setPrototypeOf(native.listIteratorPrototype(), iteratorPrototype);
})
