// The methods of a KV namespace: what their arguments mean, and what is refused with which text. Contract: contract sheet 4.
(function (global, native, edge) {
  'use strict';
  var KEY_MAX = 512, VALUE_MAX = 25 * 1024 * 1024, METADATA_MAX = 1024, KEYS_MAX = 100, LIST_MAX = 1000;
  var CACHE_TTL_MIN = 30, CACHE_TTL_DEFAULT = 60, TTL_MIN = 60;
  var then = Promise.prototype.then, reject = Promise.reject.bind(Promise), parse = JSON.parse, stringify = JSON.stringify;
  var now = Date.now, floor = Math.floor, ceil = Math.ceil, isArray = Array.isArray, text = String;
  var ReadableStream = global.ReadableStream, Response = global.Response, arrayBuffer = Response.prototype.arrayBuffer, NewMap = Map;
  var mapSet = Map.prototype.set;
  var getLocked = Object.getOwnPropertyDescriptor(ReadableStream.prototype, 'locked').get;
  var getBody = Object.getOwnPropertyDescriptor(Response.prototype, 'body').get;

  function fail(method, code, why) { throw new Error('KV ' + method + ' failed: ' + code + ' ' + why); }
  // A number as the platform's `int`.
  function toInt(value) {
    value = +value;
    if (value !== value || value === Infinity || value === -Infinity) return 0;
    value = value < 0 ? ceil(value) : floor(value);
    if (value < -2147483648 || value > 2147483647) {
      throw new TypeError('Value out of range. Must be between -2147483648 and 2147483647 (inclusive).');
    }
    return value;
  }
  function missing(method, number, type) {
    throw new TypeError("Failed to execute '" + method + "' on 'KvNamespace': parameter " + number + " is not of type '" + type + "'.");
  }
  function checkLength(method, key) {
    var length = native.byteLength(key);
    if (length > KEY_MAX) fail(method, 414, 'UTF-8 encoded length of ' + length + ' exceeds key length limit of ' + KEY_MAX + '.');
  }
  function checkKey(method, key) {
    key = text(key);
    if (key === '') throw new TypeError('Key name cannot be empty.');
    if (key === '.' || key === '..') throw new TypeError('"' + key + '" is not allowed as a key name.');
    checkLength(method, key);
    return key;
  }
  // The second argument of get and getWithMetadata.
  function readOptions(options) {
    var read = { type: 'text', cacheTtl: undefined }, type, cacheTtl;
    if (options === undefined || options === null) return read;
    if (typeof options !== 'object' && typeof options !== 'function') {
      read.type = text(options);
      return read;
    }
    type = options.type;
    cacheTtl = options.cacheTtl;
    if (type !== undefined && type !== null) read.type = text(type);
    if (cacheTtl !== undefined) read.cacheTtl = toInt(cacheTtl);
    return read;
  }
  function cacheTtlOf(method, options) {
    if (options.cacheTtl === undefined) return CACHE_TTL_DEFAULT;
    if (options.cacheTtl < CACHE_TTL_MIN) {
      fail(method, 400, 'Invalid cache_ttl of ' + options.cacheTtl + '. Cache TTL must be at least ' + CACHE_TTL_MIN + '.');
    }
    return options.cacheTtl;
  }
  function metadataOf(json) { return json === undefined ? null : parse(json); }
  // What was found: {value, metadata}, the value as the native gave it; undefined: nothing.
  function convert(value, type) {
    if (value === undefined) return null;
    if (type === 'text' || type === 'arrayBuffer') return value;
    if (type === 'json') return parse(value);
    if (type === 'stream') return getBody.call(new Response(value));
    throw new TypeError('Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".');
  }
  function wantsText(type) { return type !== 'arrayBuffer' && type !== 'stream'; }

  function getOne(self, key, options, withMetadata) {
    var ttl;
    key = checkKey('GET', key);
    options = readOptions(options);
    ttl = cacheTtlOf('GET', options);
    return then.call(native.kvGet(self, [key], ttl, wantsText(options.type)), function (found) {
      var value = convert(found[0], options.type);
      return withMetadata ? { value: value, metadata: metadataOf(found[1]), cacheStatus: null } : value;
    });
  }
  function getMany(self, list, options, withMetadata) {
    var method = 'GET_BULK', keys = [], i, ttl, seen = new NewMap();
    options = readOptions(options);
    if (options.type !== 'text' && options.type !== 'json') fail(method, 400, '"' + options.type + '" is not a valid type. Use "json" or "text"');
    if (list.length > KEYS_MAX) fail(method, 400, 'You can request a maximum of ' + KEYS_MAX + ' keys');
    if (list.length < 1) fail(method, 400, 'You must request a minimum of 1 key');
    for (i = 0; i < list.length; i++) {
      keys[i] = text(list[i]);
      if (keys[i] === '') fail(method, 400, 'Key names must not be empty');
      if (keys[i] === '.' || keys[i] === '..') fail(method, 400, 'Illegal key name "' + keys[i] + '". Please use a different name.');
      checkLength(method, keys[i]);
    }
    ttl = cacheTtlOf(method, options);
    return then.call(native.kvGet(self, keys, ttl, true), function (found) {
      var i, value, bytes = 0;
      for (i = 0; i < keys.length; i++) {
        value = found[2 * i];
        if (value === undefined) {
          mapSet.call(seen, keys[i], null);
          continue;
        }
        bytes += native.byteLength(value);
        if (options.type === 'json') {
          try {
            value = parse(value);
          } catch (error) { fail(method, 400, 'At least one of the requested keys corresponds to a non-json value'); }
        }
        mapSet.call(seen, keys[i], withMetadata && value !== null ? { value: value, metadata: metadataOf(found[2 * i + 1]) } : value);
      }
      if (bytes > VALUE_MAX) fail(method, 413, 'Total size of request exceeds the limit of ' + VALUE_MAX / 1024 / 1024 + 'MB');
      return seen;
    });
  }

  function expirationOf(options) {
    var ttl = options.expirationTtl, at = options.expiration, second = floor(now() / 1000);
    if (ttl !== undefined) ttl = toInt(ttl);
    if (at !== undefined) at = toInt(at);
    if (ttl !== undefined) {
      if (ttl <= 0) fail('PUT', 400, 'Invalid expiration_ttl of ' + ttl + '. Please specify integer greater than 0.');
      if (ttl < TTL_MIN) fail('PUT', 400, 'Invalid expiration_ttl of ' + ttl + '. Expiration TTL must be at least ' + TTL_MIN + '.');
      return second + ttl;
    }
    if (at === undefined) return undefined;
    if (at <= second) {
      fail('PUT', 400, 'Invalid expiration of ' + at + '. Please specify integer greater than the current number of seconds since the UNIX epoch.');
    }
    if (at < second + TTL_MIN) fail('PUT', 400, 'Invalid expiration of ' + at + '. Expiration times must be at least ' + TTL_MIN + ' seconds in the future.');
    return at;
  }
  function metadataText(options) {
    var json, length;
    if (options.metadata === undefined) return undefined;
    json = stringify(options.metadata);
    // As the platform answers to what JSON has no text for.
    if (json === undefined) fail('PUT', 500, 'Internal Server Error');
    length = native.byteLength(json);
    if (length > METADATA_MAX) fail('PUT', 413, 'Metadata length of ' + length + ' exceeds limit of ' + METADATA_MAX + '.');
    return json;
  }
  function putValue(self, key, value, expiration, metadata) {
    var length = native.byteLength(value);
    if (length > VALUE_MAX) fail('PUT', 413, 'Value length of ' + length + ' exceeds limit of ' + VALUE_MAX + '.');
    return native.kvPut(self, key, value, expiration, metadata);
  }

  function method(name, body) {
    native.expose(name, function () {
      try {
        return body.apply(undefined, arguments);
      } catch (error) { return reject(error); }
    });
  }
  // `count`: how many arguments the caller gave.
  method('kvGet', function (self, count, key, options) {
    if (count < 1) missing('get', 1, 'string or Array');
    return isArray(key) ? getMany(self, key, options, false) : getOne(self, key, options, false);
  });
  method('kvGetWithMetadata', function (self, count, key, options) {
    if (count < 1) missing('getWithMetadata', 1, 'Array or string');
    return isArray(key) ? getMany(self, key, options, true) : getOne(self, key, options, true);
  });
  method('kvPut', function (self, count, key, value, options) {
    var expiration, metadata;
    if (count < 1) missing('put', 1, 'string');
    if (count < 2) missing('put', 2, 'string or Object');
    key = checkKey('PUT', key);
    if (options !== undefined && options !== null) {
      if (typeof options !== 'object' && typeof options !== 'function') missing('put', 3, 'PutOptions');
      expiration = expirationOf(options);
      metadata = metadataText(options);
    }
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return putValue(self, key, text(value), expiration, metadata);
    if (value instanceof ReadableStream) {
      if (getLocked.call(value)) throw new TypeError('The ReadableStream has been locked to a reader.');
      return then.call(arrayBuffer.call(new Response(value)), function (bytes) { return putValue(self, key, bytes, expiration, metadata); });
    }
    if (!native.isBytes(value)) {
      throw new TypeError('KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.');
    }
    return putValue(self, key, value, expiration, metadata);
  });
  method('kvDelete', function (self, count, key) {
    if (count < 1) missing('delete', 1, 'string');
    return native.kvDelete(self, checkKey('DELETE', key));
  });
  method('kvList', function (self, count, options) {
    var limit = LIST_MAX, prefix = '', cursor = '', given;
    if (options !== undefined && options !== null) {
      if (typeof options !== 'object' && typeof options !== 'function') missing('list', 1, 'ListOptions');
      if (options.limit !== undefined && (given = toInt(options.limit)) > 0) limit = given;
      given = options.prefix;
      if (given !== undefined && given !== null) prefix = text(given);
      given = options.cursor;
      if (given !== undefined && given !== null) cursor = text(given);
    }
    if (limit > LIST_MAX) fail('GET', 400, 'Invalid key_count_limit of ' + limit + '. Please specify an integer less than ' + LIST_MAX + '.');
    checkLength('GET', prefix);
    // Of the page: the cursor or undefined, then name, expiration, metadata of each key.
    return then.call(native.kvList(self, prefix, cursor, limit), function (page) {
      var keys = [], i, entry;
      for (i = 1; i < page.length; i += 3) {
        entry = { name: page[i] };
        if (page[i + 1] !== undefined) entry.expiration = page[i + 1];
        if (page[i + 2] !== undefined) entry.metadata = parse(page[i + 2]);
        keys.push(entry);
      }
      if (page[0] === undefined) return { keys: keys, list_complete: true, cacheStatus: null };
      return { keys: keys, list_complete: false, cursor: page[0], cacheStatus: null };
    });
  });
})
