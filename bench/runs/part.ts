// What the parts of the benchmark have in common: loads with their names, and their figures.
import type { BarGroup } from '../support/chart.ts';
import { measureLoad, type Load, type LoadFigures } from './load.ts';

export interface Cell {
  readonly label: string;
  readonly load: Load;
}

export interface Measured extends Cell {
  readonly figures: LoadFigures | undefined;
  readonly failure: string;
}

export interface Part {
  readonly text: string;
  readonly targets: readonly Target[];
  readonly bars?: BarGroup;
}

export interface Target {
  readonly what: string;
  readonly holds: boolean;
}

export async function measureCells(cells: readonly Cell[]): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const cell of cells) {
    process.stderr.write(`${number(cell.load.runs)} runs: ${cell.label}\n`);
    try {
      all.push({ ...cell, figures: await measureLoad(cell.load), failure: '' });
    } catch (error) {
      all.push({ ...cell, figures: undefined, failure: error instanceof Error ? error.message : String(error) });
    }
  }
  return all;
}

export const number = (value: number): string => Math.round(value).toLocaleString('en');
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}
