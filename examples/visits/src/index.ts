// Counts visits in the isolate's memory and tells an audit service about each.
let isolate: string | undefined;
let visits = 0;

export default {
  async fetch(request: Request): Promise<Response> {
    isolate ??= crypto.randomUUID();
    if (request.method !== "POST") return Response.json({ isolate, visits });

    // The mistake: between reading the counter and writing it, others run.
    const before = visits;
    await fetch("http://audit.test/visit", { method: "POST" }).catch(() => undefined);
    visits = before + 1;
    // Right would be: visits += 1, after the await.
    return Response.json({ isolate, visit: visits });
  },
};
