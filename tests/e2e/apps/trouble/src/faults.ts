// Each way in which a worker can go wrong.
interface Deep {
  next?: Deep;
}

export class OrderError extends Error {
  constructor(public readonly order: number) {
    super(`order ${order} is broken`);
    this.name = 'OrderError';
  }
}

function checkOrder(order: number): never {
  throw new OrderError(order); // marker: throws here
}

export async function throwsLater(): Promise<Response> {
  await Promise.resolve();
  return checkOrder(42); // marker: called here
}

export function throwsNow(): Response {
  const order: number = 7;
  return checkOrder(order);
}

export function loops(): Response {
  let turns = 0;
  while (true) turns++;
}

export function recurses(depth = 0): Response {
  const result = recurses(depth + 1);
  return depth > 0 ? result : new Response('never');
}

export function allocates(): Response {
  const kept: Deep[] = [];
  let text = 'x';
  while (true) {
    kept.push({ next: kept[kept.length - 1] });
    text += text.slice(0, 1000) + kept.length;
    kept.push({ next: { next: { text } as Deep } });
  }
}

export function neverSettles(): Promise<Response> {
  return new Promise(() => {});
}
