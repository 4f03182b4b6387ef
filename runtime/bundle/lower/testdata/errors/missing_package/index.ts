import { z } from "no-such-package-anywhere";
export default { fetch: () => new Response(z) };
