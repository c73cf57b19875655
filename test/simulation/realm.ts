// The runtime's own timers and chance, which nothing in a simulated world may use: what does is no
// longer decided by the seed. So it is blamed, and given the world's instead.
import type { Lane } from './clock.ts';
import type { Chance } from './chance.ts';

/** Until what is returned is called. */
export function enterRealm(lane: Lane, chance: Chance, blame: (problem: string) => void): () => void {
  const real = { setTimeout: globalThis.setTimeout, setInterval: globalThis.setInterval };
  const { now } = Date;
  const { random } = Math;

  function caught(what: string): void {
    blame(`${what} of the runtime is used, in place of what is passed in: ${new Error('here').stack ?? ''}`);
  }

  function setTimer(callback: () => void, ms = 0): object {
    caught('A timer');
    return lane.setTimer(ms, callback);
  }

  Object.assign(globalThis, { setTimeout: setTimer, setInterval: setTimer });
  Date.now = () => {
    caught('The time');
    return lane.now();
  };
  Math.random = () => {
    caught('The chance');
    return chance.float();
  };
  return () => {
    Object.assign(globalThis, real);
    Date.now = now;
    Math.random = random;
  };
}
