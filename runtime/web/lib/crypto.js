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

// --- HMAC ---

var HASHES = {'SHA-1': 64, 'SHA-256': 64, 'SHA-384': 128, 'SHA-512': 128};  // with the block size that a generated key has, in bytes
var USAGES = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'];
var ENCODED = {'SHA-1': 'HS1', 'SHA-256': 'HS256', 'SHA-384': 'HS384', 'SHA-512': 'HS512'};

function refuse(what) { throw new DOMException(what + ' is not supported yet by this version of edge.', 'NotSupportedError'); }
function nameOf(algorithm) { return String(algorithm !== null && typeof algorithm === 'object' ? algorithm.name : algorithm).toUpperCase(); }
function requireHmac(operation, algorithm) {
  if (algorithm === null || algorithm === undefined) throw new TypeError('crypto.subtle.' + operation + ' needs an algorithm');
  if (nameOf(algorithm) !== 'HMAC') refuse('crypto.subtle.' + operation + ' with ' + nameOf(algorithm));
}
function hashOf(algorithm) {
  if (algorithm.hash === undefined) throw new TypeError('HMAC needs the name of its hash: {name: "HMAC", hash: "SHA-256"}');
  var hash = nameOf(algorithm.hash);
  if (!HASHES[hash]) refuse('HMAC with ' + hash);
  return hash;
}
function bytesOf(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  throw new TypeError('The key data must be an ArrayBuffer or a view of one.');
}
function usagesOf(usages) {
  var list = Array.from(usages, String);
  list.forEach(function(usage) {
    if (USAGES.indexOf(usage) < 0) throw new TypeError('"' + usage + '" is not a key usage');
    if (usage !== 'sign' && usage !== 'verify') throw new DOMException('An HMAC key cannot be used to ' + usage + '.', 'SyntaxError');
  });
  if (list.length === 0) throw new DOMException('A secret key needs at least one usage.', 'SyntaxError');
  return USAGES.filter(function(usage) { return list.indexOf(usage) >= 0; });
}

function CryptoKey() { throw new TypeError('Illegal constructor'); }
function key(object) {
  var record = object === null || object === undefined ? undefined : object[K];
  if (!record || !record.bytes) throw new TypeError('The key must be a CryptoKey.');
  return record;
}
define(CryptoKey, 'CryptoKey', {}, {
  type: function() { key(this); return 'secret'; },
  extractable: function() { return key(this).extractable; },
  algorithm: function() { var r = key(this); return {name: 'HMAC', hash: {name: r.hash}, length: r.bytes.byteLength * 8}; },
  usages: function() { return key(this).usages.slice(); }
});
function makeKey(bytes, hash, extractable, usages) {
  if (bytes.byteLength === 0) throw new DOMException('A zero-length HMAC key is not supported.', 'DataError');
  var object = Object.create(CryptoKey.prototype);
  Object.defineProperty(object, K, {value: {bytes: bytes, hash: hash, extractable: !!extractable, usages: usagesOf(usages)}});
  return object;
}
function usable(object, operation, algorithm) {
  requireHmac(operation, algorithm);
  var record = key(object);
  if (record.usages.indexOf(operation) < 0) {
    throw new DOMException('Requested key usage "' + operation + '" does not match any usage listed in this CryptoKey.', 'InvalidAccessError');
  }
  return record;
}
function fromBase64Url(text) {
  var binary = atob(String(text).replace(edge.regexp('-', 'g'), '+').replace(edge.regexp('_', 'g'), '/'));
  return Uint8Array.from(binary, function(c) { return c.charCodeAt(0); });
}
function toBase64Url(bytes) {
  var text = btoa(String.fromCharCode.apply(null, Array.from(bytes)));
  return text.replace(edge.regexp('[+]', 'g'), '-').replace(edge.regexp('/', 'g'), '_').replace(edge.regexp('=+$', ''), '');
}
var operations = {
  importKey: function(format, data, algorithm, extractable, usages) {
    requireHmac('importKey', algorithm);
    var hash = hashOf(algorithm);
    if (format === 'raw') return makeKey(bytesOf(data), hash, extractable, usages);
    if (format !== 'jwk') refuse('crypto.subtle.importKey of an HMAC key as "' + format + '"');
    if (!data || data.kty !== 'oct' || typeof data.k !== 'string') throw new DOMException('The JSON Web Key must have kty "oct" and k.', 'DataError');
    if (data.alg !== undefined && data.alg !== ENCODED[hash]) throw new DOMException('The JSON Web Key is for ' + data.alg + ', not for ' + ENCODED[hash] + '.', 'DataError');
    return makeKey(fromBase64Url(data.k), hash, extractable, usages);
  },
  exportKey: function(format, object) {
    var record = key(object);
    if (!record.extractable) throw new DOMException('Attempt to export non-extractable HMAC key.', 'InvalidAccessError');
    if (format === 'raw') return record.bytes.slice().buffer;
    if (format !== 'jwk') refuse('crypto.subtle.exportKey of an HMAC key as "' + format + '"');
    return {kty: 'oct', k: toBase64Url(record.bytes), alg: ENCODED[record.hash], ext: true, key_ops: record.usages.slice()};
  },
  generateKey: function(algorithm, extractable, usages) {
    requireHmac('generateKey', algorithm);
    var hash = hashOf(algorithm), bits = algorithm.length === undefined ? HASHES[hash] * 8 : Number(algorithm.length);
    if (!(bits > 0) || bits % 8 !== 0 || bits > 65536) throw new DOMException('The length of an HMAC key must be a multiple of 8 bits, at most 65536.', 'OperationError');
    return makeKey(native.getRandomValues(new Uint8Array(bits / 8)), hash, extractable, usages);
  },
  sign: function(algorithm, object, data) {
    var record = usable(object, 'sign', algorithm);
    return native.hmac(record.hash, record.bytes, data);
  },
  verify: function(algorithm, object, signature, data) {
    var record = usable(object, 'verify', algorithm), given = bytesOf(signature), right = new Uint8Array(native.hmac(record.hash, record.bytes, data));
    return given.byteLength === right.byteLength && native.timingSafeEqual(given, right);
  }
};
['encrypt', 'decrypt', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'].forEach(function(name) {
  operations[name] = function() { refuse('crypto.subtle.' + name); };
});
Object.keys(operations).forEach(function(name) {
  methods[name] = function() {
    try {
      brand(this, 'subtle');
      return Promise.resolve(operations[name].apply(this, arguments));
    } catch (e) { return Promise.reject(e); }
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
