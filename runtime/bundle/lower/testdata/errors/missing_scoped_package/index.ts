import { z } from "@scope/no-such-package/sub/path";
export default { fetch: () => new Response(z) };
