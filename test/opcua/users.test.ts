// Passwords are kept as scrypt hashes; who fails waits longer each time, and what is remembered of that is bounded.
import { describe, expect, test } from "vitest";
import { BackOff, hashPassword, parseHash, Users } from "../../industrial/opcua/users.ts";

describe("a password", () => {
  test("is told from others by its hash, and two hashes of it differ", async () => {
    const [one, other] = [await hashPassword("söüß"), await hashPassword("söüß")];
    expect(one).not.toBe(other);
    expect(one).toMatch(/^scrypt\$16384\$8\$1\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/);
    const users = new Users([{ name: "anna", role: "operator", password: one }]);
    expect(await users.check("anna", "söüß", "10.0.0.1")).toBe("right");
    expect(await users.check("anna", "söüß".normalize("NFD"), "10.0.0.1")).toBe("right");
    expect(await users.check("anna", "sous", "10.0.0.1")).toBe("wrong");
    expect(await users.check("Anna", "söüß", "10.0.0.1")).toBe("wrong");
    expect([users.roleOf("anna"), users.roleOf("Anna")]).toEqual(["operator", undefined]);
  });

  test.each([
    "",
    "secret",
    "scrypt$16384$8$1$AAAA",
    "scrypt$16383$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "scrypt$1073741824$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA$AA",
  ])("whose hash is %j lets nobody in", async (password) => {
    expect(parseHash(password)).toBeUndefined();
    expect(await new Users([{ name: "anna", role: "operator", password }]).check("anna", "", "10.0.0.1")).toBe("wrong");
  });
});

describe("failures", () => {
  const setUp = async (): Promise<{
    pass: (ms: number) => void;
    check: (name: string, password: string, address?: string) => Promise<string>;
  }> => {
    let now = 0;
    const users = new Users([{ name: "anna", role: "operator", password: await hashPassword("right") }], () => now);
    return {
      pass: (ms) => void (now += ms),
      check: (name, password, address = "10.0.0.1") => users.check(name, password, address),
    };
  };

  test("the third and each further one doubles the wait; meanwhile not even the right password helps", async () => {
    const { pass, check } = await setUp();
    const wrong = async (): Promise<string> => check("anna", "wrong");
    expect([await wrong(), await wrong(), await wrong()]).toEqual(["wrong", "wrong", "wrong"]);
    for (const wait of [1000, 2000, 4000]) {
      pass(wait - 1);
      expect(await check("anna", "right")).toBe("must wait");
      pass(1);
      if (wait < 4000) expect(await wrong()).toBe("wrong");
    }
    expect(await check("anna", "right")).toBe("right");
    expect([await wrong(), await wrong()], "the count begins anew").toEqual(["wrong", "wrong"]);
  });

  test("an address that tries one name after the other waits, too; other addresses do not", async () => {
    const { check } = await setUp();
    for (const name of ["a", "b", "c"]) await check(name, "x");
    expect(await check("anna", "right")).toBe("must wait");
    expect(await check("anna", "right", "10.0.0.2")).toBe("right");
  });

  test("many at once are no way around it", async () => {
    const { check } = await setUp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => check("anna", "wrong")));
    expect(answers.filter((answer) => answer === "wrong")).toHaveLength(3);
  });

  test("many right ones at once are all let in", async () => {
    const { check } = await setUp();
    expect(new Set(await Promise.all(Array.from({ length: 10 }, () => check("anna", "right"))))).toEqual(new Set(["right"]));
  });

  test("what is remembered is bounded, the oldest are forgotten first", () => {
    const backOff = new BackOff(() => 0);
    for (let k = 0; k < 5000; k++) for (let n = 0; n < 3; n++) backOff.fail(`user ${k}`);
    expect([backOff.size, backOff.mustWait("user 0"), backOff.mustWait("user 4999")]).toEqual([1024, false, true]);
  });

  test("no wait is longer than five minutes", () => {
    let now = 0;
    const backOff = new BackOff(() => now);
    for (let k = 0; k < 100; k++) backOff.fail("x");
    now = 299_999;
    expect(backOff.mustWait("x")).toBe(true);
    now = 300_000;
    expect(backOff.mustWait("x")).toBe(false);
  });
});
