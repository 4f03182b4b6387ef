// Tally: a plain class that is asked by fetch(), over the key-value API: reads, then writes, and relies on nobody coming in between.
export class Tally {
  static operations = { next: true, twins: true, loose: true, wipe: true, bump: true };

  constructor(state, env) {
    this.storage = state.storage;
    this.state = state;
    this.bumps = 0;
    state.blockConcurrencyWhile(async () => {
      this.bumps = (await this.storage.get("bumps")) ?? 0;
    });
  }

  async fetch(request) {
    const { searchParams: query, pathname } = new URL(request.url);
    try {
      return Response.json(await this[pathname.split("/").pop()](query.get("id") ?? "", Number(query.get("n") ?? 0)));
    } catch (error) {
      if (!String(error.message).startsWith("wrong: ")) throw error;
      return Response.json({ error: error.message }, { status: 500 });
    }
  }

  // No two callers get the same number.
  async next() {
    const next = ((await this.storage.get("next")) ?? 0) + 1;
    await this.storage.put("next", next);
    return { next };
  }

  // What is written without an await in between is written together.
  async twins() {
    const before = await this.storage.get(["left", "middle", "right"]);
    if (new Set(before.values()).size > 1) throw new Error(`wrong: twins differ: ${[...before.values()]}`);
    const value = (before.get("left") ?? 0) + 1;
    this.storage.put("left", value);
    this.storage.put({ middle: value });
    await this.storage.put("right", value);
    return { value };
  }

  // An answer that does not wait for its write, and one that does after all.
  async loose(id, n) {
    await this.storage.put(`loose/${n % 3}`, id, { allowUnconfirmed: true });
    if (n % 2 === 0) return { id: "" };
    await this.storage.put("synced", ((await this.storage.get("synced")) ?? 0) + 1, { allowUnconfirmed: true });
    await this.storage.sync();
    return { synced: await this.storage.get("synced", { allowConcurrency: true, noCache: true }) };
  }

  // Everything goes and something comes back, as one: the numbers have to survive.
  async wipe(id, n) {
    const kept = await this.storage.list();
    const old = [...kept.keys()].filter((key) => key.startsWith("old/"));
    if (old.length !== 0 && old.length !== 3) throw new Error(`wrong: ${old.length} of 3 old ones are left`);
    for (const key of old) kept.delete(key);
    this.storage.deleteAll();
    for (const [key, value] of kept) this.storage.put(key, value);
    for (let i = 0; i < 3; i++) this.storage.put(`old/${i}`, `${id}${"-".repeat(n * 40)}`);
    return { left: kept.size };
  }

  // A critical section that waits for something else than storage.
  async bump() {
    return this.state.blockConcurrencyWhile(async () => {
      const before = this.bumps;
      await new Promise((resolve) => setTimeout(resolve, 20));
      const stored = (await this.storage.get("bumps")) ?? 0;
      if (stored !== before || this.bumps !== before) throw new Error(`wrong: ${stored} bumps are stored, ${this.bumps} and ${before} are known`);
      this.bumps = before + 1;
      await this.storage.put("bumps", this.bumps);
      return { bumps: this.bumps };
    });
  }
}
