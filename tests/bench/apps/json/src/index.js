// What small APIs do: read the URL and a header, answer an object.
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const name = url.searchParams.get('name') ?? 'world';
    return Response.json({ message: `Hello, ${name}!`, path: url.pathname, agent: request.headers.get('user-agent'), items: [1, 2, 3], ok: true });
  },
};
