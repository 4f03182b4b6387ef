// Transfer: moves money from one account to another, step by step. Each step is written down before the next begins, and an alarm goes on with what a
// failure interrupted; the accounts apply a step once. So a transfer happens completely or not at all.
import { DurableObject } from "cloudflare:workers";
import type { Account } from "./account";

export interface Order {
  from: string;
  to: string;
  amount: number; // cents
}

export type State = "started" | "withdrawn" | "done" | "refused";

export interface TransferView extends Order {
  id: string;
  state: State;
}

interface Env {
  ACCOUNTS: DurableObjectNamespace<Account>;
}

const RETRY_MS = 1_000;

export class Transfer extends DurableObject<Env> {
  // Begins the transfer and carries it out as far as it goes now. Asked again with the same order it gives the same transfer; with another one, an error.
  async begin(id: string, order: Order): Promise<TransferView> {
    const known = await this.view();
    if (known === undefined) {
      // The order and the alarm that will finish it are one write.
      this.ctx.storage.put({ id, order, state: "started" satisfies State });
      this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
    } else if (known.from !== order.from || known.to !== order.to || known.amount !== order.amount) {
      throw new RangeError("this idempotency key was used for another transfer");
    }
    await this.proceed();
    return (await this.view())!;
  }

  async view(): Promise<TransferView | undefined> {
    const kept = await this.ctx.storage.get(["id", "order", "state"]);
    if (!kept.has("order")) return undefined;
    return { id: kept.get("id") as string, ...(kept.get("order") as Order), state: kept.get("state") as State };
  }

  async alarm(): Promise<void> {
    await this.proceed();
  }

  private async proceed(): Promise<void> {
    const { id, from, to, amount, state } = (await this.view())!;
    let now = state;
    if (now === "started") {
      now = (await this.account(from).withdraw(id, amount)) ? "withdrawn" : "refused";
      await this.advance("started", now);
    }
    if (now === "withdrawn") {
      await this.account(to).deposit(id, amount);
      await this.advance("withdrawn", "done");
    }
    if (await this.isOver()) await this.ctx.storage.deleteAlarm();
  }

  // Another call may have been faster: a state only moves forward.
  private async advance(before: State, after: State): Promise<void> {
    if ((await this.ctx.storage.get("state")) === before) await this.ctx.storage.put("state", after);
  }

  private async isOver(): Promise<boolean> {
    const state = await this.ctx.storage.get<State>("state");
    return state === "done" || state === "refused";
  }

  private account(name: string): DurableObjectStub<Account> {
    return this.env.ACCOUNTS.getByName(name);
  }
}
