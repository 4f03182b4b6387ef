import { b } from "./other";
export default { fetch: () => new Response(b) };
