import module from "./add.wasm";
export default { fetch: () => new Response(String(module)) };
