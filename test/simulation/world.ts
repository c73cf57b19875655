// A whole world from one seed: a disk, processes, a network, people and what goes wrong, on one clock.
import { hasEnded } from 'verbatim/client';
import { openLog, type Log } from 'verbatim/log';
import { isConversationId, type ConversationId } from '../../src/core/ids.ts';
import { createChance, type Chance } from './chance.ts';
import { createSimClock, type Lane } from './clock.ts';
import { createDisk } from './disk.ts';
import { createLedger } from './ledger.ts';
import { createMachine, type Machine } from './machine.ts';
import { hangs, type ModelCalls } from './models.ts';
import { createNetwork } from './network.ts';
import { judge, storyOf } from './oracle.ts';
import { createPerson, type Person } from './person.ts';
import { drawPlan, noDiskFaults, noNetworkFaults, type Plan } from './plan.ts';
import { enterRealm } from './realm.ts';
import { createTrace } from './trace.ts';

export interface Outcome {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly trace: readonly string[];
  readonly plan: Plan;
}

/** What of the product is as it is, or broken. */
export interface Build {
  readonly name: string;
  /** What its processes have for a log. */
  readonly wrapLog: (log: Log, lane: Lane) => Log;
  /** What it takes to show what is broken. */
  readonly adjust?: (plan: Plan) => Plan;
}

const soundBuild: Build = { name: 'sound', wrapLog: (log) => log };

const maxHealingMs = 300_000; // Longer than every wait of the product together.

