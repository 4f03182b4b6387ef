// console: turns values into text the way a terminal reader wants them and hands lines to the host.
(function(global, native, edge) {
'use strict';
var web = edge.web;
var depthMax = 4, itemsMax = 100, textMax = 10000;

function swap(text, from, to) { return text.indexOf(from) < 0 ? text : text.split(from).join(to); }
function quote(text) {
  var mark = text.indexOf("'") < 0 ? "'" : text.indexOf('"') < 0 ? '"' : '`';
  return mark + swap(swap(swap(swap(text, '\\', '\\\\'), '\n', '\\n'), '\r', '\\r'), '\t', '\\t') + mark;
}
function isIdentifier(key) {
  for (var i = 0; i < key.length; i++) {
    var c = key.charCodeAt(i);
    if (!(c >= 97 && c <= 122 || c >= 65 && c <= 90 || c === 95 || c === 36 || i > 0 && c >= 48 && c <= 57)) return false;
  }
  return key.length > 0;
}
function constructorName(value) {
  try {
    var prototype = Object.getPrototypeOf(value);
    if (prototype === null) return null;
    var constructor = prototype.constructor;
    return typeof constructor === 'function' && constructor.name ? constructor.name : 'Object';
  } catch (e) { return 'Object'; }
}
function join(open, parts, close) {
  var one = open + (parts.length ? ' ' + parts.join(', ') + ' ' : '') + close;
  if (one.length <= 76 && one.indexOf('\n') < 0) return one;
  return open + '\n' + parts.map(function(p) { return '  ' + swap(p, '\n', '\n  '); }).join(',\n') + '\n' + close;
}
function limited(parts, total) {
  if (total > itemsMax) parts.push('... ' + (total - itemsMax) + ' more item' + (total - itemsMax > 1 ? 's' : ''));
  return parts;
}
function properties(value, seen, depth, skipIndices) {
  var parts = [],
      keys = Object.keys(value).concat(
          Object.getOwnPropertySymbols(value).filter(function(s) { return (Object.getOwnPropertyDescriptor(value, s) || {}).enumerable; }));
  var shown = 0, total = 0;
  keys.forEach(function(key) {
    if (skipIndices && typeof key === 'string' && String(key >>> 0) === key) return;
    total++;
    if (shown >= itemsMax) return;
    shown++;
    var descriptor = Object.getOwnPropertyDescriptor(value, key);
    var name = typeof key === 'symbol' ? '[' + key.toString() + ']' : isIdentifier(key) ? key : quote(key);
    parts.push(
        name + ': ' +
        (descriptor && descriptor.get     ? (descriptor.set ? '[Getter/Setter]' : '[Getter]') :
             descriptor && descriptor.set ? '[Setter]' :
                                            inspect(value[key], seen, depth + 1)));
  });
  return limited(parts, total);
}
function inspect(value, seen, depth) {
  switch (typeof value) {
    case 'string': return depth === 0 ? value : quote(value.length > textMax ? value.slice(0, textMax) + '...' : value);
    case 'number': return Object.is(value, -0) ? '-0' : String(value);
    case 'symbol': return value.toString();
    case 'function': return '[Function' + (value.name ? ': ' + value.name : ' (anonymous)') + ']';
    case 'object': break;
    default: return String(value);
  }
  if (value === null) return 'null';
  if (seen.indexOf(value) >= 0) return '[Circular *1]';
  var name = constructorName(value);
  if (value instanceof Error || (global.DOMException && value instanceof DOMException)) {
    var text = value.stack ? String(value.stack) : String(value);
    if (value.cause !== undefined) text += '\n  [cause]: ' + inspect(value.cause, seen.concat([value]), depth + 1);
    return depth === 0 ? text : '[' + text + ']';
  }
  if (value instanceof Date) return isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (depth > depthMax) return Array.isArray(value) ? '[Array]' : '[' + (name || 'Object') + ']';
  seen = seen.concat([value]);
  var parts, i;
  if (Array.isArray(value)) {
    parts = [];
    for (i = 0; i < value.length && i < itemsMax; i++) parts.push(i in value ? inspect(value[i], seen, depth + 1) : '<empty>');
    return join(
        (name === 'Array' ? '' : name + '(' + value.length + ') ') + '[',
        limited(parts, value.length).concat(properties(value, seen, depth, true)), ']');
  }
  if (value instanceof Map) {
    parts = [];
    value.forEach(function(v, k) {
      if (parts.length < itemsMax) parts.push(inspect(k, seen, depth + 1) + ' => ' + inspect(v, seen, depth + 1));
    });
    return join('Map(' + value.size + ') {', limited(parts, value.size), '}');
  }
  if (value instanceof Set) {
    parts = [];
    value.forEach(function(v) {
      if (parts.length < itemsMax) parts.push(inspect(v, seen, depth + 1));
    });
    return join('Set(' + value.size + ') {', limited(parts, value.size), '}');
  }
  if (value instanceof ArrayBuffer) return 'ArrayBuffer { byteLength: ' + value.byteLength + ' }';
  if (ArrayBuffer.isView(value)) {
    if (value instanceof DataView) return 'DataView { byteLength: ' + value.byteLength + ' }';
    parts = [];
    for (i = 0; i < value.length && i < itemsMax; i++) parts.push(String(value[i]));
    return join(name + '(' + value.length + ') [', limited(parts, value.length), ']');
  }
  if (value instanceof Promise) return 'Promise { ' + native.promiseText(value) + ' }';
  if (value instanceof Headers) return 'Headers ' + inspect(Object.fromEntries(value.entries()), seen, depth);
  if (value instanceof URL)
    return 'URL ' +
        join('{', ['href', 'origin', 'pathname', 'search', 'hash'].map(function(k) { return k + ': ' + quote(value[k]); }), '}');
  if (value instanceof Request)
    return 'Request ' +
        join('{', ['method: ' + quote(value.method), 'url: ' + quote(value.url), 'headers: ' + inspect(value.headers, seen, depth + 1)],
             '}');
  if (value instanceof Response)
    return 'Response ' +
        join('{',
             ['status: ' + value.status, 'statusText: ' + quote(value.statusText), 'headers: ' + inspect(value.headers, seen, depth + 1)],
             '}');
  var prefix = name === 'Object' ? '' : name === null ? '[Object: null prototype] ' : name + ' ';
  return join(prefix + '{', properties(value, seen, depth, false), '}');
}
function safely(value, depth) {
  try {
    return inspect(value, [], depth);
  } catch (e) { return '[not shown: ' + String(e) + ']'; }
}

function directive(kind, value) {
  switch (kind) {
    case 's': return typeof value === 'string' ? value : safely(value, 1);
    case 'd': return String(typeof value === 'object' ? NaN : Number(value));
    case 'i': return String(parseInt(value, 10));
    case 'f': return String(parseFloat(value));
    case 'j': try { return String(JSON.stringify(value));
      } catch (e) { return '[Circular]'; }
    case 'c': return '';
    default: return safely(value, 1);
  }
}
// printf-like directives of the first argument, then the rest with spaces between.
function format(args) {
  var out = [], at = 0, pattern = args[0], text = '', from = 0, mark;
  if (typeof pattern === 'string' && args.length > 1 && (mark = pattern.indexOf('%')) >= 0) {
    for (at = 1; mark >= 0 && mark + 1 < pattern.length; mark = pattern.indexOf('%', from)) {
      var kind = pattern.charAt(mark + 1);
      text += pattern.slice(from, mark);
      from = mark + 2;
      if (kind === '%')
        text += '%';
      else if ('sdifjoOc'.indexOf(kind) < 0 || at >= args.length)
        text += '%' + kind;
      else
        text += directive(kind, args[at++]);
    }
    out.push(text + pattern.slice(from));
  }
  for (; at < args.length; at++) out.push(safely(args[at], 0));
  return out.join(' ');
}

var indent = '', counts = {}, times = {};
function print(level, text) { native.log(level, indent ? indent + swap(text, '\n', '\n' + indent) : text); }
function printer(level) {
  return function() { print(level, format(Array.prototype.slice.call(arguments))); };
}
// Levels as in WebHost: 0 debug, 1 info, 2 warn, 3 error.
var console = {
  debug: printer(0),
  log: printer(1),
  info: printer(1),
  warn: printer(2),
  error: printer(3),
  trace: function() {
    print(0, 'Trace: ' + format(Array.prototype.slice.call(arguments)) + '\n' + String(new Error().stack).split('\n').slice(2).join('\n'));
  },
  dir: function(value) { print(1, safely(value, 1)); },
  dirxml: printer(1),
  table: function(value) { print(1, safely(value, 1)); },
  group: function() {
    if (arguments.length) print(1, format(Array.prototype.slice.call(arguments)));
    indent += '  ';
  },
  groupEnd: function() { indent = indent.slice(0, -2); },
  assert:
      function(condition) {
        if (condition) return;
        var rest = Array.prototype.slice.call(arguments, 1);
        print(3, 'Assertion failed' + (rest.length ? ': ' + format(rest) : ''));
      },
  count:
      function(label) {
        label = label === undefined ? 'default' : String(label);
        counts[label] = (counts[label] || 0) + 1;
        print(1, label + ': ' + counts[label]);
      },
  countReset: function(label) { counts[label === undefined ? 'default' : String(label)] = 0; },
  time: function(label) { times[label === undefined ? 'default' : String(label)] = native.elapsedMs(); },
  timeLog:
      function(label) {
        label = label === undefined ? 'default' : String(label);
        if (label in times) print(1, label + ': ' + (native.elapsedMs() - times[label]) + 'ms');
      },
  timeEnd:
      function(label) {
        console.timeLog(label);
        delete times[label === undefined ? 'default' : String(label)];
      },
  clear: function() {}
};
console.groupCollapsed = console.group;
Object.defineProperty(global, 'console', {value: console, writable: true, enumerable: false, configurable: true});
web.inspect = function(value) { return safely(value, 1); };
native.expose('inspectError', function(value) { return value instanceof Error ? safely(value, 0) : 'Uncaught ' + safely(value, 1); });
})
