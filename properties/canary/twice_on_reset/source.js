// Nothing is wrong with this worker: the mistake is planted in the platform.
export default {
  async fetch(request) {
    return new Response(`hello ${await request.text()}`);
  },
};
