// Hall: hibernating WebSockets. What is said is told to everybody and kept in SQL; each socket's attachment counts along with a row of its own.
import { DurableObject } from "cloudflare:workers";

export class Hall extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS said (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS seats (seat TEXT PRIMARY KEY, name TEXT NOT NULL, said INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS wrong (what TEXT)`);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  fetch(request) {
    if (request.headers.get("Upgrade") !== "websocket") return new Response("for WebSockets", { status: 426 });
    const name = new URL(request.url).searchParams.get("name");
    const seat = crypto.randomUUID();
    this.sql.exec("INSERT INTO seats VALUES (?, ?, 0)", seat, name);
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [name, "everybody"]);
    server.serializeAttachment({ seat, name, said: 0 });
    return new Response(null, { status: 101, webSocket: client });
  }

  wrong(what) {
    this.sql.exec("INSERT INTO wrong VALUES (?)", what);
  }

  webSocketMessage(socket, data) {
    const attachment = socket.deserializeAttachment();
    if (attachment === null) return this.wrong("a socket has no attachment");
    const tags = this.ctx.getTags(socket);
    if (tags.length !== 2 || tags[0] !== attachment.name || tags[1] !== "everybody") this.wrong(`the tags of ${attachment.name} are ${tags}`);
    if (!this.ctx.getWebSockets(attachment.name).includes(socket)) this.wrong(`${attachment.name} is not found by its tag`);
    const seat = this.sql.exec("SELECT name, said FROM seats WHERE seat = ?", attachment.seat).toArray()[0];
    if (seat?.name !== attachment.name || seat?.said !== attachment.said) {
      this.wrong(`${attachment.name} has said ${attachment.said} by its attachment and ${seat?.said} by its row`);
    }
    attachment.said++;
    socket.serializeAttachment(attachment);
    this.sql.exec("UPDATE seats SET said = ? WHERE seat = ?", attachment.said, attachment.seat);
    const { id } = JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data));
    const { seq } = this.sql.exec("INSERT INTO said (id) VALUES (?) RETURNING seq", id).one();
    const text = JSON.stringify({ said: { seq, id, by: attachment.name } });
    // Half of them as bytes.
    const message = seq % 2 === 0 ? text : new TextEncoder().encode(text);
    for (const each of this.ctx.getWebSockets("everybody")) {
      try {
        each.send(message);
      } catch {
        // It is closing.
      }
    }
  }

  webSocketClose(socket, code) {
    try {
      socket.close(code);
    } catch {
      // It is closed already.
    }
  }

  run() {
    const wrong = this.sql.exec("SELECT what FROM wrong").toArray();
    if (wrong.length > 0) throw new Error(`wrong: ${wrong[0].what}`);
    return { ids: this.sql.exec("SELECT id FROM said ORDER BY seq").toArray().map((row) => row.id) };
  }
}
