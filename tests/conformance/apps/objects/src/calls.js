const message = async (run) => {
  try {
    return await run();
  } catch (error) {
    return { name: error.name, message: error.message, remote: error.remote, retryable: error.retryable, overloaded: error.overloaded };
  }
};
const answer = async (response) => [response.status, await response.text(), [...response.headers].filter(([name]) => name.startsWith('x-'))];

// fetch() to an object, and what happens when things go wrong.
export const calls = {
  fetch: async (env, stub) => answer(await stub.fetch('https://object.example/path?q=1', { headers: { 'X-Test': 'yes' } })),
  fetchRequest: async (env, stub) => answer(await stub.fetch(new Request('http://x/y', { method: 'PUT', body: 'abc' }))),
  fetchPost: async (env, stub) => answer(await stub.fetch('http://x/echo', { method: 'POST', body: 'text body' })),
  fetchBytes: async (env, stub) => answer(await stub.fetch('http://x/echo', { method: 'POST', body: new Uint8Array([104, 105]) })),
  fetchStream: async (env, stub) => answer(await stub.fetch('http://x/stream')),
  fetchThrows: (env, stub) => message(() => stub.fetch('http://x/throw')),
  fetchAddress: async (env, stub) => {
    const response = await stub.fetch('http://user:secret@x:8080/a?b#c');
    return [response.url, response.redirected, (await response.json()).url];
  },
  fetchScheme: (env, stub) => message(() => stub.fetch('ftp://x/')),
  fetchNothing: (env, stub) => message(() => stub.fetch()),
  fetchMoved: async (env, stub) => {
    const response = await stub.fetch('http://x/moved', { method: 'POST', body: 'lost on the way' });
    return [response.url, response.redirected, ...(await answer(response))];
  },
  fetchMovedKept: async (env, stub) => answer(await stub.fetch('http://x/moved-kept', { method: 'POST', body: 'sent again' })),
  fetchMovedStream: (env, stub) => message(() => stub.fetch('http://x/moved-kept', { method: 'POST', body: new Blob(['once']).stream() })),
  fetchMovedManual: async (env, stub) => {
    const response = await stub.fetch('http://x/moved', { redirect: 'manual' });
    return [response.status, response.headers.get('Location'), response.url, response.redirected];
  },
  fetchRound: async (env, stub) => (await message(() => stub.fetch('http://x/round'))).name,
  fetchSocketUnasked: (env, stub) => message(() => stub.fetch('http://x/socket')),
  fetchSocket: async (env, stub) => {
    const response = await stub.fetch('http://x/socket', { headers: { Upgrade: 'websocket' } });
    return [response.status, response.webSocket instanceof WebSocket];
  },
  manyAtOnce: async (env, stub) => {
    const results = await Promise.all(Array.from({ length: 5000 }, () => stub.next()));
    return [results.length, new Set(results).size, results[0], results[4999]];
  },
  redirectOfIncoming: (env, stub, request) => [request.redirect, new Request(request).redirect, new Request(request.url).redirect],
  fetchReset: (env, stub) => message(() => stub.fetch('http://x/reset')),
  fetchRelative: (env, stub) => message(() => stub.fetch('/path')),
  constructorThrows: (env) => message(() => env.OTHER.getByName('broken').state()),
  constructorThrowsTwice: async (env) => [await message(() => env.OTHER.getByName('broken').state()), await message(() => env.OTHER.getByName('broken').state())],
  blockFails: (env) => message(() => env.OTHER.getByName('blocked').state()),
  blockFirst: async (env, stub, request) => {
    const other = env.OTHER.getByName(new URL(request.url).pathname);
    return [await other.state(), await other.state()];
  },
  abort: async (env, stub) => {
    await stub.set('a', 1);
    const thrown = await message(() => stub.abort('reset on purpose'));
    const fresh = env.SQL.getByName(new URL('http://x/calls/abort').pathname);
    return [thrown, await fresh.get('a')];
  },
  brokenStub: async (env, stub, request) => {
    await message(() => stub.abort('broken now'));
    return [await message(() => stub.add(1, 2)), await message(() => env.SQL.getByName(new URL(request.url).pathname).add(1, 2))];
  },
  memoryIsKept: async (env, stub) => {
    await stub.note('a');
    await message(() => stub.fail());
    return stub.notes();
  },
  interleaves: async (env, stub) => {
    const slow = stub.slow(50, 'slow');
    const order = [];
    await Promise.all([slow.then((v) => order.push(v)), stub.add(1, 1).then((v) => order.push(v))]);
    return order;
  },
  withoutHandler: (env) => message(() => env.OTHER.getByName('plain').fetch('http://x/')),
};
