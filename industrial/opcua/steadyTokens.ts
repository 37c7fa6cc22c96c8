// How long a channel's keys are good for is a length of time, not a date (OPC 10000-4, 5.5.2.2,
// revisedLifetime). The library counts it from a date by the wall clock: stepped forward by an hour, every
// client's channel breaks at once; stepped back, old keys stay good. Here the age of a token is counted by a
// clock that nobody sets, and its date is now less that.
import { TokenStack } from "node-opcua-secure-channel";

type Push = TokenStack["pushNewToken"];

/** For all channels of this process. Once is enough. */
export function countTokensSteadily(): void {
  const push: Push & { readonly isSteady?: true } = TokenStack.prototype.pushNewToken;
  if (push.isSteady === true) return;
  const steady: Push = function (this: TokenStack, ...given) {
    const [token] = given;
    const made = performance.now();
    Object.defineProperty(token, "createdAt", {
      get: () => new Date(Date.now() - (performance.now() - made)),
      set: () => undefined,
      enumerable: true,
      configurable: true,
    });
    push.apply(this, given);
  };
  TokenStack.prototype.pushNewToken = Object.assign(steady, { isSteady: true });
}
