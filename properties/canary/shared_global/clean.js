// The same desks; what they have in common is an object of its own.
export class Desk {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
  async fetch(request) {
    if (new URL(request.url).pathname === "/next") {
      const last = ((await this.ctx.storage.get("last")) ?? 0) + 1;
      await this.ctx.storage.put("last", last);
      return Response.json({ ticket: last });
    }
    return this.env.DESK.get(this.env.DESK.idFromName("numbers")).fetch("http://desk/next");
  }
}

export default {
  async fetch(request, env) {
    const [, what, desk] = new URL(request.url).pathname.split("/");
    if (what !== "ticket") return new Response("tickets", { status: 404 });
    return env.DESK.get(env.DESK.idFromName(desk)).fetch(request);
  },
};
