export interface Bindings {
  GREETING: string;
  LIMITS: { items: number; tags: string[] };
}

export interface Variables {
  trace: string[];
  user?: { name: string; role: string };
}

export type AppEnv = { Bindings: Bindings; Variables: Variables };
