/** The control API of runflow-mock for tests: one `Control` for each server, one `Tenant` for each test. */

import { randomUUID } from "node:crypto";

import createClient, { type Client, type Middleware } from "openapi-fetch";

import type { components, paths } from "./control-api.js";

type Schemas = components["schemas"];

/** Seconds, or a text such as `10m`, `1h30m` or `PT10M`. */
export type Duration = Schemas["Duration"];
/** Settings of a tenant that is made. */
export type Settings = Schemas["NewTenant"];
/** A fault rule: `what` happens, `where` and `when`. */
export type NewFault = Schemas["NewRule"];
/** A fault rule in force, with how often it fired. */
export type Fault = Schemas["Rule"];
/** What happened while the clock moved. */
export type Step = Schemas["Step"];
export type Clause = Schemas["Clause"];
export type Delivery = Schemas["Delivery"];
export type Exchange = Schemas["Exchange"];
export type Health = Schemas["Health"];
export type Ledger = Schemas["Ledger"];
export type NewStub = Schemas["NewStub"];
export type PulledAttempt = Schemas["PulledAttempt"];
export type Report = Schemas["Report"];
export type Verified = components["responses"]["Verified"]["content"]["application/json"];
export type Waited = components["responses"]["Waited"]["content"]["application/json"];
type Condition = Schemas["Wait"]["for"];
// With an offset the journal answers with lines in the place of exchanges.
type Filters = Omit<NonNullable<paths["/_mock/journal"]["get"]["parameters"]["query"]>, "offset">;

/** The server refused: what is wrong and the way out are in the message, the whole answer in `body`. */
export class ControlError extends Error {
  override readonly name = "ControlError";

  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {
    super(messageOf(body) ?? `the control API answered ${status}`);
  }
}

/** One server. */
export class Control {
  /** @param url where the server is, such as `http://127.0.0.1:8787` */
  constructor(readonly url: string) {}

  /** Makes a tenant: a world of its own, with its own key, clock, faults and balance. Without a name it gets one that nobody has. */
  async tenant(settings: Settings = {}): Promise<Tenant> {
    const name = settings.name ?? `test_${randomUUID().replaceAll("-", "_")}`;
    // With its own key a tenant can be made on any server, also on one in a container, where other server-wide verbs want a token.
    const api = connect(this.url, `rf_live_mock_${name}`);
    const made = taken(await api.POST("/_mock/tenants", { body: { ...settings, name } }));
    return new Tenant(this.url, made.tenant, made.key);
  }

  /** Returns whether the server is ready, with its seed and clock. */
  async health(): Promise<Health> {
    return taken(await connect(this.url).GET("/_mock/health"));
  }
}

/** One tenant: `url` and `key` are for the client under test, everything else is for the test. */
export class Tenant {
  readonly clock: TenantClock;
  readonly faults: TenantFaults;
  readonly #api: Client<paths>;

