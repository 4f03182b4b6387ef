class Base {
  #secret = 1;
  static count = 0;
  static {
    Base.count = 10;
  }
  get secret() { return this.#secret; }
  set secret(value) { this.#secret = value; }
  static #hidden() { return 'hidden'; }
  static reveal() { return Base.#hidden(); }
  has(other) { return #secret in other; }
}
class Derived extends Base {
  field = this.secret + 1;
  ['computed' + 1]() { return super.has(this); }
}

export const language = {
  classes: () => {
    const derived = new Derived();
    derived.secret = 5;
    return [derived.secret, derived.field, derived.computed1(), derived.has({}), Base.count, Base.reveal(), Derived.name, derived instanceof Base];
  },
  destructuring: () => {
    const { a = 1, b: { c: [d, ...rest] = [2] } = {}, ...others } = { b: { c: [3, 4, 5] }, x: 1, y: 2 };
    const [first, , third = 'default', ...tail] = 'ab';
    return { a, d, rest, others, first, third, tail };
  },
  operators: () => {
    const empty = null;
    let assigned = 0;
    assigned ||= 7;
    let kept = 1;
    kept &&= 2;
    let nothing;
    nothing ??= 'set';
    return [empty?.a.b.c, empty ?? 'default', assigned, kept, nothing, 2 ** 10, (-2) ** 3, [1, 2, 3].at(-1), Object.hasOwn({ q: 1 }, 'q')];
  },
  templates: () => {
    const tag = (strings, ...values) => strings.raw.join('|') + values.join(',');
    return [`a${1 + 1}b`, tag`x\n${1}y${2}`, String.raw`\u00e9`];
  },
  loops: () => {
    const closures = [];
    for (let index = 0; index < 3; index++) closures.push(() => index);
    const seen = [];
    outer: for (const a of [1, 2, 3]) {
      for (const b of [1, 2, 3]) {
        if (b === 2) continue outer;
        if (a === 3) break outer;
        seen.push([a, b]);
      }
    }
    return [closures.map((f) => f()), seen];
  },
  collections: () => {
    const map = new Map([[NaN, 'nan'], [0, 'zero']]);
    map.set(-0, 'minus').delete('x');
    const grouped = Object.groupBy ? Object.groupBy([1, 2, 3], (n) => (n % 2 ? 'odd' : 'even')) : null;
    return [[...map], map.get(NaN), [...new Set([1, '1', 1])], { ...grouped }, Object.fromEntries(map), [3, 1, 2].toSorted(), [1, [2, [3, [4]]]].flat(Infinity), Array.from({ length: 3 }, (_, i) => i * i)];
  },
  proxies: () => {
    const seen = [];
    const proxy = new Proxy({ real: 1 }, {
      get: (target, key, receiver) => (seen.push(`get ${String(key)}`), Reflect.get(target, key, receiver)),
      has: (target, key) => (seen.push(`has ${String(key)}`), key in target),
      ownKeys: (target) => (seen.push('ownKeys'), [...Reflect.ownKeys(target), 'extra']),
      getOwnPropertyDescriptor: (target, key) => ({ value: key, enumerable: true, configurable: true }),
    });
    return [proxy.real, 'x' in proxy, Object.keys(proxy), { ...proxy }, seen];
  },
  errors: () => {
    const cause = new Error('inner');
    const error = new TypeError('outer', { cause });
    class Custom extends RangeError {
      name = 'Custom';
    }
    const custom = new Custom('mine');
    return [error.cause.message, String(custom), custom instanceof RangeError, Object.keys(error), typeof error.stack, new AggregateError([1], 'many').errors];
  },
  typeErrors: () => [() => null.x, () => undefined.f(), () => ({}).missing(), () => notDefined, () => new (class A { constructor() { this.x.y; } })(), () => [].reduce((a) => a), () => 'x'.repeat(-1), () => new Array(-1), () => JSON.parse('{"a" 1}'), () => { const read = () => later; read(); let later = 1; }, () => Symbol() + '', () => [...{}], () => new (() => {})()].map((f) => {
    try {
      return f();
    } catch (error) {
      return error.name;
    }
  }),
  regexps: () => [
    'a1b22'.replace(/(?<letter>[a-z])(?<digits>\d+)/g, '$<digits>$<letter>'),
    'x-y_z'.split(/[-_]/),
    [...'a1b2'.matchAll(/([a-z])(\d)/g)].map((match) => [match[0], match.index]),
    /(?<=\$)\d+/.exec('cost $42')[0],
    /^\p{Lu}\p{Ll}+$/u.test('Élan'),
    'aBc'.replaceAll(/b/gi, (match) => `<${match}>`),
    /a.c/s.test('a\nc'),
    /y/y.test('xy'),
    'abc'.match(/(z)?/),
  ],
  numbers: () => [0.1 + 0.2, 1e21, 1 / 3, (255).toString(16), (0.5).toFixed(0), (1234.5678).toFixed(2), (1e-7).toString(), Number('0b101'), parseFloat('3.14abc'), Number.MAX_SAFE_INTEGER, (25).toString(36), (123.456).toPrecision(4), (0).toFixed(2), 1_000_000, Math.hypot(3, 4), Math.trunc(-4.7), Math.sign(-3), Math.fround(5.5), Math.clz32(1), Math.cbrt(27)],
  strings: () => ['abc'.at(-1), 'x'.padStart(3, 'ab'), ' t '.trimEnd(), '😀'.length, [...'😀é'], 'é'.normalize('NFD').length, 'İ'.toLowerCase().length, 'ß'.toUpperCase(), 'a-b-c'.replaceAll('-', '+'), 'abc'.codePointAt(1), String.fromCodePoint(128512), 'z'.localeCompare('a') > 0, '\ud800'.isWellFormed?.(), 'a,b'.split(',', 1)],
  dates: () => [new Date(0).toISOString(), Date.UTC(2024, 1, 29), new Date('2024-02-29T12:00:00Z').getTime(), new Date('2024-02-29').toJSON(), new Date(NaN).getTime(), new Date(2020, 0, 31).getMonth(), new Date('Tue, 05 Nov 2024 10:00:00 GMT').toUTCString(), String(new Date(0))],
  json: () => [JSON.stringify({ a: [1, { b: undefined }], c: new Date(0), d: '\u2028\ud800' }), JSON.stringify([NaN, undefined, () => 1]), JSON.stringify({ x: 1, y: 2 }, ['y']), JSON.stringify({ n: 1.5 }, (key, value) => (typeof value === 'number' ? value * 2 : value), '--'), JSON.parse('[1,{"__proto__":1}]', (key, value) => (key === '0' ? 'first' : value))],
  sorting: () => {
    const items = Array.from({ length: 40 }, (_, index) => ({ key: index % 3, index }));
    items.sort((a, b) => a.key - b.key);
    return [items.map((item) => item.index), [10, 9, 1].sort(), ['b', undefined, 'a'].sort()];
  },
  symbols: () => {
    const registered = Symbol.for('x');
    const iterable = { *[Symbol.iterator]() { yield* [1, 2]; } };
    const object = { [Symbol.toPrimitive]: (hint) => hint, [Symbol.toStringTag]: 'Tagged' };
    return [Symbol.keyFor(registered), registered.description, [...iterable], `${object}`, +object, object + '', Object.prototype.toString.call(object)];
  },
  accessors: () => {
    const object = { get a() { return 1; }, set a(value) { this.b = value; }, ['c' + 1]: 2, __proto__: { inherited: true } };
    object.a = 5;
    return [object.a, object.b, object.c1, object.inherited, Object.getOwnPropertyDescriptor(object, 'a'), Object.entries(object)];
  },
  globals: () => Object.fromEntries(['fetch', 'Request', 'Response', 'Headers', 'URL', 'URLSearchParams', 'TextEncoder', 'ReadableStream', 'AbortController', 'structuredClone', 'queueMicrotask', 'setTimeout', 'crypto', 'atob', 'console', 'performance', 'globalThis', 'self', 'process', 'require', 'window'].map((name) => [name, typeof globalThis[name]])),
};
