// The order that is being worked on is a local variable.
export class Cart {
  constructor(ctx) {
    this.ctx = ctx;
  }
  async fetch() {
    const current = crypto.randomUUID();
    const orders = (await this.ctx.storage.get("orders")) ?? 0;
    await this.ctx.storage.put("orders", orders + 1);
    return Response.json({ order: current });
  }
}

export default {
  async fetch(request, env) {
    const [, what, cart] = new URL(request.url).pathname.split("/");
    if (what !== "order") return new Response("orders", { status: 404 });
    return env.CART.get(env.CART.idFromName(cart)).fetch(request);
  },
};
