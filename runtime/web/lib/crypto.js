// crypto: argument checks and promises around the native functions of crypto.cc.
(function(global, native, edge) {
'use strict';
var web = edge.web, define = web.streams.defineClass, K = edge.privateKey('crypto');
function brand(object, kind) {
  if (!object || object[K] !== kind) throw new TypeError('Illegal invocation');
}

function SubtleCrypto() { throw new TypeError('Illegal constructor'); }
var methods = {
  digest: function digest(algorithm, data) {
    try {
      brand(this, 'subtle');
      var name = algorithm !== null && typeof algorithm === 'object' ? algorithm.name : algorithm;
      return Promise.resolve(native.digest(String(name), data));
    } catch (e) { return Promise.reject(e); }
  },
  timingSafeEqual: function timingSafeEqual(a, b) {
    brand(this, 'subtle');
    return native.timingSafeEqual(a, b);
  }
};
['encrypt', 'decrypt', 'sign', 'verify', 'generateKey', 'deriveKey', 'deriveBits', 'importKey', 'exportKey', 'wrapKey', 'unwrapKey']
    .forEach(function(name) {
      methods[name] = function() {
        return Promise.reject(
            new DOMException('crypto.subtle.' + name + ' is not supported yet by this version of edge.', 'NotSupportedError'));
      };
      Object.defineProperty(methods[name], 'name', {value: name, configurable: true});
    });
define(SubtleCrypto, 'SubtleCrypto', methods, {});

function Crypto() { throw new TypeError('Illegal constructor'); }
var subtle = Object.create(SubtleCrypto.prototype);
Object.defineProperty(subtle, K, {value: 'subtle'});
define(
    Crypto, 'Crypto', {
      getRandomValues: function getRandomValues(view) {
        brand(this, 'crypto');
        if (!ArrayBuffer.isView(view))
          throw new TypeError("Failed to execute 'getRandomValues' on 'Crypto': parameter 1 is not of type 'ArrayBufferView'.");
        if (view instanceof Float32Array || view instanceof Float64Array || view instanceof DataView) {
          throw new DOMException('ArrayBufferView argument to getRandomValues() must be an integer-typed view.', 'TypeMismatchError');
        }
        return native.getRandomValues(view);
      },
      randomUUID: function randomUUID() {
        brand(this, 'crypto');
        return native.randomUUID();
      }
    },
    {
      subtle: function() {
        brand(this, 'crypto');
        return subtle;
      }
    });
Object.defineProperty(Crypto.prototype, 'DigestStream', {
  value: function DigestStream() { throw new Error('crypto.DigestStream is not supported yet by this version of edge.'); },
  writable: true,
  configurable: true
});
var crypto = Object.create(Crypto.prototype);
Object.defineProperty(crypto, K, {value: 'crypto'});
Object.defineProperty(global, 'crypto', {value: crypto, writable: false, enumerable: true, configurable: true});
})
