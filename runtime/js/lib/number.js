// Number and Math: what ES2015 and later added; toLocaleString as en-US writes numbers.
(function (global, native, edge) {
  'use strict';
  var Number = global.Number, Math = global.Math, floor = Math.floor, ceil = Math.ceil, abs = Math.abs, exp = Math.exp, log = Math.log, sqrt = Math.sqrt;
  var float32 = new Float32Array(1);

  function missing(target, methods) {
    var add = {}, name;
    for (name in methods) if (typeof target[name] !== 'function') add[name] = methods[name];
    native.methods(target, add);
  }

  missing(Math, {
    trunc(x) {
      x = +x;
      return x < 0 ? ceil(x) : floor(x);
    },
    sign(x) {
      x = +x;
      return x > 0 ? 1 : x < 0 ? -1 : x;
    },
    cbrt: native.cbrt,
    log1p: native.log1p,
    expm1: native.expm1,
    log2: native.log2,
    log10: native.log10,
    sinh: native.sinh,
    cosh: native.cosh,
    tanh: native.tanh,
    asinh: native.asinh,
    acosh: native.acosh,
    atanh: native.atanh,
    hypot(x, y) {
      var largest = 0, sum = 0, compensation = 0, i, value, term, next, nan = false, args = [];
      for (i = 0; i < arguments.length; i++) args[i] = abs(+arguments[i]);
      for (i = 0; i < args.length; i++) {
        if (args[i] === Infinity) return Infinity;
        if (args[i] !== args[i]) nan = true;
        if (args[i] > largest) largest = args[i];
      }
      if (nan) return NaN;
      if (largest === 0) return 0;
      for (i = 0; i < args.length; i++) {
        value = args[i] / largest;
        term = value * value - compensation;
        next = sum + term;
        compensation = next - sum - term;
        sum = next;
      }
      return sqrt(sum) * largest;
    },
    fround(x) {
      float32[0] = x;
      return float32[0];
    },
    clz32(x) {
      x = x >>> 0;
      var count = 0;
      if (x === 0) return 32;
      while ((x & 0x80000000) === 0) {
        x <<= 1;
        count++;
      }
      return count;
    },
    imul(a, b) {
      a = a | 0;
      b = b | 0;
      return ((a & 0xffff) * b + (((a >>> 16) * b & 0xffff) << 16 >>> 0)) | 0;
    }
  });
  // The engine's cube root misses exact cubes.
  if (Math.cbrt(27) !== 3) native.hide(Math, 'cbrt', native.cbrt);
  if (Math[Symbol.toStringTag] === undefined) native.hide(Math, Symbol.toStringTag, 'Math', 'c');

  missing(Number, {
    isFinite(value) {
      return typeof value === 'number' && value - value === 0;
    },
    isNaN(value) {
      return typeof value === 'number' && value !== value;
    },
    isInteger(value) {
      return typeof value === 'number' && value - value === 0 && floor(value) === value;
    },
    isSafeInteger(value) {
      return typeof value === 'number' && floor(value) === value && abs(value) <= 9007199254740991;
    }
  });
  native.hide(Number, 'parseFloat', global.parseFloat);
  native.hide(Number, 'parseInt', global.parseInt);
  native.hide(Number, 'EPSILON', 2.220446049250313e-16, '');
  native.hide(Number, 'MAX_SAFE_INTEGER', 9007199254740991, '');
  native.hide(Number, 'MIN_SAFE_INTEGER', -9007199254740991, '');

  // en-US: groups of three, at most three fraction digits unless the options say otherwise. Options that would need locale data throw.
  var LOCALE_OPTIONS = ['minimumFractionDigits', 'maximumFractionDigits', 'useGrouping'];
  function formatNumber(value, options) {
    var minimum = 0, maximum = 3, grouping = true, key, text, whole, fraction, sign = '';
    if (options !== undefined) {
      for (key in options) {
        if (options[key] !== undefined && LOCALE_OPTIONS.indexOf(key) < 0 && !(key === 'style' && options[key] === 'decimal')) {
          throw new RangeError("toLocaleString: option '" + key + "' is not supported by this runtime");
        }
      }
      if (options.minimumFractionDigits !== undefined) minimum = native.toInteger(options.minimumFractionDigits);
      maximum = options.maximumFractionDigits !== undefined ? native.toInteger(options.maximumFractionDigits) : Math.max(minimum, 3);
      if (options.useGrouping !== undefined) grouping = !!options.useGrouping;
      if (minimum < 0 || maximum > 20 || minimum > maximum) throw new RangeError('fraction digits are out of range');
    }
    if (value !== value) return 'NaN';
    if (value < 0 || (value === 0 && 1 / value < 0)) {
      sign = '-';
      value = -value;
    }
    if (value === Infinity) return sign + '\u221e';
    if (value >= 1e21) {
      text = native.integerText(value);
    } else {
      text = value.toFixed(maximum);
    }
    whole = text.split('.')[0];
    fraction = text.split('.')[1] || '';
    while (fraction.length > minimum && fraction.charAt(fraction.length - 1) === '0') fraction = fraction.slice(0, -1);
    if (grouping) {
      text = '';
      while (whole.length > 3) {
        text = ',' + whole.slice(-3) + text;
        whole = whole.slice(0, -3);
      }
      whole += text;
    }
    return sign + whole + (fraction ? '.' + fraction : '');
  }
  native.formatNumber = formatNumber;
  var numberValue = Number.prototype.valueOf;
  native.methods(Number.prototype, {
    toLocaleString() {
      return formatNumber(numberValue.call(this), arguments[1]);
    }
  });
})
