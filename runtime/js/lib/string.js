// String: what ES2015 to ES2024 added. Those that take a RegExp are in regexp.js.
(function (global, native, edge) {
  'use strict';
  var String = global.String, TypeError = global.TypeError, RangeError = global.RangeError, min = Math.min, max = Math.max;
  var SPACE = '\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff';
  var trim = String.prototype.trim;

  function textOf(value, name) {
    if (value === null || value === undefined) throw new TypeError('String.prototype.' + name + ' called on null or undefined');
    if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
    return String(value);
  }
  function noRegExp(value, name) {
    if (native.isRegExp(value)) throw new TypeError('First argument to String.prototype.' + name + ' must not be a regular expression');
    return String(value);
  }
  function repeat(text, count) {
    var result = '';
    while (count > 0) {
      if (count & 1) result += text;
      count = Math.floor(count / 2);
      if (count) text += text;
    }
    return result;
  }
  function padding(text, length, filler) {
    var missing;
    filler = filler === undefined ? ' ' : String(filler);
    missing = native.toLength(length) - text.length;
    if (missing <= 0 || filler === '') return '';
    if (missing > 0x1fffffff) throw new RangeError('Invalid string length');
    return repeat(filler, Math.ceil(missing / filler.length)).slice(0, missing);
  }

  // Where the text or what is looked for is no string, or a position is given (text.cc has the rest).
  native.expose('startsWith', {startsWith(search) {
    var text = textOf(this, 'startsWith'), start;
    search = noRegExp(search, 'startsWith');
    start = max(min(native.toInteger(arguments[1]), text.length), 0);
    return text.substring(start, start + search.length) === search;
  }}.startsWith);
  native.expose('endsWith', {endsWith(search) {
    var text = textOf(this, 'endsWith'), end;
    search = noRegExp(search, 'endsWith');
    end = arguments[1] === undefined ? text.length : max(min(native.toInteger(arguments[1]), text.length), 0);
    return end >= search.length && text.substring(end - search.length, end) === search;
  }}.endsWith);

  native.methods(String.prototype, {
    at(index) {
      var text = textOf(this, 'at');
      index = native.toInteger(index);
      if (index < 0) index += text.length;
      return index < 0 || index >= text.length ? undefined : text.charAt(index);
    },
    includes(search) {
      var text = textOf(this, 'includes');
      return text.indexOf(noRegExp(search, 'includes'), arguments[1]) >= 0;
    },
    startsWith: native.startsWith,
    endsWith: native.endsWith,
    padStart(length) {
      var text = textOf(this, 'padStart');
      return padding(text, length, arguments[1]) + text;
    },
    padEnd(length) {
      var text = textOf(this, 'padEnd');
      return text + padding(text, length, arguments[1]);
    },
    repeat(count) {
      var text = textOf(this, 'repeat');
      count = native.toInteger(count);
      if (count < 0 || count === Infinity) throw new RangeError('Invalid count value: ' + count);
      if (text === '') return '';
      if (count * text.length > 0x1fffffff) throw new RangeError('Invalid string length');
      return repeat(text, count);
    },
    trim() {
      return trim.call(textOf(this, 'trim'));
    },
    trimStart() {
      var text = textOf(this, 'trimStart'), i = 0;
      while (i < text.length && SPACE.indexOf(text.charAt(i)) >= 0) i++;
      return text.slice(i);
    },
    trimEnd() {
      var text = textOf(this, 'trimEnd'), i = text.length;
      while (i > 0 && SPACE.indexOf(text.charAt(i - 1)) >= 0) i--;
      return text.slice(0, i);
    },
    normalize() {
      var text = textOf(this, 'normalize');
      return native.normalize(text, arguments[0] === undefined ? 'NFC' : String(arguments[0]));
    },
    isWellFormed() {
      return native.isWellFormed(textOf(this, 'isWellFormed'));
    },
    toWellFormed() {
      return native.toWellFormed(textOf(this, 'toWellFormed'));
    },
    codePointAt(position) {
      var text = textOf(this, 'codePointAt'), first, second;
      position = native.toInteger(position);
      if (position < 0 || position >= text.length) return undefined;
      first = text.charCodeAt(position);
      if (first < 0xd800 || first > 0xdbff || position + 1 === text.length) return first;
      second = text.charCodeAt(position + 1);
      return second < 0xdc00 || second > 0xdfff ? first : (first - 0xd800) * 0x400 + (second - 0xdc00) + 0x10000;
    },
    localeCompare(other, locales, options) {
      return native.collate(textOf(this, 'localeCompare'), String(other), native.collationOptions(locales, options));
    }
  });
  native.hide(String.prototype, 'trimLeft', String.prototype.trimStart);
  native.hide(String.prototype, 'trimRight', String.prototype.trimEnd);

  native.methods(String, {
    raw(template) {
      var raw = Object(template.raw), length = native.toLength(raw.length), pieces = [], i;
      for (i = 0; i < length; i++) {
        pieces.push(String(raw[i]));
        if (i + 1 < length && i + 1 < arguments.length) pieces.push(String(arguments[i + 1]));
      }
      return pieces.join('');
    },
    fromCodePoint(codePoint) {
      var pieces = [], i, value;
      for (i = 0; i < arguments.length; i++) {
        value = +arguments[i];
        if (!(value >= 0 && value <= 0x10ffff) || value !== Math.floor(value)) throw new RangeError('Invalid code point ' + String(arguments[i]));
        pieces.push(value < 0x10000 ? String.fromCharCode(value) :
          String.fromCharCode(0xd800 + ((value - 0x10000) >> 10), 0xdc00 + ((value - 0x10000) & 0x3ff)));
      }
      return pieces.join('');
    }
  });
})
