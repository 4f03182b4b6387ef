// Blob, File, FormData and their wire forms (multipart/form-data, application/x-www-form-urlencoded).
(function(global, native, edge) {
'use strict';
var web = edge.web, streams = web.streams, define = streams.defineClass, attach = function(object, record) {
  Object.defineProperty(object, F, {value: record});
  return object;
};
var F = edge.privateKey('form');
var encoder = new TextEncoder();
function record(object, kind) {
  var r = object === null || object === undefined ? undefined : object[F];
  if (!r || r.kind !== kind) throw new TypeError('Illegal invocation: this is not a ' + kind);
  return r;
}

// --- Blob ---
function partBytes(part) {
  if (part instanceof ArrayBuffer) return new Uint8Array(part);
  if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  if (web.isBlob(part)) return part[F].bytes;
  return encoder.encode(String(part));
}
function concat(parts) {
  var total = 0, i;
  for (i = 0; i < parts.length; i++) total += parts[i].byteLength;
  var all = new Uint8Array(total), at = 0;
  for (i = 0; i < parts.length; i++) {
    all.set(parts[i], at);
    at += parts[i].byteLength;
  }
  return all;
}
function typeOf(options) {
  var type = options && options.type !== undefined ? String(options.type) : '';
  for (var i = 0; i < type.length; i++)
    if (type.charCodeAt(i) < 0x20 || type.charCodeAt(i) > 0x7e) return '';
  return type.toLowerCase();
}
function initBlob(object, parts, options) {
  var list = parts === undefined ? [] : Array.from(parts, partBytes);
  attach(object, {kind: 'Blob', bytes: concat(list), type: typeOf(options), name: undefined, lastModified: 0});
}
function Blob(parts, options) {
  if (!(this instanceof Blob)) throw new TypeError("Class constructor Blob cannot be invoked without 'new'");
  if (parts !== undefined && (parts === null || typeof parts !== 'object' || typeof parts[Symbol.iterator] !== 'function'))
    throw new TypeError("Failed to construct 'Blob': constructor parameter 1 is not of type 'Array'.");
  initBlob(this, parts, options);
}
function blob(object) { return record(object, 'Blob'); }
function newBlob(bytes, type) {
  return attach(Object.create(Blob.prototype), {kind: 'Blob', bytes: bytes, type: type || '', name: undefined, lastModified: 0});
}
function clamp(value, size, fallback) {
  if (value === undefined) return fallback;
  value = Math.trunc(Number(value)) || 0;
  return value < 0 ? Math.max(size + value, 0) : Math.min(value, size);
}
define(
    Blob, 'Blob', {
      slice: function slice(start, end, type) {
        var b = blob(this), size = b.bytes.byteLength, from = clamp(start, size, 0), to = clamp(end, size, size);
        return newBlob(b.bytes.slice(from, Math.max(from, to)), typeOf({type: type}));
      },
      arrayBuffer: function arrayBuffer() {
        try {
          return Promise.resolve(blob(this).bytes.slice().buffer);
        } catch (e) { return Promise.reject(e); }
      },
      bytes: function bytes() {
        try {
          return Promise.resolve(blob(this).bytes.slice());
        } catch (e) { return Promise.reject(e); }
      },
      text: function text() {
        try {
          return Promise.resolve(new TextDecoder().decode(blob(this).bytes));
        } catch (e) { return Promise.reject(e); }
      },
      stream: function stream() { return new Response(blob(this).bytes).body; }
    },
    {size: function() { return blob(this).bytes.byteLength; }, type: function() { return blob(this).type; }});

function File(parts, name, options) {
  if (!(this instanceof File)) throw new TypeError("Class constructor File cannot be invoked without 'new'");
  if (arguments.length < 2)
    throw new TypeError("Failed to construct 'File': 2 arguments required, but only " + arguments.length + ' present.');
  initBlob(this, parts, options);
  this[F].name = String(name);
  this[F].lastModified = options && options.lastModified !== undefined ? Number(options.lastModified) : Date.now();
}
File.prototype = Object.create(Blob.prototype, {constructor: {value: File, writable: true, configurable: true}});
Object.setPrototypeOf(File, Blob);
define(File, 'File', {}, {name: function() { return blob(this).name; }, lastModified: function() { return blob(this).lastModified; }});
function newFile(bytes, name, type) {
  return attach(Object.create(File.prototype), {kind: 'Blob', bytes: bytes, type: type || '', name: name, lastModified: Date.now()});
}
web.isBlob = function(value) { return !!value && typeof value === 'object' && !!value[F] && value[F].kind === 'Blob'; };
web.blobBytes = function(value) { return value[F].bytes; };

// --- FormData ---
function FormData(form) {
  if (!(this instanceof FormData)) throw new TypeError("Class constructor FormData cannot be invoked without 'new'");
  if (form !== undefined) throw new TypeError("Failed to construct 'FormData': there are no form elements here");
  attach(this, {kind: 'FormData', entries: []});
}
function entries(object) { return record(object, 'FormData').entries; }
function usv(text) { return String(text).toWellFormed ? String(text).toWellFormed() : String(text); }
// A Blob without a name gets that of its field, as on the platform.
function valueOf(name, value, filename) {
  if (!web.isBlob(value)) return usv(value);
  if (value instanceof File && filename === undefined) return value;
  return newFile(value[F].bytes, filename === undefined ? usv(name) : usv(filename), value[F].type);
}
function need(list, count) {
  if (list.length < count) throw new TypeError(count + ' arguments required, but only ' + list.length + ' present.');
}
function iteratorOf(pick) {
  return function() { return entries(this).map(pick)[Symbol.iterator](); };
}
define(
    FormData, 'FormData', {
      append: function append(name, value, filename) {
        need(arguments, 2);
        entries(this).push([usv(name), valueOf(name, value, filename)]);
      },
      'delete': function(name) {
        var list = entries(this), key = usv(name);
        for (var i = list.length - 1; i >= 0; i--)
          if (list[i][0] === key) list.splice(i, 1);
      },
      get: function get(name) {
        var key = usv(name), found = entries(this).find(function(e) { return e[0] === key; });
        return found ? found[1] : null;
      },
      getAll: function getAll(name) {
        var key = usv(name);
        return entries(this).filter(function(e) { return e[0] === key; }).map(function(e) { return e[1]; });
      },
      has: function has(name) {
        var key = usv(name);
        return entries(this).some(function(e) { return e[0] === key; });
      },
      set: function set(name, value, filename) {
        need(arguments, 2);
        var list = entries(this), key = usv(name), entry = [key, valueOf(name, value, filename)],
            at = list.findIndex(function(e) { return e[0] === key; });
        if (at < 0) {
          list.push(entry);
          return;
        }
        list[at] = entry;
        for (var i = list.length - 1; i > at; i--)
          if (list[i][0] === key) list.splice(i, 1);
      },
      forEach: function forEach(callback, self) {
        if (typeof callback !== 'function') throw new TypeError('forEach needs a function');
        var list = entries(this);
        for (var i = 0; i < list.length; i++) callback.call(self, list[i][1], list[i][0], this);
      },
      keys: iteratorOf(function(e) { return e[0]; }),
      values: iteratorOf(function(e) { return e[1]; }),
      entries: iteratorOf(function(e) {
        return [e[0], e[1]];
      })
    },
    {});
Object.defineProperty(FormData.prototype, Symbol.iterator, {value: FormData.prototype.entries, writable: true, configurable: true});
web.isFormData = function(value) { return !!value && typeof value === 'object' && !!value[F] && value[F].kind === 'FormData'; };

// --- multipart ---
function swap(text, from, to) { return text.indexOf(from) < 0 ? text : text.split(from).join(to); }
// Every kind of line end becomes `to`.
function lineEnds(text, to) { return swap(swap(swap(text, '\r\n', '\n'), '\r', '\n'), '\n', to); }
function escapeName(name) { return swap(lineEnds(name, '%0D%0A'), '"', '%22'); }
function unescapeName(name) { return swap(swap(swap(name, '%22', '"'), '%0D%0A', '\r\n'), '%0d%0a', '\r\n'); }
web.encodeFormData = function(form) {
  var boundary = '----formdata-edge-' + native.randomToken(), parts = [];
  entries(form).forEach(function(entry) {
    var head = '--' + boundary + '\r\nContent-Disposition: form-data; name="' + escapeName(entry[0]) + '"';
    if (typeof entry[1] === 'string') {
      parts.push(encoder.encode(head + '\r\n\r\n' + lineEnds(entry[1], '\r\n') + '\r\n'));
    } else {
      parts.push(encoder.encode(
          head + '; filename="' + escapeName(entry[1].name) + '"\r\nContent-Type: ' + (entry[1].type || 'application/octet-stream') +
          '\r\n\r\n'));
      parts.push(entry[1][F].bytes, encoder.encode('\r\n'));
    }
  });
  parts.push(encoder.encode('--' + boundary + '--'));
  return [concat(parts), 'multipart/form-data; boundary=' + boundary, undefined];
};
// name="value" and name=value parameters of a header; `value` is its bare first part.
function parameters(header) {
  var end = header.indexOf(';'), result = {value: (end < 0 ? header : header.slice(0, end)).trim().toLowerCase()},
      at = end < 0 ? header.length : end;
  while (at < header.length) {
    var equals = header.indexOf('=', at + 1);
    if (equals < 0) break;
    var name = header.slice(at + 1, equals).trim().toLowerCase(), text = '';
    at = equals + 1;
    while (header.charAt(at) === ' ') at++;
    if (header.charAt(at) === '"') {
      for (at++; at < header.length && header.charAt(at) !== '"'; at++) {
        if (header.charAt(at) === '\\' && (header.charAt(at + 1) === '"' || header.charAt(at + 1) === '\\')) at++;
        text += header.charAt(at);
      }
      at = header.indexOf(';', at);
    } else {
      end = header.indexOf(';', at);
      text = (end < 0 ? header.slice(at) : header.slice(at, end)).trim();
      at = end;
    }
    if (!Object.prototype.hasOwnProperty.call(result, name)) result[name] = text;
    if (at < 0) break;
  }
  return result;
}
function decode(bytes) { return new TextDecoder().decode(bytes); }
function malformed(why) { return new TypeError('The body is not valid multipart/form-data: ' + why + '.'); }
function parseMultipart(bytes, boundary) {
  var form = new FormData(), list = entries(form), mark = encoder.encode('--' + boundary), at = native.indexOfBytes(bytes, mark, 0);
  if (at < 0) throw new TypeError('No initial boundary string (or you have a truncated message).');
  for (;;) {
    at += mark.byteLength;
    if (bytes[at] === 45 && bytes[at + 1] === 45) return form;
    if (bytes[at] !== 13 || bytes[at + 1] !== 10) throw malformed('a boundary is not followed by a line end');
    at += 2;
    var headEnd = native.indexOfBytes(bytes, encoder.encode('\r\n\r\n'), at);
    if (headEnd < 0) throw malformed('a part has no end of its headers');
    var headers = {};
    decode(bytes.subarray(at, headEnd)).split('\r\n').forEach(function(line) {
      var colon = line.indexOf(':');
      if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    });
    var disposition = parameters(headers['content-disposition'] || '');
    if (disposition.value !== 'form-data' || disposition.name === undefined)
      throw malformed('a part has no Content-Disposition with a name');
    var start = headEnd + 4, end = native.indexOfBytes(bytes, encoder.encode('\r\n--' + boundary), start);
    if (end < 0) throw malformed('a part does not end with the boundary');
    var name = unescapeName(disposition.name);
    var content = bytes.slice(start, end);
    if (disposition.filename !== undefined)
      list.push([name, newFile(content, unescapeName(disposition.filename), headers['content-type'] || 'application/octet-stream')]);
    else
      list.push([name, decode(content)]);
    at = end + 2;
  }
}
native.expose('bytesToFormData', function(bytes, contentType) {
  if (!contentType) throw new TypeError('Parsing a Body as FormData requires a Content-Type header.');
  var type = parameters(contentType);
  if (type.value === 'multipart/form-data') {
    if (!type.boundary)
      throw new TypeError(
          'No boundary string in Content-Type header. The multipart/form-data MIME type requires a boundary ' +
              'parameter, e.g. \'Content-Type: multipart/form-data; boundary="abcd"\'. See RFC 7578, section 4.');
    return parseMultipart(bytes, type.boundary);
  }
  if (type.value === 'application/x-www-form-urlencoded') {
    var form = new FormData(), list = entries(form);
    new URLSearchParams(decode(bytes)).forEach(function(value, name) { list.push([name, value]); });
    return form;
  }
  throw new TypeError(
      'Unrecognized Content-Type header value. FormData can only parse the following MIME types: ' +
          'multipart/form-data, application/x-www-form-urlencoded');
});
native.expose('bytesToBlob', function(bytes, contentType) { return newBlob(bytes, (contentType || '').toLowerCase()); });
})
