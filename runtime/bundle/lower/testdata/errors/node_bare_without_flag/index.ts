import fs from "fs";
export default { fetch: () => new Response(fs.readFileSync("x")) };
