// The same counter, which reads and writes without a wait in between.
let isolate;
let visits = 0;

export default {
  async fetch(request) {
    isolate ??= crypto.randomUUID();
    if (new URL(request.url).pathname !== "/visit") return new Response("visits", { status: 404 });
    await fetch("http://audit.test/visit").catch(() => undefined);
    visits += 1;
    return Response.json({ isolate, visit: visits });
  },
};
