export default {
  fetch: () => new Response(String(2n ** 64n)),
};
