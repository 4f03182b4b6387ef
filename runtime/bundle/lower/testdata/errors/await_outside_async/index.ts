function f() {
  await g();
}
export default { fetch: f };
