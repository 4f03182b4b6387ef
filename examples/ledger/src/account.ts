// Account: one balance, in cents. Every change belongs to a transfer and is applied once, however often it is asked for.
import { DurableObject } from "cloudflare:workers";

export interface Statement {
  balance: number;
  entries: number;
}

export class Account extends DurableObject {
  private readonly sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS entries (transfer TEXT PRIMARY KEY, amount INTEGER NOT NULL) WITHOUT ROWID");
    this.sql.exec("CREATE TABLE IF NOT EXISTS refused (transfer TEXT PRIMARY KEY) WITHOUT ROWID");
  }

  statement(): Statement {
    return this.sql.exec<Statement & Record<string, SqlStorageValue>>("SELECT COALESCE(SUM(amount), 0) AS balance, COUNT(*) AS entries FROM entries").one();
  }

  // Takes `amount` for a transfer. False: there is not enough, and there never will be for this transfer.
  withdraw(transfer: string, amount: number): boolean {
    if (this.has("entries", transfer)) return true;
    if (this.has("refused", transfer)) return false;
    if (this.statement().balance < amount) {
      this.sql.exec("INSERT INTO refused VALUES (?)", transfer);
      return false;
    }
    this.sql.exec("INSERT INTO entries VALUES (?, ?)", transfer, -amount);
    return true;
  }

  deposit(transfer: string, amount: number): void {
    if (!this.has("entries", transfer)) this.sql.exec("INSERT INTO entries VALUES (?, ?)", transfer, amount);
  }

  private has(table: "entries" | "refused", transfer: string): boolean {
    return this.sql.exec(`SELECT 1 FROM ${table} WHERE transfer = ?`, transfer).toArray().length > 0;
  }
}
