// Gives up on a service that does not answer in time.
export default {
  async fetch(request, env, ctx) {
    for (let i = 1; i <= 6; i++) {
      const hit = fetch(`http://metrics${i}.test/hit`, { signal: AbortSignal.timeout(1000) });
      ctx.waitUntil(hit.then((response) => response.text()).catch(() => undefined));
    }
    const price = await fetch("http://price.test/");
    return new Response(await price.text(), { status: price.status });
  },
};
