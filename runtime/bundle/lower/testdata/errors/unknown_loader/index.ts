import picture from "./picture.png";
export default { fetch: () => new Response(picture) };
