// Who gets in: encrypted, with a certificate that somebody has trusted, by a name and its password, and only so many.
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { MessageSecurityMode, OPCUAClient, SecurityPolicy, UserTokenType } from "node-opcua-client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_CAPS, POLICIES } from "../../industrial/opcua/target.ts";
import { TestPlant } from "../tags/plant.ts";
import { APPLICATION_URI, PASSWORDS, Station } from "./station.ts";
import { Watch } from "./watch.ts";

const SESSIONS = 3;
const LONGEST_WAIT = 300_000;
const newPlant = (): TestPlant =>
  new TestPlant({ plc: "[{ name: A, type: i32 }, { name: B, type: i32 }, { name: C, type: i32 }]" });
const named = (userName: string, password: string): { type: UserTokenType.UserName; userName: string; password: string } => ({
  type: UserTokenType.UserName,
  userName,
  password,
});

let station: Station;
beforeAll(async () => {
  station = await Station.start(
    newPlant(),
    {
      caps: { ...DEFAULT_CAPS, sessions: SESSIONS, subscriptionsPerSession: 1, itemsPerSubscription: 2, queue: 5 },
      sessionSeconds: 5,
    },
    ["expired"],
  );
});
afterAll(() => station.stop());

test("what is offered: three policies, SignAndEncrypt, user names; nothing else", async () => {
  const client = await station.connect();
  const endpoints = await client.getEndpoints();
  expect(
    endpoints
      .map(({ securityPolicyUri, securityMode }) => `${securityPolicyUri?.split("#")[1]} ${MessageSecurityMode[securityMode]}`)
      .sort(),
  ).toEqual([...POLICIES].sort().map((policy) => `${policy} SignAndEncrypt`));
  expect(
    new Set(
      endpoints.flatMap(({ userIdentityTokens }) => (userIdentityTokens ?? []).map(({ tokenType }) => UserTokenType[tokenType])),
    ),
  ).toEqual(new Set(["UserName"]));
});

test.each([SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss])(
  "%s lets an observer in",
  async (securityPolicy) => {
    const session = await station.login("observer", { securityPolicy });
    await session.close();
  },
);

describe("refused", () => {
  const REFUSED = [
    ["a wrong password", () => station.login(named("engineer", "guess")), /BadUserAccessDenied/],
    ["a password of another", () => station.login(named("engineer", PASSWORDS.observer)), /BadUserAccessDenied/],
    ["an unknown user", () => station.login(named("root", "")), /BadUserAccessDenied/],
    ["nobody", () => station.login({ type: UserTokenType.Anonymous }), /Identity|Anonymous|user ?token/i],
    [
      "no encryption",
      () =>
        station
          .connect({ securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None })
          .then((client) => client.createSession(named("engineer", PASSWORDS.engineer))),
      /./,
    ],
    ["only signed", () => station.connect({ securityMode: MessageSecurityMode.Sign }), /./],
    ["an old policy", () => station.connect({ securityPolicy: SecurityPolicy.Basic256 }), /./],
    ["a certificate that is over", () => station.connect({}, "expired"), /./],
    ["a certificate that nobody has trusted", () => station.connect({}, "stranger"), /./],
  ] as const;
  beforeEach(() => void (station.instant = { ...station.instant, steady: station.instant.steady + LONGEST_WAIT }));
  test.each(REFUSED)("%s", async (_, attempt, why) => {
    const before = station.server.sessions;
    await expect(attempt()).rejects.toThrow(why);
    expect(station.server.sessions).toBeLessThanOrEqual(before + 1); // one that has not been let in, at most
  });

  test("…the one that is over by the server, and it says why", () => {
    expect(station.logged.some((message) => message.includes("BadCertificateTimeInvalid"))).toBe(true);
  });

  test("…whose certificate lies where the operator finds it", () => {
    expect(readdirSync(join(station.folder, "server/rejected"))).toHaveLength(1);
    expect(readdirSync(join(station.folder, "server/trusted/certs"))).toHaveLength(2);
  });

  test("after three failures, even the right password, for a while", async () => {
    for (let k = 0; k < 3; k++) await expect(station.login(named("observer", "guess"))).rejects.toThrow(/BadUserAccessDenied/);
    await expect(station.login("observer")).rejects.toThrow(/BadUserAccessDenied/);
    expect(station.audited.at(-1)).toMatchObject({
      action: "login",
      allowed: false,
      detail: "must wait",
      who: { user: "observer" },
    });
    station.instant = { ...station.instant, steady: station.instant.steady + LONGEST_WAIT };
    await (await station.login("observer")).close();
  });
});

test("failures are told to the audit log, with name and address", () => {
  const failed = station.audited.filter(({ action, allowed }) => action === "login" && !allowed);
  expect(failed.map(({ who, detail }) => [who.user, who.address, detail])).toContainEqual(["engineer", "127.0.0.1", "wrong"]);
});

