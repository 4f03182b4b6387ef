// A visit counter in the isolate's memory. Between reading and writing it, it asks another service: whoever comes meanwhile reads the same value.
let isolate;
let visits = 0;

export default {
  async fetch(request) {
    isolate ??= crypto.randomUUID();
    if (new URL(request.url).pathname !== "/visit") return new Response("visits", { status: 404 });
    const before = visits;
    await fetch("http://audit.test/visit");
    visits = before + 1;
    return Response.json({ isolate, visit: visits });
  },
};
