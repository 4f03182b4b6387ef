// One operation of KV per request: /get/N, /put/N; /fill/N puts the keys N to N + 99.
// 100 bytes, another one each time.
const value = () => crypto.randomUUID() + 'x'.repeat(64);

export default {
  async fetch(request, env) {
    const [, what, n] = new URL(request.url).pathname.split('/');
    if (what === 'get') return new Response(await env.KV.get(`key${n}`));
    if (what === 'put') await env.KV.put(`key${n}`, value());
    if (what === 'fill') for (let i = 0; i < 100; i++) await env.KV.put(`key${Number(n) + i}`, value());
    return new Response('ok');
  },
};
