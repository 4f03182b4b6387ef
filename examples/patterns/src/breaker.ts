// Breaker: keeps callers away from something that fails.
//
//   closed ── THRESHOLD failures in a row ──> open ── COOLDOWN_MS ──> half-open ── it works ──> closed
//                                              ^─────── it fails ────────┘
//
// Who calls asks for a permit first. Failures and permits that are out never exceed the threshold, so not one call too many fails, however many
// callers come at once. A caller that never comes back has failed.
import { DurableObject } from "cloudflare:workers";

export interface Permit {
  id: number;
  period: number; // counts the breaker's changes of state
}

interface State {
  is: "closed" | "open" | "half-open";
  period: number;
  failures: number;
  since: number;
}

export const THRESHOLD = 3;
const COOLDOWN_MS = 2_000;
const PATIENCE_MS = 8_000; // longer than a caller waits

export class Breaker extends DurableObject {
  private readonly sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS permits (id INTEGER PRIMARY KEY AUTOINCREMENT, since INTEGER NOT NULL)");
  }

  // undefined: do not call.
  begin(): Permit | undefined {
    const now = Date.now();
    // A calendar that went back has seen enough.
    const over = (since: number, time: number) => now >= since + time || now < since;
    for (const { id, since } of this.sql.exec<{ id: number; since: number }>("SELECT id, since FROM permits").toArray()) {
      if (over(since, PATIENCE_MS)) this.end(id, false);
    }
    if (this.state.is === "open" && over(this.state.since, COOLDOWN_MS)) this.become("half-open");
    const { period, failures } = this.state;
    const out = Number(this.sql.exec("SELECT COUNT(*) AS n FROM permits").one().n);
    if (failures + out >= this.allowed()) return undefined;
    const { id } = this.sql.exec<{ id: number }>("INSERT INTO permits (since) VALUES (?) RETURNING id", now).one();
    return { id, period };
  }

  // What came of the call. A permit of an earlier period says nothing about this one.
  end(id: number, worked: boolean): void {
    if (this.sql.exec("DELETE FROM permits WHERE id = ? RETURNING id", id).toArray().length === 0) return;
    const state = this.state;
    if (worked) {
      if (state.is === "half-open") this.become("closed");
      else this.keep({ ...state, failures: 0 });
      return;
    }
    this.keep({ ...state, failures: state.failures + 1 });
    if (this.state.failures >= this.allowed()) this.become("open");
  }

  private allowed(): number {
    return { closed: THRESHOLD, open: 0, "half-open": 1 }[this.state.is];
  }

  private get state(): State {
    return this.ctx.storage.kv.get<State>("state") ?? { is: "closed", period: 0, failures: 0, since: 0 };
  }

  private keep(state: State): void {
    this.ctx.storage.kv.put("state", state);
  }

  private become(is: State["is"]): void {
    this.sql.exec("DELETE FROM permits");
    this.keep({ is, period: this.state.period + 1, failures: 0, since: Date.now() });
  }
}

export class OpenError extends Error {}

// Calls through the breaker: `call` gets the number of the period. OpenError: it was not called.
export async function through<T>(breaker: DurableObjectStub<Breaker>, call: (period: number) => Promise<T>): Promise<T> {
  const permit = await breaker.begin();
  if (permit === undefined) throw new OpenError("the circuit is open");
  try {
    const answer = await call(permit.period);
    await breaker.end(permit.id, true);
    return answer;
  } catch (error) {
    await breaker.end(permit.id, false);
    throw error;
  }
}
