// Tells six services about each request and then asks the one that matters. A service that never sends its headers holds one of the six
// connections that may wait for headers; when all six do, the seventh request is never sent.
export default {
  async fetch(request, env, ctx) {
    for (let i = 1; i <= 6; i++) ctx.waitUntil(fetch(`http://metrics${i}.test/hit`).then((response) => response.text(), () => undefined));
    const price = await fetch("http://price.test/");
    return new Response(await price.text(), { status: price.status });
  },
};
