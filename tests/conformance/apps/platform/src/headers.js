// One entry per throwing call, so that each message is compared.
const thrown = (call) => {
  try {
    return { returned: call() };
  } catch (error) {
    return { name: error.name, message: error.message };
  }
};

export const headers = {
  iteration: () => [...new Headers([['B', '2'], ['a', '1'], ['b', '3'], ['Set-Cookie', 'x=1'], ['set-cookie', 'y=2'], ['C', '']])],
  keysAndValues: () => {
    const h = new Headers({ Zeta: '1', alpha: '2' });
    return { keys: [...h.keys()], values: [...h.values()], entries: [...h.entries()], same: Headers.prototype[Symbol.iterator] === Headers.prototype.entries };
  },
  forEach: () => {
    const seen = [];
    const h = new Headers({ b: '2', a: '1' });
    h.forEach(function (value, key, owner) {
      seen.push([key, value, owner === h, this.tag]);
    }, { tag: 'this' });
    return seen;
  },
  getSetHasDelete: () => {
    const h = new Headers();
    h.append('X-A', ' one ');
    h.append('x-a', 'two');
    const both = h.get('X-a');
    h.set('x-A', 'three');
    const set = h.get('x-a');
    h.delete('X-A');
    return { both, set, gone: h.get('x-a'), has: h.has('X-A') };
  },
  setCookie: () => {
    const h = new Headers([['Set-Cookie', 'a=1, b'], ['Set-Cookie', 'c=2']]);
    return { all: h.getSetCookie(), joined: h.get('set-cookie') };
  },
  copies: () => {
    const first = new Headers({ a: '1' });
    const second = new Headers(first);
    second.set('a', '2');
    return { first: first.get('a'), second: second.get('a'), map: [...new Headers(new Map([['m', 'n']]))] };
  },
  coercion: () => [...new Headers({ n: 12, b: true, u: undefined, z: null, o: { toString: () => 'object' } })],
  whitespace: () => [...new Headers([['a', '\t x y \t'], ['b', '']])],
  latin1: () => new Headers({ a: '\u00e9' }).get('a'),
  badName: () => thrown(() => new Headers([['a b', '1']])),
  emptyName: () => thrown(() => new Headers([['', '1']])),
  badValue: () => thrown(() => new Headers({ a: 'x\ny' })),
  badPair: () => thrown(() => new Headers([['a']])),
  getWithoutArguments: () => thrown(() => new Headers().get()),
  wrongThis: () => thrown(() => Headers.prototype.get.call({}, 'a')),
  withoutNew: () => thrown(() => Headers()),
  requestHeadersImmutable: (request) => thrown(() => request.headers.set('a', 'b')),
  requestHeaders: (request) => Object.fromEntries([...request.headers].filter(([name]) => name !== 'host')),
  redirectImmutable: () => thrown(() => Response.redirect('http://a.example/').headers.set('a', 'b')),
  toStringTag: () => [String(new Headers()), Object.prototype.toString.call(new Headers().entries()), JSON.stringify(new Headers({ a: '1' }))],
};
