// ChatRoom: one room. Its members are WebSockets that the platform keeps while the object sleeps, its history is a SQL table.
import { DurableObject } from "cloudflare:workers";

export interface Message {
  seq: number;
  id: string; // chosen by the sender: the same message sent again is not said twice
  author: string;
  text: string;
  at: number;
}

interface Member {
  name: string;
  budget: number; // messages left ...
  refilled: number; // ... as of this moment
}

const HISTORY_MAX = 500; // messages kept
const TRIM_AFTER_MS = 60_000;
const BURST = 10; // messages at once; then one per second

export class ChatRoom extends DurableObject {
  private readonly sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(`CREATE TABLE IF NOT EXISTS messages (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, author TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL)`);
    // Answered without waking the object.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  // The upgrade of a member's WebSocket: /rooms/NAME/socket?name=ME
  async fetch(request: Request): Promise<Response> {
    if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket") return new Response("This is for WebSockets.", { status: 426 });
    const name = cleanName(new URL(request.url).searchParams.get("name"));
    if (name === undefined) return new Response("A name has 1 to 32 characters.", { status: 400 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [name]);
    server.serializeAttachment({ name, budget: BURST, refilled: Date.now() } satisfies Member);
    server.send(JSON.stringify({ type: "history", messages: this.history(0, 50) }));
    this.tellEveryone({ type: "members", names: this.names() });
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    const member = socket.deserializeAttachment() as Member;
    const now = Date.now();
    member.budget = Math.min(BURST, member.budget + Math.floor((now - member.refilled) / 1000));
    member.refilled = now;
    if (member.budget === 0) return socket.send(JSON.stringify({ type: "error", text: "Slower, please." }));
    member.budget--;
    socket.serializeAttachment(member);
    const said = parse(data);
    if (said === undefined) return socket.send(JSON.stringify({ type: "error", text: 'Send {"id": "...", "text": "1 to 500 characters"}.' }));
    const known = this.find(said.id);
    // Said again by somebody who never heard it come back, maybe too long ago for the history that a new connection gets.
    if (known !== undefined) return socket.send(JSON.stringify({ type: "known", known: known.id }));
    this.say(said.id, member.name, said.text);
  }

  webSocketClose(socket: WebSocket, code: number): void {
    try {
      socket.close(code === 1005 || code === 1006 ? 1000 : code, "bye");
    } catch {
      // It is closed already.
    }
    this.tellEveryone({ type: "members", names: this.names(socket) });
  }

  webSocketError(socket: WebSocket): void {
    this.tellEveryone({ type: "members", names: this.names(socket) });
  }

  // Adds a message and tells everyone. The same id again changes nothing and gives the message that is there.
  say(id: string, author: string, text: string): Message {
    const known = this.find(id);
    if (known !== undefined) return known;
    const message = this.sql
      .exec<Message>("INSERT INTO messages (id, author, text, at) VALUES (?, ?, ?, ?) RETURNING *", id, author, text, Date.now())
      .one();
    this.tellEveryone({ type: "message", message });
    this.trimLater();
    return message;
  }

  private find(id: string): Message | undefined {
    return this.sql.exec<Message>("SELECT * FROM messages WHERE id = ?", id).toArray()[0];
  }

  // Messages after `after`, the newest `limit` of them, oldest first.
  history(after: number, limit: number): Message[] {
    return this.sql
      .exec<Message>("SELECT * FROM messages WHERE seq > ? ORDER BY seq DESC LIMIT ?", after, Math.min(limit, HISTORY_MAX))
      .toArray()
      .reverse();
  }

  async alarm(): Promise<void> {
    this.sql.exec("DELETE FROM messages WHERE seq <= (SELECT MAX(seq) FROM messages) - ?", HISTORY_MAX);
  }

  private async trimLater(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + TRIM_AFTER_MS);
  }

  private tellEveryone(what: unknown): void {
    const text = JSON.stringify(what);
    for (const socket of this.ctx.getWebSockets()) {
      try {
        socket.send(text);
      } catch {
        // It is closing; webSocketClose will say so.
      }
    }
  }

  private names(without?: WebSocket): string[] {
    const names = this.ctx.getWebSockets().filter((socket) => socket !== without).map((socket) => (socket.deserializeAttachment() as Member).name);
    return [...new Set(names)].sort();
  }
}

export function cleanName(name: unknown): string | undefined {
  if (typeof name !== "string") return undefined;
  const clean = name.trim();
  return clean.length >= 1 && clean.length <= 32 ? clean : undefined;
}

export function parse(data: string | ArrayBuffer): { id: string; text: string } | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const { id, text } = JSON.parse(data);
    if (typeof id !== "string" || id.length < 1 || id.length > 64) return undefined;
    if (typeof text !== "string" || text.length < 1 || text.length > 500) return undefined;
    return { id, text };
  } catch {
    return undefined;
  }
}
