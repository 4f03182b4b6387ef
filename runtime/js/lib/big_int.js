// BigInt as far as it goes without arithmetic: values that can be made, compared for identity, printed and passed on.
//
// Many libraries make a few constants with BigInt when they are loaded and use them never or rarely. Such a value is an object here, one for
// each integer, so that === is right; whatever needs its number (arithmetic, <, ==, +) throws a TypeError that says so.
(function (global, native, edge) {
  'use strict';
  var VALUES_MAX = 65536; // they are kept for ever, since each integer is one object
  var VALUE = native.privateKey('bigint'), values = new Map();
  native.bigIntKey(VALUE);
  var decimal = edge.regexp('^[+-]?[0-9]+$', ''), prefixed = edge.regexp('^0[xXoObB][0-9a-fA-F]+$', '');

  function unsupported(text) {
    throw new TypeError('BigInt arithmetic is not supported by this runtime (a calculation with ' + text + 'n)');
  }
  // Decimal digits of a number in another base: schoolbook multiplication on limbs of seven digits.
  function toDecimal(digits, base) {
    var limbs = [0], i, k, carry, text;
    for (i = 0; i < digits.length; i++) {
      carry = parseInt(digits.charAt(i), base);
      if (carry !== carry) return null;
      for (k = 0; k < limbs.length; k++) {
        carry += limbs[k] * base;
        limbs[k] = carry % 10000000;
        carry = Math.floor(carry / 10000000);
      }
      if (carry > 0) limbs.push(carry);
    }
    text = String(limbs.pop());
    while (limbs.length > 0) text += ('0000000' + limbs.pop()).slice(-7);
    return text;
  }
  function parse(text) {
    var sign = '', digits;
    text = String(text).trim();
    if (text === '') return '0';
    if (decimal.test(text)) {
      if (text.charAt(0) === '-') sign = '-';
      digits = text.charAt(0) === '-' || text.charAt(0) === '+' ? text.slice(1) : text;
      while (digits.length > 1 && digits.charAt(0) === '0') digits = digits.slice(1);
      return digits === '0' ? '0' : sign + digits;
    }
    if (prefixed.test(text)) {
      digits = toDecimal(text.slice(2), { x: 16, o: 8, b: 2 }[text.charAt(1).toLowerCase()]);
      if (digits !== null) return digits;
    }
    throw new SyntaxError('Cannot convert ' + text + ' to a BigInt');
  }
  function make(digits) {
    var value = values.get(digits);
    if (value === undefined) {
      value = Object.create(BigInt.prototype);
      Object.defineProperty(value, VALUE, { value: digits });
      Object.freeze(value);
      if (values.size >= VALUES_MAX) throw new RangeError('more than ' + VALUES_MAX + ' different BigInt values are not supported by this runtime');
      values.set(digits, value);
    }
    return value;
  }
  function digitsOf(value) {
    var digits = value === null || value === undefined ? undefined : value[VALUE];
    if (digits === undefined) throw new TypeError('not a BigInt');
    return digits;
  }

  function BigInt(value) {
    if (new.target !== undefined) throw new TypeError('BigInt is not a constructor');
    if (value !== null && typeof value === 'object' && value[VALUE] !== undefined) return value;
    if (typeof value === 'number') {
      if (!Number.isInteger(value)) throw new RangeError('The number ' + value + ' cannot be converted to a BigInt because it is not an integer');
      if (Math.abs(value) >= 1e21) unsupported(value);
      return make(value === 0 ? '0' : String(value));
    }
    if (typeof value === 'boolean') return make(value ? '1' : '0');
    if (typeof value === 'string') return make(parse(value));
    if (value === null || value === undefined || typeof value === 'symbol') throw new TypeError('Cannot convert ' + String(value) + ' to a BigInt');
    return make(parse(value));
  }
  native.methods(BigInt.prototype, {
    toString(radix) {
      var digits = digitsOf(this);
      if (radix !== undefined && Number(radix) !== 10) unsupported(digits);
      return digits;
    },
    toLocaleString() {
      return digitsOf(this).replace(edge.regexp('([0-9])(?=([0-9]{3})+$)', 'g'), '$1,');
    },
    valueOf() {
      unsupported(digitsOf(this));
    },
    toJSON() {
      digitsOf(this);
      throw new TypeError('Do not know how to serialize a BigInt');
    }
  });
  // `${1n}` and String(1n) want text; everything else wants the number.
  native.hide(BigInt.prototype, Symbol.toPrimitive, function (hint) {
    if (hint === 'string') return digitsOf(this);
    unsupported(digitsOf(this));
  }, 'c');
  native.hide(BigInt.prototype, Symbol.toStringTag, 'BigInt', 'c');
  native.methods(BigInt, {
    asIntN(bits, value) {
      unsupported(digitsOf(value));
    },
    asUintN(bits, value) {
      unsupported(digitsOf(value));
    }
  });
  native.setLength(BigInt, 1);
  native.hide(global, 'BigInt', BigInt);

  // (digits): of a value that is read back from bytes, which has been looked at already.
  native.expose('bigInt', make);

  edge.bigint = function bigint(digits) {
    return make(parse(digits));
  };
})
