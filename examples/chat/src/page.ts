export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>chat on edge</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --accent: #2563eb }
  * { box-sizing: border-box }
  body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; height: 100dvh; display: flex; flex-direction: column; padding: 1rem }
  header { display: flex; align-items: baseline; gap: 1rem; border-bottom: 1px solid var(--line); padding-bottom: .5rem }
  h1 { font-size: 1.25rem; margin: 0 }
  #members { color: #888; font-size: .9rem; flex: 1 }
  #state { font-size: .85rem; color: #888 }
  #messages { list-style: none; margin: 0; padding: .5rem 0; flex: 1; overflow-y: auto }
  #messages li { padding: .15rem 0; overflow-wrap: anywhere }
  #messages b { margin-right: .4rem }
  #messages time { color: #888; font-size: .75rem; margin-left: .5rem }
  form { display: flex; gap: .5rem; border-top: 1px solid var(--line); padding-top: .75rem }
  input { font: inherit; padding: .5rem .7rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit }
  #text { flex: 1 }
  #name { width: 9rem }
  button { font: inherit; padding: .5rem 1rem; border: 0; border-radius: .5rem; background: var(--accent); color: white }
</style>
</head>
<body>
<header><h1 id="room"></h1><span id="members"></span><span id="state"></span></header>
<ul id="messages"></ul>
<form id="form"><input id="name" placeholder="your name" maxlength="32" required autocomplete="nickname"><input id="text" placeholder="say something" maxlength="500" autocomplete="off"><button>Send</button></form>
<script>
  const $ = (id) => document.getElementById(id);
  const room = (location.hash.slice(1) || "lobby").toLowerCase().replace(/[^a-z0-9-]/g, "").slice(0, 32) || "lobby";
  $("room").textContent = "#" + room;
  $("name").value = localStorage.getItem("name") || "";
  let socket, joinedAs, wait = 500;
  const unsent = new Map(), shown = new Set();

  function show(message) {
    unsent.delete(message.id);
    if (shown.has(message.seq)) return;
    shown.add(message.seq);
    const line = document.createElement("li"), author = document.createElement("b"), time = document.createElement("time");
    author.textContent = message.author;
    time.textContent = new Date(message.at).toLocaleTimeString();
    line.append(author, message.text, time);
    $("messages").append(line);
    line.scrollIntoView();
  }
  function connect() {
    joinedAs = $("name").value.trim();
    if (!joinedAs) return;
    localStorage.setItem("name", joinedAs);
    const address = new URL("/rooms/" + room + "/socket?name=" + encodeURIComponent(joinedAs), location.href);
    address.protocol = address.protocol.replace("http", "ws");
    socket = new WebSocket(address);
    const mine = socket;
    const beat = setInterval(() => mine.readyState === 1 && mine.send("ping"), 30000);
    mine.onopen = () => { wait = 500; $("state").textContent = "connected"; for (const text of unsent.values()) mine.send(text); };
    mine.onmessage = (event) => {
      if (event.data === "pong") return;
      const what = JSON.parse(event.data);
      if (what.type === "history") what.messages.forEach(show);
      if (what.type === "message") show(what.message);
      if (what.type === "known") unsent.delete(what.known);
      if (what.type === "members") $("members").textContent = what.names.join(", ");
      if (what.type === "error") $("state").textContent = what.text;
    };
    mine.onclose = () => {
      clearInterval(beat);
      if (mine !== socket) return;
      $("state").textContent = "connecting again ...";
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, 15000);
    };
  }
  // A message keeps its id until it has come back: one that was sent twice is said once.
  $("form").onsubmit = (event) => {
    event.preventDefault();
    const text = $("text").value.trim();
    if (text) {
      const id = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()), frame = JSON.stringify({ id, text });
      unsent.set(id, frame);
      if (socket && socket.readyState === 1 && joinedAs === $("name").value.trim()) socket.send(frame);
    }
    $("text").value = "";
    if (joinedAs !== $("name").value.trim()) { if (socket) { const old = socket; socket = undefined; old.close(); } connect(); }
  };
  onhashchange = () => location.reload();
  connect();
</script>
</body>
</html>
`;
