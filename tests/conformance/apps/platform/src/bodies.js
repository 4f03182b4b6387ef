const outcome = async (promise) => {
  try {
    return await promise;
  } catch (error) {
    return { name: error.name, message: error.message };
  }
};
const call = (body) => outcome((async () => body())());

export const bodies = {
  kinds: async () => {
    const kinds = {
      string: 'té',
      params: new URLSearchParams({ a: 'b c' }),
      buffer: new Uint8Array([1, 2, 3]).buffer,
      view: new Uint8Array([9, 1, 2, 9]).subarray(1, 3),
      blob: new Blob(['x', 'y'], { type: 'text/x-blob' }),
      untypedBlob: new Blob(['x']),
      stream: new Response('s').body,
      nothing: null,
      missing: undefined,
      number: 12,
    };
    const seen = {};
    for (const [kind, body] of Object.entries(kinds)) {
      const response = new Response(body);
      seen[kind] = [response.headers.get('content-type'), response.body === null, [...new Uint8Array(await response.arrayBuffer())]];
    }
    return seen;
  },
  reads: async () => ({
    text: await new Response('té').text(),
    json: await new Response('{"a":[1]}').json(),
    bytes: await new Response('té').bytes(),
    buffer: await new Response('té').arrayBuffer(),
    blob: await (await new Response('té', { headers: { 'content-type': 'a/b' } }).blob()).text(),
    bom: await new Response('\ufeffx').text(),
  }),
  usedTwice: async () => {
    const response = new Response('x');
    const before = response.bodyUsed;
    await response.text();
    return { before, after: response.bodyUsed, again: await call(() => response.text()), json: await call(() => response.json()) };
  },
  cloneAfterUse: async () => {
    const response = new Response('x');
    await response.text();
    return call(() => response.clone());
  },
  cloneBoth: async () => {
    const first = new Response('twice', { status: 201, headers: { a: 'b' } });
    const second = first.clone();
    second.headers.set('a', 'c');
    return [await first.text(), await second.text(), second.status, first.headers.get('a'), second.headers.get('a')];
  },
  lockedBody: async () => {
    const response = new Response('x');
    response.body.getReader();
    return { used: response.bodyUsed, locked: response.body.locked, text: await call(() => response.text()), clone: await call(() => response.clone()) };
  },
  badJson: () => call(() => new Response('{"a":').json()),
  emptyJson: () => call(() => new Response('').json()),
  requestBody: async () => {
    const request = new Request('http://a.example/', { method: 'POST', body: 'hello' });
    const copy = new Request(request.clone(), { headers: { 'x-a': '1' } });
    return [request.method, await request.text(), copy.method, copy.headers.get('x-a'), copy.headers.get('content-type'), await copy.text(), request.bodyUsed];
  },
  requestDefaults: () => {
    const request = new Request('http://a.example');
    return [request.url, request.method, request.redirect, request.body, request.bodyUsed, request.signal instanceof AbortSignal, request.signal.aborted];
  },
  requestMethods: () => ['get', 'Post', 'patch', 'DELETE', 'head', 'options', 'put', 'PURGE'].map((method) => call(() => new Request('http://a.example', { method }).method)).reduce(async (all, one) => [...(await all), await one], []),
  getWithBody: () => call(() => new Request('http://a.example', { body: 'x' })),
  badUrl: () => call(() => new Request('/relative')),
  badMethod: () => call(() => new Request('http://a.example', { method: 'a b' })),
  badStatus: () => call(() => new Response('', { status: 99 })),
  badStatusRange: () => call(() => new Response('', { status: 600 })),
  nullBodyStatus: () => call(() => new Response('x', { status: 204 })),
  nullBodyStatusOk: () => new Response(null, { status: 304 }).status,
  badRedirect: () => call(() => Response.redirect('http://a.example', 200)),
  redirect: () => {
    const response = Response.redirect('http://a.example/x y', 307);
    return [response.status, response.headers.get('location'), response.ok];
  },
  responseJson: async () => {
    const response = Response.json({ a: [1, null] }, { status: 203, headers: { 'x-a': 'b' } });
    return [response.status, [...response.headers], await response.text()];
  },
  responseError: () => {
    const response = Response.error();
    return [response.type, response.status, response.ok];
  },
  responseFields: () => {
    const response = new Response('x', { status: 404, statusText: 'Gone Fishing' });
    return [response.ok, response.status, response.statusText, response.url, response.redirected, response.type];
  },
  formData: async () => {
    const form = new FormData();
    form.append('a', '1');
    form.append('a', '2');
    form.append('f', new File(['content'], 'n.txt', { type: 'text/plain' }));
    form.set('b', 'x');
    form.delete('missing');
    const type = new Response(form).headers.get('content-type').replace(/boundary=.*/, 'boundary=B');
    const back = await new Response(form).formData();
    return { type, keys: [...back.keys()], a: back.getAll('a'), file: [back.get('f').name, back.get('f').type, await back.get('f').text()], has: form.has('b') };
  },
  formUrlencoded: async () => [...(await new Response('a=1&b=%C3%A9+x&a=2', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }).formData())],
  formWrongType: () => call(() => new Response('a=1', { headers: { 'content-type': 'text/plain' } }).formData()),
  blob: async () => {
    const blob = new Blob(['abc', new Uint8Array([100, 101]), new Blob(['f'])], { type: 'Text/Plain' });
    const slice = blob.slice(1, -1, 'x/y');
    return [blob.size, blob.type, await blob.text(), slice.size, slice.type, await slice.text(), (await blob.slice(-2).text())];
  },
  incomingClone: async (request) => {
    const copy = request.clone();
    return [await request.text(), await copy.text(), copy.headers.get('x-test')];
  },
  incomingTwice: async (request) => [await request.text(), await call(() => request.text())],
};
