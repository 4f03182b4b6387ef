// Four patterns, each behind a path of its own.
//
//   POST /take           a sliding-window rate limit: 200 {"at"} or 429
//   POST /orders         with an Idempotency-Key: 201, the same answer for every attempt; GET /orders says how many there are
//   POST /pay/HOST       calls an outside service through a circuit breaker: 200, 502 it failed, 503 it was not asked
//   POST /notify/HOST    calls one with retries: 200, 422 it refused, 502 it went on failing
import { Breaker, OpenError, through } from "./breaker";
import { withIdempotencyKey } from "./idempotency";
import { Limiter } from "./limiter";
import { PermanentError, retry } from "./retry";
import { Shop } from "./shop";

export { Breaker, Limiter, Shop };

interface Env {
  LIMITERS: DurableObjectNamespace<Limiter>;
  BREAKERS: DurableObjectNamespace<Breaker>;
  SHOPS: DurableObjectNamespace<Shop>;
}

const LIMIT = 3;
const WINDOW_MS = 10_000;
const PATIENCE_MS = 3_000;
const HOST = /^[a-z]{1,32}\.test$/;

async function take(env: Env): Promise<Response> {
  const taken = await env.LIMITERS.getByName("everybody").take(LIMIT, WINDOW_MS);
  if (taken.allowed) return Response.json({ at: taken.at });
  return Response.json(taken, { status: 429, headers: { "Retry-After": String(Math.ceil(taken.retryAfter / 1000)) } });
}

async function ask(url: string, headers: Record<string, string>): Promise<Response> {
  const answer = await fetch(url, { method: "POST", headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  await answer.text();
  if (answer.status >= 500 || answer.status === 429) throw new Error(`${url} answered ${answer.status}`);
  if (answer.status >= 400) throw new PermanentError(`${url} answered ${answer.status}`);
  return answer;
}

async function pay(host: string, env: Env): Promise<Response> {
  try {
    await through(env.BREAKERS.getByName(host), (period) => ask(`http://${host}/charge`, { "Breaker-Period": `${host} ${period}` }));
    return Response.json({ paid: true });
  } catch (error) {
    return Response.json({ error: String(error) }, { status: error instanceof OpenError ? 503 : 502 });
  }
}

async function notify(host: string): Promise<Response> {
  const id = crypto.randomUUID();
  try {
    const attempts = await retry(async (attempt) => (await ask(`http://${host}/message`, { "Call-Id": id }), attempt), { attempts: 4, base: 100, cap: 2_000 });
    return Response.json({ attempts });
  } catch (error) {
    return Response.json({ error: String(error) }, { status: error instanceof PermanentError ? 422 : 502 });
  }
}

const order = (env: Env) =>
  withIdempotencyKey(async (request, key) => {
    const { status, body } = await env.SHOPS.getByName("shop").order(key, (await request.text()).slice(0, 100));
    return new Response(body, { status, headers: { "Content-Type": "application/json" } });
  });

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const [, what, host] = new URL(request.url).pathname.split("/");
    const named = host !== undefined && HOST.test(host);
    if (request.method === "POST") {
      if (what === "take") return take(env);
      if (what === "orders") return order(env)(request);
      if (what === "pay" && named) return pay(host, env);
      if (what === "notify" && named) return notify(host);
    }
    if (request.method === "GET" && what === "orders") return Response.json(await env.SHOPS.getByName("shop").audit());
    return new Response("POST /take, /orders, /pay/HOST or /notify/HOST; GET /orders\n", { status: 404 });
  },
};
