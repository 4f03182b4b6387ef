// Nothing is wrong with this worker, which takes its time: the mistake is planted in the platform.
export default {
  async fetch() {
    const answer = await fetch("http://slow.test/").then((response) => response.text(), () => "nothing");
    return new Response(answer);
  },
};