export async function simulate(seed: number, options: { build?: Build; turns?: number } = {}): Promise<Outcome> {
  const { build = soundBuild, turns } = options;
  const chance = createChance(seed);
  const drawn = drawPlan(chance);
  const plan = build.adjust?.(drawn) ?? drawn;
  const clock = createSimClock(turns);
  const trace = createTrace(clock);
  const leaveRealm = enterRealm(clock.lane(), chance.fork(), trace.blame);
  const onRejection = (error: unknown): void => trace.blame(`a rejection that nobody handles: ${stackOf(error)}`);
  process.on('unhandledRejection', onRejection);
  try {
    const world = await createWorld({ chance, plan, build, clock, trace });
    await world.live();
    await world.heal();
    world.judge();
    await world.end();
  } catch (error) {
    trace.blame(`the simulation itself failed: ${stackOf(error)}`);
  } finally {
    process.off('unhandledRejection', onRejection);
    leaveRealm();
  }
  return { seed, plan, problems: trace.problems, trace: trace.lines };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

interface WorldDeps {
  readonly chance: Chance;
  readonly plan: Plan;
  readonly build: Build;
  readonly clock: ReturnType<typeof createSimClock>;
  readonly trace: ReturnType<typeof createTrace>;
}

async function createWorld({ chance, plan, build, clock, trace }: WorldDeps) {
  const store = await openLog('memory:', { clock, random: chance.fork() });
  const isLocking = plan.processes === 1;
  const disk = createDisk({ clock, chance: chance.fork(), trace, store, isLocking }, plan.disk);
  const calls: ModelCalls = { last: 0, note: trace.note, blame: trace.blame };
  const machines: Machine[] = Array.from({ length: plan.processes }, (_none, index) =>
    createMachine(`process ${index + 1}`, {
      clock,
      chance: chance.fork(),
      trace,
      disk,
      isLocking,
      graceMs: plan.graceMs,
      calls,
      wrapLog: build.wrapLog,
    }),
  );
  const routing = chance.fork();
  const network = createNetwork(
    {
      clock,
      chance: chance.fork(),
      trace,
      route: () => routing.pick(machines.flatMap(({ current }) => (current === undefined ? [] : [current]))),
    },
    plan.network,
  );
  const ledger = createLedger();
  const people: Person[] = Array.from({ length: plan.people }, (_none, index) => {
    const name = `person ${index + 1}`;
    const lane = clock.lane();
    const fetch = network.fetchFor({ name, lane });
    return createPerson(name, {
      chance: chance.fork(),
      trace,
      ledger,
      lane,
      fetch,
      maxSends: plan.sends,
      head: (id) => disk.head(id),
      mayVanish: plan.removes,
    });
  });
  const fate = chance.fork();
  let isLiving = true;

  /** Does something again and again, at times that chance decides, for as long as things go wrong. */
  function often(meanMs: number, happen: () => void): void {
    if (meanMs === Infinity) return;
    clock.setTimer(fate.between(0, 2 * meanMs), () => {
      if (!isLiving) return;
      happen();
      often(meanMs, happen);
    });
  }

  function latest(id: ConversationId) {
    return storyOf(id, disk.history.get(id) ?? []).last;
  }

  function conversations(): ConversationId[] {
    return [...disk.history.keys()].filter(isConversationId);
  }

  /** Whether all has come to rest: nobody waits, every run has ended, every screen shows it. */
  function isAtRest(): boolean {
    if (people.some(({ busy }) => busy > 0)) return false;
    if (conversations().some((id) => latest(id).runs.some(({ status }) => !hasEnded(status)))) return false;
    return people.every(({ viewers }) =>
      viewers.every((viewer) => {
        if (viewer.isOver) return true;
        const { phase, conversation } = viewer.view();
        return phase === 'live' && conversation?.offset === disk.head(viewer.conversation);
      }),
    );
  }

  return {
    async live(): Promise<void> {
      for (const machine of machines) machine.start();
      for (let count = 0; count < plan.conversations; count += 1) fate.pick(people).create();
      for (const person of people) often(1_500, person.act);
      const { crashMs, pauseMs, deployMs, outageMs, offlineMs } = plan.mishaps;
      often(crashMs, () => fate.pick(machines).crash(fate.between(0, 8_000)));
      often(pauseMs, () => fate.pick(machines).pause(fate.pick([3_000, 18_000, 30_000])));
      often(deployMs, () => fate.pick(machines).deploy());
      often(outageMs, () => {
        trace.note('disk: out of order');
        disk.fail(fate.pick([1_000, 10_000, 30_000]));
      });
      often(offlineMs, () => network.cutOff(fate.pick(people).name, fate.pick([1_000, 10_000])));
      await clock.runFor(plan.chaosMs);
    },
    async heal(): Promise<void> {
      isLiving = false;
      trace.note('nothing goes wrong any more');
      disk.setFaults(noDiskFaults);
      network.setFaults(noNetworkFaults);
      disk.fail(0);
      let isStill = false;
      for (let passedMs = 0; passedMs < maxHealingMs && !isStill; passedMs += 2_000) {
        for (const id of conversations()) {
          const { runs, deletedAtMs } = latest(id);
          const hanging = runs.find(({ status, model }) => status === 'running' && hangs(model));
          if (hanging !== undefined) fate.pick(people).stop(id, hanging.id);
          if (deletedAtMs !== null) fate.pick(people).restore(id);
        }
        for (const person of people) person.comeToRest();
        await clock.runFor(2_000);
        isStill = isAtRest();
      }
      if (!isStill) trace.blame(`nothing came to rest in ${maxHealingMs / 1_000} s`);
    },
    judge(): void {
      const viewers = people.flatMap((person) => person.viewers);
      const { disk: faults, mishaps } = plan;
      const isOrderly = faults.slow + faults.refused === 0 && mishaps.outageMs === Infinity;
      judge({ history: disk.history, ledger, viewers, isOrderly, blame: trace.blame });
    },
    async end(): Promise<void> {
      for (const person of people) person.leave();
      let closed = 0;
      for (const machine of machines) void machine.close().then(() => (closed += 1));
      await clock.runFor(60_000, () => closed === machines.length);
      if (closed < machines.length) trace.blame('a close takes more than a minute');
      await clock.runFor(5_000);
      for (const { name, lane, busy } of people) {
        if (lane.pending > 0) trace.blame(`${name} has ${lane.pending} timers left, ${busy} calls under way`);
      }
      await store.close();
    },
  };
}
