// Traces of what runs when.
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const order = {
  microtasks: async () => {
    const seen = [];
    setTimeout(() => seen.push('timeout 0'), 0);
    queueMicrotask(() => seen.push('microtask'));
    Promise.resolve().then(() => seen.push('then 1')).then(() => seen.push('then 2'));
    (async () => {
      seen.push('async start');
      await null;
      seen.push('after await');
    })();
    seen.push('sync');
    await later(5);
    return seen;
  },
  thenables: async () => {
    const seen = [];
    const thenable = { then(resolve) { seen.push('then called'); resolve('value'); } };
    Promise.resolve(thenable).then((value) => seen.push(value));
    (async () => seen.push(`awaited ${await thenable}`))();
    (async () => thenable)().then((value) => seen.push(`returned ${value}`));
    for (let tick = 0; tick < 6; tick++) {
      await null;
      seen.push(tick);
    }
    return seen;
  },
  returnPromise: async () => {
    const seen = [];
    const plain = async () => 'plain';
    const wrapped = async () => Promise.resolve('wrapped');
    const awaited = async () => await Promise.resolve('awaited');
    wrapped().then((value) => seen.push(value));
    awaited().then((value) => seen.push(value));
    plain().then((value) => seen.push(value));
    for (let tick = 0; tick < 5; tick++) {
      await null;
      seen.push(tick);
    }
    return seen;
  },
  finallyOrder: async () => {
    const seen = [];
    const run = async (name, fail) => {
      try {
        seen.push(`${name} try`);
        await null;
        if (fail) throw new Error(name);
        return seen.push(`${name} return`);
      } catch (error) {
        seen.push(`${name} catch`);
        await null;
      } finally {
        seen.push(`${name} finally`);
        await null;
        seen.push(`${name} finally after`);
      }
    };
    await Promise.all([run('a', false), run('b', true), Promise.reject(1).finally(() => seen.push('finally')).catch(() => seen.push('caught'))]);
    return seen;
  },
  timers: async () => {
    const seen = [];
    setTimeout(() => seen.push('500'), 500);  // so far away that a busy machine does not bring them together
    setTimeout(() => seen.push('1 first'), 1);
    setTimeout(() => {
      seen.push('1 second');
      queueMicrotask(() => seen.push('microtask of 1'));
      Promise.resolve().then(() => seen.push('then of 1'));
    }, 1);
    setTimeout(() => seen.push('1 third'), 1);
    await later(1000);
    return seen;
  },
  generators: async () => {
    const seen = [];
    async function* numbers() {
      try {
        yield 1;
        seen.push('resumed');
        yield Promise.resolve(2);
        yield 3;
      } finally {
        seen.push('cleaned');
      }
    }
    for await (const value of numbers()) {
      seen.push(value);
      if (value === 2) break;
    }
    function* inner() {
      const sent = yield 'inner';
      seen.push(`sent ${sent}`);
      return 'result';
    }
    function* outer() {
      seen.push(`got ${yield* inner()}`);
    }
    const iterator = outer();
    iterator.next();
    iterator.next('hello');
    return seen;
  },
  asyncGeneratorQueue: async () => {
    const seen = [];
    async function* source() {
      for (let index = 0; index < 3; index++) {
        await null;
        yield index;
      }
    }
    const iterator = source();
    await Promise.all([1, 2, 3, 4].map(async (caller) => {
      const { value, done } = await iterator.next();
      seen.push([caller, value ?? null, done]);
    }));
    return seen;
  },
  race: async () => {
    const seen = [];
    const winner = await Promise.race([later(5).then(() => 'slow'), later(1).then(() => 'fast')]);
    seen.push(winner);
    await Promise.all([later(3).then(() => seen.push(3)), later(1).then(() => seen.push(1)), later(2).then(() => seen.push(2))]);
    return seen;
  },
  streamOrder: async () => {
    const seen = [];
    const stream = new ReadableStream({
      start() { seen.push('start'); },
      async pull(controller) {
        seen.push('pull');
        await null;
        controller.enqueue('chunk');
        controller.close();
      },
    });
    seen.push('made');
    const reader = stream.getReader();
    seen.push((await reader.read()).value);
    seen.push((await reader.read()).done);
    return seen;
  },
};