  constructor(
    readonly url: string,
    readonly name: string,
    readonly key: string,
  ) {
    this.#api = connect(url, key);
    this.clock = new TenantClock(this.#api);
    this.faults = new TenantFaults(this.#api);
  }

  /** The environment variables that a client under test is configured by. */
  get env(): Record<string, string> {
    return { RUNFLOW_BASE_URL: this.url, RUNFLOW_API_BASE: this.url, RUNFLOW_API_KEY: this.key };
  }

  /** Lets an input give an output. */
  async stub(stub: NewStub): Promise<Schemas["Stub"]> {
    return taken(await this.#api.POST("/_mock/stubs", { body: stub }));
  }

  /** Returns every delivery with every attempt, oldest first. */
  async deliveries(): Promise<Delivery[]> {
    // Rows come in their place only where a window was asked for.
    return taken(await this.#api.GET("/_mock/deliveries")).items as Delivery[];
  }

  /** Returns the attempts that are due, for the test to carry to its receiver; the tenant is made with `deliveries: "pull"`. */
  async pull(): Promise<PulledAttempt[]> {
    return taken(await this.#api.POST("/_mock/deliveries/pull")).items;
  }

  /** Says how the receiver answered a pulled attempt; anything but 2xx leads to the next one. */
  async answer(deliveryId: string, status: number): Promise<void> {
    const params = { path: { id: deliveryId } };
    taken(await this.#api.POST("/_mock/deliveries/{id}/answer", { params, body: { status } }));
  }

  /** Returns balance, holds, charges, and whether the invariants hold. */
  async ledger(): Promise<Ledger> {
    return taken(await this.#api.GET("/_mock/ledger"));
  }

  /** Returns what the client asked and was answered, oldest first. */
  async journal(filters: Filters = {}): Promise<Exchange[]> {
    return taken(await this.#api.GET("/_mock/journal", { params: { query: filters } })).items as Exchange[];
  }

  /** Asserts on the journal; where it shows something else, the error tells the nearest miss. */
  async verify(clause: Clause): Promise<Verified> {
    return taken(await this.#api.POST("/_mock/verify", { body: clause }));
  }

  /** Returns once a run, batch, delivery or the journal is as asked; throws when it never can be, or takes too long. */
  async wait(condition: Condition, timeout?: Duration): Promise<Waited> {
    const body = timeout === undefined ? { for: condition } : { for: condition, timeout };
    return taken(await this.#api.POST("/_mock/wait", { body }));
  }

  /** Returns the verdicts on the client, and what was prepared and never used. */
  async report(): Promise<Report> {
    return taken(await this.#api.GET("/_mock/report"));
  }

  /** Replaces the world by a new one. */
  async reset(): Promise<void> {
    taken(await this.#api.POST("/_mock/reset"));
  }

  /** Drops the tenant with everything in it. */
  async drop(): Promise<void> {
    taken(await this.#api.DELETE("/_mock/tenants/{tenant}", { params: { path: { tenant: this.name } } }));
  }
}

/** The tenant's clock. Every move returns what happened, once all of it has, receivers' answers included. */
export class TenantClock {
  readonly #api: Client<paths>;

  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** Returns the present, as RFC 3339 text. */
  async now(): Promise<string> {
    return taken(await this.#api.GET("/_mock/clock")).now;
  }

  /** Moves on by a duration. */
  async advance(by: Duration): Promise<Step[]> {
    return taken(await this.#api.POST("/_mock/clock/advance", { body: { by } })).timeline;
  }

  /** Moves on to an instant. */
  async advanceTo(to: string): Promise<Step[]> {
    return taken(await this.#api.POST("/_mock/clock/advance-to", { body: { to } })).timeline;
  }

  /** Moves to the next instant at which something is due. */
  async next(): Promise<Step[]> {
    return taken(await this.#api.POST("/_mock/clock/next")).timeline;
  }

  /** Moves from timer to timer until none is left. */
  async runUntilIdle(limit?: Duration): Promise<Step[]> {
    const body = limit === undefined ? {} : { limit };
    return taken(await this.#api.POST("/_mock/clock/run-until-idle", { body })).timeline;
  }

  /** Lets it stand. */
  async freeze(): Promise<void> {
    taken(await this.#api.POST("/_mock/clock/freeze"));
  }

  /** Lets it pass again. */
  async resume(): Promise<void> {
    taken(await this.#api.POST("/_mock/clock/resume"));
  }
}

/** The fault rules of the tenant, in the order in which they are asked. */
export class TenantFaults {
  readonly #api: Client<paths>;

  constructor(api: Client<paths>) {
    this.#api = api;
  }

  /** Puts a rule into force. */
  async add(fault: NewFault): Promise<Fault> {
    return taken(await this.#api.POST("/_mock/faults", { body: fault }));
  }

  /** Returns all rules, with how often each fired. */
  async list(): Promise<Fault[]> {
    return taken(await this.#api.GET("/_mock/faults")).items;
  }

  /** Takes a rule out of force. */
  async remove(id: string): Promise<void> {
    taken(await this.#api.DELETE("/_mock/faults/{id}", { params: { path: { id } } }));
  }

  /** Takes all rules out of force. */
  async clear(): Promise<void> {
    taken(await this.#api.DELETE("/_mock/faults"));
  }
}

const refusals: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const text = await response.text();
    throw new ControlError(response.status, asJson(text));
  },
};

function connect(url: string, key?: string): Client<paths> {
  const api = createClient<paths>({ baseUrl: url, headers: key === undefined ? {} : { Authorization: `Bearer ${key}` } });
  api.use(refusals);
  return api;
}

/** Returns the body of an answer; refusals were thrown before. */
function taken<Body>(answer: { data?: Body }): Body {
  return answer.data as Body;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(body: unknown): string | undefined {
  const told = body as { error?: { message?: string } | undefined } | null;
  return typeof told === "object" ? told?.error?.message : undefined;
}
