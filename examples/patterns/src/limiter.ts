// Limiter: a sliding window. Of any `window` milliseconds, wherever they begin, at most `limit` hits are let through.
import { DurableObject } from "cloudflare:workers";

export interface Taken {
  allowed: boolean;
  at: number; // by this object's clock, in milliseconds
  retryAfter: number; // milliseconds until the next one is worth asking for; 0 if allowed
}

export class Limiter extends DurableObject {
  private readonly sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS hits (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)");
    this.sql.exec("CREATE INDEX IF NOT EXISTS hits_at ON hits (at)");
  }

  // Nothing is awaited, so two calls never see the same room.
  take(limit: number, window: number): Taken {
    // A machine's calendar may go back; the window must not. The newest hit is never deleted before a newer one is there.
    const at = Math.max(Date.now(), this.number("SELECT MAX(at) AS n FROM hits"));
    this.sql.exec("DELETE FROM hits WHERE at <= ?", at - window);
    if (this.number("SELECT COUNT(*) AS n FROM hits") >= limit) {
      return { allowed: false, at, retryAfter: this.number("SELECT MIN(at) AS n FROM hits") + window - at };
    }
    this.sql.exec("INSERT INTO hits (at) VALUES (?)", at);
    return { allowed: true, at, retryAfter: 0 };
  }

  private number(query: string): number {
    return Number(this.sql.exec(query).one().n ?? 0);
  }
}
