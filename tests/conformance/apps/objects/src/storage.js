const message = async (run) => {
  try {
    return await run();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const fill = (storage) => storage.put({ b: 2, a: 1, d: 4, c: 3, 'B': 20, 'é': 'e', '￿': 'high', '😀': 'smile', 'a/1': 'x', 'a/2': 'y' });

// Run on SQLite-backed objects (/storage) and on key-value ones (/kv).
export const storage = {
  getMissing: (s) => s.get('nothing'),
  putGet: async (s) => [await s.put('a', { deep: [1, { x: new Date(5) }], m: new Map([[1, 's']]), u: undefined }), await s.get('a')],
  types: async (s) => {
    const values = { n: -0, big: 12345678901234567890n, nan: NaN, s: 'ü😀', b: new Uint8Array([1, 2]), ab: new ArrayBuffer(2), re: /x/gi, set: new Set([1, 'a']), e: new RangeError('r'), nul: null, bool: false, arr: [1, , 3], f: new Float32Array([1.5]) };
    for (const [key, value] of Object.entries(values)) await s.put(key, value);
    const out = {};
    for (const key of Object.keys(values)) out[key] = await s.get(key);
    return out;
  },
  copies: async (s) => {
    const value = { n: 1 };
    const pending = s.put('a', value);
    value.n = 2;
    await pending;
    const first = await s.get('a');
    first.n = 3;
    return [(await s.get('a')).n, first.n];
  },
  cycle: async (s) => {
    const value = { name: 'x' };
    value.self = value;
    await s.put('a', value);
    const got = await s.get('a');
    return got.self === got;
  },
  putUndefined: (s) => message(() => s.put('a', undefined)),
  putFunction: (s) => message(() => s.put('a', () => 1)),
  putSymbol: (s) => message(() => s.put('a', Symbol('x'))),
  putNothing: (s) => message(() => s.put()),
  putMany: async (s) => [await s.put({ x: 1, y: undefined, z: 3 }), await s.list()],
  putManyUndefinedValues: async (s) => [await message(() => s.put({ y: undefined })), (await s.list()).size],
  getMany: async (s) => (await fill(s), await s.get(['c', 'a', 'nothing', 'é', 'B'])),
  getManyTypes: async (s) => message(() => s.get([1, 'a'])),
  deleteOne: async (s) => (await fill(s), [await s.delete('a'), await s.delete('a'), await s.get('a')]),
  deleteMany: async (s) => (await fill(s), [await s.delete(['a', 'b', 'nothing']), (await s.list()).size]),
  list: async (s) => (await fill(s), await s.list()),
  listPrefix: async (s) => (await fill(s), await s.list({ prefix: 'a' })),
  listStart: async (s) => (await fill(s), [...(await s.list({ start: 'b' })).keys()]),
  listStartAfter: async (s) => (await fill(s), [...(await s.list({ startAfter: 'b' })).keys()]),
  listEnd: async (s) => (await fill(s), [...(await s.list({ end: 'c' })).keys()]),
  listReverse: async (s) => (await fill(s), [...(await s.list({ reverse: true, start: 'a', end: 'd', limit: 3 })).keys()]),
  listLimit: async (s) => (await fill(s), [...(await s.list({ limit: 2 })).keys()]),
  listLimitZero: async (s) => message(() => s.list({ limit: 0 })),
  listLimitNegative: async (s) => message(() => s.list({ limit: -1 })),
  listBothStarts: async (s) => message(() => s.list({ start: 'a', startAfter: 'b' })),
  listEmptyRange: async (s) => (await fill(s), [...(await s.list({ start: 'z', end: 'a' })).keys()]),
  listPrefixAndStart: async (s) => (await fill(s), [...(await s.list({ prefix: 'a', start: 'a/2' })).keys()]),
  keyTypes: async (s) => {
    await s.put(5, 'five');
    await s.put('', 'empty');
    return [await s.get('5'), await s.get(''), [...(await s.list()).keys()]];
  },
  keyTooLong: async (s) => message(() => s.put('k'.repeat(3000), 1)),
  keyLong: async (s) => message(() => s.put('k'.repeat(2048), 1)),
  manyKeys: async (s) => message(() => s.get(Array.from({ length: 129 }, (_, i) => `k${i}`))),
  manyPuts: async (s) => message(() => s.put(Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`k${i}`, i])))),
  manyDeletes: async (s) => message(() => s.delete(Array.from({ length: 129 }, (_, i) => `k${i}`))),
  deleteAll: async (s) => (await fill(s), [await s.deleteAll(), (await s.list()).size]),
  transaction: async (s) =>
    [await s.transaction(async (txn) => {
      await txn.put('a', 1);
      return (await txn.get('a')) + 1;
    }), await s.get('a')],
  transactionRollback: async (s) => {
    await s.put('a', 1);
    const thrown = await message(() => s.transaction(async (txn) => {
      await txn.put('a', 2);
      throw new RangeError('no');
    }));
    return [thrown, await s.get('a')];
  },
  transactionExplicitRollback: async (s) => {
    await s.put('a', 1);
    const result = await s.transaction(async (txn) => {
      await txn.put('a', 2);
      txn.rollback();
      return message(() => txn.get('a'));
    });
    return [result, await s.get('a')];
  },
  transactionAfterEnd: async (s) => {
    let kept;
    await s.transaction(async (txn) => {
      kept = txn;
      await txn.put('a', 1);
    });
    return message(() => kept.get('a'));
  },
  transactionDeleteAll: async (s) => message(() => s.transaction((txn) => txn.deleteAll())),
  transactionReturnsPlain: async (s) => s.transaction(() => 7),
  transactionOuter: async (s) => {
    await message(() => s.transaction(async () => {
      await s.put('a', 'inside');
      throw new Error('x');
    }));
    return s.get('a');
  },
  alarmNone: (s) => s.getAlarm(),
  alarmWithoutHandler: (s) => message(() => s.setAlarm(Date.now() + 1e6)),
  sync: (s) => s.sync(),
  blockConcurrency: async (s, ctx) => ctx.blockConcurrencyWhile(async () => {
    await s.put('a', 1);
    return s.get('a');
  }),
  ids: (s, ctx) => [ctx.id.name, ctx.id.toString().length],
  unknownOptions: async (s) => (await s.put('a', 1, { allowUnconfirmed: true, noCache: true, whatever: 1 }), await s.get('a', { allowConcurrency: true })),
  currentBookmark: async (s) => message(() => s.getCurrentBookmark()),
};
