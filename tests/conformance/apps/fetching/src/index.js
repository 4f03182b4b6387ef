// GET /CASE?origin=PORT runs one case against the server on that port and answers what it returned, or the error it threw, as JSON.
let globalScope = 'nothing thrown';
try {
  fetch('http://127.0.0.1:1/').catch((error) => (globalScope = `later: ${error.message}`));
} catch (error) {
  globalScope = `at once: ${error.message}`;
}

const bytes = (text) => new TextEncoder().encode(text);
const streamOf = (...texts) => new ReadableStream({
  start(controller) {
    for (const text of texts) controller.enqueue(bytes(text));
    controller.close();
  },
});
// What a response is, and its body to the end.
async function whole(response) {
  const headers = [...response.headers].filter(([name]) => !['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'].includes(name));
  const { status, statusText, ok, url, redirected, type } = response;
  return { status, statusText, ok, url: url.replace(/:\d+\//, ':PORT/'), redirected, type, hasBody: response.body !== null, headers, text: await response.text() };
}

const cases = {
  globalScope: () => globalScope,
  get: async (o) => whole(await fetch(`${o}/echo?a=b#fragment`)),
  credentials: async (o) => whole(await fetch(`${o.replace('//', '//user:secret@')}/echo`)),
  request: async (o) => whole(await fetch(new Request(`${o}/echo`, { method: 'PATCH', body: 'x', headers: { a: 'b' } }), { headers: { c: 'd' } })),
  lowerCaseMethod: async (o) => whole(await fetch(`${o}/echo`, { method: 'post', body: 'hello' })),
  emptyPost: async (o) => whole(await fetch(`${o}/echo`, { method: 'POST' })),
  head: async (o) => whole(await fetch(`${o}/echo`, { method: 'HEAD' })),
  stream: async (o) => whole(await fetch(`${o}/echo`, { method: 'POST', body: streamOf('ab', 'cd') })),
  streamOfTexts: async (o) => whole(await fetch(`${o}/echo`, { method: 'POST', body: new ReadableStream({ start(c) { c.enqueue('ab'); c.close(); } }) })),
  form: async (o) => whole(await fetch(`${o}/echo`, { method: 'POST', body: new URLSearchParams({ a: '1 2' }) })),
  ownHeaders: async (o) => whole(await fetch(`${o}/echo`, { headers: { Host: 'evil', Connection: 'x', 'Keep-Alive': 'y', TE: 'z', Upgrade: 'u', Trailer: 't', 'Content-Length': '5', Cookie: 'c', 'Accept-Encoding': 'gzip' } })),
  responseHeaders: async (o) => whole(await fetch(`${o}/headers`)),
  immutable: async (o) => (await fetch(`${o}/headers`)).headers.set('a', 'b'),
  clone: async (o) => {
    const response = await fetch(`${o}/headers`);
    const copy = response.clone();
    return [await whole(copy), await whole(response)];
  },
  rewrapped: async (o) => {
    const response = await fetch(`${o}/headers`);
    const copy = new Response(response.body, response);
    copy.headers.set('q', 'r');
    return whole(copy);
  },
  elsewhere: async (o) => whole(await fetch(`${o}/elsewhere`, { headers: { Authorization: 'secret', Cookie: 'c' } })),
  loop: (o) => fetch(`${o}/loop`),
  withoutLocation: async (o) => whole(await fetch(`${o}/without-location`)),
  badLocation: (o) => fetch(`${o}/redirect?code=302&to=${encodeURIComponent('http://[')}`),
  manual: async (o) => whole(await fetch(`${o}/redirect?code=302&to=/echo`, { redirect: 'manual' })),
  redirectError: (o) => fetch(`${o}/redirect?code=302&to=/echo`, { redirect: 'error' }),
  redirectStream: (o) => fetch(`${o}/redirect?code=307&to=/echo`, { method: 'POST', body: streamOf('x') }),
  redirectFragment: async (o) => whole(await fetch(`${o}/redirect?code=302&to=${encodeURIComponent('/echo#there')}`)),
  multipleChoices: async (o) => whole(await fetch(`${o}/redirect?code=300&to=/echo`)),
  reset: (o) => fetch(`${o}/reset`),
  close: (o) => fetch(`${o}/close`),
  garbage: (o) => fetch(`${o}/garbage`),
  short: async (o) => (await fetch(`${o}/short`)).text(),
  shortRead: async (o) => {
    const reader = (await fetch(`${o}/short`)).body.getReader();
    while (!(await reader.read()).done);
  },
  refused: () => fetch('http://127.0.0.1:1/'),
  otherScheme: () => fetch('ftp://host/'),
  relative: () => fetch('/x'),
  nothing: () => fetch(),
  nullInit: async (o) => whole(await fetch(`${o}/echo`, null)),
  getWithBody: (o) => fetch(`${o}/echo`, { body: 'x' }),
  usedRequest: async (o) => {
    const request = new Request(`${o}/echo`, { method: 'POST', body: 'x' });
    await fetch(request);
    return [request.bodyUsed, await fetch(request)];
  },
  abortedBefore: (o) => fetch(`${o}/echo`, { signal: AbortSignal.abort(new RangeError('reason')) }),
  aborted: (o) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    return fetch(`${o}/hang`, { signal: controller.signal });
  },
  timeout: (o) => fetch(`${o}/hang`, { signal: AbortSignal.timeout(30) }),
  abortedBody: async (o) => {
    const controller = new AbortController();
    const response = await fetch(`${o}/stall`, { signal: controller.signal });
    setTimeout(() => controller.abort(new RangeError('reason')), 30);
    return response.text();
  },
  abortedRead: async (o) => {
    const controller = new AbortController();
    const reader = (await fetch(`${o}/stall`, { signal: controller.signal })).body.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    setTimeout(() => controller.abort(new RangeError(`after ${first}`)), 30);
    await reader.read();
  },
};
for (const code of [301, 302, 303, 307, 308]) {
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
    const body = method === 'HEAD' ? undefined : 'hello';
    cases[`redirect${code}${method}`] = async (o) => whole(await fetch(`${o}/redirect?code=${code}&to=/echo`, { method, body, headers: { authorization: 'A', 'content-type': 'x/y' } }));
  }
}
for (const code of [204, 205, 304, 404, 500]) cases[`status${code}`] = async (o) => whole(await fetch(`${o}/status?code=${code}`));

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const origin = `http://127.0.0.1:${url.searchParams.get('origin')}`;
    const name = url.pathname.slice(1);
    if (name === 'pass') return fetch(`${origin}${url.searchParams.get('path')}`, request);
    if (!cases[name]) return new Response('no such case\n', { status: 404 });
    let result;
    try {
      result = { value: await cases[name](origin) };
    } catch (error) {
      // workerd marks a DOMException that ends a fetch as retryable too; that says nothing about the reason.
      const retryable = error instanceof DOMException ? undefined : error.retryable;
      result = { threw: error.name, message: String(error.message).replace(/:\d+\//g, ':PORT/'), retryable };
    }
    return Response.json(result);
  },
};
