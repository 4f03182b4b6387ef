// Mix: SQL, synchronous key-value, transactions, jobs that alarms carry out, and calls to another object.
import { DurableObject } from "cloudflare:workers";

const TOKENS = 100;

export class Mix extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY, at INTEGER) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, due INTEGER NOT NULL, state TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS jobs_due ON jobs (state, due);
      CREATE TABLE IF NOT EXISTS blobs (slot INTEGER PRIMARY KEY, size INTEGER NOT NULL, bytes TEXT NOT NULL)`);
  }

  async run(operation, id, n) {
    return this[operation](id, n);
  }

  count(name) {
    return this.sql.exec("SELECT n FROM totals WHERE name = ?", name).toArray()[0]?.n ?? 0;
  }

  // --- notes: SQL and the synchronous key-value table, in one synchronous transaction ---

  note(id) {
    this.ctx.storage.transactionSync(() => {
      if (this.sql.exec("SELECT 1 FROM notes WHERE id = ?", id).toArray().length > 0) return;
      this.sql.exec("INSERT INTO notes VALUES (?, ?)", id, Date.now());
      this.sql.exec("INSERT INTO totals VALUES ('notes', 1) ON CONFLICT (name) DO UPDATE SET n = n + 1");
      this.ctx.storage.kv.put("last", id);
    });
    return { id };
  }

  notes() {
    const ids = this.sql.exec("SELECT id FROM notes ORDER BY id").toArray().map((row) => row.id);
    const last = this.ctx.storage.kv.get("last");
    if (ids.length !== this.count("notes")) throw new Error(`wrong: ${ids.length} notes, but ${this.count("notes")} were counted`);
    if (ids.length > 0 && !ids.includes(last)) throw new Error("wrong: the last note is not there");
    return { ids };
  }

  // --- tokens: a transaction over several awaits, that is often rolled back ---

  async move(id, n) {
    const moved = await this.ctx.storage
      .transaction(async (txn) => {
        const left = (await txn.get("tokens/left")) ?? TOKENS;
        const right = (await txn.get("tokens/right")) ?? 0;
        await txn.put("tokens/left", left - n);
        if (left < n) throw new Error("too few");
        if (n % 5 === 0) {
          txn.rollback();
          return 0;
        }
        await txn.put("tokens/right", right + n);
        return n;
      })
      .catch((error) => {
        if (error.message !== "too few") throw error;
        return -1;
      });
    if (moved === -1) await this.ctx.storage.put({ "tokens/left": TOKENS, "tokens/right": 0 });
    return this.tokens();
  }

  async tokens() {
    const tokens = await this.ctx.storage.get(["tokens/left", "tokens/right"]);
    const sum = (tokens.get("tokens/left") ?? TOKENS) + (tokens.get("tokens/right") ?? 0);
    if (sum !== TOKENS) throw new Error(`wrong: there are ${sum} tokens`);
    return { sum };
  }

  // --- blobs: rows of some pages that grow, shrink and go ---

  blob(id, n) {
    for (const { slot, size, bytes } of this.sql.exec("SELECT * FROM blobs")) {
      if (bytes.length !== size || bytes !== bytes[0].repeat(size)) throw new Error(`wrong: blob ${slot} is not what was written`);
    }
    const slot = n % 4;
    if (n % 7 === 0) {
      this.sql.exec("DELETE FROM blobs WHERE slot <= ?", slot);
    } else {
      this.sql.exec("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)", slot, n * 300, id[0].repeat(n * 300));
    }
    return { size: this.sql.databaseSize };
  }

  // --- jobs: an alarm that is set with the job, in one write ---

  nextDue() {
    return this.sql.exec("SELECT min(due) AS due FROM jobs WHERE state = 'pending'").one().due;
  }

  async arm() {
    const due = this.nextDue();
    if (due === null) {
      await this.ctx.storage.deleteAlarm();
    } else {
      await this.ctx.storage.setAlarm(due);
    }
  }

  async job(id, n) {
    if (this.sql.exec("SELECT 1 FROM jobs WHERE id = ?", id).toArray().length === 0) {
      this.sql.exec("INSERT INTO jobs VALUES (?, ?, 'pending')", id, Date.now() + n);
      await this.arm();
    }
    return { id };
  }

  // Everything that is pending is to be done later.
  async postpone(id, n) {
    this.sql.exec("UPDATE jobs SET due = ? WHERE state = 'pending'", Date.now() + n);
    await this.arm();
    return {};
  }

  async cancel() {
    this.sql.exec("UPDATE jobs SET state = 'cancelled' WHERE id = (SELECT min(id) FROM jobs WHERE state = 'pending')");
    await this.arm();
    return {};
  }

  async alarm() {
    const now = Date.now();
    const due = this.sql.exec("SELECT id FROM jobs WHERE state = 'pending' AND due <= ?", now).toArray();
    for (const { id } of due) {
      await this.env.MIX.getByName("done").note(id);
      this.sql.exec("UPDATE jobs SET state = 'done' WHERE id = ?", id);
    }
    const [{ failures }] = this.sql.exec("SELECT count(*) AS failures FROM jobs WHERE state = 'done' AND due % 11 = 0").toArray();
    // Now and then it fails at the end: what was done stays done, and it is called again.
    if (failures % 5 === 1 && this.ctx.storage.kv.get("failed") !== failures) {
      this.ctx.storage.kv.put("failed", failures);
      throw new Error("the alarm fails");
    }
    // With nothing left to do it is the platform that takes the alarm away.
    if (this.nextDue() !== null) await this.arm();
  }

  async jobs() {
    const jobs = this.sql.exec("SELECT id, state FROM jobs ORDER BY id").toArray();
    return { pending: jobs.filter((job) => job.state === "pending").length, ids: jobs.map((job) => job.id) };
  }

  // --- calls: this object, then the other one, then this one ---

  async relay(id) {
    await this.ctx.storage.put(`relay/${id}`, "sent");
    const { id: noted } = await this.env.MIX.getByName("relayed").note(id);
    await this.ctx.storage.put(`relay/${id}`, "noted");
    return { id: noted };
  }
}
