// Keys of a channel grow old by a clock that nobody sets: a step of the wall clock neither ends them nor keeps them.
import { TokenStack } from "node-opcua-secure-channel";
import { afterEach, expect, test, vi } from "vitest";
import { countTokensSteadily } from "../../industrial/opcua/steadyTokens.ts";

const LIFETIME = 60_000;
afterEach(() => void vi.useRealTimers());

function push(): TokenStack {
  countTokensSteadily();
  countTokensSteadily(); // once is enough
  const stack = new TokenStack(1);
  const token = { channelId: 1, tokenId: 7, createdAt: new Date(), revisedLifetime: LIFETIME };
  stack.pushNewToken(
    token as Parameters<TokenStack["pushNewToken"]>[0],
    { derivedClientKeys: {}, derivedServerKeys: {} } as unknown as Parameters<TokenStack["pushNewToken"]>[1],
  );
  return stack;
}
const isGood = (stack: TokenStack): boolean => stack.getTokenDerivedKeys(7) !== null;

test.each([3_600_000, -3_600_000])("a step of %i ms", (step) => {
  vi.useFakeTimers();
  const stack = push();
  vi.setSystemTime(Date.now() + step);
  expect(isGood(stack)).toBe(true);
  vi.advanceTimersByTime(LIFETIME);
  expect(isGood(stack), "within a quarter more").toBe(true);
  vi.advanceTimersByTime(LIFETIME / 2);
  expect(isGood(stack)).toBe(false);
});
