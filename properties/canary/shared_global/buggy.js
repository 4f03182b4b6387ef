// Desks that give out tickets. The number is kept in a module's variable, which the desks of one isolate share: two desks that get isolates of
// their own, or a new isolate, give the same number twice.
let last = 0;

export class Desk {
  constructor(ctx) {
    this.ctx = ctx;
    ctx.blockConcurrencyWhile(async () => {
      last = Math.max(last, (await ctx.storage.get("last")) ?? 0);
    });
  }
  async fetch() {
    last += 1;
    await this.ctx.storage.put("last", last);
    return Response.json({ ticket: last });
  }
}

export default {
  async fetch(request, env) {
    const [, what, desk] = new URL(request.url).pathname.split("/");
    if (what !== "ticket") return new Response("tickets", { status: 404 });
    return env.DESK.get(env.DESK.idFromName(desk)).fetch(request);
  },
};
