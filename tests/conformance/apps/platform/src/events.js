const outcome = async (promise) => {
  try {
    return await promise;
  } catch (error) {
    return error instanceof Error ? { name: error.name, message: error.message, code: error.code ?? null } : { thrown: error };
  }
};
const thrown = (call) => {
  try {
    return call();
  } catch (error) {
    return { name: error.name, message: error.message };
  }
};

export const events = {
  dispatch: () => {
    const target = new EventTarget();
    const seen = [];
    const listener = (event) => seen.push([event.type, event.target === target, event.cancelable, event.defaultPrevented]);
    target.addEventListener('a', listener);
    target.addEventListener('a', listener);
    target.addEventListener('a', (event) => event.preventDefault(), { once: true });
    const results = [target.dispatchEvent(new Event('a', { cancelable: true })), target.dispatchEvent(new Event('a'))];
    target.removeEventListener('a', listener);
    target.dispatchEvent(new Event('a'));
    return { seen, results };
  },
  stopImmediate: () => {
    const target = new EventTarget();
    const seen = [];
    target.addEventListener('x', (event) => {
      seen.push(1);
      event.stopImmediatePropagation();
    });
    target.addEventListener('x', { handleEvent: () => seen.push(2) });
    target.dispatchEvent(new Event('x'));
    return seen;
  },
  customEvent: () => new CustomEvent('c', { detail: { a: 1 } }).detail,
  abort: () => {
    const controller = new AbortController();
    const seen = [];
    controller.signal.addEventListener('abort', (event) => seen.push(event.type));
    controller.signal.onabort = () => seen.push('onabort');
    controller.abort();
    controller.abort('again');
    return { seen, aborted: controller.signal.aborted, reason: controller.signal.reason.name, message: controller.signal.reason.message };
  },
  abortReason: () => {
    const controller = new AbortController();
    controller.abort({ why: 'because' });
    return [controller.signal.reason, thrown(() => controller.signal.throwIfAborted() ?? 'no throw')];
  },
  abortStatics: async () => {
    const any = AbortSignal.any([AbortSignal.abort('first'), new AbortController().signal]);
    const timeout = AbortSignal.timeout(1);
    await new Promise((resolve) => timeout.addEventListener('abort', resolve));
    return { any: any.reason, timeout: timeout.reason.name, text: timeout.reason.message };
  },
  domException: () => {
    const error = new DOMException('text', 'AbortError');
    return [error.name, error.message, error.code, error instanceof Error, String(error), Object.prototype.toString.call(error)];
  },
  structuredClone: () => {
    const map = new Map([['k', new Set([1, 'two'])]]);
    const source = { date: new Date(5), regexp: /x/gi, map, bytes: new Uint8Array([1, 2]), nested: [undefined, null, NaN], error: new RangeError('r') };
    source.self = source;
    const copy = structuredClone(source);
    const { self, error, ...rest } = copy;
    return { rest, self: self === copy, error: [error.name, error.message, error instanceof RangeError], separate: copy.map !== map };
  },
  structuredCloneFunction: () => thrown(() => structuredClone(() => 1)),
  structuredCloneSymbol: () => thrown(() => structuredClone(Symbol('s'))),
  structuredCloneClass: () => {
    class Point {
      constructor(x) { this.x = x; }
      get double() { return this.x * 2; }
    }
    const copy = structuredClone(new Point(2));
    return [copy, copy instanceof Point, 'double' in copy];
  },
  structuredCloneTransfer: () => {
    const buffer = new Uint8Array([1, 2, 3]).buffer;
    const copy = structuredClone(buffer, { transfer: [buffer] });
    return [buffer.byteLength, copy.byteLength];
  },
  rejection: async () => outcome(Promise.any([Promise.reject(new Error('a')), Promise.reject(new Error('b'))])),
  allSettled: () => Promise.allSettled([1, Promise.reject('no'), new Promise((resolve) => setTimeout(resolve, 1, 'late'))]),
  timers: async () => {
    const seen = [];
    const cancelled = setTimeout(() => seen.push('cancelled'), 1);
    clearTimeout(cancelled);
    await new Promise((resolve) => setTimeout((a, b) => resolve(seen.push(a, b)), 2, 'x', 'y'));
    let ticks = 0;
    await new Promise((resolve) => {
      const interval = setInterval(() => {
        if (++ticks === 3) {
          clearInterval(interval);
          resolve();
        }
      }, 1);
    });
    return { seen, ticks };
  },
  time: async () => {
    const before = Date.now();
    let sum = 0;
    for (let index = 0; index < 1000000; index++) sum = (sum * 31 + index) % 1000003;  // some milliseconds on every machine
    return { frozen: Date.now() === before, sum, type: typeof performance.now() };
  },
  env: (_request, env, ctx) => [env.TEXT, env.OBJECT, typeof ctx.waitUntil, typeof ctx.passThroughOnException],
};
