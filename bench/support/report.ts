// From measured times to what is printed: one table for each group of contenders.
import type { Measured } from './measure.ts';

/** Contenders that were measured on the same input. */
export interface Group {
  readonly title: string;
  readonly events: number;
  readonly sizeBytes: number;
  readonly contenders: readonly Measured[];
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** CPU time for an event, in microseconds. */
export function eventUs({ events }: Group, { roundsUs }: Measured): Spread {
  return spreadOf(roundsUs.map((us) => us / events));
}

/** How many times the CPU time of ours it took, round by round. Undefined for what is ours. */
export function ratioToOurs({ contenders }: Group, { name, ours, roundsUs }: Measured): Spread | undefined {
  if (name === ours) return undefined;
  const base = contenders.find((contender) => contender.name === ours)?.roundsUs ?? [];
  return spreadOf(roundsUs.map((us, round) => us / (base[round] ?? NaN)));
}

/** As a table in Markdown, aligned for a terminal too. */
export function tableOf(group: Group): string {
  const rows = group.contenders.map((contender) => {
    const { median, min, max } = eventUs(group, contender);
    const ratio = ratioToOurs(group, contender);
    return [
      contender.name,
      median.toFixed(3),
      `${min.toFixed(3)}–${max.toFixed(3)}`,
      (group.sizeBytes / group.events / median).toFixed(0),
      Math.round(1_000_000 / median).toLocaleString('en'),
      ratio === undefined ? '' : `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
    ];
  });
  const head = ['', 'µs/event', 'min–max', 'MB/s', 'events/s', '× ours (min–max)'];
  return `### ${group.title}\n\n${alignedTable([head, ...rows])}\n`;
}

export function alignedTable(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0), 2));
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `| ${cells.join(' | ')} |`;
  });
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [lines[0], `| ${rule.join(' | ')} |`, ...lines.slice(1)].join('\n');
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) };
}
