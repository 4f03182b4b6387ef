// POST /OBJECT/OPERATION?id=...&n=...: one operation on one object; GET /OBJECT/socket?name=...: a WebSocket. 200 and JSON; 503: it failed on the way and may be tried again; 500: something that must
// always hold does not.
import { Hall } from "./hall.js";
import { Mix } from "./mix.js";
import { Tally } from "./tally.js";

export { Hall, Mix, Tally };

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, name, operation] = url.pathname.split("/");
    if (!name || !operation) return new Response("mix");
    const id = url.searchParams.get("id") ?? "";
    const n = Number(url.searchParams.get("n") ?? 0);
    if (operation === "socket") return env.HALL.getByName(name).fetch(request);
    try {
      if (operation === "hall") return Response.json(await env.HALL.getByName(name).run());
      if (operation in Tally.operations) {
        const response = await env.TALLY.getByName(name).fetch(request);
        return Response.json({ object: name, ...(await response.json()) }, { status: response.status });
      }
      return Response.json({ object: name, ...(await env.MIX.getByName(name).run(operation, id, n)) });
    } catch (error) {
      const wrong = String(error.message).startsWith("wrong: ");
      return Response.json({ error: String(error.message) }, { status: wrong ? 500 : 503 });
    }
  },
};
