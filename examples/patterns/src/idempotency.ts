// Once: what was asked for with an Idempotency-Key happens once, and every attempt gets the same answer. What happens and the answer that is
// kept are one transaction, so there is no moment at which one is there without the other.

export interface Answer {
  status: number;
  body: string;
}

export class Once {
  constructor(private readonly storage: DurableObjectStorage) {
    storage.sql.exec("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL)");
  }

  // `prepare` may wait and may be done more than once; `commit` is done once and does not wait. `asked`: what belongs to the key.
  async answer<T>(key: string, asked: string, prepare: () => Promise<T>, commit: (prepared: T) => Answer): Promise<Answer> {
    const known = this.find(key, asked);
    if (known !== undefined) return known;
    const prepared = await prepare();
    return this.storage.transactionSync(() => {
      // Another attempt may have come meanwhile.
      const faster = this.find(key, asked);
      if (faster !== undefined) return faster;
      const answer = commit(prepared);
      this.storage.sql.exec("INSERT INTO answers VALUES (?, ?, ?, ?)", key, asked, answer.status, answer.body);
      return answer;
    });
  }

  private find(key: string, asked: string): Answer | undefined {
    const [found] = this.storage.sql.exec<{ asked: string; status: number; body: string }>("SELECT asked, status, body FROM answers WHERE key = ?", key).toArray();
    if (found === undefined) return undefined;
    if (found.asked !== asked) return { status: 422, body: JSON.stringify({ error: "This key was used for something else." }) };
    return { status: found.status, body: found.body };
  }
}

// Middleware: hands on what has a key, with the key.
export function withIdempotencyKey(handle: (request: Request, key: string) => Promise<Response>): (request: Request) => Promise<Response> {
  return async (request) => {
    const key = request.headers.get("Idempotency-Key");
    if (!key || key.length > 128) return Response.json({ error: "Send an Idempotency-Key of at most 128 characters: the same for every attempt." }, { status: 400 });
    return handle(request, key);
  };
}
