// Shop: takes orders, each once.
import { DurableObject } from "cloudflare:workers";
import { Once, type Answer } from "./idempotency";

export class Shop extends DurableObject {
  private readonly sql: SqlStorage;
  private readonly once: Once;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.once = new Once(ctx.storage);
    this.sql.exec("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, item TEXT NOT NULL, checked INTEGER NOT NULL)");
  }

  order(key: string, item: string): Promise<Answer> {
    return this.once.answer(
      key,
      item,
      async () => (await fetch("http://fraud.test/check", { method: "POST", body: item }).catch(() => undefined))?.ok === true,
      (checked) => {
        const { id } = this.sql.exec<{ id: number }>("INSERT INTO orders (key, item, checked) VALUES (?, ?, ?) RETURNING id", key, item, Number(checked)).one();
        return { status: 201, body: JSON.stringify({ order: id, item }) };
      },
    );
  }

  // How many orders there are, and how many of them are there again.
  audit(): { orders: number; twice: number } {
    const { orders, keys } = this.sql.exec<{ orders: number; keys: number }>("SELECT COUNT(*) AS orders, COUNT(DISTINCT key) AS keys FROM orders").one();
    return { orders, twice: orders - keys };
  }
}
