import { page } from "./page";

interface Env {
  GREETING: string;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Ten lines, one every 200 ms: the reader sees each as soon as it is written.
function countToTen(): ReadableStream {
  const encoder = new TextEncoder();
  let n = 0;
  return new ReadableStream({
    async pull(controller) {
      if (n > 0) await sleep(200);
      controller.enqueue(encoder.encode(`${++n}\n`));
      if (n === 10) controller.close();
    },
  });
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/":
        return new Response(page(env.GREETING, url.origin), { headers: { "Content-Type": "text/html;charset=utf-8" } });
      case "/api/hello":
        return Response.json({ message: `${env.GREETING}, ${url.searchParams.get("name") ?? "world"}!` });
      case "/api/echo":
        return Response.json({ method: request.method, path: url.pathname, headers: Object.fromEntries(request.headers), body: await request.text() });
      case "/api/count":
        return new Response(countToTen(), { headers: { "Content-Type": "text/plain;charset=utf-8" } });
      case "/api/hash": {
        const text = url.searchParams.get("text") ?? "";
        return Response.json({ text, sha256: await sha256(text) });
      }
      case "/api/boom":
        throw new Error("thrown on purpose by the welcome example");
      default:
        return Response.json({ error: `nothing at ${url.pathname}` }, { status: 404 });
    }
  },
};
