import { DurableObject } from "cloudflare:workers";

// GET /memory/N: counts in memory. GET /write/N: one durable SQL update. GET /read/N: one SQL query. GET /fill/N: a key and three rows
// more. /hold/N: reads that into memory, and a timer keeps the object live for a minute or two. N names the object.
export class Counter extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.value = 0;
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)");
    ctx.storage.sql.exec("INSERT OR IGNORE INTO counter VALUES (1, 0)");
  }
  async fetch(request) {
    const path = new URL(request.url).pathname;
    if (path.startsWith("/memory")) return new Response(String(++this.value));
    if (path.startsWith("/write")) return new Response(String(this.ctx.storage.sql.exec("UPDATE counter SET value = value + 1 WHERE id = 1 RETURNING value").one().value));
    if (path.startsWith("/hold")) return new Response(String(await this.hold()));
    if (path.startsWith("/fill")) return new Response(String(await this.fill()));
    return new Response(String(this.ctx.storage.sql.exec("SELECT value FROM counter WHERE id = 1").one().value));
  }
  async fill() {
    const sql = this.ctx.storage.sql;
    const visits = ((await this.ctx.storage.get("visits")) ?? 0) + 1;
    this.ctx.storage.put("visits", visits);
    sql.exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, author TEXT, text TEXT)");
    for (let i = 0; i < 3; ++i) sql.exec("INSERT INTO notes (author, text) VALUES (?, ?)", "somebody", "a note of some length, number " + i + " of visit " + visits);
    return visits;
  }
  async hold() {
    this.timer ??= setInterval(() => ++this.value, 60000);
    this.notes = this.ctx.storage.sql.exec("SELECT author, text FROM notes ORDER BY id DESC LIMIT 10").toArray();
    return (await this.ctx.storage.get("visits")) + this.notes.length;
  }
}

export default {
  fetch(request, env) {
    const name = new URL(request.url).pathname.split("/")[2];
    if (!name) return new Response("GET /memory/N, /write/N, /read/N, /fill/N or /hold/N");
    return env.COUNTERS.get(env.COUNTERS.idFromName(name)).fetch(request);
  },
};
