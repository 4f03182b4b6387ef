const tries: [method: string, path: string, what: string][] = [
  ["GET", "/api/hello?name=you", "JSON made from the query"],
  ["POST", "/api/echo", "your request, taken apart"],
  ["GET", "/api/count", "a stream, one line every 200 ms"],
  ["GET", "/api/hash?text=edge", "SHA-256 through crypto.subtle"],
  ["GET", "/api/boom", "an error: the terminal shows where in the TypeScript it was thrown"],
];

const escape = (text: string) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);

export function page(greeting: string, origin: string): string {
  const rows = tries.map(([method, path, what]) => {
    const command = method === "GET" ? `curl ${origin}${path}` : `curl -d '{"a":1}' ${origin}${path}`;
    const link = method === "GET" ? `<a href="${escape(path)}">${escape(path)}</a>` : escape(path);
    return `<tr><td>${method}</td><td>${link}</td><td>${escape(what)}</td></tr><tr class="c"><td></td><td colspan="2"><code>${escape(command)}</code></td></tr>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>edge</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 4rem auto; padding: 0 1rem }
  h1 { font-size: 2rem; margin-bottom: .25rem }
  table { border-collapse: collapse; width: 100%; margin-top: 1.5rem }
  td { padding: .35rem .75rem .35rem 0; vertical-align: top }
  tr.c td { border-bottom: 1px solid #8884; padding-bottom: .7rem }
  code { font-size: .85rem; opacity: .8 }
</style>
</head>
<body>
<h1>${escape(greeting)} from edge</h1>
<p>This page is a worker in TypeScript, the example that comes with the program. Try:</p>
<table>${rows.join("")}</table>
<p>Start your own: <code>edge init my-app</code>, then <code>edge serve my-app</code>.</p>
</body>
</html>
`;
}
