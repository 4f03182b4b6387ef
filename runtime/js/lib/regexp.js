// RegExp and String methods that take one: the generic algorithms of the language (RegExp subclasses, patched exec, sticky) and the String side.
// The usual case runs natively: runtime/js/language/regexp_methods.cc.
(function (global, native, edge) {
  'use strict';
  var RegExp = global.RegExp, TypeError = global.TypeError, isObject = native.isObject, min = Math.min, max = Math.max;
  var builtinExec = RegExp.prototype.exec;

  function toLength(value) {
    value = +value;
    return value >= 1 ? min(value - value % 1, 9007199254740991) : 0;
  }
  function requireObject(value, name) {
    if (!isObject(value)) throw new TypeError('RegExp.prototype[Symbol.' + name + '] called on non-object');
  }
  function regExpExec(regexp, string) {
    var exec = regexp.exec, result;
    if (typeof exec === 'function') {
      result = exec.call(regexp, string);
      if (result !== null && !isObject(result)) throw new TypeError('exec returned something that is neither an object nor null');
      return result;
    }
    return builtinExec.call(regexp, string);
  }
  function advance(string, index, fullUnicode) {
    var first, second;
    if (!fullUnicode || index + 1 >= string.length) return index + 1;
    first = string.charCodeAt(index);
    if (first < 0xd800 || first > 0xdbff) return index + 1;
    second = string.charCodeAt(index + 1);
    return second >= 0xdc00 && second <= 0xdfff ? index + 2 : index + 1;
  }
  function isFullUnicode(flags) {
    return flags.indexOf('u') >= 0 || flags.indexOf('v') >= 0;
  }

  // GetSubstitution.
  function substitute(matched, string, position, captures, groups, replacement) {
    var out = '', i = 0, at, kind, two, one, close, value, count = captures.length;
    for (;;) {
      at = replacement.indexOf('$', i);
      if (at < 0 || at + 1 >= replacement.length) return out + replacement.slice(i);
      out += replacement.slice(i, at);
      kind = replacement.charAt(at + 1);
      i = at + 2;
      if (kind === '$') {
        out += '$';
      } else if (kind === '&') {
        out += matched;
      } else if (kind === '`') {
        out += string.slice(0, position);
      } else if (kind === "'") {
        out += string.slice(min(position + matched.length, string.length));
      } else if (kind >= '0' && kind <= '9') {
        one = +kind;
        two = replacement.charAt(i) >= '0' && replacement.charAt(i) <= '9' ? one * 10 + +replacement.charAt(i) : 0;
        if (two >= 1 && two <= count) {
          i++;
          one = two;
        }
        if (one >= 1 && one <= count) out += captures[one - 1] === undefined ? '' : captures[one - 1];
        else out += '$' + kind;
      } else if (kind === '<' && groups !== undefined) {
        close = replacement.indexOf('>', i);
        if (close < 0) {
          out += '$<';
        } else {
          value = groups[replacement.slice(i, close)];
          if (value !== undefined) out += String(value);
          i = close + 1;
        }
      } else {
        out += '$';
        i = at + 1;
      }
    }
  }

  native.setRegExpSlow({
    match: function (regexp, string) {
      requireObject(regexp, 'match');
      string = String(string);
      var flags = String(regexp.flags), unicode, results = [], result, text;
      if (flags.indexOf('g') < 0) return regExpExec(regexp, string);
      unicode = isFullUnicode(flags);
      regexp.lastIndex = 0;
      while ((result = regExpExec(regexp, string)) !== null) {
        text = String(result[0]);
        results[results.length] = text;
        if (text === '') regexp.lastIndex = advance(string, toLength(regexp.lastIndex), unicode);
      }
      return results.length ? results : null;
    },
    search: function (regexp, string) {
      requireObject(regexp, 'search');
      string = String(string);
      var previous = regexp.lastIndex, result;
      if (!Object.is(previous, 0)) regexp.lastIndex = 0;
      result = regExpExec(regexp, string);
      if (!Object.is(regexp.lastIndex, previous)) regexp.lastIndex = previous;
      return result === null ? -1 : result.index;
    },
    replace: function (regexp, string, replacement) {
      requireObject(regexp, 'replace');
      string = String(string);
      var functional = typeof replacement === 'function', flags, global, unicode, results = [], result, text, i, k;
      var out = '', next = 0, count, matched, position, captures, capture, groups, args;
      if (!functional) replacement = String(replacement);
      flags = String(regexp.flags);
      global = flags.indexOf('g') >= 0;
      if (global) {
        unicode = isFullUnicode(flags);
        regexp.lastIndex = 0;
      }
      while ((result = regExpExec(regexp, string)) !== null) {
        results[results.length] = result;
        if (!global) break;
        text = String(result[0]);
        if (text === '') regexp.lastIndex = advance(string, toLength(regexp.lastIndex), unicode);
      }
      for (i = 0; i < results.length; i++) {
        result = results[i];
        count = max(toLength(result.length) - 1, 0);
        matched = String(result[0]);
        position = max(min(native.toInteger(result.index), string.length), 0);
        captures = [];
        for (k = 1; k <= count; k++) {
          capture = result[k];
          captures[k - 1] = capture === undefined ? undefined : String(capture);
        }
        groups = result.groups;
        if (functional) {
          args = [matched].concat(captures, [position, string]);
          if (groups !== undefined) args[args.length] = groups;
          text = String(replacement.apply(undefined, args));
        } else {
          if (groups !== undefined) groups = Object(groups);
          text = substitute(matched, string, position, captures, groups, replacement);
        }
        if (position >= next) {
          out += string.slice(next, position) + text;
          next = position + matched.length;
        }
      }
      return next >= string.length ? out : out + string.slice(next);
    },
    split: function (regexp, string, limit) {
      requireObject(regexp, 'split');
      string = String(string);
      var constructor = native.speciesConstructor(regexp, RegExp), flags = String(regexp.flags), unicode = isFullUnicode(flags);
      var splitter = new constructor(regexp, flags.indexOf('y') >= 0 ? flags : flags + 'y'), results = [], size = string.length, p = 0, q = 0, e, z, i, count;
      limit = limit === undefined ? 4294967295 : limit >>> 0;
      if (limit === 0) return results;
      if (size === 0) {
        if (regExpExec(splitter, string) === null) results[0] = string;
        return results;
      }
      while (q < size) {
        splitter.lastIndex = q;
        z = regExpExec(splitter, string);
        if (z === null) {
          q = advance(string, q, unicode);
          continue;
        }
        e = min(toLength(splitter.lastIndex), size);
        if (e === p) {
          q = advance(string, q, unicode);
          continue;
        }
        results[results.length] = string.slice(p, q);
        if (results.length === limit) return results;
        p = e;
        count = max(toLength(z.length) - 1, 0);
        for (i = 1; i <= count; i++) {
          results[results.length] = z[i];
          if (results.length === limit) return results;
        }
        q = p;
      }
      results[results.length] = string.slice(p);
      return results;
    }
  });

  // ---- matchAll ----

  var stateKey = native.privateKey('matchAll');
  var iteratorPrototype = Object.create(native.iteratorPrototype);
  native.methods(iteratorPrototype, {
    next() {
      var state = isObject(this) ? this[stateKey] : undefined, result;
      if (state === undefined) throw new TypeError('RegExp String Iterator method called on incompatible receiver');
      if (state.done) return { value: undefined, done: true };
      result = regExpExec(state.regexp, state.string);
      if (result === null || !state.global) state.done = true;
      if (result === null) return { value: undefined, done: true };
      if (state.global && String(result[0]) === '') {
        state.regexp.lastIndex = advance(state.string, toLength(state.regexp.lastIndex), state.unicode);
      }
      return { value: result, done: false };
    }
  });
  native.hide(iteratorPrototype, Symbol.toStringTag, 'RegExp String Iterator', 'c');

  var add = {};
  add[Symbol.matchAll] = function (string) {
    requireObject(this, 'matchAll');
    string = String(string);
    var constructor = native.speciesConstructor(this, RegExp), flags = String(this.flags), matcher = new constructor(this, flags);
    var iterator = Object.create(iteratorPrototype);
    matcher.lastIndex = toLength(this.lastIndex);
    native.hide(iterator, stateKey, {
      regexp: matcher, string: string, global: flags.indexOf('g') >= 0, unicode: isFullUnicode(flags), done: false
    }, '');
    return iterator;
  };
  native.hide(add[Symbol.matchAll], 'name', '[Symbol.matchAll]', 'c');
  native.hide(RegExp.prototype, Symbol.matchAll, add[Symbol.matchAll]);

  // ---- String ----

  function requireString(value, name) {
    if (value === null || value === undefined) throw new TypeError('String.prototype.' + name + ' called on null or undefined');
  }
  function methodOf(value, symbol) {
    if (!isObject(value)) return undefined;
    var method = value[symbol];
    return method === null ? undefined : method;
  }
  function requireGlobal(value, name) {
    if (native.isRegExp(value) && String(value.flags).indexOf('g') < 0) {
      throw new TypeError('String.prototype.' + name + ' called with a non-global RegExp argument');
    }
  }

  native.methods(String.prototype, {
    matchAll(pattern) {
      requireString(this, 'matchAll');
      var method;
      if (isObject(pattern)) {
        requireGlobal(pattern, 'matchAll');
        method = methodOf(pattern, Symbol.matchAll);
        if (method !== undefined) return method.call(pattern, this);
      }
      return new RegExp(pattern, 'g')[Symbol.matchAll](String(this));
    },
    replaceAll(pattern, replacement) {
      requireString(this, 'replaceAll');
      var method, string, at, step, next = 0, pieces = [];
      if (isObject(pattern)) {
        requireGlobal(pattern, 'replaceAll');
        method = methodOf(pattern, Symbol.replace);
        if (method !== undefined) return method.call(pattern, this, replacement);
      }
      string = String(this);
      pattern = String(pattern);
      if (typeof replacement !== 'function') replacement = String(replacement);
      step = max(pattern.length, 1);
      for (at = string.indexOf(pattern); at >= 0; at = at + step > string.length ? -1 : string.indexOf(pattern, at + step)) {
        pieces.push(string.slice(next, at), typeof replacement === 'function' ? String(replacement(pattern, at, string)) :
          substitute(pattern, string, at, [], undefined, replacement));
        next = at + pattern.length;
      }
      pieces.push(string.slice(next));
      return pieces.join('');
    },
    search(pattern) {
      requireString(this, 'search');
      var method = methodOf(pattern, Symbol.search);
      if (method !== undefined) return method.call(pattern, this);
      return new RegExp(pattern)[Symbol.search](String(this));
    }
  });

  edge.regexp = native.regexp;
})
