import { helper } from "./Helper";
export default { fetch: () => new Response(helper()) };
