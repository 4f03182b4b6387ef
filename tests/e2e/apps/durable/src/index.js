import { DurableObject } from "cloudflare:workers";

// Each object is a journal of unique lines, kept twice: as rows, and as a count under a key. Both are one write. What was done twice shows
// in `effects`, which takes every line again.
export class Journal extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.born = crypto.randomUUID();
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS lines (id TEXT PRIMARY KEY, at INTEGER)");
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS effects (id TEXT)");
  }
  async add(id) {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO lines VALUES (?, ?)", id, Date.now());
    this.ctx.storage.sql.exec("INSERT INTO effects VALUES (?)", id);
    const count = this.ctx.storage.sql.exec("SELECT COUNT(*) AS n FROM lines").one().n;
    this.ctx.storage.put("count", count);
    return count;
  }
  async all() {
    const ids = this.ctx.storage.sql.exec("SELECT id FROM lines ORDER BY id").toArray().map((row) => row.id);
    const effects = this.ctx.storage.sql.exec("SELECT COUNT(*) AS n FROM effects").one().n;
    return { ids, effects, count: (await this.ctx.storage.get("count")) ?? 0, born: this.born };
  }
  async wakeIn(ms) {
    await this.ctx.storage.setAlarm(Date.now() + ms);
  }
  async alarm(info) {
    await this.add("alarm-" + info.scheduledTime);
  }
  fail(id) {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO lines VALUES (?, 0)", id);
    throw new RangeError("thrown on purpose");
  }
  fetch(request) {
    return new Response(`${this.ctx.id.name} was asked for ${new URL(request.url).pathname}`, { headers: { "X-Object": this.ctx.id.toString() } });
  }
}

export default {
  async fetch(request, env) {
    const [, name, what, id] = new URL(request.url).pathname.split("/");
    const journal = env.JOURNALS.getByName(name || "none");
    try {
      if (what === "add") return Response.json({ count: await journal.add(id) });
      if (what === "all") return Response.json(await journal.all());
      if (what === "wake") return Response.json({ ok: await journal.wakeIn(Number(id)) });
      if (what === "fail") return Response.json(await journal.fail(id));
      if (what === "id") return new Response(env.JOURNALS.idFromName(name).toString());
      return await journal.fetch(request);
    } catch (error) {
      return Response.json({ name: error.name, message: error.message, remote: error.remote }, { status: 500 });
    }
  },
};