test("one session is kept for an engineer", async () => {
  const others = [];
  for (let k = 0; k < SESSIONS - 1; k++) others.push(await station.login("operator"));
  await expect(station.login("operator")).rejects.toThrow(/BadTooManySessions/);
  const engineer = await station.login("engineer");
  await expect(station.login("observer")).rejects.toThrow(/BadTooManySessions/);
  await others[0]?.close();
  const again = await station.login("observer");
  await Promise.all([...others.slice(1), again, engineer].map((session) => session.close()));
  expect(station.server.sessions).toBe(0);
});

test("what a client may make the server keep is bounded, and it is told what it has got", async () => {
  const session = await station.login("observer", { requestedSessionTimeout: 3_600_000 });
  expect(session.timeout).toBe(5000);
  const space = (await session.readNamespaceArray()).indexOf("urn:axv-part:plant");
  const watch = await Watch.on(
    session,
    ["A", "B", "C"].map((tag) => `ns=${space};s=plc.${tag}`),
    100,
    1_000_000,
  );
  expect(watch.revised).toEqual([
    { interval: 100, queue: 5 },
    { interval: 100, queue: 5 },
    { interval: -1, queue: -1 },
  ]); // there are too many
  await expect(Watch.on(session, [], 100)).rejects.toThrow(/BadTooManySubscriptions/);
  await session.close();
});

describe("the certificate", () => {
  const certificate = (): X509Certificate =>
    new X509Certificate(readFileSync(join(station.folder, "server/own/certs/certificate.pem")));

  test("names every address and the application, is ours, and began before now", () => {
    const { subjectAltName = "", subject, validFrom } = certificate();
    expect(subjectAltName.split(", ").sort()).toEqual(["DNS:localhost", "IP Address:127.0.0.1", `URI:${APPLICATION_URI}`]);
    expect(subject).toContain("axv-part");
    expect(Date.parse(validFrom)).toBeLessThan(Date.now() - 3_600_000);
    expect(station.server.certificateDays).toBeGreaterThan(3000);
  });

  test("its key is its owner's alone", () => {
    expect(statSync(join(station.folder, "server/own/private/private_key.pem")).mode & 0o077).toBe(0);
  });
});

test("sessions are listed, with who and from where, and can be ended", async () => {
  const session = await station.login("engineer");
  const [found, another] = station.server.sessionList();
  expect(another).toBeUndefined();
  expect(found).toMatchObject({
    user: "engineer",
    role: "engineer",
    address: "127.0.0.1",
    application: "urn:axv-part:test-client",
    subscriptions: 0,
    items: 0,
  });
  expect(station.server.closeSession("ns=1;i=1")).toBe(false);
  expect(station.server.closeSession(found?.id ?? "")).toBe(true);
  expect(station.server.sessions).toBe(0);
  await session.read({ nodeId: "i=2258" }); // this client begins a new one, with another id
  expect(station.server.sessionList().map(({ id }) => id)).not.toContain(found?.id);
  await session.close();
});

test("renewed, the certificate is another one for who comes, and who is there stays", async () => {
  const session = await station.login("observer");
  const before = await (await station.connect()).getEndpoints();
  await station.server.renewCertificate();
  expect((await session.read({ nodeId: "i=2258" })).statusCode.name).toBe("Good");
  const after = await (await station.connect()).getEndpoints();
  expect(after[0]?.serverCertificate.equals(before[0]?.serverCertificate ?? Buffer.alloc(0))).toBe(false);
  await session.close();
});

test("a port in use is said with what to do", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  await expect(Station.start(newPlant(), { port: (holder.address() as AddressInfo).port })).rejects.toThrow(
    /something else listens on 127\.0\.0\.1:\d+: stop it/,
  );
  await new Promise((resolve) => holder.close(resolve));
});

test("asked for by name, anybody may look, and no more", async () => {
  const open = await Station.start(newPlant(), { anonymous: true });
  try {
    const client = OPCUAClient.create({
      endpointMustExist: false,
      securityMode: MessageSecurityMode.None,
      securityPolicy: SecurityPolicy.None,
      connectionStrategy: { maxRetry: 0 },
    });
    await client.connect(open.url);
    const session = await client.createSession();
    const space = (await session.readNamespaceArray()).indexOf("urn:axv-part:plant");
    expect((await session.read({ nodeId: `ns=${space};s=plc.A` })).statusCode.name).toBe("BadWaitingForInitialData");
    const [result] = await session.call([
      { objectId: `ns=${space};s=plc/MethodSet`, methodId: `ns=${space};s=plc/MethodSet/Stop`, inputArguments: [] },
    ]);
    expect(result?.statusCode.name).toBe("BadUserAccessDenied");
    expect(open.commanded).toEqual([]);
    await client.disconnect();
  } finally {
    await open.stop();
  }
});
