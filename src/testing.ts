// verbatim/testing: what it takes to test with time and chance in hand, and to prove a driver.
export { createFakeClock, type FakeClock } from './testing/fake-clock.ts';
export { createSeededRandom } from './testing/seeded-random.ts';
export { logContract, type ContractCase, type OpenEmptyLog } from './testing/log-contract.ts';
