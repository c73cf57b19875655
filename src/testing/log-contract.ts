// What every driver of the Log port must do, as cases that any test runner can run:
// `for (const { name, run } of logContract) it(name, () => run(open))`. Rules: docs/spec/log.md.
import { appendCases } from './log-contract/append.ts';
import type { ContractCase } from './log-contract/case.ts';
import { closeCases } from './log-contract/close.ts';
import { concurrencyCases } from './log-contract/concurrency.ts';
import { deleteCases } from './log-contract/delete.ts';
import { fencingCases } from './log-contract/fencing.ts';
import { followCases } from './log-contract/follow.ts';
import { inputCases } from './log-contract/input.ts';
import { leaseCases } from './log-contract/lease.ts';
import { listCases } from './log-contract/list.ts';
import { readCases } from './log-contract/read.ts';
import { searchCases } from './log-contract/search.ts';
import { trimCases } from './log-contract/trim.ts';

export type { ContractCase, OpenEmptyLog } from './log-contract/case.ts';

/** Each case's name begins with the rules that it proves. Each takes a second or two on a slow disk. */
export const logContract: readonly ContractCase[] = [
  ...appendCases,
  ...readCases,
  ...followCases,
  ...trimCases,
  ...listCases,
  ...searchCases,
  ...deleteCases,
  ...leaseCases,
  ...fencingCases,
  ...concurrencyCases,
  ...inputCases,
  ...closeCases,
];
