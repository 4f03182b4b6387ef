// Keeps the settings, not the promise of them.
let settings;

export default {
  async fetch() {
    if (settings === undefined) {
      const response = await fetch("http://settings.test/all");
      if (!response.ok) return new Response("no settings", { status: 503 });
      settings = await response.text();
    }
    return new Response(settings);
  },
};
