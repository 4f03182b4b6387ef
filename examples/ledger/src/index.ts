// A bank.
//
//   POST /accounts/NAME/open   opens an account with 1,000.00; again: changes nothing
//   GET  /accounts/NAME        {"balance", "entries"}, in cents
//   POST /transfers            {"from", "to", "amount"}, with an Idempotency-Key: moves money, once per key
//   GET  /transfers/KEY        what became of it
//   GET  /audit?accounts=A,B   the sum of the balances
import { Account } from "./account";
import { Transfer, type Order } from "./transfer";

export { Account, Transfer };

interface Env {
  ACCOUNTS: DurableObjectNamespace<Account>;
  TRANSFERS: DurableObjectNamespace<Transfer>;
}

const OPENING = 100_000;
const NAME = /^[a-z0-9-]{1,64}$/;

const refuse = (status: number, error: string) => Response.json({ error }, { status });

function orderOf(body: unknown): Order | undefined {
  const { from, to, amount } = (body ?? {}) as Record<string, unknown>;
  if (typeof from !== "string" || typeof to !== "string" || !NAME.test(from) || !NAME.test(to) || from === to) return undefined;
  if (typeof amount !== "number" || !Number.isSafeInteger(amount) || amount < 1) return undefined;
  return { from, to, amount };
}

async function transfer(request: Request, env: Env): Promise<Response> {
  const key = request.headers.get("Idempotency-Key");
  if (!key || key.length > 128) return refuse(400, "Send an Idempotency-Key of at most 128 characters: the same for every attempt.");
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    return refuse(400, "The body is no JSON.");
  }
  const order = orderOf(body);
  if (order === undefined) return refuse(400, 'Send {"from": "a", "to": "b", "amount": cents}: two accounts and a whole number above 0.');
  try {
    const view = await env.TRANSFERS.getByName(key).begin(key, order);
    return Response.json(view, { status: view.state === "refused" ? 409 : 201 });
  } catch (error) {
    if (error instanceof RangeError) return refuse(422, error.message);
    throw error;
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    const [, what, name, action, ...more] = url.pathname.split("/");
    if (more.length > 0) return refuse(404, `Nothing at ${url.pathname}.`);
    if (what === "accounts" && name !== undefined && NAME.test(name)) {
      const account = env.ACCOUNTS.getByName(name);
      if (request.method === "POST" && action === "open") {
        await account.deposit("opening", OPENING);
        return Response.json(await account.statement(), { status: 201 });
      }
      if (request.method === "GET" && action === undefined) return Response.json(await account.statement());
    }
    if (what === "transfers" && name === undefined && request.method === "POST") return transfer(request, env);
    if (what === "transfers" && name !== undefined && action === undefined && request.method === "GET") {
      const view = await env.TRANSFERS.getByName(decodeURIComponent(name)).view();
      return view === undefined ? refuse(404, "There is no such transfer.") : Response.json(view);
    }
    if (what === "audit" && request.method === "GET") {
      const names = (url.searchParams.get("accounts") ?? "").split(",").filter((each) => NAME.test(each));
      const statements = await Promise.all(names.map((each) => env.ACCOUNTS.getByName(each).statement()));
      return Response.json({ accounts: names.length, total: statements.reduce((sum, each) => sum + each.balance, 0) });
    }
    return refuse(404, `Nothing at ${url.pathname}.`);
  },
};
