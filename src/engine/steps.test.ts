import { expect, it } from 'vitest';
import type { Part } from '../conversation/message.ts';
import { countSteps, finishedParts, openCalls, toldOf } from './steps.ts';

const call = (id: string, more: object = {}): Part => ({ type: 'tool-call', id, name: 'add', text: '{}', ...more });
const result = (id: string, output: unknown = 1): Part => ({ type: 'tool-result', call: id, output });

it('[RUN-TOOLS] a call waits until its result stands behind it, also where its name was used before', () => {
  const parts = [call('c0'), result('c0', 'first'), call('c0'), call('c1')];
  expect(openCalls(parts)).toEqual([parts[2], parts[3]]);
  expect(openCalls([...parts, result('c1'), result('c0')])).toEqual([]);
  expect(countSteps([...parts, result('c1'), result('c0')])).toBe(2);
  expect(finishedParts(parts)).toBe(2);
});

it('[RUN-TOOLS] what the provider runs does not wait for this server, and is no step', () => {
  const own = call('c0', { isRunByProvider: true });
  expect(openCalls([own])).toEqual([]);
  expect(countSteps([own, result('c0')])).toBe(0);
  expect(countSteps([own, result('c0'), call('c1'), result('c1'), result('c2')])).toBe(1);
});

it('[RUN-TOOLS] a model is told of no call without its own result, and of no result without its call', () => {
  const whole = [call('c0'), result('c0')];
  const told = (parts: readonly Part[]): readonly Part[] => toldOf({ role: 'assistant', parts }).parts;
  expect(told(whole)).toEqual(whole);
  expect(told([...whole, call('c0')])).toEqual(whole);
  expect(told([result('c0'), ...whole])).toEqual(whole);
  expect(told([call('c0', { text: '{"a":' }), result('c0'), { type: 'text', text: 'so' }])).toEqual([
    { type: 'text', text: 'so' },
  ]);
});
