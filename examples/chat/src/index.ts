// A chat. The worker is the door; each room is a Durable Object (room.ts).
//
//   GET  /                         the page
//   GET  /rooms/NAME/socket        a WebSocket: ?name=ME
//   GET  /rooms/NAME/messages      history as JSON: ?after=SEQ&limit=N
//   POST /rooms/NAME/messages      {"id", "author", "text"}: says something without a WebSocket
import { page } from "./page";
import { ChatRoom, cleanName, parse } from "./room";

export { ChatRoom };

interface Env {
  ROOMS: DurableObjectNamespace<ChatRoom>;
}

const route = /^\/rooms\/([a-z0-9-]{1,32})\/(socket|messages)$/;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/") return new Response(page, { headers: { "Content-Type": "text/html;charset=utf-8" } });
    const match = route.exec(url.pathname);
    if (match === null) return Response.json({ error: `Nothing at ${url.pathname}. A room's name is made of a-z, 0-9 and -.` }, { status: 404 });
    const room = env.ROOMS.getByName(match[1]);
    if (match[2] === "socket") return room.fetch(request);
    if (request.method === "GET") {
      const after = Number(url.searchParams.get("after") ?? 0);
      const limit = Number(url.searchParams.get("limit") ?? 50);
      if (!Number.isSafeInteger(after) || !Number.isSafeInteger(limit) || limit < 1) {
        return Response.json({ error: "after and limit are whole numbers" }, { status: 400 });
      }
      return Response.json({ messages: await room.history(after, limit) });
    }
    if (request.method === "POST") {
      const body = await request.text();
      const said = parse(body);
      const author = said && cleanName(JSON.parse(body).author);
      if (said === undefined || author === undefined) {
        return Response.json({ error: 'Send {"id": "...", "author": "1 to 32 characters", "text": "1 to 500 characters"}.' }, { status: 400 });
      }
      return Response.json(await room.say(said.id, author, said.text), { status: 201 });
    }
    return Response.json({ error: "GET or POST" }, { status: 405, headers: { Allow: "GET, POST" } });
  },
};
