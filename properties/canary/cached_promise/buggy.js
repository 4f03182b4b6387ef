// Loads its settings once for all requests. If the request that began to load them goes away, its fetch ends with it and the promise is never
// settled: everybody who comes later waits for ever.
let settings;

export default {
  async fetch() {
    settings ??= fetch("http://settings.test/all").then((response) => response.text());
    return new Response(await settings);
  },
};
