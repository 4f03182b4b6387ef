import { DurableObject } from "cloudflare:workers";

// Each object is a box of unique lines; everything that can go wrong in the middle of writing one.
export class Box extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS lines (id TEXT PRIMARY KEY, filler TEXT)");
  }
  insert(id, bytes = 0) {
    this.ctx.storage.sql.exec("INSERT INTO lines VALUES (?, ?)", id, "x".repeat(bytes));
  }
  add(id, bytes) {
    this.insert(id, Number(bytes ?? 0));
    return this.count();
  }
  count() {
    return this.ctx.storage.sql.exec("SELECT COUNT(*) AS n FROM lines").one().n;
  }
  ids() {
    return this.ctx.storage.sql.exec("SELECT id FROM lines ORDER BY id").toArray().map((row) => row.id);
  }
  bytes() {
    return this.ctx.storage.sql.exec("SELECT SUM(length(filler)) AS n FROM lines").one().n;
  }
  async throws(id, how) {
    const work = () => {
      this.insert(id);
      throw new RangeError("in the middle of a transaction");
    };
    if (how === "sync") return this.ctx.storage.transactionSync(work);
    await this.ctx.storage.transaction(async () => {
      await this.ctx.storage.put("key", id);
      work();
    });
  }
  async loops(id, how) {
    const work = () => {
      this.insert(id);
      for (;;);
    };
    if (how === "sync") return this.ctx.storage.transactionSync(work);
    await this.ctx.storage.transaction(async () => {
      await this.ctx.storage.put("key", id);
      work();
    });
  }
  async key() {
    return (await this.ctx.storage.get("key")) ?? null;
  }
  // Runs `what` at the bottom of ever deeper calls, up to the deepest there are, each level `how`: by a plain call, or out of a function of
  // the engine, which needs the native stack. How often it worked, and how it failed.
  deep(what, how) {
    const statements = {
      insert: () => this.ctx.storage.sql.exec("INSERT INTO lines VALUES (?, 'deep') ON CONFLICT DO UPDATE SET filler = 'deeper'", "deep"),
      nested: () => this.ctx.storage.sql.exec(`SELECT ${"(".repeat(80)}1${")".repeat(80)} AS n`).one(),
      joins: () =>
        this.ctx.storage.sql
          .exec(`WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 9) SELECT COUNT(*) AS n FROM lines a, lines b, c WHERE a.id LIKE '%' || c.n AND b.id GLOB '*' || a.id ORDER BY 1`)
          .toArray(),
      transaction: () => this.ctx.storage.transactionSync(() => this.insert("never-" + Math.random())),
      put: () => this.ctx.storage.put("deep", { list: [1, 2, { three: [4] }] }).catch((error) => (failures.put = error.name)),
      kv: () => this.ctx.storage.kv.put("deep", "x".repeat(1000)),
    };
    const work = statements[what];
    const failures = {};
    let worked = 0;
    const steps = {
      plain: (next) => next(),
      replace: (next) => void "x".replace("x", next),
      sort: (next) => void [2, 1].sort(() => (next(), 0)),
      json: (next) => void JSON.stringify({ toJSON: next }),
      getter: (next) => ({ get x() { return next(); } }).x,
      regexp: (next) => void "x".replace(/x/, next),
      reflect: (next) => void Reflect.apply(next, undefined, []),
      bound: (next) => void next.bind(null, 1)(),
    };
    const step = steps[how];
    const dive = (left) => (left === 0 ? void work() : step(() => void dive(left - 1)));
    let deepest = 0;
    const sink = (depth) => {
      deepest = Math.max(deepest, depth);
      step(() => void sink(depth + 1));
    };
    try {
      sink(0);
    } catch (error) {
      failures.bottom = error.name;
    }
    const depths = [];
    for (let depth = 0; depth < Math.min(deepest, 250); depth += 6) depths.push(depth);
    for (let depth = Math.max(250, deepest - 12); depth < deepest + 3; depth += 3) depths.push(depth);
    for (const depth of depths) {
      try {
        dive(depth);
        ++worked;
      } catch (error) {
        failures[error.name] = (failures[error.name] ?? 0) + 1;
      }
    }
    return { deepest, tried: depths.length, worked, failures };
  }
}

export default {
  async fetch(request, env) {
    const [, name, what, ...more] = new URL(request.url).pathname.split("/");
    if (name === "ping") return new Response("pong");
    const box = env.BOXES.getByName(name);
    try {
      if (what === "id") return new Response(env.BOXES.idFromName(name).toString());
      // /NAME/crowd/COUNT/PREFIX: that many calls at once.
      if (what === "crowd") {
        const answers = await Promise.allSettled(Array.from({ length: Number(more[0]) }, (_, i) => box.add(`${more[1]}-${i}`)));
        const errors = {};
        for (const { reason } of answers.filter((answer) => answer.status === "rejected")) {
          const text = `${reason.message} overloaded: ${reason.overloaded}`;
          errors[text] = (errors[text] ?? 0) + 1;
        }
        return Response.json({ added: answers.flatMap((answer, i) => (answer.status === "fulfilled" ? [`${more[1]}-${i}`] : [])), errors });
      }
      return Response.json({ answer: await box[what](...more) });
    } catch (error) {
      const { name, message, remote, retryable, overloaded } = error;
      return Response.json({ name, message, remote, retryable, overloaded }, { status: 500 });
    }
  },
};
